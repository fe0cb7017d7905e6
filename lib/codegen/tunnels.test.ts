/** Scopes of tunnels beside tshark, which says what is in each packet, and in the running kernel. */

import test from 'ava';
import { execute, type Program } from '../cbpf/index.js';
import { compile, FilterError } from '../index.js';
import { type LiftForm, lift } from '../lift/index.js';
import { openKernel } from '../testing/kernel.js';
import { generator } from '../testing/random.js';
import { tsharkVersion } from '../testing/tshark.js';
import { expected, makeFrames, type Question, questionOf, textOf } from '../testing/tunnelQuestions.js';
import { fullRun, Tally } from '../testing/vectors.js';

const PACKETS = fullRun ? 1500 : 300;
const EXPRESSIONS = fullRun ? 600 : 60;

/** Programs of the questions that have one: some steps make no sense on some links. */
function compiledOf(question: Question): Program | undefined {
  try {
    return compile(textOf(question)).for('EN10MB').cbpf;
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

test('scopes of tunnels take the packets that tshark says are in them', async (t) => {
  if (tsharkVersion() === undefined) {
    t.log('skipped: tshark is not installed');
    t.pass();
    return;
  }
  const { frames, levels } = makeFrames(0x7a, PACKETS);
  t.is(levels.length, frames.length);
  const random = generator(0x7b);
  const tally = new Tally('scopes: packets of tunnels, beside tshark');
  const inKernel = new Tally('scopes: the same in the running kernel, as xdp and tc');
  const kernel = fullRun ? await openKernel() : 'not in a short run';
  let taken = 0;
  let asked = 0;
  for (let tries = 0; asked < EXPRESSIONS && tries < 3 * EXPRESSIONS; tries++) {
    const question = questionOf(random, levels[random(levels.length)]!);
    const program = compiledOf(question);
    if (program === undefined) continue;
    asked++;
    const verdicts = frames.map(
      (bytes) => execute(program, { bytes, wireLength: bytes.length, personality: 'libpcap' }).result! !== 0,
    );
    for (const [place, verdict] of verdicts.entries()) {
      const theirs = expected(question, levels[place]!);
      if (theirs === undefined) tally.leaveOut('numbers of which tshark does not say whose they are');
      else
        tally.check(
          verdict === theirs,
          () => `${textOf(question)}: ${verdict} on ${Buffer.from(frames[place]!).toString('hex')}`,
        );
      if (verdict) taken++;
    }
    if (typeof kernel === 'string') continue;
    for (const [form, type] of [
      ['xdp', 'xdp'],
      ['tc', 'sched_cls'],
    ] as const satisfies readonly (readonly [LiftForm, string])[]) {
      const loaded = kernel.load(lift(program, { form }), type);
      inKernel.check(typeof loaded !== 'string', () => `${textOf(question)}: ${String(loaded).slice(-500)}`);
      if (typeof loaded === 'string') continue;
      for (let place = asked % 50; place < frames.length; place += 50)
        inKernel.check((loaded.run(frames[place]!) !== 0) === verdicts[place], () => textOf(question));
      loaded.close();
    }
  }
  t.log(`${asked} expressions, ${taken} packets taken`);
  t.true(asked === EXPRESSIONS && taken > asked);
  tally.finish(t);
  if (typeof kernel !== 'string') inKernel.finish(t);
});
