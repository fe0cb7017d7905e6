import test from 'ava';
import fc from 'fast-check';
import { loadInterpreter, opcodes, type Program, validate } from '../cbpf/index.js';
import { assertProperty } from '../testing/property.js';
import { Tally, vectors } from '../testing/vectors.js';
import { type Block, type Graph, linearize, malformation, split, successors } from './index.js';

const { ABS, B, JEQ, JMP, K, LD, RET } = opcodes;

const ret = (k: number): Block => ({ statements: [], exit: { kind: 'return', code: RET | K, k } });
const load = (k: number) => ({ code: LD | B | ABS, k });
const branch = (k: number, onTrue: number, onFalse: number, at = k): Block => ({
  statements: [load(at)],
  exit: { kind: 'branch', code: JMP | JEQ | K, k, onTrue, onFalse },
});
const text = (program: Program) => program.map(({ code, jt, jf, k }) => [code, jt, jf, k]);

test('the true branch follows, what both reach comes last', (t) => {
  // 0: [0]=0 ? 1 : 2;  1: [1]=1 ? 3 : 2;  2: reject;  3: accept
  const graph: Graph = { blocks: [branch(0, 1, 2), branch(1, 3, 2), ret(0), ret(9)], entry: 0 };
  t.deepEqual(text(linearize(graph)), [
    [LD | B | ABS, 0, 0, 0],
    [JMP | JEQ | K, 0, 3, 0],
    [LD | B | ABS, 0, 0, 1],
    [JMP | JEQ | K, 0, 1, 1],
    [RET | K, 0, 0, 9],
    [RET | K, 0, 0, 0],
  ]);
});

test('a goto falls through where it can and jumps where it must', (t) => {
  const goto = (target: number): Block => ({ statements: [load(target)], exit: { kind: 'goto', target } });
  const graph: Graph = { blocks: [branch(0, 1, 2), goto(3), goto(3), ret(5)], entry: 0 };
  t.deepEqual(
    linearize(graph).map(({ code, k }) => [code, k]),
    [
      [LD | B | ABS, 0],
      [JMP | JEQ | K, 0],
      [LD | B | ABS, 3],
      [JMP, 1],
      [LD | B | ABS, 3],
      [RET | K, 5],
    ],
  );
});

test("a loop's way back is a negative distance, and comes back as an edge", (t) => {
  const graph: Graph = {
    blocks: [branch(1, 2, 1), { statements: [load(7)], exit: { kind: 'goto', target: 0 } }, ret(1)],
    entry: 0,
  };
  const program = linearize(graph);
  const back = program.find(({ code }) => code === JMP)!;
  t.true((back.k | 0) < 0);
  const again = split(program);
  t.deepEqual(text(linearize(again)), text(program));
  t.true(again.blocks.some((block, index) => successors(block).some((next) => next <= index)));
});

test('blocks that cannot be reached are left out', (t) => {
  t.is(linearize({ blocks: [ret(1), ret(2)], entry: 1 }).length, 1);
});

test('a graph with an edge to nowhere is malformed', (t) => {
  t.is(
    malformation({ blocks: [branch(0, 1, 2), ret(0)], entry: 0 }),
    'block 0 goes to 2, which does not exist',
  );
  t.is(malformation({ blocks: [ret(0)], entry: 1 }), 'entry 1 does not exist');
  t.is(malformation({ blocks: [ret(0)], entry: 0 }), undefined);
});

test('split refuses a jump out of the program', (t) => {
  t.throws(
    () =>
      split([
        { code: JMP | JEQ | K, jt: 3, jf: 0, k: 0 },
        { code: RET | K, jt: 0, jf: 0, k: 0 },
      ]),
    {
      instanceOf: RangeError,
    },
  );
});

