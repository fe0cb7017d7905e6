/**
 * Compute loops on the extended machine: `node dist/bench/loops.js`. A million rounds of eight operations on
 * 64 bits and on 32, and the sum of a million bytes, every load checked; and the sum of a map's bytes, with
 * all checks and with those only that no proof made needless. Prints JSON: result and milliseconds.
 */

import { compileEbpf, ebpf, verify } from '../lib/command.js';

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
  /** Compiled with proofs, where the program can be verified. */
  readonly proved?: number;
  readonly interpreter: number;
}

/** Bytes of the map; verifying takes a walk through all rounds. */
const MAP_BYTES = 32768;

/** The sum over an array's one value, whose address and size a verifier knows. */
function mapSum(): LoopResult {
  const [first, second, ...others] = ebpf.assemble(`
    r1 = 0 ll
    r3 = ${MAP_BYTES}
    r0 = 0
  again:
    r4 = *(u8 *)(r1 + 0)
    r0 += r4
    r1 += 1
    r3 -= 1
    if r3 != 0 goto again
    exit`);
  const program = [{ ...first!, src: ebpf.opcodes.PSEUDO.mapValue }, second!, ...others];
  const shape = { name: 'bytes', keySize: 4, valueSize: MAP_BYTES, maxEntries: 1 };
  const map = { kind: 'array', ...shape, writable: true, readable: true } as const;
  const { proofs, rejection } = verify(program, {
    type: 'socket_filter',
    maps: new Map([[0, map]]),
    proofs: true,
  });
  if (proofs === undefined) throw new Error(rejection?.message);
  const time = (load: (environment: ebpf.Environment) => ebpf.Executable, rounds: number) => {
    const memory = new Memory();
    const { values } = ebpf.createMap('array', memory, shape);
    values.bytes.set(Uint8Array.from({ length: MAP_BYTES }, (_, i) => i * 7));
    const environment = {
      memory,
      helpers: new Map(),
      budget: 100_000_000,
      resolveWide: () => BigInt(values.base),
    };
    const { low, run } = load(environment);
    let least = Number.POSITIVE_INFINITY;
    let result = 0;
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      result = 0;
      for (let i = 0; i < 2 ** 20 / MAP_BYTES; i++) {
        run(0, 0);
        result += low[0]!;
      }
      least = Math.min(least, performance.now() - started);
    }
    return { result: `${result}`, least };
  };
  const checked = time((environment) => compileEbpf(program, environment), 3 * ROUNDS);
  const proved = time((environment) => compileEbpf(program, environment, { proofs }), 3 * ROUNDS);
  const interpreted = time((environment) => loadProgram(program, environment), 3);
  if (new Set([checked.result, proved.result, interpreted.result]).size !== 1)
    throw new Error('sum of a map: engines disagree');
  return {
    result: proved.result,
    wasm: checked.least,
    proved: proved.least,
    interpreter: interpreted.least,
  };
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
report.mapSum = mapSum();
process.stdout.write(JSON.stringify(report));
