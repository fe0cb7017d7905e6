/** The header of mobile IPv6 (RFC 6275). */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled } from '../frame/text.js';

export const MOBILITY = layout('mip6', { proto: u8(0), hlen: u8(1), mhtype: u8(2), csum: u16(4, 'hex') });

const HEADER = 8;
const TYPES = names('BRR|HoTI|CoTI|HoT|CoT|BU|BA|BE', '');
/** What each type has at least. */
const LEAST = [8, 16, 16, 24, 24, 12, 12, 24];

function sayTest(d: Dissection, at: number, whose: string, title: string): void {
  if (d.verbosity) d.out += filled(d, at, ` ${whose} ${title}=%x4:%x4`);
}

/** Where the options are; nothing where the type is unknown. */
function printType(d: Dissection, type: number, at: number): number | undefined {
  const whose = type % 2 ? 'Home' : 'Care-of';
  const seconds = (place: number): void => {
    d.out += ` lifetime=${d.u16(at + place) * 4}`;
  };
  if (type === 1 || type === 2) sayTest(d, at + HEADER, whose, 'Init Cookie');
  else if (type === 3 || type === 4) {
    d.out += ` nonce id=0x${d.u16(at + 6).toString(16)}`;
    sayTest(d, at + HEADER, whose, 'Init Cookie');
    sayTest(d, at + HEADER + 8, whose, 'Keygen Token');
  } else if (type === 5) {
    d.out += ` seq#=${d.u16(at + 6)}`;
    ask(d, at + HEADER, 2);
    const bits = d.u8(at + HEADER) >> 4;
    if (bits) d.out += ` ${['A', 'H', 'L', 'K'].filter((_, i) => bits & (8 >> i)).join('')}`;
    seconds(10);
  } else if (type === 6) {
    d.out += ` status=${d.u8(at + 6)}`;
    d.out += d.u8(at + 7) & 0x80 ? ' K' : '';
    d.out += ` seq#=${d.u16(at + 8)}`;
    seconds(10);
  } else if (type === 7) {
    d.out += ` status=${d.u8(at + 6)}`;
    d.out += ` homeaddr ${d.ip6(at + 8)}`;
  } else if (type !== 0) {
    d.out += ` len=${d.u8(at + 1)}`;
    return undefined;
  }
  return at + LEAST[type]!;
}

/** Names, what each has at least, and what is said of it. */
const OPTIONS: Readonly<Record<number, readonly [name: string, least: number, pattern: string]>> = {
  1: ['padn', 2, '(padn)'],
  3: ['altcoa', 18, '(alt-CoA: %I)'],
  4: ['ni', 6, '(ni: ho=0x%x2 co=0x%x2)'],
  5: ['auth', 12, '(auth)'],
};

function printOptions(d: Dissection, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const type = d.u8(at);
    if (type !== 0 && at + 1 >= end) throw ENDS_EARLY;
    const size = type === 0 ? 1 : d.u8(at + 1) + 2;
    if (at + size > end) throw ENDS_EARLY;
    ask(d, at + size, 1);
    const option = OPTIONS[type];
    const left = end - at;
    if (type === 0) d.out += '(pad1)';
    else if (type === 2) {
      if (left < 4) {
        d.out += '(refresh: trunc)';
        throw ENDS_EARLY;
      }
      d.out += `(refresh: ${d.u16(at + 2) * 4})`;
    } else if (option === undefined) d.out += filled(d, at, '(type-0x%x1: len=%1)');
    else if (left < option[1]) {
      d.out += `(${option[0]}: trunc)`;
      throw ENDS_EARLY;
    } else d.out += filled(d, at + 2, option[2]);
    at += size;
  }
}

export function printMobility(d: Dissection, at: number): void {
  d.cutAs = 'mobility';
  untilCut(d, () => {
    ask(d, at + 1, 1);
    const size = (d.u8(at + 1) + 1) * 8;
    const type = d.u8(at + 2);
    if (size < (LEAST[type] ?? 0)) {
      d.out += `(header length ${size} is too small for type ${type})`;
      throw ENDS_EARLY;
    }
    d.out += `mobility: ${TYPES(type) || `type-#${type}`}`;
    const options = printType(d, type, at);
    if (options !== undefined && d.verbosity) printOptions(d, options, at + size);
  });
}
