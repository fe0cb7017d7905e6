/** Programs of clang: what compiled code counts is what the definition of the machine counts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Program } from '../ebpf/index.js';
import { build, programNames, whyNoClang } from '../testing/clang.js';
import { loadFilled, testPackets, traceOfEngine } from '../testing/objectKernel.js';
import { fullRun, projectRoot, Tally } from '../testing/vectors.js';

/** In a short run: plain, with calls, with tail calls. */
const SHORT = ['count', 'tail'];

test('compiled code counts what the definition counts', async (t) => {
  const why = whyNoClang();
  if (why !== undefined) return t.pass(`skipped: ${why}`);
  const tally = new Tally('counts of compiled programs');
  const packets = await testPackets(fullRun ? 40 : 20);
  for (const name of fullRun ? programNames() : SHORT) {
    const bytes = await build({ name, mutant: 0 });
    const source = readFileSync(join(projectRoot, 'lib', 'testing', 'objects', `${name}.c`), 'utf8');
    // Programs by name: each object that is loaded has code of its own.
    const expected = new Map<string, Float64Array>();
    const readers = new Map<string, (() => Float64Array)[]>();
    const nameOf = (object: ReturnType<typeof loadFilled>, program: Program): string =>
      object.programs.find(({ instructions }) => instructions === program)!.name;
    const observed: ReturnType<typeof loadFilled> = loadFilled(bytes, source, {
      btf: 'compiled',
      observe: (program, index) => {
        const key = nameOf(observed, program);
        const counts = expected.get(key) ?? new Float64Array(program.length);
        expected.set(key, counts);
        counts[index]!++;
      },
    });
    const counted: ReturnType<typeof loadFilled> = loadFilled(bytes, source, {
      btf: 'compiled',
      counted: (program, read) => {
        const key = nameOf(counted, program);
        readers.set(key, [...(readers.get(key) ?? []), read]);
      },
    });
    const entry = observed.programs.find((one) => one.name === name) ?? observed.programs[0]!;
    try {
      traceOfEngine(observed, entry, packets);
    } catch {
      tally.leaveOut('that need what is not here');
      continue;
    }
    traceOfEngine(counted, counted.program(entry.name), packets);
    for (const [program, counts] of expected) {
      const sum = new Float64Array(counts.length);
      for (const read of readers.get(program) ?? [])
        for (const [slot, times] of read().entries()) sum[slot]! += times;
      tally.check(`${sum}` === `${counts}`, () => {
        const slot = sum.findIndex((times, index) => times !== counts[index]);
        return `${name}, ${program}: slot ${slot} ran ${counts[slot]} times, counted ${sum[slot]}`;
      });
    }
  }
  tally.finish(t);
});
