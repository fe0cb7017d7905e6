/**
 * What must hold before each instruction, as plain data: requirements apart from effects.
 *
 * The walk looks at what is listed here (`check.ts`) and at nothing else; then the instruction's effect holds
 * (`effects/apply.ts`), and no effect refuses anything. In words: `words.ts`.
 */

import {
  type ArgumentKind,
  CALLS_BACK,
  FRAME_POINTER,
  type HelperSignature,
  type Instruction,
  KFUNCS,
  type Operand,
  PSEUDO,
  type Size,
  signatureFor,
  TAIL_CALL,
  type Width,
} from '../../ebpf/index.js';
import { CONTEXTS, type VerifiedType } from './context.js';
import type { RejectionKind } from './kinds.js';

type Alu = Extract<Instruction, { kind: 'alu' }>;

const SNPRINTF = 165;

/** An access to memory through an address. */
export interface Access {
  readonly base: number;
  readonly offset: number;
  readonly size: Size;
  /** `change`: what is there is read, and written. */
  readonly use: 'read' | 'write' | 'change';
  /** What is written, where the instruction says it. */
  readonly operand?: Operand;
  readonly signExtend?: boolean;
  /** Atomic or ordered: natural alignment is demanded, and not all memory can be used so. */
  readonly ordered?: boolean;
}

/** What a helper takes in a register. */
export interface Argument {
  readonly register: number;
  readonly kind: ArgumentKind;
  readonly helper: HelperSignature;
  /** The register of the map that tells the size, or of the memory whose size this is; 0 for none. */
  readonly of: number;
}

/** How an address in a register would become known: by computing with it, as half of it, or elsewhere than in registers. */
export type Leak = 'computed' | 'halved' | 'compared' | 'stored';

export type Requirement =
  /** The instruction is one; this one is not. */
  | { readonly need: 'encoding'; readonly kind: RejectionKind; readonly message: string }
  | { readonly need: 'set'; readonly register: number }
  | { readonly need: 'writable'; readonly register: number }
  | { readonly need: 'no-address'; readonly register: number; readonly leak: Leak }
  | { readonly need: 'shift'; readonly count: number; readonly width: Width }
  | { readonly need: 'divisor'; readonly constant: number }
  | { readonly need: 'address-arithmetic'; readonly instruction: Alu }
  | { readonly need: 'access'; readonly access: Access }
  /** The value that was there does not take the place of its address. */
  | { readonly need: 'apart'; readonly register: number; readonly base: number }
  | { readonly need: 'packet-load' }
  | { readonly need: 'comparison'; readonly instruction: Extract<Instruction, { kind: 'branch' }> }
  | { readonly need: 'function'; readonly distance: number }
  | { readonly need: 'helper'; readonly helper: number }
  | { readonly need: 'kfunc'; readonly number: number }
  | { readonly need: 'argument'; readonly argument: Argument }
  | { readonly need: 'one-reference'; readonly helper: HelperSignature }
  | { readonly need: 'map-of-helper'; readonly helper: number; readonly register: number }
  | { readonly need: 'format'; readonly text: number; readonly values: number; readonly size: number }
  | { readonly need: 'callback'; readonly helper: number }
  | { readonly need: 'tail-call' }
  | { readonly need: 'nothing-held' }
  | { readonly need: 'call'; readonly distance: number }
  | { readonly need: 'result' };

const isSet = (register: number): Requirement => ({ need: 'set', register });
const isWritable = (register: number): Requirement => ({ need: 'writable', register });
const isNoAddress = (register: number, leak: Leak): Requirement => ({ need: 'no-address', register, leak });
const areSet = (operand: Operand): Requirement[] => ('register' in operand ? [isSet(operand.register)] : []);

function ofAlu(instruction: Alu): Requirement[] {
  const { op, width, dst, operand } = instruction;
  const common = [...areSet(operand), isWritable(dst)];
  if (op === 'mov')
    return width === 32 && 'register' in operand
      ? [...common, isNoAddress(operand.register, 'halved')]
      : common;
  if (op === 'neg') return [...common, isSet(dst), isNoAddress(dst, 'computed')];
  const constant = 'constant' in operand ? operand.constant : undefined;
  const isShift = op === 'lsh' || op === 'rsh' || op === 'arsh';
  const divides = op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod';
  return [
    ...common,
    isSet(dst),
    ...(isShift && constant !== undefined ? [{ need: 'shift', count: constant, width } as const] : []),
    ...(divides && constant !== undefined ? [{ need: 'divisor', constant } as const] : []),
    { need: 'address-arithmetic', instruction },
  ];
}

/** In which register an argument of some kind is; 0 for none. */
const registerOf = (
  { arguments: kinds = [] }: HelperSignature,
  isSuch: (kind: ArgumentKind) => boolean,
): number => kinds.findIndex(isSuch) + 1;

