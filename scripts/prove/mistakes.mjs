/**
 * Mistakes that proofs have to find: each is a change of one place of the code, in a copy of it.
 *
 * A claim that z3 does not refute then would prove nothing.
 */

/** What is changed in which file, and a claim that has to fall. */
export const MISTAKES = [
  ['lib/verify/numbers/tnum.js', 'cut(carries | a.mask | b.mask)', 'cut(a.mask | b.mask)', 'tnum: add'],
  ['lib/verify/numbers/tnum.js', '(difference - b.mask)', '(difference + b.mask)', 'tnum: subtract'],
  [
    'lib/verify/numbers/tnum.js',
    'tnum(certain, possible & ~certain)',
    'tnum(certain, a.mask & b.mask)',
    'tnum: and',
  ],
  [
    'lib/verify/numbers/tnum.js',
    'const mask = a.mask | b.mask | (a.value ^ b.value);',
    'const mask = a.mask | b.mask;',
    'tnum: union',
  ],
  ['lib/jit/shared/alu.js', "rsh: 'shr_u'", "rsh: 'shr_s'", 'wasm: rsh64 r0, r1'],
  ['lib/jit/shared/alu.js', "jgt: 'gt_u'", "jgt: 'ge_u'", 'wasm: jgt64 r0, r1'],
  ['lib/jit/shared/alu.js', "code.i64(32n).op('i64.rotl')", "code.i64(16n).op('i64.rotl')", 'wasm: be64'],
  ['lib/jit/shared/alu.js', "if (op === 'sdiv') {", "if (op === 'none') {", 'wasm: sdiv64 r0, r1'],
  [
    'lib/jit/extended/emitter.js',
    "code.op('i64.extend_i32_u');",
    "code.op('i64.extend_i32_s');",
    'wasm: add32 r0, r1',
  ],
  ['lib/jit/extended/emit.js', "signExtend ? '_s' : '_u'", "signExtend ? '_u' : '_s'", 'wasm: load16'],
];
