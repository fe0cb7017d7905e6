/**
 * The optimizer against libpcap 1.11: never longer programs, the same verdicts, also on cut packets, and
 * the same expressions refused because nothing can match.
 */

import test, { type ExecutionContext } from 'ava';
import { equivalent } from '../ask/index.js';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { generate } from '../codegen/index.js';
import { parse } from '../syntax/index.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { constantError, evidentlyRejects, isRejection, optimize } from './index.js';

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

const optimized = (program: Program): Program =>
  linearize(optimize(split(program), { checked: true }), { shareJumps: true });

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

/** Groups for which much less is expected than for all. */
const SHORT_GROUPS: readonly string[] = ['encap', 'wlan'];

test('vectors: programs are not longer than those of libpcap', (t) => {
  const tally = new Tally('optimizer: not longer than libpcap');
  let [ours, theirs] = [0, 0];
  for (const group of GROUPS) {
    let [length, reference] = [0, 0];
    for (const row of programs(t, group)) {
      if (row.optimized === undefined) continue;
      const unoptimized = fromQuadruples(row.unoptimized);
      const program = optimized(unoptimized);
      if (row.optimized.length > 6) {
        length += program.length;
        reference += row.optimized.length;
      }
      const reason =
        program.length > row.optimized.length ? excuse(row, unoptimized, program.length) : undefined;
      if (reason !== undefined) tally.leaveOut(reason);
      else
        tally.check(
          program.length <= row.optimized.length,
          () => `${row.dlt} ${row.expr}: ${program.length}, not ${row.optimized!.length}`,
        );
    }
    if (SHORT_GROUPS.includes(group) && reference > 0) t.true(length / reference <= 0.75, group);
    ours += length;
    theirs += reference;
  }
  t.log(`${ours} instructions, libpcap ${theirs}: ${(ours / theirs).toFixed(3)}`);
  if (theirs > 0) t.true(ours / theirs <= 0.9);
  tally.finish(t);
});

/** Why a program may be longer than libpcap's. */
function excuse({ expr, optimized: reference, caution = [] }: Row, unoptimized: Program, length: number) {
  if (caution.length > 0) return caution[0];
  const answer = equivalent(fromQuadruples(reference!), unoptimized);
  if (answer.verdict === 'different') return 'where libpcap leaves out a check, shown by a packet';
  if (answer.verdict === 'undecided')
    return 'where libpcap leaves out a check that only impossible lengths show';
  const members = expr.match(/\b(host|net|port|[0-9a-f]{2}(:[0-9a-f]{2}){5})\b/g)?.length ?? 0;
  return members >= 10 && length <= 1.3 * reference!.length ? 'lists turned into a search' : undefined;
}

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

test('vectors: what libpcap refuses while it optimizes is refused, and nothing else', (t) => {
  const tally = new Tally('optimizer: refused or not, as by libpcap');
  for (const group of GROUPS) {
    if (group === 'protochain') continue;
    for (const row of programs(t, group)) {
      if (row.optimizedError === undefined && row.optimized?.length === row.unoptimized.length) {
        tally.leaveOut('that libpcap may not have optimized');
        continue;
      }
      const graph = split(fromQuadruples(row.unoptimized));
      const rejects = isRejection(optimize(graph)) && evidentlyRejects(graph);
      const found = constantError(graph)?.message ?? (rejects ? REJECTS_ALL : undefined);
      tally.check(
        found === row.optimizedError,
        () => `${row.dlt} ${row.expr}: ${found}, not ${row.optimizedError}`,
      );
    }
  }
  tally.finish(t);
});

const REJECTS_ALL = 'expression rejects all packets';

/** Verdicts of libpcap 1.10.3, whose optimizer is the same here. */
const refusals = test.macro({
  title: (_, expression: string, message?: string) => `${expression}: ${message ?? 'accepted'}`,
  exec(t, expression: string, message?: string) {
    const { graph } = generate(parse(expression));
    t.is(constantError(graph)?.message ?? (evidentlyRejects(graph) ? REJECTS_ALL : undefined), message);
  },
});

test(refusals, 'ip and ether[12:2] = 0x806', undefined);
test(refusals, 'tcp and 1+1=3', undefined);
test(refusals, '1+1=3 and tcp', REJECTS_ALL);
test(refusals, 'tcp and 1=3', REJECTS_ALL);
test(refusals, '(1+1=3 and ip[0] << (16+16) = 1) or tcp', 'shift by more than 31 bits');
test(refusals, '(1+1=3 and ip[0] % (5 - 5) = 1) or tcp', undefined);
test(refusals, '(1+1=3 and 7 % (5 - 5) = 1) or tcp', 'modulus by zero');
test(refusals, '(ip and ip6 and ip[0] << (16+16) = 1) or tcp', undefined);
test(refusals, 'ip[0] / (ip[1]*0) = 1', 'division by zero');
test(refusals, '7 / (ip[1]*0) = 1', 'division by zero');
test(refusals, 'ip[0] >> (len*0+40) = 1', 'shift by more than 31 bits');
test(refusals, '(len & 0) = 1 and ip', REJECTS_ALL);
test(refusals, 'ip[0] > ip[1] and not ip[0] > ip[1]', REJECTS_ALL);
test(refusals, 'ip[0] > ip[1] and not ip[1] < ip[0]', undefined);
test(refusals, 'ip[0] != ip[0]', undefined);
