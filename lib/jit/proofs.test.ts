/**
 * Checks that proofs made needless must have been needless: whatever verifies gives the same results in the
 * definition, which checks everything, and compiled with and without proofs.
 */

import test from 'ava';
import fc from 'fast-check';
import {
  type AttachOptions,
  assemble,
  attach,
  type BpfMap,
  build,
  createMap,
  createProgramArray,
  Memory,
  opcodes,
  type Program,
  programTypeOf,
  RuntimeFault,
  type Slot,
} from '../ebpf/index.js';
import { lift } from '../lift/index.js';
import { fromQuadruples, type Quadruple } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { generator } from '../testing/random.js';
import { fullRun, vectors } from '../testing/vectors.js';
import { type MapRow, mapsOf, programOf, verifierRows } from '../testing/verifierVectors.js';
import { type MapInfo, type Proof, type VerifiedType, verify } from '../verify/index.js';
import { compileEbpf } from './extended/webassembly.js';

/** A program with its maps, which every run makes anew. */
interface Case {
  readonly program: Program;
  readonly type: VerifiedType;
  readonly maps: readonly MapRow[];
}

const HANDLE = 0x1000;

/** The same with the handles of its maps in the immediates. */
const withHandles = (program: Program, maps: readonly MapRow[]): Program =>
  program.map((slot, index): Slot => {
    const map = maps.findIndex(({ at }) => at.includes(index));
    return map < 0 ? slot : { ...slot, imm: HANDLE + map };
  });

const kindOf = ({ type }: MapRow): MapInfo['kind'] => {
  const name = type.toLowerCase().replace(/^bpf_map_type_/, '');
  return name === 'array' || name === 'hash' ? name : name === 'prog_array' ? 'programArray' : 'other';
};

const RETURNS_42 = assemble('r0 = 42\nexit');

/** Runs a program over packets; results, faults, and what the maps hold in the end. */
function runs(
  { program, type, maps }: Case,
  packets: readonly Uint8Array[],
  more: Pick<AttachOptions, 'definition' | 'load'>,
): readonly string[] {
  const memory = new Memory();
  const made = new Map<number, BpfMap>();
  maps.forEach((row, index) => {
    const shape = {
      name: `${index}`,
      keySize: row.key_size,
      valueSize: row.value_size,
      maxEntries: row.max_entries,
    };
    const kind = kindOf(row);
    if (kind === 'array' || kind === 'hash') made.set(HANDLE + index, createMap(kind, memory, shape));
    else made.set(HANDLE + index, createProgramArray(shape.name, [RETURNS_42, undefined]));
  });
  let now = 0n;
  const run = attach(program, programTypeOf(type), {
    unverified: true,
    ...more,
    memory,
    maps: made,
    budget: 2_000_000,
    clock: () => ++now,
    random: () => 0.37,
    trace: () => {},
    resolveWide: (pseudo, low, high) => {
      const map = made.get(low);
      if (pseudo !== 2 && pseudo !== 6) return BigInt(low);
      return map !== undefined && 'values' in map ? BigInt(map.values.base + high) : 0n;
    },
  });
  const results = packets.map((bytes) => {
    try {
      return `${run(bytes, 0, bytes.length, bytes.length + 3, { packetType: 1, vlanTci: 5 })}`;
    } catch (error) {
      if (!(error instanceof RuntimeFault)) throw error;
      return `${error.kind} ${error.index}`;
    }
  });
  const contents = [...made.values()].map((map) => {
    if (!('values' in map)) return '';
    const { bytes, start, length } = map.values;
    return Buffer.from(bytes.subarray(start, start + length)).toString('hex');
  });
  return [...results, ...contents];
}

