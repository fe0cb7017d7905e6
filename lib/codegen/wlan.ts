/**
 * `type`, `subtype` and `dir`: the frame control field of IEEE 802.11, §9.2.4.1.
 *
 *      7       4 3    2 1       0        bit
 *     +---------+------+---------+
 *     | subtype | type | version |       byte 0; byte 1 holds "to DS" and "from DS" in its lowest bits
 *     +---------+------+---------+
 */

import { closest } from '../source.js';
import type { Word } from '../syntax/index.js';
import type { Condition } from './condition.js';
import type { Context } from './context.js';
import { compare } from './load.js';

const TYPE_MASK = 0x0c;
const SUBTYPE_MASK = 0xf0;

const TYPES: ReadonlyMap<string, number> = new Map([
  ['mgt', 0x00],
  ['management', 0x00],
  ['ctl', 0x04],
  ['control', 0x04],
  ['data', 0x08],
]);

/** Subtypes by type, in the order in which a name alone is looked up. */
// biome-ignore format: a table
const SUBTYPES: ReadonlyMap<number, ReadonlyMap<string, number>> = new Map([
  [0x00, new Map([
    ['assocreq', 0x00], ['assoc-req', 0x00], ['assocresp', 0x10], ['assoc-resp', 0x10],
    ['reassocreq', 0x20], ['reassoc-req', 0x20], ['reassocresp', 0x30], ['reassoc-resp', 0x30],
    ['probereq', 0x40], ['probe-req', 0x40], ['proberesp', 0x50], ['probe-resp', 0x50],
    ['beacon', 0x80], ['atim', 0x90], ['disassoc', 0xa0], ['disassociation', 0xa0],
    ['auth', 0xb0], ['authentication', 0xb0], ['deauth', 0xc0], ['deauthentication', 0xc0],
  ])],
  [0x04, new Map([
    ['bar', 0x80], ['ba', 0x90], ['ps-poll', 0xa0], ['rts', 0xb0], ['cts', 0xc0], ['ack', 0xd0],
    ['cf-end', 0xe0], ['cf-end-ack', 0xf0],
  ])],
  [0x08, new Map([
    ['data', 0x00], ['data-cf-ack', 0x10], ['data-cf-poll', 0x20], ['data-cf-ack-poll', 0x30],
    ['null', 0x40], ['cf-ack', 0x50], ['cf-poll', 0x60], ['cf-ack-poll', 0x70],
    ['qos-data', 0x80], ['qos-data-cf-ack', 0x90], ['qos-data-cf-poll', 0xa0],
    ['qos-data-cf-ack-poll', 0xb0], ['qos', 0xc0], ['qos-cf-poll', 0xe0], ['qos-cf-ack-poll', 0xf0],
  ])],
]);

const DIRECTIONS: ReadonlyMap<string, number> = new Map([
  ['nods', 0],
  ['tods', 1],
  ['fromds', 2],
  ['dstods', 3],
]);

/** `type T [subtype S]` */
export function wlanType(context: Context, type: Word, subtype: Word | undefined): Condition {
  const typeBits = typeValue(context, type);
  const bits = subtype === undefined ? typeBits : typeBits | subtypeValue(context, subtype, typeBits);
  requireWlan(context, 'type/subtype');
  return compare(context, 'link', 0, 1, bits, subtype === undefined ? TYPE_MASK : TYPE_MASK | SUBTYPE_MASK);
}

/** `subtype S`, whose name tells the type. */
export function wlanSubtype(context: Context, subtype: Word): Condition {
  const name = 'name' in subtype ? subtype.name : subtype.text;
  for (const [type, names] of SUBTYPES) {
    const bits = names.get(name.toLowerCase());
    if (bits === undefined) continue;
    requireWlan(context, 'type/subtype');
    return compare(context, 'link', 0, 1, type | bits, TYPE_MASK | SUBTYPE_MASK);
  }
  const known = [...SUBTYPES.values()].flatMap((names) => [...names.keys()]);
  return context.fail('unknown 802.11 type name', near(name, known), subtype.span);
}

/** `dir D` */
export function wlanDirection(context: Context, direction: Word): Condition {
  let bits: number | undefined;
  if ('name' in direction) {
    bits = DIRECTIONS.get(direction.name.toLowerCase());
    if (bits === undefined)
      return context.fail(
        'unknown 802.11 direction',
        near(direction.name, DIRECTIONS.keys()),
        direction.span,
      );
  } else {
    bits = direction.value;
    if (bits > 3)
      context.fail(`invalid 802.11 direction value 0x${bits.toString(16)}`, 'a direction is 0 to 3');
  }
  requireWlan(context, 'dir');
  return compare(context, 'link', 1, 1, bits, 0x03);
}

function requireWlan(context: Context, what: string): void {
  if (context.headers.row.test !== 'wlan') context.unsupported(what, 'only 802.11 frames have it');
}

function typeValue(context: Context, type: Word): number {
  if ('name' in type) {
    const bits = TYPES.get(type.name.toLowerCase());
    return (
      bits ??
      context.fail(`unknown 802.11 type name "${type.name}"`, near(type.name, TYPES.keys()), type.span)
    );
  }
  if ((type.value & ~TYPE_MASK) !== 0) {
    context.fail(
      `invalid 802.11 type value ${hex(type.value)}`,
      'the value of the bits in place: 0, 4, 8 or 12',
    );
  }
  return type.value;
}

function subtypeValue(context: Context, subtype: Word, type: number): number {
  if (!('name' in subtype)) {
    if ((subtype.value & ~SUBTYPE_MASK) !== 0) {
      const hint = 'the value of the bits in place: a multiple of 16 up to 240';
      context.fail(`invalid 802.11 subtype value ${hex(subtype.value)}`, hint);
    }
    return subtype.value;
  }
  const names = SUBTYPES.get(type);
  if (names === undefined) return context.fail('unknown 802.11 type');
  const bits = names.get(subtype.name.toLowerCase());
  return (
    bits ??
    context.fail(
      `unknown 802.11 subtype name "${subtype.name}"`,
      near(subtype.name, names.keys()),
      subtype.span,
    )
  );
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

function near(name: string, known: Iterable<string>): string {
  const word = closest(name, known);
  return word === undefined ? '' : `did you mean '${word}'?`;
}
