/**
 * Whole packets, layer by layer: each header gets what is usual, then what a path demands, and says by that which header
 * comes next. Addresses are those set apart for documentation (RFC 5737, RFC 3849, RFC 7042 §2.1.2).
 */

import { allows, type Constraint, nearest, readNumber, writeNumber } from './constraints.js';

/** A header whose length or checksum depends on what follows it. */
interface Closing {
  readonly kind: 'ip4' | 'ip6' | 'udp' | 'tcp' | 'icmp' | 'icmp6' | 'igmp' | 'pppoe' | 'llc';
  readonly at: number;
  /** Where addresses for the pseudo-header are: the IP header around it. */
  readonly around: number;
}

/** Different packets for different attempts: which of several usual values is taken first. */
export type Choice = <T>(usual: readonly T[]) => readonly T[];

const ETHERNET = 1;
const TYPES = { ip4: 0x0800, ip6: 0x86dd, arp: 0x0806, rarp: 0x8035 } as const;
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60, 135]);
const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

export class Draft {
  readonly bytes: Uint8Array;
  /** Bytes so far. */
  end = 0;
  readonly #constraints: readonly Constraint[];
  readonly #choice: Choice;
  readonly #closings: Closing[] = [];
  #depth = 0;
  readonly #variant: number;

  /**
   * @param room - Bytes at most.
   * @param variant - 0 to 63: packets of different ones have different sources.
   */
  constructor(constraints: readonly Constraint[], choice: Choice, room: number, variant: number) {
    this.#variant = variant;
    this.bytes = new Uint8Array(room);
    this.#constraints = constraints;
    this.#choice = choice;
  }

