/**
 * DNS resource records, and the options of EDNS (RFC 6891) one level down.
 */

import { ip4Text, ip6Text } from '../frame/addresses.js';
import type { Dissection } from '../frame/dissection.js';
import { duration, hexBytes, visible } from '../frame/text.js';
import { printDomainName, skipDomainName } from './dnsNames.js';

const CLASS_IN = 1;
/** Top bit of the class in multicast DNS: forget what was cached (RFC 6762 §10.2). */
const CACHE_FLUSH = 0x8000;
export const TYPE_OPT = 41;

// biome-ignore format: a table
export const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'A'], [2, 'NS'], [3, 'MD'], [4, 'MF'], [5, 'CNAME'], [6, 'SOA'], [7, 'MB'], [8, 'MG'], [9, 'MR'],
  [10, 'NULL'], [11, 'WKS'], [12, 'PTR'], [13, 'HINFO'], [14, 'MINFO'], [15, 'MX'], [16, 'TXT'], [17, 'RP'],
  [18, 'AFSDB'], [19, 'X25'], [20, 'ISDN'], [21, 'RT'], [22, 'NSAP'], [23, 'NSAP_PTR'], [24, 'SIG'], [25, 'KEY'],
  [26, 'PX'], [27, 'GPOS'], [28, 'AAAA'], [29, 'LOC'], [30, 'NXT'], [31, 'EID'], [32, 'NIMLOC'], [33, 'SRV'],
  [34, 'ATMA'], [35, 'NAPTR'], [36, 'KX'], [37, 'CERT'], [38, 'A6'], [39, 'DNAME'], [40, 'SINK'], [TYPE_OPT, 'OPT'],
  [42, 'APL'], [43, 'DS'], [44, 'SSHFP'], [45, 'IPSECKEY'], [46, 'RRSIG'], [47, 'NSEC'], [48, 'DNSKEY'], [99, 'SPF'],
  [100, 'UINFO'], [101, 'UID'], [102, 'GID'], [103, 'UNSPEC'], [104, 'UNSPECA'], [249, 'TKEY'], [250, 'TSIG'],
  [251, 'IXFR'], [252, 'AXFR'], [253, 'MAILB'], [254, 'MAILA'], [255, 'ANY'], [256, 'URI'],
]);

export const CLASS_NAMES: ReadonlyMap<number, string> = new Map([
  [CLASS_IN, 'IN'],
  [3, 'CHAOS'],
  [4, 'HS'],
  [255, 'ANY'],
]);

/** Prints the record at `start`; the offset behind it, or -1 where it is cut or wrong. */
export function printRecord(d: Dissection, start: number, message: number, multicast: boolean): number {
  let at = start;
  if (d.verbosity) {
    d.out += ' ';
    at = printDomainName(d, start, message);
    if (at < 0) return -1;
  } else {
    at = skipDomainName(d, start);
  }
  if (at < 0 || !d.has(at, 10)) return d.end;
  const type = d.u16(at);
  const classField = d.u16(at + 2);
  const netClass = multicast ? classField & ~CACHE_FLUSH : classField;
  if (netClass !== CLASS_IN && type !== TYPE_OPT) {
    d.out += ` ${CLASS_NAMES.get(netClass) ?? `(Class ${netClass})`}`;
  }
  if (multicast && classField & CACHE_FLUSH) d.out += ' (Cache flush)';
  if (d.verbosity > 2 && type !== TYPE_OPT) d.out += ` [${duration(d.u32(at + 4))}]`;
  const length = d.u16(at + 8);
  const data = at + 10;
  d.out += ` ${TYPE_NAMES.get(type) ?? `Type${type}`}`;
  if (!d.has(data, length)) return -1;
  if (type === TYPE_OPT) {
    d.out += ` UDPsize=${netClass}${d.u16(at + 6) & 0x8000 ? ' DO' : ''}`;
    return printEdnsOptions(d, data, length) ? data + length : -1;
  }
  return printData(d, type, data, length, message) ? data + length : -1;
}

