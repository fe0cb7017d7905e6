/**
 * TCP (RFC 9293): ports, flags, sequence numbers relative to the connection's first, options, and what the
 * port announces.
 */

import { IPPROTO } from '../../names/index.js';
import { expectedChecksum, transportChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { flags as flagNames, hex4, visible } from '../frame/text.js';
import { printTcpPayload } from '../tables/tcpPorts.js';
import { printTcpOptions } from './tcpOptions.js';

const HEADER = 20;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const URG = 0x20;

/** `tcpdump` shows this much of the text that some stacks send with a reset (RFC 9293 §3.5.3). */
const MOST_RESET_TEXT = 30;

// biome-ignore format: a table
const FLAG_LETTERS = [
  [FIN, 'F'], [SYN, 'S'], [RST, 'R'], [0x08, 'P'], [ACK, '.'], [URG, 'U'], [0x40, 'E'], [0x80, 'W'],
] as const;

/** Text of combinations of flags, each made when the first packet has it. */
const flagTexts: string[] = [];

function flagText(flags: number): string {
  flagTexts[flags] ??= flagNames(FLAG_LETTERS, flags, 'none', '');
  return flagTexts[flags];
}

export function printTcp(d: Dissection, at: number, length: number, ip: number, fragmented: boolean): void {
  d.cutAs = 'tcp';
  const v6 = d.u8(ip) >> 4 === 6;
  if (!d.has(at + 2, 2)) {
    d.out += v6 ? `${d.ip6(ip + 8)} > ${d.ip6(ip + 24)}:` : `${d.ip4(ip + 12)} > ${d.ip4(ip + 16)}:`;
    d.markTruncated();
    return;
  }
  const sourcePort = d.u16(at);
  const destinationPort = d.u16(at + 2);
  printPorts(d, ip, v6, sourcePort, destinationPort);
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  const header = (d.u8(at + 12) >> 4) * 4;
  if (header < HEADER) {
    d.out += ` tcp ${(length - header) >>> 0} [bad hdr length ${header} - too short, < ${HEADER}]`;
    return;
  }
  if (d.quiet) {
    d.out += `tcp ${(length - header) >>> 0}`;
    if (header > length) d.out += ` [bad hdr length ${header} - too long, > ${length}]`;
    return;
  }
  let seq = d.u32(at + 4);
  let ack = d.u32(at + 8);
  const flags = d.u8(at + 13);
  d.out += `Flags [${flagText(flags)}]`;
  let peerBase = 0; // what selective acknowledgements are relative to
  if (!d.absoluteSequence && (flags & ACK) !== 0) {
    const { connections } = d;
    const reverse = isReverse(d, ip, v6, sourcePort, destinationPort);
    fillKey(d, ip, v6, sourcePort, destinationPort, reverse);
    const restart = (flags & SYN) !== 0;
    const known = reverse ? connections.look(restart, ack - 1, seq) : connections.look(restart, seq, ack - 1);
    peerBase = reverse ? connections.seq : connections.ack;
    if (known) {
      seq = (seq - (reverse ? connections.ack : connections.seq)) >>> 0;
      ack = (ack - peerBase) >>> 0;
    }
  }
  if (header > length) {
    d.out += ` [bad hdr length ${header} - too long, > ${length}]`;
    return;
  }
  if (d.verbosity && d.verifyChecksums && !fragmented && d.has(at, length)) {
    const sum = transportChecksum(d, ip, at, length, IPPROTO.TCP);
    const field = d.u16(at + 16);
    d.out += `, cksum 0x${hex4(field)}`;
    d.out += sum === 0 ? ' (correct)' : ` (incorrect -> 0x${hex4(expectedChecksum(field, sum))})`;
  }
  const payload = length - header;
  if (payload > 0) d.out += `, seq ${seq}:${(seq + payload) >>> 0}`;
  else if (d.verbosity > 1 || (flags & (SYN | FIN | RST)) !== 0) d.out += `, seq ${seq}`;
  if ((flags & ACK) !== 0) d.out += `, ack ${ack}`;
  d.out += `, win ${d.u16(at + 14)}`;
  if ((flags & URG) !== 0) d.out += `, urg ${d.u16(at + 18)}`;
  if (
    header > HEADER &&
    !printTcpOptions(d, { ip, tcp: at }, at + HEADER, header - HEADER, payload, flags, peerBase)
  )
    return;
  d.out += `, length ${payload}`;
  if (payload === 0) return;
  if (!d.has(at, header)) {
    d.out += ` [remaining caplen(${d.end - at}) < header length(${header})]`;
    d.need(at, header);
  }
  if ((flags & RST) !== 0 && d.verbosity) printResetText(d, at + header, payload);
  else printTcpPayload(d, at + header, payload, ip, sourcePort, destinationPort);
}

/** Behind extension headers the addresses have been printed already. */
function printPorts(d: Dissection, ip: number, v6: boolean, source: number, destination: number): void {
  if (v6) {
    if (d.u8(ip + 6) === IPPROTO.TCP) {
      d.out += `${d.ip6(ip + 8)}.${d.tcpPort(source)} > ${d.ip6(ip + 24)}.${d.tcpPort(destination)}: `;
      return;
    }
  } else if (d.u8(ip + 9) === IPPROTO.TCP) {
    d.out += `${d.ip4(ip + 12)}.${d.tcpPort(source)} > ${d.ip4(ip + 16)}.${d.tcpPort(destination)}: `;
    return;
  }
  d.out += `${d.tcpPort(source)} > ${d.tcpPort(destination)}: `;
}

/** Both directions share an entry, under the direction from the lower port, or else the lower address. */
function isReverse(d: Dissection, ip: number, v6: boolean, source: number, destination: number): boolean {
  if (source !== destination) return source > destination;
  const from = v6 ? ip + 8 : ip + 12;
  const size = v6 ? 16 : 4;
  for (let i = 0; i < size; i++) {
    const difference = d.u8(from + i) - d.u8(from + size + i);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function fillKey(
  d: Dissection,
  ip: number,
  v6: boolean,
  source: number,
  destination: number,
  reverse: boolean,
): void {
  const { key } = d.connections;
  const words = v6 ? 4 : 1;
  const from = v6 ? ip + 8 : ip + 12;
  const to = from + 4 * words;
  const first = reverse ? to : from;
  const second = reverse ? from : to;
  for (let i = 0; i < 4; i++) {
    key[i] = i < words ? d.i32(first + 4 * i) : 0;
    key[4 + i] = i < words ? d.i32(second + 4 * i) : 0;
  }
  key[8] = reverse ? (destination << 16) | source : (source << 16) | destination;
}

function printResetText(d: Dissection, at: number, length: number): void {
  d.out += d.has(at, length) ? ' [RST' : ' [!RST';
  d.out += length > MOST_RESET_TEXT ? '+ ' : ' ';
  const end = Math.min(at + Math.min(length, MOST_RESET_TEXT), d.end);
  for (let i = at; i < end; i++) d.out += visible(d.data[i]!);
  d.out += ']';
}
