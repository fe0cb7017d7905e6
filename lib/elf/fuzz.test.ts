/** Objects that are damaged: one error each, of one class, in little time. */

import test from 'ava';
import { assemble as classic } from '../cbpf/index.js';
import { buildObject, loadObject } from '../engine/index.js';
import { build, whyNoClang } from '../testing/clang.js';
import { generator, type Random } from '../testing/random.js';
import { fullRun } from '../testing/vectors.js';
import { ObjectError, readObject } from './index.js';

const RUNS = Number(process.env.WEIR_DAMAGED ?? (fullRun ? 100_000 : 2_000));
const SEED = Number(process.env.WEIR_SEED ?? 1);
/** No damaged object may take longer, on a busy machine either: those that ask for maps of 256 MiB take most. */
const LONGEST_MS = 10_000;

const INTERESTING = [
  0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

function damaged(random: Random, whole: Uint8Array): Uint8Array {
  const bytes = whole.slice();
  const view = new DataView(bytes.buffer);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length);
    switch (random(6)) {
      case 0:
        bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        if (at + 4 <= bytes.length)
          view.setUint32(at & ~3, INTERESTING[random(INTERESTING.length)]!, random(2) === 0);
        break;
      case 3:
        if (at + 8 <= bytes.length)
          view.setBigUint64(at & ~7, (1n << BigInt(random(64))) + BigInt(random(3)) - 1n, true);
        break;
      case 4:
        bytes.copyWithin(at, random(bytes.length), random(bytes.length));
        break;
      default:
        return bytes.subarray(0, at);
    }
  }
  return bytes;
}

test('damaged objects give one error, of one class, in bounded time', async (t) => {
  t.timeout(3_600_000);
  const cbpf = classic('ldh [12]\njne #0x800, no\nret #-1\nno: ret #0');
  const bases = [
    buildObject({ cbpf, expression: 'ip' }, { hook: 'xdp', count: true }).bytes,
    buildObject({ cbpf, expression: 'ip' }, { hook: 'tc' }).bytes,
  ];
  if (whyNoClang() === undefined)
    for (const name of ['count', 'tail', 'globals', 'legacy']) bases.push(await build({ name }));
  for (const base of bases) t.notThrows(() => readObject(base));
  const random = generator(SEED);
  const counts = { read: 0, refused: 0 };
  let longest = 0;
  for (let run = 0; run < RUNS; run++) {
    const bytes = damaged(random, bases[run % bases.length]!);
    const start = performance.now();
    try {
      const object = loadObject(bytes, { btf: 'compiled' });
      for (const map of object.maps) JSON.stringify(map);
      for (const program of object.programs) {
        program.lineOf(0);
        program.lineOf(program.instructions.length - 1);
      }
      counts.read++;
    } catch (error) {
      if (!(error instanceof ObjectError)) {
        t.fail(`run ${run} of seed ${SEED}: ${(error as Error).stack}`);
        return;
      }
      counts.refused++;
    }
    longest = Math.max(longest, performance.now() - start);
  }
  t.log(
    `${RUNS} damaged objects: ${counts.read} still read, ${counts.refused} refused; the longest took ${longest.toFixed(0)} ms, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB in all`,
  );
  t.true(longest < LONGEST_MS);
  t.true(counts.read > 0 && counts.refused > 0);
});
