import test from 'ava';
import { fromHex } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { CONFORMANCE_HELPERS } from './conformance.js';
import { fromBytes, type Program } from './instruction.js';
import { loadProgram } from './interpreter.js';
import { type Environment, execute } from './machine.js';
import { Memory, RuntimeFault } from './memory.js';
import { validate } from './validator.js';

interface ConformanceRow {
  readonly name: string;
  readonly expect: 'result' | 'reject' | 'fault';
  readonly result: string | null;
  readonly mem: string;
  readonly program: string;
}

type Run = (program: Program, environment: Environment, address: number, length: number) => bigint;

const RUNTIMES: readonly (readonly [string, Run])[] = [
  [
    'definition',
    (program, environment, address, length) =>
      execute(program, environment, [BigInt(address), BigInt(length)]).result,
  ],
  [
    'interpreter',
    (program, environment, address, length) => {
      const { low, high, run } = loadProgram(program, environment);
      run(address, length);
      return (BigInt(high[0]! >>> 0) << 32n) | BigInt(low[0]! >>> 0);
    },
  ],
];

function outcome(run: Run, row: ConformanceRow): string {
  const program = fromBytes(fromHex(row.program));
  if (validate(program, { helpers: CONFORMANCE_HELPERS }) !== undefined) return 'reject';
  const memory = new Memory();
  const mem = fromHex(row.mem);
  const { base } = memory.add('memory', mem, { writable: true });
  try {
    const environment = { memory, helpers: CONFORMANCE_HELPERS, budget: 5_000_000 };
    return `0x${run(program, environment, mem.length === 0 ? 0 : base, mem.length).toString(16)}`;
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw error;
    return 'fault';
  }
}

for (const [name, run] of RUNTIMES) {
  for (const file of ['bpf_conformance', 'ubpf', 'random']) {
    test(`${file}: results of the ${name}`, (t) => {
      const tally = new Tally(`conformance/${file} (${name})`);
      for (const row of vectors<ConformanceRow>(t, `vectors/conformance/${file}.jsonl`, 250)) {
        const actual = outcome(run, row);
        const expected = row.expect === 'result' ? `0x${BigInt(row.result!).toString(16)}` : row.expect;
        tally.check(actual === expected, () => `${row.name}: ${actual}, not ${expected}`);
      }
      tally.finish(t);
    });
  }
}
