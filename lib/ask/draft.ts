/**
 * A packet while it is made: fields one after the other, each what is usual where nothing else is demanded of it, and at the end
 * the lengths and checksums of its headers.
 */

import { allows, type Constraint, nearest, readNumber, writeNumber } from './constraints.js';

/** A header whose length or checksum depends on what follows it. */
interface Closing {
  readonly kind: 'ip4' | 'ip6' | 'udp' | 'tcp' | 'icmp' | 'icmp6' | 'igmp' | 'pppoe' | 'llc' | 'ipnet';
  readonly at: number;
  /** Where addresses for the pseudo-header are: the IP header around it. */
  readonly around: number;
}

/** Different packets for different attempts: which of several usual values is taken first. */
export type Choice = <T>(usual: readonly T[]) => readonly T[];

export class Draft {
  readonly bytes: Uint8Array;
  /** Bytes so far. */
  end = 0;
  /** Fields that could not have what is usual. */
  displaced = 0;
  protected readonly constraints: readonly Constraint[];
  protected readonly choice: Choice;
  protected readonly closings: Closing[] = [];
  protected readonly variant: number;

  /**
   * @param room - Bytes at most.
   * @param variant - 0 to 63: packets of different ones have different sources.
   */
  constructor(constraints: readonly Constraint[], choice: Choice, room: number, variant: number) {
    this.variant = variant;
    this.bytes = new Uint8Array(room);
    this.constraints = constraints;
    this.choice = choice;
  }

  /** Makes the packet so long, then writes lengths and checksums where nothing else is demanded of them. */
  close(least: number): void {
    for (const { at, size } of this.constraints)
      if (at + size <= this.bytes.length) this.end = Math.max(this.end, at + size);
    this.end = Math.min(Math.max(this.end, least), this.bytes.length);
    this.#demand(0, this.end);
    for (let round = 0; round < 3; round++) for (const closing of this.closings) this.#stretch(closing);
    for (const closing of this.closings.toReversed()) this.#measure(closing);
    for (const closing of this.closings.toReversed()) this.#sum(closing);
  }

  /** Appends fields, and puts in what is demanded of them. */
  protected fields(...fields: readonly (readonly [value: number, size: number])[]): void {
    const start = this.end;
    for (const [value, size] of fields) {
      writeNumber(this.bytes, this.end, size, value);
      this.end = Math.min(this.end + size, this.bytes.length);
    }
    this.#demand(start, this.end);
  }

  /** Appends a field: the first of the usual values that is allowed, else one that is. */
  protected choose(size: number, usual: readonly number[]): number {
    const at = this.end;
    const value = usual.find((it) => this.isAllowed(at, size, it)) ?? usual[0]!;
    this.fields([value, size]);
    return readNumber(this.bytes, at, size);
  }

  /** Puts in what is demanded of fields that end between these places. */
  #demand(start: number, end: number): void {
    for (const constraint of this.constraints) {
      const { at, size } = constraint;
      if (at + size <= start || at >= end) continue;
      const held = readNumber(this.bytes, at, size);
      if (allows(constraint, held)) continue;
      writeNumber(this.bytes, at, size, nearest(constraint, held));
      this.displaced++;
    }
  }

  /** Whether constraints on the very field, or on a part of it, allow a value. */
  protected isAllowed(at: number, size: number, value: number): boolean {
    const field = new Uint8Array(size);
    writeNumber(field, 0, size, value);
    return this.constraints.every((constraint) => {
      const inside = constraint.at >= at && constraint.at + constraint.size <= at + size;
      return !inside || allows(constraint, readNumber(field, constraint.at - at, constraint.size));
    });
  }

  /** Makes the packet longer where a length that is demanded says so. */
  #stretch({ kind, at }: Closing): void {
    const field = LENGTHS[kind];
    if (field === undefined) return;
    const [place, from] = [at + field.at, at + field.from];
    const constraint = this.constraints.find((it) => it.at === place && it.size === 2);
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
    const wanted = this.constraints.filter((it) => it.at < at + 2 && it.at + it.size > at);
    const before = readNumber(this.bytes, at, 2);
    writeNumber(this.bytes, at, 2, value);
    if (wanted.some((it) => !allows(it, readNumber(this.bytes, it.at, it.size))))
      writeNumber(this.bytes, at, 2, before);
  }

  #isDemanded(at: number): boolean {
    return this.constraints.some((it) => it.at < at + 2 && it.at + it.size > at);
  }
}

/** Lengths: where they stand, and from where they count to the end. */
const LENGTHS: Partial<Record<Closing['kind'], { readonly at: number; readonly from: number }>> = {
  llc: { at: 0, from: 2 },
  pppoe: { at: 4, from: 6 },
  ip4: { at: 2, from: 0 },
  ip6: { at: 4, from: 40 },
  udp: { at: 4, from: 0 },
  ipnet: { at: 6, from: 24 },
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
