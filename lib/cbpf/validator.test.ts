import test from 'ava';
import { fromQuadruples, type Quadruple } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { opcodeOf } from './opcodes.js';
import { assertValid, type ProblemKind, ProgramError, type ValidateOptions, validate } from './validator.js';

const refuses = test.macro({
  title: (_, kind: ProblemKind, what: string) => `${kind}: ${what}`,
  exec(
    t,
    kind: ProblemKind,
    _what: string,
    rows: readonly Quadruple[],
    index: number,
    options: ValidateOptions = {},
  ) {
    const problem = validate(fromQuadruples(rows), options);
    t.is(problem?.kind, kind);
    t.is(problem?.index, index);
  },
});
const RET: Quadruple = [0x06, 0, 0, 1];
const kernel = { personality: 'kernel' } as const;
test(refuses, 'empty', 'no instruction', [], 0);
test(refuses, 'unknown-opcode', 'ret x', [[0x0e, 0, 0, 0]], 0);
test(refuses, 'unknown-opcode', 'a code above 8 bits', [[0x106, 0, 0, 0]], 0);
test(refuses, 'zero-divisor', 'div #0', [[0x34, 0, 0, 0], RET], 0);
test(refuses, 'zero-divisor', 'mod #0', [[0x94, 0, 0, 0], RET], 0);
test(refuses, 'memory-cell', 'st M[16]', [[0x02, 0, 0, 16], RET], 0);
test(refuses, 'jump-out-of-range', 'jf past the end', [[0x15, 0, 1, 0], RET], 0);
test(refuses, 'jump-out-of-range', 'ja past the end', [[0x05, 0, 0, 1], RET], 0);
test(refuses, 'backward-jump', 'ja to itself', [[0x05, 0, 0, 0xffff_ffff], RET], 0);
test(refuses, 'no-return', 'a last load', [RET, [0x20, 0, 0, 0]], 1);
test(refuses, 'wide-shift', 'lsh #32 in the kernel', [[0x64, 0, 0, 32], RET], 0, kernel);
test(
  refuses,
  'uninitialized-memory',
  'a cell that one path skips',
  [[0x15, 0, 1, 0], [0x02, 0, 0, 3], [0x60, 0, 0, 3], RET],
  2,
  kernel,
);
test(refuses, 'unknown-extension', 'ancillary number 64', [[0x20, 0, 0, 0xffff_f040], RET], 0, kernel);
test(
  refuses,
  'too-long',
  '4097 instructions',
  Array.from({ length: 4097 }, () => RET),
  4096,
  kernel,
);

test('loops are admitted when asked for, and lsh #32 without the kernel', (t) => {
  t.is(validate(fromQuadruples([[0x05, 0, 0, 0xffff_ffff], RET]), { loops: 'bounded' }), undefined);
  t.is(validate(fromQuadruples([[0x64, 0, 0, 32], RET])), undefined);
});

test('assertValid names instruction and reason', (t) => {
  const error = t.throws(() => assertValid(fromQuadruples([RET, [0x94, 0, 0, 0], RET])), {
    instanceOf: ProgramError,
  });
  t.is(error?.message, 'instruction 1: division by the constant 0');
});

interface ValidateRow {
  readonly program: readonly Quadruple[];
  readonly valid: boolean;
  readonly knownOpcodes: boolean;
}

test("verdicts equal bpf_validate's", (t) => {
  const exact = new Tally('filters/cbpf-validate (exact)');
  const strict = new Tally('filters/cbpf-validate (known codes only)');
  for (const { program: rows, valid, knownOpcodes } of vectors<ValidateRow>(
    t,
    'vectors/filters/cbpf-validate.jsonl',
    1000,
  )) {
    const program = fromQuadruples(rows);
    const problem = validate(program, { exact: true });
    exact.check(
      (problem === undefined) === valid,
      () => `${JSON.stringify(rows)}: ${problem?.message ?? 'accepted'}`,
    );
    t.is(
      program.every(({ code }) => opcodeOf(code) !== undefined),
      knownOpcodes,
    );
    const stricter = validate(program, { loops: 'bounded' });
    strict.check(
      (stricter === undefined) === (valid && knownOpcodes),
      () => `${JSON.stringify(rows)}: ${stricter?.message ?? 'accepted'}`,
    );
  }
  exact.finish(t);
  strict.finish(t);
});
