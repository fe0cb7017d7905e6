/** Ethernet configuration testing protocol ("loopback" of DIX Ethernet II, little-endian). */

import type { Dissection } from '../frame/dissection.js';

const REPLY = 1;
const FORWARD = 2;

export function printLoopbackTest(d: Dissection, at: number, length: number): void {
  d.cutAs = 'loopback';
  d.out += 'Loopback';
  if (length < 2) {
    printInvalid(d, at, length);
    return;
  }
  const skip = d.u16le(at);
  d.out += `, skipCount ${skip}${skip % 8 ? ' (bogus)' : ''}`;
  if (skip > length - 2) {
    printInvalid(d, at + 2, length - 2);
    return;
  }
  d.need(at + 2, skip);
  printMessage(d, at + 2 + skip, length - 2 - skip);
}

function printMessage(d: Dissection, at: number, length: number): void {
  if (length < 2) {
    printInvalid(d, at, length);
    return;
  }
  const kind = d.u16le(at);
  const data = at + 2;
  const rest = length - 2;
  if (kind === REPLY) {
    d.out += ', Reply';
    if (rest < 2) {
      printInvalid(d, data, rest);
      return;
    }
    d.out += `, receipt number ${d.u16le(data)}`;
    d.out += `, data (${rest - 2} octets)`;
  } else if (kind === FORWARD) {
    d.out += ', Forward Data';
    if (rest < 6) {
      printInvalid(d, data, rest);
      return;
    }
    d.out += `, forwarding address ${d.mac(data)}`;
    d.out += `, data (${rest - 6} octets)`;
  } else {
    d.out += `,  invalid (${kind})`;
  }
  d.need(data, rest);
}

function printInvalid(d: Dissection, at: number, length: number): void {
  d.markInvalid();
  d.need(at, length);
}
