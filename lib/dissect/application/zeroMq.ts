/** ZeroMQ's frames, ZMTP 1.0, over TCP, UDP and PGM, which `-T` tells. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex2, hex4 } from '../frame/text.js';

const LONG = 0xff;
/** Bytes that are shown with one `-v`. */
const FEW = 128;

/** Returns where the next frame begins. */
function printFrame(d: Dissection, at: number, end: number): number {
  d.out += '\n\t';
  ask(d, at, 1);
  const first = d.u8(at);
  const isLong = first === LONG;
  const header = isLong ? 9 : 1;
  if (isLong) {
    d.out += ' frame flags+body (64-bit) length';
    ask(d, at, header);
  }
  const size = isLong ? Number(d.u64(at + 1)) : first;
  if (isLong) d.out += ` ${d.u64(at + 1)}`;
  else d.out += ` frame flags+body  (8-bit) length ${size}`;
  if (size === 0) return at + header;
  ask(d, at, header + 1);
  const flags = d.u8(at + header);
  // Of a frame that begins past the datagram's end tcpdump takes all to be there.
  const there = end < at + header ? size : end - at - header;
  if (size > there) d.out += ` (${there} captured)`;
  d.out += `, flags 0x${hex2(flags)}`;
  if (d.verbosity) {
    const names = [128, 64, 32, 16, 8, 4, 2].map((bit) => (flags & bit ? 'MBZ' : '-'));
    d.out += ` (${names.join('|')}|${flags & 1 ? 'MORE' : '-'})`;
    const shown = Math.min(size, there, d.verbosity === 1 ? FEW + 1 : size);
    if (shown > 1) {
      d.out += `, first ${shown - 1} byte(s) of body:`;
      printHexAscii(d, at + header + 1, shown - 1, '\n\t ');
    }
  }
  if (size > d.end - at - header) throw ENDS_EARLY;
  return at + header + size;
}

function printFrames(d: Dissection, start: number, end: number): void {
  for (let at = start; at < end; ) at = printFrame(d, at, end);
}

export function printZeroMq(d: Dissection, at: number, length: number): void {
  d.cutAs = 'zmtp1';
  d.out += ': ZMTP/1.0';
  untilCut(d, () => printFrames(d, at, Math.min(d.end, at + length)));
}

/** A datagram says where its first message begins; before that is the middle of another. */
export function printZeroMqDatagram(d: Dissection, at: number, length: number): void {
  d.cutAs = 'zmtp1';
  untilCut(d, () => {
    ask(d, at, 2);
    const offset = d.u16(at);
    d.out += `\n\t frame offset 0x${hex4(offset)}`;
    const there = d.end - at - 2;
    const size = offset === 0xffff ? length - 2 : offset;
    if (size > length - 2) {
      d.out += ' (exceeds datagram declared length)';
      throw ENDS_EARLY;
    }
    if (size > 0) {
      d.out += `\n\t frame intermediate part, ${size} bytes`;
      if (size > there) d.out += ` (${there} captured)`;
      const shown = Math.min(size, there, d.verbosity === 1 ? FEW : size);
      if (d.verbosity && shown > 1) {
        d.out += `, first ${shown} byte(s):`;
        printHexAscii(d, at + 2, shown, '\n\t ');
      }
    }
    printFrames(d, at + 2 + size, Math.min(d.end, at + length));
  });
}
