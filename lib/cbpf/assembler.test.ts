import test from 'ava';
import fc from 'fast-check';
import { FilterError } from '../source.js';
import { arbitraryProgram, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { assemble, parseListing } from './assembler.js';
import { disassemble, toAssembly, toCArray, toCommaList, toDecimal } from './disassembler.js';
import type { Program } from './instruction.js';

const plain = (program: Program): Quadruple[] => program.map(({ code, jt, jf, k }) => [code, jt, jf, k]);

interface AssemblyRow {
  readonly id: string;
  readonly asm: string;
  readonly cbpf: readonly Quadruple[] | null;
}

test('bpf_asm dialect gives what bpf_asm gives', (t) => {
  const tally = new Tally('kernel/bpf_asm');
  for (const { id, asm, cbpf } of vectors<AssemblyRow>(t, 'vectors/kernel/bpf_asm.jsonl', 600)) {
    let actual: Quadruple[] | null = null;
    try {
      actual = plain(assemble(asm, { dialect: 'bpf_asm' }));
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
    }
    tally.check(
      JSON.stringify(actual) === JSON.stringify(cbpf),
      () => `${id}: ${JSON.stringify(asm)} gave ${JSON.stringify(actual)}`,
    );
  }
  tally.finish(t);
});

const mends = test.macro({
  title: (_, source: string) => `${JSON.stringify(source)} assembles`,
  exec(t, source: string, expected: readonly Quadruple[]) {
    t.deepEqual(plain(assemble(source)), expected);
    t.throws(() => assemble(source, { dialect: 'bpf_asm' }), { instanceOf: FilterError });
  },
});
test(mends, 'ret 7', [[6, 0, 0, 7]]);
test(mends, 'ldh [-0x100000]\nret #0', [
  [0x28, 0, 0, 0xfff0_0000],
  [6, 0, 0, 0],
]);
test(mends, 'jeq #1, a\na: ret #0', [
  [0x15, 0, 0, 1],
  [6, 0, 0, 0],
]);
test(mends, 'ldb [x-4]\nret a', [
  [0x50, 0, 0, 0xffff_fffc],
  [0x16, 0, 0, 0],
]);

test('offsets need no blanks', (t) => {
  t.deepEqual(plain(assemble('ldb [x+4]\nret a')), [
    [0x50, 0, 0, 4],
    [0x16, 0, 0, 0],
  ]);
});

test('bpf_asm takes `+4` for a number, and words in any case', (t) => {
  t.throws(() => assemble('ldb [x+4]\nret a', { dialect: 'bpf_asm' }), { message: /found '\+4'/ });
  for (const dialect of ['weir', 'bpf_asm'] as const)
    t.deepEqual(
      plain(assemble('LD [0]\nJEQ #1, L1, L2\nL1: RET #1\nL2: LDX M[3]\nRET A', { dialect })),
      plain(assemble('ld [0]\njeq #1, L1, L2\nL1: ret #1\nL2: ldx M[3]\nret a', { dialect })),
    );
});

const points = test.macro({
  title: (_, source: string) => `${JSON.stringify(source)} is refused at the right place`,
  exec(t, source: string, words: string, message: string, hint: string = '') {
    const error = t.throws(() => assemble(source), { instanceOf: FilterError });
    t.is(source.slice(error!.span.start, error!.span.end), words);
    t.is(error!.message, message);
    t.is(error!.hint, hint);
  },
});
test(points, 'ldq [0]\nret #0', 'ldq', "expected an instruction, found 'ldq'", "did you mean 'ld'?");
test(points, 'jeq #1, nowhere\nret #0', 'nowhere', "no label 'nowhere'");
test(
  points,
  'ldxb 4*([0]&0xff)\nret a',
  '0xff',
  "expected 0xf, found '0xff'",
  'the machine can only mask with 0xf here',
);
test(points, 'ld M[16]\nret a', '16', 'there are 16 cells, M[0] to M[15]');
test(points, 'aa: ld [0]\naa: ret a', 'aa', "label 'aa' is defined twice");
test(points, 'ret #4294967296', '4294967296', '4294967296 does not fit 32 bits');
test(
  points,
  'ld #vlan\nret a',
  'vlan',
  "expected an operand of a load, found 'vlan'",
  "did you mean 'vlanp'?",
);
test(points, '', '', 'expected at least one instruction, found the end');

test('every text form reads back to the same program', (t) => {
  const roundTrip = fc.property(arbitraryProgram(), (program) => {
    t.deepEqual(plain(parseListing(disassemble(program))), plain(program));
    t.deepEqual(plain(parseListing(toCArray(program))), plain(program));
    t.deepEqual(plain(parseListing(toDecimal(program))), plain(program));
    t.deepEqual(plain(parseListing(toCommaList(program))), plain(program));
    t.deepEqual(plain(assemble(toAssembly(program))), plain(program));
    t.deepEqual(plain(assemble(toAssembly(program), { dialect: 'bpf_asm' })), plain(program));
  });
  assertProperty(t, roundTrip, { numRuns: fullRun ? 5000 : 300 });
});

test('reading text gives a program or a FilterError', (t) => {
  const words = fc.array(
    fc.constantFrom(
      'ld',
      'ldxb',
      '[',
      ']',
      'x',
      '#',
      '4',
      '*',
      '(',
      '&',
      ')',
      ',',
      'l1',
      ':',
      '\n',
      'M',
      'ret',
      '-',
      'jeq',
      ' ',
    ),
  );
  const sound = fc.property(
    fc.oneof(
      fc.string(),
      words.map((parts) => parts.join(' ')),
    ),
    (source) => {
      for (const read of [assemble, parseListing]) {
        try {
          read(source);
        } catch (error) {
          if (!(error instanceof FilterError)) throw error;
        }
      }
    },
  );
  assertProperty(t, sound, { numRuns: fullRun ? 100_000 : 2000 });
  t.pass();
});

test('a listing looks as tcpdump prints it', (t) => {
  // `tcpdump -y EN10MB -d 'ip[0] & 0xf = 5'`, by hand: columns of 6, 9 and 17 characters.
  const program = fromQuadruples([
    [0x28, 0, 0, 12],
    [0x15, 0, 3, 0x800],
    [0x30, 0, 0, 14],
    [0x54, 0, 0, 0xf],
    [0x15, 1, 0, 5],
    [0x06, 0, 0, 0],
    [0x06, 0, 0, 262144],
  ]);
  t.deepEqual(disassemble(program).split('\n'), [
    '(000) ldh      [12]',
    '(001) jeq      #0x800           jt 2\tjf 5',
    '(002) ldb      [14]',
    '(003) and      #0xf',
    '(004) jeq      #0x5             jt 6\tjf 5',
    '(005) ret      #0',
    '(006) ret      #262144',
  ]);
  t.is(toDecimal(program.slice(0, 1)), '1\n40 0 0 12');
  t.is(toCArray(program.slice(1, 2)), '{ 0x15, 0, 3, 0x00000800 },');
});
