/** The time stamp header that Arista switches put in front of the EtherType. */

import type { Dissection } from '../frame/dissection.js';
import { hex4 } from '../frame/text.js';

const TIMESTAMP = 1;
const FORMAT_64 = 1;
const FORMAT_48 = 2;

/** Returns the header's length, or -1 where it is of another kind. */
export function printAristaHeader(d: Dissection, at: number): number {
  d.cutAs = 'arista';
  const kind = d.u16(at);
  d.out += `SubType ${kind === TIMESTAMP ? 'Timestamp' : 'Unknown'} (0x${hex4(kind)}), `;
  if (kind !== TIMESTAMP) return -1;
  const scale = d.u8(at + 2);
  d.out += `Timescale ${['TAI', 'UTC'][scale] ?? 'Unknown'} (${scale}), `;
  const format = d.u8(at + 3) >> 4;
  const hardware = d.u8(at + 3) & 0x0f;
  const formatName = format === FORMAT_64 ? '64-bit' : format === FORMAT_48 ? '48-bit' : 'Unknown';
  d.out += `Format ${formatName} (${format}), HwInfo ${['R/R2', 'R3'][hardware] ?? 'Unknown'} (${hardware}), Timestamp `;
  const long = format === FORMAT_64;
  if (!long && format !== FORMAT_48) return -1;
  const nanoseconds = d.u32(at + (long ? 8 : 6));
  const seconds = (long ? d.u32(at + 4) : d.u16(at + 4)) + Math.floor(nanoseconds / 1e9);
  const fraction = `${nanoseconds % 1e9}`.padStart(9, '0');
  const time = long ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') : `${seconds}`;
  d.out += `${time}.${fraction}: `;
  return long ? 12 : 10;
}
