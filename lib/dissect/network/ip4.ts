/**
 * IPv4 (RFC 791) with its options, and what its protocol number announces.
 */

import { checksum, expectedChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { type FlagNames, flags } from '../frame/text.js';
import { IP_PROTOCOL_NAMES, printIpProtocol, protocolText } from '../tables/ipProtocols.js';

const HEADER = 20;
const FRAGMENT_FLAGS: FlagNames = [
  [0x2000, '+'],
  [0x4000, 'DF'],
  [0x8000, 'rsvd'],
];
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const ECN = ['', ',ECT(1)', ',ECT(0)', ',CE'] as const;

/** Prints an IPv4 packet of which `length` bytes were on the wire. */
export function printIp4(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ip';
  const first = d.u8(at);
  if (first >> 4 !== 4) {
    d.out += first >> 4 === 6 ? 'IP6, wrong link-layer encapsulation' : `IP${first >> 4}`;
    d.markInvalid();
    return;
  }
  if (!d.showsLink) d.out += 'IP ';
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  if (length < HEADER) {
    d.out += `truncated-ip ${length}`;
    return;
  }
  const header = (first & 0x0f) * 4;
  if (header < HEADER) {
    d.out += `bad-hlen ${header}`;
    return;
  }
  const total = d.u16(at + 2);
  if (length < total) d.out += `truncated-ip - ${total - length} bytes missing! `;
  if (total < header) {
    d.out += `bad-len ${total}`;
    return;
  }
  const end = d.end;
  d.limit(at, total);
  printPayload(d, at, header, total - header);
  d.end = end;
}

function printPayload(d: Dissection, at: number, header: number, length: number): void {
  const fragment = d.u16(at + 6);
  const protocol = d.u8(at + 9);
  if (d.verbosity && !printHeader(d, at, header, fragment, protocol)) {
    d.out += `${d.ip4(at + 12)} > ${d.ip4(at + 16)}: `;
    d.markTruncated();
    return;
  }
  if ((fragment & FRAGMENT_OFFSET) !== 0) {
    if (d.quiet > 1) return;
    d.out += `${d.ip4(at + 12)} > ${d.ip4(at + 16)}: ${protocolText(d, protocol)}`;
    return;
  }
  if (protocol !== 6 && protocol !== 17 && protocol !== 132 && protocol !== 33) {
    d.out += `${d.ip4(at + 12)} > ${d.ip4(at + 16)}: `;
  }
  if (!d.has(at, header)) {
    d.out += ` [remaining caplen(${d.end - at}) < header length(${header})]`;
    d.need(at, header);
  }
  printIpProtocol(d, protocol, at + header, length, at, (fragment & MORE_FRAGMENTS) !== 0);
}

/** The parenthesis of `-v`; false where the options are cut. */
function printHeader(d: Dissection, at: number, header: number, fragment: number, protocol: number): boolean {
  const tos = d.u8(at + 1);
  const ttl = d.u8(at + 8);
  d.out += `(tos 0x${tos.toString(16)}${ECN[tos & 3]}`;
  if (ttl >= 1) d.out += `, ttl ${ttl}`;
  d.out += `, id ${d.u16(at + 4)}, offset ${(fragment & FRAGMENT_OFFSET) * 8}`;
  d.out += `, flags [${flags(FRAGMENT_FLAGS, fragment, 'none')}]`;
  d.out += `, proto ${IP_PROTOCOL_NAMES.get(protocol) ?? 'unknown'} (${protocol}), length ${d.u16(at + 2)}`;
  let whole = true;
  if (header > HEADER) {
    d.out += ', options (';
    whole = printOptions(d, at + HEADER, header - HEADER);
    d.out += whole ? ')' : ' [truncated-option])';
  }
  if (d.verifyChecksums && d.has(at, header)) {
    const sum = checksum(d.data, at, header);
    const field = d.u16(at + 10);
    if (sum !== 0) {
      d.out += `, bad cksum ${field.toString(16)} (->${expectedChecksum(field, sum).toString(16)})!`;
    }
  }
  d.out += ')\n    ';
  return whole;
}

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'EOL'],
  [1, 'NOP'],
  [68, 'timestamp'],
  [130, 'security'],
  [7, 'RR'],
  [137, 'SSRR'],
  [131, 'LSRR'],
  [148, 'RA'],
  [82, 'traceroute'],
]);

