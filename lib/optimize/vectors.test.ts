/**
 * The optimizer against libpcap 1.11: never longer programs, the same verdicts, also on cut packets, and
 * the same expressions refused because nothing can match.
 */

import test from 'ava';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { optimize } from './index.js';

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
    const programs = new Map(
      vectors<Row>(t, `vectors/filters/${group}.jsonl`, Number.POSITIVE_INFINITY).map((row) => [row.id, row]),
    );
    for (const { id, packets: cases } of packets) {
      const { unoptimized, expr, dlt } = programs.get(id)!;
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
