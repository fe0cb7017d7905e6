/**
 * The walk over all paths through a program, depth first.
 *
 * Follows Linux `kernel/bpf/verifier.c` (`do_check`, `is_state_visited`). A path that comes to a place
 * where an explored state knew no more than this one is not followed further; one that comes back to a
 * state of its own past never ends.
 */

import { callsBack, type Instruction } from '../../ebpf/index.js';
import { stateOfGlobal } from '../effects/globals.js';
import { Path } from '../effects/path.js';
import { Counts } from '../rules/complexity.js';
import { ENDS_EARLY } from '../rules/packetLoads.js';
import { reject } from '../rules/point.js';
import type { Proofs } from '../rules/proofs.js';
import { Rejected } from '../rules/report.js';
import type { Subject } from '../rules/subject.js';
import { checkAddresses, checkStackDepth } from '../rules/whole.js';
import { difference, NOWHERE, sameBytes, sameCalls, sameRegisters } from '../state/cover.js';
import {
  addNeeds,
  allNeeds,
  History,
  type Marks,
  type Needs,
  type Place,
  Stretch,
  WORDS,
} from '../state/history.js';
import { keptOverCall, liveRegisters } from '../state/liveness.js';
import { copyState, initialState, type State } from '../state/state.js';
import { widen } from '../state/widen.js';
import { Loops } from './loops.js';
import { step } from './step.js';

/** Instructions looked at on all paths together (Linux `BPF_COMPLEXITY_LIMIT_INSNS`). */
export const BUDGET = 1_000_000;
/** Branches that may wait to be followed (Linux `BPF_COMPLEXITY_LIMIT_JMP_SEQ`). */
const MAX_PENDING = 8192;
/**
 * How often as many instructions are gone back over to see what matters. Of 18,000 random programs none went back 10,000;
 * on a path that grows with each round of a loop it is a square, and the kernel's time is one, too.
 */
const MOST_BACK = 32;
/** States kept at one place for the unprivileged (Linux `BPF_COMPLEXITY_LIMIT_STATES`). */
const MAX_STATES = 64;
/** Comparisons in vain that one hit is worth; where a state has to be kept for a loop to end, more. */
const HITS_WORTH = 3;
const FORCED_WORTH = 64;
/**
 * When a state is kept: so many jumps and instructions after the last one. Within a loop, after more of either. And
 * always when so many things that going back has to know have happened (Linux `is_state_visited`).
 */
const LEAST_JUMPS = 2;
const LEAST_STEPS = 8;
const ROUND_JUMPS = 20;
const ROUND_STEPS = 100;
const MOST_POINTS = 40;
/** Registers that functions keep, from here on. */
const FIRST_SAVED = 6;

/** What happens on the walk, for those who write it down. States are valid during the call only. */
export type WalkEvent =
  /** An instruction is about to be looked at. */
  | {
      readonly kind: 'instruction';
      readonly index: number;
      readonly instruction: Instruction;
      readonly state: State;
    }
  /** It is safe, and the path goes on with `state`; what it touched besides registers is in `marks`. */
  | { readonly kind: 'done'; readonly next: number; readonly state: State; readonly marks: Marks }
  /** A path is left for later; those are taken up last first. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'resume'; readonly from: number; readonly index: number; readonly state: State }
  /** The path ends, because its state is known. */
  | { readonly kind: 'known'; readonly index: number };

/** Instructions of the classes of jumps. */
const JUMPS: ReadonlySet<Instruction['kind']> = new Set([
  'jump',
  'branch',
  'mayGoto',
  'call',
  'callKfunc',
  'callLocal',
  'exit',
]);

export type Observer = (event: WalkEvent) => void;

export interface ExploreOptions {
  readonly observe?: Observer | undefined;
  /** Follow each path to its end, whatever is known. For tests: slow, and loops take the whole budget. */
  readonly exhaustive?: boolean;
}

/** How the program came to set up a function for a timer, which is followed apart from there: what lies before `start` of the history is another path's. */
interface Origin {
  readonly trail: readonly number[];
  readonly start: number;
}

interface Pending {
  readonly state: State;
  readonly index: number;
  readonly parent: Stretch | undefined;
  /** The instruction it was left at. */
  readonly from: number;
  readonly origin: Origin | undefined;
  readonly points: number;
}

/** What mattered on a path; `soft`: without what further rounds of a loop might ask for. */
interface Mattered {
  readonly needs: Needs;
  readonly soft: Needs;
}

