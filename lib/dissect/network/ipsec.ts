/**
 * IPsec, one line each: the Authentication Header (RFC 4302), ESP (RFC 4303), IPComp (RFC 3173). What
 * ESP carries stays encrypted.
 */

import type { Dissection } from '../frame/dissection.js';
import { hex4, hex8, hexBytes } from '../frame/text.js';

/** Returns the header's length. */
export function printAh(d: Dissection, at: number): number {
  d.cutAs = 'ah';
  d.out += 'AH';
  const words = d.u8(at + 1);
  const length = (words + 2) * 4;
  d.out += '(';
  if (d.verbosity) d.out += `length=${words}(${length}-bytes),`;
  const reserved = d.u16(at + 2);
  if (reserved) d.out += `reserved=0x${reserved.toString(16)}[MustBeZero],`;
  d.out += `spi=0x${hex8(d.u32(at + 4))},`;
  d.out += `seq=0x${d.u32(at + 8).toString(16)},`;
  const valueLength = Math.max(0, length - 12);
  const available = Math.min(valueLength, Math.max(0, d.end - at - 12));
  d.out += `icv=0x${hexBytes(d, at + 12, available)}`;
  d.need(at + 12, valueLength);
  d.out += '): ';
  return length;
}

export function printEsp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'esp';
  if (at + 8 >= d.end) {
    d.markTruncated();
    return;
  }
  d.out += `ESP(spi=0x${hex8(d.u32(at))},seq=0x${d.u32(at + 4).toString(16)}), length ${length}`;
}

export function printIpComp(d: Dissection, at: number): void {
  d.cutAs = 'ipcomp';
  d.out += `IPComp(cpi=0x${hex4(d.u16(at + 2))})`;
}