/** Compares three ways to run a program that verifies; false when it does not, with why on difference. */
function agree(checked: Case, packets: readonly Uint8Array[], privileged = true): string | boolean {
  const { program, type, maps } = checked;
  const infos = mapsOf({ maps });
  // What engines load is verified so; Linux looks at no field of what it never gets to.
  const options = { type, privileged, maps: infos, budget: 4_000, proofs: true, rules: 'sound' } as const;
  const { accepted, proofs } = verify(program, options);
  if (!accepted) return false;
  const expected = runs(checked, packets, { definition: true });
  // Loops that the runtime ends are counted in different places.
  if (expected.some((value) => value.startsWith('budget'))) return false;
  const compiled = (given: typeof proofs) =>
    runs(checked, packets, {
      load: (loaded, environment, context) =>
        compileEbpf(loaded, environment, {
          pointers: new Map([[1, context]]),
          ...(given === undefined ? {} : { proofs: given }),
        }),
    });
  for (const given of [proofs, undefined]) {
    const actual = compiled(given);
    const at = expected.findIndex((value, index) => value !== actual[index]);
    if (at >= 0)
      return `${given === undefined ? 'without' : 'with'} proofs run ${at} gives ${actual[at]}, not ${expected[at]}`;
  }
  return true;
}

const TYPES = ['xdp', 'sched_cls', 'socket_filter', 'cgroup_skb'] as const satisfies readonly VerifiedType[];

/** Short ones most of all: what a program expects is then not there. */
const somePackets = (random: (below: number) => number): readonly Uint8Array[] =>
  [0, 1 + random(13), 14 + random(30), 44 + random(80)].map((length) =>
    Uint8Array.from({ length }, () => random(random(2) === 0 ? 4 : 256)),
  );

const NUMBERS = [0, 1, 2, 4, 7, 8, 14, 16, 34, 64, 255, 512, -1, -8, -512, 0x7fff_ffff, -0x8000_0000];

function mutate(program: Program, random: (below: number) => number): Program {
  const slots = program.map((slot): Slot => ({ ...slot }));
  for (let times = random(3); times > 0; times--) {
    const at = random(slots.length);
    const slot = slots[at]!;
    const changes: readonly Partial<Slot>[] = [
      { imm: NUMBERS[random(NUMBERS.length)]! },
      { offset: NUMBERS[random(NUMBERS.length - 2)]! },
      { dst: random(11) },
      { src: random(11) },
      { opcode: slot.opcode ^ (1 << random(8)) },
      { offset: slot.offset + random(5) - 2 },
    ];
    slots[at] = { ...slot, ...changes[random(changes.length)] };
  }
  return slots;
}

test("the kernel's verifier tests and their mutants run alike with and without proofs", (t) => {
  const rows = verifierRows(t, 250).filter(
    ({ maps, n }) =>
      n < 200 &&
      maps.every(
        (row) => kindOf(row) !== 'other' && row.value_size > 0 && row.value_size * row.max_entries < 1 << 20,
      ),
  );
  const random = generator(Number(process.env.WEIR_SEED ?? 77));
  const rounds = Number(process.env.WEIR_FUZZ ?? (fullRun ? 24 : 4));
  let compared = 0;
  for (const row of rows) {
    const { id, maps } = row;
    const original = programOf(row);
    if (original === undefined) continue;
    for (let round = 0; round < rounds; round++) {
      const changed = round < TYPES.length ? original : mutate(original, random);
      const program = withHandles(changed, maps);
      const type = round < TYPES.length ? TYPES[round]! : TYPES[random(TYPES.length)]!;
      const outcome = agree({ program, type, maps }, somePackets(random), random(4) !== 0);
      if (typeof outcome === 'string') t.fail(`${id} as ${type}: ${outcome}\n${JSON.stringify(program)}`);
      else if (outcome) compared++;
    }
  }
  t.log(`${compared} programs compared`);
  t.true(rows.length === 0 || compared > 0);
});

interface FilterRow {
  readonly expr: string;
  readonly optimized?: readonly Quadruple[];
}

