/** Test support: makes a program smaller while something stays true of it. */

import type { Program, Slot } from '../../ebpf/instruction.js';
import { PSEUDO } from '../../ebpf/opcodes.js';

const CALL = 0x85;
const isWide = ({ opcode }: Slot): boolean => opcode === 0x18;
const isJump = ({ opcode }: Slot): boolean => {
  const kind = opcode & 7;
  return (kind === 5 || kind === 6) && opcode !== CALL && (opcode & 0xf0) !== 0x90;
};
/** Where the distance of a jump or a local call is, if the slot is one. */
function distanceField(slot: Slot): 'offset' | 'imm' | undefined {
  if (isWide(slot)) return slot.src === PSEUDO.func ? 'imm' : undefined;
  if (slot.opcode === CALL) return slot.src === 1 ? 'imm' : undefined;
  if (!isJump(slot)) return undefined;
  return slot.opcode === 0x06 ? 'imm' : 'offset';
}

/** The program without the instruction at `at`; jumps go where they went. */
function without(program: Program, at: number): Program {
  const count = isWide(program[at]!) ? 2 : 1;
  return program.flatMap((slot, index): Slot[] => {
    if (index >= at && index < at + count) return [];
    const field = distanceField(slot);
    if (field === undefined) return [slot];
    const target = index + 1 + slot[field];
    const moved = (place: number): number => (place > at ? Math.max(at, place - count) : place);
    return [{ ...slot, [field]: moved(target) - moved(index) - 1 }];
  });
}

const SIMPLER = [0, 1, 8, -8];

/** How long to look for a smaller one: verdicts of loops that do not end take a while. */
const PATIENCE_MS = 20_000;

/** The least program found for which `holds` is true. */
export function shrink(program: Program, isSo: (program: Program) => boolean): Program {
  const end = performance.now() + PATIENCE_MS;
  const holds = (candidate: Program): boolean => performance.now() < end && isSo(candidate);
  let least = program;
  for (let changed = true; changed; ) {
    changed = false;
    for (let at = least.length - 1; at >= 0; at--) {
      const candidate = without(least, at);
      if (candidate.length === 0 || !holds(candidate)) continue;
      least = candidate;
      changed = true;
    }
  }
  // Then constants.
  for (let at = 0; at < least.length; at++) {
    const slot = least[at]!;
    if (distanceField(slot) !== undefined || slot.opcode === CALL) continue;
    for (const imm of SIMPLER) {
      if (Math.abs(imm) >= Math.abs(slot.imm)) continue;
      const candidate = least.with(at, { ...slot, imm });
      if (!holds(candidate)) continue;
      least = candidate;
      break;
    }
  }
  return least;
}
