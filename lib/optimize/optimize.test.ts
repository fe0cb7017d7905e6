/** Properties of the optimizer and the checker on random programs, and mistakes that both must notice. */

import test from 'ava';
import fc from 'fast-check';
import { equivalent } from '../ask/index.js';
import { loadInterpreter, type Program, parseListing } from '../cbpf/index.js';
import { linearize, malformation, split } from '../cfg/index.js';
import { compileUnoptimized } from '../codegen/index.js';
import { arbitraryPacket, arbitraryProgram } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun } from '../testing/vectors.js';
import { type Decisions, retarget } from './decision.js';
import { optimize } from './index.js';
import { lower } from './lower.js';
import { read } from './read.js';

const optimized = (program: Program): Program =>
  linearize(optimize(split(program), { checked: true }), { shareJumps: true });

test('any program returns what it returned, on any packet, cut at any length', (t) => {
  const property = fc.property(
    arbitraryProgram(),
    arbitraryPacket,
    fc.nat(300),
    (program, packet, wireLength) => {
      const before = loadInterpreter(program);
      const after = loadInterpreter(optimized(program));
      for (let length = 0; length <= packet.length; length++)
        t.is(after(packet, 0, length, wireLength), before(packet, 0, length, wireLength));
    },
  );
  assertProperty(t, property, { numRuns: fullRun ? 1500 : 150 });
});

test('what is called equal is equal, and a packet that tells programs apart does', (t) => {
  const property = fc.property(
    arbitraryProgram(12),
    arbitraryProgram(12),
    arbitraryPacket,
    (a, b, packet) => {
      const answer = equivalent(a, b, { budget: 2000 });
      const run = (program: Program, bytes: Uint8Array, wireLength: number) =>
        loadInterpreter(program)(bytes, 0, bytes.length, wireLength);
      if (answer.verdict === 'equal') t.is(run(a, packet, packet.length), run(b, packet, packet.length));
      if (answer.verdict !== 'different') return;
      t.not(answer.results[0], answer.results[1]);
      t.is(run(a, answer.packet, answer.wireLength), answer.results[0]);
      t.is(run(b, answer.packet, answer.wireLength), answer.results[1]);
    },
  );
  assertProperty(t, property, { numRuns: fullRun ? 1500 : 150 });
});

test('optimized programs are proved equal or not refuted', (t) => {
  const property = fc.property(arbitraryProgram(), (program) => {
    t.not(equivalent(program, optimized(program), { budget: 2000 }).verdict, 'different');
  });
  assertProperty(t, property, { numRuns: fullRun ? 500 : 60 });
});

/** Arithmetic on fields that share their parts: each term is made of terms before it. */
const sharingTerms = fc
  .array(fc.tuple(fc.nat(10), fc.nat(), fc.nat(), fc.nat(40)), { minLength: 5, maxLength: 13 })
  .map((steps) => {
    const terms = ['link[0]', 'len'];
    const tests: string[] = [];
    const bases = ['link', 'ip', 'tcp', 'udp', 'ip6'];
    for (const [kind, one, other, number] of steps) {
      const [a, b] = [terms[one % terms.length]!, terms[other % terms.length]!];
      if (a.length + b.length > 300) continue;
      if (kind === 0) terms.push(`${bases[one % 5]}[${number}:${[1, 2, 4][other % 3]}]`);
      else if (kind === 1) terms.push(`${bases[other % 3]}[(${a}) + ${number}:2]`);
      else if (kind === 2) terms.push(`(${a} & ${1 << (number % 16)})`);
      else if (kind === 3) terms.push(`(${a} >> ${number % 14})`);
      else if (kind === 4) tests.push(`${a} & ${number} != 0`);
      else if (kind === 5) terms.push(`(${a} - ${b})`);
      else if (kind === 6) terms.push(`(${a} * ${number % 5})`);
      else if (kind === 7) tests.push(`${a} > ${b}`);
      else if (kind === 8) terms.push(`(-${a})`);
      else if (kind === 9) terms.push(`(${a} | ${b})`);
      else terms.push(`(${a} + ${b})`);
    }
    tests.push(`${terms.at(-1)} = ${terms.at(-2)}`);
    const [, signs, connective] = steps[0]!;
    return tests
      .map((text, at) => `${(signs >> (at % 30)) & 1 ? 'not ' : ''}(${text})`)
      .join(connective & 1 ? ' and ' : ' or ');
  });

test('what fields share is computed rightly wherever registers hold it', (t) => {
  const packets = fc.array(fc.uint8Array({ minLength: 40, maxLength: 200 }), {
    minLength: 20,
    maxLength: 20,
  });
  const property = fc.property(sharingTerms, packets, (expression, some) => {
    const program = compileUnoptimized(expression);
    const [before, after] = [program, optimized(program)].map((each) => loadInterpreter(each));
    for (const packet of some)
      t.is(after!(packet, 0, packet.length, 200), before!(packet, 0, packet.length, 200), expression);
    t.not(equivalent(program, optimized(program), { budget: 500 }).verdict, 'different', expression);
  });
  assertProperty(t, property, { numRuns: fullRun ? 8000 : 200 });
});

