/** The precision time protocol, version 2 (IEEE 1588-2008). */

import type { Dissection } from '../frame/dissection.js';
import { bits, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled } from '../frame/text.js';

export const PTP = layout('ptp', {
  'v2.messagetype': bits(0, 0x0f, 1, 'hex'),
  'v2.versionptp': bits(1, 0x0f),
  'v2.messagelength': u16(2),
  'v2.domainnumber': u8(4),
  'v2.sequenceid': u16(30),
});

const HEADER = 34;
const MESSAGES = names(
  'sync msg|delay req msg|peer delay req msg|peer delay resp msg|8 follow up msg|delay resp msg|pdelay resp fup msg|announce msg|signalling msg|management msg',
  'Reserved',
);
const FLAGS = bitNames(
  '1 l1 61|l1 59|4 utc reasonable|8 timescale|16 time tracable|32 frequency tracable|0x100 alternate master|0x200 two step|0x400 unicast|0x1000 profile specific 1|0x2000 profile specific 2|0x4000 security mask|0x18c0 unknown',
);
const CONTROLS = names('Sync|Delay_Req|Follow_Up|Delay_Resp|Management|Other', 'Reserved');

const six = (d: Dissection, at: number): number => d.u16(at) * 2 ** 32 + d.u32(at + 2);
const eight = (d: Dissection, at: number): string => `0x${BigInt(d.u64(at)).toString(16)}`;

function sayTime(d: Dissection, at: number, title: string, comma = ','): void {
  d.out += `, ${title} :`;
  d.out += ` ${six(d, at)} seconds${comma}`;
  d.out += ` ${d.u32(at + 6)} nanoseconds`;
}
function sayPort(d: Dissection, at: number): void {
  d.out += `, port identity : ${eight(d, at)}`;
  d.out += `, port id : ${d.u16(at + 8)}`;
}

/** What the time in each is called, and whether a port follows. */
const TIMES: Readonly<Record<number, readonly [title: string, port: boolean]>> = {
  0: ['originTimeStamp', false],
  1: ['originTimeStamp', false],
  2: ['preciseOriginTimeStamp', true],
  3: ['receiveTimeStamp', true],
  8: ['preciseOriginTimeStamp', false],
  9: ['receiveTimeStamp', true],
  10: ['preciseOriginTimeStamp', true],
};

function sayAnnouncement(d: Dissection, at: number): void {
  sayTime(d, at, 'originTimeStamp', '');
  const say = (place: number, pattern: string): void => {
    d.out += filled(d, at + place, pattern);
  };
  say(10, ', origin cur utc :%2');
  say(12, ', rsvd : %1');
  say(13, ', gm priority_1 : %1');
  say(14, ', gm clock class : %1');
  say(15, ', gm clock accuracy : %1');
  say(16, ', gm clock variance : %2');
  say(18, ', gm priority_2 : %1');
  d.out += `, gm clock id : ${eight(d, at + 19)}`;
  say(27, ', steps removed : %2');
  d.out += `, time source : 0x${d.u8(at + 29).toString(16)}`;
}

function sayManagement(d: Dissection, at: number): void {
  sayPort(d, at);
  // What tcpdump prints is four times the byte behind the port.
  d.out += `, , start boundary hops  ${d.u8(at)}`;
  d.out += `, , boundary hops  ${d.u8(at)}`;
  d.out += `, , flags  0x${d.u8(at).toString(16)}`;
  d.out += `, , reserved  0x${d.u8(at).toString(16)}`;
}

function sayMessage(d: Dissection, start: number): void {
  const first = d.u8(start);
  const type = first & 15;
  d.out += `, v1 compat : ${first & 0x10 ? 'yes' : 'no'}, msg type : ${MESSAGES(type)}`;
  const say = (place: number, pattern: string): void => {
    d.out += filled(d, start + place, pattern);
  };
  say(2, ', length : %2');
  say(4, ', domain : %1, reserved1 : %1');
  d.out += `, Flags [${FLAGS(d.u16(start + 6))}]`;
  d.out += `, NS correction : ${six(d, start + 8)}`;
  say(14, ', sub NS correction : %2');
  say(16, ', reserved2 : %4');
  d.out += `, clock identity : ${eight(d, start + 20)}`;
  say(28, ', port id : %2');
  say(30, ', seq id : %2');
  d.out += `, control : ${d.u8(start + 32)} (${CONTROLS(d.u8(start + 32))})`;
  say(33, ', log message interval : %1');
  const at = start + HEADER;
  const time = TIMES[type];
  if (time !== undefined) {
    sayTime(d, at, time[0]);
    if (time[1]) sayPort(d, at + 10);
  } else if (type === 11) sayAnnouncement(d, at);
  else if (type === 12) sayPort(d, at);
  else if (type === 13) sayManagement(d, at);
}

export function printPtp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ptp';
  if (length < HEADER) {
    d.out += ` [length ${length} < ${HEADER}]`;
    d.markInvalid();
    return;
  }
  const version = d.u8(at + 1);
  d.out += `PTPv${version}`;
  // tcpdump's own words: it reads version 2 only, and so does this.
  if (version === 1) d.out += ' (not implemented)';
  else if (version === 2) sayMessage(d, at);
}