/** The walk over all paths, depth first. */
export class Exploration {
  processed = 0;
  /** Jumps, calls and exits so far. */
  private jumps = 0;
  /** How many there were when a state was kept last. */
  private atState = { jumps: 0, processed: 0 };
  /** Things that going back has to know, since the last state of the present path. */
  private points = 0;
  readonly counts = new Counts();
  private readonly path: Path;
  private readonly budget: number;
  /** Whether there are loops that the runtime ends. */
  private hasLoops = false;
  /** Where there are such loops, by the rules of Linux. */
  private loops: Loops | undefined;
  private live: Int32Array = new Int32Array(0);
  private readonly explored: Stretch[][] = [];
  private readonly history = new History();
  private readonly pending: Pending[] = [];
  /** Paths that the present instruction leaves for later. */
  private readonly forks: { readonly state: State; readonly index: number; readonly isApart: boolean }[] = [];
  private origin: Origin | undefined;
  /** The stretch that the present path is on. */
  private stretch!: Stretch;
  private readonly observe: Observer | undefined;
  private readonly isExhaustive: boolean;

  constructor(subject: Subject, how: ExploreOptions = {}) {
    this.observe = how.observe;
    this.isExhaustive = how.exhaustive ?? false;
    this.path = new Path(subject, {
      fork: (state, index, isApart) => this.fork(state, index, isApart),
      forkLoop: (index) => this.forkLoop(index),
      comeBack: () => this.comeBack(),
    });
    this.budget = subject.options.budget ?? BUDGET;
  }

  run(): void {
    const { path } = this;
    this.hasLoops = path.instructions.some(
      (instruction) => instruction?.kind === 'mayGoto' || callsBack(instruction),
    );
    if (this.hasLoops && path.isLinux) this.loops = new Loops(path.instructions);
    this.live = liveRegisters(path.instructions, path.rules.letter, path.isLinux);
    path.state = initialState();
    this.follow();
    // What is called is found on the way.
    for (const entry of path.globals) {
      path.verified = path.options.functions!.get(entry)!;
      path.state = stateOfGlobal(path, entry, path.verified);
      path.index = entry;
      this.follow();
    }
    checkStackDepth(path, path.depths, path.timed);
    checkAddresses(path, path.notes);
  }

  /** Follows all paths from the present state. */
  private follow(): void {
    const { path, pending } = this;
    this.points = 0;
    this.origin = undefined;
    this.stretch = new Stretch(undefined, undefined, 0);
    for (;;) {
      this.end(this.walk());
      const next = pending.pop();
      if (next === undefined) return;
      path.state = next.state;
      path.index = next.index;
      this.points = next.points;
      const { origin } = next;
      this.origin = next.parent === undefined && origin ? { ...origin, start: this.history.length } : origin;
      this.stretch = new Stretch(next.parent, undefined, this.history.length);
      if (path.isLinux && path.instructions[next.from]!.kind === 'packet')
        this.stretch.numbers = path.frame.registers.reduce(
          (all, { kind }, register) =>
            kind === 'scalar' && register >= FIRST_SAVED ? all | (1 << register) : all,
          0,
        );
      this.observe?.({ kind: 'resume', from: next.from, index: next.index, state: next.state });
    }
  }

  /** The path that ends at an instruction refused just now; empty before paths are followed. */
  trail(index: number): readonly number[] {
    const isFollowed = this.processed > 0 && index === this.path.index;
    return isFollowed ? [...this.way(), index] : [];
  }

  private way(): readonly number[] {
    const { origin, history } = this;
    return origin === undefined ? history.trail() : [...origin.trail, ...history.trail().slice(origin.start)];
  }

  proofs(): Proofs {
    const steps = this.hasLoops ? Number.POSITIVE_INFINITY : this.processed;
    return this.path.notes.proofs(this.path.program, this.path.instructions, steps);
  }

  /** Follows one path until it ends, or until what it would find is known; gives what matters there. */
  private walk(): Mattered {
    const path: Path = this.path;
    const { observe } = this;
    const { marks } = path;
    for (;;) {
      if (++this.processed > this.budget || this.history.wentBack > MOST_BACK * this.budget) {
        const what = this.processed > this.budget ? 'instructions' : 'instructions with the way back to them';
        throw new Rejected(
          'too-complex',
          path.index,
          `more than ${this.budget} ${what} on all paths together`,
        );
      }
      if (path.isJoin[path.index] === true && !this.isExhaustive) {
        const known = this.findExplored();
        if (known !== undefined) {
          observe?.({ kind: 'known', index: path.index });
          return known.open > 0 ? { needs: allNeeds(path.state.frames.length), soft: [] } : known;
        }
      }
      if (path.isTarget[path.index] === true) this.points++;
      const { index } = path;
      const instruction = path.instructions[index];
      if (instruction === undefined) reject(path, 'bad-jump', 'the middle of a 64-bit immediate');
      path.notes.arrive(index);
      this.counts.visit(index);
      observe?.({ kind: 'instruction', index, instruction, state: path.state });
      marks.decided = 0;
      marks.slot = -1;
      marks.reads = marks.copies = marks.decidedSlots = undefined;
      marks.special = undefined;
      if (JUMPS.has(instruction.kind)) this.jumps++;
      const next = step(path, instruction);
      if (next === undefined) {
        const needs = [marks.decided, 0, 0, 0, 0];
        return { needs, soft: needs };
      }
      this.history.note(index, marks);
      if (marks.slot >= 0 || marks.copies !== undefined) this.points++;
      observe?.({ kind: 'done', next, state: path.state, marks });
      if (instruction.kind === 'branch') path.notes.branch(index, instruction, next);
      if (this.forks.length > 0) this.leaveForks();
      path.index = next;
    }
  }