const PORT_80 = parseListing(`
(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 9
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 9
(004) ldh      [20]
(005) jset     #0x1fff          jt 9	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldh      [x + 14]
(008) jeq      #0x50            jt 10	jf 9
(009) ret      #0
(010) ret      #262144`);

/** Mistakes that a pass might make. */
const MISTAKES: readonly [name: string, change: (decisions: Decisions) => Decisions][] = [
  [
    'a test is turned round',
    (it) => withTest(it, 1, (exit) => ({ ...exit, onTrue: exit.onFalse, onFalse: exit.onTrue })),
  ],
  ['a test is left out', (it) => withTest(it, 2, (exit) => ({ kind: 'goto', target: exit.onFalse }))],
  ['another constant', (it) => withTest(it, 3, (exit) => ({ ...exit, right: it.values.constant(81) }))],
  [
    'another offset',
    (it) => withTest(it, 1, (exit) => ({ ...exit, left: it.values.load(1, undefined, 24) })),
  ],
  [
    'a shorter load',
    (it) => withTest(it, 0, (exit) => ({ ...exit, left: it.values.load(1, undefined, 12) })),
  ],
  ['a load that traps more', (it) => touching(it, 60)],
];

type Exit = Decisions['steps'][number]['exit'];

function withTest(
  it: Decisions,
  index: number,
  change: (exit: Extract<Exit, { kind: 'test' }>) => Exit,
): Decisions {
  const steps = it.steps.map((step, at) => {
    if (at !== index || step.exit.kind !== 'test') return step;
    return { ...step, exit: change(step.exit) };
  });
  return { ...it, steps };
}

function touching(it: Decisions, offset: number): Decisions {
  const touches = [it.values.load(1, undefined, offset)];
  return {
    ...it,
    steps: it.steps.map((step, at) => (at === 0 ? { ...retarget(step, (to) => to), touches } : step)),
  };
}

for (const [name, change] of MISTAKES) {
  test(`the checker notices: ${name}`, (t) => {
    const wrong = linearize(lower(change(read(split(PORT_80))!))!);
    const answer = equivalent(PORT_80, wrong);
    t.is(answer.verdict, 'different');
  });
}

test('a program that reads less is not the same', (t) => {
  const touched = parseListing('(000) ld [20]\n(001) ret #1');
  const untouched = parseListing('(000) ret #1');
  const answer = equivalent(touched, untouched);
  t.is(answer.verdict, 'different');
  if (answer.verdict === 'different') t.true(answer.packet.length < 24);
});

test('passes are told by name, with graphs that are well formed', (t) => {
  const names = new Set<string>();
  optimize(split(PORT_80), {
    onPass: (name, graph) => {
      names.add(name);
      t.is(malformation(graph), undefined);
    },
  });
  t.deepEqual([...names], ['decide', 'trim', 'merge', 'lists', 'order', 'search']);
});

/** A frame whose headers may chain: IPv4 or IPv6, then bytes that are mostly header numbers and lengths. */
const arbitraryChain = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom(0, 1, 2, 4, 6, 17, 43, 44, 51, 58, 59, 60, 80), {
      minLength: 100,
      maxLength: 100,
    }),
    fc.nat(114),
  )
  .map(([v6, bytes, length]) => {
    const packet = Uint8Array.from([...new Array<number>(14).fill(0), ...bytes]);
    packet.set(v6 ? [0x86, 0xdd, 0x60] : [0x08, 0x00, 0x45], 12);
    return packet.slice(0, length);
  });

const loops = test.macro({
  title: (_, expression: string, lengths: string) => `loops: ${expression}: ${lengths}`,
  exec(t, expression: string, lengths: string) {
    const unoptimized = compileUnoptimized(expression);
    const program = optimized(unoptimized);
    t.is(`${unoptimized.length} to ${program.length}`, lengths);
    const told: Program[] = [];
    optimize(split(unoptimized), { onPass: (_name, graph) => told.push(linearize(graph)) });
    t.true(told.length > 0);
    const before = loadInterpreter(unoptimized);
    // After each pass, too, it is a whole program that does the same.
    const others = [program, ...told].map((other) => loadInterpreter(other));
    const property = fc.property(arbitraryChain, (packet) => {
      const expected = before(packet, 0, packet.length, packet.length);
      for (const after of others) t.is(after(packet, 0, packet.length, packet.length), expected);
    });
    assertProperty(t, property, { numRuns: fullRun ? 1000 : 200 });
  },
});

test(loops, 'ip protochain 6', '18 to 18');
test(loops, 'ip protochain 6 and host 1.2.3.4', '36 to 30');
test(loops, 'ip6 and tcp port 80 or ip protochain 17', '40 to 25');
test(loops, 'protochain 6 and not net 10.0.0.0/8 and (port 80 or port 443)', '127 to 78');
test(
  loops,
  'vlan and (ip6 protochain 58 or ip protochain 1 and ip[0] & 0xf > 5 and ip[0] & 0xf > 4)',
  '89 to 56',
);
