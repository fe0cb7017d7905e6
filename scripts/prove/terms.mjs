/**
 * Whole numbers of any size as terms of z3.
 *
 * A term is what a BigInt of the code may be, as an expression over unknowns. It knows how many bits hold it (in two's
 * complement), so that a comparison is one of bit vectors that are just wide enough, and the low bits of a sum or
 * product are made of the low bits of its parts. Truth values are z3's, or plain ones where they are known.
 */

export class Term {
  constructor(bits, build) {
    this.bits = bits;
    this.build = build;
    this.known = new Map();
  }
}

/** @param z3 - A context of z3-solver. */
export function makeTerms(z3) {
  const { BitVec, Bool, If, And, Or, Not } = z3;
  const isTerm = (value) => value instanceof Term;
  const bitsOf = (value) => {
    if (isTerm(value)) return value.bits;
    const number = BigInt(value);
    return (number < 0n ? -number - 1n : number).toString(2).length + (number === 0n ? 0 : 1);
  };
  /** The low `width` bits. */
  const low = (value, width) => {
    if (!isTerm(value)) return BitVec.val(BigInt.asUintN(width, BigInt(value)), width);
    let vector = value.known.get(width);
    if (vector === undefined) value.known.set(width, (vector = value.build(width)));
    return vector;
  };
  const extract = (vector, high, from) =>
    from === 0 && high === vector.size() - 1 ? vector : vector.extract(high, from);

  /** An unknown of so many bits. */
  const unknown = (name, width, signed = false) => {
    const vector = BitVec.const(name, width);
    return ofVector(vector, signed);
  };
  const ofVector = (vector, signed = false) => {
    const width = vector.size();
    return new Term(signed ? width : width + 1, (wanted) => {
      if (wanted <= width) return extract(vector, wanted - 1, 0);
      return signed ? vector.signExt(wanted - width) : vector.zeroExt(wanted - width);
    });
  };
  const plain = (a, b) => !isTerm(a) && !isTerm(b);
  const pointwise = (bits, make) => (a, b) =>
    new Term(bits(bitsOf(a), bitsOf(b)), (width) => make(low(a, width), low(b, width)));
  const both = (concrete, symbolic) => (a, b) => (plain(a, b) ? concrete(a, b) : symbolic(a, b));
  const larger = (a, b) => Math.max(a, b);

  const asUint = (width, value) =>
    isTerm(value)
      ? new Term(width + 1, (wanted) =>
          wanted <= width ? low(value, wanted) : low(value, width).zeroExt(wanted - width),
        )
      : BigInt.asUintN(width, value);
  const asInt = (width, value) => {
    if (!isTerm(value)) return BigInt.asIntN(width, value);
    if (value.bits <= width) return value;
    return new Term(width, (wanted) =>
      wanted <= width ? low(value, wanted) : low(value, width).signExt(wanted - width),
    );
  };

  const shiftLeft = (a, count) => {
    if (plain(a, count)) return count > 4096n || count < -4096n ? 0n : a << count;
    if (!isTerm(count)) {
      const by = Number(count);
      if (by < 0) return shiftRight(a, -count);
      return new Term(bitsOf(a) + by, (width) =>
        width <= by ? BitVec.val(0, width) : low(a, width).shl(BitVec.val(by, width)),
      );
    }
    // Counts of the code are at most 64 where they matter.
    return new Term(bitsOf(a) + 65, (width) => {
      const wide = Math.max(width, bitsOf(count));
      return extract(low(a, wide).shl(low(count, wide)), width - 1, 0);
    });
  };
  const shiftRight = (a, count) => {
    if (plain(a, count)) return count > 4096n || count < -4096n ? 0n : a >> count;
    if (!isTerm(count)) {
      const by = Number(count);
      if (by < 0) return shiftLeft(a, -count);
      if (bitsOf(a) <= by + 1 && a.isNatural) return 0n;
      return new Term(Math.max(1, bitsOf(a) - by), (width) =>
        extract(low(a, width + by), width + by - 1, by),
      );
    }
    return new Term(bitsOf(a), (width) => {
      const wide = Math.max(width, bitsOf(a), bitsOf(count));
      return extract(low(a, wide).shr(low(count, wide)), width - 1, 0);
    });
  };

  /** Quotients and remainders of numbers of 64 bits; those by 0 are asked for nowhere. */
  const divide = (a, b, remainder) => {
    if (plain(a, b)) return b === 0n ? 0n : remainder ? a % b : a / b;
    const natural = bitsOf(a) <= 65 && bitsOf(b) <= 65 && isNatural(a) && isNatural(b);
    const width = Math.max(bitsOf(a), bitsOf(b)) - (natural ? 1 : 0);
    const [x, y] = [low(a, width), low(b, width)];
    if (natural) return ofVector(remainder ? x.urem(y) : x.udiv(y));
    if (remainder) return ofVector(x.srem(y), true);
    // By -1 it is the negative number, which of the most negative one is a bit longer.
    return new Term(width + 1, (wanted) =>
      If(y.eq(BitVec.val(-1, width)), low(negate(a), wanted), low(ofVector(x.sdiv(y), true), wanted)),
    );
  };
  const negate = (a) => (isTerm(a) ? new Term(a.bits + 1, (width) => low(a, width).neg()) : -a);
  const isNatural = (value) => (isTerm(value) ? value.isNatural === true : value >= 0n);
  const natural = (term) => {
    if (isTerm(term)) term.isNatural = true;
    return term;
  };

  /** One that was chosen is compared where it was chosen: so z3 sees the same comparison wherever a number is. */
  const compare = (concrete, make) => {
    const known = new Map();
    const attempt = (a, b) => {
      if (plain(a, b)) return concrete(a, b);
      const one = a.choice ?? b.choice;
      if (one === undefined) {
        const width = Math.max(bitsOf(a), bitsOf(b));
        return make(low(a, width), low(b, width));
      }
      const asked = known.get(a) ?? new Map();
      known.set(a, asked);
      if (!asked.has(b)) {
        const [x, y] =
          a.choice === undefined ? one.of.map((of) => attempt(a, of)) : one.of.map((of) => attempt(of, b));
        asked.set(b, chooseBool(one.condition, x, y));
      }
      return asked.get(b);
    };
    return attempt;
  };
  const isBoolean = (value) => typeof value === 'boolean';
  const not = (a) => (isBoolean(a) ? !a : Not(a));
  const and = (a, b) => (isBoolean(a) ? (a ? b : false) : isBoolean(b) ? (b ? a : false) : And(a, b));
  const or = (a, b) => (isBoolean(a) ? (a ? true : b) : isBoolean(b) ? (b ? true : a) : Or(a, b));
  const bool = (value) => (isBoolean(value) ? Bool.val(value) : value);
  const choose = (condition, a, b) => {
    const term = new Term(Math.max(bitsOf(a), bitsOf(b)), (width) =>
      If(condition, low(a, width), low(b, width)),
    );
    term.choice = { condition, of: [a, b] };
    return isNatural(a) && isNatural(b) ? natural(term) : term;
  };
  const chooseBool = (condition, a, b) => or(and(condition, a), and(not(condition), b));

  const naturalIf = (test, operation) => (a, b) => {
    const result = operation(a, b);
    return test(isNatural(a), isNatural(b)) ? natural(result) : result;
  };

  return {
    isTerm,
    low,
    bitsOf,
    ofVector: (vector, signed) => (signed ? ofVector(vector, true) : natural(ofVector(vector))),
    unknown: (name, width, signed) => (signed ? unknown(name, width, true) : natural(unknown(name, width))),
    asUint: (width, value) => natural(asUint(width, value)),
    asInt,
    add: naturalIf(
      (x, y) => x && y,
      both(
        (a, b) => a + b,
        pointwise(
          (x, y) => larger(x, y) + 1,
          (x, y) => x.add(y),
        ),
      ),
    ),
    subtract: both(
      (a, b) => a - b,
      pointwise(
        (x, y) => larger(x, y) + 1,
        (x, y) => x.sub(y),
      ),
    ),
    multiply: naturalIf(
      (x, y) => x && y,
      both(
        (a, b) => a * b,
        pointwise(
          (x, y) => x + y,
          (x, y) => x.mul(y),
        ),
      ),
    ),
    and_: naturalIf(
      (x, y) => x || y,
      both(
        (a, b) => a & b,
        pointwise(larger, (x, y) => x.and(y)),
      ),
    ),
    or_: naturalIf(
      (x, y) => x && y,
      both(
        (a, b) => a | b,
        pointwise(larger, (x, y) => x.or(y)),
      ),
    ),
    xor: naturalIf(
      (x, y) => x && y,
      both(
        (a, b) => a ^ b,
        pointwise(larger, (x, y) => x.xor(y)),
      ),
    ),
    negate,
    invert: (a) => (isTerm(a) ? new Term(a.bits, (width) => low(a, width).not()) : ~a),
    shiftLeft: naturalIf((x) => x, shiftLeft),
    shiftRight: naturalIf((x) => x, shiftRight),
    divide: (a, b) => divide(a, b, false),
    remainder: (a, b) => divide(a, b, true),
    less: compare(
      (a, b) => a < b,
      (x, y) => x.slt(y),
    ),
    atMost: compare(
      (a, b) => a <= b,
      (x, y) => x.sle(y),
    ),
    equal: compare(
      (a, b) => BigInt(a) === BigInt(b),
      (x, y) => x.eq(y),
    ),
    not,
    and,
    or,
    bool,
    choose,
    chooseBool,
  };
}