test('lifted filters run alike with and without proofs', (t) => {
  const random = generator(11);
  for (const { expr, optimized } of vectors<FilterRow>(t, 'vectors/filters/compound.jsonl', 30)) {
    if (optimized === undefined) continue;
    for (const [form, type] of [
      ['portable', 'socket_filter'],
      ['xdp', 'xdp'],
      ['tc', 'sched_cls'],
    ] as const) {
      let program: Program;
      try {
        program = lift(fromQuadruples(optimized), { form });
      } catch {
        continue;
      }
      t.is(agree({ program, type, maps: [] }, somePackets(random)), true, `${expr} as ${form}`);
    }
  }
  t.pass();
});

const { alu, branch, constant, exit, load, move, register, set, store } = build;

const FAR = 9999;

/** r6 = start, r7 = end, r8 = a moving pointer, r9 = a counter: what packet programs do, in any order. */
const step: fc.Arbitrary<readonly Slot[]> = fc.oneof(
  fc
    .tuple(fc.nat(40), fc.constantFrom(6, 8))
    .map(([bytes, pointer]) => [
      move(2, pointer),
      alu(64, 'add', 2, constant(bytes)),
      branch(64, 'jgt', 2, register(7), FAR),
    ]),
  fc
    .tuple(fc.constantFrom(1 as const, 2 as const, 4 as const), fc.nat(20), fc.constantFrom(6, 8), fc.nat(1))
    .map(([size, offset, pointer, to]) => [load(size, to === 0 ? 0 : 9, pointer, offset)]),
  fc.nat(63).map((mask) => [alu(64, 'and', 9, constant(mask)), alu(64, 'add', 8, register(9))]),
  fc.constant([move(8, 6)]),
  fc
    .tuple(
      fc.constantFrom('div', 'mod', 'sdiv', 'smod', 'add', 'mul', 'rsh', 'xor', 'sub'),
      fc.constantFrom(32 as const, 64 as const),
      fc.constantFrom([0, 9], [9, 0], [3, 9], [0, 3]),
    )
    .map(([op, width, [a, b]]) => [alu(width, op as 'add', a!, register(b!))]),
  fc
    .tuple(
      fc.constantFrom('jeq', 'jne', 'jgt', 'jlt', 'jsgt', 'jset'),
      fc.constantFrom(32 as const, 64 as const),
      fc.constantFrom(0, 3, 9),
      fc.oneof(fc.integer({ min: -3, max: 40 }), fc.integer()),
      fc.nat(6),
    )
    .map(([op, width, dst, value, distance]) => [branch(width, op as 'jeq', dst, constant(value), distance)]),
  fc
    .tuple(fc.integer({ min: 1, max: 64 }), fc.constantFrom(0, 9, 3))
    .map(([down, from]) => [store(8, 10, -8 * down, from), load(8, 3, 10, -8 * down)]),
  fc
    .integer({ min: 1, max: 30 })
    .map((times) => [
      set(4, 0),
      alu(64, 'add', 0, register(4)),
      alu(64, 'add', 4, constant(1)),
      branch(64, 'jne', 4, constant(times), -3),
    ]),
);

const packetProgram: fc.Arbitrary<Program> = fc.array(step, { minLength: 1, maxLength: 14 }).map((steps) => {
  const body = steps.flat();
  const prologue = [load(4, 6, 1, 0), load(4, 7, 1, 4), move(8, 6), set(0, 1), set(3, 3), set(9, 5)];
  const last = prologue.length + body.length;
  // Branches that would leave the program go to its end.
  const placed = [...prologue, ...body].map((slot, index) =>
    [opcodes.JMP, opcodes.JMP32].includes(opcodes.classOf(slot.opcode)) && index + 1 + slot.offset > last
      ? { ...slot, offset: last - index - 1 }
      : slot,
  );
  return [...placed, exit];
});

test('programs that walk packets run alike with and without proofs', (t) => {
  let compared = 0;
  const property = fc.property(packetProgram, fc.nat(), (program, seed) => {
    const random = generator(seed + 1);
    const outcome = agree({ program, type: 'xdp', maps: [] }, somePackets(random));
    if (outcome !== false) compared++;
    t.true(typeof outcome === 'boolean', `${outcome}\n${JSON.stringify(program)}`);
  });
  assertProperty(t, property, { numRuns: fullRun ? 20_000 : 300 });
  t.log(`${compared} programs compared`);
  t.true(compared > 20);
});

