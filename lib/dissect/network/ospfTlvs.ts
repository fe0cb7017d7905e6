/** What link state advertisements of both versions of OSPF carry in TLVs: RFC 3623, RFC 3630, RFC 4124, RFC 4203, RFC 5187. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bandwidth, hex8 } from '../frame/text.js';
import { CONSTRAINTS, ENCODING, LINK_PROTECTION, SWITCHING } from './gmpls.js';

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

/** Whether the head of a TLV is there, of `left` bytes of the advertisement. */
function hasTlv(d: Dissection, at: number, left: number): boolean {
  if (!d.has(at, 4)) return false;
  if (left < 4) d.out += `\n\t    Remaining LS length ${left} < 4`;
  return left >= 4;
}

/** The TLVs of a grace LSA, `length` bytes from `at`. False where the rest of them cannot be told. */
export function printGrace(d: Dissection, at: number, length: number): boolean {
  let next = at;
  let left = length;
  while (left > 0) {
    if (!hasTlv(d, next, left)) return false;
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
      if (d.verbosity <= 1) printUnknown(d, next, size, '\n\t      ');
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
    if (!hasTlv(d, next, left)) return false;
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
    } else if (d.verbosity <= 1) printUnknown(d, next, size, '\n\t      ');
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
      if (d.verbosity <= 1) printUnknown(d, next + 4, size, '\n\t\t');
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
    print: said((d, at) => `, ${LINK_PROTECTION(d.u8(at))}`),
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
  d.out += `\n\t\tInterface Switching Capability: ${SWITCHING(d.u8(at))}`;
  d.out += `\n\t\tLSP Encoding: ${ENCODING(d.u8(at + 1))}\n\t\tMax LSP Bandwidth:`;
  for (let i = 0; i < 8; i++) d.out += `\n\t\t  priority level ${i}: ${bandwidth(d, at + 4 + 4 * i)}`;
  return true;
}

function printConstraints(d: Dissection, at: number, size: number): boolean {
  const model = d.u8(at);
  d.out += `\n\t\tBandwidth Constraints Model ID: ${CONSTRAINTS(model)} (${model})`;
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
