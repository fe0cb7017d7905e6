/**
 * What must hold before each instruction, as plain data: requirements apart from effects.
 *
 * A requirement names the kinds of rejection that say it does not hold. Each refusal of an instruction that a path has
 * come to is of such a kind; what holds afterwards is for the step functions.
 */

import {
  CALLS_BACK,
  DecodeError,
  decode,
  describe,
  FRAME_POINTER,
  type Instruction,
  type Operand,
  type Program,
  PSEUDO,
  signatureFor,
  slotsOf,
  TAIL_CALL,
} from '../../ebpf/index.js';
import { CONTEXTS, type VerifiedType } from './context.js';
import { KINDS } from './faults.js';
import type { RejectionKind } from './kinds.js';

export interface Requirement {
  /** In words, with registers by name. */
  readonly text: string;
  /** How a rejection calls it when this does not hold. */
  readonly kinds: readonly RejectionKind[];
}

/** The requirements of the instruction at slot `index`. */
export interface InstructionRequirements {
  readonly index: number;
  /** The instruction, as the kernel writes it. */
  readonly text: string;
  readonly requirements: readonly Requirement[];
}

const requirement = (text: string, ...kinds: readonly RejectionKind[]): Requirement => ({ text, kinds });

const isSet = (register: number): Requirement => requirement(`r${register} is set`, 'uninitialized-register');

const areSet = (...operands: readonly Operand[]): Requirement[] =>
  operands.flatMap((operand) => ('register' in operand ? [isSet(operand.register)] : []));

const isWritten = (register: number): Requirement[] =>
  register === FRAME_POINTER ? [requirement('r10 is not written', 'frame-pointer-write')] : [];

const isKept = (register: number): Requirement =>
  requirement(`r${register} is no address, or the user is privileged`, 'pointer-leak');

const IN_BOUNDS: readonly RejectionKind[] = [
  'outside-packet',
  'outside-stack',
  'outside-map-value',
  'map-access',
  'invalid-context-access',
  'unbounded-offset',
  'pointer-arithmetic',
];

