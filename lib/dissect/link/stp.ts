/**
 * Spanning tree: configuration BPDUs of IEEE 802.1D and 802.1w in full; of multiple and shortest path trees
 * (802.1s, 802.1aq) the head.
 */

import type { Dissection } from '../frame/dissection.js';
import { type FlagNames, flags as flagNames, hex2, hex4 } from '../frame/text.js';

const CONFIG_LENGTH = 35;
const RAPID = 2;
const CONFIG = 0x00;
const RAPID_CONFIG = 0x02;
const TOPOLOGY_CHANGE = 0x80;

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0, '802.1d'],
  [RAPID, '802.1w'],
  [3, '802.1s'],
  [4, '802.1aq'],
]);

const TYPES: ReadonlyMap<number, string> = new Map([
  [CONFIG, 'Config'],
  [RAPID_CONFIG, 'Rapid STP'],
  [TOPOLOGY_CHANGE, 'Topology Change'],
]);

const FLAGS: FlagNames = [
  [0x01, 'Topology change'],
  [0x02, 'Proposal'],
  [0x10, 'Learn'],
  [0x20, 'Forward'],
  [0x40, 'Agreement'],
  [0x80, 'Topology change ACK'],
];

const ROLES = ['Unknown', 'Alternate', 'Root', 'Designated'] as const;

export function printStp(d: Dissection, at: number, length: number): void {
  d.protocol = 'stp';
  if (length < 4) {
    d.markInvalid();
    return;
  }
  if (d.u16(at) !== 0) {
    d.out += `unknown STP version, length ${length}`;
    return;
  }
  const version = d.u8(at + 2);
  const versionName = VERSIONS.get(version);
  d.out += `STP ${versionName ?? `Unknown STP protocol (0x${hex2(version)})`}`;
  if (versionName === undefined) return;
  const type = d.u8(at + 3);
  d.out += `, ${TYPES.get(type) ?? `Unknown BPDU Type (0x${hex2(type)})`}`;
  if (type === CONFIG) {
    if (length < CONFIG_LENGTH) d.markInvalid();
    else printConfig(d, at, length, version);
  } else if (type === RAPID_CONFIG && version === RAPID) {
    if (length < CONFIG_LENGTH + 1) d.markInvalid();
    else printConfig(d, at, length, version);
  }
}

function printConfig(d: Dissection, at: number, length: number, version: number): void {
  const flags = d.u8(at + 4);
  d.out += `, Flags [${flagNames(FLAGS, flags, 'none')}]`;
  d.out += `, bridge-id ${bridge(d, at + 17)}.${hex4(d.u16(at + 25))}, length ${length}`;
  if (!d.verbose) return;
  d.out +=
    `\n\tmessage-age ${seconds(d, at + 27)}, max-age ${seconds(d, at + 29)}` +
    `, hello-time ${seconds(d, at + 31)}, forwarding-delay ${seconds(d, at + 33)}`;
  d.out += `\n\troot-id ${bridge(d, at + 5)}, root-pathcost ${d.u32(at + 13)}`;
  if (version === RAPID) d.out += `, port-role ${ROLES[(flags >> 2) & 3]}`;
}

/** Priority and MAC address. */
function bridge(d: Dissection, at: number): string {
  let text = `${hex4(d.u16(at))}.${hex2(d.u8(at + 2))}`;
  for (let i = 3; i < 8; i++) text += `:${hex2(d.u8(at + i))}`;
  return text;
}

/** Units of 1/256 s, to two places; half goes to the even one, as printf() rounds. */
function seconds(d: Dissection, at: number): string {
  const scaled = d.u16(at) * 100;
  const rest = scaled & 0xff;
  let hundredths = scaled >> 8;
  if (rest > 0x80 || (rest === 0x80 && hundredths % 2 === 1)) hundredths++;
  return `${(hundredths / 100).toFixed(2)}s`;
}
