/**
 * Whether some packet is accepted, as far as a short search shows: a way through the program on which all that is asked of
 * fields goes together. Not found says nothing. Saves proving it of programs that may never be needed.
 */

import type { Program } from '../cbpf/index.js';
import { opcodes } from '../cbpf/index.js';
import { type Exit, type Graph, split } from '../cfg/index.js';
import { type Field, highest, type Interval } from './field.js';
import { type Known, partsOf, run, START, type State, type Value } from './symbolic.js';

/** Blocks that are gone through in search. */
const MOST_STEPS = 300;
/** No header whose length a nibble says ends behind that. */
const LONGEST_HEADER = 60;

export function acceptsSomething(program: Program): boolean {
  const graph = split(program);
  let steps = 0;
  const goes = (block: number, before: State, ranges: Known): boolean => {
    if (steps++ > MOST_STEPS) return false;
    const { statements, exit } = graph.blocks[block]!;
    const after = run({ known: ranges, present: 0 }, statements, before);
    if (after === undefined) return false;
    if (exit.kind === 'return') return exit.code === (opcodes.RET | opcodes.K) && exit.k !== 0;
    if (exit.kind === 'goto') return goes(exit.target, after.state, ranges);
    return waysOf(graph, block, after.state, ranges).some(({ target, state, range }) =>
      goes(target, state, range === undefined ? ranges : new Map([...ranges, range])),
    );
  };
  return goes(graph.entry, START, new Map());
}

interface Way {
  readonly target: number;
  readonly state: State;
  readonly range?: readonly [Field, Interval];
}

/** Ways on that some packet takes, given what was asked before. */
function waysOf(graph: Graph, block: number, state: State, ranges: Known): Way[] {
  const { exit } = graph.blocks[block]!;
  if (exit.kind !== 'branch' || opcodes.usesX(exit.code)) return [];
  const { code, k, onTrue, onFalse } = exit;
  const { a, range } = state;
  if (a?.kind === 'constant')
    return [{ target: opcodes.jumpRowOf(code)!.eval(a.value, k) ? onTrue : onFalse, state }];
  if (a?.kind !== 'field' || !standsAlone(a.field, ranges)) return [];
  if (range === undefined)
    return code === (opcodes.JMP | opcodes.JEQ) ? waysOfBits(a, exit, state, ranges.get(a.field)) : [];
  return intervals(opcodes.operationOf(code), k, range, a.field.every).map(([holds, part]) => ({
    target: holds ? onTrue : onFalse,
    state: { ...state, range: part },
    range: [a.field, part],
  }));
}

/** Of a test of some bits for a number: one value each way, where nothing was asked of the field. */
function waysOfBits(
  { field, mask }: Extract<Value, { kind: 'field' }>,
  { k, onTrue, onFalse }: Extract<Exit, { kind: 'branch' }>,
  state: State,
  before: Interval | undefined,
): Way[] {
  if (before !== undefined) {
    const isOne = before.low === before.high;
    return isOne ? [{ target: (before.low & mask) >>> 0 === k ? onTrue : onFalse, state }] : [];
  }
  const way = (target: number, value: number): Way => ({
    target,
    state,
    range: [field, { low: value, high: value }],
  });
  const other = (k ^ (mask & -mask)) >>> 0;
  return (k & ~mask) !== 0 || k > highest(field)
    ? [way(onFalse, 0)]
    : [way(onTrue, k), ...(other <= highest(field) ? [way(onFalse, other)] : [])];
}

/** Parts of a field's values on which a test has one outcome. */
function intervals(
  operation: number,
  k: number,
  range: Interval,
  every: Interval,
): (readonly [boolean, Interval])[] {
  const { low, high } = range;
  const one = (value: number): Interval => ({ low: value, high: value });
  if (operation === opcodes.JSET) {
    // Only of values that nothing was asked of.
    if (low !== every.low || high !== every.high) return [];
    return k !== 0 && k <= high
      ? [
          [false, one(0)],
          [true, one(k)],
        ]
      : [[false, one(0)]];
  }
  const [holding, failing] = partsOf(operation, k, range) ?? [undefined, undefined];
  const found: (readonly [boolean, Interval])[] = holding === undefined ? [] : [[true, holding]];
  // `partsOf` leaves the value itself among those that differ from it.
  if (operation === opcodes.JEQ && failing !== undefined && k > failing.low && k < failing.high)
    found.push([false, { low: k + 1, high: failing.high }], [false, { low: failing.low, high: k - 1 }]);
  else if (failing !== undefined) found.push([false, failing]);
  return found;
}

/** Whether a field shares no byte with others that something was asked of, itself aside. */
function standsAlone(field: Field, ranges: Known): boolean {
  const begin = ({ header, offset }: Field): number => offset + (header < 0 ? 0 : LONGEST_HEADER);
  for (const other of ranges.keys()) {
    if (other === field) continue;
    // The nibble that says a header's length.
    if ([field, other].some((one, at, both) => one.header >= 0 && covers(both[1 - at]!, one.header)))
      return false;
    if (begin(field) < begin(other) + other.size && begin(other) < begin(field) + field.size) return false;
  }
  return true;
}

const covers = ({ header, offset, size }: Field, byte: number): boolean =>
  header < 0 && offset <= byte && byte < offset + size;
