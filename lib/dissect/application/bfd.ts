/** Bidirectional forwarding detection (RFC 5880, RFC 5881, RFC 5883, RFC 7130). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, flag, u8, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { type Header, printer, type Say } from '../frame/say.js';
import { flags, hex2, hex8, hexBytes, visible } from '../frame/text.js';

const STATES = { 0: 'AdminDown', 1: 'Down', 2: 'Init', 3: 'Up' };
// biome-ignore format: a table
const DIAGNOSTICS = {
  0: 'No Diagnostic', 1: 'Control Detection Time Expired', 2: 'Echo Function Failed', 3: 'Neighbor Signaled Session Down',
  4: 'Forwarding Plane Reset', 5: 'Path Down', 6: 'Concatenated Path Down', 7: 'Administratively Down',
  8: 'Reverse Concatenated Path Down',
};

export const BFD = layout('bfd', {
  version: bits(0, 0xe0),
  diag: bits(0, 0x1f, 1, 'hex').named(DIAGNOSTICS, () => 'unknown'),
  sta: bits(1, 0xc0, 1, 'hex').named(STATES, (state) => `unknown (${state})`),
  'flags.p': flag(1, 0x20),
  'flags.f': flag(1, 0x10),
  'flags.c': flag(1, 0x08),
  'flags.a': flag(1, 0x04),
  'flags.d': flag(1, 0x02),
  'flags.m': flag(1, 0x01),
  detect_time_multiplier: u8(2),
  message_length: u8(3),
  my_discriminator: u32(4, 'hex'),
  your_discriminator: u32(8, 'hex'),
});
const F = BFD.fields;

const FLAGS = [
  [0x20, 'Poll'],
  [0x10, 'Final'],
  [0x08, 'Control Plane Independent'],
  [0x04, 'Authentication Present'],
  [0x02, 'Demand'],
  [0x01, 'Multipoint'],
] as const;
/** Of version 0, a draft. */
const FLAGS_0 = [
  [0x80, 'I Hear You'],
  [0x40, 'Demand'],
  [0x20, 'Poll'],
  [0x10, 'Final'],
  [0x08, 'Control Plane Independent'],
  [0x04, 'Authentication Present'],
  [0x02, 'Reserved'],
  [0x01, 'Reserved'],
] as const;
const HEADER = 24;

/** Prints control packets; `kind` is what the port says of the session. */
const printControl = (port: string) =>
  printer(BFD, 'bfd', (say, p, d) => {
    d.need(p.at, p.version > 1 ? 4 : HEADER);
    const kind = p.version === 1 ? port : 'Control';
    say`BFDv${F.version}, `;
    if (p.version > 1) {
      say`${kind}, length: ${p.wireLength}`;
      if (d.verbosity) printUnknown(d, p.at, p.wireLength, '\n\t');
      return;
    }
    if (d.verbosity) say`length: ${p.wireLength}\n\t`;
    say`${kind}, `;
    if (p.version === 1) say`State ${F.sta}, Flags: [${flags(FLAGS, p.u8(1) & 0x3f, 'none')}]`;
    else say`Flags: [${flags(FLAGS_0, p.u8(1), 'none')}]`;
    if (d.verbosity) printDetails(say, p, d);
    else say`, length: ${p.wireLength}`;
  });

export const printBfd = printControl('Control');
export const printBfdMultihop = printControl('Multihop');
export const printBfdLag = printControl('Lag');

const milliseconds = (microseconds: number): string => `${Math.floor(microseconds / 1000)}`.padStart(4);

function printDetails(say: Say, p: Header<typeof BFD>, d: Dissection): void {
  say`, Diagnostic: ${F.diag} (0x${hex2(p.diag)})`;
  const detection = Math.floor((Math.imul(p.u8(2), p.u32(12)) >>> 0) / 1000);
  say`\n\tDetection Timer Multiplier: ${p.u8(2)} (${detection} ms Detection time), BFD Length: ${p.u8(3)}`;
  say`\n\tMy Discriminator: 0x${hex8(p.u32(4))}`;
  say`, Your Discriminator: 0x${hex8(p.u32(8))}`;
  say`\n\t  Desired min Tx Interval:    ${milliseconds(p.u32(12))} ms`;
  say`\n\t  Required min Rx Interval:   ${milliseconds(p.u32(16))} ms`;
  say`\n\t  Required min Echo Interval: ${milliseconds(p.u32(20))} ms`;
  if (p.u8(1) & 0x04) printAuthentication(say, p, d);
}

const METHODS = [
  'Simple Password',
  'Keyed MD5',
  'Meticulous Keyed MD5',
  'Keyed SHA1',
  'Meticulous Keyed SHA1',
];

function printAuthentication(say: Say, p: Header<typeof BFD>, d: Dissection): void {
  d.need(p.at + HEADER, 4);
  const [method, size] = [p.u8(HEADER), p.u8(HEADER + 1)];
  say`\n\tAuthentication: ${METHODS[method - 1] ?? 'Unknown'} (${method}), length: ${size}`;
  say`\n\t  Auth Key ID: ${p.u8(HEADER + 2)}`;
  if (method === 1) {
    if (size < 4 || size > 19) {
      say`[invalid length ${size}]`;
      return;
    }
    say`, Password: `;
    for (let i = 3; i < size; i++) say`${visible(p.u8(HEADER + i))}`;
    return;
  }
  if (method < 2 || method > 5) return;
  const digest = method < 4 ? 16 : 20;
  if (size !== 8 + digest) {
    say`[invalid length ${size}]`;
    return;
  }
  say`, Sequence Number: 0x${hex8(p.u32(HEADER + 4))}`;
  say`\n\t  ${method < 4 ? 'Digest' : 'Hash'}: `;
  say`${hexBytes(d, p.at + HEADER + 8, digest)}`;
}

/** What an echo carries is its sender's affair. */
export function printBfdEcho(d: Dissection, at: number, length: number): void {
  d.cutAs = 'bfd';
  d.out += `BFD, Echo, length: ${length}`;
  if (d.verbosity) printUnknown(d, at, length, '\n\t');
}
