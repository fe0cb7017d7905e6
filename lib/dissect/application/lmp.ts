/** Link management protocol (RFC 4204), with the service discovery of the OIF's UNI. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { bandwidth, filled, hex8, type Writers } from '../frame/text.js';
import { ENCODING, SWITCHING } from '../network/gmpls.js';

const HEADER = 8;
const MESSAGES = names(
  '1 Config|Config ACK|Config NACK|Hello|Begin Verify|Begin Verify ACK|Begin Verify NACK|End Verify|End Verify ACK|Test|Test Status Success|Test Status Failure|Test Status ACK|Link Summary|Link Summary ACK|Link Summary NACK|Channel Status|Channel Status ACK|Channel Status Request|Channel Status Response',
  '',
);
const FLAGS = bitNames('1 Control Channel Down|LMP restart');
const OBJECTS = names(
  '1 Control Channel ID|Node ID|Link ID|Interface ID|Message ID|Configuration|Hello|Verify Begin|Verify Begin ACK|Verify ID|TE Link|Data Link|Channel Status|Channel Status Request|20 Error Code|51 Service Config',
);
const CHANNELS = names('1 Signal Okay|Signal Degraded|Signal Fail');
const SUBOBJECTS = names('1 Interface Switching Type|Wavelength');
const LINKS = names('5 SDH ITU-T G.707|SONET ANSI T1.105');
const SIGNALS = [
  names('5 VC-3|VC-4|STM-0|STM-1|STM-4|STM-16|STM-64|STM-256'),
  names('5 STS-1 SPE|STS-3c SPE|STS-1|STM-3|STM-12|STM-48|STM-192|STM-768'),
];

const bits = (packed: string): ((value: number) => string) => {
  const of = bitNames(packed);
  return (value) => of(value);
};
const WRITERS: Writers = {
  a: bits(
    '1 Link Verification Procedure Not supported|Unwilling to verify|4 Unsupported verification transport mechanism|8 Link-Id configuration error|16 Unknown object c-type',
  ),
  b: bits(
    '1 Unacceptable non-negotiable LINK-SUMMARY parameters|Renegotiate LINK-SUMMARY parameters|4 Invalid TE-LINK Object|8 Invalid DATA-LINK Object|16 Unknown TE-LINK Object c-type|32 Unknown DATA-LINK Object c-type',
  ),
  c: bits('1 Verify all links|Data link type'),
  d: bits('1 Data Link Port|Allocated for user traffic|4 Failed link'),
  e: (value) => ENCODING(value),
  f: bits('1 Fault Management Supported|Link Verification Supported'),
  g: bits('1 RSVP Supported|LDP Supported'),
  h: (value) => `${value} (0x${hex8(value)})`,
  j: bits(
    '1 Path/VC Overhead Transparency Supported|Line/MS Overhead Transparency Supported|4 Section/RS Overhead Transparency Supported',
  ),
  k: bits('1 Contiguous Concatenation Types Supported'),
  n: bits('1 Standard SOH/RSOH Transparency Supported|Standard LOH/MSOH Transparency Supported'),
  o: bits('1 Transparent Tandem Connection Monitoring Supported'),
  p: bits('1 Node Diversity Supported|Link Diversity Supported|4 SRLG Diversity Supported'),
  // tcpdump tests bits by a decimal number.
  t: (value) => `${value} (0x${value.toString(16)})${value & 8000 ? ' (Payload test messages capable)' : ''}`,
  z: (value) => `0x${hex8(value)}`,
};

type Kind = readonly [name: string, size: number, words: string];
const LOCAL = ['Local', 'Remote'] as const;
const one = (size: number, words: string): readonly Kind[] => [['1', size, words]];
const both = (words: string): readonly Kind[] => LOCAL.map((side): Kind => [side, 4, words]);
const link = ['IPv4', 'IPv6', 'Unnumbered'].flatMap((family, i) =>
  LOCAL.map(
    (side): Kind => [
      `${family} ${side}`,
      i === 1 ? 16 : 4,
      `$${i === 2 ? '' : `${family} `}Link ID: ${['%A4', '%B16', '%h4'][i]}`,
    ],
  ),
);
const ends = (flags: string, what: string): readonly Kind[] => [
  ['IPv4', 12, `$Flags: [%${flags}1]%_3$Local ${what}: %A4$Remote ${what}: %A4`],
  ['IPv6', 36, `$Flags: [%${flags}1]%_3$Local ${what}: %B16$Remote ${what}: %B16`],
  ['Unnumbered', 12, `$Flags: [%${flags}1]%_3$Local ${what}: %h4$Remote ${what}: %h4`],
];
/** As often as they are there. */
const channels: readonly Kind[] = [
  ['IPv4', 8, '$Interface ID: %A4%C4'],
  ['IPv6', 20, '$Interface ID: %B16%C4'],
  ['Unnumbered', 8, '$Interface ID: %h4%C4'],
];
const requests: readonly Kind[] = [
  ['IPv4', 4, '$Interface ID: %A4'],
  ['IPv6', 16, '$Interface ID: %B16'],
  ['Unnumbered', 4, '$Interface ID: %h4'],
];

