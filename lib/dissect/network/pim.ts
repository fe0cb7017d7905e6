/** PIM version 2 (RFC 7761, RFC 5015, RFC 5059), in the encodings of RFC 2117 too. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import { checksum, transportChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { printer } from '../frame/say.js';
import { duration, hex2, hex4, hex8 } from '../frame/text.js';
import type { Dissector } from '../frame/walk.js';

const PROTOCOL = 103;
const REGISTER = 1;
// biome-ignore format: a table
const TYPES: Readonly<Record<number, string>> = {
  0: 'Hello', 1: 'Register', 2: 'Register Stop', 3: 'Join / Prune', 4: 'Bootstrap', 5: 'Assert', 6: 'Graft',
  7: 'Graft Acknowledgement', 8: 'Candidate RP Advertisement', 9: 'Prune Refresh', 10: 'DF Election', 11: 'ECMP Redirect',
};

export const PIM = layout('pim', {
  version: bits(0, 0xf0),
  type: bits(0, 0x0f).named(TYPES, () => 'Unknown Type'),
  cksum: u16(2, 'hex'),
});
const F = PIM.fields;

/** A register message carries the packet that it is about. */
export const dissectPim: Dissector = (w, at, limit) => {
  const isRegister = w.u8(at) === 0x21;
  w.layer(PIM, at, isRegister ? at + 8 : limit, limit);
  if (!isRegister) return;
  const version = w.u8(at + 8) >> 4;
  if (version === 4) w.ether(0x0800, at + 8, limit);
  else if (version === 6) w.ether(0x86dd, at + 8, limit);
};

export const printPim = printer(PIM, 'pim', (say, p, d, ip) => {
  if (p.version !== 2) {
    say`PIMv${F.version}, length ${p.wireLength}`;
    return;
  }
  if (!d.verbosity) {
    say`PIMv${F.version}, ${F.type}, length ${p.wireLength}`;
    return;
  }
  say`PIMv${F.version}, length ${p.wireLength}\n\t${F.type}`;
  d.cutAs = 'pimv2';
  untilCut(d, () => new Message(d, p.at, p.wireLength, ip).print(p.type));
});

/** Names of options of Hello; a size where only one is right. */
const OPTIONS: Readonly<Record<number, { readonly name: string; readonly size?: number }>> = {
  1: { name: 'Hold Time', size: 2 },
  2: { name: 'LAN Prune Delay', size: 4 },
  18: { name: 'DR Priority (Old)', size: 4 },
  19: { name: 'DR Priority', size: 4 },
  20: { name: 'Generation ID', size: 4 },
  21: { name: 'State Refresh Capability', size: 4 },
  22: { name: 'Bi-Directional Capability' },
  24: { name: 'Address List' },
  65001: { name: 'Address List (Old)' },
};

class Message {
  private readonly d: Dissection;
  private readonly at: number;
  private readonly length: number;
  private readonly ip: number;
  /** Bytes of an address as RFC 2117 has it; else 0. */
  private readonly plain: number;
  private next: number;
  private readonly end: number;

  constructor(d: Dissection, at: number, length: number, ip: number) {
    this.d = d;
    this.at = at;
    this.length = length;
    this.ip = ip;
    this.plain = d.u8(at + 1) & 15;
    this.next = at + 4;
    this.end = at + length;
  }

  print(type: number): void {
    const { d } = this;
    if (this.plain !== 0) d.out += ', RFC2117-encoding';
    this.printChecksum(type);
    const print = this.bodies[type];
    if (print === undefined) d.out += ` [type ${type}]`;
    else print();
  }

  private printChecksum(type: number): void {
    const { d, at, length } = this;
    const field = d.u16(at + 2);
    d.out += `, cksum 0x${hex4(field)} `;
    d.out += field === 0 ? '(unverified)' : this.verdict(type === REGISTER ? 8 : length, type === REGISTER);
  }

  /** Of a register message only the header is covered, though some cover all of it. */
  private verdict(covered: number, also: boolean): string {
    const { d, at, length, ip } = this;
    if (!d.has(at, covered) || covered > length) return '(unverified)';
    const sum = (size: number): number =>
      d.u8(ip) >> 4 === 6 ? transportChecksum(d, ip, at, size, PROTOCOL, size) : checksum(d.data, at, size);
    if (sum(covered) === 0) return '(correct)';
    if (!also) return '(incorrect)';
    if (!d.has(at, length)) return '(unverified)';
    return sum(length) === 0 ? '(correct)' : '(incorrect)';
  }

