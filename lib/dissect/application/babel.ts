/** Babel (RFC 8966) with the extensions that tcpdump knows: authentication, diversity, timestamps, source-specific routes. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { items, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { hex2, hex4 } from '../frame/text.js';

const MAGIC = 42;
const HEADER = 4;
// biome-ignore format: a table
const NAMES = [
  'pad1', 'padN', 'ack-req', 'ack', 'hello', 'ihu', 'router-id', 'nh', 'update', 'route-request', 'seqno-request', 'tspc',
  'hmac', 'ss-update', 'ss-request', 'ss-mh-request', 'mac', 'pc', 'challenge_request', 'challenge_reply',
];

const TLV = layout('babel', { 'message.type': u8(0), 'message.length': u8(1).when((p) => p.u8(0) !== 0) });
export const BABEL = layout('babel', {
  magic: u8(0),
  version: u8(1),
  bodylen: u16(2),
  messages: items(HEADER, TLV, { size: (p) => (p.u8(0) === 0 ? 1 : 2 + p.u8(1)) }),
});

const HELLO = 4;
const IHU = 5;
const UPDATE = 8;
const SOURCE_UPDATE = 13;
/** Of which tcpdump prints the TLVs within. */
const WITH_PARTS: ReadonlySet<number> = new Set([HELLO, IHU, UPDATE, SOURCE_UPDATE]);

/** What is wrong with a message ends the packet: `(invalid)`. */
const INVALID = new Error('invalid');

export function printBabel(d: Dissection, at: number, length: number): void {
  d.cutAs = 'babel';
  d.out += 'babel';
  try {
    d.need(at, HEADER);
    if (d.u8(at) !== MAGIC) {
      d.out += ' invalid header';
      return;
    }
    const version = d.u8(at + 1);
    d.out += ` ${version}`;
    if (version !== 2) {
      d.out += ' unknown version';
      return;
    }
    new Messages(d, at, length).print();
  } catch (error) {
    if (error === INVALID) d.markInvalid();
    else if (error === TRUNCATED) d.markTruncated();
    else throw error;
  }
}

class Messages {
  private readonly d: Dissection;
  private readonly at: number;
  private readonly length: number;
  /** Of the message. */
  private type = 0;
  /** What prefixes of later updates leave out, by family. */
  private readonly prefix4 = new Uint8Array(16);
  private readonly prefix6 = new Uint8Array(16);

  constructor(d: Dissection, at: number, length: number) {
    this.d = d;
    this.at = at;
    this.length = length;
  }

  print(): void {
    const { d, at, length } = this;
    const size = d.u16(at + 2);
    d.out += ` (${size})`;
    if (size + HEADER > length) throw INVALID;
    const end = at + HEADER + size;
    for (let next = at + HEADER; next < end; ) next += this.message(next, end);
    // Behind the body lies what authenticates it.
    if (end >= at + length) return;
    d.out += d.verbosity ? '\n\t----' : ' |';
    for (let next = end; next < at + length; ) next += this.message(next, at + length);
  }

  /** Returns the message's size. */
  private message(at: number, end: number): number {
    const { d } = this;
    const type = d.u8(at);
    this.type = type;
    if (type === 0) {
      d.out += d.verbosity ? '\n\tPad 1' : ' pad1';
      return 1;
    }
    if (at + 2 > end) throw INVALID;
    d.need(at, 2);
    const size = d.u8(at + 1);
    if (at + 2 + size > end) throw INVALID;
    d.need(at, 2 + size);
    if (!d.verbosity) {
      d.out += ` ${NAMES[type] ?? 'unknown'}`;
      if (type === 8) d.out += this.updateKind(at, size);
      return 2 + size;
    }
    d.out += '\n\t';
    const row = BODIES[type];
    if (row === undefined) d.out += `Unknown message type ${type}`;
    else if (type === 1) d.out += `Pad ${size + 2}`;
    else {
      d.out += row.name;
      if (size < row.size) {
        if (row.spaced) d.out += ' ';
        throw INVALID;
      }
      row.print(this, at + 2, size);
    }
    return 2 + size;
  }

