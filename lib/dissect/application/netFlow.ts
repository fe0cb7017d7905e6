/** Cisco's NetFlow, versions 1, 5 and 6, which `-T cnfp` tells. */

import { ipProtocolName } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';

const TCP = 6;
const LETTERS = 'FSRPAU';
/** Bytes of a record; those of version 1 as tcpdump has them. */
const RECORD = 52;
const OLD_RECORD = 48;

const time = (value: number): string => `${Math.floor(value / 1000)}.${`${value % 1000}`.padStart(3, '0')}`;

export function printNetFlow(d: Dissection, start: number): void {
  d.cutAs = 'cnfp';
  const version = d.u16(start);
  const known = version === 1 || version === 5 || version === 6;
  if (known) d.need(start, version === 1 ? 16 : 24);
  d.out += `NetFlow v${version.toString(16)}`;
  if (!known) return;
  // tcpdump takes the count as four bytes of which it is the first two.
  const count = d.u32(start + 2);
  d.out += `, ${time(d.u32(start + 4))} uptime, `;
  d.out += `${d.u32(start + 8)}.${`${d.u32(start + 12)}`.padStart(9, '0')}, `;
  const later = version !== 1;
  if (later) d.out += `#${d.u32(start + 16)}, `;
  d.out += `${`${count}`.padStart(2)} recs`;
  let at = start + (later ? 24 : 16);
  const size = later ? RECORD : OLD_RECORD;
  for (let i = 0; i < count; i++, at += size) {
    d.need(at, size);
    printRecord(d, at, version, later);
  }
}

function printRecord(d: Dissection, at: number, version: number, later: boolean): void {
  const end = (address: number, port: number, mask: number, system: number): string => {
    const more = later ? `/${d.u8(at + mask)}:${d.u16(at + system)}` : '';
    return `${d.ip4(at + address)}${more}:${d.u16(at + port)} `;
  };
  d.out += `\n  started ${time(d.u32(at + 24))}, last ${time(d.u32(at + 28))}`;
  d.out += `\n    ${end(0, 32, 44, 40)}> ${end(4, 34, 45, 42)}>> ${d.ip4(at + 8)}\n    `;
  const protocol = d.u8(at + 38);
  d.out += `${(d.numeric ? undefined : ipProtocolName(protocol)) ?? protocol} `;
  if (protocol === TCP) {
    const flags = d.u8(version === 1 ? at + 40 : at + 37);
    for (let bit = 0; bit < 6; bit++) if (flags & (1 << bit)) d.out += LETTERS[bit];
    if (flags) d.out += ' ';
  }
  d.out += `tos ${d.u8(at + 39)}, ${d.u32(at + 16)} (${d.u32(at + 20)} octets) `;
  if (version === 6) d.out += `(${d.u8(at + 46)}<>${d.u8(at + 47)} encaps)`;
}
