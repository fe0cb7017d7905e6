/**
 * Places of keys by their bytes: a hash table with chains. Keys are kept in the order in which they were set or, where
 * somebody says so, last used. A key is words of 32 bits, little-endian, the last one filled up with zeros: it is loaded
 * into `probe`, where it may be changed, and then looked for.
 */

const FIRST_PLACES = 64;
/** An odd number with its bits well spread (the golden ratio). */
const SPREAD = 0x9e3779b1;
const NONE = -1;

export class KeyTable {
  readonly keySize: number;
  /** The key that is looked for. */
  readonly probe: Int32Array;
  private readonly width: number;
  private count = 0;
  /** Keys one after the other, by place. */
  private keys: Int32Array;
  /** First place of each chain, and the next one of each place. */
  private heads: Int32Array;
  private next: Int32Array;
  /** Neighbours of each place in the order of keys. */
  private older: Int32Array;
  private newer: Int32Array;
  private oldestPlace = NONE;
  private newestPlace = NONE;
  /** Places below this have been given away at some time; of those, the ones that are free again. */
  private used = 0;
  private readonly free: number[] = [];

  constructor(keySize: number) {
    this.keySize = keySize;
    this.width = Math.ceil(keySize / 4);
    this.probe = new Int32Array(this.width);
    this.keys = new Int32Array(FIRST_PLACES * this.width);
    [this.next, this.older, this.newer] = [table(FIRST_PLACES), table(FIRST_PLACES), table(FIRST_PLACES)];
    this.heads = table(2 * FIRST_PLACES);
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
    for (let place = this.heads[this.chainOf(this.probe, 0)]!; place !== NONE; place = this.next[place]!)
      if (this.isAt(place)) return place;
    return NONE;
  }

  /** A place for the key, which has none. */
  add(): number {
    if (this.free.length === 0 && this.used === this.next.length) this.grow();
    const place = this.free.pop() ?? this.used++;
    this.keys.set(this.probe, place * this.width);
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
    if (this.oldestPlace !== NONE) this.removeAt(this.oldestPlace);
  }

  /** Makes the key of a place the one last used. */
  use(place: number): void {
    if (place === this.newestPlace) return;
    this.unlink(place);
    this.append(place);
  }

  /** A copy of the key of a place. */
  keyAt(place: number): Uint8Array {
    const key = new Uint8Array(this.keySize);
    for (let at = 0; at < key.length; at++)
      key[at] = this.keys[place * this.width + (at >> 2)]! >>> (8 * (at & 3));
    return key;
  }

  /** Places of all keys, the oldest first. */
  *places(): Generator<number, void> {
    for (let place = this.oldestPlace; place !== NONE; place = this.newer[place]!) yield place;
  }

  private chainOf(words: Int32Array, from: number): number {
    let hash = 0;
    for (let at = 0; at < this.width; at++) {
      hash = Math.imul(hash ^ words[from + at]!, SPREAD);
      hash ^= hash >>> 15;
    }
    return hash & (this.heads.length - 1);
  }

  private isAt(place: number): boolean {
    const { keys, probe, width } = this;
    const start = place * width;
    for (let at = 0; at < width; at++) if (keys[start + at] !== probe[at]) return false;
    return true;
  }

  /** Puts a place first in its chain. */
  private chain(place: number): void {
    const chain = this.chainOf(this.keys, place * this.width);
    this.next[place] = this.heads[chain]!;
    this.heads[chain] = place;
  }

  private removeAt(place: number): void {
    const chain = this.chainOf(this.keys, place * this.width);
    let before = NONE;
    for (let at = this.heads[chain]!; at !== place; at = this.next[at]!) before = at;
    if (before === NONE) this.heads[chain] = this.next[place]!;
    else this.next[before] = this.next[place]!;
    this.unlink(place);
    this.free.push(place);
    this.count--;
  }

  private append(place: number): void {
    this.older[place] = this.newestPlace;
    this.newer[place] = NONE;
    if (this.newestPlace === NONE) this.oldestPlace = place;
    else this.newer[this.newestPlace] = place;
    this.newestPlace = place;
  }

  private unlink(place: number): void {
    const [older, newer] = [this.older[place]!, this.newer[place]!];
    if (older === NONE) this.oldestPlace = newer;
    else this.newer[older] = newer;
    if (newer === NONE) this.newestPlace = older;
    else this.older[newer] = older;
  }

  private grow(): void {
    const size = 2 * this.next.length;
    const keys = new Int32Array(size * this.width);
    keys.set(this.keys);
    this.keys = keys;
    [this.older, this.newer] = [table(size, this.older), table(size, this.newer)];
    this.next = table(size);
    this.heads = table(2 * size);
    for (const place of this.places()) this.chain(place);
  }
}

function table(size: number, first?: Int32Array): Int32Array {
  const made = new Int32Array(size).fill(NONE);
  if (first !== undefined) made.set(first);
  return made;
}
