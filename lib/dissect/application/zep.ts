/** ZigBee Encapsulation Protocol: frames of 802.15.4 that sniffers send in UDP. */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex4, visible } from '../frame/text.js';
import { localDate } from '../frame/timestamp.js';
import { printWpanFrame } from '../link/wpan.js';

const TO_1970 = 2_208_988_800;
const ACKNOWLEDGEMENT = 2;

function time(d: Dissection, at: number): string {
  const seconds = d.u32(at);
  const fraction = Math.floor((Math.fround(d.u32(at + 4)) / 0x1_0000_0000) * 1e9);
  const text = `${seconds}.${`${fraction}`.padStart(9, '0')}`;
  return seconds === 0 ? text : `${text} (${localDate((seconds - TO_1970) >>> 0)})`;
}

/** `EX` */
const PREAMBLE = 0x4558;

export function printZep(d: Dissection, at: number, length: number): void {
  d.cutAs = 'zep';
  d.out += 'ZEP';
  if (length < 3) {
    d.markTruncated();
    return;
  }
  d.need(at, 2);
  if (d.u16(at) !== PREAMBLE) {
    d.out += ` [Preamble Code: ${visible(d.u8(at))}${visible(d.u8(at + 1))}]`;
    d.markInvalid();
    return;
  }
  const version = d.u8(at + 2);
  d.out += `v${version} `;
  const old = version === 1;
  if (!old && length < 4) {
    d.markTruncated();
    return;
  }
  const acknowledges = !old && d.u8(at + 3) === ACKNOWLEDGEMENT;
  const header = old ? 16 : acknowledges ? 8 : 32;
  if (length < header) {
    d.out += ` [len ${length} < ${header}]`;
    d.markInvalid();
    return;
  }
  let inner = 0;
  if (acknowledges) d.out += `ACK, seq# = ${d.u32(at + 4)}`;
  else {
    const base = old ? at + 3 : at + 4;
    d.out += `${old ? '' : `Type ${d.u8(at + 3)}, `}Channel ID ${d.u8(base)}, Device ID 0x${hex4(d.u16(base + 1))}, `;
    d.out += d.u8(base + 3) === 0 ? `LQI ${d.u8(base + 4)}, ` : 'CRC, ';
    if (!old) d.out += time(d, at + 9);
    inner = d.u8(at + header - 1);
    d.out += `${old ? '' : `, seq# = ${d.u32(at + 17)}, `}inner len = ${inner}`;
  }
  let isDumped = inner === 0;
  if (inner > 0) {
    d.out += '\n\t';
    const { data, end, linkHeaderLength } = d;
    d.data = data.subarray(at + header);
    d.end = d.data.length;
    d.linkHeaderLength = 0;
    try {
      printWpanFrame(d, inner);
      isDumped = d.linkHeaderLength === 0 && inner > 1 && (inner <= d.end || !d.out.endsWith('[|802.15.4]'));
    } finally {
      Object.assign(d, { data, end, linkHeaderLength });
    }
  }
  if (isDumped && d.dumpUnknown) printHexAscii(d, at + header, length - header);
}
