/**
 * Places of keys by their bytes: a hash table with chains. Keys are kept in the order in which they were set or, where
 * somebody says so, last used. A key is words of 32 bits, little-endian, the last one filled up with zeros: it is loaded
 * into `probe`, where it may be changed, and then looked for.
 *
 * The table is words in two regions, which compiled code reads too: heads of chains, and a node for each place.
 */

import { type Memory, Region } from './memory.js';

const FIRST_PLACES = 64;
/** An odd number with its bits well spread (the golden ratio). */
export const SPREAD = 0x9e3779b1;
const NONE = -1;
/** Words before the heads: how many heads there are less one, first and last place in the order of keys. */
export const HEAD = { mask: 0, oldest: 1, newest: 2, first: 4 } as const;
/** Words of a node: the next place of its chain, neighbours in the order of keys, and the key. */
export const NODE = { next: 0, older: 1, newer: 2, key: 3 } as const;
/** Tables that may take more addresses than this, or leave fewer than that, lie where compiled code does not reach. */
const MOST_SHARED = 1 << 26;
const LEAST_LEFT = 3 * 2 ** 30;

export class KeyTable {
  readonly keySize: number;
  /** The key that is looked for. */
  readonly probe: Int32Array;
  /** Words of a node. */
  readonly stride: number;
  /** Whether it is in a memory. */
  readonly isShared: boolean;
  readonly headRegion: Region;
  readonly nodeRegion: Region;
  private readonly width: number;
  private count = 0;
  /** Words of the regions, wherever their bytes are now. */
  private heads: Int32Array = NOTHING;
  private nodes: Int32Array = NOTHING;
  private headBytes: Uint8Array = NO_BYTES;
  private nodeBytes: Uint8Array = NO_BYTES;
  /** Places below this have been given away at some time; of those, the ones that are free again. */
  private used = 0;
  private readonly free: number[] = [];

  /** @param memory - Where to lie, with room for so many keys. */
  constructor(keySize: number, memory?: Memory, entries = 0) {
    this.keySize = keySize;
    this.width = Math.ceil(keySize / 4);
    this.probe = new Int32Array(this.width);
    this.stride = NODE.key + this.width;
    const places = FIRST_PLACES * 2 ** Math.ceil(Math.log2(Math.max(1, entries / FIRST_PLACES)));
    const [headRoom, nodeRoom] = [4 * (HEAD.first + 2 * places), 4 * this.stride * places];
    const room = headRoom + nodeRoom;
    this.isShared = memory !== undefined && room <= MOST_SHARED && memory.left - room >= LEAST_LEFT;
    const regionOf = (name: string, most: number): Region =>
      this.isShared ? memory!.addInternal(name, most) : new Region(name, 0, false, NO_BYTES);
    this.headRegion = regionOf('chains of keys', headRoom);
    this.nodeRegion = regionOf('keys', nodeRoom);
    this.headRegion.bytes = headsFor(FIRST_PLACES, NONE, NONE);
    this.nodeRegion.bytes = new Uint8Array(4 * this.stride * FIRST_PLACES);
  }

  /** How many keys there are. */
  get size(): number {
    return this.count;
  }

  /** Takes the key that begins at an index of `bytes`. */
  load(bytes: Uint8Array, at = 0): this {
    const { probe, keySize } = this;
    let word = 0;
    let from = at;
    for (const end = at + (keySize & ~3); from < end; from += 4)
      probe[word++] =
        bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    if (word === probe.length) return this;
    let last = 0;
    for (let rest = at + keySize - 1; rest >= from; rest--) last = (last << 8) | bytes[rest]!;
    probe[word] = last;
    return this;
  }

  /** The place of the key; -1 where there is none. */
  find(): number {
    this.look();
    const { heads, nodes, stride } = this;
    for (
      let place = heads[this.chainOf(this.probe, 0)]!;
      place !== NONE;
      place = nodes[place * stride + NODE.next]!
    )
      if (this.isAt(place)) return place;
    return NONE;
  }

  /** A place for the key, which has none. */
  add(): number {
    this.look();
    if (this.free.length === 0 && this.used * this.stride === this.nodes.length) this.grow();
    const place = this.free.pop() ?? this.used++;
    this.nodes.set(this.probe, place * this.stride + NODE.key);
    this.chain(place);
    this.append(place);
    this.count++;
    return place;
  }

  /** Takes the key away; gives the place that it had, or -1. */
  remove(): number {
    const place = this.find();
    if (place !== NONE) this.removeAt(place);
    return place;
  }

