import { gunzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
  attach,
  CONFORMANCE_HELPERS,
  createProgramArray,
  type Environment,
  encode,
  execute,
  fromBytes,
  type HelperFunction,
  type Instruction,
  Memory,
  makeHelpers,
  type Operand,
  opcodes,
  type Program,
  programTypeOf,
  RuntimeFault,
  type Slot,
  validate,
} from '../../ebpf/index.js';
import { fromHex } from '../../testing/programs.js';
import { assertProperty } from '../../testing/property.js';
import { fullRun, Tally, vectors } from '../../testing/vectors.js';
import { compileEbpf, type WebAssemblyOptions } from './webassembly.js';

function resultOf(
  program: Program,
  environment: Environment,
  r1: number,
  r2: number,
  options: WebAssemblyOptions = {},
): bigint {
  const { low, high, run } = compileEbpf(program, environment, options);
  run(r1, r2);
  return (BigInt(high[0]! >>> 0) << 32n) | BigInt(low[0]! >>> 0);
}

interface ConformanceRow {
  readonly name: string;
  readonly expect: 'result' | 'reject' | 'fault';
  readonly result: string | null;
  readonly mem: string;
  readonly program: string;
}

function conformance(row: ConformanceRow): string {
  const program = fromBytes(fromHex(row.program));
  if (validate(program, { helpers: CONFORMANCE_HELPERS }) !== undefined) return 'reject';
  const memory = new Memory();
  const mem = fromHex(row.mem);
  const region = memory.add('memory', mem, { writable: true });
  const environment = { memory, helpers: CONFORMANCE_HELPERS, budget: 5_000_000 };
  try {
    const pointers = new Map([[1, region]]);
    return `0x${resultOf(program, environment, mem.length === 0 ? 0 : region.base, mem.length, { pointers }).toString(16)}`;
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw new Error(`${row.name}: ${(error as Error).stack}`);
    return 'fault';
  }
}

for (const file of ['bpf_conformance', 'ubpf', 'random']) {
  test(`${file}: results of compiled programs`, (t) => {
    const tally = new Tally(`conformance/${file} (WebAssembly JIT)`);
    for (const row of vectors<ConformanceRow>(t, `vectors/conformance/${file}.jsonl`, 250)) {
      const actual = conformance(row);
      const expected = row.expect === 'result' ? `0x${BigInt(row.result!).toString(16)}` : row.expect;
      tally.check(actual === expected, () => `${row.name}: ${actual}, not ${expected}`);
    }
    tally.finish(t);
  });
}

interface KernelTestRow {
  readonly id: string;
  readonly descr: string;
  readonly kind: string;
  readonly insns?: readonly string[];
  readonly insns_gz?: string;
  readonly ctx: 'none' | 'skb' | 'mem';
  readonly data?: string;
  readonly tests: readonly { readonly size: number; readonly result: number }[];
}

const BUDGET = 20_000_000;

function kernelTest(row: KernelTestRow, program: Program, size: number): number {
  if (row.ctx === 'skb') {
    const bytes = fromHex((row.data ?? '').slice(0, size * 2).padEnd(size * 2, '0'));
    const run = attach(program, programTypeOf('kernel_filter'), {
      unverified: true,
      budget: BUDGET,
      load: (loaded, environment, context) =>
        compileEbpf(loaded, environment, { pointers: new Map([[1, context]]) }),
    });
    return run(bytes, 0, size, size, { protocol: 0x0800 });
  }
  const memory = new Memory();
  const { base } = memory.add('memory', new Uint8Array(size), { writable: true });
  const environment = { memory, helpers: new Map(), budget: BUDGET, lenient: true };
  return Number(resultOf(program, environment, row.ctx === 'mem' ? base : 0, 0) & 0xffff_ffffn);
}

test("the kernel's own tests of the extended machine pass when compiled", (t) => {
  const tally = new Tally('kernel/test_bpf (eBPF rows, WebAssembly JIT)');
  for (const row of vectors<KernelTestRow>(t, 'vectors/kernel/test_bpf.jsonl', 300)) {
    if (row.kind !== 'ebpf') continue;
    const bytes =
      row.insns === undefined
        ? new Uint8Array(gunzipSync(Buffer.from(row.insns_gz!, 'base64')))
        : fromHex(row.insns.join(''));
    const program = fromBytes(bytes);
    for (const { size, result } of row.tests) {
      const actual = kernelTest(row, program, size);
      tally.check(actual === result, () => `${row.id} ${row.descr}, ${size} bytes: ${actual}, not ${result}`);
    }
  }
  tally.finish(t);
});

interface TailCallRow {
  readonly index: number;
  readonly descr: string;
  readonly insns: readonly string[];
  readonly need_state: boolean;
  readonly result_in_state: boolean;
  readonly result: number;
}

