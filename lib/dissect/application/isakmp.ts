/**
 * ISAKMP and IKE (RFC 2408, RFC 2409, RFC 7296), also beside ESP in UDP (RFC 3948): header, the payloads of version 1;
 * ike2.ts has those of version 2.
 */

import { ask, orCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { bytes, u8, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hexBytes, visibleText } from '../frame/text.js';
import { printEsp } from '../network/ipsec.js';
import { PAYLOADS_2 } from './ike2.js';
import {
  PAYLOAD_NAMES,
  type Payload,
  PROTOCOLS,
  printTransform,
  raw,
  sayAttributes,
  some,
} from './ikeParts.js';

const HEADER = 28;
const ENCRYPTED = 1;

export const ISAKMP = layout('isakmp', {
  ispi: bytes(0, 8),
  rspi: bytes(8, 8),
  version: u8(17, 'hex'),
  exchangetype: u8(18),
  messageid: u32(20, 'hex'),
  length: u32(24),
});

const payloadName = (type: number): string => PAYLOAD_NAMES(type, `#${type}`);
const EXCHANGES = names(
  'none|base|ident|auth|agg|inf|32 oakley-quick|oakley-newgroup|ikev2_init|ikev2_auth|child_sa|inf2',
);

/** Who began: tcpdump keeps the last twenty cookies with the addresses of the packet that first had them. */
interface Cookies {
  readonly known: { cookie: string; from: string; to: string }[];
  next: number;
}
const MOST_COOKIES = 20;
const COOKIES = new WeakMap<Dissection, Cookies>();
const NO_COOKIE = '0000000000000000';

function side(d: Dissection, at: number, ip: number): string {
  let cookies = COOKIES.get(d);
  if (cookies === undefined) {
    cookies = {
      known: Array.from({ length: MOST_COOKIES }, () => ({ cookie: NO_COOKIE, from: '', to: '' })),
      next: 0,
    };
    COOKIES.set(d, cookies);
  }
  const cookie = hexBytes(d, at, 8);
  const found = cookies.known.find((row) => row.cookie === cookie);
  const size = d.u8(ip) >> 4 === 6 ? 16 : 4;
  const from = hexBytes(d, ip + (size === 16 ? 8 : 12), size);
  if (found !== undefined) return found.from === from ? 'I' : found.to === from ? 'R' : '?';
  if (hexBytes(d, at + 8, 8) !== NO_COOKIE) return '?';
  const to = hexBytes(d, ip + (size === 16 ? 24 : 16), size);
  cookies.known[cookies.next] = { cookie, from, to };
  cookies.next = (cookies.next + 1) % MOST_COOKIES;
  return 'I';
}

export function printIsakmp(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'isakmp';
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  const [version, flags, first] = [d.u8(at + 17), d.u8(at + 19), d.u8(at + 16)];
  const major = version >> 4;
  d.out += 'isakmp';
  if (d.verbosity) d.out += ` ${major}.${version & 15} msgid ${hexBytes(d, at + 20, 4)}`;
  if (d.verbosity > 1) d.out += ` cookie ${hexBytes(d, at, 8)}->${hexBytes(d, at + 8, 8)}`;
  d.out += ':';
  if (major !== 1 && major !== 2) return;
  const phase = d.u32(at + 20) === 0 ? 1 : 2;
  const exchange = EXCHANGES(d.u8(at + 18), `#${d.u8(at + 18)}`);
  if (major === 1) {
    d.out += ` phase ${phase}${phase === 1 ? '' : '/others'} ${side(d, at, ip)} ${exchange}`;
    if (flags) d.out += `[${flags & ENCRYPTED ? 'E' : ''}${flags & 2 ? 'C' : ''}]`;
  } else {
    d.out += `${phase === 1 ? ' parent_sa' : ' child_sa '} ${exchange}`;
    if (flags) d.out += `[${flags & 8 ? 'I' : ''}${flags & 16 ? 'V' : ''}${flags & 32 ? 'R' : ''}]`;
  }
  if (!d.verbosity) return;
  d.out += ':';
  if (flags & ENCRYPTED) d.out += ` [encrypted ${payloadName(first)}]`;
  else printPayloads(d, first, at + HEADER, phase, 0, 0, 0);
  const stated = d.u32(at + 24);
  if (stated !== length) d.out += ` (len mismatch: isakmp ${stated}/ip ${length})`;
}

/** Prints payloads; returns where they ended, or -1 where one was cut. */
function printPayloads(
  d: Dissection,
  first: number,
  start: number,
  phase: number,
  doi: number,
  protocol: number,
  depth: number,
): number {
  let at = start;
  for (let type = first; type !== 0; ) {
    if (!d.has(at, 4) || !d.has(at, d.u16(at + 2))) {
      d.out += ` [|${payloadName(type)}]`;
      return -1;
    }
    const next = d.u8(at);
    const size = d.u16(at + 2);
    d.out += `\n${'    '.repeat(depth + 1)}(`;
    let end = -1;
    if (size > 4) {
      const print = PAYLOADS[type] ?? PAYLOADS_2[type];
      if (print === undefined) {
        d.out += payloadName(type);
        end = at + size;
      } else {
        const shown = SHOWN[type] ?? type;
        d.enter();
        end = orCut(d, payloadName(shown), () =>
          print(d, at, size, { type, name: payloadName(type), phase, doi, protocol, depth: depth + 1 }),
        );
        d.leave();
      }
    }
    d.out += ')';
    if (end < 0) return -1;
    at = end;
    type = next;
  }
  return at;
}

/** Notifications of version 2 are cut under the name of version 1's. */
const SHOWN: Readonly<Record<number, number>> = { 41: 11 };

/** Bytes with nothing to be told of them; their hex with `-vvv`. */
const plain =
  (before: string): Payload =>
  (d, at, size, { name }) => {
    d.out += `${name}:${before} len=${size - 4}`;
    if (d.verbosity > 2) d.out += ` ${raw(d, at + 4, size - 4)}`;
    return at + size;
  };

const CERTIFICATES = names('none|pkcs7|pgp|dns|x509sign|x509ke|kerberos|crl|arl|spki|x509attr');
const certificate: Payload = (d, at, size, { name }) => {
  d.out += `${name}:`;
  ask(d, at, 5);
  d.out += ` len=${size - 4} type=${CERTIFICATES(d.u8(at + 4), `#${d.u8(at + 4)}`)}`;
  if (d.verbosity > 2) d.out += ` ${raw(d, at + 4, size - 4)}`;
  return at + size;
};

const PAYLOADS: Readonly<Record<number, Payload>> = {
  1: (d, at, _size, { phase, protocol, depth }) => {
    d.out += 'sa:';
    ask(d, at, 12);
    const [doi, situation] = [d.u32(at + 4), d.u32(at + 8)];
    if (doi !== 1) {
      d.out += ` doi=${doi} situation=${situation}`;
      return at + 12;
    }
    const kinds: string[] = [];
    if (situation & 1) kinds.push('identity');
    if (situation & 2) kinds.push('secrecy');
    if (situation & 4) kinds.push('integrity');
    d.out += ` doi=ipsec situation=${kinds.join('+')}`;
    let next = at + 12;
    if (situation !== 1) {
      ask(d, at + 4, 4);
      d.out += ` ident=${d.u32(at + 4)}`;
      next += 4;
    }
    ask(d, next, 4);
    return printPayloads(d, 2, next, phase, doi, protocol, depth);
  },
  2: (d, at, _size, { phase, doi, depth }) => {
    d.out += 'p:';
    ask(d, at, 8);
    const [protocol, spi] = [d.u8(at + 5), d.u8(at + 6)];
    d.out += ` #${d.u8(at + 4)} protoid=${PROTOCOLS(protocol, `#${protocol}`)} transform=${d.u8(at + 7)}`;
    if (spi) d.out += ' spi=';
    if (spi) d.out += raw(d, at + 8, spi);
    ask(d, at + 8 + spi, 4);
    return printPayloads(d, 3, at + 8 + spi, phase, doi, protocol, depth);
  },
  3: printTransform,
  4: plain(' key'),
  5: printIdentity,
  6: certificate,
  7: certificate,
  8: plain(''),
  9: plain(''),
  10: (d, at, size) => {
    d.out += `nonce: n len=${size - 4}`;
    if (d.verbosity > 1) d.out += ' ';
    if (d.verbosity > 2) d.out += raw(d, at + 4, size - 4);
    else if (d.verbosity > 1) some(d, at + 4);
    return at + size;
  },
  11: printNotification,
  12: (d, at) => {
    d.out += 'd:';
    ask(d, at, 12);
    const [doi, protocol, size, count] = [d.u32(at + 4), d.u8(at + 8), d.u8(at + 9), d.u16(at + 10)];
    d.out +=
      doi === 1 ? ` doi=ipsec proto=${PROTOCOLS(protocol, `#${protocol}`)}` : ` doi=${doi} proto=${protocol}`;
    d.out += ` spilen=${size} nspi=${count} spi=`;
    for (let i = 0; i < count; i++) {
      if (i > 0) d.out += ',';
      d.out += raw(d, at + 12 + i * size, size);
    }
    return at + 12 + count * size;
  },
  13: plain(''),
};

const IDENTITIES = names(
  '1 IPv4|FQDN|user FQDN|IPv4net|IPv6|IPv6net|IPv4range|IPv6range|ASN1 DN|ASN1 GN|keyid',
);

function printIdentity(d: Dissection, at: number, size: number): number {
  d.out += 'id:';
  ask(d, at, 8);
  const type = d.u8(at + 4);
  d.out += ` idtype=${IDENTITIES(type, `#${type}`)} protoid=${d.u8(at + 5)} port=${d.u16(at + 6)}`;
  const length = Math.max(0, size - 8);
  if (length === 0) return at + size;
  const value = at + 8;
  ask(d, value, length);
  const needed = NEEDED[type];
  if (needed !== undefined) {
    d.out += ` len=${length} `;
    d.out += length < needed ? `[bad: < ${needed}]` : identity(d, type, value);
  } else if (type === 2 || type === 3) d.out += ` len=${length} ${visibleText(d, value, length)}`;
  else {
    d.out += ` len=${length}`;
    if (d.verbosity > 2) d.out += ` ${raw(d, value, length)}`;
  }
  return at + size;
}

/** Bytes that addresses and pairs of them take, by type of identity. */
const NEEDED: Readonly<Record<number, number>> = { 1: 4, 4: 8, 5: 16, 6: 32, 7: 8, 8: 32 };
function identity(d: Dissection, type: number, at: number): string {
  if (type === 1) return d.ip4(at);
  if (type === 5) return d.ip6(at);
  if (type === 4) return `${d.ip4(at)}/${[...d.data.subarray(at + 4, at + 8)].join('.')}`;
  if (type === 6) return `${d.ip6(at)}/0x${hexBytes(d, at + 16, 16)}`;
  return type === 7 ? `${d.ip4(at)}-${d.ip4(at + 4)}` : `${d.ip6(at)}-${d.ip6(at + 16)}`;
}

const NOTIFICATIONS = names(
  '1 INVALID-PAYLOAD-TYPE|DOI-NOT-SUPPORTED|SITUATION-NOT-SUPPORTED|INVALID-COOKIE|INVALID-MAJOR-VERSION|INVALID-MINOR-VERSION|INVALID-EXCHANGE-TYPE|INVALID-FLAGS|INVALID-MESSAGE-ID|INVALID-PROTOCOL-ID|INVALID-SPI|INVALID-TRANSFORM-ID|ATTRIBUTES-NOT-SUPPORTED|NO-PROPOSAL-CHOSEN|BAD-PROPOSAL-SYNTAX|PAYLOAD-MALFORMED|INVALID-KEY-INFORMATION|INVALID-ID-INFORMATION|INVALID-CERT-ENCODING|INVALID-CERTIFICATE|CERT-TYPE-UNSUPPORTED|INVALID-CERT-AUTHORITY|INVALID-HASH-INFORMATION|AUTHENTICATION-FAILED|INVALID-SIGNATURE|ADDRESS-NOTIFICATION|NOTIFY-SA-LIFETIME|CERTIFICATE-UNAVAILABLE|UNSUPPORTED-EXCHANGE-TYPE|UNEQUAL-PAYLOAD-LENGTHS|8192 RESERVED|16384 CONNECTED|24576 RESPONDER-LIFETIME|REPLAY-STATUS|INITIAL-CONTACT',
);
/** Numbers without a name are counted from where their range begins, but in two ranges. */
function notification(type: number, ipsec: boolean): string {
  const isPlain = type >= 32768 || (!ipsec && ((type >= 8192 && type < 16384) || type >= 24576));
  if (isPlain) return `#${type}`;
  const base = type < 8192 ? 0 : type < 16384 ? 8192 : type < 24576 ? 16384 : 24576;
  return NOTIFICATIONS(type, `#${type - base}`);
}

function printNotification(d: Dissection, at: number, size: number): number {
  d.out += 'n:';
  ask(d, at, 12);
  const [doi, protocol, spi, type] = [d.u32(at + 4), d.u8(at + 8), d.u8(at + 9), d.u16(at + 10)];
  d.out +=
    doi === 1 ? ` doi=ipsec proto=${PROTOCOLS(protocol, `#${protocol}`)}` : ` doi=${doi} proto=${protocol}`;
  d.out += ` type=${notification(type, doi === 1)}`;
  if (spi) d.out += ' spi=';
  if (spi) d.out += raw(d, at + 12, spi);
  const data = at + 12 + spi;
  if (doi !== 1) return data;
  if (data >= d.end) return at + size;
  if (type === 24576) {
    d.out += ' attrs=(';
    sayAttributes(d, data, at + size, 'oakley', ')');
    d.out += ')';
  } else if (type === 24577) {
    d.out += ' status=(';
    d.out += `replay detection ${d.u32(data) ? 'en' : 'dis'}abled)`;
  } else if (d.verbosity > 3) d.out += ` data=(${raw(d, data, d.end - data)})`;
  else some(d, data);
  return at + size;
}

/** UDP port 4500: IKE behind four zero bytes, ESP, or a byte that keeps a translation alive. */
export function printUdpEncapsulated(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'isakmp_rfc3948';
  if (length === 1 && d.u8(at) === 0xff) d.out += 'isakmp-nat-keep-alive';
  else if (length < 4) d.markTruncated();
  else if (d.u32(at) === 0) {
    d.out += 'NONESP-encap: ';
    printIsakmp(d, at + 4, length - 4, ip);
  } else {
    d.out += 'UDP-encap: ';
    printEsp(d, at, length);
  }
}
