/** What packets of a block have, noted in the rows of an index: 32 blocks side by side, a bit of each row's cell for each. */

import { canCompileWebAssembly } from '../jit/index.js';
import { ABSENT, readField } from '../rules/index.js';
import { bitKind, isOf, KIND, NETWORKS, type PacketClass, rowsOfKind } from './classes.js';
import { CELLS_AT, SMALL_AT, SMALL_SIZE, STATE, WINDOW_AT } from './noteMemory.js';
import { loadNotes, type NoteExports, noteModule } from './noteModule.js';
import { ROWS, rowsOf, seedOf } from './signature.js';
import type { Walked } from './walkCode.js';

/** Notes a packet, as a `PacketTest` is given it. */
export type Note = (bytes: Uint8Array, start: number, length: number) => void;

const BYTE_BITS = [0, 1, 2, 3, 4, 5, 6, 7];
const PAGE = 65_536;

export class Notes {
  /** The rows' cells, and what a walk takes and gives back: {@link STATE}. Other ones when memory has grown. */
  cells!: Int32Array;
  state!: Uint32Array;
  private readonly memory = canCompileWebAssembly()
    ? new WebAssembly.Memory({ initial: WINDOW_AT / PAGE })
    : undefined;
  private bit = 1;

  constructor() {
    this.view();
    if (this.memory === undefined) return;
    small ??= smallValues();
    new Uint16Array(this.memory.buffer, SMALL_AT).set(small);
  }

  /** Whether packets can be noted fast: those that lie in the memory that {@link grow} gives. */
  get isFast(): boolean {
    return this.memory !== undefined;
  }

  /** As of an accelerator. */
  grow(bytes: Uint8Array, size: number): Uint8Array {
    const memory = this.memory!;
    const missing = Math.ceil((WINDOW_AT + size - memory.buffer.byteLength) / PAGE);
    const isInPlace = bytes.buffer === memory.buffer;
    if (missing > 0) memory.grow(missing);
    this.view();
    const grown = new Uint8Array(memory.buffer, WINDOW_AT, size);
    if (!isInPlace) grown.set(bytes);
    return grown;
  }

  private view(): void {
    const buffer = this.memory?.buffer ?? new ArrayBuffer(CELLS_AT + 4 * ROWS);
    this.cells = new Int32Array(buffer, CELLS_AT, ROWS);
    this.state = new Uint32Array(buffer, 0, CELLS_AT / 4);
  }

  /** @param block - Which of the chunk's it is. */
  nextBlock(block: number): void {
    this.bit = 1 << block;
    this.state[STATE.bit] = this.bit;
    this.state[STATE.block]!++;
  }

  /** Sets a row. */
  set(row: number): void {
    this.cells[row]! |= this.bit;
  }

  /**
   * The slow way that the fast one is held to: asks field by field of all classes.
   *
   * @param first - Row of the first class.
   */
  plain(classes: readonly PacketClass[], first: number): Note {
    return (bytes, start, length) => {
      const place = classes.findIndex((one) => isOf(one, bytes, start, length));
      this.set(place < 0 ? 0 : first + place);
      if (place < 0) return;
      const { fields, kinds } = classes[place]!;
      for (const [at, field] of fields.entries()) {
        const value = readField(field, bytes, start, length);
        const kind = kinds[at]!;
        if (value !== ABSENT) for (const row of rowsOfValue(kind, value)) this.set(row);
      }
    };
  }

  /** The fast way, of classes that there are; walks over records of a layout as well. */
  load(classes: readonly PacketClass[], first: number, layout?: Walked): NoteExports {
    return loadNotes(noteModule(classes, first, layout), this.memory!);
  }

  /** The fast way where packets lie in the memory for it. */
  fast(classes: readonly PacketClass[], first: number): Note {
    const plain = this.plain(classes, first);
    if (classes.length === 0 || !this.isFast) return plain;
    const { note } = this.load(classes, first);
    return (bytes, start, length) => {
      if (bytes.buffer !== this.cells.buffer || note(bytes.byteOffset + start, length) === 0)
        plain(bytes, start, length);
    };
  }
}

let small: Uint16Array | undefined;

/** Addresses of the cells of flags, and of protocols and 256. */
function smallValues(): Uint16Array {
  const values = new Uint16Array((512 * SMALL_SIZE) / 2);
  for (let value = 0; value < 512; value++) {
    const rows = value < 256 ? rowsOfFlags(value) : rowsOfOne(KIND.protocol, 0, value - 256);
    values.set(
      rows.map((row) => CELLS_AT + 4 * row),
      (value * SMALL_SIZE) / 2,
    );
  }
  return values;
}

const rowsOfOne = (kind: number, shift: number, value: number): readonly number[] =>
  rowsOf(seedOf(kind, shift), value, rowsOfKind(kind, shift));

const rowsOfFlags = (value: number): readonly number[] => [
  ...rowsOfOne(KIND.flags, 0, value),
  ...BYTE_BITS.flatMap((bit) => ((value & (1 << bit)) === 0 ? [] : rowsOfOne(KIND.flags, bitKind(bit), 1))),
];

function rowsOfValue(kind: number, value: number): readonly number[] {
  if (kind === KIND.flags) return rowsOfFlags(value);
  if (kind !== KIND.address) return rowsOfOne(kind, 0, value);
  return [0, ...NETWORKS].flatMap((shift) => rowsOfOne(kind, shift, value >>> shift));
}
