/** M3UA: messages of SS7's MTP level 3 over SCTP (RFC 4666 §3). */

import type { Dissection } from '../frame/dissection.js';
import { hex2, hex4, hex8 } from '../frame/text.js';

const HEADER = 8;
interface Class {
  readonly name: string;
  readonly messages: Readonly<Record<number, string>>;
}
// biome-ignore format: a table
const CLASSES: Readonly<Record<number, Class>> = {
  0: { name: 'Management', messages: { 0: 'Error', 1: 'Notify' } },
  1: { name: 'Transfer', messages: { 1: 'Data' } },
  2: { name: 'SS7', messages: { 1: 'Destination Unavailable', 2: 'Destination Available', 3: 'Destination State Audit', 4: 'Signalling Congestion', 5: 'Destination User Part Unavailable', 6: 'Destination Restricted' } },
  3: { name: 'ASP', messages: { 1: 'Up', 2: 'Down', 3: 'Heartbeat', 4: 'Up Acknowledgement', 5: 'Down Acknowledgement', 6: 'Heartbeat Acknowledgement' } },
  4: { name: 'ASP', messages: { 1: 'Active', 2: 'Inactive', 3: 'Active Acknowledgement', 4: 'Inactive Acknowledgement' } },
  9: { name: 'Routing Key Management', messages: { 1: 'Registration Request', 2: 'Registration Response', 3: 'Deregistration Request', 4: 'Deregistration Response' } },
};
// biome-ignore format: a table
const PARAMETERS: Readonly<Record<number, string>> = {
  4: 'INFO String', 6: 'Routing Context', 7: 'Diagnostic Info', 9: 'Heartbeat Data', 11: 'Traffic Mode Type',
  12: 'Error Code', 13: 'Status', 17: 'ASP Identifier', 18: 'Affected Point Code', 19: 'Correlation ID', 512: 'Network Appearance',
  516: 'User/Cause', 517: 'Congestion Indications', 518: 'Concerned Destination', 519: 'Routing Key',
  520: 'Registration Result', 521: 'Deregistration Result', 522: 'Local Routing Key Identifier', 523: 'Destination Point Code',
  524: 'Service Indicators', 526: 'Originating Point Code List', 528: 'Protocol Data',
  530: 'Registration Status', 531: 'Deregistration Status',
};
/** Those that are one number. */
const NUMBERS = new Set([6, 19, 0x200]);

export function printM3ua(d: Dissection, at: number, length: number): void {
  d.cutAs = 'm3ua';
  if (length < HEADER) {
    d.markInvalid();
    return;
  }
  if (d.u8(at) !== 1) return;
  const [kind, type] = [d.u8(at + 2), d.u8(at + 3)];
  const row = CLASSES[kind];
  if (row === undefined) d.out += `\n\t\tUnknown message class ${kind}`;
  else d.out += `\n\t\t${row.name} ${row.messages[type] ?? `Unknown (0x${hex2(type)})`} Message`;
  const size = d.u32(at + 4);
  if (size !== length) {
    d.out += `\n\t\t\t@@@@@@ Corrupted length ${size} of message @@@@@@`;
    return;
  }
  printParameters(d, at + HEADER, at + length);
}

function printParameters(d: Dissection, first: number, end: number): void {
  for (let at = first; at < end; ) {
    if (end - at < 4) {
      d.markInvalid();
      return;
    }
    const tag = d.u16(at);
    d.out += `\n\t\t\t${PARAMETERS[tag] ?? `Unknown Parameter (0x${hex4(tag)})`}: `;
    const size = d.u16(at + 2);
    if (size < 4) {
      d.markInvalid();
      return;
    }
    d.need(at, (size + 3) & ~3);
    if (!NUMBERS.has(tag)) d.out += `(length ${size})`;
    // Where the value should stand tcpdump shows the parameter's head.
    else if (size === 8) d.out += `0x${hex8(d.u32(at))}`;
    else {
      d.markInvalid();
      return;
    }
    at += (size + 3) & ~3;
  }
}