const proofsOf = (text: string, type: VerifiedType = 'xdp'): readonly (Proof | undefined)[] => {
  const { proofs, rejection } = verify(assemble(text), { type, proofs: true });
  if (proofs === undefined) throw new Error(rejection?.message);
  return proofs.instructions;
};

test('an access is in bounds after a comparison with the end of the packet', (t) => {
  const proofs = proofsOf(`
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 0
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r0 = *(u16 *)(r2 + 12)
  out:
    exit`);
  t.is(proofs[0]?.inBounds, 'context');
  t.is(proofs[6]?.inBounds, 'packet');
});

test('an instruction that reaches the stack on one path and the packet on another is not in bounds', (t) => {
  const proofs = proofsOf(`
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    *(u64 *)(r10 - 8) = 7
    r0 = 0
    r5 = r10
    r5 += -8
    r4 = r2
    r4 += 8
    if r4 > r3 goto read
    r5 = r2
  read:
    r0 = *(u8 *)(r5 + 0)
    exit`);
  t.is(proofs[10]?.inBounds, undefined);
});

test('decided branches, dead code and divisors', (t) => {
  const proofs = proofsOf(`
    r2 = *(u32 *)(r1 + 12)
    r0 = 100
    if r0 == 100 goto divide
    r0 = 7
    exit
  divide:
    if r2 == 0 goto out
    r0 /= r2
    w0 %= w2
  out:
    exit`);
  t.deepEqual([proofs[2]?.outcome, proofs[3]?.dead, proofs[5]?.outcome], [true, true, undefined]);
  t.deepEqual(proofs[6], { fits32: true, nonZeroDivisor: true });
  t.true(proofs[7]?.nonZeroDivisor);
});

test('a number that is only computed with says nothing where paths end early', (t) => {
  // The second path to `join` is covered by the first, for which r2 is 5: safety does not look at r2.
  const proofs = proofsOf(`
    r3 = *(u32 *)(r1 + 12)
    r2 = 5
    if r3 == 1 goto join
    r2 = 0
    goto join
  join:
    r0 = 100
    r0 /= r2
    exit`);
  t.is(proofs[6]?.nonZeroDivisor, undefined);
});

const proves = test.macro({
  title: (_, what: string) => `numbers: ${what}`,
  exec(t, _: string, text: string, index: number, expected: Proof | undefined) {
    t.deepEqual(proofsOf(text)[index], expected);
  },
});
test(
  proves,
  'of two values that meet, whichever comes first',
  'r3 = *(u32 *)(r1 + 12)\nr2 = 0\nif r3 == 1 goto join\nr2 = 5\njoin:\nr0 = 100\nr0 /= r2\nexit',
  5,
  { fits32: true },
);
test(
  proves,
  'a dividend of more than 32 bits',
  'r2 = *(u32 *)(r1 + 12)\nr2 |= 1\nr0 = 0x100000005 ll\nr0 /= r2\nexit',
  4,
  { nonZeroDivisor: true },
);
test(proves, 'what a helper returns', 'r0 = 5\ncall 7\nr6 = 100\nr6 /= r0\nr0 = 0\nexit', 3, undefined);
test(
  proves,
  'values with a bit in common that meet',
  'r3 = *(u32 *)(r1 + 12)\nr2 = 4\nif r3 == 1 goto join\nr2 = 6\njoin:\nr0 = 100\nr0 /= r2\nexit',
  5,
  { fits32: true, nonZeroDivisor: true },
);

test('a stack that a run may read before it writes is empty for each run', (t) => {
  const program = assemble('r0 = *(u64 *)(r10 - 8)\nr2 = 5\n*(u64 *)(r10 - 8) = r2\nexit');
  t.is(
    agree(
      { program, type: 'xdp', maps: [] },
      [0, 1, 2].map(() => new Uint8Array(60)),
    ),
    true,
  );
});
