/** ATM as SunATM's driver records it: signalling, cells for operation (ITU-T I.610) and emulated Ethernet (ATM Forum LANE). */

import { printSnmp } from '../application/snmp.js';
import type { Dissection } from '../frame/dissection.js';
import { type Names, names } from '../frame/names.js';
import { filled, hex4 } from '../frame/text.js';
import { printAtmFrame } from './atm.js';
import { printEthernet } from './ethernet.js';

const SIGNALS = names(
  '2 Call_proceeding|5 Setup|7 Connect|15 Connect_ack|70 Restart|77 Release|Restart_ack|90 Release_complete|117 Status_enquiry|125 Status|128 Add_party|Add_party_ack|Add_party_reject|Drop_party|Drop_party_ack',
  '',
);

function printSignal(d: Dissection, at: number): void {
  const protocol = d.u8(at);
  if (protocol !== 9) {
    d.out += `SSCOP, proto ${protocol} `;
    return;
  }
  d.out += 'Q.2931';
  const type = d.u8(at + 5);
  d.out += `:${SIGNALS(type) || `msgtype#${type}`} ${filled(d, at + 2, 'CALL_REF:0x%x3')}`;
}

const FLOWS = names('3 OAM F4 (segment)|OAM F4 (end)', 'OAM F5');
const PAYLOADS = names(
  'user data, uncongested, SDU 0|user data, uncongested, SDU 1|user data, congested, SDU 0|user data, congested, SDU 1|VCC OAM F5 flow segment|VCC OAM F5 flow end-to-end|Traffic Control and resource Mgmt',
);
const CELLS = names(
  '1 Fault Management|Performance Management|8 activate/deactivate|15 System Management',
  'unknown',
);
const FUNCTIONS: Readonly<Record<number, Names>> = {
  1: names('AIS|RDI|4 Continuity Check|8 Loopback', 'none'),
  2: names('Forward Monitoring|Backward Reporting|Monitoring and Reporting', 'none'),
  8: names('Performance Monitoring|Continuity Check', 'none'),
};
const LOOPBACK = 0x18;
const CELL_PAYLOAD = 48;

/** @param skipped - Bytes before the cell's header. */
export function printAtmCell(d: Dissection, start: number, length: number, skipped: number): void {
  d.cutAs = 'oam';
  const at = start + skipped + 4;
  const kinds = d.u8(at);
  const header = d.u32(at - 4);
  const circuit = (header >>> 4) & 0xffff;
  d.out += `${FLOWS(circuit)}, vpi ${(header >>> 20) & 0xff}, vci ${circuit}`;
  d.out += `, payload [ ${PAYLOADS((header >> 1) & 7)} ], clp ${header & 1}, length ${length}`;
  if (!d.verbosity) return;
  const [cell, action] = [kinds >> 4, kinds & 15];
  const kind = FUNCTIONS[cell]?.(action) ?? 'unknown';
  d.out += `\n\tcell-type ${CELLS(cell)} (${cell}), func-type ${kind} (${action})`;
  const places = (from: number, count: number): void => {
    for (let i = 1; i < count; i += 2) d.out += `${hex4(d.u16(from + i))} `;
  };
  if (kinds === LOOPBACK) {
    d.need(at + 1, 45);
    d.out += `\n\tLoopback-Indicator ${d.u8(at + 1) & 1 ? 'Request' : 'Reply'}`;
    d.out += `${filled(d, at + 2, ', Correlation-Tag 0x%x4')}\n\tLocation-ID `;
    places(at + 6, 12);
    d.out += '\n\tSource-ID   ';
    places(at + 18, 12);
  } else if (kinds === 0x10 || kinds === 0x11) {
    d.need(at + 1, 45);
    d.out += `${filled(d, at + 1, '\n\tFailure-type 0x%x1')}\n\tLocation-ID `;
    places(at + 2, 16);
  }
  const sum = d.u16(at + CELL_PAYLOAD - 2) & 0x3ff;
  d.out += `\n\tcksum 0x${sum.toString(16).padStart(3, '0')} (${remainder(d, at) === 0 ? '' : 'in'}correct)`;
}

/** CRC-10 (I.610 §7.1), x^10 + x^9 + x^5 + x^4 + x + 1, of bytes of which the last are their own: 0 where they are right. */
function remainder(d: Dissection, at: number): number {
  let rest = 0;
  for (let i = 0; i < CELL_PAYLOAD; i++)
    for (let bit = 7; bit >= 0; bit--) {
      rest = (rest << 1) | ((d.u8(at + i) >> bit) & 1);
      if (rest & 0x400) rest ^= 0x633;
    }
  return rest;
}

const CONTROLS = names(
  '1 configure request|join request|ready query|register request|unregister request|ARP request|flush request|NARP request|topology request|257 configure response|join response|ready indication|register response|unregister response|ARP response|flush response',
  '',
);
const CONTROL = 0xff00;

function printLane(d: Dissection, at: number, length: number): void {
  d.cutAs = 'lane';
  if (d.u16(at) === CONTROL) {
    const code = d.u16(at + 4);
    d.out += `lec: proto ${d.u8(at + 2).toString(16)} vers ${d.u8(at + 3).toString(16)} `;
    d.out += CONTROLS(code) || `opcode-#${code}`;
    return;
  }
  if (d.has(at, 16)) d.out += `lecid:${d.u16(at).toString(16)} `;
  printEthernet(d, at + 2, length - 2, d.end - at - 2);
}

const HEADER = 4;

/** LINKTYPE_SUNATM. */
export function printSunAtm(d: Dissection, length: number): void {
  d.cutAs = 'sunatm';
  const kind = d.u8(0);
  if (d.showsLink) d.out += kind & 0x80 ? 'Tx: ' : 'Rx: ';
  const [path, circuit, rest] = [d.u8(1), d.u16(2), length - HEADER];
  d.linkHeaderLength = HEADER;
  if (d.showsLink) d.out += `VPI:${path} VCI:${circuit} `;
  const signal = path === 0 ? circuit : -1;
  d.cutAs = 'atm';
  if (signal === 5) printSignal(d, HEADER);
  else if (signal === 2) d.out += 'broadcast sig: ';
  else if (signal === 3 || signal === 4) printAtmCell(d, HEADER, rest, 1);
  else if (signal === 1) d.out += 'meta: ';
  else if (signal === 16) {
    d.out += 'ilmi: ';
    printSnmp(d, HEADER, rest);
  } else if ((kind & 15) === 1) printLane(d, HEADER, rest);
  else printAtmFrame(d, HEADER, rest);
}
