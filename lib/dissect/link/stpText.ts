/** Words that all kinds of spanning tree share. */

import type { Dissection } from '../frame/dissection.js';
import { type FlagNames, hex2, hex4 } from '../frame/text.js';

export const FLAGS: FlagNames = [
  [0x01, 'Topology change'],
  [0x02, 'Proposal'],
  [0x10, 'Learn'],
  [0x20, 'Forward'],
  [0x40, 'Agreement'],
  [0x80, 'Topology change ACK'],
];

const ROLES = ['Unknown', 'Alternate', 'Root', 'Designated'] as const;

export const role = (flags: number): string => ROLES[(flags >> 2) & 3]!;

/** Priority and MAC address. */
export function bridge(d: Dissection, at: number): string {
  let text = `${hex4(d.u16(at))}.${hex2(d.u8(at + 2))}`;
  for (let i = 3; i < 8; i++) text += `:${hex2(d.u8(at + i))}`;
  return text;
}

/** Units of 1/256 s, to two places; half goes to the even one, as printf() rounds. */
export function seconds(d: Dissection, at: number): string {
  const scaled = d.u16(at) * 100;
  const rest = scaled & 0xff;
  let hundredths = scaled >> 8;
  if (rest > 0x80 || (rest === 0x80 && hundredths % 2 === 1)) hundredths++;
  return `${(hundredths / 100).toFixed(2)}s`;
}
