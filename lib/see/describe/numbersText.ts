/** Sets of numbers in words. */

import { formatIpv4 } from '../../names/index.js';
import { complement, equal, type Numbers, sizeOf, union } from './sets.js';

/** `a, b or c`. */
export const listed = (names: readonly string[], joint = 'or'): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${joint} ${names.at(-1)}`;

/** Ranges that are named one by one; of more the first and the last are. */
const MOST_NAMED = 64;

/** The ranges of a set in words: `80 or 1000 to 2000`. */
export function rangesText(set: Numbers, text: (value: number) => string): string {
  const parts: string[] = [];
  for (let i = 0; i < set.length; i += 2) {
    const [low, high] = [set[i]!, set[i + 1]!];
    if (low === high) parts.push(text(low));
    else if (high === low + 1) parts.push(text(low), text(high));
    else parts.push(`${text(low)} to ${text(high)}`);
  }
  return listed(
    parts.length <= MOST_NAMED ? parts : [`${parts[0]} and ${parts.length - 2} more up to ${parts.at(-1)}`],
  );
}

/** A set as what it is or is not, whichever is shorter; `undefined` for everything. */
export function numbersText(set: Numbers, most: number, text: (value: number) => string = String): string {
  const others = complement(set, most);
  if (set.length === 2 && set[1] === most && set[0]! > 1 && set[0]! < most)
    return `at least ${text(set[0]!)}`;
  if (set.length === 2 && set[0] === 0 && set[1]! > 0 && set[1]! < most - 1)
    return `at most ${text(set[1]!)}`;
  const bits = bitsOf(set, most);
  if (bits !== undefined && set.length > 2 && others.length > 2)
    return bitsText(bits, (mask) => `bits ${hex(mask)}`);
  if (others.length < set.length || (others.length === set.length && sizeOf(others) < sizeOf(set)))
    return `other than ${rangesText(others, text).replaceAll(' or ', ' and ')}`;
  return rangesText(set, text);
}

export const hex = (value: number): string => `0x${value.toString(16)}`;

/** A set that is told by bits: those that are set and those that are clear, or at least one of some. */
export interface Bits {
  readonly set: number;
  readonly clear: number;
  /** One of these is set. */
  readonly some: number;
}

/** The bits that all of a set have in common, where they make it up. */
export function bitsOf(set: Numbers, most: number): Bits | undefined {
  const common = commonBits(set, most);
  if (common !== undefined) return { ...common, some: 0 };
  const others = commonBits(complement(set, most), most);
  return others === undefined || others.set !== 0 ? undefined : { set: 0, clear: 0, some: others.clear };
}

function commonBits(set: Numbers, most: number): { set: number; clear: number } | undefined {
  if (most > 0xffff || set.length === 0) return undefined;
  let [all, none] = [most, most];
  for (let i = 0; i < set.length; i += 2)
    for (let value = set[i]!; value <= set[i + 1]!; value++) {
      all &= value;
      none &= ~value;
    }
  let free = 1;
  for (let bit = 1; bit <= most; bit *= 2) if (((all | none) & bit) === 0) free *= 2;
  return free === sizeOf(set) ? { set: all, clear: none } : undefined;
}

/** @param text - Names of bits. */
export function bitsText({ set, clear, some }: Bits, text: (bits: number) => string): string {
  if (some !== 0) {
    const isOne = (some & (some - 1)) === 0;
    return isOne ? `with ${text(some)} set` : `with any of ${text(some)} set`;
  }
  const parts = [set === 0 ? '' : `${text(set)} set`, clear === 0 ? '' : `${text(clear)} clear`];
  return `with ${parts.filter((part) => part !== '').join(' and ')}`;
}

/** IPv4 addresses: single ones, networks, ranges. */
export function addressesText(set: Numbers): string {
  const one = (numbers: Numbers): string => {
    const parts: string[] = [];
    for (let i = 0; i < numbers.length; i += 2) parts.push(networkText(numbers[i]!, numbers[i + 1]!));
    return listed(
      parts.length <= MOST_NAMED ? parts : [`${parts[0]} and ${parts.length - 2} more up to ${parts.at(-1)}`],
    );
  };
  const others = complement(set, 0xffff_ffff);
  return others.length < set.length || (others.length === set.length && sizeOf(others) < sizeOf(set))
    ? `other than ${one(others).replaceAll(' or ', ' and ')}`
    : one(set);
}

function networkText(low: number, high: number): string {
  if (low === high) return formatIpv4(low);
  const size = high - low + 1;
  const length = 32 - Math.log2(size);
  return Number.isInteger(length) && low % size === 0
    ? `${formatIpv4(low)}/${length}`
    : `${formatIpv4(low)} to ${formatIpv4(high)}`;
}

/** The numbers of the low bits of a set, where the others may be anything; `undefined` where they may not. */
export function lowBits(set: Numbers, mask: number, most: number): Numbers | undefined {
  let low: Numbers = [];
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > mask) break;
    low = union(low, [set[i]!, Math.min(set[i + 1]!, mask)]);
  }
  let all: Numbers = [];
  for (let high = 0; high <= most; high += mask + 1)
    all = union(
      all,
      low.map((end) => end + high),
    );
  return equal(all, set) ? low : undefined;
}