/** What objects of a class hold, by their type from 1 on. */
const CLASSES: Readonly<Record<number, readonly Kind[]>> = {
  1: both('$Control Channel ID: %h4'),
  2: both('$Node ID: %A4'),
  3: link,
  4: link,
  5: [
    ['1', 4, '$Message ID: %h4'],
    ['2', 4, '$Message ID Ack: %h4'],
  ],
  6: one(4, '$Hello Interval: %2$Hello Dead Interval: %2'),
  7: one(8, '$Tx Seq: %4, Rx Seq: %4'),
  8: one(
    20,
    '$Flags: %c2$Verify Interval: %2$Data links: %4$Encoding type: %e1%_1$Verify Transport Mechanism: %t2$Transmission Rate: %M4$Wavelength: %4',
  ),
  9: one(4, '$Verify Dead Interval: %2$Verify Transport Response: %2'),
  10: one(4, '$Verify ID: %4'),
  11: ends('f', 'Link-ID'),
  12: ends('d', 'Interface ID'),
  13: channels,
  14: requests,
  20: [
    ['1', 4, '$Error Code: %a4'],
    ['2', 4, '$Error Code: %b4'],
  ],
  51: [
    ['1', 4, '\n\t Flags: %g1\n\t  UNI Version: %1'],
    [
      '2',
      16,
      '%L2\n\t Transparency: %j1\n\t Contiguous Concatenation Types: %k1\n\t Minimum NCC: %2\n\t Maximum NCC: %2\n\t Minimum NVC:%2\n\t Maximum NVC:%2$Local Interface ID: %A4',
    ],
    ['3', 8, '\n\t Transparency Flags: %n4%_3\n\t TCM Monitoring Flags: %o1'],
    ['4', 4, '%_3\n\t Diversity: Flags: %p1'],
  ],
};
const DATA_LINK = 12;
const LISTS = new Set([13, 14]);

/** Values that a number does not tell: addresses with their first four bytes, rates, states. */
const SPECIAL: Readonly<Record<string, (d: Dissection, at: number) => string>> = {
  A: (d, at) => `${d.ip4(at)} (0x${hex8(d.u32(at))})`,
  B: (d, at) => `${d.ip6(at)} (0x${hex8(d.u32(at))})`,
  C: (d, at) => {
    const state = d.u32(at);
    const [active, sends, value] = [state >>> 31, (state >>> 30) & 1, state & 0x3ff_ffff];
    return `\n\t\t    Active: ${active ? 'Allocated' : 'Non-allocated'} (${active})\n\t\t    Direction: ${sends ? 'Transmit' : 'Receive'} (${sends})\n\t\t    Channel Status: ${CHANNELS(value)} (${value})`;
  },
  L: (d, at) => {
    const [type, signal] = [d.u8(at), d.u8(at + 1)];
    const name = SIGNALS[type - 5]?.(signal);
    return `\n\t Link Type: ${LINKS(type)} (${type})${name === undefined ? '' : `\n\t Signal Type: ${name} (${signal})`}`;
  },
  M: bandwidth,
};

