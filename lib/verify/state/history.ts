/**
 * What happened on the paths that are being followed, kept until it is known what mattered.
 *
 * An explored state stands for another one if nothing that decided anything differs. What decided is
 * found out backwards, when all paths from a state have ended: a register whose number decided a branch, an
 * address or a size mattered there, and so did, before, what that number was made from. Linux calls such
 * numbers precise (`kernel/bpf/verifier.c`: `mark_chain_precision`, `backtrack_insn`) and goes back each
 * time that one is found; here each instruction of a path is gone back over once.
 *
 * Stack slots are treated likewise, and it is noted besides which are read at all.
 */

import type { Instruction } from '../../ebpf/index.js';
import type { State } from './state.js';

/**
 * For each frame: registers whose numbers matter, slots whose numbers matter (two words of 32), slots
 * that are read (two words).
 */
export type Needs = number[];
/** Words of a frame. */
export const WORDS = 5;
const SLOTS = 1;
const READ = 3;

/** A register or a stack slot, as one number. */
export type Place = number;
const FRAME_BITS = 7;
const FIRST_SLOT = 16;
export const registerPlace = (frame: number, register: number): Place => (frame << FRAME_BITS) | register;
export const slotPlace = (frame: number, slot: number): Place => (frame << FRAME_BITS) | (FIRST_SLOT + slot);

/** The frame of a place, and the register if it is one. */
export function registerAt(place: Place): { readonly frame: number; readonly register: number | undefined } {
  const rest = place & ((1 << FRAME_BITS) - 1);
  return { frame: place >> FRAME_BITS, register: rest < FIRST_SLOT ? rest : undefined };
}

/** As the kernel writes it: `r4`, `fp-16`; with the frame's number where it is not the outermost. */
export function placeName(place: Place): string {
  const [frame, rest] = [place >> FRAME_BITS, place & ((1 << FRAME_BITS) - 1)];
  const name = rest < FIRST_SLOT ? `r${rest}` : `fp-${(rest - FIRST_SLOT + 1) * 8}`;
  return frame === 0 ? name : `${name} of frame ${frame}`;
}

/** What one instruction did on a path, as far as going back needs it. */
export interface Marks {
  /** Registers whose numbers decided something, as bits. */
  decided: number;
  /** The slot that was read or written, at a place that is certain; -1 for none. */
  slot: Place;
  /** Other slots that were read. */
  reads: readonly Place[] | undefined;
  /** Slots whose numbers decided something. */
  decidedSlots: readonly Place[] | undefined;
  /** Copies of one number, of which one was compared: what was learnt of one was learnt of all. */
  copies: readonly Place[] | undefined;
  /** An exit that goes back to the helper that has called the function; a call of a function that is not followed. */
  special: 'callback' | 'global' | undefined;
}

/**
 * A stretch of path without forks, which begins at an explored state or behind a fork. What it did lies in
 * the {@link History}, from `start` to `end`.
 */
export class Stretch {
  /** Until it has ended. */
  parent: Stretch | undefined;
  /** The explored state at its start, as long as others are compared with it. */
  state: State | undefined;
  readonly start: number;
  end = 0;
  /** Depth of calls at its end. */
  depth = 0;
  /** Stretches that go on from here and have not ended; 1 for itself. */
  open = 1;
  /** The visit of a loop that the state was kept in. */
  visit: { entry: object | undefined; comebacks: number } | undefined;
  /** It goes on from LD_ABS or LD_IND that ended a function: the caller's registers that hold numbers. */
  numbers: number | undefined;
  /** How often the state was compared in vain, and stood for another. */
  misses = 0;
  hits = 0;
  /** Once it has ended: what matters at its start. Before: what matters at its end, as far as that is known. */
  readonly needs: Needs = [];
  /** The same without what rounds of a loop that the runtime ends might ask for; where there are such loops. */
  readonly soft: Needs = [];

  constructor(parent: Stretch | undefined, state: State | undefined, start: number) {
    this.parent = parent;
    this.state = state;
    this.start = start;
  }
}

/**
 * What was done on the way to where the walk is. Paths are walked depth first, so that this is a stack:
 * what lies above a fork goes when all paths on that side have ended.
 */
export class History {
  private readonly indexes: number[] = [];
  private readonly decided: number[] = [];
  private readonly slots: Place[] = [];
  private readonly rare = new Map<number, Marks>();
  /** Steps that {@link needsSoFar} has gone back, all together: on paths that grow with each round it goes far each time. */
  wentBack = 0;

  get length(): number {
    return this.indexes.length;
  }

  /** Slots of the instructions on the way here. */
  trail(): number[] {
    return this.indexes.slice();
  }

  note(index: number, { decided, slot, reads, decidedSlots, copies, special }: Marks): void {
    if (reads !== undefined || copies !== undefined || decidedSlots !== undefined || special !== undefined)
      this.rare.set(this.indexes.length, { decided, slot, reads, decidedSlots, copies, special });
    this.indexes.push(index);
    this.decided.push(decided);
    this.slots.push(slot);
  }