/** Of `size` bytes at a register and an offset. */
function bytesAt(base: number, offset: number, size: number, verb: string): Requirement[] {
  const place = offset === 0 ? `r${base}` : `r${base} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  return [
    isSet(base),
    requirement(`r${base} is the address of something that has bytes`, 'not-a-pointer'),
    requirement(`r${base} is not null`, 'null-pointer'),
    requirement(`${size} bytes at ${place} may be ${verb}`, ...IN_BOUNDS),
    requirement(`${place} is aligned for ${size} bytes, where that is demanded`, 'misaligned'),
    requirement(`r${base} is of one kind of memory on all paths`, 'mixed-pointers'),
    requirement(`no part of an address is ${verb}`, 'partial-address', 'pointer-leak'),
    ...(verb === 'written' ? [] : [requirement('bytes of the stack hold something', 'uninitialized-stack')]),
  ];
}

const addressArithmetic = (op: string, dst: number): Requirement[] => [
  requirement(
    `where r${dst} or its operand is an address: ${op} may move it, by a number with limits`,
    'pointer-arithmetic',
    'unbounded-offset',
    'null-pointer',
    'pointer-leak',
  ),
  requirement(
    'it stays within the stack or the map value, where the user is not privileged',
    'outside-stack',
    'outside-map-value',
    'map-access',
  ),
];

function ofAlu({ op, width, dst, operand }: Extract<Instruction, { kind: 'alu' }>): Requirement[] {
  const common = [...areSet(operand), ...isWritten(dst)];
  if (op === 'mov')
    return width === 32 && 'register' in operand ? [...common, isKept(operand.register)] : common;
  if (op === 'neg') return [...common, isSet(dst), isKept(dst)];
  const isShift = op === 'lsh' || op === 'rsh' || op === 'arsh';
  const divides = op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod';
  return [
    ...common,
    isSet(dst),
    ...(isShift && 'constant' in operand ? [requirement(`the count is 0 to ${width - 1}`, 'bad-shift')] : []),
    ...(divides && 'constant' in operand ? [requirement('the divisor is not 0', 'division-by-zero')] : []),
    ...addressArithmetic(op, dst),
  ];
}

function ofCall(helper: number, type: VerifiedType): Requirement[] {
  const row = signatureFor(helper, CONTEXTS[type].letter);
  const exists = requirement(
    `helper ${helper}${row === undefined ? '' : ` (${row.name})`} is there for this type and user`,
    'unknown-helper',
    'privileged-only',
  );
  const taken = (row?.arguments ?? []).flatMap((kind, position) => [
    isSet(position + 1),
    requirement(
      `r${position + 1} is what the helper takes: ${kind}`,
      'bad-argument',
      'bad-size',
      'pointer-leak',
      'map-access',
      'misaligned',
      'uninitialized-stack',
      'null-pointer',
      'not-a-pointer',
      'unreleased-reference',
      'locked',
      ...IN_BOUNDS,
    ),
  ]);
  const held = [
    requirement('no lock is held, or this gives it back', 'locked'),
    ...(helper === TAIL_CALL
      ? [...NOTHING_HELD, requirement('no helper has called the function', 'bad-return')]
      : []),
    ...(CALLS_BACK.has(helper) ? [requirement('calls nest no deeper than 8 frames', 'call-depth')] : []),
  ];
  return [exists, ...taken, ...held];
}

const NOTHING_HELD: readonly Requirement[] = [
  requirement('all that was acquired has been given back', 'unreleased-reference', 'locked'),
];

const ofAtomicMemory = (size: number): Requirement =>
  requirement(`the memory is a stack or a map value, and ${size} bytes are aligned`, 'bad-atomic');

/** The requirements of one instruction. */
export function requirementsOf(instruction: Instruction, type: VerifiedType): Requirement[] {
  switch (instruction.kind) {
    case 'alu':
      return ofAlu(instruction);
    case 'movsx':
      return [isSet(instruction.src), ...isWritten(instruction.dst), isKept(instruction.src)];
    case 'swap':
      return [isSet(instruction.dst), ...isWritten(instruction.dst), isKept(instruction.dst)];
    case 'wide':
      return [
        ...isWritten(instruction.dst),
        ...(instruction.pseudo === PSEUDO.func
          ? [requirement('it names a static function whose types are known', 'bad-immediate')]
          : []),
      ];
    case 'load':
      return [
        ...bytesAt(instruction.base, instruction.offset, instruction.size, 'read'),
        ...isWritten(instruction.dst),
      ];
    case 'loadAcquire':
      return [
        ...bytesAt(instruction.base, instruction.offset, instruction.size, 'read'),
        ...isWritten(instruction.dst),
        ofAtomicMemory(instruction.size),
      ];
    case 'store':
      return [
        ...areSet(instruction.operand),
        ...bytesAt(instruction.base, instruction.offset, instruction.size, 'written'),
      ];
    case 'storeRelease':
      return [
        isSet(instruction.src),
        ...bytesAt(instruction.base, instruction.offset, instruction.size, 'written'),
        ofAtomicMemory(instruction.size),
      ];
    case 'atomic':
      return [
        isSet(instruction.src),
        ...(instruction.op === 'cmpxchg' ? [isSet(0), isKept(0)] : []),
        isKept(instruction.src),
        ...bytesAt(instruction.base, instruction.offset, instruction.size, 'changed'),
        ...(instruction.fetch ? isWritten(instruction.op === 'cmpxchg' ? 0 : instruction.src) : []),
        ofAtomicMemory(instruction.size),
      ];
    case 'packet':
      return [
        isSet(6),
        ...(instruction.index === undefined ? [] : [isSet(instruction.index)]),
        requirement('r6 is the context, and this type of program reads packets so', 'packet-load'),
        ...NOTHING_HELD,
      ];
    case 'branch':
      return [
        isSet(instruction.dst),
        ...areSet(instruction.operand),
        requirement('an address is compared with null or with the end of the packet alone', 'pointer-leak'),
      ];
    case 'call':
      return ofCall(instruction.helper, type);
    case 'callLocal':
      return [
        requirement('calls nest no deeper than 8 frames', 'call-depth'),
        requirement(
          'a global function is given what its types say, gives a number, cannot sleep, and no lock is held',
          'bad-argument',
          'unknown-helper',
          'bad-return',
          'locked',
          'uninitialized-register',
          'uninitialized-stack',
          'map-access',
          ...IN_BOUNDS,
        ),
      ];
    case 'exit':
      return [
        isSet(0),
        requirement('r0 is what this type of program may return', 'bad-return', 'pointer-leak'),
        ...NOTHING_HELD,
      ];
    case 'mayGoto':
      return [];
    case 'callRegister':
    case 'callKfunc':
      return [requirement('the function is known', 'unknown-opcode', 'unknown-helper')];
    case 'jump':
      return [];
  }
}

/** Requirements of all instructions of a program. One that cannot be decoded has that requirement alone. */
export function requirementsOfProgram(program: Program, type: VerifiedType): InstructionRequirements[] {
  const all: InstructionRequirements[] = [];
  for (let index = 0; index < program.length; ) {
    try {
      const instruction = decode(program, index);
      all.push({ index, text: describe(instruction), requirements: requirementsOf(instruction, type) });
      index += slotsOf(instruction);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      all.push({ index, text: '', requirements: [requirement('it is an instruction', KINDS[error.kind])] });
      index++;
    }
  }
  return all;
}