/** False where the data is cut or wrong. Types without a case print their name only. */
function printData(d: Dissection, type: number, at: number, length: number, message: number): boolean {
  switch (type) {
    case 1:
      if (!d.has(at, 4)) return false;
      d.out += ` ${ip4Text(d.i32(at))}`;
      return true;
    case 2:
    case 5:
    case 12:
    case 39:
      d.out += ' ';
      return printDomainName(d, at, message) >= 0;
    case 6:
      return d.verbosity === 0 || printAuthority(d, at, message);
    case 15:
      d.out += ' ';
      if (!d.has(at, 2) || printDomainName(d, at + 2, message) < 0) return false;
      d.out += ` ${d.u16(at)}`;
      return true;
    case 16:
      return printTexts(d, at, length);
    case 28:
      if (!d.has(at, 16)) return false;
      d.out += ` ${ip6Text(d.data, at)}`;
      return true;
    case 33:
      d.out += ' ';
      if (!d.has(at, 6) || printDomainName(d, at + 6, message) < 0) return false;
      d.out += `:${d.u16(at + 4)} ${d.u16(at)} ${d.u16(at + 2)}`;
      return true;
    case 38:
      return printA6(d, at, message);
    case 104:
      return printText(d, at, length);
    case 250:
      return d.verbosity === 0 || printSignature(d, at, message);
    case 256:
      d.out += ` ${d.u16(at)} ${d.u16(at + 2)} `;
      return printText(d, at + 4, (length - 4) >>> 0); // what is too short runs to the end of the packet
    default:
      return true;
  }
}

function printAuthority(d: Dissection, at: number, message: number): boolean {
  d.out += ' ';
  let cursor = printDomainName(d, at, message);
  if (cursor < 0) return false;
  d.out += ' ';
  cursor = printDomainName(d, cursor, message);
  if (cursor < 0 || !d.has(cursor, 20)) return false;
  for (let i = 0; i < 5; i++) d.out += ` ${d.u32(cursor + 4 * i)}`;
  return true;
}

function printTexts(d: Dissection, at: number, length: number): boolean {
  for (let cursor = at; cursor < at + length; ) {
    d.out += ' "';
    if (!d.has(cursor, 1)) return false;
    const size = d.u8(cursor);
    if (!printText(d, cursor + 1, size)) return false;
    d.out += '"';
    cursor += 1 + size;
  }
  return true;
}

/** Prints untrusted text; false, after what there is, where the packet ends inside it. */
function printText(d: Dissection, at: number, length: number): boolean {
  const end = Math.min(at + length, d.end);
  for (let i = at; i < end; i++) d.out += visible(d.data[i]!);
  return end === at + length;
}

/** RFC 2874: a suffix of the address, and the name that has the rest. */
function printA6(d: Dissection, at: number, message: number): boolean {
  if (!d.has(at, 1)) return false;
  const prefix = d.u8(at);
  if (prefix > 128) {
    d.out += ` ${prefix}(bad plen)`;
    return true;
  }
  const skipped = prefix >> 3;
  if (prefix < 128) {
    const address = new Uint8Array(16);
    d.need(at + 1, 16 - skipped);
    address.set(d.data.subarray(at + 1, at + 17 - skipped), skipped);
    d.out += ` ${prefix} ${ip6Text(address, 0)}`;
  }
  if (prefix === 0) return true;
  d.out += ' ';
  return printDomainName(d, at + 17 - skipped, message) >= 0;
}

/** RFC 8945 §4.2. */
function printSignature(d: Dissection, at: number, message: number): boolean {
  d.out += ' ';
  let cursor = printDomainName(d, at, message);
  if (cursor < 0) return false;
  cursor += 6; // time signed
  if (!d.has(cursor, 2)) return false;
  d.out += ` fudge=${d.u16(cursor)}`;
  cursor += 2;
  if (!d.has(cursor, 2)) return false;
  d.out += ` maclen=${d.u16(cursor)}`;
  cursor += 2 + d.u16(cursor);
  for (const name of ['origid', 'error', 'otherlen']) {
    if (!d.has(cursor, 2)) return false;
    d.out += ` ${name}=${d.u16(cursor)}`;
    cursor += 2;
  }
  return true;
}

const EDNS_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'LLQ'],
  [2, 'UL'],
  [3, 'NSID'],
  [5, 'DAU'],
  [6, 'DHU'],
  [7, 'N3U'],
  [8, 'ECS'],
  [9, 'EXPIRE'],
  [10, 'COOKIE'],
  [11, 'KEEPALIVE'],
  [12, 'PADDING'],
  [13, 'CHAIN'],
  [14, 'KEY-TAG'],
  [16, 'CLIENT-TAG'],
  [17, 'SERVER-TAG'],
]);

