/**
 * The walk over all paths through a program, depth first.
 *
 * Follows Linux `kernel/bpf/verifier.c` (`do_check`, `is_state_visited`). A path that comes to a place
 * where an explored state knew no more than this one is not followed further; one that comes back to a
 * state of its own past never ends.
 */

import type { Instruction, Program } from '../../ebpf/instruction.js';
import { equals } from '../numbers/scalar.js';
import { Counts } from '../rules/complexity.js';
import { checkForm, checkStackDepth } from '../rules/form.js';
import { Path, type VerifyOptions } from '../rules/path.js';
import type { Proofs } from '../rules/proofs.js';
import { Rejected } from '../rules/report.js';
import { step } from '../rules/step.js';
import { difference, sameCalls } from '../state/cover.js';
import {
  addNeeds,
  allNeeds,
  type Effects,
  History,
  mattersRegister,
  mattersSlot,
  type Needs,
  type Place,
  Stretch,
} from '../state/history.js';
import { keptOverCall, liveRegisters } from '../state/liveness.js';
import { copyState, newFrame, type State } from '../state/state.js';
import { ANY_NUMBER, pointer, type Value } from '../state/value.js';

/** Instructions looked at on all paths together (Linux `BPF_COMPLEXITY_LIMIT_INSNS`). */
export const BUDGET = 1_000_000;
/** Branches that may wait to be followed (Linux `BPF_COMPLEXITY_LIMIT_JMP_SEQ`). */
const MAX_PENDING = 8192;
/** States kept at one place; among more, those go that stood for another too seldom. */
const MAX_STATES = 64;
/** Comparisons in vain that one hit is worth. */
const HITS_WORTH = 3;
/** Comparisons in vain with a state that the path has come through: only a loop comes back to it. */
const OPEN_MISSES = 64;

/** What happens on the walk, for those who write it down. States are valid during the call only. */
export type WalkEvent =
  /** An instruction is about to be looked at. */
  | {
      readonly kind: 'instruction';
      readonly index: number;
      readonly instruction: Instruction;
      readonly state: State;
    }
  /** It is safe, and the path goes on with `state`; what it touched besides registers is in `effects`. */
  | { readonly kind: 'done'; readonly next: number; readonly state: State; readonly effects: Effects }
  /** A path is left for later; those are taken up last first. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'resume'; readonly from: number; readonly index: number; readonly state: State }
  /** The path ends, because its state is known. */
  | { readonly kind: 'known'; readonly index: number };

export type Observer = (event: WalkEvent) => void;

export interface ExploreOptions {
  readonly observe?: Observer | undefined;
  /** Follow each path to its end, whatever is known. For tests: slow, and loops take the whole budget. */
  readonly exhaustive?: boolean;
}

interface Pending {
  readonly state: State;
  readonly index: number;
  readonly parent: Stretch;
  /** The instruction it was left at. */
  readonly from: number;
}

/** The walk over all paths, depth first. */
export class Exploration {
  processed = 0;
  readonly counts = new Counts();
  private readonly path: Path;
  private readonly budget: number;
  private live: Int32Array = new Int32Array(0);
  private readonly explored: Stretch[][] = [];
  private readonly history = new History();
  private readonly pending: Pending[] = [];
  /** Paths that the present instruction leaves for later. */
  private readonly forks: { readonly state: State; readonly index: number }[] = [];
  /** The stretch that the present path is on. */
  private stretch!: Stretch;
  private readonly observe: Observer | undefined;
  private readonly isExhaustive: boolean;

  constructor(program: Program, options: VerifyOptions, how: ExploreOptions = {}) {
    this.observe = how.observe;
    this.isExhaustive = how.exhaustive ?? false;
    this.path = new Path(
      program,
      options,
      (state, index) => this.fork(state, index),
      (index) => this.forkLoop(index),
    );
    this.budget = options.budget ?? BUDGET;
  }

  run(): void {
    const { path, pending } = this;
    checkForm(path);
    this.live = liveRegisters(path.instructions);
    const frame = newFrame(0, -1, 0);
    frame.registers[1] = pointer('context');
    path.state = { frames: [frame], loops: 0 };
    this.stretch = new Stretch(undefined, undefined, 0);
    for (;;) {
      this.end(this.walk());
      const next = pending.pop();
      if (next === undefined) break;
      path.state = next.state;
      path.index = next.index;
      this.stretch = new Stretch(next.parent, undefined, this.history.length);
      this.observe?.({ kind: 'resume', from: next.from, index: next.index, state: next.state });
    }
    checkStackDepth(path);
  }

  /** The path that ends at an instruction refused just now; empty before paths are followed. */
  trail(index: number): readonly number[] {
    const isFollowed = this.processed > 0 && index === this.path.index;
    return isFollowed ? [...this.history.trail(), index] : [];
  }

  proofs(): Proofs {
    return this.path.notes.proofs(this.path.program, this.path.instructions, this.processed);
  }

  /** Follows one path until it ends, or until what it would find is known; gives what matters there. */
  private walk(): Needs {
    const path: Path = this.path;
    const { observe } = this;
    const { effects } = path;
    for (;;) {
      if (path.isJoin[path.index] === true && !this.isExhaustive) {
        const known = this.findExplored();
        if (known !== undefined) {
          observe?.({ kind: 'known', index: path.index });
          return known.open > 0 ? allNeeds(path.state.frames.length) : known.needs;
        }
      }
      if (++this.processed > this.budget) {
        throw new Rejected(
          'too-complex',
          path.index,
          `more than ${this.budget} instructions on all paths together`,
        );
      }
      const { index } = path;
      const instruction = path.instructions[index];
      if (instruction === undefined) path.reject('bad-jump', 'the middle of a 64-bit immediate');
      path.notes.arrive(index);
      this.counts.visit(index);
      observe?.({ kind: 'instruction', index, instruction, state: path.state });
      effects.decided = 0;
      effects.slot = -1;
      effects.reads = effects.copies = effects.decidedSlots = undefined;
      const next = step(path, instruction);
      if (next === undefined) return [effects.decided, 0, 0, 0, 0];
      this.history.note(index, effects);
      observe?.({ kind: 'done', next, state: path.state, effects });
      if (instruction.kind === 'branch') path.notes.branch(index, instruction, next);
      if (this.forks.length > 0) this.leaveForks();
      path.index = next;
    }
  }

