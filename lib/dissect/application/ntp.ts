/**
 * NTP (RFC 5905): the time message and the head of the control message.
 */

import type { Dissection } from '../frame/dissection.js';
import { hex8, visible } from '../frame/text.js';

const TIME_MESSAGE = 48;
const CONTROL_MESSAGE = 12;
/** Seconds from 1900, where NTP's era 0 begins, to 1970. */
const TO_1970 = 2_208_988_800;

const MODES = [
  'unspecified',
  'symmetric active',
  'symmetric passive',
  'Client',
  'Server',
  'Broadcast',
  'Control Message',
  'Reserved',
] as const;
const MODE_CONTROL = 6;

const LEAPS = ['', '+1s', '-1s', 'clock unsynchronized'] as const;

export function printNtp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ntp';
  const status = d.u8(at);
  const mode = status & 7;
  d.out += `NTPv${(status >> 3) & 7}, ${MODES[mode]}, length ${length}`;
  if (!d.verbosity) return;
  d.out += `\n\tLeap indicator: ${LEAPS[status >> 6]} (${status & 0xc0})`;
  if (mode < MODE_CONTROL) {
    if (length < TIME_MESSAGE) printInvalid(d, at, length);
    else if (!printTimeMessage(d, at, length)) d.markTruncated();
  } else if (mode === MODE_CONTROL) {
    printControlMessage(d, at, length);
  }
}

function printInvalid(d: Dissection, at: number, length: number): void {
  d.markInvalid();
  if (!d.has(at, length)) d.markTruncated();
}

function printTimeMessage(d: Dissection, at: number, length: number): boolean {
  const stratum = d.u8(at + 1);
  d.out += `, Stratum ${stratum} (${stratumText(stratum)})`;
  const poll = signed(d.u8(at + 2));
  d.out += `, poll ${poll}${pollText(poll)}`;
  d.out += `, precision ${signed(d.u8(at + 3))}`;
  if (!d.has(at + 4, 4)) return false;
  d.out += `\n\tRoot Delay: ${shortTime(d, at + 4)}`;
  if (!d.has(at + 8, 4)) return false;
  d.out += `, Root dispersion: ${shortTime(d, at + 8)}`;
  if (!d.has(at + 12, 4)) return false;
  d.out += ', Reference-ID: ';
  if (stratum === 62 || stratum === 63) {
    d.out += `${d.ip4(at + 12)} INFO_${stratum === 62 ? 'QUERY' : 'REPLY'}`;
    return true;
  }
  if (stratum === 0) d.out += '(unspec)';
  else if (stratum === 1) for (let i = 0; i < 4; i++) d.out += visible(d.u8(at + 12 + i));
  else d.out += `0x${hex8(d.u32(at + 12))}`;
  const times = [
    'Reference Timestamp:  ',
    'Originator Timestamp: ',
    'Receive Timestamp:    ',
    'Transmit Timestamp:   ',
  ];
  for (let i = 0; i < 4; i++) {
    if (!d.has(at + 16 + 8 * i, 8)) return false;
    d.out += `\n\t  ${times[i]}${ntpTime(d, at + 16 + 8 * i)}`;
  }
  d.out += `\n\t    Originator - Receive Timestamp:  ${deltaText(d, at + 24, at + 32)}`;
  d.out += `\n\t    Originator - Transmit Timestamp: ${deltaText(d, at + 24, at + 40)}`;
  const rest = length - TIME_MESSAGE;
  if (rest === 4 || rest === 20 || rest === 24) {
    d.out += `\n\tKey id: ${d.u32(at + 48)}`;
    if (!d.has(at + 52, rest - 4)) return false;
    if (rest > 4) d.out += '\n\tAuthentication: ';
    for (let i = 4; i < rest; i += 4) d.out += hex8(d.u32(at + 48 + i));
  } else if (rest > 0) {
    d.out += `\n\t(${rest} more bytes after the header)`;
  }
  return true;
}

function stratumText(stratum: number): string {
  if (stratum === 0) return 'unspecified';
  if (stratum === 1) return 'primary reference';
  return stratum <= 15 ? 'secondary reference' : 'reserved';
}

function pollText(poll: number): string {
  if (poll <= -32 || poll >= 32) return '';
  const seconds = 2 ** Math.abs(poll);
  return poll >= 0 ? ` (${seconds}s)` : ` (1/${seconds}s)`;
}

function signed(octet: number): number {
  return (octet << 24) >> 24;
}

/** 16.16 fixed point. */
function shortTime(d: Dissection, at: number): string {
  return `${d.u16(at)}.${digits(Math.floor((d.u16(at + 2) / 0x1_0000) * 1e6), 6)}`;
}

/** 32.32 fixed point since 1900, with the date in parentheses. */
export function ntpTime(d: Dissection, at: number): string {
  const seconds = d.u32(at);
  const text = `${seconds}.${fraction(d.u32(at + 4))}`;
  if (seconds === 0) return text;
  const date = new Date((seconds - TO_1970) * 1000).toISOString();
  return `${text} (${date.slice(0, 19)}Z)`;
}

function fraction(value: number): string {
  return digits(Math.floor((value / 0x1_0000_0000) * 1e9), 9);
}

function digits(value: number, count: number): string {
  return `${value}`.padStart(count, '0');
}

/** Difference of two time stamps; the later one itself where the earlier is zero. */
function deltaText(d: Dissection, from: number, to: number): string {
  const fromSeconds = d.u32(from);
  const fromFraction = d.u32(from + 4);
  if (fromSeconds === 0 && fromFraction === 0) return ntpTime(d, to);
  const toSeconds = d.u32(to);
  const toFraction = d.u32(to + 4);
  const later = toSeconds > fromSeconds || (toSeconds === fromSeconds && toFraction > fromFraction);
  let seconds = later ? toSeconds - fromSeconds : fromSeconds - toSeconds;
  let rest = later ? toFraction - fromFraction : fromFraction - toFraction;
  if (rest < 0) {
    rest += 0x1_0000_0000;
    seconds--;
  }
  return `${later ? '+' : '-'}${seconds >>> 0}.${fraction(rest)}`;
}

/** RFC 9327 §2. */
function printControlMessage(d: Dissection, at: number, length: number): void {
  if (length < CONTROL_MESSAGE) {
    printInvalid(d, at, length);
    return;
  }
  const control = d.u8(at + 1);
  d.out += `, ${control & 0x80 ? 'Response' : 'Request'}, ${control & 0x40 ? 'Error' : 'OK'}`;
  d.out += `, ${control & 0x20 ? 'More' : 'Last'}, OpCode=${control & 0x1f}\n`;
  d.out += `\tSequence=${d.u16(at + 2)}`;
  const status = d.u16(at + 4);
  d.out += `, Status=${status === 0 ? '0' : `0x${status.toString(16)}`}`;
  d.out += `, Assoc.=${d.u16(at + 6)}`;
  d.out += `, Offset=${d.u16(at + 8)}`;
  const count = d.u16(at + 10);
  d.out += `, Count=${count}`;
  if (CONTROL_MESSAGE + count > length) {
    printInvalid(d, at, length);
  } else if (count !== 0) {
    if (d.has(at + CONTROL_MESSAGE, count)) d.out += '\n\tTO-BE-DONE: data not interpreted';
    else d.markTruncated();
  }
}
