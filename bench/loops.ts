/**
 * Compute loops on the extended machine: `node dist/bench/loops.js`. A million rounds of eight operations on
 * 64 bits and on 32, and the sum of a million bytes, every load checked. Prints JSON: result and milliseconds.
 */

import { compileEbpf, ebpf } from '../lib/index.js';

const { encode, Memory, loadProgram } = ebpf;
type Instruction = ebpf.Instruction;
type Width = ebpf.Width;

const constant = (value: number): ebpf.Operand => ({ constant: value });
const register = (number: number): ebpf.Operand => ({ register: number });
const alu = (op: ebpf.AluOperation, width: Width, dst: number, operand: ebpf.Operand): Instruction => ({
  kind: 'alu',
  op,
  width,
  dst,
  operand,
});
const backTo = (from: number, to: number): Instruction => ({
  kind: 'branch',
  op: 'jne',
  width: 64,
  dst: 3,
  operand: constant(0),
  distance: to - from - 1,
});

function arithmetic(width: Width): readonly Instruction[] {
  return [
    alu('mov', 64, 0, constant(1)),
    alu('mov', 64, 2, constant(7)),
    alu('mov', 64, 3, constant(1_000_000)),
    alu('add', width, 0, register(2)),
    alu('xor', width, 0, register(3)),
    alu('lsh', width, 0, constant(1)),
    alu('sub', width, 0, register(3)),
    alu('or', width, 2, constant(3)),
    alu('xor', width, 0, register(2)),
    alu('add', width, 2, register(0)),
    alu('sub', width, 3, constant(1)),
    backTo(11, 3),
    { kind: 'exit' },
  ];
}

const SUM: readonly Instruction[] = [
  alu('mov', 64, 0, constant(0)),
  alu('mov', 64, 3, register(2)),
  { kind: 'load', size: 1, signExtend: false, dst: 4, base: 1, offset: 0 },
  alu('add', 64, 0, register(4)),
  alu('add', 64, 1, constant(1)),
  alu('sub', 64, 3, constant(1)),
  backTo(6, 2),
  { kind: 'exit' },
];

const BYTES = 65536;
const LOOPS = { alu64: arithmetic(64), alu32: arithmetic(32), sum: SUM };
const ROUNDS = 9;

export interface LoopResult {
  readonly result: string;
  readonly wasm: number;
  readonly interpreter: number;
}

const report: Record<string, LoopResult> = {};
for (const [name, instructions] of Object.entries(LOOPS)) {
  const program = instructions.flatMap((instruction) => encode(instruction));
  const time = (compiled: boolean): { result: bigint; least: number } => {
    const memory = new Memory();
    const bytes = memory.add(
      'bytes',
      Uint8Array.from({ length: BYTES }, (_, i) => i * 7),
      { writable: true },
    );
    const environment = { memory, helpers: new Map(), budget: 100_000_000 };
    const { low, high, run } = compiled
      ? compileEbpf(program, environment, { pointers: new Map([[1, bytes]]) })
      : loadProgram(program, environment);
    const times = 16;
    let least = Number.POSITIVE_INFINITY;
    let result = 0n;
    for (let round = 0; round < (compiled ? 3 * ROUNDS : 3); round++) {
      const started = performance.now();
      result = 0n;
      for (let i = 0; i < (name === 'sum' ? times : 1); i++) {
        run(bytes.base, BYTES);
        result += (BigInt(high[0]! >>> 0) << 32n) | BigInt(low[0]! >>> 0);
      }
      least = Math.min(least, performance.now() - started);
    }
    return { result, least };
  };
  const wasm = time(true);
  const interpreted = time(false);
  if (wasm.result !== interpreted.result) throw new Error(`${name}: engines disagree`);
  report[name] = { result: `${wasm.result}`, wasm: wasm.least, interpreter: interpreted.least };
}
process.stdout.write(JSON.stringify(report));
