/** What multicast conferences speak: vat, RTP and RTCP (RFC 3550). No port tells RTP: `-T` does. */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { hex4 } from '../frame/text.js';

export function printVat(d: Dissection, at: number, length: number): void {
  d.cutAs = 'vat';
  if (length < 2) {
    d.out += `udp/va/vat, length ${length} < 2`;
    return;
  }
  const stamp = d.u16(at);
  if (stamp & 0xf060) {
    d.out += `udp/vt ${length} ${stamp & 0x3ff} / ${stamp >> 10}`;
    return;
  }
  if (length < 8) {
    d.out += `udp/vat, length ${length} < 8`;
    return;
  }
  const [first, second] = [d.u32(at), d.u32(at + 4)];
  d.out += `udp/vat ${(length - 8) >>> 0} c${first & 0xffff} ${second}${first & 0x80_0000 ? '*' : ''}`;
  if (first & 0x1f_0000) d.out += ` f${(first >> 16) & 0x1f}`;
  if (first & 0x3f00_0000) d.out += ` s${(first >> 24) & 0x3f}`;
}

export function printRtp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'rtp';
  const tooShort = (least: number): void => {
    d.out += `udp/rtp, length ${length} < ${least}`;
  };
  if (length < 8) {
    tooShort(8);
    return;
  }
  const [first, stamp] = [d.u32(at), d.u32(at + 4)];
  const old = first >>> 30 === 1;
  if (!old && length < 12) {
    tooShort(12);
    return;
  }
  const kind = (first >> 16) & (old ? 0x3f : 0x7f);
  const marked = (first & (old ? 0x40_0000 : 0x80_0000)) !== 0;
  const options = old && (first & 0x80_0000) !== 0;
  const extended = !old && (first & 0x1000_0000) !== 0;
  d.out += `udp/${old ? 'rtpv1' : 'rtp'} ${(length - (old ? 8 : 12)) >>> 0} c${kind} ${options || extended ? '+' : ''}`;
  d.out += `${marked ? '*' : ''} ${first & 0xffff} ${stamp}`;
  if (!d.verbosity) return;
  d.out += ` ${d.u32(at + 8)}`;
  let next = at + (old ? 8 : 12);
  let words = (length >> 2) - (old ? 2 : 3);
  if (options)
    for (let word = 0; word < 0x8000_0000; ) {
      word = d.u32(next);
      const size = (word >>> 16) & 0xff;
      if (size === 0 || size > words) {
        d.out += ' !opt';
        return;
      }
      next += 4 * size;
      words -= size;
    }
  if (extended) {
    const size = d.u16(next + 2) + 1;
    if (size > words) {
      d.out += ' !ext';
      return;
    }
    next += 4 * size;
  }
  if (kind === 0x1f) d.out += ` 0x${hex4(d.u32(next) >>> 16)}`;
}

const HEADER = 8;
const SENDER = 20;
const REPORT = 24;
const NAMES: Readonly<Record<number, string>> = { 200: 'sr', 201: 'rr', 202: 'sdes', 203: 'bye' };

/** Middle bits of NTP's time. */
const seconds = (d: Dissection, at: number): string => {
  const hundredths = (d.u32(at) * 100) / 0x1_0000;
  const whole = Math.floor(hundredths);
  const rest = hundredths - whole;
  // A half goes to the even neighbor, as C has it.
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 === 1);
  return ((whole + (up ? 1 : 0)) / 100).toFixed(2);
};

/** Returns where the next message begins. */
function printMessage(d: Dissection, at: number): number {
  ask(d, at, HEADER);
  const size = (d.u16(at + 2) + 1) * 4;
  const [kind, count] = [d.u8(at + 1), d.u8(at) & 0x1f];
  const name = NAMES[kind];
  let next = at + HEADER;
  const reports = kind === 200 || kind === 201 ? count : 0;
  d.out += ` ${name ?? `type-0x${kind.toString(16)}`}`;
  if (kind > 201 || kind < 200) d.out += ` ${size}`;
  else if (size !== count * REPORT + HEADER + (kind === 200 ? SENDER : 0)) d.out += ` [${size}]`;
  if (d.verbosity && name !== undefined) d.out += ` ${d.u32(at + 4)}`;
  if (kind === 200) {
    ask(d, next, SENDER);
    const time = d.u32(next) + d.u32(next + 4) / 0x1_0000_0000;
    d.out += ` @${time.toFixed(2)} ${d.u32(next + 8)} ${d.u32(next + 12)}p ${d.u32(next + 16)}b`;
    next += SENDER;
  }
  if (reports > 1) d.out += ` c${reports}`;
  // tcpdump shows the first as often as there are reports.
  for (let i = 0; i < reports; i++) {
    ask(d, next, REPORT);
    if (d.verbosity) d.out += ` ${d.u32(next)}`;
    d.out += ` ${d.u24(next + 5)}l ${d.u32(next + 8)}s ${d.u32(next + 12)}j @${seconds(d, next + 16)}+${seconds(d, next + 20)}`;
  }
  return at + size;
}

export function printRtcp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'rtcp';
  const end = Math.min(d.end, start + length);
  untilCut(d, () => {
    for (let at = start; at < end; ) at = printMessage(d, at);
  });
}
