/** SCTP (RFC 9260): its chunks, and M3UA (RFC 4666) among what they carry. The fields are in headers.ts. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { printForces } from './forces.js';
import { printM3ua } from './m3ua.js';

const PROTOCOL = 132;
const HEADER = 12;
// biome-ignore format: a table
const CHUNKS: Readonly<Record<number, string>> = {
  0: 'DATA', 1: 'INIT', 2: 'INIT ACK', 3: 'SACK', 4: 'HB REQ', 5: 'HB ACK', 6: 'ABORT', 7: 'SHUTDOWN',
  8: 'SHUTDOWN ACK', 9: 'OP ERR', 10: 'COOKIE ECHO', 11: 'COOKIE ACK', 12: 'ECN ECHO', 13: 'ECN CWR',
  14: 'SHUTDOWN COMPLETE', 192: 'FOR CUM TSN', 193: 'REL CTRL', 194: 'REL CTRL ACK',
};
const DATA = 0;
const M3UA = 3;
const FIRST_FORCES = 21;
/** Payload protocol identifiers (IANA, sctp-parameters), from 1. */
// biome-ignore format: a table
const PAYLOADS = [
  'ISDN Q.921', 'M2UA', 'M3UA', 'SUA', 'M2PA', 'V5.2', 'H.248', 'BICC', 'TALI', 'DUA', 'ASAP', 'ENRP', 'H.323', 'Q.IPC',
  'SIMCO', 'DDPSC', 'DDPSSC', 'S1AP', 'RUA', 'HNBAP', 'ForCES HP', 'ForCES MP', 'ForCES LP', 'SBc-AP', 'NBAP', '', 'X2AP',
];
/** Ports of ForCES (RFC 5811 §4.2.1), by priority. */
const FORCES: Readonly<Record<number, string>> = {
  6704: '[ForCES HP]',
  6705: '[ForCES MP]',
  6706: '[ForCES LP]',
};

export function printSctp(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'sctp';
  if (length < HEADER) {
    d.out += `truncated-sctp - ${HEADER - length} bytes missing!`;
    return;
  }
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  const [source, destination] = [d.u16(at), d.u16(at + 2)];
  printPorts(d, ip, source, destination);
  const names = (FORCES[source] ?? '') + (FORCES[destination] ?? '');
  d.out += `sctp${names}`;
  try {
    printChunks(d, at + HEADER, at + length, names !== '');
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    d.markTruncated();
  }
}

/** Behind extension headers the addresses have been printed already. */
function printPorts(d: Dissection, ip: number, source: number, destination: number): void {
  const v6 = d.u8(ip) >> 4 === 6;
  if (d.u8(v6 ? ip + 6 : ip + 9) !== PROTOCOL) {
    d.out += `${source} > ${destination}: `;
    return;
  }
  const [from, to] = v6 ? [d.ip6(ip + 8), d.ip6(ip + 24)] : [d.ip4(ip + 12), d.ip4(ip + 16)];
  d.out += `${from}.${source} > ${to}.${destination}: `;
}

function printChunks(d: Dissection, first: number, end: number, isForces: boolean): void {
  const before = (number: number): string =>
    d.verbosity > 1 ? `\n\t${number}) ` : `${number === 1 ? ' ' : ', '}(${number}) `;
  let at = first;
  for (let number = 1; at < end; number++) {
    if (end - at < 4) {
      d.out += `${before(number)}[chunk descriptor cut off at end of packet]`;
      return;
    }
    const size = d.u16(at + 2);
    if (size < 4) {
      d.out += `${before(number)}[Bad chunk length ${size}, < size of chunk descriptor]`;
      return;
    }
    d.need(at, size);
    if (at + size > end) {
      d.out += `${before(number)}[Bad chunk length ${size}, > remaining data in packet]`;
      return;
    }
    const type = d.u8(at);
    d.out += before(number);
    d.out +=
      CHUNKS[type] === undefined ? `[Unknown chunk type: 0x${type.toString(16)}] ` : `[${CHUNKS[type]}] `;
    if (!printChunk(d, at, type, size, isForces)) return;
    const filled = Math.min((size + 3) & ~3, end - at);
    d.need(at, filled);
    at += filled;
  }
}

/** False where the chunk is shorter than its kind. */
function printChunk(d: Dissection, at: number, type: number, size: number, isForces: boolean): boolean {
  if (type === DATA) return printData(d, at, size, isForces);
  if (type === 1 || type === 2) {
    if (size < 20) return bogus(d, size);
    d.out += `[init tag: ${d.u32(at + 4)}] [rwnd: ${d.u32(at + 8)}] [OS: ${d.u16(at + 12)}] [MIS: ${d.u16(at + 14)}] `;
    d.out += `[init TSN: ${d.u32(at + 16)}] `;
  } else if (type === 3) return printSack(d, at, size);
  return true;
}

function bogus(d: Dissection, size: number): false {
  d.out += `bogus chunk length ${size}]`;
  return false;
}

function printData(d: Dissection, at: number, size: number, isForces: boolean): boolean {
  const flags = d.u8(at + 1);
  if ((flags & 7) !== 0)
    d.out += `${flags & 4 ? '(U)' : ''}${flags & 2 ? '(B)' : ''}${flags & 1 ? '(E)' : ''} `;
  if (size < 16) return bogus(d, size);
  d.out += `[TSN: ${d.u32(at + 4)}] [SID: ${d.u16(at + 8)}] [SSEQ ${d.u16(at + 10)}] `;
  const kind = d.u32(at + 12);
  d.out += `[PPID ${PAYLOADS[kind - 1] || `0x${kind.toString(16)}`}] `;
  const payload = size - 16;
  if (payload === 0) return bogus(d, size);
  if (isForces || (kind >= FIRST_FORCES && kind < FIRST_FORCES + 3)) printForces(d, at + 16, payload);
  else if (kind === M3UA) {
    if (d.verbosity > 1) printM3ua(d, at + 16, payload);
  } else if (d.verbosity > 1) {
    d.out += '[Payload';
    if (d.dumpUnknown) {
      d.out += ':';
      printHexAscii(d, at + 16, payload);
    }
    d.out += ']';
  }
  d.cutAs = 'sctp';
  return true;
}

function printSack(d: Dissection, at: number, size: number): boolean {
  if (size < 16) return bogus(d, size);
  const [gaps, duplicates] = [d.u16(at + 12), d.u16(at + 14)];
  const acknowledged = d.u32(at + 4);
  d.out += `[cum ack ${acknowledged}] [a_rwnd ${d.u32(at + 8)}] [#gap acks ${gaps}] [#dup tsns ${duplicates}] `;
  const end = at + size;
  let next = at + 16;
  for (let i = 1; i <= gaps && next < end; i++, next += 4) {
    if (next + 4 > end) return bogus(d, size);
    const [from, to] = [d.u16(next), d.u16(next + 2)].map((offset) => (acknowledged + offset) >>> 0);
    d.out += `\n\t\t[gap ack block #${i}: start = ${from}, end = ${to}] `;
  }
  for (let i = 1; i <= duplicates && next < end; i++, next += 4) {
    if (next + 4 > end) return bogus(d, size);
    d.out += `\n\t\t[dup TSN #${i}: ${d.u32(next)}] `;
  }
  return true;
}
