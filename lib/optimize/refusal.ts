/**
 * What libpcap's optimizer refuses to compile, found the way it finds it.
 *
 * libpcap sees three things while it optimizes: a constant divisor that is zero, a constant shift by more
 * than 31 bits, and that the whole program has become `ret #0`. Which expressions it refuses follows from
 * what it knows when, in `optimize.c`. First it only moves branches (`opt_loop` without `do_stmts`): an edge
 * goes past a test of the same value with the same or, behind `jeq`, another constant; constants are
 * compared, but nothing is computed with them. Then it folds arithmetic and moves no branch any more, so
 * that only tests at the root still fall away (`opt_root`). Hence `1 = 3 and tcp` and `tcp and 1 = 3` are
 * refused, and `tcp and 1+1 = 3` is not.
 *
 * Nothing here changes a program: the optimizer proper sees more and moves freely.
 */

import { opcodes } from '../cbpf/index.js';
import type { Graph } from '../cfg/index.js';
import type { Span } from '../source.js';
import { decideTests } from './decide.js';
import { compact, type Decisions, retarget, type Step, targets, uses } from './decision.js';
import { read } from './read.js';
import { type Value, Values } from './value.js';

const { ADD, ALU, aluRowOf, AND, classOf, DIV, evalAlu, jumpRowOf, LSH, MOD, MUL, operationOf, OR } = opcodes;
const { RSH, usesX, XOR } = opcodes;

/** Rounds of branch moving at most; more than two do not happen in generated code. */
const MOST_ROUNDS = 12;

export interface ConstantError {
  /** libpcap's words. */
  readonly message: string;
  /** The operation, where one alone can be meant; else the relation it is part of. */
  readonly span: Span | undefined;
}

const PARTIAL = new Set([DIV, MOD, LSH, RSH]);

/** A constant operand out of range that shows only once constants are folded, if there is one. */
export function constantError(graph: Graph): ConstantError | undefined {
  const operations = graph.blocks.flatMap(({ statements }) =>
    statements.filter(({ code }) => classOf(code) === ALU && usesX(code) && PARTIAL.has(operationOf(code))),
  );
  if (operations.length === 0) return undefined;
  const moved = moveBranches(graph);
  if (moved === undefined) return undefined;
  const { values, steps } = moved;
  const late = folded(moved);
  const visits: [Step, boolean][] = [
    ...steps.map((step): [Step, boolean] => [step, false]),
    ...compact(late).steps.map((step): [Step, boolean] => [step, true]),
  ];
  for (const [step, again] of visits) {
    const found = errorIn(values, step, again);
    if (found === undefined) continue;
    const whole = step.exit.kind === 'goto' ? undefined : step.exit.span;
    const meant = operations.filter(
      ({ code, span }) => operationOf(code) === found.op && span !== undefined && isWithin(span, whole),
    );
    return { message: found.message, span: meant.length === 1 ? meant[0]!.span : whole };
  }
  return undefined;
}

const isWithin = (inner: Span, outer: Span | undefined): boolean =>
  outer !== undefined && inner.start >= outer.start && inner.end <= outer.end;

/** Whether libpcap finds that a graph rejects every packet. */
export function evidentlyRejects(graph: Graph): boolean {
  const moved = moveBranches(graph);
  if (moved === undefined) return false;
  const { values, steps, entry } = folded(moved);
  let at = steps[entry]!;
  // `opt_root`: tests at the start whose ways have become one.
  for (let next = targets(at); next.length > 0 && next.every((to) => to === next[0]); next = targets(at))
    at = steps[next[0]!]!;
  return at.exit.kind === 'return' && values.constantOf(at.exit.value) === 0;
}

/** The first phase: values are equal or they are not, and constants are what the program spells out. */
function moveBranches(graph: Graph): Decisions | undefined {
  let decisions = read(graph, new Values({ literal: true }));
  for (let round = 0, before: Decisions | undefined; round < MOST_ROUNDS && before !== decisions; round++) {
    before = decisions;
    if (decisions !== undefined) decisions = bypass(decideTests(decisions));
  }
  return decisions;
}

/** Edges go past tests whose ways are one; the test at the start stays. */
function bypass(decisions: Decisions): Decisions {
  const { steps, entry } = decisions;
  const place = new Int32Array(steps.length);
  const result = [...steps];
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    const next = targets(step).map((to) => place[to]!);
    const isOne = next.length > 0 && next.every((to) => to === next[0]);
    place[index] = isOne && step.sets.length === 0 && index !== entry ? next[0]! : index;
    result[index] = retarget(step, (to) => place[to]!);
  }
  const moved = result.some((step, index) => `${targets(step)}` !== `${targets(steps[index]!)}`);
  return moved ? compact({ ...decisions, steps: result }) : decisions;
}

/** The second phase: both ways of a test become one where its operands fold to constants. */
function folded(decisions: Decisions): Decisions {
  const { values } = decisions;
  const steps = decisions.steps.map((step): Step => {
    const { exit } = step;
    if (exit.kind !== 'test') return step;
    const [left, right] = [exit.left, exit.right].map((value) => fold(values, value, true).k);
    if (left === undefined || right === undefined) return step;
    const target = jumpRowOf(exit.op)!.eval(left, right) ? exit.onTrue : exit.onFalse;
    return { ...step, exit: { kind: 'goto', target } };
  });
  return { ...decisions, steps };
}

interface Found {
  readonly message: string;
  readonly op: number;
}

function errorIn(values: Values, step: Step, again: boolean): Found | undefined {
  for (const value of [...step.touches, ...uses(step)]) {
    const { error } = fold(values, value, again);
    if (error !== undefined) return error;
  }
  return undefined;
}

/**
 * What `opt_stmt` and `fold_op` make of a value.
 *
 * @param again - Whether operations whose right operand has become a constant are looked at once more, as
 *   happens from the second round on.
 */
function fold(values: Values, value: Value, again: boolean): { k?: number; error?: Found } {
  const kind = values.kinds[value]!;
  switch (kind.kind) {
    case 'constant':
      return { k: kind.k };
    case 'load': {
      const { error } = kind.base === undefined ? {} : fold(values, kind.base, again);
      return error === undefined ? {} : { error };
    }
    case 'negate': {
      const operand = fold(values, kind.operand, again);
      return operand.k === undefined ? operand : { k: -operand.k >>> 0 };
    }
    case 'alu': {
      const left = fold(values, kind.left, again);
      if (left.error !== undefined) return left;
      const right = fold(values, kind.right, again);
      if (right.error !== undefined) return right;
      return combine(kind.op, left.k, right.k, again);
    }
    default:
      return {};
  }
}

function combine(
  op: number,
  left: number | undefined,
  right: number | undefined,
  again: boolean,
): { k?: number; error?: Found } {
  if (right === undefined) return left === 0 && !STAYS_BESIDE_0.has(op) ? { k: 0 } : {};
  const divides = op === DIV || op === MOD;
  if (divides && right === 0 && (left !== undefined || again))
    return { error: { op, message: op === DIV ? 'division by zero' : 'modulus by zero' } };
  if (left !== undefined) return { k: evalAlu(aluRowOf(op)!, left, right)! };
  if ((op === LSH || op === RSH) && right > 31)
    return { error: { op, message: 'shift by more than 31 bits' } };
  return again && right === 0 && (op === MUL || op === AND) ? { k: 0 } : {};
}

/** `0 op x` is not 0. Negation has no right operand, and libpcap leaves subtraction alone. */
const STAYS_BESIDE_0 = new Set<number>([ADD, opcodes.SUB, OR, XOR]);
