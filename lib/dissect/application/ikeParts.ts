/** What both versions of IKE have: transforms, attributes, bytes in hex. */

import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { type Names, names } from '../frame/names.js';
import { hexBytes } from '../frame/text.js';

/** Where a payload stands: its type and name, the phase, what proposal it is part of, how deep. */
export interface Place {
  readonly type: number;
  readonly name: string;
  readonly phase: number;
  readonly doi: number;
  readonly protocol: number;
  readonly depth: number;
}
/** Prints a payload; returns where it ends, or -1 where one inside was cut. */
export type Payload = (d: Dissection, at: number, size: number, place: Place) => number;

/** Bytes in hex; the payload is cut where they are. */
export function raw(d: Dissection, at: number, size: number): string {
  ask(d, at, size);
  return hexBytes(d, at, size);
}

/** Says the first bytes up to the packet's end, and the last. */
export function some(d: Dissection, at: number): void {
  const left = d.end - at;
  const first = Math.min(left, 10);
  const last = Math.min(20, left - first);
  d.out += ' data=(';
  d.out += `${raw(d, at, first)}...`;
  d.out += `${last > 0 ? raw(d, d.end - last, last) : ''})`;
}

/** What may follow, by number. */
export const PAYLOAD_NAMES = names(
  'none|sa|p|t|ke|id|cert|cr|hash|sig|nonce|n|d|vid|pay14|pay15|pay16|pay17|pay18|pay19|pay20|pay21|pay22|pay23|pay24|pay25|pay26|pay27|pay28|pay29|pay30|pay31|pay32|v2sa|v2ke|v2IDi|v2IDr|v2cert|v2cr|v2auth|v2nonce|v2n|v2d|v2vid|v2TSi|v2TSr|v2e|v2cp|v2eap',
);
export const PROTOCOLS = names('1 isakmp|ipsec-ah|ipsec-esp|ipcomp');
const GROUP_NAMES =
  '1 modp768|modp1024|EC2N 2^155|EC2N 2^185|modp1536|iana-grp06|iana-grp07|iana-grp08|iana-grp09|iana-grp10|iana-grp11|iana-grp12|iana-grp13|modp2048|modp3072|modp4096|modp6144|modp8192';
export const GROUPS = names(GROUP_NAMES);
export const CIPHERS = names('1 1des-iv64|1des|3des|rc5|idea|cast|blowfish|3idea|1des-iv32|rc4|null|aes');

const IDS: Readonly<Record<number, Names>> = {
  1: names('1 ike'),
  2: names('1 (reserved)|md5|sha|1des|sha2-256|sha2-384|sha2-512'),
  3: CIPHERS,
  4: names('1 oui|deflate|lzs'),
};

/** Names of attributes, and of their values. */
export type Attributes = 'oakley' | 'ipsec' | 'cipher' | 'none';
const UNITS = names('1 sec|kb');
// biome-ignore format: a table
const ATTRIBUTES: Readonly<Record<Attributes, { readonly types: Names; readonly values: Readonly<Record<number, Names>> }>> = {
  oakley: {
    types: names('1 enc|hash|auth|group desc|group type|group prime|group gen1|group gen2|group curve A|group curve B|lifetype|lifeduration|prf|keylen|field|order'),
    values: {
      1: names('1 1des|idea|blowfish|rc5|3des|cast|aes'), 2: names('1 md5|sha1|tiger|sha2-256|sha2-384|sha2-512'),
      3: names('1 preshared|dss|rsa sig|rsa enc|rsa enc revised'), 4: names(GROUP_NAMES.slice(0, GROUP_NAMES.lastIndexOf('|'))), 5: names('1 MODP|ECP|EC2N'), 11: UNITS,
    },
  },
  ipsec: {
    types: names('1 lifetype|life|group desc|enc mode|auth|keylen|rounds|dictsize|privalg'),
    values: {
      1: UNITS, 3: names(GROUP_NAMES.slice(0, GROUP_NAMES.lastIndexOf('|'))), 4: names('1 tunnel|transport'), 5: names('1 hmac-md5|hmac-sha1|1des-mac|keyed'),
    },
  },
  cipher: { types: names('14 keylen'), values: {} },
  none: { types: names(''), values: {} },
};

/** Says attributes up to `end`, and tells where they ended; `behind` is written where one is cut. */
export function sayAttributes(
  d: Dissection,
  start: number,
  end: number,
  kind: Attributes,
  behind = '',
): number {
  let at = start;
  try {
    while (at < d.end && at < end) {
      const size = sayAttribute(d, at, end, kind);
      if (size < 0) return end + 1;
      at += size;
    }
  } catch (error) {
    if (error === ENDS_EARLY) d.out += behind;
    throw error;
  }
  return at;
}

/** Returns its size; -1 where it runs over the end. */
function sayAttribute(d: Dissection, at: number, end: number, kind: Attributes): number {
  const short = (d.u8(at) & 0x80) !== 0;
  if (!short) ask(d, at + 2, 2);
  const size = short ? 4 : 4 + d.u16(at + 2);
  if (end < at + size) {
    d.out += '[|attr]';
    return -1;
  }
  ask(d, at, 2);
  const type = d.u16(at) & 0x7fff;
  const { types, values } = ATTRIBUTES[kind];
  d.out += `(type=${types(type, '') || `#${type}`} `;
  try {
    if (short) {
      d.out += 'value=';
      ask(d, at + 2, 2);
      const name = values[type]?.(d.u16(at + 2), '') ?? '';
      d.out += name === '' ? raw(d, at + 2, 2) : name;
    } else {
      d.out += `len=${size - 4} value=`;
      d.out += raw(d, at + 4, size - 4);
    }
  } catch (error) {
    if (error === ENDS_EARLY && !short) d.out += ')';
    throw error;
  }
  d.out += ')';
  return size;
}

/** A transform of version 1. */
export function printTransform(d: Dissection, at: number, size: number, { protocol }: Place): number {
  d.out += 't:';
  ask(d, at, 8);
  const [number, id] = [d.u8(at + 4), d.u8(at + 5)];
  const named = IDS[protocol]?.(id, `#${id}`) ?? `${id}`;
  d.out += ` #${number} id=${named} `;
  const end = sayAttributes(
    d,
    at + 8,
    at + size,
    protocol === 1 ? 'oakley' : IDS[protocol] ? 'ipsec' : 'none',
  );
  if (d.end < at + size) d.out += '...';
  return end;
}
