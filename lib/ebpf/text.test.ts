import test from 'ava';
import fc from 'fast-check';
import { FilterError } from '../source.js';
import { arbitraryEbpf, arbitraryInstruction } from '../testing/ebpfPrograms.js';
import { fromHex } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { Tally, vectors } from '../testing/vectors.js';
import { assemble, parseProgram } from './assembler.js';
import { decode } from './decode.js';
import { describe, disassemble, toAssembly, toCArray, toHex } from './disassembler.js';
import { encode } from './encode.js';
import { fromBytes, type Instruction, toBytes } from './instruction.js';

const hex = (program: Parameters<typeof toBytes>[0]): string => Buffer.from(toBytes(program)).toString('hex');

interface ConformanceRow {
  readonly name: string;
  readonly asm: string | null;
  readonly program: string;
  readonly expect: string;
}

for (const file of ['bpf_conformance', 'ubpf']) {
  test(`${file}: the assembly gives the program`, (t) => {
    const tally = new Tally(`conformance/${file} (assembler)`);
    for (const { name, asm, program } of vectors<ConformanceRow>(
      t,
      `vectors/conformance/${file}.jsonl`,
      250,
    )) {
      if (asm === null) continue;
      let actual: string;
      try {
        actual = hex(assemble(asm));
      } catch (error) {
        // One vector is about a register that does not exist.
        if (error instanceof FilterError && asm.includes('%r11')) {
          tally.leaveOut('sources that name a register there is not');
          continue;
        }
        actual = (error as Error).message;
      }
      tally.check(actual === program, () => `${name}: ${actual}, not ${program}`);
    }
    tally.finish(t);
  });
}

interface LogRow {
  readonly id: string;
  readonly log: string;
}
interface VerifierRow {
  readonly id: string;
  readonly insns?: readonly string[];
}

/** What the log has in place of numbers that differ from load to load, or knows by name alone. */
const isComparable = (instruction: Instruction): boolean =>
  !['call', 'callKfunc'].includes(instruction.kind) &&
  !(instruction.kind === 'wide' && instruction.pseudo !== 0);

test("instructions are listed as the kernel's verifier lists them", (t) => {
  const tally = new Tally('kernel/verifier_log (text of instructions)');
  const programs = new Map(
    vectors<VerifierRow>(t, 'vectors/kernel/verifier.jsonl', 1e9).map((row) => [row.id, row.insns]),
  );
  for (const { id, log } of vectors<LogRow>(t, 'vectors/kernel/verifier_log.jsonl', 150)) {
    const insns = programs.get(id);
    if (insns === undefined) continue;
    const program = fromBytes(fromHex(insns.join('')));
    for (const [, at, opcode, text] of log.matchAll(/^(\d+): \(([0-9a-f]{2})\) ([^;\n]*)/gm)) {
      const index = Number(at);
      const slot = program[index];
      if (slot === undefined || slot.opcode !== Number.parseInt(opcode!, 16)) continue;
      let actual: string;
      try {
        const instruction = decode(program, index);
        if (!isComparable(instruction)) continue;
        actual = describe(instruction);
      } catch {
        continue;
      }
      tally.check(actual === text!.trim(), () => `${id} ${index}: '${actual}', not '${text!.trim()}'`);
    }
  }
  tally.finish(t);
});

test('an instruction comes back from its encoding and from both texts', (t) => {
  const property = fc.property(arbitraryInstruction, (instruction) => {
    const slots = encode(instruction);
    t.deepEqual(decode(slots, 0), instruction);
    t.is(hex(assemble(describe(instruction))), hex(slots));
  });
  assertProperty(t, property, { numRuns: 2000 });
});

test('a program comes back from every text form', (t) => {
  const property = fc.property(arbitraryEbpf(), (program) => {
    const expected = hex(program);
    for (const text of [disassemble(program), toAssembly(program), toHex(program), toCArray(program)])
      t.is(hex(parseProgram(text)), expected);
  });
  assertProperty(t, property, { numRuns: 300 });
});

test('labels, comments and both syntaxes in one program', (t) => {
  const program = assemble(`
    # the sum of 1 to 10
    r0 = 0            ; kernel
    mov r1, 10        // bpf_conformance
  next:
    add %r0, %r1
    r1 -= 1
    if r1 != 0 goto next
    exit`);
  t.is(
    disassemble(program),
    [
      '   0: (b7) r0 = 0',
      '   1: (b7) r1 = 10',
      '   2: (0f) r0 += r1',
      '   3: (17) r1 -= 1',
      '   4: (55) if r1 != 0x0 goto pc-3',
      '   5: (95) exit',
    ].join('\n'),
  );
});

const refuses = test.macro({
  title: (_, source: string) => `'${source}' is refused`,
  exec(t, source: string, message: string, start: number) {
    const error = t.throws(() => parseProgram(source), { instanceOf: FilterError });
    t.is(error?.message, message);
    t.is(error?.span.start, start);
  },
});
test(refuses, 'r0 = 1\nr0 <> 2', "cannot read 'r0 <> 2'", 7);
test(refuses, 'ja nowhere\nexit', "no label 'nowhere'", 0);
test(refuses, 'mov r0, 0x1ffffffff', '0x1ffffffff does not fit 32 bits', 0);
test(refuses, 'ldxw r0, [r1+40000]', 'offset +40000 does not fit 16 bits', 0);
test(refuses, '95', '2 hex digits are no whole instructions of 16', 0);
test(refuses, '{ 1, 2 },', "expected '{ code, dst, src, offset, imm }'", 0);
