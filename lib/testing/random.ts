/** Test support: random numbers that can be had again. */

/** A whole number from 0 to below the argument. */
export type Random = (below: number) => number;

/** xorshift32: from a seed, a function that gives numbers from 0 to below its argument. */
export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