  private readonly bodies: Readonly<Record<number, () => void>> = {
    0: () => this.hello(),
    1: () => this.register(),
    2: () => {
      this.said(' group=', this.group);
      this.said(' source=', this.unicast);
    },
    3: () => this.joins(true),
    4: () => this.bootstrap(),
    5: () => {
      this.said(' group=', this.group);
      this.said(' src=', this.unicast);
      this.preference();
    },
    6: () => this.joins(true),
    7: () => this.joins(false),
    8: () => this.candidate(),
    9: () => {
      this.said(' src=', this.unicast);
      this.said(' grp=', this.group);
      this.said(' forwarder=', this.unicast);
      this.need(2);
      this.d.out += ` TUNR ${duration(this.d.u16(this.next))}`;
    },
    10: () => this.election(),
  };

  /** As `ND_TCHECK`. */
  private need(size: number): void {
    ask(this.d, this.next, size);
  }

  private said(before: string, address: () => string): void {
    this.d.out += before;
    this.d.out += address();
  }

  private hello(): void {
    const { d } = this;
    while (this.next < this.at + this.length) {
      d.need(this.next, 4);
      const type = d.u16(this.next);
      const size = d.u16(this.next + 2);
      const row = OPTIONS[type];
      d.out += `\n\t  ${row?.name ?? 'Unknown'} Option (${type}), length ${size}, Value: `;
      this.next += 4;
      this.need(size);
      const old = row?.name.startsWith('DR') && size === 0;
      if (row?.size !== undefined && row.size !== size && !old) {
        d.out += `[option length ${size} != ${row.size}]`;
        d.markInvalid();
        return;
      }
      this.option(type, this.next, size);
      if (d.verbosity > 1) printUnknown(d, this.next, size, '\n\t    ');
      this.next += size;
    }
  }

  private option(type: number, at: number, size: number): void {
    const { d } = this;
    if (type === 1) {
      const seconds = d.u16(at);
      d.out += seconds === 0xffff && d.verbosity < 0 ? 'infinite' : duration(seconds);
    } else if (type === 2) {
      const delay = d.u16(at);
      d.out += `\n\t    T-bit=${delay >> 15}, LAN delay ${delay & 0x7fff}ms, Override interval ${d.u16(at + 2)}ms`;
    } else if (type === 18 || type === 19) {
      d.out += size === 0 ? 'Bi-Directional Capability (Old)' : `${d.u32(at)}`;
    } else if (type === 20) d.out += `0x${hex8(d.u32(at))}`;
    else if (type === 21) {
      d.out += `v${d.u8(at)}`;
      if (d.u8(at + 1) !== 0) d.out += `, interval ${duration(d.u8(at + 1))}`;
      if (d.u16(at + 2) !== 0) d.out += ` ?0x${hex4(d.u16(at + 2))}?`;
    } else if ((type === 24 || type === 65001) && d.verbosity > 1) {
      const saved = this.next;
      while (this.next < at + size) this.said('\n\t    ', this.unicast);
      this.next = saved;
    }
  }

  private register(): void {
    const { d } = this;
    this.need(4);
    const flags = d.u32(this.next);
    d.out += `, Flags [ ${flags === 0x4000_0000 ? 'Null' : flags === 0x8000_0000 ? 'Border' : 'none'} ]\n\t`;
    this.next += 4;
    const inner = this.length - 8;
    const version = d.u8(this.next) >> 4;
    if (version === 0) d.out += `IP-Null-header ${d.ip4(this.next + 12)} > ${d.ip4(this.next + 16)}`;
    else if (version === 4) d.next.ip4(d, this.next, inner);
    else if (version === 6) d.next.ip6(d, this.next, inner);
    else d.out += `IP ver ${version}`;
  }

  private joins(upstream: boolean): void {
    const { d } = this;
    if (upstream) this.said(', upstream-neighbor: ', this.unicast);
    this.need(4);
    const groups = d.u8(this.next + 1);
    const hold = d.u16(this.next + 2);
    d.out += `\n\t  ${groups} group(s)`;
    if (upstream) d.out += `, holdtime: ${hold === 0xffff ? 'infinite' : duration(hold)}`;
    this.next += 4;
    for (let i = 1; i <= groups; i++) {
      this.said(`\n\t    group #${i}: `, this.group);
      this.need(4);
      const [joined, pruned] = [d.u16(this.next), d.u16(this.next + 2)];
      d.out += `, joined sources: ${joined}, pruned sources: ${pruned}`;
      this.next += 4;
      for (let j = 1; j <= joined; j++) this.said(`\n\t      joined source #${j}: `, this.source);
      for (let j = 1; j <= pruned; j++) this.said(`\n\t      pruned source #${j}: `, this.source);
    }
  }

