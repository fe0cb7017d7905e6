/** What link state advertisements of both versions of OSPF carry in TLVs: RFC 3623, RFC 3630, RFC 4124, RFC 4203, RFC 5187. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { type FlagNames, flags, hex8 } from '../frame/text.js';

type Names = Readonly<Record<number, string>>;

const REASONS: Names = {
  0: 'Unknown',
  1: 'Software Restart',
  2: 'Software Reload/Upgrade',
  3: 'Control Processor Switch',
};
const GRACE: Readonly<Record<number, readonly [name: string, size: number]>> = {
  1: ['Grace Period', 4],
  2: ['Graceful restart Reason', 1],
  3: ['IPv4 interface address', 4],
};

const padded = (size: number): number => (size + 3) & ~3;

/** The TLVs of a grace LSA, `length` bytes from `at`. False where the rest of them cannot be told. */
export function printGrace(d: Dissection, at: number, length: number): boolean {
  let next = at;
  let left = length;
  while (left > 0) {
    if (!d.has(next, 4)) return false;
    if (left < 4) {
      d.out += `\n\t    Remaining LS length ${left} < 4`;
      return false;
    }
    const [type, size] = [d.u16(next), d.u16(next + 2)];
    const row = GRACE[type];
    next += 4;
    left -= 4;
    d.out += `\n\t    ${row?.[0] ?? 'unknown'} TLV (${type}), length ${size}, value: `;
    if (size > left) {
      d.out += `\n\t    Bogus length ${size} > ${left}`;
      return false;
    }
    if (type === 0 || size === 0) return false;
    if (!d.has(next, size)) return false;
    if (row === undefined) {
      if (d.verbose <= 1) printUnknown(d, next, size, '\n\t      ');
    } else if (size !== row[1]) {
      d.out += `\n\t    Bogus length ${size} != ${row[1]}`;
      return false;
    } else d.out += graceValue(d, type, next);
    const step = padded(size);
    next += step;
    left -= step;
  }
  return true;
}

function graceValue(d: Dissection, type: number, at: number): string {
  if (type === 1) return `${d.u32(at)}s`;
  if (type === 3) return d.ip4(at);
  return `${REASONS[d.u8(at)] ?? 'Unknown'} (${d.u8(at)})`;
}

const TE: Names = { 1: 'Router Address', 2: 'Link' };

/** The TLVs of a traffic engineering LSA. False as above. */
export function printTrafficEngineering(d: Dissection, at: number, length: number): boolean {
  let next = at;
  let left = length;
  while (left > 0) {
    if (!d.has(next, 4)) return false;
    if (left < 4) {
      d.out += `\n\t    Remaining LS length ${left} < 4`;
      return false;
    }
    const [type, size] = [d.u16(next), d.u16(next + 2)];
    next += 4;
    left -= 4;
    d.out += `\n\t    ${TE[type] ?? 'unknown'} TLV (${type}), length: ${size}`;
    if (size > left) {
      d.out += `\n\t    Bogus length ${size} > ${left}`;
      return false;
    }
    if (type === 0 || size === 0) return false;
    if (type === 1) {
      if (size < 4) {
        d.out += `\n\t    TLV length ${size} < 4`;
        return false;
      }
      d.out += `, ${d.ip4(next)}`;
    } else if (type === 2) {
      if (!printLink(d, next, size)) return false;
    } else if (d.verbose <= 1) printUnknown(d, next, size, '\n\t      ');
    const step = padded(size);
    next += step;
    // A link is the last of its advertisement (RFC 3630 §2.4.2); its bytes are not counted.
    if (type !== 2) left -= step;
  }
  return true;
}

