/**
 * TCP options: RFC 9293 §3.2, RFC 7323 (timestamps, window scale), RFC 2018 (SACK), RFC 2385 (MD5), RFC 5925
 * (AO), RFC 7413 (fast open), RFC 5482 (user timeout), RFC 8684 (multipath, its own file).
 */

import { IPPROTO } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { hex2, hex4, hexBytes } from '../frame/text.js';
import { printMptcp } from './mptcp.js';

const HEADER = 20;
const END = 0;
const NOP = 1;

/** How an option's data is laid out; what is not listed is printed in hex. */
type Form =
  | 'none'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'sack'
  | 'timestamp'
  | 'md5'
  | 'scps'
  | 'ao'
  | 'timeout'
  | 'mptcp'
  | 'fastOpen'
  | 'experiment'
  | 'unknown';

interface OptionRow {
  readonly name: string;
  readonly form: Form;
  /** Bytes of data that the form needs; the rest of an option that says it is longer is skipped. */
  readonly size?: number;
}

const OPTIONS: ReadonlyMap<number, OptionRow> = new Map<number, OptionRow>([
  [END, { name: 'eol', form: 'none', size: 0 }],
  [NOP, { name: 'nop', form: 'none', size: 0 }],
  [2, { name: 'mss', form: 'u16', size: 2 }],
  [3, { name: 'wscale', form: 'u8', size: 1 }],
  [4, { name: 'sackOK', form: 'none', size: 0 }],
  [5, { name: 'sack', form: 'sack' }],
  [6, { name: 'echo', form: 'u32', size: 4 }],
  [7, { name: 'echoreply', form: 'u32', size: 4 }],
  [8, { name: 'TS', form: 'timestamp', size: 8 }],
  [11, { name: 'cc', form: 'u32', size: 4 }],
  [12, { name: 'ccnew', form: 'u32', size: 4 }],
  [13, { name: '', form: 'u32', size: 4 }],
  [19, { name: 'md5', form: 'md5', size: 16 }],
  [20, { name: 'scps', form: 'scps', size: 2 }],
  [28, { name: 'uto', form: 'timeout', size: 2 }],
  [29, { name: 'tcp-ao', form: 'ao' }],
  [30, { name: 'mptcp', form: 'mptcp' }],
  [34, { name: 'tfo', form: 'fastOpen' }],
  [254, { name: 'exp', form: 'experiment' }],
]);

/** Where the segment's headers begin. */
export interface Segment {
  readonly ip: number;
  readonly tcp: number;
}

/** Marks an option that contradicts its length; the rest of the packet is then left alone. */
const BAD = -1;

/**
 * Prints the options between `at` and `at + length`.
 *
 * @param payload - Bytes behind the options on the wire: a signature covers them.
 * @param peerBase - Sequence number that selective acknowledgements are relative to.
 * @returns false where an option was bad or cut, after which nothing more is printed.
 */
export function printTcpOptions(
  d: Dissection,
  segment: Segment,
  at: number,
  length: number,
  payload: number,
  flags: number,
  peerBase: number,
): boolean {
  const end = at + length;
  let cursor = at;
  let first = true;
  d.out += ', options [';
  while (cursor < end) {
    if (!first) d.out += ',';
    const kind = d.u8(cursor);
    const single = kind === END || kind === NOP;
    const optionLength = single ? 1 : d.u8(cursor + 1);
    if (!single && (optionLength < 2 || cursor + optionLength > end)) return bad(d, first);
    const row = OPTIONS.get(kind);
    d.out += row?.name ?? `unknown-${kind}`;
    const data = cursor + (single ? 1 : 2);
    const size = row?.size ?? optionLength - (single ? 1 : 2);
    const used = printData(d, segment, row?.form ?? 'unknown', data, size, end, payload, flags, peerBase);
    if (used === BAD) return bad(d, first);
    if (used === CUT) {
      d.markTruncated();
      if (!first) d.out += '>';
      return false;
    }
    if (data + size !== cursor + optionLength) d.out += `[len ${optionLength}]`;
    first = false;
    if (kind === END) break;
    cursor = data + size;
  }
  d.out += ']';
  return true;
}

const CUT = -2;

function bad(d: Dissection, first: boolean): false {
  d.out += first ? '[bad opt]' : '[bad opt]]';
  return false;
}

function printSignature(
  d: Dissection,
  segment: Segment,
  at: number,
  size: number,
  end: number,
  payload: number,
): void {
  const isWhole = d.has(end, payload);
  if (isWhole && d.tcpDigest !== undefined) {
    const digest = d.tcpDigest(signed(d, segment, end, payload));
    if (digest.every((byte, index) => byte === d.u8(at + index))) d.out += ' valid';
    // tcpdump 4.99 has two spaces.
    else d.out += '  (invalid)';
    return;
  }
  d.out += isWhole ? ' shared secret not supplied with -M' : ' snaplen too short';
  d.out += `, can't check - ${hexBytes(d, at, size)}`;
}

