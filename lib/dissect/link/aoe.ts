/** ATA over Ethernet (AoEr11). */

import type { Dissection } from '../frame/dissection.js';
import { bits, flag, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { type Header, printer, type Say } from '../frame/say.js';
import { flags, hex2, hex4, hex8, visible } from '../frame/text.js';

const COMMANDS = {
  0: 'Issue ATA Command',
  1: 'Query Config Information',
  2: 'MAC Mask List',
  3: 'Reserve/Release',
};
const unknown = (code: number): string => `Unknown (0x${hex2(code)})`;
const HAS_ERROR = 4;

export const AOE = layout('aoe', {
  version: bits(0, 0xf0),
  response: flag(0, 0x08),
  flags_error: flag(0, HAS_ERROR),
  error: u8(1).when((p) => (p.u8(0) & HAS_ERROR) !== 0),
  major: u16(2, 'hex'),
  minor: u8(4, 'hex'),
  cmd: u8(5).named(COMMANDS, unknown),
  tag: u32(6, 'hex'),
});
const F = AOE.fields;

// biome-ignore format: a table
const ERRORS: Readonly<Record<number, string>> = {
  1: 'Unrecognized command code', 2: 'Bad argument parameter', 3: 'Device unavailable',
  4: 'Config string present', 5: 'Unsupported version', 6: 'Target is reserved',
};
const HEADER = 10;

export const printAoe = printer(AOE, 'aoe', (say, p, d) => {
  say`AoE length ${p.wireLength}`;
  if (p.wireLength < 1) {
    invalid(d, p.at, p.wireLength);
    return;
  }
  say`, Ver ${F.version}`;
  if (p.version !== 1) return;
  const set = flags(
    [
      [8, 'Response'],
      [4, 'Error'],
      [2, 'MBZ-1'],
      [1, 'MBZ-0'],
    ],
    p.u8(0) & 15,
    'none',
  );
  say`, Flags: [${set}]`;
  if (!d.verbosity) return;
  if (p.wireLength < HEADER) {
    invalid(d, p.at, p.wireLength);
    return;
  }
  if (p.u8(0) & HAS_ERROR) say`\n\tError: ${ERRORS[p.u8(1)] ?? `Invalid (${p.u8(1)})`}`;
  say`\n\tMajor: 0x${hex4(p.major)}`;
  say`, Minor: 0x${hex2(p.minor)}`;
  say`, Command: ${F.cmd}`;
  say`, Tag: 0x${hex8(p.tag)}`;
  const print = [printAta, printConfig, printMasks, printReserve][p.cmd];
  print?.(say, p, d, p.wireLength - HEADER);
});

function invalid(d: Dissection, at: number, length: number): void {
  d.markInvalid();
  d.need(at, length);
}

type Part = (say: Say, p: Header<typeof AOE>, d: Dissection, length: number) => void;

// biome-ignore format: a table
const ATA_FLAGS = [
  [0x80, 'MBZ-7'], [0x40, 'Ext48'], [0x20, 'MBZ-5'], [0x10, 'Device'], [0x08, 'MBZ-3'], [0x04, 'MBZ-2'],
  [0x02, 'Async'], [0x01, 'Write'],
] as const;

const printAta: Part = (say, p, d, length) => {
  if (length < 12) {
    invalid(d, p.at + 10, length);
    return;
  }
  say`\n\tAFlags: [${flags(ATA_FLAGS, p.u8(10), 'none')}]`;
  say`, Err/Feature: ${p.u8(11)}`;
  say`, Sector Count: ${p.u8(12)}`;
  say`, Cmd/Status: ${p.u8(13)}`;
  for (let i = 0; i < 6; i++) say`${i === 0 ? '\n\t' : ', '}lba${i}: ${p.u8(14 + i)}`;
  d.need(p.at + 20, 2);
  if (length > 12) {
    say`\n\tData: ${length - 12} bytes`;
  }
};

// biome-ignore format: a table
const CONFIG = ['read config string', 'test config string', 'test config string prefix', 'set config string', 'force set config string'];
const MOST_CONFIG = 1024;

const printConfig: Part = (say, p, d, length) => {
  if (length < 8) {
    invalid(d, p.at + 10, length);
    return;
  }
  say`\n\tBuffer Count: ${p.u16(10)}`;
  say`, Firmware Version: ${p.u16(12)}`;
  say`, Sector Count: ${p.u8(14)}`;
  // A slip of tcpdump's: the format of what is unknown prints as it is.
  say`, AoE: ${p.u8(15) >> 4}, CCmd: ${CONFIG[p.u8(15) & 15] ?? 'Unknown (0x02x)'}`;
  const size = p.u16(16);
  if (size > MOST_CONFIG || 8 + size > length) {
    invalid(d, p.at + 18, length - 8);
    return;
  }
  d.need(p.at + 18, size);
  if (size === 0) return;
  say`\n\tConfig String (length ${size}): `;
  for (let i = 0; i < size; i++) say`${visible(p.u8(18 + i))}`;
};

// biome-ignore format: a table
const MASK_ERRORS: Readonly<Record<number, string>> = { 1: 'Unspecified Error', 2: 'Bad DCmd directive', 3: 'Mask list full' };
const DIRECTIVES = ['No Directive', 'Add mac address to mask list', 'Delete mac address from mask list'];

const printMasks: Part = (say, p, d, length) => {
  if (length < 4) {
    invalid(d, p.at + 10, length);
    return;
  }
  d.need(p.at + 10, 1);
  say`\n\tMCmd: ${['Read Mac Mask List', 'Edit Mac Mask List'][p.u8(11)] ?? unknown(p.u8(11))}`;
  say`, MError: ${MASK_ERRORS[p.u8(12)] ?? unknown(p.u8(12))}`;
  const count = p.u8(13);
  say`, Dir Count: ${count}`;
  if (4 + 8 * count > length) {
    invalid(d, p.at + 14, length - 4);
    return;
  }
  for (let at = 14; at < 14 + 8 * count; at += 8) {
    d.need(p.at + at, 1);
    say`\n\t DCmd: ${DIRECTIVES[p.u8(at + 1)] ?? unknown(p.u8(at + 1))}`;
    say`, Ethernet Address: ${d.mac(p.at + at + 2)}`;
  }
};

const printReserve: Part = (say, p, d, length) => {
  if (length < 2 || (length - 2) % 6 !== 0) {
    invalid(d, p.at + 10, length);
    return;
  }
  const names = ['Read reserve list', 'Set reserve list', 'Force set reserve list'];
  say`\n\tRCmd: ${names[p.u8(10)] ?? unknown(p.u8(10))}`;
  const count = p.u8(11);
  say`, NMacs: ${count}`;
  if (2 + 6 * count !== length) {
    invalid(d, p.at + 12, length - 2);
    return;
  }
  for (let i = 0; i < count; i++) say`\n\tEthernet Address ${i}: ${d.mac(p.at + 12 + 6 * i)}`;
};
