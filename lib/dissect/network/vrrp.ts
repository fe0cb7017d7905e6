/** VRRP (RFC 3768, RFC 9568), and CARP, which has its protocol number. */

import { checksum, transportChecksum } from '../frame/checksum.js';
import { bits, ip4, ip6, list, text, u8, u16, u64 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { printer } from '../frame/say.js';
import { sayPadded } from '../frame/text.js';
import type { View } from '../frame/view.js';

const PROTOCOL = 112;
const SIMPLE = 1;

const version = (p: View): number => p.u8(0) >> 4;
const isIp6 = (p: View): boolean => version(p) === 3 && p.wireLength >= 8 + 16 * p.u8(3);
const count = (p: View): number => p.u8(3);

export const VRRP = layout('vrrp', {
  version: bits(0, 0xf0),
  type: bits(0, 0x0f).named({ 1: 'Advertisement' }, (type) => `unknown type (${type})`),
  virt_rtr_id: u8(1),
  prio: u8(2),
  addr_count: u8(3),
  auth_type: u8(4)
    .named({ 0: 'none', 1: 'simple', 2: 'ah' }, (type) => `#${type}`)
    .when((p) => version(p) === 2),
  adver_int: u8(5).when((p) => version(p) === 2),
  short_adver_int: bits(4, 0x0fff, 2).when((p) => version(p) === 3),
  checksum: u16(6, 'hex'),
  // What carries it tells the family: so does what each address leaves room for.
  ip_addr: list(8, count, ip4).when((p) => !isIp6(p)),
  ipv6_addr: list(8, count, ip6).when(isIp6),
  auth_string: text((p) => 8 + 4 * count(p), 8).when((p) => version(p) === 2 && p.u8(4) === SIMPLE),
});
const F = VRRP.fields;

export const printVrrp = printer(VRRP, 'vrrp', (say, p, d, ip) => {
  say`VRRP`;
  say`v${F.version}, ${F.type}`;
  const v6 = d.u8(ip) >> 4 === 6;
  const ttl = d.u8(ip + (v6 ? 7 : 8));
  if (ttl !== 255) say`, (ttl ${ttl})`;
  if (p.version < 2 || p.version > 3 || p.type !== 1) return;
  say`, vrid ${F.virt_rtr_id}, prio ${F.prio}`;
  if (p.version === 2) {
    say`, authtype ${F.auth_type}`;
    say`, intvl ${F.adver_int}s, length ${p.wireLength}`;
  } else say`, intvl ${F.short_adver_int}cs, length ${p.wireLength}`;
  if (!d.verbosity) return;
  if (d.has(p.at, p.wireLength) && sum(p) !== 0) say`, (bad vrrp cksum ${p.checksum.toString(16)})`;
  say`, addrs${p.addr_count > 1 ? `(${p.addr_count})` : ''}:`;
  for (let i = 0; i < p.addr_count; i++)
    say`${i === 0 ? ' ' : ','}${v6 ? d.ip6(p.at + 8 + 16 * i) : d.ip4(p.at + 8 + 4 * i)}`;
  if (p.version !== 2 || p.auth_type !== SIMPLE) return;
  say` auth "`;
  sayPadded(d, p.at + 8 + 4 * p.addr_count, 8);
  say`"`;

  function sum({ at, wireLength }: View): number {
    if (p.version === 2) return checksum(d.data, at, wireLength);
    return transportChecksum(d, ip, at, wireLength, PROTOCOL);
  }
});

/** OpenBSD's carp(4): laid out like VRRP, told from it by nothing. */
export const CARP = layout('carp', {
  version: bits(0, 0xf0),
  type: bits(0, 0x0f).named({ 1: 'advertise' }, () => 'unknown'),
  vhid: u8(1),
  advskew: u8(2),
  authlen: u8(3),
  advbase: u8(5),
  checksum: u16(6, 'hex'),
  counter: u64(8),
});
const C = CARP.fields;

export const printCarp = printer(CARP, 'carp', (say, p, d, ip) => {
  say`CARP`;
  const ttl = d.u8(ip + (d.u8(ip) >> 4 === 6 ? 7 : 8));
  const { version, type } = p;
  say`v${C.version}-${C.type} ${p.wireLength}: `;
  if (ttl !== 255) say`[ttl=${ttl}!] `;
  if (version !== 2 || type !== 1) return;
  say`vhid=${C.vhid} advbase=${C.advbase} advskew=${C.advskew} authlen=${C.authlen} `;
  if (d.verbosity && d.has(p.at, p.wireLength)) {
    const expected = checksum(d.data, p.at, p.wireLength);
    if (expected !== 0) say` (bad carp cksum ${p.checksum.toString(16)}!)`;
  }
  say`counter=${C.counter}`;
});
