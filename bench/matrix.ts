/**
 * One filter on every engine: `node dist/bench/matrix.js INDEX`. A process of its own for each filter, so that
 * what V8 learnt from one does not slow the next. Prints JSON, nanoseconds per packet.
 *
 * The interpreters and JavaScript take packets in ordinary buffers, call by call; WebAssembly takes them
 * from its memory, all in one call.
 */

import Benchmark from 'benchmark';
import {
  bodyBatch,
  classicBatch,
  ebpf,
  ebpfBatch,
  engineOf,
  extendedBody,
  LIFTED_ENGINES,
  lift,
  verify,
} from '../lib/command.js';
import { compile, ENGINES } from '../lib/index.js';
import { FILTERS } from './filters.js';
import { PACKETS, samplePackets } from './packets.js';

export interface Measured {
  /** Nanoseconds per packet: median of the samples, and their least. */
  readonly median: number;
  readonly least: number;
}

export interface MatrixRow {
  readonly filter: string;
  readonly matched: number;
  readonly classicLength: number;
  readonly extendedLength: number;
  /** Instructions executed per packet, on average. */
  readonly classicSteps: number;
  readonly extendedSteps: number;
  readonly engines: Readonly<Record<string, Measured>>;
  /** From the expression to the first verdict, ms: least of twenty, warm. */
  readonly firstVerdict: number;
}

function measure(run: () => number): Measured {
  const benchmark = new Benchmark(run, { maxTime: 0.25, minSamples: 8 });
  benchmark.run();
  const each = benchmark.stats.sample.map((seconds) => (seconds * 1e9) / PACKETS).sort((a, b) => a - b);
  return { median: each[each.length >> 1]!, least: each[0]! };
}

const { name, expression } = FILTERS[Number(process.argv[2])]!;
const packets = await samplePackets();
const filter = compile(expression, { engine: 'cbpf-js' }).for('EN10MB');
const lifted = lift(filter.cbpf);

const callByCall = (engine: string): (() => number) => {
  const load = engineOf(engine, [...ENGINES, ...LIFTED_ENGINES]).load(filter.cbpf);
  return () => {
    let matched = 0;
    for (const packet of packets) if (load(packet, 0, packet.length, packet.length) !== 0) matched++;
    return matched;
  };
};
const matches = (): number => {
  let matched = 0;
  for (const packet of packets) if (filter.matches(packet)) matched++;
  return matched;
};
/** The form that compares with the packet's end by itself, verified, its accesses unchecked. */
function provedBatch(): () => number {
  const program = lift(filter.cbpf, { form: 'tc' });
  const { proofs, rejection } = verify(program, { type: 'sched_cls', proofs: true });
  if (proofs === undefined) throw new Error(rejection?.message);
  return bodyBatch(extendedBody(proofs, ebpf.programTypeOf('sched_cls')), packets);
}
const runs: Readonly<Record<string, () => number>> = {
  'cbpf-interpreter': callByCall('cbpf-interpreter'),
  'cbpf-js': matches,
  'cbpf-wasm': classicBatch(filter.cbpf, packets),
  'ebpf-interpreter': callByCall('ebpf-interpreter'),
  'ebpf-wasm': ebpfBatch(lifted, packets),
  'ebpf-proved': provedBatch(),
};

const counts = new Set(Object.values(runs).map((run) => run()));
if (counts.size !== 1) throw new Error(`${name}: engines disagree: ${[...counts].join(', ')}`);

function extendedSteps(): number {
  const memory = new ebpf.Memory();
  const context = memory.add('context', new Uint8Array(192), { writable: true });
  const packet = memory.add('packet', new Uint8Array(0), { room: 65536 });
  let steps = 0;
  for (const bytes of packets) {
    ebpf.aim(packet, bytes, 0, bytes.length);
    context.view.setUint32(0, bytes.length, true);
    steps += ebpf.execute(lifted, { memory, packet, helpers: new Map() }, [BigInt(context.base)]).steps;
  }
  return steps / packets.length;
}

function firstVerdict(): number {
  const times = Array.from({ length: 20 }, () => {
    const started = performance.now();
    compile(expression, { linkType: 'EN10MB' }).matches(packets[0]!);
    return performance.now() - started;
  });
  return Math.min(...times);
}

const engines: Record<string, Measured> = {};
for (const [engine, run] of Object.entries(runs)) engines[engine] = measure(run);
const row: MatrixRow = {
  filter: name,
  matched: [...counts][0]!,
  classicLength: filter.cbpf.length,
  extendedLength: lifted.length,
  classicSteps:
    packets.reduce((sum, packet) => sum + filter.explain(packet).steps.length, 0) / packets.length,
  extendedSteps: extendedSteps(),
  engines,
  firstVerdict: firstVerdict(),
};
process.stdout.write(JSON.stringify(row));
