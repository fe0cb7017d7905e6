/** What goes over ATM: classical IP of Linux, and frames as RFC 2684 has them. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { filled } from '../frame/text.js';
import { printOsi } from '../network/clnp.js';
import { printLlc } from './llc.js';

/** An LLC header and what it announces; returns the header's length. */
export function printAtmFrame(d: Dissection, at: number, length: number): number {
  const header = printLlc(d, at, length, d.end - at, -1, -1);
  if (header < 0 && d.dumpUnknown) printHexAscii(d, at, d.end - at);
  return Math.abs(header);
}

/** LINKTYPE_LINUX_CLIP: IP with an LLC header or without. */
export function printClassicalIp(d: Dissection, length: number): void {
  d.cutAs = 'cip';
  if (d.showsLink) d.out += `${length}: `;
  d.need(0, 6);
  if (d.u24(0) === 0xaaaa03 && d.u24(3) === 0) d.linkHeaderLength = printAtmFrame(d, 0, length);
  else d.next.ip4(d, 0, length);
}

const UI = 0x03;
/** SNAP, OSI, IP: what else begins a frame is a header of 20 bytes. */
const HEADS = new Set([0xaaaa03, 0xfefe03, 0x060603]);
const MORE = 20;

/** LINKTYPE_ATM_RFC1483. */
export function printAtm(d: Dissection, length: number): void {
  d.cutAs = 'atm';
  const need = (least: number): void => {
    if (length < least) throw TRUNCATED;
    d.need(0, least);
  };
  need(1);
  if (d.u8(0) === UI) {
    if (d.showsLink) d.out += 'CNLPID ';
    printOsi(d, 1, length - 1);
    return;
  }
  need(3);
  let at = 0;
  if (!HEADS.has(d.u24(0))) {
    if (d.showsLink) d.out += filled(d, 0, '%x8 %x8 ');
    need(MORE);
    at = MORE;
  }
  d.linkHeaderLength = at;
  d.linkHeaderLength = at + printAtmFrame(d, at, length - at);
}
