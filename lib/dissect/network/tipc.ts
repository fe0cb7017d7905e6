/** Transparent inter-process communication, version 1 and 2 of its headers. */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex8 } from '../frame/text.js';

const USERS = names(
  'Low Importance Data payload|Medium Importance Data payload|High Importance Data payload|Critical Importance Data payload|5 Broadcast Link Protocol internal|Message Bundler Protocol internal|Link State Protocol internal|Connection Manager internal|10 Link Changeover Protocol internal|Name Table Update Protocol internal|Message Fragmentation Protocol internal|Neighbor Detection Protocol internal',
  'unknown',
);
const MESSAGES = names('CONN_MSG|MCAST_MSG|NAMED_MSG|DIRECT_MSG');
const REQUESTS = names('Link request|Link response');
const DATA = new Set([0, 1, 2, 3, 8, 11]);
const INTERNAL = new Set([5, 6, 7, 10, 12]);
const CONFIGURATION = 13;

function node(d: Dissection, at: number): string {
  const address = d.u32(at);
  return `${address >>> 24}.${(address >>> 12) & 0xfff}.${address & 0xfff}`;
}

export function printTipc(d: Dissection, at: number): void {
  d.cutAs = 'tipc';
  const first = d.u32(at);
  const user = (first >>> 25) & 15;
  const header = (first >>> 21) & 15;
  const kind = (): number => d.u8(at + 4) >> 5;
  const say = (ends: string, type: string): void => {
    d.out += `TIPC v${first >>> 29}.0 ${ends}, headerlength ${4 * header} bytes, MessageSize ${first & 0x1_ffff} bytes, ${USERS(user)}, messageType ${type}`;
  };
  if (DATA.has(user)) {
    const ports = [d.u32(at + 16), d.u32(at + 20)];
    if (header <= 6) say(`${node(d, at + 12)}:${ports[0]} > ${ports[1]}`, MESSAGES(kind()));
    else {
      say(`${node(d, at + 24)}:${ports[0]} > ${node(d, at + 28)}:${ports[1]}`, MESSAGES(kind()));
      if (d.verbosity)
        d.out += `\n\tPrevious Node ${node(d, at + 12)}, Broadcast Ack ${d.u16(at + 6)}, Link Ack ${d.u16(at + 8)}, Link Sequence ${d.u16(at + 10)}`;
    }
  } else if (INTERNAL.has(user)) {
    say(`${node(d, at + 24)} > ${node(d, at + 28)}`, `${MESSAGES(kind())} (0x${hex8(d.u32(at + 4))})`);
    if (!d.verbosity) return;
    d.out += `\n\tPrevious Node ${node(d, at + 12)}, Session No. ${d.u16(at + 20)}, Broadcast Ack ${d.u16(at + 6)}, Sequence Gap ${d.u16(at + 4) & 0x1fff},  Broadcast Gap After ${d.u16(at + 8)}, Broadcast Gap To ${d.u16(at + 10)}, Last Sent Packet No. ${d.u16(at + 16)}, Next sent Packet No. ${d.u16(at + 18)}, Transport Sequence ${d.u32(at + 32)}, msg_count ${d.u16(at + 36)}, Link Tolerance ${d.u16(at + 38)}`;
  } else if (user === CONFIGURATION) {
    say(`${node(d, at + 12)} > ${node(d, at + 8)}`, REQUESTS(kind()));
    if (d.verbosity)
      d.out += `\n\tNodeSignature ${d.u16(at + 6)}, network_id ${d.u32(at + 16)}, media_id ${d.u8(at + 23)}`;
  }
}
