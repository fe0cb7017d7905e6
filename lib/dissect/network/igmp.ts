/**
 * IGMP versions 1 to 3 (RFC 1112, RFC 2236, RFC 9776) and the traceroute messages of its number range.
 */

import { checksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { duration } from '../frame/text.js';
import { printDvmrp, printPim1 } from './dvmrp.js';
import { IGMP3, printRecords, printSources } from './membership.js';

const DEFAULT_RESPONSE_TIME = 100; // tenths of a second

export function printIgmp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'igmp';
  if (d.quiet) {
    d.out += 'igmp';
    return;
  }
  const type = d.u8(at);
  switch (type) {
    case 0x11:
      d.out += 'igmp query';
      if (length >= 12) printQuery3(d, at, length);
      else printQuery(d, at, length);
      break;
    case 0x12:
      d.out += `igmp v1 report ${d.ip4(at + 4)}`;
      if (length !== 8) d.out += ` [len ${length}]`;
      break;
    case 0x16:
      d.out += `igmp v2 report ${d.ip4(at + 4)}`;
      break;
    case 0x22:
      d.out += 'igmp v3 report';
      printReport3(d, at, length);
      break;
    case 0x17:
      d.out += `igmp leave ${d.ip4(at + 4)}`;
      break;
    case 0x13:
      d.out += 'igmp dvmrp';
      if (length < 8) d.out += ` [len ${length}]`;
      else printDvmrp(d, at, length);
      break;
    case 0x14:
      d.out += 'igmp pimv1';
      printPim1(d, at, length);
      break;
    case 0x1e:
      printTrace(d, 'mresp', at, length);
      break;
    case 0x1f:
      printTrace(d, 'mtrace', at, length);
      break;
    default:
      d.out += `igmp-${type}`;
  }
  if (d.verbosity && length >= 4 && d.has(at, length) && checksum(d.data, at, length) !== 0) {
    d.out += ` bad igmp cksum ${d.u16(at + 2).toString(16)}!`;
  }
}

function printQuery(d: Dissection, at: number, length: number): void {
  const time = d.u8(at + 1);
  d.out += time ? ' v2' : ' v1';
  if (time && time !== DEFAULT_RESPONSE_TIME) d.out += ` [max resp time ${time}]`;
  if (d.u32(at + 4) !== 0) d.out += ` [gaddr ${d.ip4(at + 4)}]`;
  if (length !== 8) d.out += ` [len ${length}]`;
}

/** RFC 9776 §4.1. */
function printQuery3(d: Dissection, at: number, length: number): void {
  d.out += ' v3';
  if (length & 3) {
    d.out += ` [invalid len ${length}]`;
    return;
  }
  const code = d.u8(at + 1);
  const time = code < 128 ? code : ((code & 0x0f) | 0x10) << (((code & 0x70) >> 4) + 3);
  if (code !== DEFAULT_RESPONSE_TIME) {
    d.out += ` [max resp time ${time < 600 ? `${(time * 0.1).toFixed(1)}s` : duration(Math.floor(time / 10))}]`;
  }
  if (d.u32(at + 4) === 0) return;
  d.out += ` [gaddr ${d.ip4(at + 4)}`;
  const sources = d.u16(at + 10);
  if (sources > 0) {
    if (length < 12 + sources * 4) {
      d.out += ' [invalid number of sources]';
    } else if (d.verbosity > 1) {
      printSources(d, IGMP3, at + 12, sources);
    } else {
      d.out += `, ${sources} source(s)`;
    }
  }
  d.out += ']';
}

/** RFC 9776 §4.2. */
function printReport3(d: Dissection, at: number, length: number): void {
  if (length < 16 || length & 3) {
    d.out += ` [invalid len ${length}]`;
    return;
  }
  printRecords(d, IGMP3, at, length);
}

function printTrace(d: Dissection, name: string, at: number, length: number): void {
  if (length < 24) {
    d.out += ` [invalid len ${length}]`;
    return;
  }
  const reply = d.u32(at + 16);
  d.out += `${name} ${d.u24(at + 21)}: ${d.ip4(at + 8)} to ${d.ip4(at + 12)} reply-to ${d.ip4(at + 16)}`;
  if (reply >>> 28 === 0xe) d.out += ` with-ttl ${d.u8(at + 20)}`;
}
