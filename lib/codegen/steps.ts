/**
 * What is computed of a packet, as steps with names: statements, then a comparison or one way on.
 */

import { opcodes } from '../cbpf/index.js';
import type { Condition, FragmentBlock, FragmentTarget } from './condition.js';
import type { Context } from './context.js';

const { ADD, ALU, B, H, IND, JMP, K, LD, LDX, MEM, ST } = opcodes;

export type Code = readonly [code: number, k?: number];
/** A step's name, or the outcome of the whole condition. */
type Target = string;
/** Where it goes on: always, or as A compares with a constant. */
export type Next = Target | readonly [op: number, k: number, yes: Target, no: Target];
/** By name; the first comes first. */
export type Steps = Record<string, readonly [code: readonly Code[], next: Next]>;

export const loadByte = (at: number): Code => [LD | IND | B, at];
export const loadHalf = (at: number): Code => [LD | IND | H, at];
export const add = (k: number): Code => [ALU | ADD | K, k];
export const store = (cell: number): Code => [ST, cell];
export const restore = (cell: number): Code => [LD | MEM, cell];
/** X = a cell. */
export const seek = (cell: number): Code => [LDX | MEM, cell];
/** A cell is so much further. */
export const advance = (cell: number, distance: number): Code[] => [
  restore(cell),
  add(distance),
  store(cell),
];

export function computed(context: Context, steps: Steps): Condition {
  const names = Object.keys(steps);
  const resolve = (target: Target): FragmentTarget => {
    const place = names.indexOf(target);
    return place < 0 ? (target as 'true' | 'false') : place;
  };
  const blocks = Object.values(steps).map(([code, next]): FragmentBlock => {
    const statements = code.map(([op, k]) => context.statement(op, k));
    if (typeof next === 'string') return { statements, exit: { kind: 'goto', target: resolve(next) } };
    const [op, k, yes, no] = next;
    const [onTrue, onFalse] = [resolve(yes), resolve(no)];
    const { span } = context;
    return { statements, exit: { kind: 'branch', code: JMP | op | K, k, onTrue, onFalse, span } };
  });
  return { kind: 'fragment', blocks };
}
