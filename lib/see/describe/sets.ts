/** Sets of numbers from 0 to 2^32 - 1, as sorted, disjoint ranges that do not touch: `[low, high, low, high, ...]`. */

export type Numbers = readonly number[];

/** No set may have more ranges: what needs them is not told in words. */
const MOST_RANGES = 5000;

/** Thrown where a program is too much for this way of describing it. */
export class TooComplex extends Error {
  override readonly name = 'TooComplex';
}

/** Every number that a test of one number holds for. */
export function numbersWhere(most: number, holds: (value: number) => boolean): Numbers {
  const set: number[] = [];
  let start = -1;
  for (let value = 0; value <= most + 1; value++) {
    const isIn = value <= most && holds(value);
    if (isIn && start < 0) start = value;
    if (!isIn && start >= 0) {
      set.push(start, value - 1);
      start = -1;
    }
  }
  return set;
}

/** All up to `most` that are not in the set. */
export function complement(set: Numbers, most: number): Numbers {
  const result: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) result.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= most) result.push(next, most);
  return result;
}

export function intersection(a: Numbers, b: Numbers): Numbers {
  const result: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const low = Math.max(a[i]!, b[j]!);
    const high = Math.min(a[i + 1]!, b[j + 1]!);
    if (low <= high) result.push(low, high);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return result;
}

export function union(a: Numbers, b: Numbers): Numbers {
  const all: [number, number][] = [];
  for (const set of [a, b]) for (let i = 0; i < set.length; i += 2) all.push([set[i]!, set[i + 1]!]);
  all.sort((x, y) => x[0] - y[0]);
  const result: number[] = [];
  for (const [low, high] of all) {
    const end = result.length - 1;
    if (end > 0 && low <= result[end]! + 1) result[end] = Math.max(result[end]!, high);
    else result.push(low, high);
  }
  if (result.length > 2 * MOST_RANGES) throw new TooComplex('a set of too many numbers');
  return result;
}

export const equal = (a: Numbers, b: Numbers): boolean =>
  a.length === b.length && a.every((end, index) => end === b[index]);

/** How many numbers are in it. */
export function sizeOf(set: Numbers): number {
  let size = 0;
  for (let i = 0; i < set.length; i += 2) size += set[i + 1]! - set[i]! + 1;
  return size;
}

/** The members, where there are no more than so many. */
export function membersOf(set: Numbers, most: number): readonly number[] | undefined {
  if (sizeOf(set) > most) return undefined;
  const members: number[] = [];
  for (let i = 0; i < set.length; i += 2) for (let it = set[i]!; it <= set[i + 1]!; it++) members.push(it);
  return members;
}
