/** Maps: what programs keep from packet to packet, and what they hand to others. */

import type { Program } from './instruction.js';
import type { KeyTable } from './keyTable.js';
import type { Region } from './memory.js';

/** What a map is made for: its kind, its sizes in bytes, how many entries. */
export interface MapShape {
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  /** Elements; bytes of a ring buffer. */
  readonly maxEntries: number;
  /** Programs only read values, and hosts have set them when programs are loaded (`BPF_F_RDONLY_PROG`, frozen). */
  readonly isReadOnly?: boolean;
  /** Where in each value a `struct bpf_spin_lock` lies, which programs reach by helpers alone. */
  readonly spinLock?: number | undefined;
  /** Maps in maps: one like those that it holds. */
  readonly inner?: BpfMap | undefined;
}

interface ValueMap extends MapShape {
  /** All values; each starts at a multiple of 8. */
  readonly values: Region;
  readonly stride: number;
}

/** Keys are 32-bit indexes; every element exists, zero at first. */
export interface ArrayMap extends ValueMap {
  readonly kind: 'array' | 'perCpuArray';
}

/** Kinds whose elements exist once they are set, looked up by the bytes of their keys. */
export type KeyedKind =
  | 'hash'
  | 'perCpuHash'
  | 'lruHash'
  | 'lruPerCpuHash'
  | 'lpmTrie'
  | 'deviceMap'
  | 'deviceHash'
  | 'cpuMap'
  | 'xdpSocketMap';

export interface HashMap extends ValueMap {
  readonly kind: KeyedKind;
  /** Place in `values` of each key; those used last come last where that matters. Bits behind a trie's prefix are 0. */
  readonly keys: KeyTable;
  /** Of a trie: how many prefixes there are of each length. */
  readonly prefixes: Uint32Array;
  /** Lengths of which there are some, the longest first. */
  readonly lengths: number[];
  /**
   * Of a trie: how many of them there are, and of each what keeps that much of a key, all words of 32 bits. The first is the
   * length itself, others are masks of the key's words.
   */
  readonly masks: Region | undefined;
}

export interface ProgramArray extends MapShape {
  readonly kind: 'programArray';
  readonly programs: (Program | undefined)[];
}

/** Values without keys: first in, first out; last in, first out; a set of which only membership can be asked. */
export interface SequenceMap extends MapShape {
  readonly kind: 'queue' | 'stack' | 'bloomFilter';
  readonly items: Uint8Array[];
}

/** A map whose records go to the host. */
export interface OutputMap extends MapShape {
  readonly kind: 'ringBuffer' | 'perfEventArray';
  /** What nobody has taken yet, oldest first. */
  readonly records: Uint8Array[];
  /** Bytes of the ring that go with each of these, with headers and what was discarded before. */
  readonly sizes: number[];
  /** Bytes that were discarded since the last of them. */
  discarded: number;
  /** Bytes ever reserved in the ring, and given back to it by whoever takes records. */
  produced: number;
  consumed: number;
  /** What is reserved and not all submitted, oldest first. */
  readonly open: Reservation[];
  /** Where a program writes what it has reserved: the ring, twice over, so that no record is torn. */
  readonly area: Region | undefined;
}

/** Bytes of a ring that a program has reserved. */
export interface Reservation {
  /** Where in the area its bytes are. */
  readonly at: number;
  readonly length: number;
  state: 'reserved' | 'submitted' | 'discarded';
}

/**
 * Maps by key, in an array or a hash: of each its handle, which hosts set as a value of 4 bytes, and which programs cannot
 * change.
 */
export interface MapInMap extends MapShape {
  readonly kind: 'mapInMap';
  readonly handles: Map<string, number>;
}

/** A map that programs may use. */
export type BpfMap = ArrayMap | HashMap | ProgramArray | SequenceMap | OutputMap | MapInMap;
/** Kinds of maps, as `createMap` takes them. */
export type MapKind = BpfMap['kind'];
