/**
 * One claim rests on others: where code calls a part of the arithmetic that is proved to keep every value, the call is
 * not followed. What it leaves is unknown, but that the values which its arguments stand for are still among it.
 *
 * So a question to z3 is as large as one function, and what is proved of the parts ({@link makeContracts}' `claims`)
 * holds of all that is made of them.
 */

import { join } from 'node:path';

/** @param word - Bits of a word. Its calls are handed to these contracts as soon as they are made. */
export function makeContracts(terms, interpreter, dist, word) {
  const half = word / 2;
  const [linux, scalars, tnums] = ['linuxBounds', 'scalar', 'tnum'].map((file) =>
    interpreter.names(join(dist, 'lib/verify/numbers', `${file}.js`)),
  );
  const { truth, write, Maybe } = interpreter;
  let count = 0;
  let assumed = [];
  let tracked = [];
  let operands = [];

  const fresh = (width, signed) => terms.unknown(`part${count++}`, width, signed);
  const freshTruth = () => terms.equal(fresh(1), 1n);
  const rangeOf = (width) => ({
    umin: fresh(width),
    umax: fresh(width),
    smin: fresh(width, true),
    smax: fresh(width, true),
  });
  const bitsOf = () => ({ value: fresh(word), mask: fresh(word) });
  const scalarOf = () => ({ bits: bitsOf(), wide: rangeOf(word), low: rangeOf(half) });
  const boundsOf = () => {
    const [{ value, mask }, wide, low] = [bitsOf(), rangeOf(word), rangeOf(half)];
    const low32 = Object.fromEntries(Object.entries(low).map(([name, limit]) => [`${name}32`, limit]));
    return { value, mask, ...wide, ...low32 };
  };
  const asScalar = ({ value, mask, umin, umax, smin, smax, umin32, umax32, smin32, smax32 }) => ({
    bits: { value, mask },
    wide: { umin, umax, smin, smax },
    low: { umin: umin32, umax: umax32, smin: smin32, smax: smax32 },
  });

  const all = (...conditions) => conditions.reduce(terms.and, true);
  /** That a range with a value in it is not empty follows; said, it need not be found each time. */
  const isOrdered = ({ umin, umax, smin, smax }) =>
    terms.and(terms.atMost(umin, umax), terms.atMost(smin, smax));
  const inScalar = (scalar, value) =>
    all(truth(scalars.get('contains')(scalar, value)), isOrdered(scalar.wide), isOrdered(scalar.low));
  const inBounds = (r, value) => inScalar(asScalar(r), value);
  const inBits = (bits, value) => truth(tnums.get('contains')(bits, value));
  const inRange = (range, value, width) => {
    const { umin, umax, smin, smax } = range;
    const [unsigned, signed] = [terms.asUint(width, value), terms.asInt(width, value)];
    return all(
      ...[
        [umin, unsigned],
        [unsigned, umax],
        [smin, signed],
        [signed, smax],
      ].map(([less, more]) => terms.atMost(less, more)),
      isOrdered(range),
    );
  };
  /** Whether something is not undefined, and has the value. */
  const isThere = (result, isIn, value) =>
    result instanceof Maybe
      ? terms.and(result.condition, isIn(result.value, value))
      : result !== undefined && isIn(result, value);
  const lowBits = (bits, width) => tnums.get('cast')(bits, width);

  /**
   * A part: its file's names, arguments that may be anything, a result that may be, and what it keeps of a value, given the
   * arguments as they were and the result (of a number that is changed in place, the number as it is then).
   */
  const inPlace = (result) => ({
    names: linux,
    args: () => [boundsOf()],
    isInPlace: true,
    result,
    keeps: ([before], after, value) => [inBounds(before, value), inBounds(after, value)],
  });
  const ofRange = (width, others, rest) => ({
    names: scalars,
    args: () => [rangeOf(width), ...others()],
    result: () => rangeOf(width),
    keeps: ([range, ...known], result, value) => [
      all(inRange(range, value, width), rest(known, value)),
      inRange(result, value, width),
    ],
  });
  const byWidth = (name, make) =>
    [word, half].map((width) => [name, { ...make(width), when: (args) => args.at(-1) === width }]);
  const bothWays = (operation, names) => ({
    names,
    args: () => [bitsOf(), bitsOf()],
    result: bitsOf,
    keeps: ([a, b], result, x, y) => [
      all(inBits(a, x), inBits(b, y)),
      inBits(result, terms.asUint(word, operation(x, y))),
    ],
    isOfTwo: true,
  });
  const PARTS = [
    ...['limit32', 'limit64', 'limit', 'deduce32', 'deduce64', 'deduceMixed', 'learnBits', 'sync'].map(
      (name) => [name, inPlace()],
    ),
    ['deduce', inPlace(freshTruth)],
    [
      'close',
      {
        names: linux,
        args: () => [boundsOf()],
        result: scalarOf,
        keeps: ([r], result, value) => [inBounds(r, value), inScalar(result, value)],
      },
    ],
    [
      'memberAfter',
      {
        names: linux,
        args: () => [fresh(word), fresh(word), fresh(word)],
        result: () => fresh(word),
        keeps: ([value, mask, from], result, member) => [
          all(inBits({ value, mask }, member), terms.less(from, member)),
          terms.atMost(result, member),
        ],
      },
    ],
    ...byWidth('fromBits', (width) =>
      ofRange(
        width,
        () => [bitsOf(), width],
        ([bits], value) => inBits(lowBits(bits, width), terms.asUint(width, value)),
      ),
    ),
    ...byWidth('acrossSigns', (width) =>
      ofRange(
        width,
        () => [width],
        () => true,
      ),
    ),
    [
      'lowFromWide',
      ofRange(
        half,
        () => [rangeOf(word)],
        ([wide], value) => inRange(wide, value, word),
      ),
    ],
    [
      'wideFromLow',
      ofRange(
        word,
        () => [rangeOf(half)],
        ([low], value) => inRange(low, value, half),
      ),
    ],
    [
      'normalize',
      {
        names: scalars,
        args: () => [scalarOf()],
        result: () => new Maybe(freshTruth(), scalarOf()),
        keeps: ([scalar], result, value) => [inScalar(scalar, value), isThere(result, inScalar, value)],
      },
    ],
    [
      'fromRange',
      {
        names: tnums,
        args: () => [fresh(word), fresh(word)],
        result: bitsOf,
        keeps: ([from, to], result, value) => [
          all(terms.atMost(from, value), terms.atMost(value, to)),
          inBits(result, value),
        ],
        isOfHalves: true,
      },
    ],
    [
      'intersect',
      {
        names: tnums,
        args: () => [bitsOf(), bitsOf()],
        result: () => new Maybe(freshTruth(), bitsOf()),
        keeps: ([a, b], result, value) => [
          all(inBits(a, value), inBits(b, value)),
          isThere(result, inBits, value),
        ],
        isOfHalves: true,
      },
    ],
    [
      'withLow',
      {
        names: tnums,
        args: () => [bitsOf(), bitsOf()],
        result: bitsOf,
        keeps: ([a, low], result, value) => [
          all(inBits(a, value), inBits(low, terms.asUint(half, value))),
          inBits(result, value),
        ],
      },
    ],
    ['multiply', bothWays(terms.multiply, tnums)],
  ];

  const called = new Map();
  for (const [name, part] of PARTS) {
    const closure = part.names.get(name);
    called.set(closure, [...(called.get(closure) ?? []), part]);
  }
  interpreter.intercept((closure, args) => {
    const part = called.get(closure)?.find(({ when }) => when === undefined || when(args));
    if (part === undefined || (part.isOfTwo ? operands : tracked).length === 0) return undefined;
    const before = part.isInPlace ? [{ ...args[0] }, ...args.slice(1)] : args;
    const result = part.result?.();
    if (part.isInPlace) for (const [field, value] of Object.entries(boundsOf())) write(args[0], field, value);
    const after = part.isInPlace ? args[0] : result;
    const assume = (...values) => {
      const [when, then] = part.keeps(before, after, ...values);
      if (when !== false && then !== true) assumed.push({ when, then });
    };
    if (part.isOfTwo) assume(...operands);
    else
      for (const x of tracked)
        for (const value of part.isOfHalves ? [x, terms.asUint(half, x)] : [x]) assume(value);
    return { result };
  });

  /** A claim about values, and operands that they come from, with what the parts that it calls keep of them. */
  const about = (values, make, from = []) => {
    [tracked, operands, assumed] = [values, from, []];
    const { given, claim } = make();
    tracked = [];
    return { given, lemmas: assumed, claim };
  };
  const claims = PARTS.map(([name, { names, args, isInPlace, isOfTwo, keeps, when }]) => {
    const asked = args();
    const width = when === undefined ? '' : asked.at(-1);
    const prefix = names === linux ? 'linux' : names === scalars ? 'sound' : 'tnum';
    const make = () => {
      const values = isOfTwo ? [fresh(word), fresh(word)] : [fresh(word)];
      return about(values, () => {
        const before = isInPlace ? [{ ...asked[0] }] : asked;
        const mine = isInPlace ? { ...asked[0] } : undefined;
        const result = names.get(name)(...(isInPlace ? [mine] : asked));
        const [given, claim] = keeps(before, isInPlace ? mine : result, ...values);
        return { given: [given], claim };
      });
    };
    return { name: `${prefix}: keeps ${name}${width}`, make };
  });
  return { about, claims };
}
