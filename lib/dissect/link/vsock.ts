/** LINKTYPE_VSOCK: what went between a virtual machine and its host, as Linux' vsockmon has it. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { u16le, u32le, u64le } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';

const HEADER = 32;
const VIRTIO = 2;
const VIRTIO_HEADER = 44;
const PAYLOAD = 4;

export const VSOCK = layout('vsock', {
  src_cid: u64le(0),
  dst_cid: u64le(8),
  src_port: u32le(16),
  dst_port: u32le(20),
  op: u16le(24),
  trans: u16le(26),
});

const TRANSPORTS = names('UNKNOWN|NO_INFO|VIRTIO');
const OPERATIONS = names('UNKNOWN|CONNECT|DISCONNECT|CONTROL|PAYLOAD');
const TYPES = names('1 STREAM');
const VIRTIO_OPERATIONS = names('INVALID|REQUEST|RESPONSE|RST|SHUTDOWN|RW|CREDIT UPDATE|CREDIT REQUEST');

const u64le8 = (d: Dissection, at: number): bigint => (BigInt(d.u32le(at + 4)) << 32n) | BigInt(d.u32le(at));

export function printVsock(d: Dissection, _length: number): void {
  d.cutAs = 'vsock';
  const captured = d.end;
  if (captured < HEADER) {
    d.markTruncated();
    d.linkHeaderLength = captured;
    return;
  }
  d.linkHeaderLength = HEADER;
  const [operation, transport] = [d.u16le(24), d.u16le(26)];
  const headers = HEADER + (transport === VIRTIO ? VIRTIO_HEADER : 0);
  const isWhole = captured >= headers;
  d.out += TRANSPORTS(transport, `Invalid transport (${transport})`);
  if (!d.verbosity) d.out += ' ';
  else if (isWhole) {
    if (transport === VIRTIO) sayVirtio(d);
    d.out += '\n\t';
  }
  d.out += `${u64le8(d, 0)}.${d.u32le(16)} > ${u64le8(d, 8)}.${d.u32le(20)} `;
  d.out += `${OPERATIONS(operation, ` invalid op (${operation})`)}, length ${captured}`;
  if (d.verbosity && !isWhole) d.markTruncated();
  else if (d.verbosity > 1 && operation === PAYLOAD) {
    if (captured <= headers) d.markTruncated();
    else {
      d.out += '\n';
      printUnknown(d, headers, captured - headers, '\t');
    }
  }
}

function sayVirtio(d: Dissection): void {
  const [type, operation] = [d.u16le(HEADER + 28), d.u16le(HEADER + 30)];
  d.out += ` (len ${d.u32le(HEADER + 24)}, type ${TYPES(type, `Invalid type (${type})`)}`;
  d.out += `, op ${VIRTIO_OPERATIONS(operation, `Invalid op (${operation})`)}`;
  d.out += `, flags ${d.u32le(HEADER + 32).toString(16)}, buf_alloc ${d.u32le(HEADER + 36)}, fwd_cnt ${d.u32le(HEADER + 40)})`;
}
