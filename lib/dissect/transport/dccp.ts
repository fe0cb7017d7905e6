/** Datagrams with congestion control (RFC 4340). */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import { expectedChecksum, transportChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { bits, flag, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex4, hexBytes } from '../frame/text.js';

export const DCCP = layout('dccp', {
  srcport: u16(0),
  dstport: u16(2),
  data_offset: u8(4),
  ccval: bits(5, 0xf0),
  cscov: bits(5, 0x0f),
  checksum: u16(6, 'hex'),
  type: bits(8, 0x1e),
  x: flag(8, 1),
});

const PROTOCOL = 33;
const TYPES = names(
  'DCCP-Request|DCCP-Response|DCCP-Data|DCCP-Ack|DCCP-DataAck|DCCP-CloseReq|DCCP-Close|DCCP-Reset|DCCP-Sync|DCCP-SyncAck',
  '',
);
/** What each type has behind the general header. */
const MORE = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8];
const OPTIONS = names(
  'nop|mandatory|slowreceiver|32 change_l|confirm_l|change_r|confirm_r|initcookie|ndp_count|ack_vector0|ack_vector1|data_dropped|timestamp|timestamp_echo|elapsed_time|data_checksum',
  '',
);
const RESETS =
  'unspecified|closed|aborted|no_connection|packet_error|option_error|mandatory_error|connection_refused|bad_service_code|too_busy|bad_init_cookie|aggression_penalty'.split(
    '|',
  );
const FEATURES =
  'reserved|ccid|allow_short_seqno|sequence_window|ecn_incapable|ack_ratio|send_ack_vector|send_ndp_count|minimum checksum coverage|check data checksum'.split(
    '|',
  );

const six = (d: Dissection, at: number): number => d.u16(at) * 2 ** 32 + d.u32(at + 2);

function sayOption(d: Dissection, type: number, at: number, size: number): void {
  const value = (): number => d.u32(at + 2);
  const octets = (): string => Array.from({ length: size - 2 }, (_, i) => d.u8(at + 2 + i)).join(' ');
  if (type >= 32 && type <= 35) {
    if (size < 3) {
      d.out += ' optlen too short';
      return;
    }
    const feature = FEATURES[d.u8(at + 2)];
    if (feature === undefined) return;
    d.out += ` ${feature}`;
    for (let i = 3; i < size; i++) d.out += ` ${d.u8(at + i)}`;
  } else if (type === 37) d.out += size > 2 ? ` ${octets()}` : '';
  else if (type === 36 || (type >= 38 && type <= 40))
    d.out += size > 2 ? ` 0x${hexBytes(d, at + 2, size - 2)}` : '';
  else if (type === 41) d.out += size === 6 ? ` ${value()}` : ' [optlen != 6]';
  else if (type === 42) {
    if (size !== 6 && size !== 8 && size !== 10) d.out += ' [optlen != 6 or 8 or 10]';
    else d.out += ` ${value()}`;
    if (size === 8) d.out += ` (elapsed time ${d.u16(at + 6)})`;
    if (size === 10) d.out += ` (elapsed time ${d.u32(at + 6)})`;
  } else if (type === 43) {
    d.out += size === 6 ? ` ${value()}` : size === 4 ? ` ${d.u16(at + 2)}` : ' [optlen != 4 or 6]';
  } else if (type === 44 && size > 2) d.out += ` ${hexBytes(d, at + 2, size - 2)}`;
}

/** How many bytes it takes; 0 where nothing more is to be read. */
function printOption(d: Dissection, at: number, left: number): number {
  const type = d.u8(at);
  const name = type >= 128 ? `CCID option ${type}` : OPTIONS(type) || `Option ${type}`;
  const size = type >= 32 ? d.u8(at + 1) : 1;
  if (type >= 32 && size < 2) {
    d.out += `${name} optlen too short`;
    return 0;
  }
  if (left < size) {
    d.out += `${name} optlen goes past header length`;
    return 0;
  }
  if (!d.has(at, size)) {
    d.markTruncated();
    return 0;
  }
  d.out += name;
  if (type < 128) sayOption(d, type, at, size);
  else if (size === 4) d.out += ` ${d.u16(at + 2)}`;
  else if (size === 6) d.out += ` ${d.u32(at + 2)}`;
  return size;
}

function sayCoverage(d: Dissection, at: number, length: number, ip: number): void {
  const second = d.u8(at + 5);
  d.out += ` (CCVal ${second >> 4}, CsCov ${second & 15}`;
  if (d.has(at, length)) {
    const field = d.u16(at + 6);
    d.out += `, cksum 0x${hex4(field)} `;
    const covered = second & 15 ? d.u8(at + 4) * 4 + ((second & 15) - 1) * 4 : length;
    const sum = transportChecksum(d, ip, at, length, PROTOCOL, Math.min(covered, length));
    d.out += sum === 0 ? '(correct)' : `(incorrect -> 0x${hex4(expectedChecksum(field, sum))})`;
  }
  d.out += ')';
}

function printHeader(d: Dissection, at: number, length: number, ip: number): void {
  if (at + 12 > d.end) throw ENDS_EARLY;
  if (length < 12) {
    d.out += `truncated-dccp - ${12 - length} bytes missing!`;
    return;
  }
  const extended = (d.u8(at + 8) & 1) !== 0;
  let header = extended ? 16 : 12;
  if (length < header) {
    d.out += `truncated-dccp - ${header - length} bytes missing!`;
    return;
  }
  ask(d, at, header);
  const v6 = d.u8(ip) >> 4 === 6;
  const [source, destination] = v6 ? [d.ip6(ip + 8), d.ip6(ip + 24)] : [d.ip4(ip + 12), d.ip4(ip + 16)];
  d.out += `${source}.${d.u16(at)} > ${destination}.${d.u16(at + 2)}: DCCP`;
  const all = d.u8(at + 4) * 4;
  if (d.quiet) {
    d.out += ` ${(length - all) >>> 0}`;
    if (all > length) d.out += ` [bad hdr length ${all} - too long, > ${length}]`;
    return;
  }
  if (d.verbosity) sayCoverage(d, at, length, ip);
  d.out += ' ';
  const type = (d.u8(at + 8) >> 1) & 15;
  const data = at + header;
  const name = TYPES(type) || `unknown-type-${type}`;
  header += MORE[type] ?? 0;
  if (length < header) {
    d.out += `truncated-${name} - ${header - length} bytes missing!`;
    return;
  }
  if (type === 0) ask(d, data, 4);
  else if (type === 1 || type === 7) ask(d, data, 12);
  d.out += `${name} `;
  if (type === 0) d.out += `(service=${d.u32(data)}) `;
  else if (type === 1) d.out += `(service=${d.u32(data + 8)}) `;
  else if (type === 7) d.out += `(code=${RESETS[d.u8(data + 8)] ?? 'invalid'}) `;
  if (type !== 0 && type !== 2) d.out += `(ack=${extended ? six(d, data + 2) : d.u24(data + 1)}) `;
  if (d.verbosity < 2) return;
  d.out += `seq ${extended ? six(d, at + 10) : d.u24(at + 9)}`;
  if (all <= header) return;
  d.out += ' <';
  let left = all - header;
  for (let option = at + header; ; d.out += ', ') {
    const size = printOption(d, option, left);
    if (size === 0 || left <= size) break;
    left -= size;
    option += size;
  }
  d.out += '>';
}

export function printDccp(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'dccp';
  untilCut(d, () => printHeader(d, at, length, ip));
}
