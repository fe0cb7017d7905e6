/** Lifted programs before the verifier of the running kernel, and their verdicts there. */

import test from 'ava';
import { execute } from '../cbpf/index.js';
import { openKernel } from '../testing/kernel.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { LiftError, type LiftForm, lift } from './index.js';

interface ProgramRow {
  readonly id: string;
  readonly expr: string;
  readonly optimized?: readonly Quadruple[];
}
interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

const GROUPS =
  'abbrev arith compound cookbook encap hostnet large linkproto linktype live llc mac mutated named names netmask pflog port proto protochain random reported savefile snaplen telecom testrun-accept wlan';
const FORMS: readonly (readonly [LiftForm, 'xdp' | 'sched_cls' | 'socket_filter'])[] = [
  ['xdp', 'xdp'],
  ['tc', 'sched_cls'],
  ['portable', 'socket_filter'],
];
/** What the kernel's test run takes: an Ethernet header, and a page less its own room. */
const SHORTEST = 14;
const LONGEST = 3500;
const RUNS_A_PROGRAM = 6;

for (const [form, type] of FORMS) {
  test(`the kernel accepts ${form} programs, and they give our verdicts there`, async (t) => {
    const kernel = await openKernel();
    if (typeof kernel === 'string') {
      t.log(`skipped: ${kernel}`);
      t.pass();
      return;
    }
    const accepted = new Tally(`filters: accepted by the kernel as ${type}`);
    const verdicts = new Tally(`filters: verdicts in the kernel as ${type}`);
    const processed: number[] = [];
    for (const group of GROUPS.split(' ')) {
      const rows = vectors<ProgramRow>(t, `vectors/filters/${group}.jsonl`, 8);
      const packets = ['large', 'live'].includes(group)
        ? []
        : vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 1e9);
      const packetsOf = new Map(packets.map((row) => [row.id, row.packets]));
      for (const { id, expr, optimized } of rows) {
        if (optimized === undefined) continue;
        const classic = fromQuadruples(optimized);
        let program: ReturnType<typeof lift>;
        try {
          program = lift(classic, { form });
        } catch (error) {
          if (!(error instanceof LiftError)) throw error;
          accepted.leaveOut(`programs without this form (${error.kind})`);
          continue;
        }
        const loaded = kernel.load(program, type);
        accepted.check(
          typeof loaded !== 'string',
          () => `${group} ${id} ${expr}: ${String(loaded).slice(-900)}`,
        );
        if (typeof loaded === 'string') continue;
        processed.push(loaded.processed);
        // A socket filter sees what follows the link header: its offsets mean another packet there.
        const runs = form === 'portable' ? [] : (packetsOf.get(id) ?? []).slice(0, RUNS_A_PROGRAM);
        for (const [hex] of runs) {
          const bytes = fromHex(hex);
          if (bytes.length < SHORTEST || bytes.length > LONGEST) continue;
          const expected = execute(classic, { bytes, wireLength: bytes.length, personality: 'libpcap' })
            .result!;
          const actual = loaded.run(bytes);
          verdicts.check(actual === expected, () => `${id} ${expr} on ${hex}: ${actual}, not ${expected}`);
        }
        loaded.close();
      }
    }
    const total = processed.reduce((sum, count) => sum + count, 0);
    t.log(
      `${form}: the verifier processed ${(total / processed.length).toFixed(1)} instructions on average, ${Math.max(0, ...processed)} at most`,
    );
    accepted.finish(t);
    if (form !== 'portable') verdicts.finish(t);
  });
}
