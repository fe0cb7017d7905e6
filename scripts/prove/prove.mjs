/**
 * `npm run prove`: asks z3 whether the verifier's arithmetic is sound, and whether compiled eBPF is what the definition
 * says, for all inputs. First, mistakes are put into copies of the code: a claim has to fall over each of them.
 *
 * `--only TEXT` takes the claims whose names hold it; `--bits 64,8` are the widths of words, tried in turn, 64 for at most
 * `--seconds N` (60), others five times as long: there everything is covered that such a word can be, not a part. `--jobs N` (2)
 * processes ask at once; `--no-mistakes` leaves out the first part. Exit status 1 when a claim is refuted, or a mistake is not found.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MISTAKES } from './mistakes.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '60' },
    bits: { type: 'string', default: '64,8' },
    dist: { type: 'string' },
    'no-mistakes': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
});
const SECONDS = Number(values.seconds);
const here = dirname(fileURLToPath(import.meta.url));
const dist = values.dist ?? join(here, '..', '..', 'dist');
/** Milliseconds that one process thinks before another takes its place: what memory z3 took it keeps. */
const TURN = 60_000;

/** Processes that ask z3 about the claims of one copy of the code, one at a time. */
class Asker {
  #child;
  #spent = 0;
  constructor(from) {
    this.from = from;
  }
  /** The names of claims for words of so many bits; with a name, the answer: none where there is no such claim. */
  async ask(question) {
    // z3 may run out of memory, or run into a wall; a process that has asked nothing yet gets one more chance.
    const begun = performance.now();
    const answer = (await this.#answerTo(question)) ?? (await this.#answerTo(question)) ?? OPEN;
    this.#spent += performance.now() - begun;
    if (answer.kind === 'open' || this.#spent > TURN) this.end();
    return answer;
  }
  /** `undefined` where the process ended, or did not look at its clock. */
  async #answerTo(question) {
    if (this.#child === undefined) {
      this.#child = fork(join(here, 'asker.mjs'), [this.from], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      await once(this.#child, 'message');
    }
    this.#child.send(question);
    const over = new AbortController();
    const patience = setTimeout(() => over.abort(), 1000 * (30 + 2 * (question.seconds ?? 30)));
    const { signal } = over;
    const answer = await Promise.race([
      once(this.#child, 'message', { signal }).then(([said]) => said),
      once(this.#child, 'exit', { signal }).then(() => undefined),
    ]).catch(() => undefined);
    clearTimeout(patience);
    over.abort();
    if (answer === undefined) this.end();
    return answer;
  }
  end() {
    this.#child?.kill();
    this.#child = undefined;
    this.#spent = 0;
  }
}
/** Times as long for words of fewer bits, where all that is left is tried. */
const NARROWER = 5;
const OPEN = { kind: 'open', model: '' };

/** Puts a mistake into a copy of the code; gives whether its claim falls. */
async function isFound([file, right, wrong, name], falls) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-prove-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    cpSync(join(dist, 'lib'), join(folder, 'lib'), { recursive: true });
    const text = readFileSync(join(folder, file), 'utf8');
    if (!text.includes(right)) throw new Error(`${file} has no ${right}`);
    writeFileSync(join(folder, file), text.replace(right, wrong));
    return await falls(folder, name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Narrow words first, which z3 is quick with; of a comparison it may be either way that falls. */
async function isRefuted(folder, name) {
  const asker = new Asker(folder);
  let falls = false;
  for (const word of [8, 64])
    for (const one of [name, name.replace(': ', ': not ')])
      falls ||= (await asker.ask({ name: one, word, seconds: SECONDS })).kind === 'refuted';
  asker.end();
  return falls;
}

const start = performance.now();
let failures = 0;
if (!values['no-mistakes']) {
  let found = 0;
  for (const mistake of MISTAKES) {
    if (await isFound(mistake, isRefuted)) found++;
    else {
      failures++;
      console.log(`not found: ${mistake.join(' | ')}`);
    }
  }
  console.log(`${found} of ${MISTAKES.length} mistakes found`);
}

const WIDTHS = values.bits.split(',').map(Number);
const counts = new Map();
/** Asks about a claim for one width after the other, until it has an answer. */
async function answerTo(name, asker) {
  for (const word of WIDTHS) {
    const begun = performance.now();
    const seconds = word === 64 ? SECONDS : NARROWER * SECONDS;
    const answer = await asker.ask({ name, word, seconds });
    if (answer.kind === 'none') continue;
    const taken = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
    console.log(`${answer.kind.padEnd(8)} ${name.padEnd(26)} ${`${word} bits`.padStart(7)} ${taken} s`);
    if (answer.kind === 'open') continue;
    if (answer.kind === 'refuted') {
      failures++;
      console.log(answer.model);
    }
    return `${answer.kind} at ${word} bits`;
  }
  return 'open';
}
async function askAll() {
  const askers = Array.from({ length: Number(values.jobs) }, () => new Asker(dist));
  const names = (await askers[0].ask({ word: WIDTHS[0] })).filter((name) => name.includes(values.only));
  const next = names.values();
  await Promise.all(
    askers.map(async (asker) => {
      for (const name of next) {
        const group = `${name.split(':')[0]}: ${await answerTo(name, asker)}`;
        counts.set(group, (counts.get(group) ?? 0) + 1);
      }
      asker.end();
    }),
  );
}
await askAll();
for (const [said, count] of counts) console.log(`${String(count).padStart(4)} ${said}`);
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exit(failures > 0 ? 1 : 0);
