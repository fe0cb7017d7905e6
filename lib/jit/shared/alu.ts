/**
 * Arithmetic, tests and byte swaps of eBPF as WebAssembly, where a row of either table says it, and as a
 * short guarded sequence where the two machines differ: division by zero and the quotient of the most
 * negative number, which trap in WebAssembly and have values in eBPF (RFC 9669 §4.1).
 */

import type { AluOperation, BranchOperation, Width } from '../../ebpf/index.js';
import type { CodeWriter, InstructionName } from '../../wasm/index.js';

/** The instruction of the same meaning, without its type; shift counts are masked alike. */
// biome-ignore format: a table reads best with one row a line
const PLAIN = {
  add: 'add', sub: 'sub', mul: 'mul', or: 'or', and: 'and', xor: 'xor',
  lsh: 'shl', rsh: 'shr_u', arsh: 'shr_s',
  div: 'div_u', mod: 'rem_u', sdiv: 'div_s', smod: 'rem_s',
} as const satisfies Partial<Record<AluOperation, string>>;

/** `jset` is not among them: an `and` and a comparison with zero. */
// biome-ignore format: a table reads best with one row a line
const TESTS = {
  jeq: 'eq', jne: 'ne',
  jgt: 'gt_u', jge: 'ge_u', jlt: 'lt_u', jle: 'le_u',
  jsgt: 'gt_s', jsge: 'ge_s', jslt: 'lt_s', jsle: 'le_s',
} as const satisfies Partial<Record<BranchOperation, string>>;

/** Holds where the other does not. */
// biome-ignore format: a table reads best with one row a line
const OPPOSITES = {
  jeq: 'jne', jne: 'jeq',
  jgt: 'jle', jge: 'jlt', jlt: 'jge', jle: 'jgt',
  jsgt: 'jsle', jsge: 'jslt', jslt: 'jsge', jsle: 'jsgt',
} as const satisfies Record<keyof typeof TESTS, keyof typeof TESTS>;

export type Typed = 'i32' | 'i64';

export const typeOfWidth = (width: Width): Typed => (width === 32 ? 'i32' : 'i64');

export function constant(code: CodeWriter, type: Typed, value: number): void {
  if (type === 'i32') code.i32(value);
  else code.i64(BigInt(value));
}

/** A local of each type that nothing else holds on to. */
export interface Scratch {
  readonly i32: number;
  readonly i64: number;
}

/**
 * Both operands are on the stack; leaves the result there.
 *
 * @param divisor - The second operand where it is a constant; `'nonzero'` where it is known not to be zero.
 */
export function emitAlu(
  code: CodeWriter,
  op: Exclude<AluOperation, 'mov' | 'neg'>,
  type: Typed,
  divisor: number | 'nonzero' | undefined,
  dividend: Scratch,
  scratch: Scratch,
): void {
  const name = (operation: string): InstructionName => `${type}.${operation}` as InstructionName;
  const plain = name(PLAIN[op]);
  const isDivision = op === 'div' || op === 'sdiv';
  if (!isDivision && op !== 'mod' && op !== 'smod') {
    code.op(plain);
    return;
  }
  if (divisor === 0) {
    // A quotient of 0, or the dividend as it is.
    code.op('drop');
    if (isDivision) {
      code.op('drop');
      constant(code, type, 0);
    }
    return;
  }
  const a = dividend[type];
  const b = scratch[type];
  if (divisor !== undefined && (op !== 'sdiv' || (divisor !== 'nonzero' && divisor !== -1))) {
    code.op(plain);
    return;
  }
  code.set(b).set(a);
  if (op === 'sdiv') {
    // Dividing by -1 negates, which has a value for the most negative number too.
    code.get(b);
    constant(code, type, -1);
    code.op(name('eq')).ifResult(type);
    constant(code, type, 0);
    code.get(a).op(name('sub')).op('else');
  }
  code.get(b).op(name('eqz')).ifResult(type);
  if (isDivision) constant(code, type, 0);
  else code.get(a);
  code.op('else').get(a).get(b).op(plain).op('end');
  if (op === 'sdiv') code.op('end');
}

/**
 * Both operands are on the stack; leaves 1 where the test has the value `when`, else 0. The opposite is a comparison
 * of its own: V8 makes a jump of one, and a number first of one that is negated.
 */
export function emitTest(code: CodeWriter, op: BranchOperation, when: boolean, type: Typed): void {
  if (op === 'jset') {
    code.op(`${type}.and`);
    constant(code, type, 0);
    code.op(`${type}.${when ? 'ne' : 'eq'}`);
  } else code.op(`${type}.${when ? TESTS[op] : TESTS[OPPOSITES[op]]}`);
}

/** Reverses the bytes of the low 16 or 32 bits of the i32 in a local; the rest of it is 0 afterwards. */
export function emitSwap32(code: CodeWriter, bits: 16 | 32, local: number): void {
  if (bits === 16) {
    code.get(local).i32(8).op('i32.shl').i32(0xff00).op('i32.and');
    code.get(local).i32(8).op('i32.shr_u').i32(0xff).op('i32.and').op('i32.or');
    return;
  }
  code.get(local).i32(0x00ff_00ff).op('i32.and').i32(24).op('i32.rotl');
  code.get(local).i32(0xff00_ff00).op('i32.and').i32(8).op('i32.rotl').op('i32.or');
}

/** Reverses the bytes of the i64 in a local. */
export function emitSwap64(code: CodeWriter, local: number): void {
  const exchange = (mask: bigint, by: bigint): void => {
    code.get(local).i64(mask).op('i64.and').i64(by).op('i64.shl');
    code.get(local).i64(by).op('i64.shr_u').i64(mask).op('i64.and').op('i64.or');
  };
  exchange(0x00ff_00ff_00ff_00ffn, 8n);
  code.set(local);
  exchange(0x0000_ffff_0000_ffffn, 16n);
  code.i64(32n).op('i64.rotl');
}
