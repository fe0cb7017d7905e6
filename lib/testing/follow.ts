/**
 * Test support: the verifier's own steps along a path that something else took: the kernel's
 * verifier, by its log, or a run of the program. Nothing is pruned.
 */

import type { Program } from '../ebpf/instruction.js';
import { Path } from '../verify/effects/path.js';
import { examine } from '../verify/rules/form.js';
import type { VerifyOptions } from '../verify/rules/options.js';
import { Rejected } from '../verify/rules/report.js';
import { initialState, type State } from '../verify/state/state.js';
import { step } from '../verify/walk/step.js';

interface Left {
  readonly from: number;
  readonly index: number;
  readonly state: State;
}

export class Follower {
  readonly path: Path;
  /** Paths that were left for later. */
  private readonly left: Left[] = [];
  /** Whether the path being followed is one the verifier knows; its state is then `path.state`. */
  isOn = true;
  /** The instruction applied last. */
  last = -1;
  rejection: Rejected | undefined;

  /** @throws Rejected when the program's form is wrong */
  constructor(program: Program, options: VerifyOptions) {
    this.path = new Path(examine(program, options), {
      fork: (state, index) => this.left.push({ from: this.path.index, index, state }),
    });
    this.path.state = initialState();
  }

  /**
   * Goes to `index`, where the path goes next: straight on, or on the side of a branch that was left.
   * Off the path when the verifier knows that it cannot go there.
   */
  arrive(index: number): void {
    if (!this.isOn || this.path.index === index) return;
    const other = this.left.at(-1);
    if (other !== undefined && other.from === this.last && other.index === index) this.take(this.left.pop()!);
    else this.isOn = false;
  }

  /** Takes up a path that was left, where there is one; what was left later is done with. */
  resume(from: number, index: number): void {
    if (this.isOn && this.last === from && this.path.index === index) return;
    const at = this.left.findLastIndex((left) => left.from === from && left.index === index);
    this.isOn = at >= 0;
    if (at >= 0) this.take(this.left.splice(at)[0]!);
  }

  /** Applies the instruction at hand. Off the path when it ends or is refused. */
  step(): void {
    if (!this.isOn) return;
    this.last = this.path.index;
    try {
      const next = step(this.path, this.path.instructions[this.path.index]!);
      this.isOn = next !== undefined;
      if (next !== undefined) this.path.index = next;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      this.rejection = error;
      this.isOn = false;
    }
  }

  private take({ state, index, from }: Left): void {
    this.path.state = state;
    this.path.index = index;
    this.last = from;
  }
}
