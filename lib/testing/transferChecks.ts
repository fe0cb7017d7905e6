/**
 * Test support: whether transfer functions keep every result, over random numbers of which only some is
 * known and random values that they stand for.
 *
 * The functions are handed in, so that wrong ones can be tried too.
 */

import {
  ALU_ROWS,
  type AluOperation,
  BRANCH_ROWS,
  type BranchOperation,
  type Width,
} from '../ebpf/opcodes.js';
import type * as branchModule from '../verify/numbers/branch.js';
import type * as scalarModule from '../verify/numbers/scalar.js';
import { contains, type Scalar, UNKNOWN } from '../verify/numbers/scalar.js';
import type * as transferModule from '../verify/numbers/transfer.js';
import type { Random } from './random.js';

export interface Transfer {
  readonly assume: typeof branchModule.assume;
  readonly normalize: typeof scalarModule.normalize;
  readonly zeroExtended: typeof scalarModule.zeroExtended;
  readonly includes: typeof scalarModule.includes;
  readonly alu: typeof transferModule.alu;
  readonly moveSigned: typeof transferModule.moveSigned;
  readonly swap: typeof transferModule.swap;
}

interface Sample {
  readonly scalar: Scalar;
  readonly members: readonly bigint[];
}

const EDGES = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  15n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_ffffn,
];

const value = (random: Random): bigint => {
  const edge = EDGES[random(EDGES.length)]!;
  const near = BigInt.asUintN(64, edge + BigInt(random(7) - 3));
  if (random(3) !== 0) return near;
  const any = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  return random(2) === 0 ? any >> BigInt(random(64)) : any;
};

const PARTS = ['bits', 'unsigned', 'signed', 'low', 'all', 'all', 'none'] as const;

/** What all of the members have in common, or part of it: none of them is missing. */
function sample(random: Random, { normalize }: Transfer): Sample | undefined {
  const members = Array.from({ length: 1 + random(3) }, () => value(random));
  if (random(3) === 0) members.push(BigInt.asUintN(64, members[0]! + BigInt(random(300))));
  const part = PARTS[random(PARTS.length)]!;
  const has = (name: string): boolean => part === name || part === 'all';
  const ends = (values: readonly bigint[]): readonly [bigint, bigint] => [
    values.reduce((a, b) => (a < b ? a : b)),
    values.reduce((a, b) => (a > b ? a : b)),
  ];
  const { wide, low, bits } = UNKNOWN;
  const [umin, umax] = has('unsigned') ? ends(members) : [wide.umin, wide.umax];
  const [smin, smax] = has('signed')
    ? ends(members.map((x) => BigInt.asIntN(64, x)))
    : [wide.smin, wide.smax];
  const [u0, u1] = has('low') ? ends(members.map((x) => x & 0xffff_ffffn)) : [low.umin, low.umax];
  const [s0, s1] = has('low') ? ends(members.map((x) => BigInt.asIntN(32, x))) : [low.smin, low.smax];
  const mask = members.reduce((all, x) => all | (x ^ members[0]!), 0n);
  const scalar = normalize({
    bits: has('bits') ? { value: members[0]! & ~mask, mask } : bits,
    wide: { umin, umax, smin, smax },
    low: { umin: u0, umax: u1, smin: s0, smax: s1 },
  });
  return scalar === undefined ? undefined : { scalar, members };
}

const cut = (x: bigint, width: number): bigint => BigInt.asUintN(width, x);
const swapped = (x: bigint, bits: number): bigint => {
  let result = 0n;
  for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((x >> BigInt(i)) & 0xffn);
  return result;
};

type Check = (random: Random, functions: Transfer) => string | undefined;

const misses = (result: Scalar | undefined, concrete: bigint): boolean =>
  result === undefined || !contains(result, concrete);
const widthOf = (random: Random): Width => (random(2) === 0 ? 32 : 64);