/** Any loop-free graph: every block goes to later ones, the last two return. */
function arbitraryGraph(size: number): fc.Arbitrary<Graph> {
  const later = (index: number, count: number) => fc.integer({ min: index + 1, max: count + 1 });
  return fc.integer({ min: 1, max: size }).chain((count) =>
    fc
      .tuple(
        ...Array.from({ length: count }, (_, index) =>
          fc.record({
            padding: fc.integer({ min: 1, max: 90 }),
            value: fc.integer({ min: 0, max: 3 }),
            onTrue: later(index, count),
            onFalse: later(index, count),
            straight: fc.boolean(),
          }),
        ),
      )
      .map((shapes) => {
        const blocks = shapes.map(({ padding, value, onTrue, onFalse, straight }, index): Block => {
          const statements = Array.from({ length: padding }, () => load(index % 8));
          if (straight) return { statements, exit: { kind: 'goto', target: onTrue } };
          return { statements, exit: { kind: 'branch', code: JMP | JEQ | K, k: value, onTrue, onFalse } };
        });
        return { blocks: [...blocks, ret(1), ret(2)], entry: 0 };
      }),
  );
}

function walk({ blocks, entry }: Graph, packet: Uint8Array): number {
  for (let at = entry, a = 0; ; ) {
    const { statements, exit } = blocks[at]!;
    for (const { k } of statements) a = packet[k]!;
    if (exit.kind === 'return') return exit.k;
    at = exit.kind === 'goto' ? exit.target : a === exit.k ? exit.onTrue : exit.onFalse;
  }
}

test('a program does what its graph does, however far it jumps; and splits back into such a graph', (t) => {
  const packets = fc.uint8Array({ minLength: 8, maxLength: 8, max: 3 });
  const property = fc.property(arbitraryGraph(12), packets, (graph, packet) => {
    const program = linearize(graph);
    const run = loadInterpreter(program);
    const expected = walk(graph, packet);
    t.is(run(packet, 0, packet.length, packet.length), expected);
    t.is(walk(split(program), packet), expected);
    t.is(malformation(split(program)), undefined);
    const shared = linearize(graph, { shareJumps: true });
    t.is(loadInterpreter(shared)(packet, 0, packet.length, packet.length), expected);
    t.is(validate(shared), undefined);
    t.true(shared.length <= program.length);
  });
  assertProperty(t, property, { numRuns: 300 });
});

test('a jump that goes where a branch has to go serves it too, where it is in reach', (t) => {
  const count = 600;
  const chain = Array.from({ length: count }, (_, at) => branch(at, count + 1, at + 1));
  const graph: Graph = { blocks: [...chain, ret(0), ret(9)], entry: 0 };
  const jumps = (program: Program) => program.filter(({ code }) => code === JMP).length;
  // A branch takes two instructions: all but the last 128 are too far from the end.
  t.is(jumps(linearize(graph)), count - 128);
  const shared = linearize(graph, { shareJumps: true });
  t.is(jumps(shared), Math.ceil((2 * (count - 128)) / 255));
  const run = loadInterpreter(shared);
  const returned = [0, 100, 255].map((value) => run(new Uint8Array(count).fill(value), 0, count, count));
  t.deepEqual(returned, [9, 9, 9]);
});

test('vectors: programs of libpcap split and come back equal', (t) => {
  const tally = new Tally('cfg: split and linearize');
  for (const group of ['abbrev', 'encap', 'hostnet', 'large', 'linktype', 'port', 'protochain', 'wlan']) {
    const rows = vectors<{ expr: string; unoptimized?: [number, number, number, number][] }>(
      t,
      `vectors/filters/${group}.jsonl`,
      60,
    );
    for (const { expr, unoptimized } of rows) {
      if (unoptimized === undefined) continue;
      const program = unoptimized.map(([code, jt, jf, k]) => ({ code, jt, jf, k }));
      const again = linearize(split(program));
      // Inserted `ja`s become blocks of their own, which the layout then places elsewhere.
      const long = unoptimized.some(([code]) => code === JMP);
      if (long) tally.leaveOut('with unconditional jumps');
      else tally.check(JSON.stringify(text(again)) === JSON.stringify(unoptimized), () => expr);
    }
  }
  tally.finish(t);
});
