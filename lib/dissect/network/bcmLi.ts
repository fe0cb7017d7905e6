/** Broadcom's lawful interception shim: one word before a packet, as its access nodes send it over UDP. */

import type { Dissection } from '../frame/dissection.js';
import { bits } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { printer } from '../frame/say.js';

const DIRECTIONS = { 1: 'unused', 2: 'egress', 3: 'ingress' };
const TYPES = { 4: 'undecided', 5: 'ipv4', 6: 'ipv6', 7: 'ethernet' };
const SUBTYPES = { 1: 'single VLAN tag', 2: 'double VLAN tag', 3: 'untagged' };
const unknown = (): string => 'unknown';
const HEADER = 4;

/** Wireshark has no names for it. */
const BCM_LI = layout('bcm_li', {
  direction: bits(0, 0xe000_0000, 4).named(DIRECTIONS, unknown),
  type: bits(0, 0x1e00_0000, 4).named(TYPES, unknown),
  subtype: bits(0, 0x01c0_0000, 4).named(SUBTYPES, unknown),
  id: bits(0, 0x003f_ffff, 4),
});
const F = BCM_LI.fields;

export const printBcmLi = printer(BCM_LI, 'bcm_li', (say, p, d) => {
  if (p.wireLength < HEADER) {
    say` (length ${p.wireLength} < ${HEADER})`;
    d.markInvalid();
    d.need(p.at, p.wireLength);
    return;
  }
  d.need(p.at, HEADER);
  say`${d.verbosity ? '\n    ' : ''}BCM-LI-SHIM: direction ${F.direction}, pkt-type ${F.type}, pkt-subtype ${F.subtype}, li-id ${F.id}`;
  if (!d.verbosity) {
    d.need(p.at, p.wireLength);
    return;
  }
  say`\n    `;
  printPayload(d, p.type, p.at + HEADER, p.wireLength - HEADER);
});

function printPayload(d: Dissection, type: number, at: number, length: number): void {
  if (type === 5) d.next.ip4(d, at, length);
  else if (type === 6) d.next.ip6(d, at, length);
  else if (type === 7) d.next.ethernet(d, at, length, d.end - at);
  else if (type === 4) {
    const version = d.u8(at) >> 4;
    if (version === 4) d.next.ip4(d, at, length);
    else if (version === 6) d.next.ip6(d, at, length);
    else d.out += 'unknown payload';
  } else d.markInvalid();
}