  /**
   * What is known to matter at the start of `first`, from which the present path has come: what was decided on the
   * way, and on paths from there that have ended. `last` is the stretch that the path is on, in calls of `depth`, and
   * `needs` what the present instruction asks for.
   */
  needsSoFar(
    first: Stretch,
    last: Stretch,
    depth: number,
    instructions: readonly (Instruction | undefined)[],
    needs: Needs = [],
  ): Needs {
    let end = this.indexes.length;
    for (let stretch: Stretch | undefined = last; stretch !== undefined; stretch = stretch.parent) {
      addNeeds(needs, stretch.soft);
      for (let i = end - 1; i >= stretch.start; i--) {
        const instruction = instructions[this.indexes[i]!]!;
        depth = goBack(needs, instruction, depth, this.decided[i]!, this.slots[i]!, this.rare.get(i));
      }
      this.wentBack += 1 + end - stretch.start;
      end = stretch.start;
      if (stretch === first) break;
    }
    return needs;
  }

  /**
   * What matters behind LD_ABS or LD_IND that ended a function, going back from there as Linux does: in the caller's frame.
   * True where it comes to the call with something in hand, of which it can make nothing (`backtrack_insn`).
   */
  isLostAtCall(needs: Needs, frames: number, instructions: readonly (Instruction | undefined)[]): boolean {
    let [depth, inner] = [frames - 1, 0];
    const matters = (): boolean => needs.some((word, at) => word !== 0 && at % WORDS < READ);
    for (let i = this.indexes.length - 1; i >= 0 && matters(); i--) {
      const instruction = instructions[this.indexes[i]!]!;
      const marks = this.rare.get(i);
      if (instruction.kind === 'exit') inner++;
      else if (instruction.kind === 'callLocal' && marks?.special !== 'global' && inner-- === 0) return true;
      depth = goBack(needs, instruction, depth, 0, this.slots[i]!, marks);
    }
    return false;
  }

  /** All paths from a stretch have ended: turns what matters at its end into what matters at its start. */
  close(stretch: Stretch, instructions: readonly (Instruction | undefined)[], hasSoft: boolean): void {
    const { needs, soft, start, end } = stretch;
    let { depth } = stretch;
    for (let i = end - 1; i >= start; i--) {
      const marks = this.rare.get(i);
      if (marks !== undefined) this.rare.delete(i);
      if (hasSoft)
        goBack(soft, instructions[this.indexes[i]!]!, depth, this.decided[i]!, this.slots[i]!, marks);
      depth = goBack(needs, instructions[this.indexes[i]!]!, depth, this.decided[i]!, this.slots[i]!, marks);
    }
    this.indexes.length = this.decided.length = this.slots.length = start;
    stretch.parent = undefined;
  }
}

/** Everything matters, in so many frames. */
export const allNeeds = (frames: number): Needs => Array.from({ length: frames * WORDS }, () => -1);

export function addNeeds(to: Needs, from: Needs): void {
  while (to.length < from.length) to.push(0);
  for (let i = 0; i < from.length; i++) to[i] = to[i]! | from[i]!;
}

const word = (place: Place): number =>
  (place >> FRAME_BITS) * WORDS + (((place & ((1 << FRAME_BITS) - 1)) - FIRST_SLOT) >> 5);
const slotBit = (place: Place): number => 1 << ((place - FIRST_SLOT) & 31);

/** Whether the number in a register, or a slot, matters. */
export const mattersRegister = (needs: Needs, frame: number, register: number): boolean =>
  ((needs[frame * WORDS] ?? 0) & (1 << register)) !== 0;
export const mattersSlot = (needs: Needs, frame: number, slot: number): boolean =>
  ((needs[frame * WORDS + SLOTS + (slot >> 5)] ?? 0) & (1 << (slot & 31))) !== 0;
export const isSlotRead = (needs: Needs, frame: number, slot: number): boolean =>
  ((needs[frame * WORDS + READ + (slot >> 5)] ?? 0) & (1 << (slot & 31))) !== 0;

const ARGUMENTS = 0b111110;
const CLOBBERED = 0b111111;
/** What helpers that call functions hand on to them: their r3. */
const CALLBACK_CONTEXT = 0b1000;

