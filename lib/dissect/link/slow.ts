/** IEEE 802.3's slow protocols: link aggregation control, its marker, and Ethernet in the first mile's OAM. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { u8 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';

export const SLOW = layout('slow', { subtype: u8(0, 'hex') });

const SUBTYPES = names('1 LACP|MARKER|OAM', '');
const TLVS = names(
  '0x100 Terminator|Actor Information|Partner Information|Collector Information|0x200 Terminator|Marker Information',
);
const STATES = bitNames(
  '1 Activity|Timeout|4 Aggregation|8 Synchronization|16 Collecting|32 Distributing|64 Default|128 Expired',
);
const CODES = names(
  'Information|Event Notification|Variable Request|Variable Response|Loopback Control|254 Vendor Private',
  '',
);
const FLAGS = bitNames(
  '1 Link Fault|Dying Gasp|4 Critical Event|8 Local Evaluating|16 Local Stable|32 Remote Evaluating|64 Remote Stable',
);
const INFORMATION = names('End of TLV marker|Local|Remote|254 Organization specific', 'Reserved');
const PARSERS = names('forwarding|looping back|discarding|reserved', 'Reserved');
const MULTIPLEXERS = names('forwarding|4 discarding', 'Reserved');
const CONFIGURATION = bitNames(
  '1 Active|Unidirectional|4 Remote-Loopback|8 Link-Events|16 Variable-Retrieval',
);
const EVENTS = names(
  'End of TLV marker|Errored Symbol Period Event|Errored Frame Event|Errored Frame Period Event|Errored Frame Seconds Summary Event|254 Organization specific',
  'Reserved',
);
const COMMANDS = names('1 Enable OAM Remote Loopback|Disable OAM Remote Loopback');

const LACP = 1;
const MARKER = 2;
const OAM = 3;

/** Nothing more is read. */
const TOO_SHORT = new Error('packet is too short');

type Form = readonly [size: number, say: (d: Dissection, at: number) => string];
const participant: Form = [
  20,
  (d, at) =>
    `\n\t  System ${d.mac(at + 4)}, System Priority ${d.u16(at + 2)}, Key ${d.u16(at + 10)}, Port ${d.u16(at + 14)}, Port Priority ${d.u16(at + 12)}\n\t  State Flags [${STATES(d.u8(at + 16))}]`,
];
/** By protocol and type. */
const FORMS: Readonly<Record<number, Form>> = {
  257: participant,
  258: participant,
  259: [16, (d, at) => `\n\t  Max Delay ${d.u16(at + 2)}`],
  513: [
    16,
    (d, at) =>
      filled(
        d,
        at + 4,
        `\n\t  Request System %m, Request Port ${d.u16(at + 2)}, Request Transaction ID 0x%x4`,
      ),
  ],
};

