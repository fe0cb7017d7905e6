/**
 * Flows that are going on: from a packet to the number of its flow. Numbers go up from 0 in the order of first packets, and
 * are the same whenever the same packets come.
 *
 * A flow is all packets between two ends of one protocol. A TCP flow ends where a connection opens anew (a SYN of another
 * sequence number, or behind FIN or RST: as Wireshark has it), and a grace after FIN of both or RST; any flow ends when it
 * is idle for long. Of more flows than the table may hold, those idle longest are forgotten.
 */

import { type FlowKey, KEY_WORDS, TCP } from './key.js';

/** When flows end, and how many are kept in mind. */
export interface FlowOptions {
  /** Most flows that are kept in mind at once. Default a million. */
  readonly maxFlows?: number | undefined;
  /** Seconds after which a silent TCP connection is over. Default 3600. */
  readonly tcpTimeout?: number | undefined;
  /** Seconds after which any other flow is. Default 600. */
  readonly timeout?: number | undefined;
  /** Seconds for stragglers after a connection has ended. Default 120. */
  readonly grace?: number | undefined;
}

export const MAX_FLOWS = 1_000_000;
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
/** Bits of a flow's state: FIN seen from either end, RST, and whose first sequence number is known. */
const [FIN_SEEN, RST_SEEN, BASE_KNOWN] = [1, 4, 8];
const BOTH_FIN = 3;
/** Fragmented packets whose first fragment is kept in mind. */
const MOST_FRAGMENTED = 4096;
const FIRST_SIZE = 1024;
const NONE = -1;

/** The packet is of no flow. */
export const NO_FLOW = -1;

/** Numbers flows, packet by packet. */
export class FlowTable {
  /** Flows so far. */
  flows = 0;
  /** Where the flow of the last packet is kept: below `maxFlows`, and another's once it is over. */
  entry = 0;
  /** Whether the last packet was the first of its flow. */
  isFirst = false;
  /** Flows that were forgotten for others. */
  forgotten = 0;
  private readonly limits: Required<{ [Name in keyof FlowOptions]: number }>;
  /** Entries by hash; -1 where there is none. A power of two, at least twice the entries. */
  private slots: Int32Array;
  private keys: Int32Array;
  private hashes: Int32Array;
  private numbers: Float64Array;
  private lastSeen: Float64Array;
  private states: Uint8Array;
  /** First sequence numbers, of either end. */
  private bases: Uint32Array;
  /** Entries from the one idle longest to the one seen last. */
  private before: Int32Array;
  private after: Int32Array;
  private oldest = NONE;
  private newest = NONE;
  private entries = 0;
  private readonly fragmented = new Map<string, { readonly entry: number; readonly number: number }>();

  constructor({ maxFlows = MAX_FLOWS, tcpTimeout = 3600, timeout = 600, grace = 120 }: FlowOptions = {}) {
    this.limits = { maxFlows, tcpTimeout, timeout, grace };
    const size = Math.min(FIRST_SIZE, maxFlows);
    this.keys = new Int32Array(size * KEY_WORDS);
    this.hashes = new Int32Array(size);
    this.numbers = new Float64Array(size);
    this.lastSeen = new Float64Array(size);
    this.states = new Uint8Array(size);
    this.bases = new Uint32Array(2 * size);
    this.before = new Int32Array(size);
    this.after = new Int32Array(size);
    this.slots = new Int32Array(slotsFor(size)).fill(NONE);
  }

  /**
   * The number of a packet's flow, {@link NO_FLOW} for a fragment of which the first has not been seen.
   *
   * @param seconds - When the packet came.
   */
  numberOf(key: FlowKey, seconds: number): number {
    this.isFirst = false;
    if (key.isFollower) return this.numberOfFollower(key.fragment!);
    this.entry = this.entryOf(key, seconds);
    const number = this.numbers[this.entry]!;
    if (key.fragment !== undefined) {
      if (this.fragmented.size >= MOST_FRAGMENTED)
        this.fragmented.delete(this.fragmented.keys().next().value!);
      this.fragmented.delete(key.fragment);
      this.fragmented.set(key.fragment, { entry: this.entry, number });
    }
    return number;
  }

  private numberOfFollower(fragment: string): number {
    const first = this.fragmented.get(fragment);
    if (first === undefined || this.numbers[first.entry] !== first.number) return NO_FLOW;
    this.entry = first.entry;
    return first.number;
  }

  private entryOf(key: FlowKey, seconds: number): number {
    const hash = hashOf(key.words);
    let entry = this.find(key.words, hash);
    if (entry === NONE) {
      entry = this.add(key.words, hash);
      this.begin(entry);
    } else {
      this.unlink(entry);
      if (this.isOver(entry, key, seconds)) this.begin(entry);
    }
    this.link(entry);
    this.lastSeen[entry] = seconds;
    if (key.protocol === TCP) this.note(entry, key);
    return entry;
  }

  private begin(entry: number): void {
    this.isFirst = true;
    this.numbers[entry] = this.flows++;
    this.states[entry] = 0;
  }

