/** HSRP, version 0 (RFC 2281). */

import { ip4, text, u8 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { printer } from '../frame/say.js';
import { duration, visible } from '../frame/text.js';

const STATES = { 0: 'initial', 1: 'learn', 2: 'listen', 4: 'speak', 8: 'standby', 16: 'active' };

export const HSRP = layout('hsrp', {
  version: u8(0),
  opcode: u8(1).named({ 0: 'hello', 1: 'coup', 2: 'resign' }, (code) => `unknown (${code})`),
  state: u8(2).named(STATES, (state) => `Unknown (${state})`),
  hellotime: u8(3),
  holdtime: u8(4),
  priority: u8(5),
  group: u8(6),
  reserved: u8(7),
  auth_data: text(8, 8),
  virt_ip: ip4(16),
});
const F = HSRP.fields;

export const printHsrp = printer(HSRP, 'hsrp', (say, p, d) => {
  say`HSRPv${F.version}`;
  if (p.version !== 0) return;
  say`-`;
  say`${F.opcode} `;
  say`${p.wireLength}: `;
  say`state=${F.state} `;
  say`group=${F.group} `;
  if (p.reserved !== 0) say`[reserved=${F.reserved}!] `;
  say`addr=${d.ip4(p.at + 16)}`;
  if (!d.verbosity) return;
  say` hellotime=${duration(p.hellotime)} holdtime=${duration(p.holdtime)} priority=${F.priority} auth="`;
  for (let i = 8; i < 16 && p.u8(i) !== 0; i++) say`${visible(p.u8(i))}`;
  say`"`;
});