  private updateKind(at: number, size: number): string {
    if (size < 10) throw INVALID;
    const flags = this.d.u8(at + 3);
    return `${flags & 0x80 ? '/prefix' : ''}${flags & 0x40 ? '/id' : ''}${flags & 0x3f ? '/unknown' : ''}`;
  }

  d8(at: number): number {
    return this.d.u8(at);
  }
  d16(at: number): number {
    return this.d.u16(at);
  }

  say(text: string): void {
    this.d.out += text;
  }

  cut(): void {
    this.d.markTruncated();
  }

  interval(at: number): string {
    const value = this.d.u16(at);
    if (value === 0) return '0.0s (bogus)';
    return value === 0xffff && this.type === UPDATE ? 'infinity' : `${(value / 100).toFixed(2)}s`;
  }

  id(at: number): string {
    this.d.need(at, 8);
    return Array.from({ length: 8 }, (_, i) => hex2(this.d.u8(at + i))).join(':');
  }

  hex(at: number, size: number): string {
    this.d.need(at, size);
    return Array.from({ length: size }, (_, i) => hex2(this.d.u8(at + i)).toUpperCase()).join('');
  }

  /** An address by its encoding, and its size; `undefined` where the encoding is none, or the address longer than what is there. */
  address(
    encoding: number,
    at: number,
    size: number,
  ): { readonly text: string; readonly size: number } | undefined {
    const { d } = this;
    if (encoding === 0) return { text: 'any', size: 0 };
    const width = [0, 4, 16, 8][encoding];
    if (width === undefined || size < width) return undefined;
    if (encoding === 1) return { text: d.ip4(at), size: 4 };
    if (encoding === 2) return { text: d.ip6(at), size: 16 };
    d.need(at, 8);
    const bytes = new Uint8Array(16);
    bytes[0] = 0xfe;
    bytes[1] = 0x80;
    for (let i = 0; i < 8; i++) bytes[8 + i] = d.u8(at + i);
    return { text: d.addresses.ip6(bytes, 0), size: 8 };
  }

  /** A prefix of `bits`, of which the first `omitted` bytes are those of an earlier one. -1: as many as there are. */
  prefix(encoding: number, bits: number, omitted: number, at: number, size: number, keep: boolean): Prefix {
    if (encoding > 3 || bits > 128) return undefined;
    if (encoding === 0) return { text: `::/${bits}`, used: 0 };
    const before = encoding === 1 ? this.prefix4 : this.prefix6;
    const width = encoding === 1 ? 4 : 16;
    if (bits > 8 * width || (encoding < 3 && omitted > width)) return undefined;
    const octets = (bits + 7) >> 3;
    const used = Math.max(0, octets - (encoding === 3 ? 8 : omitted));
    if (size < used) return undefined;
    this.d.need(at, used);
    const bytes = new Uint8Array(16);
    const from = octets - used;
    if (encoding === 3) bytes.set([0xfe, 0x80]);
    else if (omitted > 0) bytes.set(before.subarray(0, Math.min(omitted, octets)));
    for (let i = 0; i < used; i++) bytes[from + i] = this.d.u8(at + i);
    if (keep) before.set(bytes);
    const whole = encoding === 1 ? bytes.subarray(0, 4).join('.') : this.d.addresses.ip6(bytes, 0);
    return { text: `${whole}/${bits}`, used };
  }

  /** TLVs in TLVs; what is wrong with one ends these only. */
  sub(first: number, end: number): void {
    const { d } = this;
    if (!WITH_PARTS.has(this.type)) return;
    for (let at = first; at < end; ) {
      const type = d.u8(at);
      if (type === 0) {
        d.out += ' sub-pad1';
        at++;
        continue;
      }
      if (type > 127) d.out += ' (M)';
      const size = at + 1 === end ? end : d.u8(at + 1);
      if (at + 2 + size > end || !this.subBody(type, at + 2, size)) {
        d.markInvalid();
        return;
      }
      at += 2 + size;
    }
  }

