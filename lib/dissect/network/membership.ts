/**
 * What IGMPv3 (RFC 9776) and MLDv2 (RFC 9777) have in common: lists of sources, and reports of what becomes of
 * groups. They differ in the size of addresses.
 */

import type { Dissection } from '../frame/dissection.js';

/** RFC 9776 §4.2.12. */
const RECORD_NAMES: readonly (string | undefined)[] = [
  undefined,
  'is_in',
  'is_ex',
  'to_in',
  'to_ex',
  'allow',
  'block',
];

export interface Membership {
  readonly addressBytes: 4 | 16;
  /** Of a record that has no name. */
  readonly version: 'v2' | 'v3';
  readonly address: (d: Dissection, at: number) => string;
}

export const IGMP3: Membership = { addressBytes: 4, version: 'v3', address: (d, at) => d.ip4(at) };
export const MLD2: Membership = { addressBytes: 16, version: 'v2', address: (d, at) => d.ip6(at) };

export function printSources(
  d: Dissection,
  { addressBytes, address }: Membership,
  at: number,
  count: number,
): void {
  d.out += ' {';
  for (let i = 0; i < count; i++) d.out += ` ${address(d, at + addressBytes * i)}`;
  d.out += ' }';
}

/** The group records of a report, whose number is at 6. */
export function printRecords(d: Dissection, membership: Membership, at: number, length: number): void {
  const { addressBytes, version, address } = membership;
  const groups = d.u16(at + 6);
  d.out += `, ${groups} group record(s)`;
  if (!d.verbosity) return;
  for (let i = 0, group = 8; i < groups; i++) {
    const first = group + 4 + addressBytes;
    if (length < first) {
      d.out += ' [invalid number of groups]';
      return;
    }
    d.out += ` [gaddr ${address(d, at + group + 4)}`;
    const type = d.u8(at + group);
    d.out += ` ${RECORD_NAMES[type] ?? ` [${version}-report-#${type}]`}`;
    const sources = d.u16(at + group + 2);
    if (length < first + sources * addressBytes) {
      d.out += ` [invalid number of sources ${sources}]`;
      return;
    }
    if (d.verbosity === 1) d.out += `, ${sources} source(s)`;
    else printSources(d, membership, at + first, sources);
    group = first + sources * addressBytes;
    d.out += ']';
  }
}
