/** Multipoint control in passive optical networks (IEEE 802.3 clause 64), and pause frames. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';

const OPERATIONS = names('1 Pause|Gate|Report|Register Request|Register|Register ACK', '');
const GRANTS = bitNames(
  '8 Discovery|16 Force Grant #1|32 Force Grant #2|64 Force Grant #3|128 Force Grant #4',
  '?',
);
const QUEUES = bitNames('1 Q0|2 Q1|4 Q2|8 Q3|16 Q4|32 Q5|64 Q6|128 Q7', 'Unknown');
const REQUESTS = bitNames('1 Register|3 De-Register', 'Reserved');
const REGISTERS = bitNames('1 Re-Register|2 De-Register|3 ACK|4 NACK', 'Reserved');
const ACKS = bitNames('1 ACK', 'Reserved');

export function printMpcp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'mpcp';
  const operation = d.u16(start);
  d.need(start, 6);
  d.out += `MPCP, Opcode ${OPERATIONS(operation) || `Unknown (${operation})`}`;
  if (operation !== 1) d.out += `, Timestamp ${d.u32(start + 2)} ticks`;
  d.out += `, length ${length}`;
  if (!d.verbosity) return;
  const at = start + 6;
  switch (operation) {
    case 1:
      break;
    case 2:
      printGate(d, at);
      break;
    case 3:
      printReport(d, at);
      break;
    case 4:
      d.out += `\n\tFlags [ ${REQUESTS(d.u8(at))} ], Pending-Grants ${d.u8(at + 1)}`;
      break;
    case 5:
      d.out += `\n\tAssigned-Port ${d.u16(at)}, Flags [ ${REGISTERS(d.u8(at + 2))} ]`;
      d.out += `\n\tSync-Time ${d.u16(at + 3)} ticks, Echoed-Pending-Grants ${d.u8(at + 5)}`;
      break;
    case 6:
      d.out += `\n\tEchoed-Assigned-Port ${d.u16(at + 1)}, Flags [ ${ACKS(d.u8(at))} ]`;
      d.out += `\n\tEchoed-Sync-Time ${d.u16(at + 3)} ticks`;
      break;
    default:
      printUnknown(d, start, length, '\n\t');
  }
}

function printGate(d: Dissection, start: number): void {
  const first = d.u8(start);
  const count = first & 7;
  d.out += `\n\tGrant Numbers ${count}, Flags [ ${GRANTS(first & 0xf8)} ]`;
  let at = start + 1;
  for (let i = 1; i <= count; i++, at += 6)
    d.out += `\n\tGrant #${i}, Start-Time ${d.u32(at)} ticks, duration ${d.u16(at + 4)} ticks`;
  d.out += `\n\tSync-Time ${d.u16(at)} ticks`;
}

function printReport(d: Dissection, start: number): void {
  const sets = d.u8(start);
  d.out += `\n\tTotal Queue-Sets ${sets}`;
  let at = start + 1;
  for (let set = 1; set < sets; set++) {
    const bits = d.u8(at++);
    d.out += `\n\t  Queue-Set #${sets}, Report-Bitmap [ ${QUEUES(bits)} ]`;
    for (let queue = 1, left = bits; left !== 0; queue++, left >>= 1) {
      if (!(left & 1)) continue;
      d.out += `\n\t    Q${queue} Report, Duration ${d.u16(at)} ticks`;
      at += 2;
    }
  }
}
