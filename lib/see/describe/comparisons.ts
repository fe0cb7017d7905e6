/** Comparisons as the sets of numbers that they hold for. */

import { opcodes } from '../../cbpf/index.js';
import type { Place } from './places.js';
import { complement, equal, type Numbers, numbersWhere, TooComplex } from './sets.js';

const { JEQ, JGE, JGT, JSET } = opcodes;
const MAX = 0xffff_ffff;

/** Numbers of a plain comparison. */
export function rangesOf(op: number, k: number, most: number): Numbers {
  switch (op) {
    case JEQ:
      return k > most ? [] : [k, k];
    case JGT:
      return k >= most ? [] : [k + 1, most];
    case JGE:
      return k > most ? [] : [k, most];
    default:
      return someBits(k >>> 0);
  }
}

/** 32-bit numbers with one of these bits. */
function someBits(mask: number): Numbers {
  return complement(allClear(mask), MAX);
}

/** 32-bit numbers with none of these bits; few ranges only where the bits are the highest ones. */
const allClear = (mask: number): Numbers => matching(mask, 0);

/** 32-bit numbers that are `k` under a mask. */
function matching(mask: number, k: number): Numbers {
  if ((k & ~mask) !== 0) return [];
  const low = (mask & -mask) >>> 0;
  if (mask === 0) return [0, MAX];
  // Bits between those of the mask are counted through.
  const free = ~mask & ~(low - 1);
  const width = popcount(free);
  if (width > 10) throw new TooComplex('a mask with holes');
  const set: number[] = [];
  for (let bits = 0; ; ) {
    const start = ((k & mask) | bits) >>> 0;
    set.push(start, start + low - 1);
    bits = ((bits | ~free) + 1) & free;
    if (bits === 0) break;
  }
  const pairs: [number, number][] = [];
  for (let i = 0; i < set.length; i += 2) pairs.push([set[i]!, set[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [start, end] of pairs) {
    if (merged.length > 0 && merged.at(-1)! + 1 === start) merged[merged.length - 1] = end;
    else merged.push(start, end);
  }
  return merged;
}

function popcount(bits: number): number {
  let count = 0;
  for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

export function underMask(mask: number, op: number, k: number): Numbers | undefined {
  if (op === JEQ) return matching(mask, k);
  if (op === JSET) return someBits((mask & k) >>> 0);
  // Masks of leading ones keep the order of numbers.
  const low = (mask & -mask) >>> 0;
  const isPrefix = equal(matching(mask, 0), [0, low - 1]);
  if (!isPrefix) return undefined;
  const least = op === JGT ? Math.floor(k / low) * low + low : Math.ceil(k / low) * low;
  return least > MAX ? [] : [least, MAX];
}

/** Numbers of a part of a field as those of the field. */
export function widened(set: Numbers, size: number, shift: number, place: Place): Numbers | undefined {
  if (size === place.size) return set;
  const above = 8 * place.size - shift - 8 * size;
  if (above === 0) return set.map((end, index) => end * 2 ** shift + (index % 2 === 1 ? 2 ** shift - 1 : 0));
  if (place.size > 2) return undefined;
  return numbersWhere(place.most, (it) => {
    const part = Math.floor(it / 2 ** shift) % 2 ** (8 * size);
    return set.some((low, index) => index % 2 === 0 && part >= low && part <= set[index + 1]!);
  });
}
