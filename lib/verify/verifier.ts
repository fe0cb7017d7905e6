/**
 * The verifier: walks every path through a program with what is known of each register and stack slot,
 * and admits the program only when every instruction on every path is safe and every path ends.
 *
 * Follows Linux `kernel/bpf/verifier.c` (`do_check`, `is_state_visited`, `states_equal`). A path that
 * comes to a place where an explored state knew no more than this one is not followed further; one that
 * comes back to a state of its own past never ends.
 */

import type { Program } from '../ebpf/instruction.js';
import { demandOf, keptOverCall } from './demand.js';
import { checkForm, checkStackDepth } from './form.js';
import { Path, type VerifyOptions } from './path.js';
import type { Proofs } from './proofs.js';
import { Rejected, type Verdict } from './report.js';
import { copyState, type Demand, newFrame, type State, stateCovers } from './state.js';
import { step } from './step.js';
import { pointer } from './value.js';

const BUDGET = 1_000_000;
/** Branches that may wait to be followed (Linux `BPF_COMPLEXITY_LIMIT_JMP_SEQ`). */
const MAX_PENDING = 8192;
/** States kept at one place; older ones are forgotten. */
const MAX_STATES = 256;

/** Decides whether a program may run. */
export function verify(program: Program, options: VerifyOptions): Verdict {
  const exploration = new Exploration(program, options);
  try {
    exploration.run();
    const { processed } = exploration;
    return {
      accepted: true,
      rejection: undefined,
      processed,
      ...(options.proofs === true ? { proofs: exploration.proofs() } : {}),
    };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { accepted: false, rejection: error.rejection, processed: exploration.processed };
  }
}

interface Explored {
  readonly state: State;
  readonly parent: Explored | undefined;
  /** Paths from here that have not ended. */
  open: number;
}

interface Pending {
  readonly state: State;
  readonly index: number;
  readonly parent: Explored | undefined;
}

/** The walk over all paths, depth first. */
class Exploration {
  processed = 0;
  private readonly path: Path;
  private readonly budget: number;
  private demand: readonly Demand[] = [];
  private readonly explored: Explored[][] = [];
  private readonly pending: Pending[] = [];
  /** The last explored state that the present path came through. */
  private parent: Explored | undefined;

  constructor(program: Program, options: VerifyOptions) {
    this.path = new Path(program, options, (state, index) => this.fork(state, index));
    this.budget = options.budget ?? BUDGET;
  }

  run(): void {
    checkForm(this.path);
    this.demand = demandOf(this.path.instructions);
    const frame = newFrame(0, -1, 0);
    frame.registers[1] = pointer('context');
    this.pending.push({ state: { frames: [frame] }, index: 0, parent: undefined });
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      this.path.state = next.state;
      this.path.index = next.index;
      this.parent = next.parent;
      this.walk();
      for (let ancestor = this.parent; ancestor !== undefined && --ancestor.open === 0; )
        ancestor = ancestor.parent;
    }
    checkStackDepth(this.path);
  }

  proofs(): Proofs {
    return this.path.notes.proofs(this.path.program, this.path.instructions, this.processed);
  }

  /** Follows one path until it ends, or until what it would find is known. */
  private walk(): void {
    for (;;) {
      if (this.path.isJoin[this.path.index] === true && this.isExplored()) return;
      if (++this.processed > this.budget) {
        throw new Rejected(
          'too-complex',
          this.path.index,
          `more than ${this.budget} instructions on all paths together`,
        );
      }
      const instruction = this.path.instructions[this.path.index];
      if (instruction === undefined) this.path.reject('bad-jump', 'the middle of a 64-bit immediate');
      this.path.notes.arrive(this.path.index);
      const next = step(this.path, instruction);
      if (next === undefined) return;
      if (instruction.kind === 'branch') this.path.notes.branch(this.path.index, instruction, next);
      this.path.index = next;
    }
  }

  private demands(state: State): Demand[] {
    const { frames } = state;
    return frames.map((_, depth) => {
      const inner = frames[depth + 1];
      return inner === undefined
        ? this.demand[this.path.index]!
        : keptOverCall(this.demand[inner.returnTo] ?? { live: -1, value: -1 });
    });
  }

  /** Looks for a state known at this place; remembers the present one. */
  private isExplored(): boolean {
    const known = (this.explored[this.path.index] ??= []);
    const demands = this.demands(this.path.state);
    for (const entry of known) {
      if (entry.open > 0) {
        if (
          this.isAncestor(entry) &&
          stateCovers(
            entry.state,
            this.path.state,
            demands.map(({ live }) => ({ live, value: live })),
            true,
          )
        ) {
          this.path.reject(
            'infinite-loop',
            'this loop comes back with nothing changed',
            'change a register that the exit condition reads',
          );
        }
        continue;
      }
      if (stateCovers(entry.state, this.path.state, demands, false)) return true;
    }
    const entry: Explored = { state: copyState(this.path.state), parent: this.parent, open: 1 };
    // The path goes on below the new entry.
    this.parent = entry;
    known.push(entry);
    if (known.length > MAX_STATES) known.splice(0, known.length - MAX_STATES);
    return false;
  }

  private isAncestor(entry: Explored): boolean {
    for (let ancestor = this.parent; ancestor !== undefined; ancestor = ancestor.parent)
      if (ancestor === entry) return true;
    return false;
  }

  private fork(state: State, index: number): void {
    if (this.pending.length >= MAX_PENDING)
      this.path.reject('too-complex', `more than ${MAX_PENDING} branches wait to be followed`);
    const branch = this.path.instructions[this.path.index];
    if (branch?.kind === 'branch') this.path.notes.branch(this.path.index, branch, index);
    if (this.parent !== undefined) this.parent.open++;
    this.pending.push({ state, index, parent: this.parent });
  }
}
