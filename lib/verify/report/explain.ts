/**
 * A rejection for people: what the instruction works on and what that can be, a case that breaks the rule, the
 * instructions that made it so, and what would make it pass.
 *
 * Works from the path that verify() gives with a rejection, which is followed once more.
 */

import {
  decode,
  describe as describeInstruction,
  type Instruction,
  type Program,
  slotsOf,
  toHex,
} from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { REJECTION_KINDS, type RejectionKind } from '../rules/kinds.js';
import type { VerifyOptions } from '../rules/options.js';
import type { Rejection } from '../rules/report.js';
import { effectOf } from '../state/liveness.js';
import { IN_WORDS, NOT_NULL, type Pointer, pointsIntoPacket, type Value } from '../state/value.js';
import { type Moment, type Retraced, retrace } from '../walk/retrace.js';
import { remedyFor } from './remedy.js';
import { sliceOf } from './slice.js';

/** One instruction of the way to a rejection. */
export interface SliceStep {
  /** Its slot. */
  readonly index: number;
  /** As a listing has it: `r2 += 24`. */
  readonly text: string;
  /** What it left, or which way it went: `r2 is the packet + 24, with no bytes known to follow`. */
  readonly note: string;
}

/** A rejection in words: what is known, an example that breaks the rule, what would help. */
export interface ExplainedRejection {
  readonly kind: RejectionKind;
  /** The instruction's slot. */
  readonly index: number;
  /** The instruction as a listing has it; empty for what is wrong with the program as a whole. */
  readonly text: string;
  /** The property that does not hold, in general and here. */
  readonly property: string;
  readonly message: string;
  /** What the registers that the instruction looks at can hold, on this path. */
  readonly values: readonly { readonly register: number; readonly holds: string }[];
  /** A case that breaks the property; empty where it is broken whatever happens. */
  readonly example: string;
  /** The instructions that had a part in it, in the order they ran; the refused one is not among them. */
  readonly slice: readonly SliceStep[];
  /** What would make it pass; empty where nothing is known. */
  readonly remedy: string;
}

/** Explains why `program` was refused under `options`; `rejection` is what verify() gave for the same. */
export function explain(program: Program, options: VerifyOptions, rejection: Rejection): ExplainedRejection {
  const { kind, index, message, remedy } = rejection;
  const texts = textsOf(program);
  const bare = {
    kind,
    index,
    text: texts.get(index) ?? '',
    property: REJECTION_KINDS[kind],
    message,
    values: [],
    example: '',
    slice: [],
    remedy,
  };
  if (rejection.trail.length === 0 || kind === 'too-complex' || MALFORMED.has(kind)) return bare;
  const retraced = retrace(program, options, rejection.trail);
  const { path, moments } = retraced;
  const last = moments.at(-1)!;
  const instruction = path.instructions[last.index];
  if (instruction === undefined) return bare;
  const looked = registersOf(instruction, last, kind);
  return {
    ...bare,
    values: looked.map((register) => ({ register, holds: describeValue(last.registers[register]!) })),
    example: exampleOf(kind, instruction, last),
    slice: stepsOf(retraced, looked, texts, kind),
    remedy: remedyFor(kind, instruction, retraced) || remedy,
  };
}

/** What is wrong with the instruction as it is written. */
const MALFORMED: ReadonlySet<RejectionKind> = new Set(['reserved-field', 'bad-register', 'unknown-opcode']);

/** The text of each instruction that has one. */
function textsOf(program: Program): ReadonlyMap<number, string> {
  const texts = new Map<number, string>();
  for (let index = 0; index < program.length; ) {
    try {
      const instruction = decode(program, index, { lenient: true });
      texts.set(index, describeInstruction(instruction));
      index += slotsOf(instruction);
    } catch {
      // No instruction: its bytes.
      texts.set(index, toHex([program[index]!]));
      index++;
    }
  }
  return texts;
}