/** What a signature covers but for the secret (RFC 2385 §2.0): pseudo-header, header without checksum and options, data. */
function signed(d: Dissection, { ip, tcp }: Segment, data: number, payload: number): Uint8Array {
  const isIp4 = d.u8(ip) >> 4 === 4;
  const addresses = isIp4 ? d.data.subarray(ip + 12, ip + 20) : d.data.subarray(ip + 8, ip + 40);
  const length = isIp4 ? d.u16(ip + 2) - 4 * (d.u8(ip) & 0x0f) : d.u16(ip + 4);
  const [high, low] = [(length >> 8) & 0xff, length & 0xff];
  const header = d.data.slice(tcp, tcp + HEADER);
  header.fill(0, 16, 18);
  const pseudo = isIp4 ? [0, IPPROTO.TCP, high, low] : [0, 0, high, low, 0, 0, 0, IPPROTO.TCP];
  return Uint8Array.from([...addresses, ...pseudo, ...header, ...d.data.subarray(data, data + payload)]);
}

/** Prints the data of one option; {@link BAD} or {@link CUT} where that cannot be. */
function printData(
  d: Dissection,
  segment: Segment,
  form: Form,
  at: number,
  size: number,
  end: number,
  payload: number,
  flags: number,
  peerBase: number,
): number {
  if (form === 'sack') return printSack(d, at, size, end, peerBase);
  if (form === 'ao') return printAo(d, at, size, end);
  if (form === 'unknown') return printUnknown(d, at, size);
  if (at + size > end) return BAD;
  if (!d.has(at, size)) return CUT;
  switch (form) {
    case 'none':
      return 0;
    case 'u8':
      d.out += ` ${d.u8(at)}`;
      return 0;
    case 'u16':
      d.out += ` ${d.u16(at)}`;
      return 0;
    case 'u32':
      d.out += ` ${d.u32(at)}`;
      return 0;
    case 'timestamp':
      d.out += ` val ${d.u32(at)} ecr ${d.u32(at + 4)}`;
      return 0;
    case 'md5':
      printSignature(d, segment, at, size, end, payload);
      return 0;
    case 'scps':
      d.out += ` cap ${hex2(d.u8(at))} id ${d.u8(at + 1)}`;
      return 0;
    case 'timeout': {
      const value = d.u16(at);
      d.out += ` 0x${value.toString(16)} ${value & 1 ? (value >> 1) * 60 : value >> 1}`;
      return 0;
    }
    case 'mptcp': {
      const outer = d.end;
      d.end = Math.min(at + size, outer);
      const good = printMptcp(d, at - 2, size + 2, flags);
      d.end = outer;
      return good ? 0 : BAD;
    }
    case 'fastOpen':
      d.out += ' ';
      printFastOpen(d, at, size);
      return 0;
    case 'experiment': {
      if (size < 2) return BAD;
      const magic = d.u16(at);
      d.out += '-';
      if (magic === 0xf989) {
        d.out += 'tfo'; // RFC 7413 §4.1.1, as it was before it had a number
        printFastOpen(d, at + 2, size - 2);
      } else {
        d.out += hex4(magic);
      }
      return 0;
    }
  }
}

function printSack(d: Dissection, at: number, size: number, end: number, base: number): number {
  if (size % 8 !== 0) {
    d.out += ' invalid sack';
    return 0;
  }
  d.out += ` ${size / 8} `;
  for (let i = 0; i < size; i += 8) {
    if (at + i + 8 > end) return BAD;
    if (!d.has(at + i, 8)) return CUT;
    d.out += `{${(d.u32(at + i) - base) >>> 0}:${(d.u32(at + i + 4) - base) >>> 0}}`;
  }
  return 0;
}

function printAo(d: Dissection, at: number, size: number, end: number): number {
  if (size < 2) {
    d.markInvalid();
    return 0;
  }
  if (at + size > end) return BAD;
  if (!d.has(at, 1)) return CUT;
  d.out += ` keyid ${d.u8(at)}`;
  if (!d.has(at, 2)) return CUT;
  d.out += ` rnextkeyid ${d.u8(at + 1)}`;
  if (size === 2) return 0;
  d.out += ' mac 0x';
  return printUntilCut(d, at + 2, size - 2);
}

function printUnknown(d: Dissection, at: number, size: number): number {
  if (size > 0) d.out += ' 0x';
  return printUntilCut(d, at, size);
}

function printUntilCut(d: Dissection, at: number, size: number): number {
  const available = Math.min(size, d.end - at);
  d.out += hexBytes(d, at, available);
  return available < size ? CUT : 0;
}

function printFastOpen(d: Dissection, at: number, size: number): void {
  if (size === 0) d.out += ' cookiereq';
  else if (size % 2 !== 0 || size < 4 || size > 16) d.markInvalid();
  else d.out += ` cookie ${hexBytes(d, at, size)}`;
}
