/** Test support: pairs of programs that differ on one way only, where a proof may take it for another. */

import { type Program, parseListing } from '../cbpf/index.js';

/** Numbered lines, as listings have them, without their numbers. */
const listing = (text: string): Program =>
  parseListing(
    text
      .trim()
      .split('\n')
      .map((line, at) => `(${`${at}`.padStart(3, '0')}) ${line.trim()}`)
      .join('\n'),
  );

/** The second byte is looked at on the way, so that the ways before it meet there. */
const MEET = 'ldb [1]\njgt #0x5 jt 8 jf 8';

/** Operations that give a constant for one left operand, whatever the right one is. */
const FOLDING: readonly (readonly [operation: string, left: number])[] = [
  ['and', 0],
  ['mul', 0],
  ['lsh', 0],
  ['rsh', 0],
  ['or', 0xffff_ffff],
];

const FOLDED = FOLDING.map(([operation, left]): readonly [string, Program, Program] => [
  `a load that '${operation}' folds away is made still`,
  listing(`ldb [0]\njeq #0x1 jt 2 jf 4\nld #${left}\nja 5\nld #pktlen\nldxb 4*([20]&0xf)
    ${operation} x\njeq #${left} jt 8 jf 9\nret #9\nret #9`),
  listing('ldb [0]\njeq #0x1 jt 2 jf 3\nret #9\nldxb 4*([20]&0xf)\nret #9'),
]);

/** What the difference hangs on, and two programs that a packet tells apart. */
export const NARROW_PAIRS: readonly (readonly [what: string, a: Program, b: Program])[] = [
  ...FOLDED,
  [
    'parts of a result were looked at',
    listing('ldb [4]\nneg\nret a'),
    listing('ldb [4]\nneg\njgt #0x0 jt 3 jf 4\nst M[0]\nldb [1]\njge #0x1 jt 6 jf 6\nret #0'),
  ],
  [
    'a cell has another number on each way',
    listing(`ldb [0]\njeq #0x1 jt 2 jf 4\nld #1\nja 5\nld #2\nst M[0]\n${MEET}\nld M[0]\nret a`),
    listing('ldb [0]\nldb [1]\nret #2'),
  ],
  [
    'a cell holds a byte that was looked at',
    listing(`ldb [0]\njeq #0x1 jt 2 jf 5\nldb [3]\njgt #0x0 jt 4 jf 6\nja 6\nld #0\nst M[0]
      ldb [1]\njgt #0x5 jt 9 jf 9\nld M[0]\nret a`),
    listing('ldb [0]\njeq #0x1 jt 2 jf 3\nldb [3]\nldb [1]\nret #0'),
  ],
  [
    'a byte was there on one way',
    listing('ldb [0]\njeq #0x1 jt 4 jf 2\nldb [10]\nja 4\nldb [1]\njgt #0x5 jt 6 jf 6\nldb [10]\nret #1'),
    listing('ldb [0]\njeq #0x1 jt 3 jf 2\nldb [10]\nldb [1]\nret #1'),
  ],
  [
    'two bytes were compared',
    listing(`ldb [0]\ntax\nldb [2]\njgt x jt 4 jf 5\nst M[0]\nja 6\n${MEET}
      ldb [0]\ntax\nldb [2]\njgt x jt 12 jf 13\nret #1\nret #2`),
    listing('ldb [2]\nldb [1]\nret #2'),
  ],
  ['a packet ends behind a byte', listing('ldb [5]\nret #1'), listing('ldb [4]\nret #1')],
];
