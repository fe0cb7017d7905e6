/** Noting a packet in WebAssembly: whole headers of IP directly on the link with what is behind them. */

import { CodeWriter } from '../wasm/index.js';
import { KIND, NETWORKS, type PacketClass, rowsOfKind } from './classes.js';
import { CELLS_AT, SEEN_AT, SMALL_AT, SMALL_SIZE, STATE } from './noteMemory.js';
import { BITS, CLASS_ROWS, HASH, HASH_BITS, seedOf } from './signature.js';

/** Locals of the function; the first two are its parameters. */
export const NOTE_LOCALS = ['data', 'length', 'bit', 'hash', 'cell', 'value', 'transport', 'row'] as const;
const [DATA, LENGTH, BIT, HASHED, CELL, VALUE, TRANSPORT, ROW] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const TCP = 6;

/**
 * The body of the function, which gives whether the packet has been noted.
 *
 * @param classes - Of the link type: TCP on IPv4, IPv4, TCP on IPv6, IPv6, others.
 * @param first - Row of the first class.
 */
export function noteBody(classes: readonly PacketClass[], first: number): readonly number[] {
  const writer = new NoteWriter();
  const { code } = writer;
  const at = classes[0]!.header!;
  const [four, six] = [classes[1]!.tests[0]!, classes[3]!.tests[0]!];
  // The least that can be whole: so much is there of all fields below.
  code
    .get(LENGTH)
    .i32(at + 44)
    .op('i32.lt_u');
  writer.refuseIf();
  code
    .i32(0)
    .op('i32.load', 4 * STATE.bit)
    .set(BIT);
  writer.is(four).op('if');
  writer.header4(at, first);
  code.op('else');
  writer
    .is(six)
    .op('i32.eqz')
    .get(LENGTH)
    .i32(at + 54)
    .op('i32.lt_u')
    .op('i32.or');
  writer.refuseIf();
  writer.header6(at, first + 2);
  code.op('end');
  code.get(VALUE).i32(TCP).op('i32.eq').op('if');
  writer.setClass(0);
  code.get(TRANSPORT).op('i32.load8_u', 13);
  writer.setSmall();
  writer.setPorts(KIND.tcpPort);
  code.op('else');
  writer.setClass(1);
  code.get(VALUE).i32(256).op('i32.add');
  writer.setSmall();
  writer.setPorts(KIND.port);
  code.op('end');
  code.get(ROW).i32(first).op('i32.eq').op('if');
  writer.setAddress(at + 12);
  writer.setAddress(at + 16);
  code.op('else');
  for (const offset of [at + 8, at + 24])
    for (const [place, behind] of [0, 4, 12].entries()) writer.setWord(KIND.word + place, offset + behind);
  code.op('end');
  if (classes[0]!.kinds.includes(KIND.station))
    for (const offset of [2, 8]) writer.setWord(KIND.station, offset);
  return code.i32(1).bytes;
}

class NoteWriter {
  readonly code = new CodeWriter();

  /** Leaves the packet to JavaScript, where what is on the stack is not 0. */
  refuseIf(): void {
    this.code.op('if').i32(0).op('return').op('end');
  }

  /** Whether a field has one of the values that it is to have. */
  is({ field, low, high }: PacketClass['tests'][number]): CodeWriter {
    const { code } = this;
    code.get(DATA).op(field.size === 1 ? 'i32.load8_u' : 'i32.load16_u', field.offset);
    // Of two bytes there is one value, and it comes with its first byte first.
    if (field.size > 1) return code.i32(((low & 255) << 8) | (low >>> 8)).op('i32.eq');
    return code
      .i32(low)
      .op('i32.sub')
      .i32(high - low)
      .op('i32.le_u');
  }

  /** Takes protocol, place of the transport header and row of the class of TCP from a header of IPv4. */
  header4(at: number, row: number): void {
    const { code } = this;
    code.get(DATA).op('i32.load8_u', at).i32(15).op('i32.and').i32(2).op('i32.shl');
    code.get(DATA).op('i32.add').i32(at).op('i32.add').tee(TRANSPORT);
    code.i32(14).op('i32.add').get(DATA).get(LENGTH).op('i32.add').op('i32.gt_u');
    this.refuseIf();
    code
      .get(DATA)
      .op('i32.load8_u', at + 9)
      .set(VALUE)
      .i32(row)
      .set(ROW);
  }

