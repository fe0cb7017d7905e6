/**
 * Mistakes that proofs have to find: each is a change of one place of the code, in a copy of it.
 *
 * A claim that z3 does not refute then would prove nothing.
 */

const LINUX = 'lib/verify/numbers/linuxTransfer.js';
const SOUND = 'lib/verify/numbers/transfer.js';
const LINUX_BRANCH = 'lib/verify/numbers/linuxBranch.js';
const SOUND_BRANCH = 'lib/verify/numbers/branch.js';

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

  [LINUX, 'if (umin <= FULL_64.umax && umax > FULL_64.umax)', 'if (umin > umax)', 'linux: add64'],
  [LINUX, 'if (umin32 < 0n && umax32 >= 0n)', 'if (umin32 > umax32)', 'linux: sub32'],
  [LINUX, '[r.smin - by.smax, r.smax - by.smin]', '[r.smin - by.smin, r.smax - by.smax]', 'linux: sub64'],
  [LINUX, 'r.smin * by.smax, r.smax * by.smin, r.smax', 'r.smax', 'linux: mul64'],
  [LINUX, 'min(before.umax32, by.umax32)', 'by.umax32 >> 1n', 'linux: and32'],
  [SOUND, 'floor(lowest) === floor(highest)', 'lowest <= highest', 'sound: add64'],
  [SOUND, 'a.umin - b.umax, a.umax - b.umin', 'a.umin - b.umin, a.umax - b.umax', 'sound: sub64'],
  [SOUND, 'min(a.umax, b.umax - 1n)', 'b.umax - 1n > a.umin ? a.umin : a.umax', 'sound: mod64'],
  [SOUND, 'if (a.smin === all.smin && divisor === -1n)', 'if (divisor === 0n)', 'sound: sdiv64'],
  [
    SOUND,
    'b.umin > 0n ? a.umax / b.umin : a.umax',
    'b.umin > 1n ? a.umax / b.umin : a.umax - 1n',
    'sound: div32',
  ],
  [LINUX_BRANCH, 'x.umin > y.umax ? true : x.umax <=', 'x.umin >= y.umax ? true : x.umax <=', 'linux: jgt64'],
  [
    LINUX_BRANCH,
    'x.smax <= y.smin ? true : x.smin >',
    'x.smax <= y.smin ? true : x.smin >=',
    'linux: jsle32',
  ],
  [LINUX_BRANCH, 'if ((value & constant) !== 0n)', 'if ((mask & constant) !== 0n)', 'linux: jset64'],
  [SOUND_BRANCH, 'min(x.umax, y.umax - gap)', 'min(x.umax, y.umin - gap)', 'sound: jlt64'],
  [SOUND_BRANCH, 'max(y.smin, x.smin + gap)', 'max(y.smin, x.smin + 1n)', 'sound: jsge64'],
];
