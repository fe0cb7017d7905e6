/**
 * How many instructions optimized programs execute on real packets, against those of libpcap 1.11: fewer
 * in total, and more on no group of expressions and on no capture.
 */

import test from 'ava';
import { execute, type Program } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { fullRun, vectors } from '../testing/vectors.js';
import { optimize } from './index.js';

// biome-ignore format: a list
const GROUPS = [
  'abbrev', 'arith', 'compound', 'cookbook', 'encap', 'hostnet', 'large', 'linkproto', 'linktype', 'llc', 'mac',
  'named', 'names', 'netmask', 'port', 'proto', 'random', 'reported', 'savefile', 'snaplen', 'testrun-accept', 'wlan',
];

interface Row {
  readonly expr: string;
  readonly dltNumber: number;
  readonly optimized?: readonly Quadruple[];
  readonly unoptimized?: readonly Quadruple[];
  readonly caution?: readonly string[];
}

interface Capture {
  readonly capture: string;
  readonly dltNumber: number;
  readonly packets: readonly { readonly wirelen: number; readonly hex: string }[];
}

/** Counts under a heading: ours and libpcap's. */
class Counts {
  readonly #counts = new Map<string, [ours: number, theirs: number]>();

  add(heading: string, ours: number, theirs: number): void {
    const count = this.#counts.get(heading) ?? [0, 0];
    this.#counts.set(heading, [count[0] + ours, count[1] + theirs]);
  }

  ratios(): [heading: string, ratio: number][] {
    return [...this.#counts].map(([heading, [ours, theirs]]) => [heading, ours / theirs]);
  }
}

const executed = (program: Program, bytes: Uint8Array, wireLength: number): number =>
  execute(program, { bytes, wireLength }).steps;

test('vectors: programs execute fewer instructions than those of libpcap', (t) => {
  const captures = vectors<Capture>(t, 'vectors/filters/captures.jsonl', 1000).map((capture) => ({
    ...capture,
    packets: capture.packets.map(({ wirelen, hex }) => ({ bytes: fromHex(hex), wirelen })),
  }));
  const total = new Counts();
  const byGroup = new Counts();
  const byCapture = new Counts();
  for (const group of GROUPS) {
    for (const row of vectors<Row>(t, `vectors/filters/${group}.jsonl`, fullRun ? 200 : 20)) {
      const { unoptimized, optimized: reference, caution = [], dltNumber } = row;
      // Where libpcap leaves out what decides, it executes less.
      if (unoptimized === undefined || reference === undefined || caution.length > 0) continue;
      const theirs = fromQuadruples(reference);
      const ours = linearize(optimize(split(fromQuadruples(unoptimized))), { shareJumps: true });
      for (const { capture, packets, dltNumber: dlt } of captures) {
        if (dlt !== dltNumber) continue;
        for (const { bytes, wirelen } of packets) {
          const counts = [executed(ours, bytes, wirelen), executed(theirs, bytes, wirelen)] as const;
          total.add('total', ...counts);
          byGroup.add(group, ...counts);
          byCapture.add(capture, ...counts);
        }
      }
    }
  }
  if (captures.length === 0) return;
  const [[, all]] = total.ratios() as [[string, number]];
  t.log(`executed: ${all.toFixed(3)} of libpcap's`);
  const list = (counts: Counts) =>
    counts
      .ratios()
      .sort(([, a], [, b]) => b - a)
      .map(([heading, ratio]) => `${heading} ${ratio.toFixed(3)}`);
  t.log(list(byGroup).join(', '));
  t.log(list(byCapture).join(', '));
  t.true(all <= 0.92, `${all}`);
  for (const [group, ratio] of byGroup.ratios()) t.true(ratio <= 1, `${group}: ${ratio}`);
});
