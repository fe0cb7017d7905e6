/**
 * Implication and disjointness: of pairs made so that the answer is known, and of any two expressions of the reference
 * data, whose packets must not contradict a proof.
 */

import test from 'ava';
import { execute, type Program } from '../cbpf/index.js';
import { compileProgram } from '../filter/index.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { generator } from '../testing/random.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { type Answer, alwaysTrue, disjoint, implies, neverTrue } from './index.js';

const GROUPS = [
  'abbrev',
  'compound',
  'cookbook',
  'hostnet',
  'llc',
  'mac',
  'port',
  'proto',
  'reported',
  'random',
];

interface Row {
  readonly id: string;
  readonly expr: string;
  readonly dlt: string | null;
  readonly mode: string;
  readonly unoptimized?: readonly Quadruple[];
}

interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

interface Sample {
  readonly expr: string;
  readonly program: Program;
}

/** Expressions for Ethernet with libpcap's own programs, and packets that were made to reach their edges. */
function samples(t: Parameters<typeof vectors>[0]) {
  const known: Sample[] = [];
  const packets: { readonly bytes: Uint8Array; readonly wireLength: number }[] = [];
  for (const group of GROUPS) {
    const rows = vectors<Row>(t, `vectors/filters/${group}.jsonl`, 60).filter(
      ({ dlt, mode, unoptimized }) => dlt === 'EN10MB' && mode === 'dead' && unoptimized !== undefined,
    );
    for (const { expr, unoptimized } of rows) known.push({ expr, program: fromQuadruples(unoptimized!) });
    for (const { packets: cases } of vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 20))
      for (const [hex, wireLength] of cases.slice(0, 6)) packets.push({ bytes: fromHex(hex), wireLength });
  }
  return { known, packets };
}

const run = (program: Program, bytes: Uint8Array, wireLength: number): number =>
  execute(program, { bytes, wireLength }).result!;

/** Whether a packet that is said to contradict does. */
const contradicts = (
  answer: Answer,
  a: Program,
  b: Program,
  wanted: (x: number, y: number) => boolean,
): boolean =>
  answer.verdict !== 'no' ||
  wanted(run(a, answer.packet, answer.wireLength), run(b, answer.packet, answer.wireLength));

test('pairs of which the answer is known', (t) => {
  const rows = [
    ['tcp port 80', 'tcp', true, false],
    ['tcp port 80', 'udp', false, true],
    ['host 192.0.2.1', 'net 192.0.2.0/24', true, false],
    ['net 192.0.2.0/24', 'host 192.0.2.1', false, false],
    ['src host 192.0.2.1', 'host 192.0.2.1', true, false],
    ['port 80', 'portrange 79-81', true, false],
    ['arp', 'ip', false, true],
    ['ip6 and tcp', 'tcp', true, false],
    ['less 100', 'greater 200', false, true],
    ['vlan 12', 'vlan', true, false],
    ['dst port 22 and not src net 10.0.0.0/8', 'port 22', true, false],
  ] as const;
  for (const [a, b, implied, apart] of rows) {
    const [x, y] = [a, b].map((text) => compileProgram(text, { linkType: 'EN10MB' }));
    t.is(implies(x!, y!, { whole: true }).verdict, implied ? 'yes' : 'no', `${a} implies ${b}`);
    t.is(disjoint(x!, y!, { whole: true }).verdict, apart ? 'yes' : 'no', `${a}, ${b} disjoint`);
  }
});

test('what is made smaller, larger or the opposite is never said to be otherwise', (t) => {
  const { known } = samples(t);
  if (known.length === 0) return;
  const random = generator(11);
  const tally = new Tally('ask: subsets, supersets and opposites proved');
  const compiled = (text: string): Program | undefined => {
    try {
      return compileProgram(text, { linkType: 'EN10MB' });
    } catch {
      return undefined; // matches nothing, or is of more than libpcap takes
    }
  };
  for (let i = 0; i < (fullRun ? 1500 : 60); i++) {
    const [e, f] = [known[random(known.length)]!.expr, known[random(known.length)]!.expr].map(
      (text) => `(${text.trim()})`,
    );
    const [whole, less, more, opposite] = [e!, `${e} and ${f}`, `${e} or ${f}`, `not ${e}`].map(compiled);
    if (whole === undefined) continue;
    for (const [answer, what] of [
      [less && implies(less, whole), `${e} and ${f} implies ${e}`],
      [more && implies(whole, more), `${e} implies ${e} or ${f}`],
      [opposite && disjoint(whole, opposite), `${e} and its opposite`],
    ] as const) {
      if (answer === undefined) continue;
      t.not(answer.verdict, 'no', what);
      if (/protochain/.test(what)) tally.leaveOut('with loops, which are not decided');
      else tally.check(answer.verdict === 'yes', () => what);
    }
  }
  tally.finish(t, 0.95);
});

test('packets do not contradict a proof, and those given as proof do what is said', (t) => {
  const { known, packets } = samples(t);
  if (known.length === 0) return;
  const random = generator(12);
  const tally = new Tally('ask: pairs of expressions decided, no proof contradicted');
  for (let i = 0; i < (fullRun ? 4000 : 150); i++) {
    const [a, b] = [known[random(known.length)]!, known[random(known.length)]!];
    const what = `${a.expr} | ${b.expr}`;
    const [implied, apart] = [implies(a.program, b.program), disjoint(a.program, b.program)];
    t.true(
      contradicts(implied, a.program, b.program, (x, y) => x !== 0 && y === 0),
      what,
    );
    t.true(
      contradicts(apart, a.program, b.program, (x, y) => x !== 0 && y !== 0),
      what,
    );
    for (let j = 0; j < 40; j++) {
      const { bytes, wireLength } = packets[random(packets.length)]!;
      const cut = random(3) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
      const [x, y] = [run(a.program, cut, wireLength), run(b.program, cut, wireLength)];
      if (implied.verdict === 'yes') t.false(x !== 0 && y === 0, what);
      if (apart.verdict === 'yes') t.false(x !== 0 && y !== 0, what);
    }
    if (/protochain/.test(what)) tally.leaveOut('with loops, which are not decided');
    else tally.check(implied.verdict !== 'undecided' && apart.verdict !== 'undecided', () => what);
  }
  tally.finish(t, 0.9);
});

test('what always or never matches', (t) => {
  const of = (text: string) => compileProgram(text, { linkType: 'EN10MB', optimize: false });
  t.is(alwaysTrue(of('len >= 0')).verdict, 'yes');
  t.is(alwaysTrue(of('tcp or not tcp'), { whole: true }).verdict, 'yes');
  t.is(neverTrue(of('ip and ip6')).verdict, 'yes');
  const answer = alwaysTrue(of('ip'));
  t.is(answer.verdict, 'no');
  t.deepEqual(answer.verdict === 'no' && answer.results, [1, 0]);
  t.is(neverTrue(of('arp')).verdict, 'no');
});