  header6(at: number, row: number): void {
    const { code } = this;
    code
      .get(DATA)
      .i32(at + 40)
      .op('i32.add')
      .set(TRANSPORT);
    code
      .get(DATA)
      .op('i32.load8_u', at + 6)
      .set(VALUE)
      .i32(row)
      .set(ROW);
  }

  setClass(behind: number): void {
    this.code.get(ROW).i32(2).op('i32.shl');
    this.setBit(CELLS_AT + 4 * behind);
  }

  /** Sets the rows of flags, or of a protocol and 256, which is on the stack, unless the block has them already. */
  setSmall(): void {
    const { code } = this;
    code.tee(VALUE).i32(2).op('i32.shl').tee(CELL).op('i32.load', SEEN_AT);
    code
      .i32(0)
      .op('i32.load', 4 * STATE.block)
      .op('i32.ne')
      .op('if');
    code
      .get(CELL)
      .i32(0)
      .op('i32.load', 4 * STATE.block)
      .op('i32.store', SEEN_AT);
    code.get(VALUE).i32(SMALL_SIZE).op('i32.mul').set(VALUE).op('loop');
    const again = code.depth;
    code.get(VALUE).op('i32.load16_u', SMALL_AT).tee(HASHED).op('if').get(HASHED);
    this.setBit(0);
    code
      .get(VALUE)
      .i32(2)
      .op('i32.add')
      .set(VALUE)
      .op('br', code.depth - again);
    code.op('end').op('end').op('end');
  }

  setPorts(kind: number): void {
    this.code.get(TRANSPORT).op('i32.load').i32(16).op('i32.shl');
    this.setRows(kind);
    this.code.get(TRANSPORT).op('i32.load').i32(0xffff0000).op('i32.and');
    this.setRows(kind);
  }

  /** Of an address of IPv4, and of the networks that it is in. */
  setAddress(offset: number): void {
    const { code } = this;
    code.get(DATA).op('i32.load', offset).tee(VALUE);
    this.setRows(KIND.address);
    for (const shift of NETWORKS) {
      code.get(VALUE).i32(shift).op('i32.shl');
      this.setRows(KIND.address, shift);
    }
  }

  setWord(kind: number, offset: number): void {
    this.code.get(DATA).op('i32.load', offset);
    this.setRows(kind);
  }

  /** Sets the rows of the value on the stack, as it lies in the packet: those that `rowsOf` names. */
  private setRows(kind: number, shift = 0): void {
    const { code } = this;
    const rows = rowsOfKind(kind, shift);
    code.i32(seedOf(kind, shift)).op('i32.xor').i32(HASH[0]).op('i32.mul').tee(HASHED);
    code.get(HASHED).i32(15).op('i32.shr_u').op('i32.xor').i32(HASH[1]).op('i32.mul').set(HASHED);
    for (const from of HASH_BITS.slice(0, rows)) this.setFrom(from);
    if (rows <= HASH_BITS.length) return;
    code.get(HASHED).get(HASHED).i32(16).op('i32.shr_u').op('i32.xor').i32(HASH[2]).op('i32.mul').set(HASHED);
    for (const from of HASH_BITS.slice(0, rows - HASH_BITS.length)) this.setFrom(from);
  }

  /** Of a row that ten bits of the hash choose. */
  private setFrom(bit: number): void {
    this.code.get(HASHED);
    if (bit > 2) this.code.i32(bit - 2).op('i32.shr_u');
    this.code.i32(4 * (BITS - 1)).op('i32.and');
    this.setBit(CELLS_AT + 4 * CLASS_ROWS);
  }

  /** Sets the bit of the cell whose address is on the stack. */
  private setBit(offset: number): void {
    const { code } = this;
    code.tee(CELL).get(CELL).op('i32.load', offset).get(BIT).op('i32.or').op('i32.store', offset);
  }
}