  /** Takes the key away that was not used for longest. */
  removeOldest(): void {
    this.look();
    const oldest = this.heads[HEAD.oldest]!;
    if (oldest !== NONE) this.removeAt(oldest);
  }

  /** Makes the key of a place the one last used. */
  use(place: number): void {
    this.look();
    if (place === this.heads[HEAD.newest]) return;
    this.unlink(place);
    this.append(place);
  }

  /** A copy of the key of a place. */
  keyAt(place: number): Uint8Array {
    this.look();
    const key = new Uint8Array(this.keySize);
    const first = place * this.stride + NODE.key;
    for (let at = 0; at < key.length; at++) key[at] = this.nodes[first + (at >> 2)]! >>> (8 * (at & 3));
    return key;
  }

  /** Places of all keys, the oldest first. */
  *places(): Generator<number, void> {
    this.look();
    for (let place = this.heads[HEAD.oldest]!; place !== NONE; ) {
      yield place;
      this.look();
      place = this.nodes[place * this.stride + NODE.newer]!;
    }
  }

  /** Regions move: when the memory that they are in grows, and when it takes them in. */
  private look(): void {
    const { headRegion, nodeRegion } = this;
    if (headRegion.bytes !== this.headBytes) this.heads = wordsOf((this.headBytes = headRegion.bytes));
    if (nodeRegion.bytes !== this.nodeBytes) this.nodes = wordsOf((this.nodeBytes = nodeRegion.bytes));
  }

  /** The head of the chain of a key. */
  private chainOf(words: Int32Array, from: number): number {
    let hash = 0;
    for (let at = 0; at < this.width; at++) {
      hash = Math.imul(hash ^ words[from + at]!, SPREAD);
      hash ^= hash >>> 15;
    }
    return HEAD.first + (hash & this.heads[HEAD.mask]!);
  }

  private isAt(place: number): boolean {
    const { nodes, probe, width } = this;
    const start = place * this.stride + NODE.key;
    for (let at = 0; at < width; at++) if (nodes[start + at] !== probe[at]) return false;
    return true;
  }

  /** Puts a place first in its chain. */
  private chain(place: number): void {
    const node = place * this.stride;
    const chain = this.chainOf(this.nodes, node + NODE.key);
    this.nodes[node + NODE.next] = this.heads[chain]!;
    this.heads[chain] = place;
  }

  private removeAt(place: number): void {
    const { nodes, heads, stride } = this;
    const chain = this.chainOf(nodes, place * stride + NODE.key);
    let before = NONE;
    for (let at = heads[chain]!; at !== place; at = nodes[at * stride + NODE.next]!) before = at;
    const next = nodes[place * stride + NODE.next]!;
    if (before === NONE) heads[chain] = next;
    else nodes[before * stride + NODE.next] = next;
    this.unlink(place);
    this.free.push(place);
    this.count--;
  }

  private append(place: number): void {
    const { nodes, heads, stride } = this;
    const newest = heads[HEAD.newest]!;
    nodes[place * stride + NODE.older] = newest;
    nodes[place * stride + NODE.newer] = NONE;
    if (newest === NONE) heads[HEAD.oldest] = place;
    else nodes[newest * stride + NODE.newer] = place;
    heads[HEAD.newest] = place;
  }

  private unlink(place: number): void {
    const { nodes, heads, stride } = this;
    const older = nodes[place * stride + NODE.older]!;
    const newer = nodes[place * stride + NODE.newer]!;
    if (older === NONE) heads[HEAD.oldest] = newer;
    else nodes[older * stride + NODE.newer] = newer;
    if (newer === NONE) heads[HEAD.newest] = older;
    else nodes[newer * stride + NODE.older] = older;
  }

  private grow(): void {
    const { heads, nodes, nodeRegion, headRegion } = this;
    const bytes = new Uint8Array(2 * nodeRegion.bytes.length);
    bytes.set(nodeRegion.bytes);
    nodeRegion.bytes = bytes;
    headRegion.bytes = headsFor((2 * nodes.length) / this.stride, heads[HEAD.oldest]!, heads[HEAD.newest]!);
    for (const place of this.places()) this.chain(place);
  }
}

const NO_BYTES = new Uint8Array(0);
const NOTHING = new Int32Array(0);

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, byteLength / 4);

/** Empty chains for so many places. */
function headsFor(places: number, oldest: number, newest: number): Uint8Array {
  const words = new Int32Array(HEAD.first + 2 * places).fill(NONE);
  words[HEAD.mask] = 2 * places - 1;
  words[HEAD.oldest] = oldest;
  words[HEAD.newest] = newest;
  return new Uint8Array(words.buffer);
}
