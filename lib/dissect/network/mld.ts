/**
 * Multicast Listener Discovery version 2 (RFC 9777).
 */

import type { Dissection } from '../frame/dissection.js';
import { MLD2, printRecords, printSources } from './membership.js';

export function printListenerReport(d: Dissection, at: number, length: number): void {
  if (length < 8) {
    d.out += ` [invalid len ${length}]`;
    return;
  }
  printRecords(d, MLD2, at, length);
}

export function printListenerQuery(d: Dissection, at: number, length: number): void {
  d.out += ' v2';
  const code = d.u16(at + 4);
  const delay = code < 0x8000 ? code : ((code & 0x0fff) | 0x1000) << (((code & 0x7000) >> 12) + 3);
  if (d.verbosity) d.out += ` [max resp delay=${delay}]`;
  d.out += ` [gaddr ${d.ip6(at + 8)}`;
  if (d.verbosity) {
    const bits = d.u8(at + 24);
    if (bits & 0x08) d.out += ' sflag';
    if (bits & 0x07) d.out += ` robustness=${bits & 0x07}`;
    const interval = d.u8(at + 25);
    d.out += ` qqi=${interval < 128 ? interval : ((interval & 0x0f) | 0x10) << (((interval & 0x70) >> 4) + 3)}`;
  }
  const sources = d.u16(at + 26);
  if (sources > 0) {
    if (length < 28 + sources * 16) d.out += ' [invalid number of sources]';
    else if (d.verbosity > 1) printSources(d, MLD2, at + 28, sources);
    else d.out += `, ${sources} source(s)`;
  }
  d.out += ']';
}
