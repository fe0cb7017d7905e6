/**
 * The optimizer against libpcap 1.11: never longer programs, the same verdicts, also on cut packets, and
 * the same expressions refused because nothing can match.
 */

import test, { type ExecutionContext } from 'ava';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { equivalent, evidentlyRejects, isRejection, optimize } from './index.js';

// biome-ignore format: a list
const GROUPS = [
  'abbrev', 'arith', 'compound', 'cookbook', 'encap', 'hostnet', 'large', 'linkproto', 'linktype', 'live', 'llc',
  'mac', 'mutated', 'named', 'names', 'netmask', 'pflog', 'port', 'proto', 'protochain', 'random', 'reported',
  'savefile', 'snaplen', 'telecom', 'testrun-accept', 'testrun-reject', 'wlan',
];

interface Row {
  readonly id: string;
  readonly expr: string;
  readonly dlt: string | null;
  readonly optimized?: readonly Quadruple[];
  readonly unoptimized?: readonly Quadruple[];
  readonly optimizedError?: string;
  readonly caution?: readonly string[];
}

interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

const optimized = (program: Program): Program => linearize(optimize(split(program), { checked: true }));

test('vectors: verdicts on packets, whole and cut', (t) => {
  const tally = new Tally('optimizer: verdicts on packets, whole and cut at every length');
  for (const group of GROUPS) {
    if (group === 'large') continue; // has none
    const packets = vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 20);
    const rows = new Map(
      vectors<Row>(t, `vectors/filters/${group}.jsonl`, Number.POSITIVE_INFINITY).map((row) => [row.id, row]),
    );
    for (const { id, packets: cases } of packets) {
      const { unoptimized, expr, dlt } = rows.get(id)!;
      const program = fromQuadruples(unoptimized!);
      const before = loadInterpreter(program);
      const after = loadInterpreter(optimized(program));
      for (const [hex, wireLength, expected] of cases.slice(0, fullRun ? undefined : 4)) {
        const bytes = fromHex(hex);
        const cuts = Array.from({ length: Math.min(bytes.length, 150) + 1 }, (_, length) => length);
        const cut = cuts.find(
          (length) => before(bytes, 0, length, wireLength) !== after(bytes, 0, length, wireLength),
        );
        const whole = after(bytes, 0, bytes.length, wireLength);
        tally.check(
          whole === expected && cut === undefined,
          () => `${dlt} ${expr}: ${whole}, not ${expected}; differs when cut to ${cut}, on ${hex}`,
        );
      }
    }
  }
  tally.finish(t);
});

const programs = (t: ExecutionContext, group: string, sample = 40) =>
  vectors<Row>(t, `vectors/filters/${group}.jsonl`, sample).filter(
    (row): row is Row & { readonly unoptimized: readonly Quadruple[] } => row.unoptimized !== undefined,
  );

test('vectors: programs are not longer than those of libpcap', (t) => {
  const tally = new Tally('optimizer: not longer than libpcap');
  let [ours, theirs] = [0, 0];
  for (const group of GROUPS) {
    for (const { expr, dlt, unoptimized, optimized: reference, caution = [] } of programs(t, group)) {
      if (reference === undefined) continue;
      const { length } = optimized(fromQuadruples(unoptimized));
      if (reference.length > 6) {
        ours += length;
        theirs += reference.length;
      }
      // There libpcap leaves out a check that decides.
      if (caution.length > 0 && length > reference.length) tally.leaveOut(caution[0]!);
      else
        tally.check(length <= reference.length, () => `${dlt} ${expr}: ${length}, not ${reference.length}`);
    }
  }
  t.log(`${ours} instructions, libpcap ${theirs}: ${(ours / theirs).toFixed(3)}`);
  if (theirs > 0) t.true(ours / theirs < 0.85);
  tally.finish(t, 0.995);
});

test('vectors: optimized programs are proved equivalent', (t) => {
  const tally = new Tally('optimizer: proved equivalent');
  for (const group of GROUPS) {
    if (group === 'protochain') continue; // loops
    for (const { expr, dlt, unoptimized } of programs(t, group, group === 'large' ? 3 : 25)) {
      const program = fromQuadruples(unoptimized);
      const answer = equivalent(program, optimized(program));
      if (answer.verdict === 'undecided') tally.leaveOut(answer.reason);
      else tally.check(answer.verdict === 'equal', () => `${dlt} ${expr}`);
    }
  }
  const open = [...tally.left.values()].reduce((sum, count) => sum + count, 0);
  t.true(open <= 0.02 * (tally.run + open), `${open} undecided`);
  tally.finish(t);
});

test('vectors: what libpcap refuses because nothing can match is refused', (t) => {
  const tally = new Tally('optimizer: refused, because nothing can match');
  for (const group of GROUPS) {
    if (group === 'protochain') continue;
    for (const { expr, dlt, unoptimized, optimizedError } of programs(t, group)) {
      if (optimizedError !== 'expression rejects all packets') continue;
      const graph = split(fromQuadruples(unoptimized));
      tally.check(isRejection(optimize(graph)) && evidentlyRejects(graph), () => `${dlt} ${expr}`);
    }
  }
  tally.finish(t, 0.99);
});