  /** The path has ended, and so have stretches that it was the last one from. */
  private end({ needs, soft }: Mattered): void {
    let ended: Stretch | undefined = this.stretch;
    ended.depth = this.path.state.frames.length - 1;
    ended.end = this.history.length;
    addNeeds(ended.needs, needs);
    if (this.hasLoops) addNeeds(ended.soft, soft);
    while (ended !== undefined && --ended.open === 0) {
      const { parent }: Stretch = ended;
      this.loops?.leave(ended.visit, ended);
      this.history.close(ended, this.path.instructions, this.hasLoops);
      if (ended.numbers !== undefined) this.checkEndedEarly(ended);
      if (parent !== undefined) {
        addNeeds(parent.needs, ended.needs);
        if (this.hasLoops) addNeeds(parent.soft, ended.soft);
      }
      ended = parent;
    }
  }

  /** Linux refuses what its way back over LD_ABS or LD_IND that ended a function cannot make sense of. */
  private checkEndedEarly({ needs, soft, numbers, start }: Stretch): void {
    const { history, hasLoops, path } = this;
    const of = (hasLoops ? soft : needs).slice();
    const frames = Math.max(1, of.length / WORDS);
    of[(frames - 1) * WORDS] = (of[(frames - 1) * WORDS] ?? 0) & numbers!;
    if (history.isLostAtCall(of, frames, path.instructions))
      throw new Rejected(
        'packet-load',
        history.trail()[start - 1]!,
        ENDS_EARLY,
        'load the bytes with skb_load_bytes',
      );
  }

  /** The path goes on in a stretch of its own, from `state` where that is kept for comparison. */
  private begin(state: State | undefined): void {
    // What is open of the stretch so far is now what goes on from it.
    this.stretch.depth = this.path.state.frames.length - 1;
    this.stretch.end = this.history.length;
    this.stretch = new Stretch(this.stretch, state, this.stretch.end);
  }

  /** Looks for a state known at this place; remembers the present one where that is worth while. */
  private findExplored(): Stretch | undefined {
    const path: Path = this.path;
    const known = (this.explored[path.index] ??= []);
    const live = this.liveNow();
    const here = path.instructions[path.index];
    const isCalling = callsBack(here);
    const isForced = here?.kind === 'mayGoto' || isCalling;
    const isDue = isForced || this.points > MOST_POINTS;
    const [jumps, steps] = [this.jumps - this.atState.jumps, this.processed - this.atState.processed];
    let adds = isDue || (jumps >= LEAST_JUMPS && steps >= LEAST_STEPS);
    let hint: Place | undefined;
    for (let i = known.length - 1; i >= 0; i--) {
      const entry = known[i]!;
      const isOpen = entry.open > 0;
      if (isOpen) {
        const isOther = this.isOfAnotherTimer(entry);
        if (!isOther && isForced && this.comesBackWithLess(entry, live, isCalling))
          return this.cameBack(entry);
        if (!isOther && !isCalling && this.isLooping(entry, live))
          // Depth first, what has not ended lies on the way to here.
          reject(
            path,
            'infinite-loop',
            'this loop comes back with nothing changed',
            'change a register that the exit condition reads',
          );
        // Rounds of a loop are kept now and then only: they differ, and seldom help each other.
        if (!isDue && jumps < ROUND_JUMPS && steps < ROUND_STEPS) adds = false;
      } else if (entry.visit !== undefined && entry.visit.comebacks > 0) {
        if (this.isWithin(entry, live)) return this.cameBack(entry);
      } else {
        const differs = this.differs(entry, live, hint);
        if (differs === undefined) {
          entry.hits++;
          return entry;
        }
        hint = differs < 0 ? hint : differs;
      }
      if (adds) entry.misses++;
      const worth = isForced && isOpen ? FORCED_WORTH : HITS_WORTH;
      if (entry.misses <= worth * (entry.hits + 1)) continue;
      known.splice(i, 1);
      entry.state = undefined;
    }
    // Linux keeps no more for the unprivileged.
    if (!adds || (!path.privileged && known.length > MAX_STATES)) return undefined;
    this.begin(copyState(path.state));
    this.stretch.visit = this.loops?.enter(path.state, path.index, this.stretch);
    this.atState = { jumps: this.jumps, processed: this.processed };
    this.points = 0;
    known.push(this.stretch);
    return undefined;
  }