/** Puts array, index and call into a row of the tail call vectors, as their README says. */
function link({ insns, index }: TailCallRow, rows: number): Program {
  const [mark, nothing, beyond] = [0x7a11ca11, 0x7fff, 0x7ffe];
  return fromBytes(fromHex(insns.join(''))).map((slot): Slot => {
    const { opcode, dst, src, offset: distance, imm } = slot;
    if (opcode === 0xf5) return { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 12 };
    if (opcode === 0x18 && imm === mark) return { opcode, dst, src: 1, offset: 0, imm: 1 };
    if (opcode === 0xb4 && imm === mark) {
      const entry = distance === nothing ? rows : distance === beyond ? rows + 1 : index + distance;
      return { opcode, dst, src, offset: 0, imm: entry };
    }
    return opcode === 0x85 ? { ...slot, src: 0 } : slot;
  });
}

test('tail calls in compiled programs', (t) => {
  const tally = new Tally('kernel/test_bpf_tailcall (WebAssembly JIT)');
  const rows = vectors<TailCallRow>(t, 'vectors/kernel/test_bpf_tailcall.jsonl');
  const programs = rows.map((row) => link(row, rows.length));
  const maps = new Map([[1, createProgramArray('programs', [...programs, undefined])]]);
  const nothing: HelperFunction = () => undefined;
  const called = programs.flat().filter(({ opcode, imm }) => opcode === 0x85 && imm !== 12);
  const helpers = new Map([
    ...called.map(({ imm }): [number, HelperFunction] => [imm, nothing]),
    ...makeHelpers({ maps }),
  ]);
  for (const row of rows) {
    const memory = new Memory();
    const state = memory.add('state', new Uint8Array(4), { writable: true });
    const environment = { memory, helpers, resolveWide: () => 1n, lenient: true };
    const { run, low } = compileEbpf(programs[row.index]!, environment);
    for (let round = 0; round < (row.result_in_state ? 1000 : 1); round++)
      run(row.need_state ? state.base : 0, 0);
    const result = row.result_in_state ? state.view.getUint32(0, true) : low[0]! >>> 0;
    tally.check(result === row.result, () => `${row.descr}: ${result}, not ${row.result}`);
  }
  tally.finish(t);
});

const register = fc.nat({ max: 9 });
const anyRegister = fc.nat({ max: 10 });
const number32 = fc.oneof(
  fc.integer({ min: -40, max: 40 }),
  fc.integer(),
  fc.constantFrom(-0x8000_0000, 0x7fff_ffff, -1, 0, 1),
);
const operand: fc.Arbitrary<Operand> = fc.oneof(
  anyRegister.map((from) => ({ register: from })),
  number32.map((constant) => ({ constant })),
);
const width = fc.constantFrom(32 as const, 64 as const);
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
/** r1 points to memory, r10 to the end of the stack; other bases mostly fault. */
const base = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(1, 10) }, { weight: 1, arbitrary: register });
const offset = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) },
  fc.integer({ min: -560, max: 20 }),
);
const distance = fc.integer({ min: -12, max: 20 });

const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('alu' as const),
      op: fc.constantFrom(...opcodes.ALU_ROWS.map(({ name }) => name)),
      width,
      dst: register,
      operand,
    }),
  },
  fc.record({
    kind: fc.constant('movsx' as const),
    from: fc.constantFrom(8 as const, 16 as const),
    width,
    dst: register,
    src: anyRegister,
  }),
  fc.record({
    kind: fc.constant('swap' as const),
    op: fc.constantFrom('le' as const, 'be' as const, 'bswap' as const),
    bits: fc.constantFrom(16 as const, 32 as const, 64 as const),
    dst: register,
  }),
  fc.record({
    kind: fc.constant('load' as const),
    size,
    signExtend: fc.boolean(),
    dst: register,
    base,
    offset,
  }),
  fc.record({ kind: fc.constant('store' as const), size, base, offset, operand }),
  fc.record({
    kind: fc.constant('atomic' as const),
    op: fc.constantFrom(...opcodes.ATOMIC_ROWS.map(({ name }) => name)),
    fetch: fc.boolean(),
    size: fc.constantFrom(4 as const, 8 as const),
    base,
    offset,
    src: register,
  }),
  fc.record({
    kind: fc.constant('packet' as const),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const),
    index: fc.option(anyRegister, { nil: undefined }),
    offset: fc.nat({ max: 30 }),
  }),
  fc.record({
    kind: fc.constant('branch' as const),
    op: fc.constantFrom(...opcodes.BRANCH_ROWS.map(({ name }) => name)),
    width,
    dst: anyRegister,
    operand,
    distance,
  }),
  fc.record({ kind: fc.constant('jump' as const), distance, long: fc.boolean() }),
  fc.record({
    kind: fc.constant('wide' as const),
    pseudo: fc.constant(0),
    dst: register,
    low: number32,
    high: number32,
  }),
  fc.record({ kind: fc.constant('call' as const), helper: fc.constantFrom(0, 2, 3, 5) }),
  fc.record({ kind: fc.constant('callLocal' as const), distance }),
  fc.constant({ kind: 'exit' as const }),
);

