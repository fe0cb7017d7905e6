/**
 * Addresses and ports as text, each worked out once: direct-mapped caches of fixed size, so that a
 * capture with millions of addresses costs neither memory nor search. (tcpdump keeps every address in
 * lists behind 4096 buckets and becomes quadratic.)
 *
 * IPv6 text follows tcpdump's addrtostr6(): RFC 5952 but for IPv4-compatible addresses, `::1.2.3.4`.
 */

import type { PrinterOptions } from './options.js';
import { hex2 } from './text.js';
import { OUI_NAMES } from './vendors.js';

/** Slots of each cache; a power of two. */
const SLOTS = 1 << 14;

export class AddressTexts {
  private readonly options: PrinterOptions;
  private readonly numeric: boolean;
  private readonly ip4Keys = new Int32Array(SLOTS);
  private readonly ip4Texts: string[] = new Array<string>(SLOTS).fill('');
  private readonly ip6Keys = new Int32Array(4 * SLOTS);
  private readonly ip6Texts: string[] = new Array<string>(SLOTS).fill('');
  private readonly macKeys = new Int32Array(2 * SLOTS);
  private readonly macTexts: string[] = new Array<string>(SLOTS).fill('');
  private readonly tcpPorts = new Map<number, string>();
  private readonly udpPorts = new Map<number, string>();

  constructor(options: PrinterOptions) {
    this.options = options;
    this.numeric = options.numeric ?? true;
  }

  /** @param address - The four bytes, most significant first, as a signed number. */
  ip4(address: number): string {
    const slot = slotOf(address);
    if (this.ip4Keys[slot] === address && this.ip4Texts[slot] !== '') return this.ip4Texts[slot]!;
    const text = this.hostName(address) ?? ip4Text(address);
    this.ip4Keys[slot] = address;
    this.ip4Texts[slot] = text;
    return text;
  }

  /** The caller has checked that 16 bytes are there. */
  ip6(data: Uint8Array, at: number): string {
    const a = word(data, at);
    const b = word(data, at + 4);
    const c = word(data, at + 8);
    const e = word(data, at + 12);
    const slot = slotOf(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(e, 29_791));
    const keys = this.ip6Keys;
    const key = 4 * slot;
    const known = this.ip6Texts[slot]!;
    if (
      keys[key] === a &&
      keys[key + 1] === b &&
      keys[key + 2] === c &&
      keys[key + 3] === e &&
      known !== ''
    ) {
      return known;
    }
    keys[key] = a;
    keys[key + 1] = b;
    keys[key + 2] = c;
    keys[key + 3] = e;
    const name = this.numeric ? undefined : this.options.hostName?.(data.slice(at, at + 16));
    return (this.ip6Texts[slot] = name === undefined ? ip6Text(data, at) : this.shorten(name));
  }

  /** The caller has checked that 6 bytes are there. */
  mac(data: Uint8Array, at: number): string {
    const high = (data[at]! << 8) | data[at + 1]!;
    const low = word(data, at + 2);
    const slot = slotOf(low ^ Math.imul(high, 31));
    const key = 2 * slot;
    const known = this.macTexts[slot]!;
    if (this.macKeys[key] === high && this.macKeys[key + 1] === low && known !== '') return known;
    this.macKeys[key] = high;
    this.macKeys[key + 1] = low;
    return (this.macTexts[slot] = this.macText(data, at, high === 0xffff && low === -1));
  }

  port(port: number, protocol: 'tcp' | 'udp'): string {
    if (this.numeric) return `${port}`;
    const names = protocol === 'tcp' ? this.tcpPorts : this.udpPorts;
    let text = names.get(port);
    if (text === undefined) {
      text = this.options.serviceName?.(port, protocol) ?? `${port}`;
      names.set(port, text); // at most 65,536 entries
    }
    return text;
  }

  private macText(data: Uint8Array, at: number, broadcast: boolean): string {
    const text = octets(data, at, 6);
    if (this.numeric) return text;
    if (broadcast) return 'Broadcast';
    const oui = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    return `${text} (oui ${OUI_NAMES.get(oui) ?? 'Unknown'})`;
  }

  private hostName(address: number): string | undefined {
    if (this.numeric || this.options.hostName === undefined) return undefined;
    const bytes = Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
    const name = this.options.hostName(bytes);
    return name === undefined ? undefined : this.shorten(name);
  }

  private shorten(name: string): string {
    const dot = this.options.shortHostNames ? name.indexOf('.') : -1;
    return dot < 0 ? name : name.slice(0, dot);
  }
}

function slotOf(key: number): number {
  return Math.imul(key ^ (key >>> 15), 0x9e3779b1 | 0) >>> 18; // 32 - log2(SLOTS)
}

function word(data: Uint8Array, at: number): number {
  return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
}

/** Bytes in hex with colons between, as link-layer addresses are written. */
export function octets(data: Uint8Array, at: number, length: number): string {
  let text = length > 0 ? hex2(data[at]!) : '';
  for (let i = 1; i < length; i++) text += `:${hex2(data[at + i]!)}`;
  return text;
}

/** Dotted halves of addresses, each made once. */
let halves: string[] = [];

function halfOf(half: number): string {
  const known = halves[half];
  if (known !== undefined) return known;
  if (halves.length === 0) halves = new Array<string>(0x1_0000);
  return (halves[half] = `${half >>> 8}.${half & 0xff}`);
}

/** Dotted quad of a 32-bit number. */
export function ip4Text(address: number): string {
  return `${halfOf(address >>> 16)}.${halfOf(address & 0xffff)}`;
}

/** The 16 bytes at `at` as IPv6 text. The caller has checked that they are there. */
export function ip6Text(data: Uint8Array, at: number): string {
  const [zeros, count] = longestZeroRun(data, at);
  const mappedWord = (data[at + 10]! << 8) | data[at + 11]!;
  const embedded = zeros === 0 && (count === 6 || (count === 5 && mappedWord === 0xffff));
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i >= zeros && i < zeros + count) {
      if (i === zeros) text += ':';
      continue;
    }
    if (i !== 0) text += ':';
    if (i === 6 && embedded) return text + ip4Text(word(data, at + 12));
    text += ((data[at + 2 * i]! << 8) | data[at + 2 * i + 1]!).toString(16);
  }
  return count > 0 && zeros + count === 8 ? `${text}:` : text;
}

/** `[first group, groups]` of the run that `::` replaces; the first of equals; `[8, 0]` for none. */
function longestZeroRun(data: Uint8Array, at: number): [number, number] {
  let best = 8;
  let bestCount = 1; // a single zero group is not shortened
  for (let i = 0, count = 0; i < 8; i++) {
    count = data[at + 2 * i] === 0 && data[at + 2 * i + 1] === 0 ? count + 1 : 0;
    if (count > bestCount) {
      bestCount = count;
      best = i - count + 1;
    }
  }
  return best === 8 ? [8, 0] : [best, bestCount];
}