function checkAlu(op: AluOperation): Check {
  const row = ALU_ROWS.find(({ name }) => name === op)!;
  return (random, functions) => {
    const [a, b] = [sample(random, functions), sample(random, functions)];
    if (a === undefined || b === undefined) return 'normalize finds nothing';
    const width = widthOf(random);
    const result = functions.alu(op, a.scalar, b.scalar, width);
    for (const x of a.members) {
      for (const y of b.members) {
        const concrete = cut(row.eval(cut(x, width), cut(y, width), width), width);
        if (misses(result, concrete)) return `${x} ${op} ${y} = ${concrete}, ${width} bits`;
      }
    }
    return undefined;
  };
}

function checkBranch(op: BranchOperation): Check {
  const row = BRANCH_ROWS.find(({ name }) => name === op)!;
  return (random, functions) => {
    const [a, b] = [sample(random, functions), sample(random, functions)];
    if (a === undefined || b === undefined) return 'normalize finds nothing';
    const width = widthOf(random);
    const as = (x: bigint): bigint => (row.isSigned ? BigInt.asIntN(width, x) : cut(x, width));
    for (const x of a.members) {
      for (const y of b.members) {
        const holds = row.eval(as(x), as(y));
        const refined = functions.assume(op, a.scalar, b.scalar, width, holds);
        if (misses(refined?.a, x) || misses(refined?.b, y))
          return `${x} ${op} ${y} is ${holds}, ${width} bits`;
      }
    }
    return undefined;
  };
}

const checkOne =
  (
    result: (random: Random, functions: Transfer, of: Sample) => readonly [Scalar, (x: bigint) => bigint],
  ): Check =>
  (random, functions) => {
    const a = sample(random, functions);
    if (a === undefined) return 'normalize finds nothing';
    const [abstract, concrete] = result(random, functions, a);
    const missing = a.members.find((x) => misses(abstract, concrete(x)));
    return missing === undefined ? undefined : `${concrete(missing)}, of ${missing}`;
  };

const SWAPS = ['le', 'be', 'bswap'] as const;

/** By name: what is checked of each transfer function. */
export const CHECKS: ReadonlyMap<string, Check> = new Map([
  ...ALU_ROWS.map(({ name }): [string, Check] => [name, checkAlu(name)]),
  ...BRANCH_ROWS.map(({ name }): [string, Check] => [name, checkBranch(name)]),
  ['normalize', checkOne((_, __, { scalar }) => [scalar, (x) => x])],
  ['zeroExtended', checkOne((_, { zeroExtended }, { scalar }) => [zeroExtended(scalar), (x) => cut(x, 32)])],
  [
    'movsx',
    checkOne((random, { moveSigned }, { scalar }) => {
      const from = ([8, 16, 32] as const)[random(3)]!;
      const width = from === 32 ? 64 : widthOf(random);
      return [moveSigned(scalar, from, width), (x) => cut(BigInt.asIntN(from, x), width)];
    }),
  ],
  [
    'swap',
    checkOne((random, { swap }, { scalar }) => {
      const [op, bits] = [SWAPS[random(3)]!, ([16, 32, 64] as const)[random(3)]!];
      return [swap(op, scalar, bits), (x) => (op === 'le' ? cut(x, bits) : swapped(x, bits))];
    }),
  ],
  [
    'includes',
    (random, functions) => {
      const [a, b] = [sample(random, functions), sample(random, functions)];
      if (a === undefined || b === undefined || !functions.includes(a.scalar, b.scalar)) return undefined;
      const missing = b.members.find((x) => !contains(a.scalar, x));
      return missing === undefined ? undefined : `${missing} is said to be included`;
    },
  ],
]);

/** The first result that a function loses, of one that is named or of any. */
export function transferFault(
  functions: Transfer,
  random: Random,
  runs: number,
  name?: string,
): string | undefined {
  const checks = name === undefined ? [...CHECKS] : [[name, CHECKS.get(name)!] as const];
  for (let run = 0; run < runs; run++) {
    for (const [of, check] of checks) {
      const fault = check(random, functions);
      if (fault !== undefined) return `${of}: ${fault}`;
    }
  }
  return undefined;
}