/** The registers whose values are at fault: those the instruction reads, or those of them that hold nothing. */
function registersOf(instruction: Instruction, { registers }: Moment, kind: RejectionKind): number[] {
  const { reads, kills } = effectOf(instruction);
  const all = registers.flatMap((_, register) => ((reads & (1 << register)) !== 0 ? [register] : []));
  if (kind === 'frame-pointer-write') return [];
  if (kind === 'uninitialized-register') {
    const empty = all.filter((register) => registers[register]!.kind === 'none');
    return empty.length > 0 ? empty.slice(0, 1) : all;
  }
  const isMemory =
    instruction.kind === 'load' || instruction.kind === 'store' || instruction.kind === 'atomic';
  if (isMemory && kind !== 'pointer-leak') return [instruction.base];
  return kills === 0 || instruction.kind !== 'call' ? all : all.filter((register) => register !== 0);
}

function stepsOf(
  { path, moments }: Retraced,
  looked: readonly number[],
  texts: ReadonlyMap<number, string>,
  kind: RejectionKind,
): readonly SliceStep[] {
  const places =
    kind === 'infinite-loop' ? lastRound(moments) : sliceOf(moments, path.instructions, looked).slice(0, -1);
  return places.map((place): SliceStep => {
    const { index } = moments[place]!;
    const instruction = path.instructions[index]!;
    const after = moments[place + 1]!;
    return {
      index,
      text: texts.get(index) ?? describeInstruction(instruction),
      note: noteOn(instruction, moments[place]!, after, looked),
    };
  });
}

/** The last time through a loop that the path has come back to, or its first instructions. */
function lastRound(moments: readonly Moment[]): readonly number[] {
  const end = moments.length - 1;
  const { index } = moments[end]!;
  const start = moments.findLastIndex((moment, place) => place < end && moment.index === index);
  return start < 0 ? [] : [...moments.keys()].slice(start + 1, Math.min(end, start + 1 + MOST_OF_A_ROUND));
}
const MOST_OF_A_ROUND = 16;

/** What an instruction of the way left behind. */
function noteOn(instruction: Instruction, before: Moment, after: Moment, looked: readonly number[]): string {
  const left = (register: number): string => `r${register} is ${describeValue(after.registers[register]!)}`;
  switch (instruction.kind) {
    case 'branch': {
      const isTaken = after.index !== before.index + 1 || instruction.distance === 0;
      const learnt = looked.filter((register) => {
        const [old, now] = [before.registers[register]!, after.registers[register]!];
        return old !== now && after.depth === before.depth && describeValue(old) !== describeValue(now);
      });
      return [isTaken ? 'taken' : 'not taken', ...learnt.map(left)].join('; ');
    }
    case 'store':
      return '';
    case 'call':
    case 'packet':
    case 'callRegister':
    case 'callKfunc':
      return `${left(0)}; r1 to r5 hold nothing any more`;
    case 'callLocal':
      return 'into the function';
    case 'exit':
      return `back to the caller; ${left(0)}`;
    case 'atomic':
      return left(instruction.op === 'cmpxchg' ? 0 : instruction.src);
    case 'jump':
    case 'mayGoto':
    case 'storeRelease':
      return '';
    default:
      return left(instruction.dst);
  }
}

/** What a register can hold, in words. */
export function describeValue(value: Value): string {
  if (value.kind === 'none') return 'nothing';
  return value.kind === 'scalar' ? describeNumber(value.scalar) : describePointer(value);
}

function describeNumber(scalar: scalars.Scalar): string {
  const { wide, bits } = scalar;
  const constant = scalars.constantOf(scalar);
  if (constant !== undefined) return `${wide.smin}`;
  const { umin, umax, smin, smax } = wide;
  const isBounded = umin > 0n || umax < scalars.FULL_64.umax;
  const isSigned = smin > scalars.FULL_64.smin || smax < scalars.FULL_64.smax;
  const both = isBounded && isSigned && smin < 0n ? `, signed ${smin} to ${smax}` : '';
  const range = isBounded ? `${umin} to ${umax}${both}` : isSigned ? `${smin} to ${smax}` : 'any number';
  // Bits known to be 0 below the top say more than the range, as in multiples of four.
  const step = bits.value === 0n ? bits.mask & -bits.mask : 1n;
  return step > 1n ? `${range} in steps of ${step}` : range;
}

