/** Kerberos: messages of version 4; of version 5 only that it is one. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { visible } from '../frame/text.js';

const TYPES = names(
  '2 KDC_REQUEST|4 KDC_REPLY|6 APPL_REQUEST|8 APPL_REQUEST_MUTUAL|10 ERR_REPLY|12 PRIVATE|14 SAFE|16 APPL_ERR|126 DIE',
  '',
);
const ERRORS = names(
  'OK|NAME_EXP|SERVICE_EXP|AUTH_EXP|PKT_VER|NAME_MAST_KEY_VER|SERV_MAST_KEY_VER|BYTE_ORDER|PRINCIPAL_UNKNOWN|PRINCIPAL_NOT_UNIQUE|NULL_KEY',
  '',
);

export function printKerberos(d: Dissection, at: number): void {
  d.cutAs = 'krb';
  untilCut(d, () => {
    ask(d, at, 1);
    const version = d.u8(at);
    if (version >= 1 && version <= 4) d.out += ` v${version}`;
    if (version === 106 || version === 107) d.out += ' v5';
    if (version === 4) printVersion4(d, at);
  });
}

/** Says what goes up to a zero byte, and returns what lies behind that. */
function sayString(d: Dissection, start: number): number {
  for (let at = start; at < d.end; at++) {
    const octet = d.u8(at);
    if (octet === 0) return at + 1;
    d.out += visible(octet);
  }
  throw ENDS_EARLY;
}

function sayPrincipal(d: Dissection, at: number): number {
  let next = sayString(d, at);
  d.out += '.';
  next = sayString(d, next);
  d.out += '@';
  return sayString(d, next);
}

function printVersion4(d: Dissection, at: number): void {
  ask(d, at + 1, 1);
  const type = d.u8(at + 1) & 0xfe;
  const isLittle = (d.u8(at + 1) & 1) !== 0;
  const u16 = (place: number): number => (isLittle ? d.u16le(place) : d.u16(place));
  d.out += ` ${isLittle ? 'le' : 'be'} ${TYPES(type) || `#${type}`}: `;
  if (type === 2) {
    const next = sayPrincipal(d, at + 2) + 4;
    d.out += ` ${5 * d.u8(next)}min `;
    const instance = sayString(d, next + 1);
    d.out += '.';
    sayString(d, instance);
  } else if (type === 4) d.out += ` (${u16(sayPrincipal(d, at + 2) + 10)})`;
  else if (type === 6) {
    d.out += `v${d.u8(at + 2)} `;
    const next = sayString(d, at + 3);
    d.out += ` (${d.u8(next)})`;
    d.out += ` (${d.u8(next + 1)})`;
  } else if (type === 10) {
    const next = sayPrincipal(d, at + 2) + 4;
    const error = u16(next);
    d.out += ` ${ERRORS(error) || `#${error}`} `;
    sayString(d, next + 4);
  } else d.out += '(unknown)';
}
