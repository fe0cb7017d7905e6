/** What the versions of OpenFlow share. */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { sayFilled, type Writers } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';

/** Prints a message's body of that size. */
export type Body = (d: Dissection, at: number, size: number) => void;
/** By the message's type. */
export type Bodies = Readonly<Record<number, Body>>;

/** A body that is values behind each other. */
export const fixed =
  (pattern: string, writers: Writers): Body =>
  (d, at) => {
    sayFilled(d, at, pattern, writers);
  };

/** Bits in hex and in names; `assigned` are those that may be set. */
export function bitmap(packed: string, assigned: number): (value: number, size: number) => string {
  const table = bitNames(packed, '');
  return (value, size) => {
    const hex = value.toString(16).padStart(2 * size, '0');
    return `0x${hex}${value & assigned ? ` (${table(value)})` : ''}${value & ~assigned ? ' (bogus)' : ''}`;
  };
}

const EXPERIMENTERS = names(
  '0x4f4e4600 ONF Extensions|0xff000001 Budapest University of Technology and Economics|NoviFlow|L3+ Extensions, Vendor Neutral|L4-L7 Extensions|Wireless and Mobility Extensions|Forwarding Abstractions Extensions|Optical Transport Extensions|Network Benchmarking Lab, NCTU|Mobile Packet Core Extensions|MPLS-TP OpenFlow Extensions for SPTN',
  'unknown',
);
/** Who made an extension: an OUI or a number that the ONF gave. */
export const vendorName = (vendor: number): string =>
  vendor >>> 24 === 0 ? (OUI_NAMES.get(vendor) ?? 'unknown') : EXPERIMENTERS(vendor);

export const printData: Body = (d, at, size) => {
  if (size === 0) return;
  d.out += `\n\t data (${size} octets)`;
  if (d.verbosity > 1) printHexAscii(d, at, size, '\n\t  ');
  else d.need(at, size);
};

/** Says that what is left cannot be. */
export const printInvalid: Body = (d, at, size) => {
  d.markInvalid();
  d.need(at, size);
};

/** An error's type and code, whose names are those of the type. */
export function errors(types: string, codes: readonly string[]): Body {
  const [typeOf, codesOf] = [names(types, ''), codes.map((packed) => names(packed, ''))];
  const word = (table: string | undefined, value: number): string =>
    table || `invalid (0x${value.toString(16).padStart(4, '0')})`;
  return (d, at, size) => {
    const type = d.u16(at);
    d.out += `\n\t type ${word(typeOf(type), type)}`;
    const code = d.u16(at + 2);
    d.out += `, code ${word(codesOf[type]?.(code), code)}`;
    printData(d, at + 4, size - 4);
  };
}

/** Entries that begin with `head` and say at `place` how big they are: `least` bytes or more. */
export const entries =
  (least: number, head: string, writers: Writers, place: number, print: Body): Body =>
  (d, start, length) => {
    const end = start + length;
    for (let at = start; at < end; ) {
      if (end - at < least) return printInvalid(d, at, end - at);
      const next = sayFilled(d, at, head, writers);
      const size = d.u16(at + place);
      if (size < least || size > end - at) return printInvalid(d, next, end - next);
      print(d, at, size);
      at += size;
    }
  };