  /** False where it is too short. */
  private subBody(type: number, at: number, size: number): boolean {
    const { d } = this;
    if (type === 1) d.out += ' sub-padn';
    else if (type === 2) {
      d.out += ' sub-diversity';
      if (size === 0) d.out += ' empty';
      for (let i = 0; i < size; i++) d.out += `${i === 0 ? ' ' : '-'}${d.u8(at + i) || 'reserved'}`;
      if (size > 0 && this.type !== UPDATE && this.type !== SOURCE_UPDATE) d.out += ' (bogus)';
    } else if (type === 3) {
      d.out += ' sub-timestamp';
      const seconds = (from: number): string => `${(d.u32(from) / 1e6).toFixed(6)}s`;
      if (this.type === HELLO && size >= 4) d.out += ` ${seconds(at)}`;
      else if (this.type === IHU && size >= 8) d.out += ` ${seconds(at)}|${seconds(at + 4)}`;
      else if (this.type === HELLO || this.type === IHU) return false;
      else d.out += ' (bogus)';
    } else d.out += ` sub-unknown-0x${hex2(type)}`;
    return true;
  }
}

type Prefix = { readonly text: string; readonly used: number } | undefined;

interface Body {
  readonly name: string;
  /** Least bytes. */
  readonly size: number;
  /** Whether a space stands before `(invalid)` besides the mark's own. */
  readonly spaced: boolean;
  readonly print: (m: Messages, at: number, size: number) => void;
}

const text = (prefix: Prefix): string => {
  if (prefix === undefined) throw INVALID;
  return prefix.text;
};