function printLink(d: Dissection, at: number, length: number): boolean {
  let next = at;
  let left = length;
  while (left > 0) {
    if (left < 4) {
      d.out += `\n\t    Remaining TLV length ${left} < 4`;
      return false;
    }
    const [type, size] = [d.u16(next), d.u16(next + 2)];
    if (size === 0 || type === 0) {
      d.markInvalid();
      return false;
    }
    const row = LINK[type];
    d.out += `\n\t      ${row?.name ?? 'unknown'} subTLV (${type}), length: ${size}`;
    if (left < size + 4) {
      d.out += `\n\t    Remaining TLV length ${left} < ${size + 4}`;
      return false;
    }
    if (!d.has(next + 4, size)) return false;
    const fault = row?.sizes(size);
    if (fault !== undefined) {
      d.out += fault;
      d.markInvalid();
      return false;
    }
    if (row === undefined) {
      if (d.verbose <= 1) printUnknown(d, next + 4, size, '\n\t\t');
    } else if (!row.print(d, next + 4, size)) return false;
    const step = padded(size) + 4;
    if (left < step) {
      d.out += `\n\t    Remaining TLV length ${left} < ${step}`;
      return false;
    }
    next += step;
    left -= step;
  }
  return true;
}

interface LinkRow {
  readonly name: string;
  /** What is wrong with a size. */
  readonly sizes: (size: number) => string | undefined;
  /** False where the value is not valid. */
  readonly print: (d: Dissection, at: number, size: number) => boolean;
}

const exactly =
  (wanted: number) =>
  (size: number): string | undefined =>
    size === wanted ? undefined : ` != ${wanted}`;
const atLeast =
  (wanted: number) =>
  (size: number): string | undefined =>
    size >= wanted ? undefined : ` < ${wanted}`;
const oneOrTwo = (size: number): string | undefined =>
  size === 4 || size === 8 ? undefined : ' != 4 && != 8';
const words = (size: number): string | undefined => (size % 4 === 0 ? undefined : ' != N x 4');

const said =
  (text: (d: Dissection, at: number, size: number) => string) =>
  (d: Dissection, at: number, size: number): boolean => {
    d.out += text(d, at, size);
    return true;
  };

const LINK_TYPES: Names = { 1: 'Point-to-point', 2: 'Multi-Access' };
// biome-ignore format: a table
const PROTECTION: FlagNames = [
  [0x01, 'Extra Traffic'], [0x02, 'Unprotected'], [0x04, 'Shared'], [0x08, 'Dedicated 1:1'], [0x10, 'Dedicated 1+1'],
  [0x20, 'Enhanced'], [0x40, 'Reserved'], [0x80, 'Reserved'],
];
// biome-ignore format: a table
const SWITCHING: Names = {
  1: 'Packet-Switch Capable-1', 2: 'Packet-Switch Capable-2', 3: 'Packet-Switch Capable-3', 4: 'Packet-Switch Capable-4',
  51: 'Layer-2 Switch Capable', 100: 'Time-Division-Multiplex', 150: 'Lambda-Switch Capable', 200: 'Fiber-Switch Capable',
};
// biome-ignore format: a table
const ENCODING: Names = {
  1: 'Packet', 2: 'Ethernet V2/DIX', 3: 'ANSI/ETSI PDH', 4: 'Reserved', 5: 'SDH ITU-T G.707/SONET ANSI T1.105',
  6: 'Reserved', 7: 'Digital Wrapper', 8: 'Lambda (photonic)', 9: 'Fiber', 10: 'Reserved', 11: 'FiberChannel',
};
const MODELS: Names = { 0: 'Russian dolls', 1: 'Maximum allocation' };

/** Bytes a second, an IEEE float, in Mbps. */
function bandwidth(d: Dissection, at: number): string {
  d.need(at, 4);
  const value = new DataView(d.data.buffer, d.data.byteOffset + at, 4).getFloat32(0);
  const rate = Math.fround(Math.fround(value * 8) / 1_000_000);
  if (Number.isNaN(rate)) return `${d.u8(at) >> 7 ? '-' : ''}nan Mbps`;
  if (!Number.isFinite(rate)) return `${rate < 0 ? '-' : ''}inf Mbps`;
  if (Math.abs(rate) >= 1e21) return `${BigInt(rate)}.000 Mbps`;
  return `${rate < 0 || Object.is(rate, -0) ? '-' : ''}${Math.abs(rate).toFixed(3)} Mbps`;
}

