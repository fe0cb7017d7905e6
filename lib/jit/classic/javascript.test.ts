import test from 'ava';
import fc from 'fast-check';
import {
  assemble,
  execute,
  type PacketMetadata,
  type Personality,
  type Program,
  validate,
} from '../../cbpf/index.js';
import {
  arbitraryPacket,
  arbitraryProgram,
  fromHex,
  fromQuadruples,
  type Quadruple,
} from '../../testing/programs.js';
import { assertProperty } from '../../testing/property.js';
import { fullRun, Tally, vectors } from '../../testing/vectors.js';
import { loadJavaScript, toJavaScript } from './javascript.js';

function agrees(
  program: Program,
  bytes: Uint8Array,
  personality: Personality,
  metadata?: PacketMetadata,
): string {
  const wireLength = bytes.length + 5;
  const expected = execute(program, { bytes, wireLength, personality, ...(metadata && { metadata }) }).result;
  const buffer = new Uint8Array(bytes.length + 19).fill(0x5a);
  buffer.set(bytes, 7);
  const actual = loadJavaScript(program, { personality })(buffer, 7, bytes.length, wireLength, metadata);
  return actual === expected ? '' : `${actual}, not ${expected}`;
}

test('compiled programs equal the definition on any program and packet', (t) => {
  const metadata: PacketMetadata = {
    vlanTci: 5,
    interfaceIndex: 2,
    networkOffset: 14,
    linkOffset: 0,
    random: () => 0.5,
  };
  const holds = fc.property(
    arbitraryProgram(32),
    fc.array(arbitraryPacket, { minLength: 1, maxLength: 4 }),
    fc.constantFrom<Personality>('libpcap', 'kernel'),
    fc.option(fc.constant(metadata), { nil: undefined }),
    (program, packets, personality, extra) => {
      fc.pre(validate(program, { personality }) === undefined);
      for (const bytes of packets) t.is(agrees(program, bytes, personality, extra), '');
    },
  );
  assertProperty(t, holds, { numRuns: fullRun ? 20_000 : 1500 });
});

interface RunRow {
  readonly program: readonly Quadruple[];
  readonly packet: string;
  readonly wirelen: number;
  readonly result: number;
}

test('compiled random programs return what bpf_filter returned', (t) => {
  const tally = new Tally('filters/cbpf-run (JavaScript JIT)');
  for (const { program, packet, wirelen, result } of vectors<RunRow>(
    t,
    'vectors/filters/cbpf-run.jsonl',
    300,
  )) {
    const bytes = fromHex(packet);
    const actual = loadJavaScript(fromQuadruples(program))(bytes, 0, bytes.length, wirelen);
    tally.check(actual === result, () => `${JSON.stringify(program)}: ${actual}, not ${result}`);
  }
  tally.finish(t);
});

test('a chain of 4,000 comparisons compiles without nesting', (t) => {
  const chain = Array.from({ length: 4000 }, (_, i) => `jeq #${i + 1}, yes${Math.floor(i / 100)}`);
  const exits = Array.from({ length: 40 }, (_, i) => `yes${i}: ret #${i + 1}`);
  const lines = ['ldh [0]'];
  for (let i = 0; i < 40; i++)
    lines.push(...chain.slice(i * 100, i * 100 + 100), `ja next${i}`, exits[i]!, `next${i}: txa`, 'ldh [0]');
  const program = assemble([...lines, 'ret #0'].join('\n'));
  t.true(program.length > 4000);
  for (const value of [0, 1, 3950, 4000])
    t.is(agrees(program, Uint8Array.of(value >> 8, value & 255), 'libpcap'), '');
});

test('a loop is compiled as a loop, and cannot run for ever', (t) => {
  const program = assemble('ld #1\nagain: tax\nldb [x + 0]\njeq #0, out\nja again\nout: txa\nret a');
  t.regex(toJavaScript(program)!.text, /for \(;;\)/);
  t.is(agrees(program, Uint8Array.of(9, 3, 8, 4, 5, 0), 'libpcap'), '');
  t.is(agrees(program, Uint8Array.of(1, 1, 1), 'libpcap'), '');
});

test('tails that branches share are emitted once a body', (t) => {
  const stage = (i: number): string =>
    `ldb [${i}]\njset #1, a${i}, b${i}\na${i}: add #1\nja c${i}\nb${i}: add #2\nc${i}: st M[0]`;
  const program = assemble(`${Array.from({ length: 60 }, (_, i) => stage(i)).join('\n')}\nret a`);
  t.true(toJavaScript(program)!.text.length < program.length * 200);
});
