/**
 * Test support: what tcpdump prints of some capture here and this project does not yet, by name, and the words of tcpdump's
 * that tell it. README names them, a test holds it to them, and another says when a name can be taken off: nothing that is
 * not on this list may print otherwise than tcpdump.
 */

import type { Tally } from './vectors.js';

/** `words` are looked for from a little before the place where the texts part. */
export interface MissingPrinter {
  readonly name: string;
  readonly words: RegExp;
  /** What stands here instead, where tcpdump's words do not tell. */
  readonly ours?: RegExp;
}

// biome-ignore format: a table
export const MISSING_PRINTERS: readonly MissingPrinter[] = [
  { name: 'AFS rx', words: /\brx (data|abort|ack|busy)/ },
  { name: 'ForCES', words: /ForCES (Query|Heart|Config|Assoc|Event|Packet|Version)|\[\|forces\]/ },
  { name: 'HNCP', words: /hncp/ },
  { name: 'LMP', words: /LMPv/ },
  { name: 'lwres', words: /lwres/ },
];

/** Characters before the place where texts part in which a protocol's name may stand. */
const BEFORE = 40;
/** Each packet begins with its number and its time. */
const PACKET = /\n(?= *\d+ {2}(?:\d{4}-\d\d-\d\d )?(?:\d\d:\d\d:\d\d|\d+\.\d))/;

/**
 * Compares the text of a capture packet by packet. A packet that differs is counted under the printer that it lacks, or
 * as a disagreement.
 */
export function comparePackets(tally: Tally, what: string, ours: string, theirs: string): void {
  const [a, b] = [ours, theirs].map((text) => text.split(PACKET));
  for (const [at, their] of b!.entries()) {
    const our = a![at] ?? '';
    if (our.trimEnd() === their.trimEnd()) {
      tally.check(true, () => '');
      continue;
    }
    const missing = missingPrinter(our, their) ?? (our.includes('UNSUPPORTED') ? 'a link type' : undefined);
    if (missing !== undefined) tally.leaveOut(`${missing}`);
    else tally.check(false, () => `${what}\n  ours   ${our}\n  theirs ${their}`);
  }
}

function missingPrinter(ours: string, theirs: string): string | undefined {
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  const tail = theirs.slice(Math.max(0, at - BEFORE));
  return MISSING_PRINTERS.find((row) => row.words.test(tail) || row.ours?.test(ours) === true)?.name;
}