  private bootstrap(): void {
    const { d } = this;
    this.need(2);
    d.out += ` tag=${d.u16(this.next).toString(16)}`;
    this.next += 2;
    this.need(1);
    d.out += ` hashmlen=${d.u8(this.next)}`;
    this.need(3);
    d.out += ` BSRprio=${d.u8(this.next + 1)}`;
    this.next += 2;
    this.said(' BSR=', this.unicast);
    for (let i = 0; this.next < this.end; i++) {
      this.said(` (group${i}: `, this.group);
      this.need(1);
      const candidates = d.u8(this.next);
      d.out += ` RPcnt=${candidates}`;
      this.need(2);
      const fragment = d.u8(this.next + 1);
      d.out += ` FRPcnt=${fragment}`;
      this.next += 4;
      for (let j = 0; j < fragment && this.next < this.end; j++) {
        this.said(` RP${j}=`, this.unicast);
        d.out += ',holdtime=';
        d.out += duration(d.u16(this.next));
        this.need(3);
        d.out += `,prio=${d.u8(this.next + 2)}`;
        this.next += 4;
      }
      d.out += ')';
    }
  }

  private preference(): void {
    const { d } = this;
    this.need(8);
    const word = d.u32(this.next);
    if (word >= 0x8000_0000) d.out += ' RPT';
    d.out += ` pref=${word & 0x7fff_ffff} metric=${d.u32(this.next + 4)}`;
  }

  private candidate(): void {
    const { d } = this;
    this.need(1);
    const count = d.u8(this.next);
    d.out += ` prefix-cnt=${count}`;
    this.need(2);
    d.out += ` prio=${d.u8(this.next + 1)}`;
    d.out += ' holdtime=';
    d.out += duration(d.u16(this.next + 2));
    this.next += 4;
    this.said(' RP=', this.unicast);
    for (let i = 0; i < count && this.next < this.end; i++) this.said(` Group${i}=`, this.group);
  }

  private election(): void {
    const { d } = this;
    const subtype = d.u8(this.at + 1) >> 4;
    const names: Readonly<Record<number, string>> = { 1: 'Offer', 2: 'Winner', 3: 'Backoff', 4: 'Pass' };
    d.out += `\n\t  ${names[subtype] ?? 'Unknown'},`;
    this.said(' rpa=', this.unicast);
    this.metrics(' sender');
    if (subtype === 3) {
      this.said('\n\t  offer addr=', this.unicast);
      this.metrics(' offer');
      d.out += ` interval ${d.u16(this.next)}ms`;
    } else if (subtype === 4) {
      this.said('\n\t  new winner addr=', this.unicast);
      this.metrics(' new winner');
    }
  }

  private metrics(whose: string): void {
    const { d } = this;
    d.out += `${whose} pref=${d.u32(this.next)}`;
    d.out += `${whose} metric=${d.u32(this.next + 4)}`;
    this.next += 8;
  }

  /** Goes over the head of an encoded address and tells its size. */
  private family(): 4 | 16 {
    const { d, plain } = this;
    if (plain === 4) return plain;
    if (plain !== 0) throw ENDS_EARLY;
    if (this.next + 2 > this.end) throw ENDS_EARLY;
    const family = d.u8(this.next);
    if ((family !== 1 && family !== 2) || d.u8(this.next + 1) !== 0) throw ENDS_EARLY;
    this.next += 2;
    return family === 1 ? 4 : 16;
  }

  private address(at: number, size: 4 | 16): string {
    return size === 4 ? this.d.ip4(at) : this.d.ip6(at);
  }

  private readonly unicast = (): string => {
    const size = this.family();
    this.need(size);
    const text = this.address(this.next, size);
    this.next += size;
    return text;
  };

  private readonly group = (): string => {
    const size = this.family();
    this.need(2 + size);
    const [flags, mask] = [this.d.u8(this.next), this.d.u8(this.next + 1)];
    let text = this.address(this.next + 2, size);
    if (mask !== 8 * size) text += `/${mask}`;
    if (flags !== 0) text += `(0x${hex2(flags)})`;
    this.next += 2 + size;
    return text;
  };

  private readonly source = (): string => {
    const size = this.family();
    this.need(2 + size);
    const [flags, mask] = [this.d.u8(this.next), this.d.u8(this.next + 1)];
    let text = this.address(this.next + 2, size);
    if (mask !== 8 * size) text += `/${mask}`;
    if (flags !== 0) {
      text += `(${flags & 4 ? 'S' : ''}${flags & 2 ? 'W' : ''}${flags & 1 ? 'R' : ''}`;
      text += `${flags & 0xf8 ? `+0x${hex2(flags & 0xf8)}` : ''})`;
    }
    this.next += 2 + size;
    return text;
  };
}