/** Signature algorithms (RFC 8624). */
const SIGNATURE_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [0, 'DELETE'],
  [1, 'RSAMD5'],
  [2, 'DH'],
  [3, 'DS'],
  [5, 'RSASHA1'],
  [6, 'DSA-NSEC3-SHA1'],
  [7, 'RSASHA1-NSEC3-SHA1'],
  [8, 'RSASHA256'],
  [10, 'RSASHA512'],
  [12, 'ECC-GOST'],
  [13, 'ECDSAP256SHA256'],
  [14, 'ECDSAP384SHA384'],
  [15, 'ED25519'],
  [16, 'ED448'],
  [252, 'INDIRECT'],
  [253, 'PRIVATEDNS'],
  [254, 'PRIVATEOID'],
]);

const DIGEST_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [1, 'SHA-1'],
  [2, 'SHA-256'],
  [3, 'GOST_R_34.11-94'],
  [4, 'SHA-384'],
]);

const NSEC3_ALGORITHMS: ReadonlyMap<number, string> = new Map([[1, 'SHA-1']]);

function printEdnsOptions(d: Dissection, at: number, length: number): boolean {
  if (length === 0) return true;
  const end = at + length;
  d.out += ' [';
  for (let cursor = at; cursor < end; ) {
    if (!d.has(cursor, 2)) return false;
    const code = d.u16(cursor);
    d.out += EDNS_NAMES.get(code) ?? `Opt${code}`;
    if (!d.has(cursor + 2, 2)) return false;
    const size = d.u16(cursor + 2);
    cursor += 4;
    if (!d.has(cursor, size)) return false;
    if (size > 0) {
      d.out += ' ';
      printEdnsOption(d, code, cursor, size);
    }
    cursor += size;
    if (cursor < end) d.out += ',';
  }
  d.out += ']';
  return true;
}

function printEdnsOption(d: Dissection, code: number, at: number, length: number): void {
  switch (code) {
    case 5:
      printAlgorithms(d, SIGNATURE_ALGORITHMS, at, length);
      break;
    case 6:
      printAlgorithms(d, DIGEST_ALGORITHMS, at, length);
      break;
    case 7:
      printAlgorithms(d, NSEC3_ALGORITHMS, at, length);
      break;
    case 8:
      printClientSubnet(d, at, length);
      break;
    case 9:
      if (length === 4) d.out += `${d.u32(at)} sec`;
      else d.markInvalid();
      break;
    case 10: // RFC 7873 §4: 8 bytes from the client, 8 to 32 from the server
      if (length < 8 || (length > 8 && length < 16) || length > 40) d.markInvalid();
      else d.out += hexBytes(d, at, 8) + (length > 8 ? ` ${hexBytes(d, at + 8, length - 8)}` : '');
      break;
    case 11:
      if (length === 2) d.out += `${(d.u16(at) / 10).toFixed(1)} sec`;
      else d.markInvalid();
      break;
    case 12:
      d.out += `(${length})`;
      break;
    case 13:
      printDomainName(d, at, at + length);
      break;
    case 14:
      if (length % 2 !== 0) d.markInvalid();
      else for (let i = 0; i < length; i += 2) d.out += `${i > 0 ? ' ' : ''}${d.u16(at + i)}`;
      break;
    default:
      d.out += hexBytes(d, at, length);
  }
}

function printAlgorithms(
  d: Dissection,
  names: ReadonlyMap<number, string>,
  at: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    const algorithm = d.u8(at + i);
    d.out += `${i > 0 ? ' ' : ''}${names.get(algorithm) ?? `Alg_${algorithm}`}`;
  }
}

/** RFC 7871 §6: as many address bytes as the prefix needs. */
function printClientSubnet(d: Dissection, at: number, length: number): void {
  const size = length - 4;
  const family = size < 0 ? 0 : d.u16(at);
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0;
  if (bits === 0 || size > bits / 8) {
    d.markInvalid();
    return;
  }
  const source = d.u8(at + 2);
  const scope = d.u8(at + 3);
  if (source > bits || scope > bits || (source + 7) >> 3 !== size) {
    d.markInvalid();
    return;
  }
  const address = new Uint8Array(16);
  address.set(d.data.subarray(at + 4, at + 4 + size));
  const text = family === 1 ? Array.from(address.subarray(0, 4)).join('.') : ip6Text(address, 0);
  d.out += `${text}/${source}/${scope}`;
}