function printTlvs(d: Dissection, start: number, length: number, protocol: number): void {
  for (let at = start, left = length; left > 0; ) {
    if (left < 2) throw TOO_SHORT;
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\t${TLVS(protocol * 256 + type)} TLV (0x${type.toString(16).padStart(2, '0')}), length ${size}`;
    if (type === 0) return;
    if (size < 2) {
      d.out += '\n\t    ERROR: illegal length - should be >= 2';
      return;
    }
    if (left < size) throw TOO_SHORT;
    d.need(at, size);
    const form = FORMS[protocol * 256 + type];
    if (form !== undefined) {
      if (size === form[0]) d.out += form[1](d, at);
      else d.out += `\n\t    ERROR: illegal length - should be ${form[0]}`;
    } else if (d.verbosity <= 1) printUnknown(d, at + 2, size - 2, '\n\t  ');
    if (d.verbosity > 1) printUnknown(d, at + 2, size - 2, '\n\t  ');
    at += size;
    left -= size;
  }
}

const INFORMATION_FORM: Form = [
  16,
  (d, at) => {
    const state = d.u8(at + 5);
    const oui = d.u24(at + 9);
    let text = `\n\t    OAM-Version ${d.u8(at + 2)}, Revision ${d.u16(at + 3)}`;
    text += `\n\t    State-Parser-Action ${PARSERS(state & 3)}, State-MUX-Action ${MULTIPLEXERS(state & 4)}`;
    text += `\n\t    OAM-Config Flags [${CONFIGURATION(d.u8(at + 6))}], OAM-PDU-Config max-PDU size ${d.u16(at + 7) & 0x7ff}`;
    return `${text}\n\t    OUI ${OUI_NAMES.get(oui) ?? 'Unknown'}${filled(d, at + 9, ' (0x%x3), Vendor-Private 0x%x4')}`;
  },
];
const EVENT_FORM: Form = [
  40,
  (d, at) =>
    `\n\t    Timestamp ${d.u16(at + 2) * 100} ms${filled(d, at + 4, ', Errored Window %8\n\t    Errored Threshold %8\n\t    Errors %8\n\t    Error Running Total %8\n\t    Event Running Total %4')}`,
];

/** TLVs of information or of events; `known` types are of one form. */
function printParts(
  d: Dissection,
  start: number,
  length: number,
  title: (type: number) => string,
  known: readonly number[],
  [wanted, say]: Form,
): void {
  for (let at = start, left = length; left > 0; ) {
    if (left < 2) throw TOO_SHORT;
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\t  ${title(type)} Type (${type}), length ${size}`;
    if (type === 0) return;
    if (size < 2) {
      d.out += '\n\t    ERROR: illegal length - should be >= 2';
      return;
    }
    if (left < size) throw TOO_SHORT;
    d.need(at, size);
    const good = known.includes(type) && size === wanted;
    if (good) d.out += say(d, at);
    else if (known.includes(type)) d.out += `\n\t    ERROR: illegal length - should be ${wanted}`;
    if (d.verbosity > 1 || !good) printUnknown(d, at, size, '\n\t  ');
    at += size;
    left -= size;
  }
}

function printOam(d: Dissection, start: number, length: number): void {
  if (length < 3) throw TOO_SHORT;
  d.need(start, 3);
  const code = d.u8(start + 2);
  d.out += `\n\tCode ${CODES(code) || `Unknown (${code})`} OAM PDU, Flags [${FLAGS(d.u16(start))}]`;
  const [at, left] = [start + 3, length - 3];
  if (code === 0) {
    printParts(d, at, left, (type) => `${INFORMATION(type)} Information`, [1, 2], INFORMATION_FORM);
  } else if (code === 1) {
    if (left < 2) throw TOO_SHORT;
    d.out += `\n\t  Sequence Number ${d.u16(at)}`;
    const title = (type: number): string => `${EVENTS(type)} Link Event`;
    printParts(d, at + 2, left - 2, title, [1, 2, 3, 4], EVENT_FORM);
  } else if (code === 4) {
    if (left < 1) throw TOO_SHORT;
    d.out += `\n\t  Command ${COMMANDS(d.u8(at))} (${d.u8(at)})`;
  } else if (d.verbosity <= 1) printUnknown(d, at, left, '\n\t  ');
}

function printSubtype(d: Dissection, start: number, length: number): void {
  if (length < 1) throw TOO_SHORT;
  const subtype = d.u8(start);
  const name = SUBTYPES(subtype) || `unknown (${subtype})`;
  const versioned = subtype === LACP || subtype === MARKER;
  if (versioned) {
    if (length < 2) throw TOO_SHORT;
    const version = d.u8(start + 1);
    if (version !== 1) {
      d.out += `${name} version ${version} packet not supported`;
      return;
    }
    d.out += `${name}v${version}, length ${length}`;
  } else d.out += `${name}, length ${length}`;
  if (!versioned && subtype !== OAM) printUnknown(d, start, length, '\n\t');
  else if (d.verbosity && versioned) printTlvs(d, start + 2, length - 2, subtype);
  else if (d.verbosity) printOam(d, start + 1, length - 1);
}

export function printSlow(d: Dissection, start: number, length: number): void {
  d.cutAs = 'slow';
  try {
    printSubtype(d, start, length);
  } catch (error) {
    if (error !== TOO_SHORT) throw error;
    d.out += d.verbosity ? '\n\t\t packet is too short' : ' (packet is too short)';
  }
}
