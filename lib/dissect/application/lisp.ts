/** The control messages of LISP (RFC 6830): registers of maps and what answers them; others by name. */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHex } from '../frame/hexdump.js';
import { bits, u64 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled } from '../frame/text.js';
import type { View } from '../frame/view.js';

const REGISTER = 3;
const NOTIFY = 4;
const hasRecords = (p: View): boolean => p.u8(0) >> 4 > 1 && p.u8(0) >> 4 < 5;

export const LISP = layout('lisp', {
  type: bits(0, 0xf0),
  nonce: u64(4, 'hex').when(hasRecords),
});

const HEADER = 16;
const TYPES = names(
  'LISP-Reserved|LISP-Map-Request|LISP-Map-Reply|LISP-Map-Register|LISP-Map-Notify|8 LISP-Encapsulated-Contol-Message',
  '',
);
const FLAGS: Readonly<Record<number, (flags: number) => string>> = {
  [REGISTER]: bitNames(
    '0x8000000 P-Proxy-Map-Reply|0x4000000 S-LISP-SEC-Capable|0x2000000 I-xTR-ID-Present|0x1000000 R-Build-For-RTR|256 M-Want-Map-Notify',
  ),
  [NOTIFY]: bitNames('0x8000000 I-xTR-ID-Present|0x4000000 R-Build-For-RTR'),
};
const SIGNED = names('None|SHA1|SHA256', 'unknown-type');
const ACTIONS = names('No-Action|Natively-Forward|Send-Map-Request|Drop', 'unknown');
const LOCATOR_FLAGS = bitNames('4 Local-Locator|2 RLoc-Probed|1 Reachable');

export function printLisp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'lisp';
  untilCut(d, () => {
    ask(d, at, HEADER);
    const type = d.u8(at) >> 4;
    d.out += `${TYPES(type) || `unknown-type-${type}`},`;
    const flags = FLAGS[type];
    if (flags === undefined) return;
    const count = d.u8(at + 3);
    let next = HEADER;
    if (d.verbosity) {
      d.out += ` flags [${flags(d.u32(at))}],\n    ${count} record(s), Authentication ${SIGNED(d.u16(at + 12))},`;
      printHex(d, at + next, d.u16(at + 14), '\n    Authentication-Data: ');
    } else d.out += ` ${count} record(s),`;
    next = (next + d.u16(at + 14)) & 0xffff; // as tcpdump counts
    if (count === 0) {
      d.markInvalid();
      return;
    }
    for (let i = 0; i < count && length > next; i++) {
      const size = printRecord(d, at + next);
      if (size < 0) return;
      next = (next + size) & 0xffff;
    }
    printRest(d, at + next, (d.u8(at) & (type === REGISTER ? 2 : 8)) !== 0);
  });
}

/** An address of IPv4 or IPv6; -1 where it is of neither. */
function printAddress(d: Dissection, at: number, family: number, before: string, after: string): number {
  if (family !== 1 && family !== 2) return -1;
  const size = family === 1 ? 4 : 16;
  d.out += `${before}${size === 4 ? d.ip4(at) : d.ip6(at)}${after}`;
  return size;
}

/** Returns the record's size; -1 where its addresses are unknown. */
function printRecord(d: Dissection, start: number): number {
  ask(d, start, 12);
  d.out += '\n';
  if (d.verbosity) {
    const action = d.u8(start + 6);
    d.out += `${filled(d, start, '      Record TTL %4,')}${action & 0x10 ? '' : ' Non-'}${action & 0x10 ? ' ' : ''}Authoritative, `;
    d.out += `${ACTIONS(action >> 5)}, Map Version: ${d.u16(start + 8) & 0xfff},`;
  }
  const size = printAddress(d, start + 12, d.u16(start + 10), ' EID ', `/${d.u8(start + 5)},`);
  if (size < 0) return size;
  const count = d.u8(start + 4);
  d.out += ` ${count} locator(s)`;
  let at = start + 12 + size;
  for (let i = 0; i < count; i++) {
    ask(d, at, 8);
    if (d.verbosity) d.out += '\n       ';
    const family = d.u16(at + 6);
    if (family === 1 || family === 2) ask(d, at + 8, family === 1 ? 4 : 16);
    const address = printAddress(d, at + 8, family, ' LOC ', '');
    if (d.verbosity) {
      d.out += filled(d, at, '\n          Priority/Weight %1/%1, Multicast Priority/Weight %1/%1,');
      d.out += ` flags [${LOCATOR_FLAGS(d.u16(at + 4))}],`;
    }
    at += 8 + Math.max(address, 0);
  }
  return at - start;
}

/** Who registered, or bytes that nothing announced. */
function printRest(d: Dissection, at: number, registrar: boolean): void {
  if (!registrar) {
    if (at < d.end) printHex(d, at, d.end - at, '\n    Data: ');
  } else if (d.has(at, 24)) {
    printHex(d, at, 16, '\n    xTR-ID: ');
    d.out += filled(d, at + 16, '\n    SITE-ID: %8');
  } else d.markInvalid();
}
