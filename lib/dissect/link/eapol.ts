/** EAP over LANs (IEEE 802.1X) and EAP (RFC 3748). */

import type { Dissection } from '../frame/dissection.js';
import { u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { type Header, headerAt, printer, type Say, sayer } from '../frame/say.js';
import { type FlagNames, flags, hex2, visible } from '../frame/text.js';
import type { View } from '../frame/view.js';

const TYPES = {
  0: 'EAP packet',
  1: 'EAPOL start',
  2: 'EAPOL logoff',
  3: 'EAPOL key',
  4: 'Encapsulated ASF alert',
};
const CODES: Readonly<Record<number, string>> = { 1: 'Request', 2: 'Response', 3: 'Success', 4: 'Failure' };
const unknown = (): string => 'unknown';
const isEap = (p: View): boolean => p.u8(1) === 0;
const isAsked = (p: View): boolean => isEap(p) && (p.u8(4) === 1 || p.u8(4) === 2) && p.u16(6) > 4;

// biome-ignore format: a table
const METHODS: Readonly<Record<number, string>> = {
  0: 'No proposed', 1: 'Identity', 2: 'Notification', 3: 'Nak', 4: 'MD5-challenge', 5: 'OTP', 6: 'GTC', 13: 'TLS',
  18: 'SIM', 21: 'TTLS', 23: 'AKA', 43: 'FAST', 254: 'Expanded types', 255: 'Experimental',
};

export const EAPOL = layout('eapol', {
  version: u8(0),
  type: u8(1).named(TYPES, unknown),
  len: u16(2),
  '.eap.code': u8(4).named(CODES, unknown).when(isEap),
  '.eap.id': u8(5).when(isEap),
  '.eap.len': u16(6).when(isEap),
  '.eap.type': u8(8).named(METHODS, unknown).when(isAsked),
});
const F = EAPOL.fields;

export const printEapol = printer(EAPOL, 'eap', (say, p, d) => {
  // Cut here the link header stays known, cut later it does not: so a dump begins in two ways.
  if (!p.has(0, 4)) {
    d.markTruncated();
    return;
  }
  say`${F.type} (${p.type}) v${F.version}, len ${F.len}`;
  if (!d.verbosity || p.type !== 0) return;
  if (p.len === 0) {
    d.markTruncated();
    return;
  }
  say`, `;
  p.u8(4);
  printPacket(say, p, d, p.len);
});

/** Prints an EAP packet that something else carries. */
export function printEap(d: Dissection, at: number, length: number): void {
  const p = headerAt(EAPOL, d, at - 4, length + 4);
  printPacket(sayer(d, p), p, d, length);
}

function printPacket(say: Say, p: Header<typeof EAPOL>, d: Dissection, room: number): void {
  const code = p.u8(4);
  const length = p.u16(6);
  if (length !== room) {
    say`EAP fragment?`;
    return;
  }
  if (isEap(p)) say`${F['.eap.code']} (${code}), id ${F['.eap.id']}, len ${length}`;
  else say`${CODES[code] ?? 'unknown'} (${code}), id ${p.u8(5)}, len ${length}`;
  if (!p.has(4, length)) {
    d.markTruncated();
    return;
  }
  if (code !== 1 && code !== 2) return;
  if (length < 5) {
    say` (too short for EAP request/response)`;
    return;
  }
  printMethod(say, p, length);
}

// biome-ignore format: a table
const SUBTYPES: Readonly<Record<number, string>> = {
  1: 'Challenge', 2: 'Auth reject', 4: 'Sync failure', 5: 'Identity', 10: 'Start', 11: 'Challenge', 12: 'Notification',
  13: 'Reauth', 14: 'Client error',
};
const FLAGS: FlagNames = [
  [0x80, 'L bit'],
  [0x40, 'More fragments bit'],
  [0x20, 'Start bit'],
];
const method = (type: number): string => `${METHODS[type] ?? 'unknown'} (${type})`;

// biome-ignore format: a table
const SHORT: Readonly<Record<number, string>> = {
  2: 'Notification', 3: 'Legacy NAK', 13: 'TLS/TTLS', 18: 'SIM/AKA', 21: 'TLS/TTLS', 23: 'SIM/AKA', 43: 'FAST',
};

function printMethod(say: Say, p: Header<typeof EAPOL>, length: number): void {
  const type = p.u8(8);
  say`\n\t\t Type ${method(type)}`;
  const short = (what = ''): void => say` (too short for EAP ${SHORT[type]!} request/response${what})`;
  if (length < 6 && SHORT[type] !== undefined) short();
  else if (type === 1 || type === 2) {
    if (length > 5) say`, ${METHODS[type]!}: `;
    for (let i = 9; i < 4 + length && p.u8(i) !== 0; i++) say`${visible(p.u8(i))}`;
  } else if (type === 3) {
    for (let i = 9; i < 4 + length; i++) say`${i === 9 ? ' ' : ', '}${method(p.u8(i))}`;
  } else if (type === 13 || type === 21 || type === 43) {
    const bits = p.u8(9);
    if (type !== 13) say` ${METHODS[type]!}v${bits & 7}`;
    say` flags [${flags(FLAGS, bits, 'none')}] 0x${hex2(bits)}`;
    if ((bits & 0x80) === 0) return;
    if (length < 10) short(' with length');
    else say`, len ${p.u32(10)}`;
  } else if (type === 18 || type === 23) say` subtype [${SUBTYPES[p.u8(9)] ?? 'unknown'}] 0x${hex2(p.u8(9))}`;
}
