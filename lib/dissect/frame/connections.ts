/**
 * Initial sequence numbers of TCP connections, so that later ones print relative to them.
 *
 * Two generations of hash tables with open addressing over flat numbers: constant time a packet, no
 * object a connection, and bounded memory. When the young generation is full it becomes the old one;
 * a connection found in the old one moves to the young one. So at least {@link MOST} connections, those
 * most recently seen, are remembered. (tcpdump remembers all, in 919 lists.)
 */

/** Connections a generation remembers. */
const MOST = 1 << 18;
const FIRST_SLOTS = 1 << 10;

/** One row: key (addresses and ports, or their digests), then sequence and acknowledgement bases. */
const KEY_WORDS = 9; // source (4), destination (4), both ports
const ROW = KEY_WORDS + 2;
const SEQ = KEY_WORDS;
const ACK = KEY_WORDS + 1;

class Generation {
  rows = new Int32Array(FIRST_SLOTS * ROW);
  used = new Uint8Array(FIRST_SLOTS);
  count = 0;

  /** Row offset of `key`, or of the free slot where it belongs. */
  find(key: Int32Array): number {
    const mask = this.used.length - 1;
    for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      const row = slot * ROW;
      if (this.used[slot] === 0 || this.matches(row, key)) return row;
    }
  }

  has(row: number): boolean {
    return this.used[row / ROW] === 1;
  }

  /** Puts `key` where {@link find} said, or in a larger table; returns its row. */
  insert(row: number, key: Int32Array): number {
    let place = row;
    if (this.count * 2 >= this.used.length) {
      this.grow();
      place = this.find(key);
    }
    this.rows.set(key, place);
    this.used[place / ROW] = 1;
    this.count++;
    return place;
  }

  private matches(row: number, key: Int32Array): boolean {
    const { rows } = this;
    for (let i = KEY_WORDS - 1; i >= 0; i--) if (rows[row + i] !== key[i]) return false;
    return true;
  }

  private grow(): void {
    const { rows, used } = this;
    this.rows = new Int32Array(rows.length * 2);
    this.used = new Uint8Array(used.length * 2);
    for (let slot = 0; slot < used.length; slot++) {
      if (used[slot] === 0) continue;
      const old = rows.subarray(slot * ROW, (slot + 1) * ROW);
      const row = this.find(old);
      this.rows.set(old, row);
      this.used[row / ROW] = 1;
    }
  }
}

function hash(key: Int32Array): number {
  let h = 0;
  for (let i = 0; i < KEY_WORDS; i++) h = Math.imul(h ^ key[i]!, 0x9e3779b1 | 0) ^ (h >>> 15);
  return (h ^ (h >>> 16)) >>> 0;
}

export class Connections {
  /** Key to look up: filled by the caller, unused words zero. */
  readonly key = new Int32Array(KEY_WORDS);
  /** Bases that {@link look} found or set. */
  seq = 0;
  ack = 0;

  private young = new Generation();
  private old = new Generation();

  /**
   * Looks up `key` and leaves its bases in `seq` and `ack`.
   *
   * @returns false where the connection is new, or `restart` says that it begins again: the given bases
   *   are then remembered.
   */
  look(restart: boolean, seq: number, ack: number): boolean {
    const { young, key } = this;
    let row = young.find(key);
    let known = young.has(row);
    if (!known) {
      const before = this.old.find(key);
      row = young.insert(row, key);
      if (this.old.has(before)) {
        known = true;
        young.rows[row + SEQ] = this.old.rows[before + SEQ]!;
        young.rows[row + ACK] = this.old.rows[before + ACK]!;
      }
    }
    if (!known || restart) {
      young.rows[row + SEQ] = seq;
      young.rows[row + ACK] = ack;
    }
    this.seq = young.rows[row + SEQ]! >>> 0;
    this.ack = young.rows[row + ACK]! >>> 0;
    if (young.count >= MOST) {
      this.old = young;
      this.young = new Generation();
    }
    return known && !restart;
  }
}