const numbered = (d: Dissection, at: number): string => `, ${d.ip4(at)} (0x${hex8(d.u32(at))})`;
const identifiers = said((d, at, size) => numbered(d, at) + (size === 8 ? numbered(d, at + 4) : ''));
const address = said((d, at) => `, ${d.ip4(at)}`);
const rate = said((d, at) => `, ${bandwidth(d, at)}`);

const LINK: Readonly<Record<number, LinkRow>> = {
  1: {
    name: 'Link Type',
    sizes: exactly(1),
    print: said((d, at) => `, ${LINK_TYPES[d.u8(at)] ?? 'unknown'} (${d.u8(at)})`),
  },
  2: { name: 'Link ID', sizes: oneOrTwo, print: identifiers },
  3: { name: 'Local Interface IP address', sizes: exactly(4), print: address },
  4: { name: 'Remote Interface IP address', sizes: exactly(4), print: address },
  5: {
    name: 'Traffic Engineering Metric',
    sizes: exactly(4),
    print: said((d, at) => `, Metric ${d.u32(at)}`),
  },
  6: { name: 'Maximum Bandwidth', sizes: exactly(4), print: rate },
  7: { name: 'Maximum Reservable Bandwidth', sizes: exactly(4), print: rate },
  8: {
    name: 'Unreserved Bandwidth',
    sizes: exactly(32),
    print(d, at) {
      for (let i = 0; i < 8; i++) d.out += `\n\t\tTE-Class ${i}: ${bandwidth(d, at + 4 * i)}`;
      return true;
    },
  },
  9: { name: 'Administrative Group', sizes: exactly(4), print: said((d, at) => `, 0x${hex8(d.u32(at))}`) },
  11: { name: 'Link Local/Remote Identifier', sizes: oneOrTwo, print: identifiers },
  14: {
    name: 'Link Protection Type',
    sizes: exactly(4),
    print: said((d, at) => `, ${flags(PROTECTION, d.u8(at), 'none')}`),
  },
  15: { name: 'Interface Switching Capability', sizes: atLeast(36), print: printSwitching },
  16: {
    name: 'Shared Risk Link Group',
    sizes: words,
    print: said(
      (d, at, size) =>
        `\n\t\t  Shared risk group: ${Array.from({ length: size / 4 }, (_, i) => d.u32(at + 4 * i)).join(', ')}`,
    ),
  },
  17: { name: 'Bandwidth Constraints', sizes: atLeast(4), print: printConstraints },
};

function printSwitching(d: Dissection, at: number): boolean {
  d.out += `\n\t\tInterface Switching Capability: ${SWITCHING[d.u8(at)] ?? 'Unknown'}`;
  d.out += `\n\t\tLSP Encoding: ${ENCODING[d.u8(at + 1)] ?? 'Unknown'}\n\t\tMax LSP Bandwidth:`;
  for (let i = 0; i < 8; i++) d.out += `\n\t\t  priority level ${i}: ${bandwidth(d, at + 4 + 4 * i)}`;
  return true;
}

function printConstraints(d: Dissection, at: number, size: number): boolean {
  const model = d.u8(at);
  d.out += `\n\t\tBandwidth Constraints Model ID: ${MODELS[model] ?? 'unknown'} (${model})`;
  const fault = size % 4 !== 0 ? '!= N x 4' : size > 36 ? '> 36' : undefined;
  if (fault !== undefined) {
    d.out += `\n\t\tlength ${size} ${fault}`;
    d.markInvalid();
    return false;
  }
  for (let i = 0; 4 * i + 4 < size; i++)
    d.out += `\n\t\t  Bandwidth constraint CT${i}: ${bandwidth(d, at + 4 + 4 * i)}`;
  return true;
}
