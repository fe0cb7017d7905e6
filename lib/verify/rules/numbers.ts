/**
 * Numbers in registers by data flow: for each instruction what holds of its operands on every way that leads to
 * it, whatever path the verifier followed. Addresses, bytes from memory and results of helpers are
 * numbers of which nothing is known but their size.
 */

import { functionNamed, type Instruction, type Operand, REGISTERS } from '../../ebpf/index.js';
import { assume } from '../numbers/branch.js';
import type { Scalar } from '../numbers/scalar.js';
import * as scalars from '../numbers/scalar.js';
import { alu, moveSigned, swap } from '../numbers/transfer.js';
import { nextSlots } from '../state/liveness.js';

/** What divisions and comparisons can use. */
export interface NumberFacts {
  readonly nonZeroDivisor?: boolean;
  readonly fits32?: boolean;
}

type Registers = readonly Scalar[];

const NOTHING_KNOWN: Registers = Array.from({ length: REGISTERS }, () => scalars.UNKNOWN);
/** Times that a place is joined exactly; what still changes then is given up. */
const EXACT_JOINS = 4;

const isDivision = (instruction: Instruction): boolean =>
  instruction.kind === 'alu' && ['div', 'mod', 'sdiv', 'smod'].includes(instruction.op);

/** By slot. Empty where no instruction would be better for it. */
export function numberFacts(
  instructions: readonly (Instruction | undefined)[],
): readonly (NumberFacts | undefined)[] {
  const isOfUse = instructions.some(
    (instruction) =>
      instruction !== undefined &&
      (isDivision(instruction) || (instruction.kind === 'branch' && instruction.width === 64)),
  );
  if (!isOfUse) return [];
  const before = registersBefore(instructions);
  return instructions.map((instruction, index): NumberFacts | undefined => {
    const known = before[index];
    if (instruction === undefined || known === undefined) return undefined;
    if (instruction.kind !== 'alu' && instruction.kind !== 'branch') return undefined;
    const [a, b] = [known[instruction.dst]!, operandOf(known, instruction.operand)];
    const fits32 = a.wide.umax <= scalars.FULL_32.umax && b.wide.umax <= scalars.FULL_32.umax;
    if (instruction.kind === 'branch') return fits32 ? { fits32 } : undefined;
    if (!isDivision(instruction)) return undefined;
    const divisor = instruction.width === 64 ? b.wide : b.low;
    return {
      ...(fits32 ? { fits32 } : {}),
      ...(divisor.umin > 0n ? { nonZeroDivisor: true } : {}),
    };
  });
}

const operandOf = (known: Registers, operand: Operand): Scalar =>
  'register' in operand
    ? known[operand.register]!
    : scalars.constant(BigInt.asUintN(64, BigInt(operand.constant)));

/** Registers before each instruction; `undefined` where nothing leads to. */
function registersBefore(
  instructions: readonly (Instruction | undefined)[],
): readonly (Registers | undefined)[] {
  const before: (Registers | undefined)[] = [];
  const visits = new Int32Array(instructions.length);
  const queue: number[] = [];
  const flow = (to: number, registers: Registers): void => {
    const old = before[to];
    const joined = old === undefined ? registers : join(old, registers, ++visits[to]! > EXACT_JOINS);
    if (joined === old) return;
    before[to] = joined;
    queue.push(to);
  };
  flow(0, NOTHING_KNOWN);
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    const instruction = instructions[index];
    if (instruction === undefined) continue;
    const known = before[index]!;
    const called = functionNamed(instruction, index);
    if (called !== undefined) flow(called, NOTHING_KNOWN);
    if (instruction.kind === 'callLocal') flow(index + 1 + instruction.distance, NOTHING_KNOWN);
    if (instruction.kind === 'branch') {
      for (const taken of [false, true]) {
        const refined = refine(known, instruction, taken);
        if (refined !== undefined) flow(index + 1 + (taken ? instruction.distance : 0), refined);
      }
      continue;
    }
    const after = step(known, instruction);
    for (const next of nextSlots(instruction, index)) flow(next, after);
  }
  return before;
}

function refine(
  known: Registers,
  { op, dst, operand, width }: Extract<Instruction, { kind: 'branch' }>,
  taken: boolean,
): Registers | undefined {
  if ('register' in operand && operand.register === dst) return known;
  const refined = assume(op, known[dst]!, operandOf(known, operand), width, taken);
  if (refined === undefined) return undefined;
  const after = known.with(dst, refined.a);
  return 'register' in operand ? after.with(operand.register, refined.b) : after;
}

function step(known: Registers, instruction: Instruction): Registers {
  switch (instruction.kind) {
    case 'alu': {
      const { op, dst, operand, width } = instruction;
      return known.with(dst, alu(op, known[dst]!, operandOf(known, operand), width));
    }
    case 'movsx':
      return known.with(
        instruction.dst,
        moveSigned(known[instruction.src]!, instruction.from, instruction.width),
      );
    case 'swap':
      return known.with(instruction.dst, swap(instruction.op, known[instruction.dst]!, instruction.bits));
    case 'load': {
      const { dst, size, signExtend } = instruction;
      return known.with(dst, signExtend ? scalars.UNKNOWN : scalars.loaded(size));
    }
    case 'atomic': {
      const { op, fetch, src } = instruction;
      return fetch ? known.with(op === 'cmpxchg' ? 0 : src, scalars.UNKNOWN) : known;
    }
    case 'wide': {
      const { pseudo, dst, low, high } = instruction;
      const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      return known.with(dst, pseudo === 0 ? scalars.constant(value) : scalars.UNKNOWN);
    }
    case 'packet':
      return known.map((value, register) =>
        register === 0 ? scalars.loaded(instruction.size) : register <= 5 ? scalars.UNKNOWN : value,
      );
    case 'call':
    case 'callKfunc':
    case 'callLocal':
    case 'callRegister':
      return known.map((value, register) => (register <= 5 ? scalars.UNKNOWN : value));
    default:
      return known;
  }
}

/** What holds of both; the old one itself when that says no more. */
function join(old: Registers, now: Registers, givesUp: boolean): Registers {
  let joined = old;
  old.forEach((value, register) => {
    const other = now[register]!;
    if (scalars.includes(value, other)) return;
    joined = joined.with(register, givesUp ? scalars.UNKNOWN : scalars.union(value, other));
  });
  return joined;
}