/** False where an option is cut. */
function printOptions(d: Dissection, start: number, length: number): boolean {
  const end = start + length;
  for (let at = start, separator = ''; at < end; separator = ',') {
    d.out += separator;
    const code = d.u8(at);
    d.out += OPTION_NAMES.get(code) ?? `unknown ${code}`;
    if (code === 0) return true;
    const optionLength = code === 1 ? 1 : d.u8(at + 1);
    if ((optionLength < 2 && code !== 1) || at + optionLength > end) {
      d.out += ` [bad length ${optionLength}]`;
      return true;
    }
    if (!d.has(at, optionLength)) return false;
    if (code === 68 && !printTimestamps(d, at, optionLength)) return false;
    if ((code === 7 || code === 131 || code === 137) && !printRoute(d, at, optionLength)) return false;
    if (code === 148) printRouterAlert(d, at, optionLength);
    at += optionLength;
  }
  return true;
}

function printRoute(d: Dissection, at: number, length: number): boolean {
  if (length < 3) {
    d.out += ` [bad length ${length}]`;
    return true;
  }
  if ((length + 1) & 3) d.out += ` [bad length ${length}]`;
  const pointer = (d.u8(at + 2) - 1) >>> 0;
  if (pointer < 3 || (pointer + 1) & 3 || pointer > length + 1) d.out += ` [bad ptr ${d.u8(at + 2)}]`;
  for (let i = 3; i < length; i += 4) {
    if (!d.has(at + i, 4)) return false;
    d.out += ` ${d.ip4(at + i)}${pointer > i ? ',' : ''}`;
  }
  return true;
}

/** RFC 7126 names the kinds: 0 times only, 1 with addresses, 3 for given addresses. */
function printTimestamps(d: Dissection, at: number, length: number): boolean {
  if (length < 4) {
    d.out += `[bad length ${length}]`;
    return true;
  }
  d.out += ' TS{';
  const kind = d.u8(at + 3) & 0x0f;
  const overflow = d.u8(at + 3) >> 4;
  const hop = kind === 0 ? 4 : 8;
  if ((length - 4) & (hop - 1)) d.out += `[bad length ${length}]`;
  const pointer = (d.u8(at + 2) - 1) >>> 0;
  if (pointer < 4 || (pointer - 4) & (hop - 1) || pointer > length + 1) d.out += `[bad ptr ${d.u8(at + 2)}]`;
  const kindName = kind === 0 ? 'TSONLY' : kind === 1 ? 'TS+ADDR' : kind === 3 ? 'PRESPEC' : undefined;
  let i = 0;
  if (kindName === undefined) {
    d.out += `[bad ts type ${kind}]`;
  } else {
    d.out += kindName;
    for (i = 4; i < length; i += hop) {
      if (!d.has(at + i, hop)) return false;
      const address = hop === 8 ? d.ip4(at + i) : '';
      d.out += `${pointer === i ? ' ^ ' : ' '}${d.u32(at + i + hop - 4)}@${address}`;
    }
  }
  if (pointer === i) d.out += ' ^ ';
  d.out += overflow ? ` [${overflow} hops not recorded]} ` : '}';
  return true;
}

/** RFC 2113. */
function printRouterAlert(d: Dissection, at: number, length: number): void {
  if (length < 4) {
    d.out += ` [bad length ${length}]`;
    return;
  }
  const value = d.u16(at + 2);
  if (value !== 0) d.out += ` value ${value}`;
}
