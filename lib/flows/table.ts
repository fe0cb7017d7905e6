/**
 * Flows that are going on: from a packet to the number of its flow. Numbers go up from 0 in the order of first packets, and
 * are the same whenever the same packets come.
 *
 * A flow is all packets between two ends of one protocol. A TCP flow ends where a connection opens anew (a SYN of another
 * sequence number, or behind FIN or RST: as Wireshark has it), and a grace after FIN of both or RST; any flow ends when it
 * is idle for long. Of more flows than the table may hold, some that have been idle for long are forgotten.
 */

import { type FlowKey, IPV4, KEY_WORDS, TCP } from './key.js';

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
/** Bits of a flow's state: FIN seen from either end, RST, whose first sequence number is known, use of late. */
const [FIN_SEEN, RST_SEEN, BASE_KNOWN, USED] = [1, 4, 8, 32];
/** Words of an entry: its key, hash, number, the second it was last seen, state, first sequence numbers of either end. */
const WORDS = 16;
const HASH = KEY_WORDS;
const [NUMBER, LAST_SEEN, STATE, BASES] = [HASH + 1, HASH + 2, HASH + 3, HASH + 4];
const BOTH_FIN = 3;
/** Fragmented packets whose first fragment is kept in mind. */
const MOST_FRAGMENTED = 4096;
const FIRST_SIZE = 1024;
const GROWTH = 4;
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
  /**
   * By hash the hash itself and the entry, plus one: 0 where there is none. A power of two of places, at least twice the
   * entries. Records lie elsewhere in memory, and what is not in the processor's caches takes longer than all else.
   */
  private slots: Int32Array;
  /** {@link WORDS} for each entry, together in a line of the cache. */
  private records: Int32Array;
  private size: number;
  private entries = 0;
  /** Where to look next for an entry to give up. */
  private hand = 0;
  /** What {@link touch} has seen: whatever is read must be used for something. */
  protected touched = 0;
  private readonly fragmented = new Map<string, { readonly entry: number; readonly number: number }>();

  constructor({ maxFlows = MAX_FLOWS, tcpTimeout = 3600, timeout = 600, grace = 120 }: FlowOptions = {}) {
    this.limits = { maxFlows, tcpTimeout, timeout, grace };
    this.size = Math.min(FIRST_SIZE, maxFlows);
    this.records = new Int32Array(this.size * WORDS);
    this.slots = new Int32Array(2 * slotsFor(this.size));
  }

  /**
   * The number of a packet's flow, {@link NO_FLOW} for a fragment of which the first has not been seen.
   *
   * @param seconds - When the packet came.
   * @param hash - Of {@link hashOf}.
   */
  numberOf(key: FlowKey, seconds: number, hash: number = hashOf(key.words)): number {
    this.isFirst = false;
    if (key.isFollower) return this.numberOfFollower(key.fragment!);
    this.entry = this.entryOf(key, hash, Math.floor(seconds) | 0);
    const number = this.numberIn(this.entry);
    if (key.fragment !== undefined) {
      if (this.fragmented.size >= MOST_FRAGMENTED)
        this.fragmented.delete(this.fragmented.keys().next().value!);
      this.fragmented.delete(key.fragment);
      this.fragmented.set(key.fragment, { entry: this.entry, number });
    }
    return number;
  }

  /** Of the flow of a packet, for {@link touch}. */
  hashOf({ words }: FlowKey): number {
    return hashOf(words);
  }

  /** Has what packets with these hashes will need brought from memory, all of it at once. */
  touch(hashes: Int32Array, count: number): void {
    const { slots, records, entries, hand } = this;
    const mask = slots.length - 1;
    let seen = 0;
    for (let at = 0; at < count; at++) seen ^= slots[(2 * hashes[at]!) & mask]!;
    // What may be given up for others.
    const last = entries === this.limits.maxFlows ? Math.min(hand + count, entries) : 0;
    for (let entry = hand; entry < last; entry++) seen ^= slots[(2 * records[entry * WORDS + HASH]!) & mask]!;
    for (let at = 0; at < count; at++) {
      const slot = (2 * hashes[at]!) & mask;
      if (slots[slot] === hashes[at]) seen ^= records[(slots[slot + 1]! - 1) * WORDS]!;
    }
    this.touched = seen;
  }

  private numberIn(entry: number): number {
    return this.records[entry * WORDS + NUMBER]! >>> 0;
  }

  private numberOfFollower(fragment: string): number {
    const first = this.fragmented.get(fragment);
    if (first === undefined || this.numberIn(first.entry) !== first.number) return NO_FLOW;
    this.entry = first.entry;
    return first.number;
  }

  private entryOf(key: FlowKey, hash: number, seconds: number): number {
    let entry = this.find(key.words, hash);
    if (entry === NONE) {
      entry = this.add(key.words, hash);
      this.begin(entry);
    } else if (this.isOver(entry, key, seconds)) this.begin(entry);
    else this.records[entry * WORDS + STATE]! |= USED;
    this.records[entry * WORDS + LAST_SEEN] = seconds;
    if (key.protocol === TCP) this.note(entry, key);
    return entry;
  }

  private begin(entry: number): void {
    this.isFirst = true;
    this.records[entry * WORDS + NUMBER] = this.flows++;
    this.records[entry * WORDS + STATE] = 0;
  }

  private isOver(entry: number, key: FlowKey, seconds: number): boolean {
    const { records } = this;
    const at = entry * WORDS;
    const idle = (seconds - records[at + LAST_SEEN]!) | 0;
    const { tcpTimeout, timeout, grace } = this.limits;
    if (key.protocol !== TCP) return idle > timeout;
    const state = records[at + STATE]!;
    const hasEnded = (state & RST_SEEN) !== 0 || (state & BOTH_FIN) === BOTH_FIN;
    if (idle > (hasEnded ? grace : tcpTimeout)) return true;
    const end = key.isReverse ? 1 : 0;
    if ((key.flags & (SYN | ACK)) !== SYN || (state & (BASE_KNOWN << end)) === 0) return false;
    return key.sequence !== records[at + BASES + end]! >>> 0 || (state & (BOTH_FIN | RST_SEEN)) !== 0;
  }

  /** Keeps in mind what a TCP header says of its connection. */
  private note(entry: number, { flags, sequence, acknowledged, isReverse }: FlowKey): void {
    const { records } = this;
    const at = entry * WORDS;
    const end = isReverse ? 1 : 0;
    let state = records[at + STATE]!;
    if ((state & (BASE_KNOWN << end)) === 0) {
      state |= BASE_KNOWN << end;
      records[at + BASES + end] = (flags & SYN) !== 0 ? sequence : sequence - 1;
    }
    if ((state & (BASE_KNOWN << (1 - end))) === 0 && (flags & ACK) !== 0) {
      state |= BASE_KNOWN << (1 - end);
      records[at + BASES + 1 - end] = acknowledged - 1;
    }
    if ((flags & FIN) !== 0) state |= FIN_SEEN << end;
    if ((flags & RST) !== 0) state |= RST_SEEN;
    records[at + STATE] = state;
  }

  private find(words: Int32Array, hash: number): number {
    const { slots, records } = this;
    const mask = slots.length - 1;
    for (let slot = (2 * hash) & mask; ; slot = (slot + 2) & mask) {
      const entry = slots[slot + 1]! - 1;
      if (entry === NONE) return NONE;
      if (slots[slot] !== hash) continue;
      if (isSame(records, entry * WORDS, words)) return entry;
    }
  }

  private add(words: Int32Array, hash: number): number {
    let entry: number;
    if (this.entries === this.limits.maxFlows) {
      entry = this.givenUp();
      this.removeSlot(entry);
      this.forgotten++;
    } else {
      if (this.entries === this.size) this.grow();
      entry = this.entries++;
    }
    const { records } = this;
    const at = entry * WORDS;
    for (let word = 0; word < KEY_WORDS; word++) records[at + word] = words[word]!;
    records[at + HASH] = hash;
    this.place(entry);
    return entry;
  }

  /** An entry that was not used since it was last passed by: the clock of page replacement. */
  private givenUp(): number {
    const { records } = this;
    for (;;) {
      const entry = this.hand;
      this.hand = entry + 1 === this.entries ? 0 : entry + 1;
      const state = records[entry * WORDS + STATE]!;
      if ((state & USED) === 0) return entry;
      records[entry * WORDS + STATE] = state & ~USED;
    }
  }

  private place(entry: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = this.records[entry * WORDS + HASH]!;
    let slot = (2 * hash) & mask;
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask;
    slots[slot] = hash;
    slots[slot + 1] = entry + 1;
  }

  /** Takes an entry out of the slots; those behind it move up, so that none of them is missed. */
  private removeSlot(entry: number): void {
    const { slots, records } = this;
    const mask = slots.length - 1;
    let gap = (2 * records[entry * WORDS + HASH]!) & mask;
    while (slots[gap + 1] !== entry + 1) gap = (gap + 2) & mask;
    for (let slot = (gap + 2) & mask; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
      const home = (2 * slots[slot]!) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot]!;
      slots[gap + 1] = slots[slot + 1]!;
      gap = slot;
    }
    slots[gap + 1] = 0;
  }

  private grow(): void {
    this.size = Math.min(GROWTH * this.size, this.limits.maxFlows);
    const larger = new Int32Array(this.size * WORDS);
    larger.set(this.records);
    this.records = larger;
    this.slots = new Int32Array(2 * slotsFor(this.size));
    for (let entry = 0; entry < this.entries; entry++) this.place(entry);
  }
}

const slotsFor = (entries: number): number => 2 ** Math.ceil(Math.log2(2 * entries + 1));

/** Whether a record is of a key. */
function isSame(records: Int32Array, at: number, words: Int32Array): boolean {
  for (let word = KEY_WORDS - 2; word < KEY_WORDS; word++)
    if (records[at + word] !== words[word]) return false;
  if (isIpv4(words)) return records[at] === words[0] && records[at + 4] === words[4];
  let word = 0;
  while (word < 8 && records[at + word] === words[word]) word++;
  return word === 8;
}

/** Of an IPv4 address one word is used. */
const isIpv4 = (words: Int32Array): boolean => (words[KEY_WORDS - 1]! & 0xff) === IPV4;

function hashOf(words: Int32Array): number {
  let hash = mixed(mixed(mixed(mixed(0, words[0]!), words[4]!), words[8]!), words[9]!);
  if (!isIpv4(words)) for (let word = 1; word < 8; word++) if (word !== 4) hash = mixed(hash, words[word]!);
  return hash ^ (hash >>> 16);
}

const mixed = (hash: number, word: number): number => Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
