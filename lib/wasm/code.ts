/** Writes the body of a function, instruction by instruction, as bytes. */

import { writeSigned, writeSigned64, writeUnsigned } from './leb128.js';
import { EMPTY_BLOCK, type InstructionName, rowByName, VALUE_TYPES, type ValueType } from './opcodes.js';

export class CodeWriter {
  readonly bytes: number[] = [];
  /** Blocks that are open around the next instruction, not counting the function's own. */
  depth = 0;
  private firstLocal = 0;

  /** Writes what numbers its locals from 0 into a function that has them from `firstLocal` on. */
  withLocalsFrom(firstLocal: number, write: () => void): void {
    const outer = this.firstLocal;
    this.firstLocal = firstLocal;
    write();
    this.firstLocal = outer;
  }

  /**
   * Appends an instruction.
   *
   * @param immediate - Index of a label (counted outwards), function, local or global; value of an
   *   `i32.const`; offset of a load or store.
   */
  op(name: InstructionName, immediate = 0): this {
    const row = rowByName.get(name)!;
    const { bytes } = this;
    bytes.push(row.byte);
    switch (row.immediate) {
      case 'none':
        if (name === 'end') this.depth--;
        break;
      case 'block':
        bytes.push(EMPTY_BLOCK);
        this.depth++;
        break;
      case 'i32':
        writeSigned(bytes, immediate);
        break;
      case 'memory':
        // The alignment is a hint; packets and programs promise none.
        bytes.push(0);
        writeUnsigned(bytes, immediate);
        break;
      case 'copy':
        bytes.push(0x0a, 0, 0);
        break;
      case 'i64':
      case 'labels':
        throw new RangeError(`${name} has a method of its own`);
      default:
        writeUnsigned(bytes, immediate);
    }
    return this;
  }

  /** `i64.const`; the value may be written unsigned. */
  i64(value: bigint): this {
    this.bytes.push(rowByName.get('i64.const')!.byte);
    writeSigned64(this.bytes, value);
    return this;
  }

  i32(value: number): this {
    return this.op('i32.const', value);
  }

  get(local: number): this {
    return this.op('local.get', this.firstLocal + local);
  }

  set(local: number): this {
    return this.op('local.set', this.firstLocal + local);
  }

  tee(local: number): this {
    return this.op('local.tee', this.firstLocal + local);
  }

  /** Opens `if` with a result. */
  ifResult(type: ValueType): this {
    this.bytes.push(rowByName.get('if')!.byte, VALUE_TYPES[type]);
    this.depth++;
    return this;
  }

  /** Jumps to `labels[index]`, or `otherwise` beyond the last; takes the index from the stack. */
  table(labels: readonly number[], otherwise: number): this {
    this.bytes.push(rowByName.get('br_table')!.byte);
    writeUnsigned(this.bytes, labels.length);
    for (const label of [...labels, otherwise]) writeUnsigned(this.bytes, label);
    return this;
  }
}
