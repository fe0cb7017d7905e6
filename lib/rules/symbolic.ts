/**
 * The classic machine on values that are known in part: what registers hold after a block, as far as that is a number, bits
 * of a field, or the length of a header.
 */

import { opcodes } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { type Field, fieldOf, type Interval } from './field.js';

const { classOf, modeOf, operationOf, sizeOf, usesX } = opcodes;

/** What is known of fields before the program runs. */
export type Known = ReadonlyMap<Field, Interval>;

/** What a register holds: a number, bits of a field, 4 × the nibble at an offset, or something else. */
export type Value =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'field'; readonly field: Field; readonly mask: number }
  | { readonly kind: 'header'; readonly offset: number }
  | undefined;

export interface State {
  readonly a: Value;
  readonly x: Value;
  /** Where A is a whole field: what this way has shown of it. */
  readonly range: Interval | undefined;
  readonly cells: readonly Value[];
}

/** What is known of packets. */
export interface Facts {
  readonly known: Known;
  /** Bytes that are there. */
  readonly present: number;
}

/** Offsets above this are no places in packets: ancillary data. */
export const FURTHEST = 0xffff;
const ZERO: Value = { kind: 'constant', value: 0 };
export const START: State = { a: ZERO, x: ZERO, range: undefined, cells: Array<Value>(16).fill(ZERO) };

const with_ = (cells: readonly Value[], at: number, value: Value): readonly Value[] => {
  const changed = [...cells];
  changed[at] = value;
  return changed;
};

/** What the statements of a block leave; `undefined` where the machine does what is not followed. */
export function run(
  { known, present }: Facts,
  statements: readonly Statement[],
  before: State,
): { state: State; traps: boolean } | undefined {
  if (statements.length === 0) return { state: before, traps: false };
  let { a, x, range, cells } = before;
  let traps = false;
  for (const { code, k } of statements) {
    switch (classOf(code)) {
      case opcodes.LD:
        a = load(code, k, x, cells);
        range = rangeOf(known, a);
        traps ||= mayTrap(code, a, present);
        break;
      case opcodes.LDX: {
        const mode = modeOf(code);
        traps ||= mode === opcodes.MSH && k >= present;
        if (mode === opcodes.IMM) x = { kind: 'constant', value: k };
        else if (mode === opcodes.MSH) x = { kind: 'header', offset: k };
        else x = mode === opcodes.MEM ? cells[k] : undefined;
        break;
      }
      case opcodes.ST:
      case opcodes.STX:
        cells = with_(cells, k, classOf(code) === opcodes.ST ? a : x);
        break;
      case opcodes.ALU: {
        const operation = operationOf(code);
        traps ||= usesX(code) && (operation === opcodes.DIV || operation === opcodes.MOD);
        const result = usesX(code) ? undefined : arithmetic(code, k, a);
        if (result === undefined || result !== a) range = undefined;
        a = result;
        break;
      }
      case opcodes.MISC:
        if (code === (opcodes.MISC | opcodes.TAX)) x = a;
        else {
          a = x;
          range = rangeOf(known, a);
        }
        break;
      default:
        return undefined;
    }
  }
  return { state: { a, x, range, cells }, traps };
}

function load(code: number, k: number, x: Value, cells: readonly Value[]): Value {
  switch (modeOf(code)) {
    case opcodes.IMM:
      return { kind: 'constant', value: k };
    case opcodes.MEM:
      return cells[k];
    case opcodes.LEN:
      return undefined;
    case opcodes.ABS:
      return loadAt(-1, k, sizeOf(code));
    default:
      if (x?.kind === 'constant') return loadAt(-1, x.value + k, sizeOf(code));
      return x?.kind === 'header' ? loadAt(x.offset, k, sizeOf(code)) : undefined;
  }
}

/** Whether a load may end the program. */
function mayTrap(code: number, loaded: Value, present: number): boolean {
  const mode = modeOf(code);
  if (mode !== opcodes.ABS && mode !== opcodes.IND) return false;
  if (loaded?.kind !== 'field') return true;
  const { header, offset, size } = loaded.field;
  return header >= 0 || offset + size > present;
}

/** Whole fields as values, each made once. */
const wholes = new Map<Field, Value>();

function loadAt(header: number, offset: number, size: Field['size']): Value {
  if (offset > FURTHEST) return undefined;
  const field = fieldOf(header, offset, size);
  let value = wholes.get(field);
  if (value === undefined) wholes.set(field, (value = { kind: 'field', field, mask: 0xffff_ffff }));
  return value;
}

function rangeOf(known: Known, value: Value): Interval | undefined {
  if (value?.kind !== 'field' || value.mask !== 0xffff_ffff) return undefined;
  return known.get(value.field) ?? value.field.every;
}

function arithmetic(code: number, k: number, a: Value): Value {
  const row = opcodes.aluRowOf(code);
  if (row === undefined) return undefined;
  if (a?.kind === 'constant') {
    const value = opcodes.evalAlu(row, a.value, k);
    return value === undefined ? undefined : { kind: 'constant', value };
  }
  if (a?.kind !== 'field' || row.bits !== opcodes.AND) return undefined;
  const mask = (a.mask & k) >>> 0;
  return mask === a.mask ? a : { ...a, mask };
}

/** The values of an interval for which a test holds, and those for which it does not. */
export function partsOf(
  operation: number,
  k: number,
  { low, high }: Interval,
): readonly [Interval | undefined, Interval | undefined] | undefined {
  const interval = (from: number, to: number) => (from > to ? undefined : { low: from, high: to });
  switch (operation) {
    case opcodes.JGT:
      return [interval(Math.max(low, k + 1), high), interval(low, Math.min(high, k))];
    case opcodes.JGE:
      return [interval(Math.max(low, k), high), interval(low, Math.min(high, k - 1))];
    case opcodes.JEQ: {
      if (k < low || k > high) return [undefined, { low, high }];
      const rest = interval(low === k ? k + 1 : low, high === k ? k - 1 : high);
      return [{ low: k, high: k }, rest];
    }
    default:
      return undefined;
  }
}

/** Whether two states are the same, for all that is known of them. */
export const isSameState = (one: State, other: State): boolean =>
  isSame(one.a, other.a) &&
  isSame(one.x, other.x) &&
  one.range?.low === other.range?.low &&
  one.range?.high === other.range?.high &&
  (one.cells === other.cells || one.cells.every((value, cell) => isSame(value, other.cells[cell])));

function isSame(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (one?.kind === 'constant') return other?.kind === 'constant' && one.value === other.value;
  if (one?.kind === 'header') return other?.kind === 'header' && one.offset === other.offset;
  return (
    one?.kind === 'field' && other?.kind === 'field' && one.field === other.field && one.mask === other.mask
  );
}
