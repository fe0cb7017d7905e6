/** What routers learn of the resource PKI (RFC 6810). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { filled, sayText } from '../frame/text.js';

const HEADER = 8;
const ERROR = 10;
const MESSAGES = names(
  'Serial Notify|Serial Query|Reset Query|Cache Response|IPV4 Prefix|6 IPV6 Prefix|End of Data|Cache Reset|10 Error Report',
);
const ERRORS = names(
  'Corrupt Data|Internal Error|No Data Available|Invalid Request|Unsupported Protocol Version|Unsupported PDU Type|Withdrawal of Unknown Record|Duplicate Announcement Received',
);
/** Exact size and words of each message but the error; the size from which a prefix's address is told. */
const SERIAL = [
  12,
  (d: Dissection, at: number) => filled(d, at + 2, 'Session ID: 0x%x2, %_4Serial: %4'),
] as const;
const EMPTY = [HEADER] as const;
const prefix = (size: number, family: string) =>
  [
    size,
    (d: Dissection, at: number) =>
      `${family} Prefix ${filled(d, at + 12, size === 20 ? '%i' : '%I')}${filled(d, at + 9, '/%1-%1')}` +
      `${filled(d, at + size - 4, ', origin-as %4')}${filled(d, at + 8, ', flags 0x%x1')}`,
  ] as const;
const WORDS: Readonly<
  Record<number, readonly [size: number, words?: (d: Dissection, at: number) => string]>
> = {
  0: SERIAL,
  1: SERIAL,
  2: EMPTY,
  3: [HEADER, (d, at) => filled(d, at + 2, 'Session ID: 0x%x2')],
  4: prefix(20, 'IPv4'),
  6: prefix(32, 'IPv6'),
  7: SERIAL,
  8: EMPTY,
};

/** Prints a message and returns its size. `outer` is false within an error report, whose own are not looked into. */
function printMessage(d: Dissection, at: number, length: number, outer: boolean): number {
  const indent = outer ? '\n\t  ' : '\n\t    ';
  const invalid = (): number => {
    d.markInvalid();
    d.need(at, length);
    return length;
  };
  const version = d.u8(at);
  if (version !== 0) {
    d.out += `\n\tRPKI-RTRv${version} (unknown)`;
    return length;
  }
  if (length < HEADER) {
    d.out += `(${length} bytes is too few to decode)`;
    return invalid();
  }
  const [type, size] = [d.u8(at + 1), d.u32(at + 4)];
  d.out += `\n\tRPKI-RTRv0, ${MESSAGES(type)} PDU (${type}), length: ${size}`;
  const row = WORDS[type];
  if (size < HEADER || size > length || (row !== undefined && size !== row[0])) return invalid();
  if (row?.[1] !== undefined) d.out += indent + row[1](d, at);
  else if (type === ERROR && !printError(d, at, size, indent, outer)) return invalid();
  else if (row === undefined && type !== ERROR) d.need(at, size);
  const unknown = row === undefined && type !== ERROR;
  if (d.verbosity > 1 || unknown) printUnknown(d, at, size, '\n\t  ');
  return size;
}

/** An error with the message that it is about and a text; false where its lengths cannot be. */
function printError(d: Dissection, at: number, size: number, indent: string, outer: boolean): boolean {
  let next = HEADER + 4;
  if (size < next) return false;
  const inside = d.u32(at + HEADER);
  const code = d.u16(at + 2);
  d.out += `${indent}Error code: ${ERRORS(code)} (${code}), Encapsulated PDU length: ${inside}`;
  if (inside > 0) {
    if (size < next + inside) return false;
    if (outer) {
      d.out += `${indent}  -----encapsulated PDU-----`;
      printMessage(d, at + next, inside, false);
    } else d.need(at, next + inside);
    next += inside;
  }
  if (size < next + 4) return false;
  const text = d.u32(at + next);
  next += 4;
  if (text === 0) return true;
  if (size < next + text) return false;
  d.out += `${indent}Error text: `;
  sayText(d, at + next, text);
  return true;
}

export function printRpkiRouter(d: Dissection, start: number, length: number): void {
  d.cutAs = 'rpki_rtr';
  if (!d.verbosity) {
    d.out += ', RPKI-RTR';
    return;
  }
  for (let at = start; at < start + length; ) at += printMessage(d, at, start + length - at, true);
}
