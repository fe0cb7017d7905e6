/** Messages of RPL (RFC 6550 §6), of which those that are secured are named only. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHex } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { filled, hex2 } from '../frame/text.js';

const TITLES = names(
  'DODAG Information Solicitation|DODAG Information Object|Destination Advertisement Object|Destination Advertisement Object Ack',
  '',
);
const MODES = names('nonstoring|storing|nonstoring-multicast|storing-multicast', '');
const OPTIONS = names(
  'pad1|padN|metrics|routinginfo|config|rpltarget|transitinfo|8 destprefix|rpltargetdesc',
  '',
);
const OBJECT = 1;
const ADVERTISEMENT = 2;
const ACKNOWLEDGEMENT = 3;
const DAG = 16;

function printOptions(d: Dissection, start: number, length: number): void {
  const end = start + length;
  for (let at = start; at < end; ) {
    const type = d.u8(at);
    if (type === 0) {
      d.out += ' opt:pad1';
      at++;
      continue;
    }
    if (end - at < 2) throw ENDS_EARLY;
    const size = d.u8(at + 1) + 2;
    d.out += ` opt:${OPTIONS(type) || `subopt:${type}`} len:${size} `;
    ask(d, at, size);
    if (end - at < size) throw ENDS_EARLY;
    if (d.verbosity > 2) printHex(d, at + 2, size - 2, ' ');
    at += size;
  }
}

/** Says what an object or advertisement holds; returns bytes before its options, or -1 where it is too short. */
function printBody(d: Dissection, at: number, length: number, code: number): number {
  if (code === OBJECT) {
    const mode = d.u8(at + 4);
    d.out += ` [dagid:${d.ip6(at + 8)},seq:${d.u8(at + 5)}${filled(d, at, ',instance:%1%_1,rank:%2')}`;
    d.out += `,${mode & 0x80 ? 'grounded,' : ''}mop:${MODES((mode >> 3) & 7) || `mop${(mode >> 3) & 7}`},prf:${mode & 7}]`;
    return 8 + DAG;
  }
  const acknowledges = code === ACKNOWLEDGEMENT;
  ask(d, at, acknowledges ? 4 : 4 + DAG);
  const flags = d.u8(at + 1);
  const named = (flags & (acknowledges ? 0x80 : 0x40)) !== 0;
  const size = named ? 4 + DAG : 4;
  if (named) ask(d, at, size);
  if (length < size) {
    d.out += ` [|${acknowledges ? 'dao-' : ''}length too short]`;
    return -1;
  }
  d.out += ` [dagid:${named ? d.ip6(at + 4) : '<elided>'},seq:${d.u8(at + (acknowledges ? 2 : 3))},instance:${d.u8(at)}`;
  if (acknowledges) d.out += `,status:${d.u8(at + 3)}]`;
  else d.out += `${flags & 0x80 ? ',acK' : ''}${named ? ',Dagid' : ''},${hex2(flags)}]`;
  return size;
}

/** Prints a message's words behind the header of ICMPv6. */
export function printRpl(d: Dissection, at: number, length: number, code: number): void {
  if (code & 0x80) {
    d.out += ', (SEC) [worktodo]';
    return;
  }
  d.out += `, (CLR)${TITLES(code) || `RPL message, unknown code ${code}`}`;
  if (!d.verbosity || (code !== OBJECT && code !== ADVERTISEMENT && code !== ACKNOWLEDGEMENT)) return;
  untilCut(d, () => {
    const size = printBody(d, at, length, code);
    if (size >= 0 && d.verbosity > 1) printOptions(d, at + size, length - size);
  });
}