  private isOver(entry: number, key: FlowKey, seconds: number): boolean {
    const idle = seconds - this.lastSeen[entry]!;
    const { tcpTimeout, timeout, grace } = this.limits;
    if (key.protocol !== TCP) return idle > timeout;
    const state = this.states[entry]!;
    const hasEnded = (state & RST_SEEN) !== 0 || (state & BOTH_FIN) === BOTH_FIN;
    if (idle > (hasEnded ? grace : tcpTimeout)) return true;
    const end = key.isReverse ? 1 : 0;
    if ((key.flags & (SYN | ACK)) !== SYN || (state & (BASE_KNOWN << end)) === 0) return false;
    return key.sequence !== this.bases[2 * entry + end] || (state & (BOTH_FIN | RST_SEEN)) !== 0;
  }

  /** Keeps in mind what a TCP header says of its connection. */
  private note(entry: number, { flags, sequence, acknowledged, isReverse }: FlowKey): void {
    const end = isReverse ? 1 : 0;
    let state = this.states[entry]!;
    if ((state & (BASE_KNOWN << end)) === 0) {
      state |= BASE_KNOWN << end;
      this.bases[2 * entry + end] = (flags & SYN) !== 0 ? sequence : sequence - 1;
    }
    if ((state & (BASE_KNOWN << (1 - end))) === 0 && (flags & ACK) !== 0) {
      state |= BASE_KNOWN << (1 - end);
      this.bases[2 * entry + 1 - end] = acknowledged - 1;
    }
    if ((flags & FIN) !== 0) state |= FIN_SEEN << end;
    if ((flags & RST) !== 0) state |= RST_SEEN;
    this.states[entry] = state;
  }

  private find(words: Int32Array, hash: number): number {
    const { slots, keys, hashes } = this;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === NONE) return NONE;
      if (hashes[entry] !== hash) continue;
      const at = entry * KEY_WORDS;
      let word = 0;
      while (word < KEY_WORDS && keys[at + word] === words[word]) word++;
      if (word === KEY_WORDS) return entry;
    }
  }

  private add(words: Int32Array, hash: number): number {
    let entry: number;
    if (this.entries === this.limits.maxFlows) {
      entry = this.oldest;
      this.unlink(entry);
      this.removeSlot(entry);
      this.forgotten++;
    } else {
      if (this.entries === this.hashes.length) this.grow();
      entry = this.entries++;
    }
    this.keys.set(words, entry * KEY_WORDS);
    this.hashes[entry] = hash;
    this.place(entry);
    return entry;
  }

  private place(entry: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = this.hashes[entry]! & mask;
    while (slots[slot] !== NONE) slot = (slot + 1) & mask;
    slots[slot] = entry;
  }

  /** Takes an entry out of the slots; those behind it move up, so that none of them is missed. */
  private removeSlot(entry: number): void {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    let gap = hashes[entry]! & mask;
    while (slots[gap] !== entry) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const home = hashes[slots[slot]!]! & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot]!;
      gap = slot;
    }
    slots[gap] = NONE;
  }

  private grow(): void {
    const size = Math.min(2 * this.hashes.length, this.limits.maxFlows);
    const larger = <Numbers extends Int32Array | Uint32Array | Float64Array | Uint8Array>(
      old: Numbers,
      made: Numbers,
    ): Numbers => {
      made.set(old);
      return made;
    };
    this.keys = larger(this.keys, new Int32Array(size * KEY_WORDS));
    this.hashes = larger(this.hashes, new Int32Array(size));
    this.numbers = larger(this.numbers, new Float64Array(size));
    this.lastSeen = larger(this.lastSeen, new Float64Array(size));
    this.states = larger(this.states, new Uint8Array(size));
    this.bases = larger(this.bases, new Uint32Array(2 * size));
    this.before = larger(this.before, new Int32Array(size));
    this.after = larger(this.after, new Int32Array(size));
    this.slots = new Int32Array(slotsFor(size)).fill(NONE);
    for (let entry = 0; entry < this.entries; entry++) this.place(entry);
  }

  private link(entry: number): void {
    this.before[entry] = this.newest;
    this.after[entry] = NONE;
    if (this.newest === NONE) this.oldest = entry;
    else this.after[this.newest] = entry;
    this.newest = entry;
  }

  private unlink(entry: number): void {
    const before = this.before[entry]!;
    const after = this.after[entry]!;
    if (before === NONE) this.oldest = after;
    else this.after[before] = after;
    if (after === NONE) this.newest = before;
    else this.before[after] = before;
  }
}

const slotsFor = (entries: number): number => 2 ** Math.ceil(Math.log2(2 * entries + 1));

function hashOf(words: Int32Array): number {
  let hash = 0;
  for (let word = 0; word < KEY_WORDS; word++)
    hash = Math.imul(hash ^ words[word]!, 0x9e3779b1) ^ (hash >>> 15);
  return hash ^ (hash >>> 16);
}
