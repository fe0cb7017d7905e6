/**
 * Conditions: what a primitive compiles to, before it has a place in the graph.
 *
 * A small algebra over tests. `and` and `or` evaluate from left to right and stop early, as the jumps
 * they become do; constants swallow what stands beside them, as in libpcap since 1.11 (`gen_and`,
 * `gen_or`). Plain data, built by functions, turned into blocks by {@link lower}.
 */

import { opcodes } from '../cbpf/index.js';
import type { Block, Exit, Statement } from '../cfg/index.js';
import type { Span } from '../source.js';

const { IMM, JEQ, JMP, K, LD, X } = opcodes;

/** A target inside a fragment: one of its blocks, or a way out. */
export type FragmentTarget = number | 'true' | 'false';

export interface FragmentBlock {
  readonly statements: readonly Statement[];
  readonly exit:
    | {
        readonly kind: 'branch';
        readonly code: number;
        readonly k: number;
        readonly onTrue: FragmentTarget;
        readonly onFalse: FragmentTarget;
        readonly span?: Span | undefined;
      }
    | { readonly kind: 'goto'; readonly target: FragmentTarget };
}

export type Condition =
  /** `negated`: came about by `not`, which shows only in the program that is not optimized. */
  | { readonly kind: 'constant'; readonly value: boolean; readonly negated?: boolean }
  /** Statements, then one conditional jump. */
  | {
      readonly kind: 'test';
      readonly statements: readonly Statement[];
      readonly code: number;
      readonly k: number;
      readonly span?: Span | undefined;
    }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly operand: Condition }
  /** Several blocks with jumps among them; the first is where it starts. */
  | { readonly kind: 'fragment'; readonly blocks: readonly FragmentBlock[] };

export const TRUE: Condition = { kind: 'constant', value: true };
export const FALSE: Condition = { kind: 'constant', value: false };

export const isFalse = (condition: Condition): boolean => condition.kind === 'constant' && !condition.value;

export function and(left: Condition, right: Condition): Condition {
  if (left.kind === 'constant') return left.value ? right : left;
  if (right.kind === 'constant') return right.value ? left : right;
  return { kind: 'and', left, right };
}

export function or(left: Condition, right: Condition): Condition {
  if (left.kind === 'constant') return left.value ? left : right;
  if (right.kind === 'constant') return right.value ? right : left;
  return { kind: 'or', left, right };
}

export function not(operand: Condition): Condition {
  if (operand.kind === 'constant') {
    return { kind: 'constant', value: !operand.value, negated: operand.negated !== true };
  }
  return operand.kind === 'not' ? operand.operand : { kind: 'not', operand };
}

/** The conditions joined with `or`, first to last. */
export const anyOf = (first: Condition, ...rest: readonly Condition[]): Condition => rest.reduce(or, first);

/** `A op k` behind some statements; `op` is JEQ, JGT, JGE or JSET. */
export function testK(statements: readonly Statement[], op: number, k: number, span?: Span): Condition {
  return {
    kind: 'test',
    statements,
    code: JMP | op | K,
    k: k >>> 0,
    span,
  };
}

/** `A op X`. */
export function testX(statements: readonly Statement[], op: number, span?: Span): Condition {
  return { kind: 'test', statements, code: JMP | op | X, k: 0, span };
}

interface Task {
  readonly condition: Condition;
  /** A block, or `last`: the one that was made last, when it is this task's turn. */
  readonly onTrue: number | 'last';
  readonly onFalse: number | 'last';
}

/** Adds the condition's blocks to `blocks`; returns the one it starts at. */
export function lower(condition: Condition, onTrue: number, onFalse: number, blocks: Block[]): number {
  // From right to left, because a block's successors have to be there first. A stack instead of
  // recursion: a filter may be a list of thousands.
  const tasks: Task[] = [{ condition, onTrue, onFalse }];
  let last = -1;
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const yes = task.onTrue === 'last' ? last : task.onTrue;
    const no = task.onFalse === 'last' ? last : task.onFalse;
    const { condition: it } = task;
    switch (it.kind) {
      case 'not':
        tasks.push({ condition: it.operand, onTrue: no, onFalse: yes });
        break;
      case 'and':
        tasks.push({ condition: it.left, onTrue: 'last', onFalse: no });
        tasks.push({ condition: it.right, onTrue: yes, onFalse: no });
        break;
      case 'or':
        tasks.push({ condition: it.left, onTrue: yes, onFalse: 'last' });
        tasks.push({ condition: it.right, onTrue: yes, onFalse: no });
        break;
      case 'test':
        last = add(blocks, it.statements, branch(it.code, it.k, yes, no, it.span));
        break;
      case 'constant': {
        // libpcap compares a constant with zero (gen_uncond); its optimizer removes it.
        const negated = it.negated === true;
        const load: Statement = { code: LD | IMM, k: it.value === negated ? 1 : 0 };
        last = add(
          blocks,
          [load],
          branch(JMP | JEQ | K, 0, negated ? no : yes, negated ? yes : no, undefined),
        );
        break;
      }
      case 'fragment':
        last = addFragment(blocks, it.blocks, yes, no);
        break;
    }
  }
  return last;
}

function branch(code: number, k: number, onTrue: number, onFalse: number, span: Span | undefined): Exit {
  return span === undefined
    ? { kind: 'branch', code, k, onTrue, onFalse }
    : { kind: 'branch', code, k, onTrue, onFalse, span };
}

function add(blocks: Block[], statements: readonly Statement[], exit: Exit): number {
  blocks.push({ statements, exit });
  return blocks.length - 1;
}

export function addFragment(
  blocks: Block[],
  fragment: readonly FragmentBlock[],
  onTrue: number,
  onFalse: number,
): number {
  const base = blocks.length;
  const resolve = (target: FragmentTarget) =>
    target === 'true' ? onTrue : target === 'false' ? onFalse : base + target;
  for (const { statements, exit } of fragment) {
    if (exit.kind === 'goto') add(blocks, statements, { kind: 'goto', target: resolve(exit.target) });
    else {
      const { code, k, span } = exit;
      add(blocks, statements, branch(code, k, resolve(exit.onTrue), resolve(exit.onFalse), span));
    }
  }
  return base;
}
