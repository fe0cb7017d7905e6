/**
 * Instructions with fields that mean nothing. That they are wrong counts only where they are reached: Linux looks at most
 * fields on its walk (`check_alu_op`, `do_check_insn`).
 */

import {
  CALL,
  CALL_SOURCE,
  classOf,
  DecodeError,
  decode,
  EXIT,
  JA,
  JMP,
  JMP32,
  LD,
  LDX,
  operationOf,
  type ProblemKind,
  type Program,
  type Slot,
  X,
} from '../../ebpf/index.js';
import type { RejectionKind } from './kinds.js';
import type { Subject } from './subject.js';

/** What problems of form are called. */
export const KINDS: Readonly<Record<ProblemKind, RejectionKind>> = {
  empty: 'empty',
  'too-long': 'too-long',
  'unknown-opcode': 'unknown-opcode',
  'reserved-field': 'reserved-field',
  'bad-register': 'bad-register',
  'incomplete-wide': 'bad-immediate',
  'jump-out-of-range': 'bad-jump',
  'jump-into-wide': 'bad-jump',
  'endless-jump': 'infinite-loop',
  'falls-off-end': 'falls-off-end',
  'unknown-helper': 'unknown-helper',
  'write-to-frame-pointer': 'frame-pointer-write',
  'packet-load': 'packet-load',
};

/**
 * The program with fields that mean nothing set to what they would be. That they are wrong counts only where the
 * instruction is reached: Linux looks at most of them on its walk. Then they are what it requires.
 */
export function withoutFaults({ program, isLinux, faults }: Subject): Program {
  // No engine but the kernel runs such programs.
  if (!isLinux) return program;
  let cleaned: Slot[] | undefined;
  for (let index = 0; index < program.length; index++) {
    const slot = program[index]!;
    if (slot.opcode === WIDE) {
      index++;
      continue;
    }
    try {
      decode(program, index);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const clean = cleanSlot(slot);
      if (clean === undefined) return program;
      cleaned ??= program.slice();
      cleaned[index] = clean;
      // Linux does not look at the offset of an exit.
      if (isExit(slot) && slot.imm === 0 && slot.src === 0 && slot.dst === 0) continue;
      faults.set(index, {
        need: 'encoding',
        kind: KINDS[error.kind],
        message: error.message.replace(/^instruction \d+: /, ''),
      });
    }
  }
  return cleaned ?? program;
}

const WIDE = 0x18;
const NO_OPERATION: Slot = { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 };

const isExit = ({ opcode }: Slot): boolean => opcode === (JMP | EXIT);

/** An instruction that goes on as this one does, where its fault is one that is looked for on the walk. */
function cleanSlot(slot: Slot): Slot | undefined {
  const kind = classOf(slot.opcode);
  if (!isKnownOpcode(slot.opcode) || kind === LDX || kind === LD) return undefined;
  if (kind !== JMP && kind !== JMP32) return NO_OPERATION;
  const operation = operationOf(slot.opcode);
  if (operation === EXIT) return { ...NO_OPERATION, opcode: slot.opcode };
  if (operation === CALL && (slot.opcode & X) !== 0) return undefined;
  if (operation === CALL && slot.src !== CALL_SOURCE.local) return NO_OPERATION;
  if (operation === CALL) return { ...NO_OPERATION, opcode: slot.opcode, src: slot.src, imm: slot.imm };
  const isLong = kind === JMP32 && operation === JA;
  return {
    ...NO_OPERATION,
    opcode: slot.opcode,
    offset: isLong ? 0 : slot.offset,
    imm: isLong ? slot.imm : 0,
  };
}

/** Whether some instruction has this opcode, whatever its other fields. */
function isKnownOpcode(opcode: number): boolean {
  return FIELDS.some((fields) => {
    try {
      decode([{ opcode, dst: 0, src: 0, offset: 0, imm: 0, ...fields }], 0);
      return true;
    } catch {
      return false;
    }
  });
}
const FIELDS: readonly Partial<Slot>[] = [{}, { imm: 16 }];
