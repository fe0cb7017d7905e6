/** EIGRP (RFC 7868), in the TLVs of Cisco's older routers. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { items, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { printer } from '../frame/say.js';
import { flags, hex2, hex4, hex8 } from '../frame/text.js';

const OPCODES = { 1: 'Update', 3: 'Query', 4: 'Reply', 5: 'Hello', 6: 'IPX SAP', 7: 'Probe' };
const HEADER = 20;

const TLV = layout('eigrp', { tlv_type: u16(0, 'hex'), 'tlv.len': u16(2) });
export const EIGRP = layout('eigrp', {
  version: u8(0),
  opcode: u8(1).named(OPCODES, (code) => `unknown, type: ${code}`),
  checksum: u16(2, 'hex'),
  flags: u32(4, 'hex'),
  seq: u32(8),
  ack: u32(12),
  vrid: u16(16),
  as: u16(18),
  options: items(HEADER, TLV, { size: (p) => p.u16(2) }),
});
const F = EIGRP.fields;

// biome-ignore format: a table
const FLAGS = [[1, 'Init'], [2, 'Conditionally Received'], [4, 'Restart'], [8, 'End-of-Table']] as const;

export const printEigrp = printer(EIGRP, 'eigrp', (say, p, d) => {
  if (!d.has(p.at, HEADER)) {
    d.markTruncated();
    return;
  }
  if (p.version !== 2) {
    say`EIGRP version ${F.version} packet not supported`;
    return;
  }
  const name = OPCODES[p.opcode as keyof typeof OPCODES];
  if (!d.verbosity) {
    say`EIGRP ${name ?? `unknown (${p.opcode})`}, length: ${p.wireLength}`;
    return;
  }
  if (p.wireLength < HEADER) {
    say`EIGRP ${name ?? `unknown, type: ${p.opcode}`}, length: ${p.wireLength} (too short, < ${HEADER})`;
    return;
  }
  const length = p.wireLength - HEADER;
  say`\n\tEIGRP v${F.version}, opcode: ${F.opcode} (${p.opcode})`;
  say`, chksum: 0x${hex4(p.checksum)}, Flags: [${flags(FLAGS, p.u32(4), 'none')}]`;
  say`\n\tseq: 0x${hex8(p.seq)}, ack: 0x${hex8(p.ack)}, VRID: ${F.vrid}, AS: ${F.as}, length: ${length}`;
  try {
    printTlvs(d, p.at + HEADER, length);
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    d.markTruncated();
  }
});

interface Row {
  readonly name: string;
  readonly size?: number;
  readonly print?: (d: Dissection, at: number, size: number) => void;
}
const ROWS: Readonly<Record<number, Row>> = {
  1: { name: 'General Parameters', size: 8, print: printParameters },
  2: { name: 'Authentication' },
  3: { name: 'Sequence' },
  4: { name: 'Software Version', size: 4, print: printSoftware },
  5: { name: 'Next Multicast Sequence' },
  258: { name: 'IP Internal routes', size: 22, print: (d, at, size) => printIpRoute(d, at, size, false) },
  259: { name: 'IP External routes', size: 42, print: (d, at, size) => printIpRoute(d, at, size, true) },
  514: { name: 'AppleTalk Internal routes', size: 24, print: (d, at) => printCables(d, at, false) },
  515: { name: 'AppleTalk External routes', size: 40, print: (d, at) => printCables(d, at, true) },
  516: { name: 'AppleTalk Cable setup', size: 8, print: printCableSetup },
  770: { name: 'IPX Internal routes' },
  771: { name: 'IPX External routes' },
};

function printTlvs(d: Dissection, first: number, length: number): void {
  let at = first;
  let left = length;
  while (left > 0) {
    d.need(at, 4);
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (size < 4 || size > left) {
      printUnknown(d, at + 4, left - 4, '\n\t    ');
      return;
    }
    const row = ROWS[type];
    d.out += `\n\t  ${row?.name ?? 'Unknown'} TLV (0x${hex4(type)}), length: ${size}`;
    const isShort = row?.size !== undefined && size < row.size + 4;
    if (isShort) d.out += ` (too short, < ${row.size + 4})`;
    else {
      d.need(at, size);
      row?.print?.(d, at + 4, size - 4);
    }
    if ((row?.print === undefined && !isShort) || d.verbosity > 1)
      printUnknown(d, at + 4, size - 4, '\n\t    ');
    at += size;
    left -= size;
  }
}

function printParameters(d: Dissection, at: number): void {
  const [k1, k2, k3, k4, k5] = [0, 1, 2, 3, 4].map((i) => d.u8(at + i));
  d.out += `\n\t    holdtime: ${d.u16(at + 6)}s, k1 ${k1}, k2 ${k2}, k3 ${k3}, k4 ${k4}, k5 ${k5}`;
}

function printSoftware(d: Dissection, at: number): void {
  d.out += `\n\t    IOS version: ${d.u8(at)}.${d.u8(at + 1)}, EIGRP version ${d.u8(at + 2)}.${d.u8(at + 3)}`;
}

const nextHop = (d: Dissection, at: number, text: string): string => (d.u32(at) === 0 ? 'self' : text);

/** What a way costs: sixteen bytes. */
function printCost(d: Dissection, at: number): void {
  d.out += `\n\t      delay ${Math.floor(d.u32(at) / 100)} ms, bandwidth ${d.u32(at + 4)} Kbps, mtu ${d.u24(at + 8)}`;
  d.out += `, hop ${d.u8(at + 11)}, reliability ${d.u8(at + 12)}, load ${d.u8(at + 13)}`;
}

