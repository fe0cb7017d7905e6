/** PPP's authentication protocols: PAP (RFC 1334) and CHAP (RFC 1994). */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex2, visible } from '../frame/text.js';

const CHAP_CODES = names('1 Challenge|Response|Success|Fail', 'unknown');
const PAP_CODES = names('1 Auth-Req|Auth-ACK|Auth-NACK', 'unknown');

/** Code and identifier; false where they are not there. */
function sayHead(
  d: Dissection,
  name: string,
  codes: (code: number) => string,
  at: number,
  length: number,
): boolean {
  const mark = name.toLowerCase();
  if (length < 4) {
    d.out += length < 1 ? `[|${mark}]` : `[|${mark} 0x${hex2(d.u8(at))}]`;
    return false;
  }
  d.out += `${name}, ${codes(d.u8(at))} (0x${hex2(d.u8(at))})`;
  d.out += `, id ${d.u8(at + 1)}`;
  return true;
}

/** Characters as far as there are any. @throws TRUNCATED behind those. */
function sayChars(d: Dissection, at: number, length: number): void {
  for (let i = 0; i < length; i++) d.out += visible(d.u8(at + i));
}

export function printChap(d: Dissection, at: number, length: number): void {
  if (!sayHead(d, 'CHAP', CHAP_CODES, at, length)) return;
  const [code, size] = [d.u8(at), d.u16(at + 2)];
  if (code === 1 || code === 2) {
    if (length < 5) return;
    const value = d.u8(at + 4);
    if (length - 5 < value) return;
    d.out += ', Value ';
    for (let i = 0; i < value; i++) d.out += hex2(d.u8(at + 5 + i));
    d.out += ', Name ';
    sayChars(d, at + 5 + value, (size - 5 - value) >>> 0);
  } else if (code === 3 || code === 4) {
    d.out += ', Msg ';
    sayChars(d, at + 4, (size - 4) >>> 0);
  }
}

export function printPap(d: Dissection, start: number, length: number): void {
  if (!sayHead(d, 'PAP', PAP_CODES, start, length)) return;
  const [code, size] = [d.u8(start), d.u16(start + 2)];
  if (size > length) {
    d.out += `, length ${size} > packet size`;
    return;
  }
  if (size < 4) {
    d.out += `, length ${size} < PAP header length`;
    return;
  }
  if (code < 1 || code > 3) return;
  if (size < (code === 1 ? 6 : 5)) {
    d.out += '[|pap]';
    return;
  }
  let at = start + 4;
  for (const title of code === 1 ? ['Peer', 'Name'] : ['Msg']) {
    if (start + size - at < 1) return;
    const bytes = d.u8(at++);
    if (start + size - at < bytes) return;
    d.out += `, ${title} `;
    sayChars(d, at, bytes);
    at += bytes;
  }
}
