/** Programs that change packets and call helpers: in every engine what the running kernel makes of them. */

import test from 'ava';
import {
  assemble,
  createMap,
  Memory,
  opcodes,
  takeRecord,
  UnavailableError,
  valueAt,
} from '../ebpf/index.js';
import { type Comparison, compareOne, kernelMaps } from '../testing/besideKernel.js';
import { openKernel } from '../testing/kernel.js';
import { generator } from '../testing/random.js';
import { fullRun } from '../testing/vectors.js';
import type { WritingType } from '../testing/writingPrograms.js';
import { loadEbpf, VerificationError } from './extended.js';

const TYPES: readonly WritingType[] = ['xdp', 'sched_cls', 'cgroup_skb', 'socket_filter'];
const PROGRAMS = Number(process.env.WEIR_PROGRAMS ?? (fullRun ? 8000 : 400));

test('results, packets and maps are the kernel’s', async (t) => {
  const kernel = await openKernel();
  if (typeof kernel === 'string') {
    t.log(`skipped: ${kernel}`);
    t.pass();
    return;
  }
  const maps = kernelMaps(kernel);
  const counts: Comparison = { programs: 0, refused: 0, unverified: 0, runs: 0, differences: [] };
  const random = generator(Number(process.env.WEIR_SEED ?? 6));
  while (counts.programs < PROGRAMS && counts.differences.length === 0)
    compareOne(kernel, maps, random, TYPES[counts.programs % TYPES.length]!, counts);
  for (const map of maps) map.close();
  t.log(
    `${counts.programs} programs, ${counts.refused} refused by the kernel, ${counts.unverified} by verify(), ${counts.runs} runs compared`,
  );
  t.deepEqual(counts.differences, []);
  t.true(counts.refused < counts.programs / 100);
});

const PACKET = Uint8Array.from({ length: 60 }, (_, index) => index);

for (const engine of ['interpreter', 'wasm'] as const) {
  test(`${engine}: an outcome has the packet as it is afterwards, and the one that was given stays`, (t) => {
    const program = assemble(`
      r6 = r1
      r2 = -4
      call 54
      r2 = *(u32 *)(r6 + 8)
      r3 = *(u32 *)(r6 + 0)
      r4 = r2
      r4 += 4
      if r4 > r3 goto out
      *(u32 *)(r2 + 0) = 7
    out:
      r1 = r6
      r2 = -2
      call 65
      r2 = *(u32 *)(r6 + 0)
      r3 = *(u32 *)(r6 + 4)
      r0 = 1
      r4 = r2
      r4 += 14
      if r4 > r3 goto end
      *(u8 *)(r2 + 1) = 99
      r1 = 5
      r2 = 0
      call 23
    end:
      exit`);
    const run = loadEbpf(program, { type: 'xdp', engine });
    for (let round = 0; round < 2; round++) {
      const { verdict, packet, meta, redirect } = run.run(PACKET);
      t.is(verdict, 4);
      t.deepEqual([...meta], [7, 0, 0, 0]);
      t.deepEqual([...packet], [0, 99, ...PACKET.subarray(2, 58)]);
      t.like(redirect, { by: 'redirect', interfaceIndex: 5 });
    }
    t.deepEqual([...PACKET], [...Array(60).keys()]);
    t.is(run(PACKET, 0, 10, 10), 1);
  });

  test(`${engine}: a program that only reads is given the very bytes`, (t) => {
    const run = loadEbpf(assemble('r0 = *(u32 *)(r1 + 8)\nexit'), { type: 'sched_cls', engine });
    const { verdict, packet } = run.run(PACKET, { metadata: { mark: 77 } });
    t.is(verdict, 77);
    t.is(packet, PACKET);
  });

  test(`${engine}: records go to the host`, (t) => {
    const memory = new Memory();
    const ring = createMap('ringBuffer', memory, {
      name: 'ring',
      keySize: 0,
      valueSize: 0,
      maxEntries: 4096,
    });
    const [wide, second, ...others] = assemble(`
      r1 = 1 ll
      *(u64 *)(r10 - 8) = 5
      r2 = r10
      r2 += -8
      r3 = 8
      r4 = 0
      call 130
      r0 = 2
      exit`);
    const program = [{ ...wide!, src: opcodes.PSEUDO.mapFd }, second!, ...others];
    const services = { type: 'xdp', engine, memory, maps: new Map([[1, ring]]) } as const;
    loadEbpf(program, services).run(PACKET);
    t.deepEqual([...takeRecord(ring)!], [5, 0, 0, 0, 0, 0, 0, 0]);
    t.is(takeRecord(ring), undefined);
    const seen: number[] = [];
    loadEbpf(program, {
      ...services,
      memory: new Memory(),
      output: (_, data) => void seen.push(data[0]!),
    }).run(PACKET);
    t.deepEqual(seen, [5]);
    t.is(valueAt(ring, new Uint8Array(0)), undefined);
  });
}

test('what no engine has is refused when it is loaded, by its name', (t) => {
  const program = assemble('r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall 113\nr0 = 0\nexit');
  const error = t.throws(() => loadEbpf(program, { type: 'xdp' }), { instanceOf: UnavailableError });
  t.is(error?.message, 'instruction 4: no engine here has helper 113 (probe_read_kernel)');
  t.throws(() => loadEbpf(assemble('call 9\nexit'), { type: 'xdp' }), { instanceOf: VerificationError });
});
