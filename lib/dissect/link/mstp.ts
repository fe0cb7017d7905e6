/**
 * Multiple spanning trees (IEEE 802.1Q-2014 §14.4.1): the common tree, the region's configuration, a record for each further tree;
 * and what shortest path bridging puts behind them (§14.4.2).
 */

import type { Dissection } from '../frame/dissection.js';
import { flags as flagNames, hex4, hexBytes, visible } from '../frame/text.js';
import { bridge, FLAGS, role, seconds } from './stpText.js';

const SHORTEST_PATH = 4;
/** Up to where the further trees begin. */
const LEAST = 102;
const LENGTH_AT = 36;
/** Of the length that follows, what is no further tree; bytes of such a tree. */
const COMMON = 64;
const INSTANCE = 16;
const NAME = 32;
const LEAST_SHORTEST_PATH = 85;

export function printMstp(d: Dissection, at: number, length: number, version: number): void {
  if (length < LEAST || d.u8(at + 35) !== 0) {
    d.markInvalid();
    return;
  }
  const size = d.u16(at + LENGTH_AT) + 2;
  if (length < LENGTH_AT + size) {
    d.markInvalid();
    return;
  }
  printCommon(d, at, length);
  if (version !== SHORTEST_PATH) return;
  const behind = at + LENGTH_AT + size;
  const more = d.u16(behind);
  if (length < LENGTH_AT + size + more + 2 || more < LEAST_SHORTEST_PATH) d.markInvalid();
  else if (d.verbosity) printShortestPath(d, behind);
}

function printCommon(d: Dissection, at: number, length: number): void {
  const flags = d.u8(at + 4);
  d.out += `, CIST Flags [${flagNames(FLAGS, flags, 'none')}], length ${length}`;
  if (!d.verbosity) return;
  d.out += `\n\tport-role ${role(flags)}, CIST root-id ${bridge(d, at + 5)}, CIST ext-pathcost ${d.u32(at + 13)}`;
  d.out += `\n\tCIST regional-root-id ${bridge(d, at + 17)}, CIST port-id ${hex4(d.u16(at + 25))},`;
  d.out += `\n\tmessage-age ${seconds(d, at + 27)}, max-age ${seconds(d, at + 29)}`;
  d.out += `, hello-time ${seconds(d, at + 31)}, forwarding-delay ${seconds(d, at + 33)}`;
  const size = d.u16(at + LENGTH_AT);
  d.out += `\n\tv3len ${size}, MCID Name `;
  printName(d, at + 39);
  d.out += `, rev ${d.u16(at + 71)},\n\t\tdigest ${hexBytes(d, at + 73, 16)}, `;
  d.out += `CIST int-root-pathcost ${d.u32(at + 89)},`;
  d.out += `\n\tCIST bridge-id ${bridge(d, at + 93)}, `;
  d.out += `CIST remaining-hops ${d.u8(at + 101)}`;
  for (let i = 0; COMMON + (i + 1) * INSTANCE <= size; i++) printInstance(d, at + LEAST + i * INSTANCE);
}

/** Up to a zero byte, and no further than it may go. */
function printName(d: Dissection, at: number): void {
  for (let i = 0; i < NAME && d.u8(at + i) !== 0; i++) d.out += visible(d.u8(at + i));
}

function printInstance(d: Dissection, at: number): void {
  const flags = d.u8(at);
  d.out += `\n\tMSTI ${d.u16(at + 1) & 0xfff}, Flags [${flagNames(FLAGS, flags, 'none')}], port-role ${role(flags)}`;
  d.out += `\n\t\tMSTI regional-root-id ${bridge(d, at + 1)}, pathcost ${d.u32(at + 9)}`;
  d.out += `\n\t\tMSTI bridge-prio ${d.u8(at + 13) >> 4}, port-prio ${d.u8(at + 14) >> 4}, hops ${d.u8(at + 15)}`;
}

function printShortestPath(d: Dissection, at: number): void {
  d.out += `\n\tv4len ${d.u16(at)}, AUXMCID Name `;
  printName(d, at + 3);
  d.out += `, Rev ${d.u16(at + 35)},\n\t\tdigest ${hexBytes(d, at + 37, 16)}`;
  d.need(at + 53, 34);
  const agreement = d.u8(at + 53);
  d.out += `\n\tAgreement num ${agreement >> 6}, Discarded Agreement num ${(agreement >> 4) & 3}`;
  d.out += `, Agreement valid-flag ${(agreement >> 3) & 1},\n\tRestricted role-flag: ${(agreement >> 2) & 1}`;
  const [format, convention] = [d.u8(at + 55), d.u8(at + 56)];
  d.out += `, Format id ${format >> 4} cap ${format}, Convention id ${convention >> 4} cap ${convention},`;
  d.out += `\n\tEdge count ${d.u16(at + 57)}, Agreement digest ${hexBytes(d, at + 67, 20)}`;
}
