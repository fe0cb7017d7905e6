/**
 * One path through a program again, with what is known before each of its instructions: for telling how it
 * came to a rejection. The walk itself keeps no states but those it compares with.
 */

import type { Program } from '../../ebpf/index.js';
import { stateOfGlobal } from '../effects/globals.js';
import { Path } from '../effects/path.js';
import { examine } from '../rules/form.js';
import type { VerifyOptions } from '../rules/options.js';
import { Rejected, type Rejection } from '../rules/report.js';
import type { Place } from '../state/history.js';
import { initialState, type State } from '../state/state.js';
import type { Value } from '../state/value.js';
import { step } from './step.js';

/** What is known before an instruction of the path. */
export interface Moment {
  readonly index: number;
  /** How deep in calls. */
  readonly depth: number;
  /** Of the present frame. */
  readonly registers: readonly Value[];
  /** The stack slot that the instruction reads or writes, at a place that is certain; -1 for none. */
  readonly slot: Place;
}

export interface Retraced {
  /** With the program's instructions, and the rules for its type. */
  readonly path: Path;
  /** The last instruction is the one refused. */
  readonly moments: readonly Moment[];
  /** What it was refused for. */
  readonly rejection: Rejection | undefined;
}

/** Moments kept; of longer paths only the end is told. */
const MOST_MOMENTS = 20_000;

/** Follows `trail`, the slots of the instructions of a path that verify() has refused at its end. */
export function retrace(program: Program, options: VerifyOptions, trail: readonly number[]): Retraced {
  // Where both sides of a branch lead to the same place, the trail does not tell which was taken.
  const straight = follow(program, options, trail, false);
  return straight.rejection === undefined ? follow(program, options, trail, true) : straight;
}

function follow(
  program: Program,
  options: VerifyOptions,
  trail: readonly number[],
  takesBranches: boolean,
): Retraced {
  const forks: { readonly state: State; readonly index: number }[] = [];
  const path = new Path(examine(program, options), { fork: (state, index) => forks.push({ state, index }) });
  const [entry = 0] = trail;
  if (entry !== 0) path.verified = path.options.functions?.get(entry);
  path.state = path.verified === undefined ? initialState() : stateOfGlobal(path, entry, path.verified);
  const moments: Moment[] = [];
  let rejection: Rejection | undefined;
  for (const [place, index] of trail.entries()) {
    const depth = path.state.frames.length - 1;
    const registers = path.frame.registers.slice();
    path.index = index;
    path.marks.slot = -1;
    let next: number | undefined;
    try {
      next = step(path, path.instructions[index]!);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      rejection = error.rejection;
    }
    if (place >= trail.length - MOST_MOMENTS)
      moments.push({ index, depth, registers, slot: path.marks.slot });
    const following = trail[place + 1];
    if (following !== undefined && (following !== next || takesBranches))
      path.state = forks.find((fork) => fork.index === following)?.state ?? path.state;
    forks.length = 0;
  }
  return { path, moments, rejection };
}
