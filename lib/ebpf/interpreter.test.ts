import test from 'ava';
import fc from 'fast-check';
import { arbitraryEbpf } from '../testing/ebpfPrograms.js';
import { assertProperty } from '../testing/property.js';
import { fullRun } from '../testing/vectors.js';
import { assemble } from './assembler.js';
import { attach } from './attach.js';
import type { Program } from './instruction.js';
import { loadProgram } from './interpreter.js';
import { type Environment, execute } from './machine.js';
import { createMap } from './maps.js';
import { Memory, RuntimeFault } from './memory.js';
import { programTypeOf } from './programTypes.js';
import { validate } from './validator.js';

const environmentOf = (extra: Partial<Environment> = {}): Environment => ({
  memory: new Memory(),
  helpers: new Map(),
  ...extra,
});

function interpret(program: Program, environment = environmentOf()): bigint {
  const { run, low, high } = loadProgram(program, environment);
  run(0, 0);
  return (BigInt(high[0]! >>> 0) << 32n) | BigInt(low[0]! >>> 0);
}

test('the interpreter equals the definition on any program', (t) => {
  const property = fc.property(arbitraryEbpf(), (program) => {
    t.is(validate(program), undefined);
    const expected = execute(program, environmentOf()).result;
    const actual = interpret(program);
    if (actual !== expected) throw new Error(`interpreter ${actual}, definition ${expected}`);
  });
  assertProperty(t, property, { numRuns: fullRun ? 50_000 : 3000 });
});

test('a program that is loaded runs the same each time', (t) => {
  const property = fc.property(arbitraryEbpf(), (program) => {
    const { run, low, high } = loadProgram(program, environmentOf());
    run(0, 0);
    const first = [low[0], high[0]];
    run(0, 0);
    t.deepEqual([low[0], high[0]], first);
  });
  assertProperty(t, property, { numRuns: 300 });
});

const faults = test.macro({
  title: (_, name: string) => `${name} is a fault, with the place`,
  exec(t, _name: string, source: string, message: string) {
    for (const run of [
      (program: Program) => execute(program, environmentOf()).result,
      (program: Program) => interpret(program),
    ]) {
      const error = t.throws(() => run(assemble(source)), { instanceOf: RuntimeFault });
      t.is(error?.message, message);
    }
  },
});
test(
  faults,
  'a read below the stack',
  'r0 = *(u64 *)(r10 -520)\nexit',
  'instruction 0: read of 8 bytes at 0xfff8, which is no memory',
);
test(
  faults,
  'a write past the stack',
  'r1 = 5\n*(u32 *)(r10 -2) = r1\nexit',
  'instruction 1: write of 4 bytes at 0x101fe: byte 510 of stack, which has 512',
);
test(
  faults,
  'a null pointer',
  'r1 = 0\nr0 = *(u8 *)(r1 +0)\nexit',
  'instruction 1: read of 1 byte at 0x0, which is no memory',
);
test(faults, 'a helper that does not exist', 'call 9999\nexit', 'instruction 0: there is no helper 9999');
test(
  faults,
  'endless recursion',
  'again:\ncall local again\nexit',
  'instruction 0: calls nest deeper than 8 frames',
);

// What decoding makes one operation of, and what only looks like it. RFC 9669 §4.1 gives the results.
const fused = test.macro({
  title: (_, source: string) => `mask and shift: ${source.replaceAll('\n', '; ')}`,
  exec(t, source: string, expected: bigint) {
    const program = assemble(`r0 = -1 ll\nr1 = 0x123456789 ll\n${source}\nexit`);
    t.is(interpret(program), expected);
    t.is(execute(program, environmentOf()).result, expected);
  },
});
test(fused, 'r0 = r1\nw0 &= 15\nw0 <<= 2', 36n);
test(fused, 'r0 = 0x7fffffff\nw0 &= -16\nw0 <<= 33', 0xffff_ffe0n);
test(fused, 'r0 = r1\nw0 &= w0\nw0 <<= 1', 0x468a_cf12n);
test(fused, 'r0 = 5\nw0 &= 7\nw0 <<= w0', 160n);
test(fused, 'r0 = r1\nw1 &= 15\nw1 <<= 2', 0x1_2345_6789n);
test(fused, 'if r1 != 0 goto middle\nr0 = 5\nmiddle:\nw0 &= 15\nw0 <<= 2', 60n);

test('an endless loop ends with the budget', (t) => {
  const program = assemble('r0 = 0\nagain:\nr0 += 1\nif r0 != 0 goto again\nexit');
  const environment = environmentOf({ budget: 10_000 });
  t.throws(() => interpret(program, environment), { instanceOf: RuntimeFault, message: /budget of 10000/ });
  t.throws(() => execute(program, environment), { instanceOf: RuntimeFault, message: /budget of 10000/ });
});

test('a hook keeps counts in a map', (t) => {
  const memory = new Memory();
  const counts = createMap('hash', memory, { name: 'sizes', keySize: 4, valueSize: 8, maxEntries: 1000 });
  const program = assemble(`
    r2 = *(u32 *)(r1 +0)     # data
    r3 = *(u32 *)(r1 +4)     # data_end
    r3 -= r2
    *(u32 *)(r10 -4) = r3    # key: the length
    r1 = map[fd:7]
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem#1
    if r0 == 0x0 goto new
    r1 = 1
    lock *(u64 *)(r0 +0) += r1
    r0 = 2
    exit
  new:
    r1 = 1
    *(u64 *)(r10 -16) = r1
    r1 = map[fd:7]
    r2 = r10
    r2 += -4
    r3 = r10
    r3 += -16
    r4 = 0
    call bpf_map_update_elem#2
    r0 = 2
    exit`);
  for (const definition of [false, true]) {
    const run = attach(program, programTypeOf('xdp'), {
      unverified: true,
      memory,
      maps: new Map([[7, counts]]),
      resolveWide: (_, low) => BigInt(low),
      definition,
    });
    for (let length = 0; length < 300; length++) {
      for (let times = 0; times <= length % 3; times++)
        t.is(run(new Uint8Array(length), 0, length, length), 2);
    }
  }
  if (counts.kind !== 'hash') return t.fail();
  t.is(counts.keys.size, 300);
  const view = new DataView(counts.values.bytes.buffer);
  const place = counts.keys.load(Uint8Array.of(200, 0, 0, 0)).find();
  t.is(view.getBigUint64(place * counts.stride, true), 6n);
});
