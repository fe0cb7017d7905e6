import test from 'ava';
import fc from 'fast-check';
import { ALU_ROWS, BRANCH_ROWS, type Width } from '../../ebpf/index.js';
import { assertProperty } from '../../testing/property.js';
import { fullRun } from '../../testing/vectors.js';
import { assume } from './branch.js';
import {
  constant,
  contains,
  includes,
  normalize,
  type Scalar,
  UNKNOWN,
  union,
  zeroExtended,
} from './scalar.js';
import * as tnum from './tnum.js';
import { alu, moveSigned, swap } from './transfer.js';

const EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 63n) - 1n,
  1n << 63n,
  tnum.ALL_BITS,
];
const numbers = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.bigInt({ min: 0n, max: tnum.ALL_BITS }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: -300n, max: -1n }).map((value) => BigInt.asUintN(64, value)),
);

/** A scalar and some of its members: made from the members, so that none is missing. */
const arbitraryScalar: fc.Arbitrary<{ readonly scalar: Scalar; readonly members: readonly bigint[] }> = fc
  .tuple(
    fc.array(numbers, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('bits', 'unsigned', 'signed', 'low', 'all', 'none'),
  )
  .map(([members, what]) => {
    const lowest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
    const highest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
    const signed = members.map((value) => BigInt.asIntN(64, value));
    const low = members.map((value) => value & 0xffff_ffffn);
    const lowSigned = members.map((value) => BigInt.asIntN(32, value));
    const mask = members.reduce((all, value) => all | (value ^ members[0]!), 0n);
    const use = (part: string): boolean => what === part || what === 'all';
    const { wide, low: half, bits } = UNKNOWN;
    const scalar: Scalar = {
      bits: use('bits') ? { value: members[0]! & ~mask, mask } : bits,
      wide: {
        ...(use('unsigned')
          ? { umin: lowest(members), umax: highest(members) }
          : { umin: wide.umin, umax: wide.umax }),
        ...(use('signed')
          ? { smin: lowest(signed), smax: highest(signed) }
          : { smin: wide.smin, smax: wide.smax }),
      },
      low: use('low')
        ? { umin: lowest(low), umax: highest(low), smin: lowest(lowSigned), smax: highest(lowSigned) }
        : half,
    };
    return { scalar: normalize(scalar)!, members };
  });

const widths = fc.constantFrom<Width>(32, 64);
const numRuns = fullRun ? 20_000 : 1500;
const show = (scalar: Scalar): string =>
  JSON.stringify(scalar, (_, value) => (typeof value === 'bigint' ? value.toString() : value));

test('a union has the members of both', (t) => {
  const holds = fc.property(arbitraryScalar, arbitraryScalar, (a, b) => {
    const joined = union(a.scalar, b.scalar);
    for (const member of [...a.members, ...b.members])
      t.true(
        contains(joined, member),
        `${member} in ${show(a.scalar)} or ${show(b.scalar)}: ${show(joined)}`,
      );
    t.true(includes(joined, a.scalar) && includes(joined, b.scalar));
  });
  assertProperty(t, holds, { numRuns });
});

test('normalizing loses no member', (t) => {
  const holds = fc.property(arbitraryScalar, ({ scalar, members }) => {
    for (const member of members) t.true(contains(scalar, member), `${member} in ${show(scalar)}`);
  });
  assertProperty(t, holds, { numRuns });
});

for (const row of ALU_ROWS) {
  test(`${row.name}: every concrete result lies in the abstract one`, (t) => {
    const holds = fc.property(arbitraryScalar, arbitraryScalar, widths, (a, b, width) => {
      const result = alu(row.name, a.scalar, b.scalar, width);
      for (const x of a.members) {
        for (const y of b.members) {
          const concrete = BigInt.asUintN(
            width,
            row.eval(BigInt.asUintN(width, x), BigInt.asUintN(width, y), width),
          );
          t.true(
            contains(result, concrete),
            `${x} ${row.name} ${y} = ${concrete} (${width}) in ${show(result)}`,
          );
        }
      }
    });
    assertProperty(t, holds, { numRuns });
  });
}

for (const row of BRANCH_ROWS) {
  test(`${row.name}: operands that take a side are among the refined ones`, (t) => {
    const holds = fc.property(arbitraryScalar, arbitraryScalar, widths, (a, b, width) => {
      for (const x of a.members) {
        for (const y of b.members) {
          const cut = (value: bigint): bigint =>
            row.isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
          const outcome = row.eval(cut(x), cut(y));
          const refined = assume(row.name, a.scalar, b.scalar, width, outcome);
          t.true(
            refined !== undefined && contains(refined.a, x) && contains(refined.b, y),
            `${x} ${row.name} ${y} (${width}) is ${outcome}`,
          );
        }
      }
    });
    assertProperty(t, holds, { numRuns });
  });
}

test('movsx, swaps and zero extension keep every result', (t) => {
  const swapped = (value: bigint, bits: number): bigint => {
    let result = 0n;
    for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn);
    return result;
  };
  const holds = fc.property(
    arbitraryScalar,
    widths,
    fc.constantFrom<8 | 16 | 32>(8, 16, 32),
    fc.constantFrom<16 | 32 | 64>(16, 32, 64),
    ({ scalar, members }, width, from, bits) => {
      for (const member of members) {
        t.true(contains(moveSigned(scalar, from, width), BigInt.asUintN(width, BigInt.asIntN(from, member))));
        t.true(contains(swap('be', scalar, bits), swapped(member, bits)));
        t.true(contains(swap('le', scalar, bits), BigInt.asUintN(bits, member)));
        t.true(contains(zeroExtended(scalar), member & 0xffff_ffffn));
      }
    },
  );
  assertProperty(t, holds, { numRuns });
});

test('constants stay constant', (t) => {
  const holds = fc.property(numbers, numbers, widths, (x, y, width) => {
    for (const op of ['add', 'sub', 'and', 'or', 'xor', 'mul', 'lsh', 'rsh', 'arsh'] as const) {
      t.true(tnum.isConstant(alu(op, constant(x), constant(y), width).bits), op);
    }
  });
  assertProperty(t, holds, { numRuns });
});

test('includes is a partial order that members respect', (t) => {
  const holds = fc.property(arbitraryScalar, arbitraryScalar, (a, b) => {
    t.true(includes(a.scalar, a.scalar));
    if (includes(a.scalar, b.scalar)) for (const member of b.members) t.true(contains(a.scalar, member));
  });
  assertProperty(t, holds, { numRuns });
});

test('a comparison that both sides agree on is decided', (t) => {
  t.is(assume('jgt', constant(3n), constant(5n), 64, true), undefined);
  t.is(assume('jgt', constant(3n), constant(5n), 64, false)?.a.bits.value, 3n);
  const below16 = assume('jlt', UNKNOWN, constant(16n), 64, true)!.a;
  t.deepEqual(
    [below16.wide.umin, below16.wide.umax, below16.bits.mask, below16.low.smax],
    [0n, 15n, 15n, 15n],
  );
});