  /** Where an explored state, all paths from which have ended, does not stand for the present one; -1 for its calls. */
  private differs(
    { state, needs }: Stretch,
    live: readonly number[],
    hint: Place | undefined,
  ): Place | undefined {
    const { path } = this;
    if (!sameCalls(state!, path.state)) return -1;
    const differs = difference(state!, path.state, live, needs, this.mayReadUnwritten, hint);
    if (differs !== undefined && differs !== NOWHERE) this.counts.keptApart(path.index, differs);
    return differs;
  }

  /** A function that a timer calls has been set up again: it begins anew, and that is no loop. */
  private isOfAnotherTimer({ state }: Stretch): boolean {
    const { timers } = state!.frames.at(-1)!;
    return timers > 0 && timers !== this.path.state.frames.at(-1)!.timers;
  }

  /** Whether the path has come back to a state of its own with nothing changed. */
  private isLooping({ state }: Stretch, live: readonly number[]): boolean {
    const now = this.path.state;
    if (state!.loops !== now.loops || state!.rounds !== now.rounds || !sameCalls(state!, now)) return false;
    return sameRegisters(state!, now) && difference(state!, now, live, undefined, false) === undefined;
  }

  /** Whether a loop that the runtime ends has come back with no more than an earlier round had. */
  private comesBackWithLess({ state }: Stretch, live: readonly number[], isCalling: boolean): boolean {
    const now = this.path.state;
    return (isCalling || state!.loops !== now.loops) && this.isWithin({ state }, live);
  }

  /** Whether the present state has no more than an explored one in anything that is looked at (`RANGE_WITHIN`). */
  private isWithin({ state }: Pick<Stretch, 'state'>, live: readonly number[]): boolean {
    const now = this.path.state;
    if (!sameCalls(state!, now) || !sameBytes(state!, now)) return false;
    const needs = allNeeds(now.frames.length);
    return difference(state!, now, live, needs, this.mayReadUnwritten, undefined, true) === undefined;
  }

  /** A round of a loop has ended where an earlier one was. */
  private cameBack(entry: Stretch): Stretch {
    entry.hits++;
    if (entry.visit !== undefined) entry.visit.comebacks++;
    return entry;
  }

  /** Bytes of stack that hold anything may as well hold nothing. */
  private get mayReadUnwritten(): boolean {
    return this.path.privileged && this.path.isLinux;
  }

  /** By frame: registers that are looked at from here on. */
  private liveNow(): number[] {
    const { frames } = this.path.state;
    return frames.map((_, depth) => {
      const inner = frames[depth + 1];
      if (inner === undefined) return this.live[this.path.index]!;
      const live = this.live[inner.returnTo] ?? -1;
      return inner.isCallback ? live : keptOverCall(live);
    });
  }

  private leaveForks(): void {
    const parent = this.stretch;
    const common = { from: this.path.index, points: this.points };
    for (const { state, index, isApart } of this.forks.splice(0)) {
      if (!isApart) parent.open++;
      this.pending.push(
        isApart
          ? { ...common, state, index, parent: undefined, points: 0, origin: { trail: this.way(), start: 0 } }
          : { ...common, state, index, parent, origin: this.origin },
      );
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

  /**
   * A function that a helper has called has come back: what was not known to matter before is forgotten where it
   * changes (Linux `prepare_func_exit`).
   */
  private comeBack(): void {
    const { path } = this;
    const { state, marks } = path;
    const before = this.explored[path.returnsTo]?.findLast(
      (entry) => entry.open > 0 && sameCalls(entry.state!, state),
    );
    if (before === undefined) return;
    const inner = state.frames.length;
    const needs: Needs = Array.from({ length: (inner + 1) * WORDS }, (_, at) =>
      at === inner * WORDS ? marks.decided : 0,
    );
    widen(
      state,
      before.state!,
      this.history.needsSoFar(before, this.stretch, inner, path.instructions, needs),
    );
  }

  private fork(state: State, index: number, isApart = false): void {
    if (this.pending.length >= MAX_PENDING)
      reject(this.path, 'too-complex', `more than ${MAX_PENDING} branches wait to be followed`);
    const branch = this.path.instructions[this.path.index];
    if (branch?.kind === 'branch') this.path.notes.branch(this.path.index, branch, index);
    this.forks.push({ state, index, isApart });
  }
}
