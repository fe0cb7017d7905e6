/**
 * `npm run prove`: asks z3 whether the verifier's arithmetic is sound, and whether compiled eBPF is what the definition
 * says, for all inputs. Of numbers with their ranges z3 settles few: `--exhaustive N` tries them on words of 8 bits with every Nth
 * constant, `--pairs N` on words of 4 bits with every Nth of their like (exhaustive.mjs). First, mistakes are put into copies of the code: a claim has to fall over each of them.
 *
 * `--only TEXT` takes the claims whose names hold it; `--seconds N` is the time for each of the narrower widths, and four
 * times that for 64 bits (10); `--numbers` asks about numbers with their ranges as well, best with `--only` and `--bits 4`; `--bits 64,8,4` are the widths of words, tried in turn; `--no-mistakes` leaves out the first part. Exit status 1 when a claim is refuted, or a mistake is not found.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { init } from 'z3-solver';
import { tryConstants, tryPairs } from './exhaustive.mjs';
import { MISTAKES, MISTAKES_OF_RANGES } from './mistakes.mjs';
import { numberClaims } from './numbers.mjs';
import { makeTerms } from './terms.mjs';
import { wasmClaims } from './wasm.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
    bits: { type: 'string', default: '64,8,4' },
    dist: { type: 'string' },
    'no-mistakes': { type: 'boolean', default: false },
    numbers: { type: 'boolean', default: false },
    exhaustive: { type: 'string', default: '0' },
    pairs: { type: 'string', default: '0' },
  },
});
const SECONDS = Number(values.seconds);
const dist = values.dist ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
const { Context } = await init();
const z3 = Context('main');
const terms = makeTerms(z3);

/** z3's answer to a claim, and how long it took. */
async function ask({ make }, seconds) {
  const begun = performance.now();
  const { given, claim } = make();
  const solver = new z3.Solver('QF_BV');
  solver.set('timeout', Math.round(1000 * seconds));
  for (const one of given) solver.add(terms.bool(one));
  solver.add(terms.bool(terms.not(claim)));
  const answer = await solver.check();
  const kind = answer === 'unsat' ? 'proved' : answer === 'sat' ? 'refuted' : 'open';
  const model = kind === 'refuted' ? String(solver.model()) : '';
  return { kind, seconds: (performance.now() - begun) / 1000, model };
}

/** All claims by name, for words of so many bits. */
const claimsOf = async (from, word) =>
  new Map(
    [...numberClaims(terms, from, word), ...(word === 64 ? await wasmClaims(z3, terms, from) : [])].map(
      (one) => [one.name, one],
    ),
  );

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

const refutedByZ3 = async (folder, name) => {
  const { kind } = await ask((await claimsOf(folder, 64)).get(name), 4 * SECONDS);
  return kind === 'refuted';
};
const refutedByPairs = async (folder, name) => {
  let falls = false;
  await tryPairs(
    folder,
    (claim) => claim === name,
    1 / 16,
    (_, { refuted }) => {
      falls = refuted !== undefined;
    },
  );
  return falls;
};

const start = performance.now();
let failures = 0;
/** Of the constants, one in so many is tried; 0: none is, and z3 is asked. */
const every = Number(values.exhaustive);
const pairs = Number(values.pairs);
const runs = every > 0 || pairs > 0;
const mistakes = pairs > 0 ? MISTAKES_OF_RANGES : every > 0 ? [] : MISTAKES;
if (!values['no-mistakes'] && mistakes.length > 0) {
  let found = 0;
  for (const mistake of mistakes) {
    if (await isFound(mistake, runs ? refutedByPairs : refutedByZ3)) found++;
    else {
      failures++;
      console.log(`not found: ${mistake.join(' | ')}`);
    }
  }
  console.log(`${found} of ${mistakes.length} mistakes found`);
}

const WIDTHS = values.bits
  .split(',')
  .map((bits) => [Number(bits), Number(bits) === 64 ? 4 * SECONDS : SECONDS]);
const byWidth = [];
for (const [word] of WIDTHS) byWidth.push(await claimsOf(dist, word));
/** What z3 answers in seconds; numbers with their ranges take it minutes, and more memory than it has for all of them at once. */
const SURE = /^(tnum|wasm):/;
const counts = new Map();
for (const name of byWidth[0].keys()) {
  if (runs || !name.includes(values.only) || (!values.numbers && !SURE.test(name))) continue;
  let said = 'open';
  for (const [at, [word, seconds]] of WIDTHS.entries()) {
    const one = byWidth[at].get(name);
    if (one === undefined) continue;
    const { kind, seconds: taken, model } = await ask(one, seconds);
    const width = `${word} bits`.padStart(7);
    console.log(`${kind.padEnd(8)} ${name.padEnd(24)} ${width} ${taken.toFixed(1).padStart(6)} s`);
    if (kind === 'open') continue;
    said = `${kind} at ${word} bits`;
    if (kind === 'refuted') {
      failures++;
      console.log(model);
    }
    break;
  }
  const group = `${name.split(':')[0]}: ${said}`;
  counts.set(group, (counts.get(group) ?? 0) + 1);
}
const told = (name, { tried, refuted, bits }) => {
  if (refuted) failures++;
  console.log(`${refuted ? 'refuted' : 'holds  '} ${name.padEnd(24)} ${tried} inputs of ${bits} bits`);
  if (refuted) console.log(refuted);
  const group = `${name.split(':')[0]}: ${refuted ? 'refuted' : 'holds'} on all inputs tried at ${bits} bits`;
  counts.set(group, (counts.get(group) ?? 0) + 1);
};
const wants = (name) => name.includes(values.only);
if (every > 0) await tryConstants(dist, wants, 1 / every, told);
if (pairs > 0) await tryPairs(dist, wants, 1 / pairs, told);
for (const [said, count] of counts) console.log(`${String(count).padStart(4)} ${said}`);
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exit(failures > 0 ? 1 : 0);
