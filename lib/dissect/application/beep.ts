/** BEEP (RFC 3080): of a frame its keyword. */

import type { Dissection } from '../frame/dissection.js';

/** tcpdump looks for two of them with a zero behind. */
const KEYWORDS = ['MSG\0', 'ERR ', 'RPY ', 'ANS ', 'NUL ', 'SEQ ', 'END\0'];

export function printBeep(d: Dissection, at: number, length: number): void {
  const first = length >= 4 && d.has(at, 4) ? String.fromCharCode(...d.data.subarray(at, at + 4)) : '';
  d.out += ` BEEP ${KEYWORDS.includes(first) ? first.slice(0, 3) : '(payload or undecoded)'}`;
}