  /** The path has ended, and so have stretches that it was the last one from. */
  private end(needs: Needs): void {
    let ended: Stretch | undefined = this.stretch;
    ended.depth = this.path.state.frames.length - 1;
    ended.end = this.history.length;
    addNeeds(ended.needs, needs);
    while (ended !== undefined && --ended.open === 0) {
      const { parent }: Stretch = ended;
      this.history.close(ended, this.path.instructions);
      if (parent !== undefined) addNeeds(parent.needs, ended.needs);
      ended = parent;
    }
  }

  /** The path goes on in a stretch of its own, from `state` where that is kept for comparison. */
  private begin(state: State | undefined): void {
    // What is open of the stretch so far is now what goes on from it.
    this.stretch.depth = this.path.state.frames.length - 1;
    this.stretch.end = this.history.length;
    this.stretch = new Stretch(this.stretch, state, this.stretch.end);
  }

  /** Looks for a state known at this place; remembers the present one. */
  private findExplored(): Stretch | undefined {
    const path: Path = this.path;
    const known = (this.explored[path.index] ??= []);
    const live = this.liveNow();
    let hint: Place | undefined;
    for (let i = known.length - 1; i >= 0; i--) {
      const entry = known[i]!;
      const state = entry.state!;
      if (!sameCalls(state, path.state)) continue;
      const isOpen = entry.open > 0;
      // A loop that the runtime ends may come back with nothing changed, or with less.
      const isLoop = isOpen && state.loops !== path.state.loops;
      if (isLoop && path.instructions[path.index]?.kind !== 'mayGoto') continue;
      const needs = isLoop ? allNeeds(state.frames.length) : isOpen ? undefined : entry.needs;
      const differs = difference(state, path.state, live, needs, hint);
      if (differs === undefined) {
        if (!isOpen || isLoop) {
          entry.hits++;
          return entry;
        }
        // Depth first, what has not ended lies on the way to here.
        path.reject(
          'infinite-loop',
          'this loop comes back with nothing changed',
          'change a register that the exit condition reads',
        );
      }
      hint = differs;
      this.counts.keptApart(path.index, differs);
      entry.misses++;
      const isWorthIt = isOpen
        ? entry.misses <= OPEN_MISSES
        : known.length <= MAX_STATES || entry.misses <= HITS_WORTH * (entry.hits + 1);
      if (isWorthIt) continue;
      known.splice(i, 1);
      entry.state = undefined;
    }
    this.begin(copyState(path.state));
    known.push(this.stretch);
    return undefined;
  }

  /** By frame: registers that are looked at from here on. */
  private liveNow(): number[] {
    const { frames } = this.path.state;
    return frames.map((_, depth) => {
      const inner = frames[depth + 1];
      return inner === undefined
        ? this.live[this.path.index]!
        : keptOverCall(this.live[inner.returnTo] ?? -1);
    });
  }

  private leaveForks(): void {
    const parent = this.stretch;
    for (const { state, index } of this.forks.splice(0)) {
      parent.open++;
      this.pending.push({ state, index, parent, from: this.path.index });
      this.observe?.({ kind: 'leave' });
    }
    this.begin(undefined);
  }

  /** A loop goes on at a `may_goto`: what was not known to matter before is forgotten where it changes. */
  private forkLoop(index: number): void {
    const { path } = this;
    const state = copyState(path.state);
    state.loops++;
    const before = this.explored[path.index]?.findLast(
      (entry) => entry.open > 0 && entry !== this.stretch && sameCalls(entry.state!, state),
    );
    if (before !== undefined) {
      const depth = state.frames.length - 1;
      const needs = this.history.needsSoFar(before, this.stretch, depth, path.instructions);
      widen(state, before.state!, needs);
    }
    this.fork(state, index);
  }

  private fork(state: State, index: number): void {
    if (this.pending.length >= MAX_PENDING)
      this.path.reject('too-complex', `more than ${MAX_PENDING} branches wait to be followed`);
    const branch = this.path.instructions[this.path.index];
    if (branch?.kind === 'branch') this.path.notes.branch(this.path.index, branch, index);
    this.forks.push({ state, index });
  }
}

/** Numbers that differ from those an earlier round had, and that did not matter, may be anything (`widen_imprecise_scalars`). */
function widen(state: State, before: State, needs: Needs): void {
  const wider = (now: Value, old: Value | undefined, matters: boolean): Value =>
    now.kind === 'scalar' && old?.kind === 'scalar' && !matters && !equals(old.scalar, now.scalar)
      ? ANY_NUMBER
      : now;
  for (const [depth, { registers, slots }] of state.frames.entries()) {
    const old = before.frames[depth]!;
    for (const [register, value] of registers.entries())
      registers[register] = wider(value, old.registers[register], mattersRegister(needs, depth, register));
    for (const [slot, content] of slots.entries()) {
      if (content === undefined || content.spilled.kind !== 'scalar') continue;
      const spilled = wider(content.spilled, old.slots[slot]?.spilled, mattersSlot(needs, depth, slot));
      if (spilled !== content.spilled) slots[slot] = { ...content, spilled };
    }
  }
}