const arbitraryEbpf: fc.Arbitrary<Program> = fc
  .array(
    instruction.map((one) => {
      if (one.kind === 'load' && one.size === 8) return { ...one, signExtend: false };
      if (one.kind === 'atomic' && (one.op === 'xchg' || one.op === 'cmpxchg'))
        return { ...one, fetch: true };
      if (one.kind === 'alu' && one.op === 'neg') return { ...one, operand: { constant: 0 } };
      return one;
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((body) => [...body.flatMap(encode), ...encode({ kind: 'exit' })]);

/** Registers begin with something to work on. */
const PROLOGUE: Program = [0, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((dst) =>
  encode({ kind: 'wide', pseudo: 0, dst, low: dst * 0x1234_5679, high: -dst * 7 }),
);

const UNMADE_FRAME = 'a frame not made yet';
const isUnmadeFrame = (address: bigint, { pages }: Memory): boolean => {
  const page = Number(address >> 16n);
  return page >= pages.length && page < pages.length + 8;
};

/** What a run came to: r0 and memory, or the fault. */
function summary(program: Program, bytes: Uint8Array, packet: Uint8Array, compiled: boolean): string {
  const memory = new Memory();
  const region = memory.add('memory', bytes.slice(), { writable: true });
  const packetRegion = memory.add('packet', packet.slice(), { room: 100 });
  const environment = { memory, packet: packetRegion, helpers: CONFORMANCE_HELPERS, budget: 20_000 };
  let outcome: string;
  try {
    const result = compiled
      ? resultOf(program, environment, region.base, bytes.length, { pointers: new Map([[1, region]]) })
      : execute(program, environment, [BigInt(region.base), BigInt(bytes.length)]).result;
    outcome = `r0 = ${result.toString(16)}`;
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw error;
    // Where a loop is noticed to run too long differs, and so does memory then.
    if (error.kind === 'budget') return 'budget';
    // Compiled programs have the memory of all frames from the start, the definition makes it on demand: an
    // address made of random bits may hit a frame in one of them only.
    if (!compiled && error.kind === 'out-of-bounds' && isUnmadeFrame(error.address!, memory))
      return UNMADE_FRAME;
    outcome =
      error.kind === 'out-of-bounds' ? `${error.kind} ${error.index} ${error.address}` : error.message;
  }
  const after = region.bytes.subarray(region.start, region.start + region.length);
  return `${outcome}\n${Buffer.from(after).toString('hex')}`;
}

test('compiled programs equal the definition on any program, memory and packet', (t) => {
  const holds = fc.property(
    arbitraryEbpf,
    fc.uint8Array({ minLength: 1, maxLength: 48 }),
    fc.uint8Array({ maxLength: 48 }),
    (body, bytes, packet) => {
      const program = [...PROLOGUE, ...body];
      fc.pre(validate(program, { helpers: CONFORMANCE_HELPERS }) === undefined);
      const expected = summary(program, bytes, packet, false);
      if (expected === UNMADE_FRAME) return;
      t.is(summary(program, bytes, packet, true), expected);
    },
  );
  assertProperty(t, holds, { numRuns: fullRun ? 20_000 : 500 });
});

// Such loops are written with two turns between jumps back, so odd and even numbers of turns leave at different places.
test('loops of one block equal the definition, whatever ends them', (t) => {
  const tests = ['jeq', 'jne', 'jgt', 'jge', 'jlt', 'jle', 'jsgt', 'jsge', 'jslt', 'jsle', 'jset'] as const;
  const widths = fc.constantFrom<32 | 64>(32, 64);
  const alu = (op: 'mov' | 'add' | 'xor', width: 32 | 64, dst: number, operand: Operand): Instruction => ({
    kind: 'alu',
    op,
    width,
    dst,
    operand,
  });
  const number = fc.integer({ min: -9, max: 9 });
  const holds = fc.property(
    fc.constantFrom(...tests),
    widths,
    widths,
    fc.constantFrom(-2, -1, 1, 3),
    number,
    number,
    (op, width, stepWidth, step, first, last) => {
      const program = [
        alu('mov', 64, 0, { constant: 0 }),
        alu('mov', 64, 1, { constant: first }),
        alu('add', 64, 0, { register: 1 }),
        alu('xor', 64, 0, { constant: 0x55 }),
        alu('add', stepWidth, 1, { constant: step }),
        { kind: 'branch', op, width, dst: 1, operand: { constant: last }, distance: -4 },
        alu('add', 64, 0, { register: 1 }),
        { kind: 'exit' },
      ] satisfies Instruction[];
      const slots = program.flatMap((instruction) => encode(instruction));
      t.is(
        summary(slots, new Uint8Array(8), new Uint8Array(0), true),
        summary(slots, new Uint8Array(8), new Uint8Array(0), false),
      );
    },
  );
  assertProperty(t, holds, { numRuns: fullRun ? 20_000 : 500 });
});
