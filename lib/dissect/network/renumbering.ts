/** Router renumbering over ICMPv6 (RFC 2894). */

import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { bitNames } from '../frame/names.js';

const HEADER = 16;
const MATCH = 24;
const USE = 32;
const CODES: Readonly<Record<number, string>> = { 0: 'command', 1: 'result', 255: 'sequence number reset' };
const FLAGS = bitNames('128 T|64 R|32 A|16 S|8 P', '', '');
const OPERATIONS: Readonly<Record<number, string>> = { 1: 'add', 2: 'change', 3: 'setglobal' };

const lifetime = (seconds: number): string => (seconds === 0xffff_ffff ? 'infty' : `${seconds}`);

/** @throws ENDS_EARLY where it is cut or its lengths do not fit. */
export function printRenumbering(d: Dissection, at: number): void {
  ask(d, at, HEADER);
  const [code, flags] = [d.u8(at + 1), d.u8(at + 9)];
  d.out += `, ${CODES[code] ?? `code-#${code}`}, seq=${d.u32(at + 4)}`;
  if (d.verbosity) {
    const set = FLAGS(flags);
    d.out += `[${set}${flags & 0xf8 ? ',' : ''}seg=${d.u8(at + 8)},maxdelay=${d.u16(at + 10)}]`;
  }
  if (code !== 0) return;
  const before = d.verbosity > 1 ? '\n\t' : ' ';
  const match = at + HEADER;
  ask(d, match, MATCH);
  const operation = d.u8(match);
  d.out += `${before}match(${OPERATIONS[operation] ?? `#${operation}`},`;
  if (d.verbosity) d.out += `ord=${d.u8(match + 2)},min=${d.u8(match + 4)},max=${d.u8(match + 5)},`;
  d.out += `${d.ip6(match + 8)}/${d.u8(match + 3)})`;
  const words = d.u8(match + 1) - 3;
  if (words < 0 || words % 4 !== 0) throw ENDS_EARLY;
  for (let i = 0; i < words / 4; i++) {
    const use = match + MATCH + USE * i;
    ask(d, use, USE);
    const bits = d.u32(use + 12);
    d.out += `${before}use(`;
    if (bits) d.out += `${bits & 0x8000_0000 ? 'V' : ''}${bits & 0x4000_0000 ? 'P' : ''},`;
    if (d.verbosity) {
      d.out += `mask=0x${d.u8(use + 2).toString(16)},raflags=0x${d.u8(use + 3).toString(16)},`;
      d.out += `vltime=${lifetime(d.u32(use + 4))},pltime=${lifetime(d.u32(use + 8))},`;
    }
    d.out += `${d.ip6(use + 16)}/${d.u8(use)}/${d.u8(use + 1)})`;
  }
}