const signed = (offset: number): string =>
  offset === 0 ? '' : offset > 0 ? ` + ${offset}` : ` - ${-offset}`;

function describePointer(value: Pointer): string {
  const varying = scalars.constantOf(value.variable);
  const fixed = value.offset + (varying === undefined ? 0 : Number(BigInt.asIntN(64, varying)));
  const moved = `${signed(fixed)}${varying === undefined ? ` + (${describeNumber(value.variable)})` : ''}`;
  switch (value.type) {
    case 'stack':
      return `the frame pointer${moved}`;
    case 'context':
      return `the context${moved}`;
    case 'packetEnd':
      return `the end of the packet${moved}`;
    case 'map':
      return 'a map';
    case 'mapValue':
      return `${mapValue(value)}${moved}${varying === undefined ? '' : fieldOf(value, fixed)}`;
    case 'mapValueOrNull':
      return `${mapValue(value)}, or null`;
    default: {
      const name = IN_WORDS[NOT_NULL[value.type] ?? value.type];
      if (name !== undefined)
        return `${name}${moved}${NOT_NULL[value.type] === undefined ? '' : ', or null'}`;
      const start = value.type === 'packet' ? 'the packet' : 'the metadata before the packet';
      // The range counts from where the address was before constants were added.
      const there = Math.max(0, value.range - value.offset);
      return `${start}${moved}, with ${there === 0 ? 'no' : there} byte${there === 1 ? '' : 's'} known to follow`;
    }
  }
}

function mapValue({ map }: Pointer): string {
  const of = map?.name === undefined ? 'a map value' : `a value of map ${map.name},`;
  return `${of} of ${map?.valueSize ?? 0} bytes`;
}

/** What C calls the place in a value. */
function fieldOf({ map }: Pointer, offset: number): string {
  const field = map?.fieldAt?.(offset) ?? '';
  return field === '' ? '' : ` (${field})`;
}

/** A case for which the property does not hold. */
function exampleOf(kind: RejectionKind, instruction: Instruction, { registers }: Moment): string {
  const base = 'base' in instruction ? registers[instruction.base] : undefined;
  switch (kind) {
    case 'outside-packet': {
      if (base?.kind !== 'pointer' || !pointsIntoPacket(base) || !('offset' in instruction)) return '';
      const first = base.offset + instruction.offset;
      if (first < 0) return 'any packet: the bytes lie before it';
      const isFixed = scalars.constantOf(base.variable) !== undefined && base.id === 0;
      const missing = Math.max(first, base.range);
      return isFixed
        ? `a packet of ${missing} bytes has no byte ${missing}`
        : `a packet that ends ${missing} bytes behind that place`;
    }
    case 'outside-map-value':
    case 'unbounded-offset': {
      if (base?.kind !== 'pointer' || !('offset' in instruction))
        return numberExample(instruction, registers);
      const { smin, smax, umax } = base.variable.wide;
      const first = BigInt(base.offset + instruction.offset);
      if (first + smin < 0n) return `an offset of ${smin}: byte ${first + smin}`;
      const most = smax >= 0n && BigInt.asUintN(64, smax) <= umax ? smax : umax;
      return `an offset of ${most}: byte ${first + most}`;
    }
    case 'null-pointer':
      return 'the key is not in the map, and the look-up gave 0';
    case 'not-a-pointer':
    case 'bad-size':
    case 'bad-return':
      return numberExample(instruction, registers);
    default:
      return '';
  }
}

/** A value of the register in question, at the end of its range that is most likely forgotten. */
function numberExample(instruction: Instruction, registers: readonly Value[]): string {
  const { reads } = effectOf(instruction);
  const chosen =
    'base' in instruction
      ? instruction.base
      : registers.findIndex((value, register) => (reads & (1 << register)) !== 0 && value.kind === 'scalar');
  const value = registers[chosen];
  if (value?.kind !== 'scalar') return '';
  const { smin, umin, umax } = value.scalar.wide;
  if (umin === umax) return '';
  return `r${chosen} = ${smin < 0n ? smin : umax}`;
}