function say(d: Dissection, start: number, pattern: string): void {
  let at = start;
  for (const [part, kind, size] of pattern
    .replaceAll('$', '\n\t    ')
    .matchAll(/[^%]+|%([A-Za-z_]?)(\d+)/g)) {
    if (size === undefined) {
      d.out += part;
      continue;
    }
    d.out += SPECIAL[kind!]?.(d, at) ?? filled(d, at, part, WRITERS);
    at += Number(size);
  }
}

export function printLmp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'lmp';
  d.need(start, HEADER);
  const version = d.u8(start) >> 4;
  if (version !== 1) {
    d.out += `LMP version ${version} packet not supported`;
    return;
  }
  const type = d.u8(start + 3);
  if (!d.verbosity) {
    d.out += `LMPv1 ${MESSAGES(type) || `unknown (${type})`} Message, length: ${length}`;
    return;
  }
  let left = d.u16(start + 4);
  d.out += `\n\tLMPv1, msg-type: ${MESSAGES(type) || `unknown, type: ${type}`}, Flags: [${FLAGS(d.u8(start + 2))}], length: ${left}`;
  if (left < HEADER) {
    d.out += ' (too short)';
    return;
  }
  if (left > length) {
    d.out += ' (too long)';
    left = length;
  }
  left -= HEADER;
  for (let at = start + HEADER; left > 0; ) {
    d.need(at, 4);
    const [first, klass, size] = [d.u8(at), d.u8(at + 1), d.u16(at + 2)];
    const kind = CLASSES[klass]?.[(first & 0x7f) - 1];
    d.out += `\n\t  ${OBJECTS(klass)} Object (${klass}), Class-Type: ${kind?.[0] ?? 'Unknown'} (${first & 0x7f}) Flags: [${first & 0x80 ? '' : 'non-'}negotiable], length: ${size}`;
    if (size < 4 || size % 4) {
      d.out += size < 4 ? ' (too short)' : ' (not a multiple of 4)';
      return;
    }
    d.need(at, size);
    const isKnown = CLASSES[klass] !== undefined;
    let hex = isKnown && kind === undefined;
    if (kind !== undefined) hex = printObject(d, klass, kind, at + 4, size - 4);
    else if (!isKnown && d.verbosity <= 1) printUnknown(d, at + 4, size - 4, '\n\t    ');
    if (d.verbosity > 1 || hex) printUnknown(d, at + 4, size - 4, '\n\t    ');
    if (left < size) {
      d.out += ` [remaining objects length ${left} < ${size}]`;
      d.markInvalid();
      return;
    }
    at += size;
    left -= size;
  }
}

/** True where its bytes are to be shown too. */
function printObject(d: Dissection, klass: number, [, size, words]: Kind, at: number, room: number): boolean {
  if (LISTS.has(klass)) {
    for (let i = 0; i + size <= room; i += size) say(d, at + i, words);
    return false;
  }
  if (klass === DATA_LINK ? room < size : room !== size) {
    d.out += ' (not correct for object)';
    return false;
  }
  say(d, at, words);
  return klass === DATA_LINK && printSubobjects(d, at + size, room - size);
}

function printSubobjects(d: Dissection, start: number, room: number): boolean {
  for (let at = start, left = room; left > 0; ) {
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\t    Subobject, Type: ${SUBOBJECTS(type)} (${type}), Length: ${size}`;
    const wrong =
      size < 4
        ? 'too short'
        : size % 4
          ? 'not a multiple of 4'
          : left < size
            ? 'goes past the end of the object'
            : '';
    if (wrong !== '') {
      d.out += ` (${wrong})`;
      return false;
    }
    if (type === 1) {
      const [switching, encoding] = [d.u8(at + 2), d.u8(at + 3)];
      d.out += `\n\t      Switching Type: ${SWITCHING(switching)} (${switching})`;
      d.out += `\n\t      Encoding Type: ${ENCODING(encoding)} (${encoding})`;
      d.out += `\n\t      Min Reservable Bandwidth: ${bandwidth(d, at + 4)}`;
      d.out += `\n\t      Max Reservable Bandwidth: ${bandwidth(d, at + 8)}`;
    } else if (type === 2) d.out += `\n\t      Wavelength: ${d.u32(at + 4)}`;
    else return true;
    at += size;
    left -= size;
  }
  return false;
}