/** Goes back over one instruction; gives the depth of calls before it. */
function goBack(
  needs: Needs,
  instruction: Instruction,
  depth: number,
  decided: number,
  slot: Place,
  marks: Marks | undefined,
): number {
  while (needs.length < (depth + 1) * WORDS) needs.push(0);
  const base = depth * WORDS;
  const registers = needs[base]!;
  switch (instruction.kind) {
    case 'alu':
    case 'movsx':
    case 'swap':
    case 'wide':
    case 'loadAcquire':
    case 'load': {
      const bit = 1 << instruction.dst;
      if ((instruction.kind === 'load' || instruction.kind === 'loadAcquire') && slot >= 0) {
        set(needs, READ, slot);
        if ((registers & bit) !== 0) set(needs, SLOTS, slot);
      }
      if ((registers & bit) !== 0) needs[base] = (registers & ~killed(instruction)) | sourceOf(instruction);
      break;
    }
    case 'storeRelease':
    case 'store':
      if (slot < 0) break;
      if (has(needs, SLOTS, slot)) {
        clear(needs, SLOTS, slot);
        if (instruction.kind === 'storeRelease') needs[base] = registers | (1 << instruction.src);
        else if ('register' in instruction.operand)
          needs[base] = registers | (1 << instruction.operand.register);
      }
      if (instruction.size === 8) clear(needs, READ, slot);
      break;
    case 'atomic': {
      const fetched = instruction.fetch ? 1 << (instruction.op === 'cmpxchg' ? 0 : instruction.src) : 0;
      // Linux looks on for what the register held before it took the old value (`backtrack_insn`).
      if (slot < 0) break;
      clear(needs, SLOTS, slot);
      set(needs, READ, slot);
      if ((registers & fetched) !== 0) set(needs, SLOTS, slot);
      break;
    }
    case 'branch':
      goBackOverBranch(needs, base, instruction, marks?.copies);
      break;
    case 'packet':
      needs[base] = registers & ~CLOBBERED;
      break;
    case 'callKfunc':
    case 'call': {
      const called = needs[base + WORDS] ?? 0;
      needs[base] = (registers & ~CLOBBERED) | ((called & ARGUMENTS) === 0 ? 0 : CALLBACK_CONTEXT);
      needs.length = base + WORDS;
      break;
    }
    case 'callLocal':
      if (marks?.special === 'global') {
        needs[base] = registers & ~CLOBBERED;
        break;
      }
      // From the function's first instruction to the call: its arguments are the caller's.
      needs.length = base;
      depth--;
      needs[base - WORDS] = (needs[base - WORDS]! & ~CLOBBERED) | (registers & ARGUMENTS);
      break;
    case 'exit':
      // From behind the call to the end of the function: its r0 is the caller's, or the helper's that called.
      if (marks?.special !== 'callback') needs[base] = registers & ~CLOBBERED;
      depth++;
      needs.length = base + WORDS;
      needs.push(marks?.special === 'callback' ? 0 : registers & 1, 0, 0, 0, 0);
      break;
  }
  needs[depth * WORDS] = needs[depth * WORDS]! | decided;
  if (marks === undefined) return depth;
  for (const place of marks.reads ?? []) set(needs, READ, place);
  for (const place of marks.decidedSlots ?? []) {
    set(needs, SLOTS, place);
    set(needs, READ, place);
  }
  return depth;
}

/** The register that the instruction gives a new value which owes nothing to the old one. */
function killed(
  instruction: Extract<Instruction, { kind: 'alu' | 'movsx' | 'swap' | 'wide' | 'load' | 'loadAcquire' }>,
): number {
  if (instruction.kind === 'swap' || (instruction.kind === 'alu' && instruction.op !== 'mov')) return 0;
  return 1 << instruction.dst;
}

/** The register whose number goes into the result. */
function sourceOf(instruction: Instruction): number {
  if (instruction.kind === 'movsx') return 1 << instruction.src;
  if (instruction.kind === 'alu' && 'register' in instruction.operand)
    return 1 << instruction.operand.register;
  return 0;
}

/** A comparison taught something of both its operands from both, and the same of all their copies. */
function goBackOverBranch(
  needs: Needs,
  base: number,
  { dst, operand }: Extract<Instruction, { kind: 'branch' }>,
  copies: readonly Place[] | undefined,
): void {
  const both = (1 << dst) | ('register' in operand ? 1 << operand.register : 0);
  const isWanted = (place: Place): boolean =>
    isRegister(place)
      ? mattersRegister(needs, place >> FRAME_BITS, place & (FIRST_SLOT - 1))
      : has(needs, SLOTS, place);
  if ((needs[base]! & both) !== 0 || copies?.some(isWanted) === true) needs[base] = needs[base]! | both;
}

const isRegister = (place: Place): boolean => (place & ((1 << FRAME_BITS) - 1)) < FIRST_SLOT;
const has = (needs: Needs, part: number, place: Place): boolean =>
  ((needs[word(place) + part] ?? 0) & slotBit(place)) !== 0;
function set(needs: Needs, part: number, place: Place): void {
  needs[word(place) + part] = needs[word(place) + part]! | slotBit(place);
}
function clear(needs: Needs, part: number, place: Place): void {
  needs[word(place) + part] = needs[word(place) + part]! & ~slotBit(place);
}

/** The slot of a frame that an instruction read or wrote. */
export const slotOfFrame = ({ slot }: Marks, frame: number): number | undefined =>
  slot >= 0 && slot >> FRAME_BITS === frame ? (slot & ((1 << FRAME_BITS) - 1)) - FIRST_SLOT : undefined;
