/**
 * What arithmetic leaves: of numbers by the transfer functions, of addresses that are moved.
 * Linux `adjust_reg_min_max_vals`.
 */

import type { Instruction, Operand, Width } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { copyState, currentFrame } from '../state/state.js';
import { ANY_NUMBER, known, type Number_, number, scalarOf, type Value } from '../state/value.js';
import { pointerArithmetic } from './addresses.js';
import type { Path } from './path.js';

type Alu = Extract<Instruction, { kind: 'alu' }>;

export function compute(path: Path, instruction: Alu): void {
  const { op, width, dst, operand } = instruction;
  if (op === 'mov') {
    move(path, width, dst, operand);
    return;
  }
  if (op === 'neg') {
    negate(path, width, dst);
    return;
  }
  const source = path.operand(operand);
  const target = path.value(dst);
  const isMove = target.kind === 'pointer' || source.kind === 'pointer';
  path.write(
    dst,
    isMove
      ? pointerArithmetic(path, instruction, target, source)
      : ofNumbers(path, instruction, target as Number_, source as Number_),
  );
}

function negate(path: Path, width: Width, dst: number): void {
  const target = path.value(dst);
  if (target.kind === 'pointer') {
    path.write(dst, ANY_NUMBER);
    return;
  }
  const scalar = scalarOf(target);
  path.write(dst, number(path.numbers.alu('neg', scalar, scalar, width)));
}

function move(path: Path, width: Width, dst: number, operand: Operand): void {
  const value = path.operand(operand);
  if (!('register' in operand)) {
    path.write(dst, width === 64 ? value : known(BigInt.asUintN(32, BigInt(operand.constant))));
    return;
  }
  const source = operand.register;
  if (width === 64) {
    path.write(dst, path.share(source, value));
    return;
  }
  const { alu } = path.numbers;
  if (value.kind === 'pointer') {
    path.write(dst, number(alu('mov', scalars.UNKNOWN, scalars.UNKNOWN, 32)));
    return;
  }
  path.write(
    dst,
    narrowed(path, source, value, (scalar) => alu('mov', scalar, scalar, 32), 0xffff_ffffn),
  );
}

/** `movsx`: the low bits with their sign. */
export function moveSigned(
  path: Path,
  { from, width, dst, src }: Extract<Instruction, { kind: 'movsx' }>,
): void {
  const value = path.value(src);
  if (value.kind === 'pointer') {
    path.write(
      dst,
      width === 64 ? ANY_NUMBER : number(path.numbers.alu('mov', scalars.UNKNOWN, scalars.UNKNOWN, 32)),
    );
    return;
  }
  const most = (1n << BigInt(from - 1)) - 1n;
  path.write(
    dst,
    narrowed(path, src, value, (scalar) => path.numbers.moveSigned(scalar, from, width), most),
  );
}

/** A copy that is cut: it stays a copy where the number is no larger than `most`, so that nothing was cut. */
function narrowed(
  path: Path,
  source: number,
  value: Value,
  cut: (scalar: scalars.Scalar) => scalars.Scalar,
  most: bigint,
): Value {
  const scalar = scalarOf(value);
  if (scalar.wide.umax > most) return number(cut(scalar));
  const { id, delta, added } = path.share(source, value) as Number_;
  return number(cut(scalar), id, delta, added);
}

/** A byte swap. */
export function swap(path: Path, { op, bits, dst }: Extract<Instruction, { kind: 'swap' }>): void {
  const value = path.value(dst);
  if (value.kind === 'pointer') {
    path.write(dst, ANY_NUMBER);
    return;
  }
  // On the machine's own order nothing happens.
  const own = path.options.bigEndian === true ? 'be' : 'le';
  if (op === own && bits === 64) {
    path.write(dst, value);
    return;
  }
  const now = op === 'bswap' ? op : op === own ? 'le' : 'be';
  path.write(dst, number(path.numbers.swap(now, scalarOf(value), bits)));
}

function ofNumbers(path: Path, { op, width, dst, operand }: Alu, target: Number_, source: Number_): Value {
  let { scalar } = target;
  if ((op === 'and' || op === 'or') && path.isLinux && scalars.constantOf(source.scalar) !== undefined)
    scalar = forked(path, dst, scalar);
  const result = path.numbers.alu(op, scalar, source.scalar, width);
  return linked(
    path,
    op,
    width,
    target,
    source.scalar,
    result,
    'register' in operand && operand.register === dst,
  );
}

/**
 * Of a number that is 0 or -1 each of both is followed: so Linux sees through `r s>>= 63; r &= c`
 * (`maybe_fork_scalars`). The instruction is done again on the other path.
 */
function forked(path: Path, dst: number, scalar: scalars.Scalar): scalars.Scalar {
  const { wide, low, bits } = scalar;
  const isWhole = wide.smin === -1n && wide.smax === 0n;
  if (!isWhole && (low.smin !== -1n || low.smax !== 0n)) return scalar;
  const half = (value: bigint): scalars.Scalar => ({
    bits: { value: (bits.value & ~0xffff_ffffn) | value, mask: bits.mask & ~0xffff_ffffn },
    wide,
    low: scalars.constant(value).low,
  });
  const other = copyState(path.state);
  currentFrame(other).registers[dst] = number(isWhole ? scalars.constant(0n) : half(0n));
  path.walker.fork(other, path.index);
  return isWhole ? scalars.constant(0xffff_ffff_ffff_ffffn) : half(0xffff_ffffn);
}

/** What something constant is added to stays tied to its copies: the distance is kept. */
function linked(
  path: Path,
  op: string,
  width: Width,
  target: Number_,
  source: scalars.Scalar,
  result: scalars.Scalar,
  isDouble: boolean,
): Value {
  if (target.id === 0 || (op !== 'add' && op !== 'sub') || isDouble || !path.privileged)
    return number(result);
  const by = width === 64 ? scalars.constantOf(source) : scalars.lowConstantOf(source);
  if (by === undefined || target.added !== 0) return number(result);
  const distance = BigInt.asIntN(width, by);
  if (distance !== BigInt.asIntN(32, distance)) return number(result);
  if (width === 32 && target.scalar.wide.umax > 0xffff_ffffn) return number(result);
  if (op === 'sub' && distance === -0x8000_0000n) return number(result);
  return number(result, target.id, Number(op === 'add' ? distance : -distance), width);
}
