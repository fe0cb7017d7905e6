/** The white board of the multicast backbone (wb). */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { filled, sayPadded } from '../frame/text.js';

const HEADER = 12;
const OPERATIONS = names('2 RECT|LINE|ML|DEL|XFORM|ELL|CHAR|STR|NOP|PSCODE|PSCOMP|REF|SKIP|HOLE', '');
const SKIP = 14;

/** Sources and what is had of each; where they end. */
function sayOffsets(d: Dissection, start: number, count: number): number {
  for (let i = 0; i < count; i++) d.out += filled(d, start + 8 * i, `${i ? ',' : '<'}%i:%4`);
  d.out += '>';
  return start + 8 * count;
}

/** Slot and page. */
const state = (d: Dissection, at: number): string => filled(d, at, '%4/%i:%4');

function printOperations(d: Dissection, start: number, first: number, last: number): void {
  d.out += ' <';
  let at = start;
  for (let i = first; i <= last; i++) {
    const type = d.u8(at + 7);
    d.out += ` ${OPERATIONS(type) || `dop-${type}!`}`;
    if (type === SKIP || type === SKIP + 1) {
      const to = d.u32(at);
      d.out += `${(to - i + 1) >>> 0}`;
      if (i > to || to > last) {
        d.out += '[|]';
        if (to < i) return;
      }
      i = to;
    }
    at += ((d.u16(at + 4) + 3) & ~3) + 8;
  }
  d.out += ' >';
}

function printPages(d: Dissection, start: number): void {
  let at = start + 4;
  for (let n = d.u32(start); n > 0; n--) {
    d.out += ` ${state(d, at)}`;
    d.need(at, 16);
    at = sayOffsets(d, at + 16, d.u8(at + 12));
  }
}

/** False where it is too short. */
function printType(d: Dissection, type: number, at: number, length: number): boolean {
  if (type === 1) {
    d.out += ' wb-id:';
    if (length < 28) return false;
    d.out += ` ${state(d, at + 12)} (max ${state(d, at)}) `;
    d.need(at, 28);
    const count = d.u16(at + 24);
    if (length - 28 < 8 * count) return false;
    const name = sayOffsets(d, at + 28, count);
    d.out += ' "';
    sayPadded(d, name, at + length - name);
    d.out += '"';
  } else if (type === 2) {
    d.out += ' wb-rreq:';
    if (length < 20) return false;
    d.out += filled(d, at, ' please repair %i %i:%4<%4:%4>');
  } else if (type === 3 || type === 0) {
    const page = type === 3 ? at + 4 : at;
    d.out += type === 3 ? ' wb-rrep:' : ' wb-dop:';
    if (length < page - at + 16) return false;
    if (type === 3) d.out += ` for ${d.ip4(at)}`;
    d.out += filled(d, page, ' %i:%4<%4:%4>');
    if (d.verbosity) printOperations(d, page + 16, d.u32(page + 8), d.u32(page + 12));
  } else if (type === 5) {
    d.out += ' wb-preq:';
    if (length < 16) return false;
    d.out += ` need ${d.u32(at + 8)}/${filled(d, at, '%i:%4')}`;
    d.need(at, 16);
  } else if (type === 7) {
    d.out += ' wb-prep:';
    if (length < 4) return false;
    printPages(d, at);
  } else {
    d.out += ` wb-${type}!`;
    return false;
  }
  return true;
}

export function printWhiteBoard(d: Dissection, at: number, length: number): void {
  d.cutAs = 'wb';
  if (length >= HEADER) {
    d.need(at, HEADER);
    if (d.u8(at + 11)) d.out += '*';
    const type = d.u8(at + 10);
    if (type === 4) {
      d.out += ' wb-kill';
      return;
    }
    if (printType(d, type, at + HEADER, length - HEADER)) return;
  }
  d.markInvalid();
}