function ofCall(helper: number, type: VerifiedType): Requirement[] {
  const exists: Requirement = { need: 'helper', helper };
  const row = signatureFor(helper, CONTEXTS[type].letter);
  return row?.arguments === undefined ? [exists] : [exists, ...ofArguments(row, row.arguments)];
}

function ofArguments(row: HelperSignature, kinds: readonly ArgumentKind[], isHelper = true): Requirement[] {
  const map = registerOf(row, (kind) => kind === 'map');
  const list = kinds.flatMap((kind, at): Requirement[] => [
    isSet(at + 1),
    {
      need: 'argument',
      argument: {
        register: at + 1,
        kind,
        helper: row,
        of: kind === 'size' || kind === 'sizeOrZero' ? at : map,
      },
    },
  ]);
  if (kinds.filter((kind) => kind !== 'anything').length > 1)
    list.push({ need: 'one-reference', helper: row });
  if (!isHelper) return list;
  const helper = row.number;
  if (map > 0) list.push({ need: 'map-of-helper', helper, register: map });
  const text = registerOf(row, (kind) => kind === 'constantText');
  if (helper === SNPRINTF) list.push({ need: 'format', text, values: text + 1, size: text + 2 });
  if (CALLS_BACK.has(helper)) list.push({ need: 'callback', helper });
  if (helper === TAIL_CALL) list.push({ need: 'nothing-held' }, { need: 'tail-call' });
  return list;
}

/** The requirements of one instruction. */
export function requirementsOf(instruction: Instruction, type: VerifiedType): Requirement[] {
  switch (instruction.kind) {
    case 'alu':
      return ofAlu(instruction);
    case 'movsx':
      return [isSet(instruction.src), isWritable(instruction.dst), isNoAddress(instruction.src, 'computed')];
    case 'swap':
      return [isSet(instruction.dst), isWritable(instruction.dst), isNoAddress(instruction.dst, 'computed')];
    case 'wide': {
      const { dst, pseudo, low } = instruction;
      return [
        isWritable(dst),
        ...(pseudo === PSEUDO.func ? [{ need: 'function', distance: low } as const] : []),
      ];
    }
    case 'load':
    case 'loadAcquire': {
      const { base, offset, size, dst } = instruction;
      const how =
        instruction.kind === 'load' ? { signExtend: instruction.signExtend } : ({ ordered: true } as const);
      return [
        isSet(base),
        isWritable(dst),
        { need: 'access', access: { base, offset, size, use: 'read', ...how } },
      ];
    }
    case 'store':
    case 'storeRelease': {
      const { base, offset, size } = instruction;
      const operand = instruction.kind === 'store' ? instruction.operand : { register: instruction.src };
      const ordered = instruction.kind === 'storeRelease';
      return [
        ...areSet(operand),
        isSet(base),
        { need: 'access', access: { base, offset, size, use: 'write', operand, ordered } },
      ];
    }
    case 'atomic':
      return ofAtomic(instruction);
    case 'packet':
      return [
        isSet(6),
        ...(instruction.index === undefined ? [] : [isSet(instruction.index)]),
        { need: 'packet-load' },
        { need: 'nothing-held' },
      ];
    case 'branch':
      return [isSet(instruction.dst), ...areSet(instruction.operand), { need: 'comparison', instruction }];
    case 'call':
      return ofCall(instruction.helper, type);
    case 'callLocal':
      return [{ need: 'call', distance: instruction.distance }];
    case 'exit':
      return [{ need: 'result' }];
    case 'callRegister':
      return [{ need: 'encoding', kind: 'unknown-opcode', message: 'a helper whose number is not known' }];
    case 'callKfunc': {
      const row = KFUNCS[instruction.id - 1]!;
      return [{ need: 'kfunc', number: row.number }, ...ofArguments(row, row.arguments!, false)];
    }
    case 'mayGoto':
    case 'jump':
      return [];
  }
}

function ofAtomic({
  op,
  fetch,
  size,
  base,
  offset,
  src,
}: Extract<Instruction, { kind: 'atomic' }>): Requirement[] {
  const result = op === 'cmpxchg' ? 0 : src;
  return [
    isSet(src),
    isSet(base),
    ...(op === 'cmpxchg' ? [isSet(0), isNoAddress(0, 'compared')] : []),
    isNoAddress(src, 'stored'),
    ...(fetch ? [isWritable(result), { need: 'apart', register: result, base } as const] : []),
    { need: 'access', access: { base, offset, size, use: 'change', ordered: true } },
  ];
}

/** Whether a requirement holds of the instruction as it is written, for such a user, wherever a path comes from. */
export function alwaysHolds(requirement: Requirement, privileged: boolean): boolean {
  switch (requirement.need) {
    case 'writable':
      return requirement.register !== FRAME_POINTER;
    case 'shift':
      return requirement.count >= 0 && requirement.count < requirement.width;
    case 'divisor':
      return requirement.constant !== 0;
    case 'apart':
      return requirement.register !== requirement.base;
    case 'no-address':
    case 'comparison':
      return privileged;
    default:
      return false;
  }
}