const BODIES: Readonly<Record<number, Body>> = {
  1: { name: '', size: 0, spaced: false, print: () => {} },
  2: {
    name: 'Acknowledgment Request',
    size: 6,
    spaced: true,
    print: (m, at, size) => {
      m.say(` ${hex4(m.d16(at + 2))} ${m.interval(at + 4)}`);
      m.sub(at + 6, at + size);
    },
  },
  3: {
    name: 'Acknowledgment',
    size: 2,
    spaced: true,
    print: (m, at, size) => {
      m.say(` ${hex4(m.d16(at))}`);
      m.sub(at + 2, at + size);
    },
  },
  4: {
    name: 'Hello',
    size: 6,
    spaced: true,
    print: (m, at, size) => {
      const unicast = m.d16(at) & 0x8000 ? '(Unicast) ' : '';
      m.say(
        ` ${unicast}seqno ${m.d16(at + 2)} ${m.d16(at + 4) === 0 ? 'unscheduled' : `interval ${m.interval(at + 4)}`}`,
      );
      m.sub(at + 6, at + size);
    },
  },
  5: {
    name: 'IHU',
    size: 6,
    spaced: true,
    print: (m, at, size) => {
      m.say(' ');
      const address = m.address(m.d8(at), at + 6, size - 6);
      if (address === undefined) {
        m.cut();
        return;
      }
      m.say(`${address.text} rxcost ${m.d16(at + 2)} interval ${m.interval(at + 4)}`);
      m.sub(at + 6 + address.size, at + size);
    },
  },
  6: {
    name: 'Router Id',
    size: 10,
    spaced: false,
    print: (m, at, size) => {
      m.say(` ${m.id(at + 2)}`);
      m.sub(at + 10, at + size);
    },
  },
  7: {
    name: 'Next Hop',
    size: 2,
    spaced: false,
    print: (m, at, size) => {
      const encoding = m.d8(at);
      const address = encoding === 0 ? undefined : m.address(encoding, at + 2, size - 2);
      if (address === undefined && encoding !== 0) throw INVALID;
      m.say(` ${address?.text ?? 'invalid AE 0'}`);
      m.sub(at + 2 + (address?.size ?? 0), at + size);
    },
  },
  8: {
    name: 'Update',
    size: 10,
    spaced: false,
    print: (m, at, size) => {
      const flags = m.d8(at + 1);
      const prefix = m.prefix(m.d8(at), m.d8(at + 2), m.d8(at + 3), at + 10, size - 10, (flags & 0x80) !== 0);
      if (prefix === undefined) throw INVALID;
      const kind = `${flags & 0x80 ? '/prefix' : ''}${flags & 0x40 ? '/id' : ''}${flags & 0x3f ? '/unknown' : ''}`;
      m.say(
        `${kind} ${m.d8(at) === 0 ? 'any' : prefix.text} metric ${m.d16(at + 8)} seqno ${m.d16(at + 6)} interval ${m.interval(at + 4)}`,
      );
      m.sub(at + 10 + prefix.used, at + size);
    },
  },
  9: {
    name: 'Route Request',
    size: 2,
    spaced: true,
    print: (m, at, size) => {
      m.say(' ');
      const prefix = m.prefix(m.d8(at), m.d8(at + 1), 0, at + 2, size - 2, false);
      const what = text(prefix);
      m.say(`for ${m.d8(at) === 0 ? 'any' : what}`);
      m.sub(at + 2 + prefix!.used, at + size);
    },
  },
  10: {
    name: 'Seqno Request',
    size: 14,
    spaced: true,
    print: (m, at, size) => {
      m.say(' ');
      const encoding = m.d8(at);
      const prefix = m.prefix(encoding, m.d8(at + 1), 0, at + 14, size - 14, false);
      const known = text(prefix);
      const what = encoding === 0 ? 'invalid AE 0' : known;
      m.say(`(${m.d8(at + 4)} hops) for ${what} seqno ${m.d16(at + 2)} id ${m.id(at + 6)}`);
      m.sub(at + 14 + prefix!.used, at + size);
    },
  },
  11: {
    name: 'TS/PC ',
    size: 6,
    spaced: false,
    print: (m, at, size) => {
      const stamp = m.d16(at + 2) * 0x1_0000 + m.d16(at + 4);
      m.say(`timestamp ${stamp} packetcounter ${m.d16(at)}`);
      m.sub(at + 6, at + size);
    },
  },
  12: {
    name: 'HMAC ',
    size: 18,
    spaced: false,
    print: (m, at, size) => m.say(`key-id ${m.d16(at)} digest-${size - 2} ${m.hex(at + 2, size - 2)}`),
  },
  13: {
    name: 'SS-Update',
    size: 10,
    spaced: false,
    print: (m, at, size) => {
      const encoding = m.d8(at);
      const prefix = m.prefix(encoding, m.d8(at + 2), m.d8(at + 3), at + 10, size - 10, false);
      const used = prefix?.used ?? 0;
      const source = m.prefix(encoding, m.d8(at + 1), 0, at + 10 + used, size - 10 - used, false);
      m.say(` ${text(prefix)} from ${text(source)} metric ${m.d16(at + 8)} `);
      m.say(`seqno ${m.d16(at + 6)} interval ${m.interval(at + 4)}`);
      m.sub(at + 10 + used + source!.used, at + size);
    },
  },
  14: {
    name: 'SS-Request ',
    size: 3,
    spaced: false,
    print: (m, at, size) => printPair(m, at, size, 3, 2, '', ''),
  },
  15: {
    name: 'SS-MH-Request ',
    size: 14,
    spaced: false,
    print: (m, at, size) => {
      const asked = ` seqno ${m.d16(at + 2)} id ${m.id(at + 6)}`;
      printPair(m, at, size, 14, 5, `(${m.d8(at + 4)} hops) `, asked);
    },
  },
  16: { name: 'MAC ', size: 0, spaced: false, print: (m, _at, size) => m.say(`len ${size}`) },
  17: {
    name: 'PC',
    size: 4,
    spaced: false,
    print: (m, at, size) => m.say(` value ${m.d16(at) * 0x1_0000 + m.d16(at + 2)} index len ${size - 4}`),
  },
  18: { name: 'Challenge Request ', size: 0, spaced: false, print: (m, _at, size) => m.say(`len ${size}`) },
  19: { name: 'Challenge Reply ', size: 0, spaced: false, print: (m, _at, size) => m.say(`len ${size}`) },
};

/** A destination and a source that are asked for. */
function printPair(
  m: Messages,
  at: number,
  size: number,
  head: number,
  sourceBits: number,
  before: string,
  after: string,
): void {
  const encoding = m.d8(at);
  const to = m.prefix(encoding, m.d8(at + 1), 0, at + head, size - head, false);
  const used = to?.used ?? 0;
  const from = m.prefix(encoding, m.d8(at + sourceBits), 0, at + head + used, size - head - used, false);
  const both = `(${text(to)}, ${text(from)})`;
  m.say(`${before}for ${encoding === 0 && after === '' ? 'any' : both}${after}`);
  if (after === '') m.sub(at + head + used + from!.used, at + size);
}
