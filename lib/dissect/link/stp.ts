/** Spanning tree: configuration BPDUs of IEEE 802.1D and 802.1w; mstp.ts has multiple and shortest path trees. */

import type { Dissection } from '../frame/dissection.js';
import { flags as flagNames, hex2, hex4 } from '../frame/text.js';
import { printMstp } from './mstp.js';
import { bridge, FLAGS, role, seconds } from './stpText.js';

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

export function printStp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'stp';
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
  } else if (type === RAPID_CONFIG && version > RAPID) printMstp(d, at, length, version);
}

function printConfig(d: Dissection, at: number, length: number, version: number): void {
  const flags = d.u8(at + 4);
  d.out += `, Flags [${flagNames(FLAGS, flags, 'none')}]`;
  d.out += `, bridge-id ${bridge(d, at + 17)}.${hex4(d.u16(at + 25))}, length ${length}`;
  if (!d.verbosity) return;
  d.out +=
    `\n\tmessage-age ${seconds(d, at + 27)}, max-age ${seconds(d, at + 29)}` +
    `, hello-time ${seconds(d, at + 31)}, forwarding-delay ${seconds(d, at + 33)}`;
  d.out += `\n\troot-id ${bridge(d, at + 5)}, root-pathcost ${d.u32(at + 13)}`;
  if (version === RAPID) d.out += `, port-role ${role(flags)}`;
}
