/** Network service headers (RFC 8300), and VXLAN that says what it carries (draft-ietf-nvo3-vxlan-gpe). */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex8 } from '../frame/text.js';

const METADATA = names('reserved|1|2|15 experimental');
const PROTOCOLS = names('1 IPv4|IPv6|Ethernet|NSH|MPLS|254 Experiment 1|Experiment 2');

export function printNsh(d: Dissection, at: number, length: number): void {
  d.cutAs = 'nsh';
  const invalid = (why: string): void => {
    d.out += ` (${why})`;
    d.markInvalid();
  };
  if (length < 8) {
    invalid(`packet length ${length} < 8`);
    return;
  }
  const head = d.u32(at);
  const version = head >>> 30;
  d.out += 'NSH, ';
  if (d.verbosity > 1) d.out += `ver ${version}, `;
  if (version !== 0) return;
  const words = (head >>> 16) & 0x3f;
  const metadata = (head >>> 8) & 15;
  const protocol = head & 0xff;
  d.out += `flags [${head & 0x2000_0000 ? 'O' : 'none'}], `;
  if (d.verbosity > 2)
    d.out += `TTL ${(head >>> 22) & 0x3f}, length ${words}, md type ${METADATA(metadata, `unknown (0x${hex2(metadata)})`)}, `;
  if (d.verbosity > 1) d.out += `next-protocol ${PROTOCOLS(protocol, `unknown (0x${hex2(protocol)})`)}, `;
  if (length < words * 4) {
    invalid(`too many headers for packet length ${length}`);
    return;
  }
  d.out += `service-path-id 0x${d
    .u24(at + 4)
    .toString(16)
    .padStart(6, '0')}, `;
  d.out += `service-index 0x${d.u8(at + 7).toString(16)}`;
  if (words < 2) {
    invalid('less than two headers');
    return;
  }
  const fault = d.verbosity > 2 ? printContext(d, at + 8, words - 2, metadata) : '';
  if (fault !== '') {
    invalid(fault);
    return;
  }
  d.need(at + 8, words * 4 - 8);
  d.out += d.verbosity ? '\n    ' : ': ';
  const [inner, rest] = [at + words * 4, length - words * 4];
  if (protocol === 1) d.next.ip4(d, inner, rest);
  else if (protocol === 2) d.next.ip6(d, inner, rest);
  else if (protocol === 3) d.next.ethernet(d, inner, rest, d.end - inner);
  else d.out += 'ERROR: unknown-next-protocol';
}

/** Says what is wrong with it, where something is. */
function printContext(d: Dissection, start: number, words: number, metadata: number): string {
  if (metadata === 1) {
    if (words !== 4) return 'invalid length for the MD type';
    for (let i = 0; i < words; i++) d.out += `\n        Context[0${i}]: 0x${hex8(d.u32(start + 4 * i))}`;
  } else if (metadata === 2) {
    for (let at = start; at < start + 4 * words; ) {
      const size = d.u8(at + 3) & 0x7f;
      const padded = (size + 3) & ~3;
      d.out += `\n        TLV Class ${d.u16(at)}, Type ${d.u8(at + 2)}, Len ${size}`;
      at += 4;
      if (at + padded > start + 4 * words) return 'length too big';
      for (let i = 0; i < size; i++)
        d.out += `${i === 0 ? '\n            Value: 0x' : ':'}${hex2(d.u8(at + i))}`;
      at += padded;
    }
  }
  return '';
}

const GPE_HEADER = 8;
const GPE_FLAGS = bitNames('8 I|4 P|2 B|1 O', 'none', '');

export function printVxlanGpe(d: Dissection, at: number, length: number): void {
  d.cutAs = 'vxlan_gpe';
  d.out += 'VXLAN-GPE, ';
  if (length < GPE_HEADER) {
    d.out += ` (packet length ${length} < ${GPE_HEADER})`;
    d.markInvalid();
    return;
  }
  d.out += `flags [${GPE_FLAGS(d.u8(at))}], `;
  const protocol = d.u8(at + 3);
  d.out += `vni ${d.u24(at + 4)}`;
  d.out += d.verbosity ? '\n    ' : ': ';
  if (!d.has(at, GPE_HEADER)) throw TRUNCATED;
  const [inner, rest] = [at + GPE_HEADER, length - GPE_HEADER];
  if (protocol === 1) d.next.ip4(d, inner, rest);
  else if (protocol === 2) d.next.ip6(d, inner, rest);
  else if (protocol === 3) d.next.ethernet(d, inner, rest, d.end - inner);
  else if (protocol === 4) printNsh(d, inner, rest);
  else {
    d.out += 'ERROR: unknown-next-protocol';
    d.markInvalid();
  }
}