  /** Lays the headers of a packet; false where the link type is not known here. */
  lay(linkType: number): boolean {
    switch (linkType) {
      case ETHERNET:
        this.#ethernet();
        return true;
      case 12:
      case 101: // RAW: the version tells
        this.#ip();
        return true;
      case 228:
        this.#ip4();
        return true;
      case 229:
        this.#ip6();
        return true;
      case 0:
      case 108: {
        // NULL in the byte order of the host, LOOP
        const [ip4, ip6] = linkType === 0 ? [0x0200_0000, 0x1e00_0000] : [2, 30];
        const family = this.#choose(4, [ip4!, ip6!]);
        if (family === ip4) this.#ip4();
        else if (family === ip6) this.#ip6();
        return true;
      }
      case 113: // LINUX_SLL: type, ARPHRD, length, address, protocol
        this.#fields([0, 2], [1, 2], [6, 2], [0x0000_5e00, 4], [0x5301_0000, 4]);
        this.#byType(this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6, TYPES.arp])));
        return true;
      case 276: {
        // LINUX_SLL2: protocol, reserved, index, ARPHRD, type, length, address
        const type = this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6, TYPES.arp]));
        this.#fields([0, 2], [1, 4], [1, 2], [0, 1], [6, 1], [0x0000_5e00, 4], [0x5301_0000, 4]);
        this.#byType(type);
        return true;
      }
      default:
        return false;
    }
  }

  /** Makes the packet so long, then writes lengths and checksums where nothing else is demanded of them. */
  close(least: number): void {
    for (const { at, size } of this.#constraints)
      if (at + size <= this.bytes.length) this.end = Math.max(this.end, at + size);
    this.end = Math.min(Math.max(this.end, least), this.bytes.length);
    this.#demand(0, this.end);
    for (let round = 0; round < 3; round++) for (const closing of this.#closings) this.#stretch(closing);
    for (const closing of this.#closings.toReversed()) this.#measure(closing);
    for (const closing of this.#closings.toReversed()) this.#sum(closing);
  }

  #ethernet(): void {
    this.#fields([0x0000_5e00, 4], [0x5302, 2], [0x0000_5e00, 4], [0x5301, 2]);
    this.#byType(this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6, TYPES.arp, 38])), true);
  }

  #byType(type: number, onLink = false): void {
    if (TAGS.has(type)) {
      this.#fields([1, 2]);
      this.#byType(this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6, TYPES.arp])), onLink);
    } else if (type === TYPES.ip4) this.#ip4();
    else if (type === TYPES.ip6) this.#ip6();
    else if (type === TYPES.arp || type === TYPES.rarp) this.#arp();
    else if (type === 0x8847 || type === 0x8848) this.#mpls();
    else if (type === 0x8863) this.#fields([0x11, 1], [9, 1], [0, 2], [0, 2]);
    else if (type === 0x8864) this.#pppoe();
    else if (type <= 1500 && onLink) this.#llc();
    // Of other protocols nothing is known: some bytes.
    else this.#fields([0, 4]);
  }

  /** IEEE 802.2; the spanning tree, or SNAP. */
  #llc(): void {
    this.#closings.push({ kind: 'llc', at: this.end - 2, around: 0 });
    const sap = this.#choose(1, [0x42, 0xaa]);
    const same = this.#choose(1, [sap]);
    this.#fields([3, 1]);
    if (sap === 0x42 && same === 0x42) {
      // A configuration BPDU, IEEE 802.1D §9.3.1.
      this.#fields([0, 2], [0, 1], [0, 1], [0, 1], [0x8000_0000, 4], [0x5e00_5301, 4], [0, 4]);
      this.#fields(
        [0x8000_0000, 4],
        [0x5e00_5301, 4],
        [0x8001, 2],
        [0, 2],
        [0x1400, 2],
        [0x0200, 2],
        [0x0f00, 2],
      );
    } else if (sap === 0xaa && same === 0xaa) {
      this.#fields([0, 3]);
      this.#byType(this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6, TYPES.arp])));
    } else this.#fields([0, 4]);
  }

  #arp(): void {
    this.#fields([1, 2], [0x0800, 2], [6, 1], [4, 1], [1, 2]);
    this.#fields(
      [0x0000_5e00, 4],
      [0x5301, 2],
      [0xc000_0201 + this.#variant, 4],
      [0, 4],
      [0, 2],
      [0xc633_6402, 4],
    );
  }

  #mpls(): void {
    for (;;) {
      const at = this.end;
      this.#fields([0x0001_0140, 4]); // label 16, bottom of the stack, TTL 64
      if ((this.bytes[at + 2]! & 1) !== 0 || this.end > this.bytes.length / 2) break;
    }
    this.#ip();
  }

  #pppoe(): void {
    this.#closings.push({ kind: 'pppoe', at: this.end, around: 0 });
    this.#fields([0x11, 1], [0, 1], [1, 2], [0, 2]);
    const protocol = this.#choose(2, this.#choice([0x0021, 0x0057]));
    if (protocol === 0x0021) this.#ip4();
    else if (protocol === 0x0057) this.#ip6();
    else this.#fields([0, 4]);
  }

  /** Either version, as the first byte has to be. */
  #ip(): void {
    const versions = this.#choice([0x45, 0x60]);
    const first = versions.find((byte) => this.#isAllowed(this.end, 1, byte)) ?? 0x45;
    if (first === 0x45) this.#ip4();
    else this.#ip6();
  }

  #ip4(): void {
    const at = this.end;
    this.#closings.push({ kind: 'ip4', at, around: at });
    this.#fields([0x45, 1], [0, 1], [0, 2], [1, 2], [0, 2], [64, 1]);
    const protocol = this.#choose(1, this.#choice([17, 6, 1]));
    this.#fields([0, 2], [0xc000_0201 + this.#variant, 4], [0xc633_6402, 4]);
    const rest = (this.bytes[at]! & 0xf) * 4 - 20;
    for (let i = 0; i < rest; i++) this.#fields([1, 1]); // no operation
    const isFirst = (readNumber(this.bytes, at + 6, 2) & 0x1fff) === 0;
    if (isFirst) this.#transport(protocol, at);
    else this.#fields([0, 4], [0, 4]);
  }

  #ip6(): void {
    const at = this.end;
    this.#closings.push({ kind: 'ip6', at, around: at });
    this.#fields([0x6000_0000, 4], [0, 2]);
    let next = this.#choose(1, this.#choice([17, 6, 58]));
    this.#fields([64, 1]);
    for (const host of [1 + this.#variant * 2, 2]) this.#fields([0x2001_0db8, 4], [0, 4], [0, 4], [host, 4]);
    for (let headers = 0; headers < 8 && (EXTENSIONS.has(next) || next === 44); headers++) {
      const start = this.end;
      const isFragment = next === 44;
      next = this.#choose(1, this.#choice([17, 6, 58]));
      this.#fields([0, 1], isFragment ? [0, 2] : [0x0104, 2], [0, 4]); // one option: PadN of 4
      if (!isFragment) for (let more = this.bytes[start + 1]! * 8; more > 0; more--) this.#fields([0, 1]);
      if (isFragment && (readNumber(this.bytes, start + 2, 2) & 0xfff8) !== 0) {
        this.#fields([0, 4], [0, 4]);
        return;
      }
    }
    this.#transport(next, at);
  }

  #transport(protocol: number, around: number): void {
    const at = this.end;
    switch (protocol) {
      case 6:
        this.#closings.push({ kind: 'tcp', at, around });
        this.#fields(
          [49152 + this.#variant, 2],
          [9, 2],
          [1, 4],
          [0, 4],
          [0x50, 1],
          [0x02, 1],
          [0xffff, 2],
          [0, 2],
          [0, 2],
        );
        for (let rest = (this.bytes[at + 12]! >> 4) * 4 - 20; rest > 0; rest--) this.#fields([1, 1]);
        return;
      case 17:
        this.#closings.push({ kind: 'udp', at, around });
        this.#fields([49152 + this.#variant, 2], [9, 2], [0, 2], [0, 2]);
        this.#inside(readNumber(this.bytes, at + 2, 2));
        return;
      case 1:
        this.#closings.push({ kind: 'icmp', at, around });
        this.#fields([8, 1], [0, 1], [0, 2], [1, 2], [1 + this.#variant, 2]);
        if ([3, 4, 5, 11, 12].includes(this.bytes[at]!)) this.#ip4(); // what it is about
        return;
      case 58:
        this.#closings.push({ kind: 'icmp6', at, around });
        this.#fields([128, 1], [0, 1], [0, 2], [1, 2], [1 + this.#variant, 2]);
        if (this.bytes[at]! === 135 || this.bytes[at]! === 136)
          this.#fields([0x2001_0db8, 4], [0, 4], [0, 4], [2, 4]);
        else if (this.bytes[at]! < 5) this.#ip6();
        return;
      case 2:
        this.#closings.push({ kind: 'igmp', at, around });
        this.#fields([0x16, 1], [0, 1], [0, 2], [0xe900_0001, 4]);
        return;
      case 4:
        this.#nested(() => this.#ip4());
        return;
      case 41:
        this.#nested(() => this.#ip6());
        return;
      case 47: {
        this.#fields([0, 2]);
        const type = this.#choose(2, this.#choice([TYPES.ip4, TYPES.ip6]));
        this.#nested(() => this.#byType(type));
        return;
      }
      case 50:
        this.#fields([0x100, 4], [1, 4], [0, 4], [0, 4]);
        return;
      case 51: {
        const next = this.#choose(1, this.#choice([17, 6]));
        this.#fields([4, 1], [0, 2], [0x100, 4], [1, 4], [0, 4], [0, 4], [0, 4]);
        this.#transport(next, around);
        return;
      }
      case 132: // ports, tag, checksum, and a COOKIE ACK chunk
        this.#fields([49152 + this.#variant, 2], [9, 2], [1, 4], [0, 4], [0x0b00_0004, 4]);
        return;
      default:
    }
  }

  /** What UDP carries to the ports of tunnels, where a path asks for it. */
  #inside(port: number): void {
    const isAsked = this.#constraints.some(({ at }) => at >= this.end + 8);
    if (!isAsked) return;
    if (port === VXLAN_PORT) {
      this.#fields([0x0800_0000, 4], [0, 4]);
      this.#nested(() => this.#ethernet());
    } else if (port === GENEVE_PORT) {
      const at = this.end;
      this.#fields([0, 1], [0, 1]);
      const type = this.#choose(2, [0x6558]);
      this.#fields([0, 4]);
      for (let rest = (this.bytes[at]! & 0x3f) * 4; rest > 0; rest--) this.#fields([0, 1]);
      this.#nested(() => (type === 0x6558 ? this.#ethernet() : this.#byType(type)));
    }
  }

  #nested(lay: () => void): void {
    if (++this.#depth <= 8) lay();
  }

  /** Appends fields, and puts in what is demanded of them. */
  #fields(...fields: readonly (readonly [value: number, size: number])[]): void {
    const start = this.end;
    for (const [value, size] of fields) {
      writeNumber(this.bytes, this.end, size, value);
      this.end = Math.min(this.end + size, this.bytes.length);
    }
    this.#demand(start, this.end);
  }

  /** Appends a field: the first of the usual values that is allowed, else one that is. */
  #choose(size: number, usual: readonly number[]): number {
    const at = this.end;
    const value = usual.find((it) => this.#isAllowed(at, size, it)) ?? usual[0]!;
    this.#fields([value, size]);
    return readNumber(this.bytes, at, size);
  }

  /** Puts in what is demanded of fields that end between these places. */
  #demand(start: number, end: number): void {
    for (const constraint of this.#constraints) {
      const { at, size } = constraint;
      if (at + size <= start || at >= end) continue;
      const held = readNumber(this.bytes, at, size);
      if (!allows(constraint, held)) writeNumber(this.bytes, at, size, nearest(constraint, held));
    }
  }

  /** Whether constraints on the very field, or on a part of it, allow a value. */
  #isAllowed(at: number, size: number, value: number): boolean {
    const field = new Uint8Array(size);
    writeNumber(field, 0, size, value);
    return this.#constraints.every((constraint) => {
      const inside = constraint.at >= at && constraint.at + constraint.size <= at + size;
      return !inside || allows(constraint, readNumber(field, constraint.at - at, constraint.size));
    });
  }

  /** Makes the packet longer where a length that is demanded says so. */
  #stretch({ kind, at }: Closing): void {
    const field = LENGTHS[kind];
    if (field === undefined) return;
    const [place, from] = [at + field.at, at + field.from];
    const constraint = this.#constraints.find((it) => it.at === place && it.size === 2);
    if (constraint === undefined) return;
    const wanted = nearest(constraint, this.end - from);
    if (wanted > this.end - from && from + wanted <= this.bytes.length) this.end = from + wanted;
  }

  #measure({ kind, at }: Closing): void {
    const field = LENGTHS[kind];
    if (field !== undefined) this.#put(at + field.at, this.end - at - field.from);
  }

  #sum({ kind, at, around }: Closing): void {
    const place = CHECKSUMS[kind];
    if (place === undefined) return;
    const end = kind === 'ip4' ? at + (this.bytes[at]! & 0xf) * 4 : this.end;
    let sum = 0;
    const add = (start: number, stop: number): void => {
      for (let i = start; i < stop; i += 2)
        sum += (this.bytes[i]! << 8) | (i + 1 < stop ? this.bytes[i + 1]! : 0);
    };
    if (this.#isDemanded(at + place)) return;
    writeNumber(this.bytes, at + place, 2, 0);
    add(at, end);
    if (kind === 'tcp' || kind === 'udp' || kind === 'icmp6') {
      const isIp4 = this.bytes[around]! >> 4 === 4;
      if (isIp4) add(around + 12, around + 20);
      else add(around + 8, around + 40);
      sum += PROTOCOLS[kind] + (end - at);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    const checksum = ~sum & 0xffff;
    writeNumber(this.bytes, at + place, 2, kind === 'udp' && checksum === 0 ? 0xffff : checksum);
  }

  #put(at: number, value: number): void {
    const wanted = this.#constraints.filter((it) => it.at < at + 2 && it.at + it.size > at);
    const before = readNumber(this.bytes, at, 2);
    writeNumber(this.bytes, at, 2, value);
    if (wanted.some((it) => !allows(it, readNumber(this.bytes, it.at, it.size))))
      writeNumber(this.bytes, at, 2, before);
  }

  #isDemanded(at: number): boolean {
    return this.#constraints.some((it) => it.at < at + 2 && it.at + it.size > at);
  }
}

/** Lengths: where they stand, and from where they count to the end. */
const LENGTHS: Partial<Record<Closing['kind'], { readonly at: number; readonly from: number }>> = {
  llc: { at: 0, from: 2 },
  pppoe: { at: 4, from: 6 },
  ip4: { at: 2, from: 0 },
  ip6: { at: 4, from: 40 },
  udp: { at: 4, from: 0 },
};
const CHECKSUMS: Partial<Record<Closing['kind'], number>> = {
  ip4: 10,
  tcp: 16,
  udp: 6,
  icmp: 2,
  icmp6: 2,
  igmp: 2,
};
const PROTOCOLS = { tcp: 6, udp: 17, icmp6: 58 } as const;
