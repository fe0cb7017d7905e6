/**
 * What the parts of the eBPF emitter share: the surroundings of a function, its locals, and the state of
 * writing it.
 */

import { type Instruction, type Operand, opcodes, type Width } from '../../ebpf/index.js';
import type { Proof } from '../../verify/index.js';
import type { CodeWriter, Local } from '../../wasm/index.js';
import { constant, type Scratch, typeOfWidth } from '../shared/alu.js';
import type { Convention } from './convention.js';
import type { RunCounters } from './counters.js';
import type { EbpfFunction } from './ebpfFlow.js';
import type { ReducibleGraph } from './irreducible.js';
import type { Knowledge } from './knowledge.js';

/** A region whose place and size the code may rely on. */
export interface FixedRegion {
  readonly base: number;
  readonly length: number;
  readonly writable: boolean;
}

/** Indexes of what functions call and share; module.ts lays them out. */
export interface Surroundings {
  readonly regions: readonly FixedRegion[];
  /** Whether there is a packet, whose place and length are in globals. */
  readonly hasPacket: boolean;
  readonly packetWritable: boolean;
  /** Whether negative offsets of packet loads mean something. */
  readonly hasHeaderOffsets: boolean;
  readonly functions: {
    readonly callHelper: number;
    readonly headerOffset: number;
    readonly fault: number;
    readonly access: number;
    /** Slot to index. */
    readonly local: ReadonlyMap<number, number>;
    /** The function that looks into the map of a handle, for programs that are proved; `undefined`: the host does. */
    readonly lookup?: (handle: number) => number | undefined;
  };
  readonly globals: {
    readonly fuel: number;
    readonly packetStart: number;
    readonly packetLength: number;
  };
  readonly resolveWide: (pseudo: number, low: number, high: number, index: number) => bigint;
  readonly programLength: number;
  readonly convention: Convention;
  /** Whether the main function is called as others are. */
  readonly callsMain: boolean;
  /** What a verifier has proved, by slot. */
  readonly proofs: readonly (Proof | undefined)[];
  /** Whether runs may be too long, and back edges and calls have to count. */
  readonly hasFuel: boolean;
  /** First slots of functions that helpers call. */
  readonly callbacks: readonly number[];
  /** Highest value of r10 at which a function may still call another. */
  readonly lastFrame: number;
  /** Distance between the frames' stacks. */
  readonly frameStep: number;
  /** What leaves a field of the context as i32 on the stack, where that takes no memory; by offset and size. */
  readonly field?: (offset: number, size: number) => ((code: CodeWriter) => void) | undefined;
  /** By register of the main function: the region it points into. */
  readonly guesses: ReadonlyMap<number, number>;
  /** Where what runs is to be counted. */
  readonly counters?: RunCounters | undefined;
}

/** Numbers of faults as compiled code reports them. */
export const FAULTS = [
  'budget',
  'call-depth',
  'not-in-program',
  'bad-instruction',
  'unknown-helper',
] as const;

/** What conventions pass comes first, so that a register is the same local in either. */
export const LOCALS: readonly Local[] = [
  ...['r1', 'r2', 'r3', 'r4', 'r5', 'r10', 'r0', 'r6', 'r7', 'r8', 'r9'].map(i64Local),
  ...['d64', 't64'].map(i64Local),
  ...['d32', 't32', 'label', 'fuel', 'packet', 'length', 'rounds'].map(
    (name): Local => ({ name, type: 'i32' }),
  ),
];
function i64Local(name: string): Local {
  return { name, type: 'i64' };
}
const localNamed = (name: string): number => LOCALS.findIndex((local) => local.name === name);
export const REGISTER_LOCALS: readonly number[] = Array.from({ length: opcodes.REGISTERS }, (_, register) =>
  localNamed(`r${register}`),
);
export const ARGUMENTS = [1, 2, 3, 4, 5];
/** By convention: how many of the locals are parameters, and which registers come back. */
export const PASSED = {
  narrow: { parameters: 6, results: [0] },
  wide: { parameters: 11, results: [0, 1, 2, 3, 4, 5] },
} as const satisfies Record<Convention, { parameters: number; results: readonly number[] }>;
export const DIVIDEND: Scratch = { i32: localNamed('d32'), i64: localNamed('d64') };
export const SCRATCH: Scratch = { i32: localNamed('t32'), i64: localNamed('t64') };
export const LABEL = localNamed('label');
export const FUEL = localNamed('fuel');
export const PACKET_START = localNamed('packet');
export const PACKET_LENGTH = localNamed('length');
/** How often a `may_goto` of the function has been passed. */
export const ROUNDS = localNamed('rounds');

/** How a body ends: with what the result registers hold, or with 0 because a packet is too short. */
export interface Endings {
  readonly leave: (hasLoops: boolean) => void;
  readonly reject: (hasLoops: boolean) => void;
}

export interface Emitter extends Endings {
  readonly code: CodeWriter;
  readonly source: EbpfFunction;
  readonly graph: ReducibleGraph;
  readonly around: Surroundings;
  readonly hasLoops: boolean;
  known: readonly (Knowledge | undefined)[];
}

export type Of<Kind extends Instruction['kind']> = Extract<Instruction, { readonly kind: Kind }>;

export function emitFault(
  code: CodeWriter,
  kind: (typeof FAULTS)[number],
  index: number,
  around: Surroundings,
): void {
  code.i32(FAULTS.indexOf(kind)).i32(index).op('call', around.functions.fault).op('unreachable');
}

export function emitRegister(code: CodeWriter, register: number, width: Width): void {
  code.get(REGISTER_LOCALS[register]!);
  if (width === 32) code.op('i32.wrap_i64');
}

export function emitOperand(code: CodeWriter, operand: Operand, width: Width): void {
  if ('register' in operand) emitRegister(code, operand.register, width);
  else constant(code, typeOfWidth(width), operand.constant);
}

/** Stores what is on the stack; 32-bit results clear the upper half. */
export function setRegister(code: CodeWriter, register: number, width: Width): void {
  if (width === 32) code.op('i64.extend_i32_u');
  code.set(REGISTER_LOCALS[register]!);
}