// biome-ignore format: a table
const ORIGINS = ['', 'IGRP', 'EIGRP', 'Static', 'RIP', 'Hello', 'OSPF', 'IS-IS', 'EGP', 'BGP', 'IDRP', 'Connected'];
const origin = (protocol: number, flags: number, tag: number, metric: number): string =>
  `, origin-proto ${ORIGINS[protocol] || 'unknown'}, flags [0x${hex2(flags)}], tag 0x${hex8(tag)}, metric ${metric}`;

function printIpRoute(d: Dissection, at: number, size: number, external: boolean): void {
  const cost = at + (external ? 24 : 4);
  const bits = d.u8(cost + 16);
  if (bits > 32) {
    d.out += `\n\t    illegal prefix length ${bits}`;
    return;
  }
  const prefix = [0, 0, 0, 0];
  const octets = Math.min((bits + 7) >> 3, 4);
  d.need(cost + 17, octets);
  for (let i = 0; i < octets && cost + 17 + i < at + size; i++) prefix[i] = d.u8(cost + 17 + i);
  d.out += `\n\t    IPv4 prefix: ${prefix.join('.').padStart(15)}/${bits}, nexthop: ${nextHop(d, at, d.ip4(at))}`;
  if (external) {
    d.out += `\n\t      origin-router ${d.ip4(at + 4)}, origin-as ${d.u32(at + 8)}`;
    d.out += origin(d.u8(at + 22), d.u8(at + 23), d.u32(at + 12), d.u32(at + 16));
  }
  printCost(d, cost);
}

function printCables(d: Dissection, at: number, external: boolean): void {
  const cost = at + (external ? 20 : 4);
  const range = `${d.u16(cost + 16)}-${d.u16(cost + 18)}`;
  d.out += `\n\t     Cable-Range: ${range}, nexthop: ${nextHop(d, at, `${d.u16(at)}.${d.u16(at + 2)}`)}`;
  if (external) {
    d.out += `\n\t      origin-router ${d.u32(at + 4)}, origin-as ${d.u32(at + 8)}`;
    d.out += origin(d.u8(at + 16), d.u8(at + 17), d.u32(at + 12), d.u16(at + 18));
  }
  printCost(d, cost);
}

function printCableSetup(d: Dissection, at: number): void {
  d.out += `\n\t    Cable-range: ${d.u16(at)}-${d.u16(at + 2)}, Router-ID ${d.u32(at + 4)}`;
}
