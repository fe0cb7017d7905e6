/**
 * Asks z3 about claims: a process of its own, since z3 gives no memory back. What it is sent and answers: {@link file://prove.mjs}.
 *
 * Its argument is the folder of the compiled code.
 */

import { init } from 'z3-solver';
import { numberClaims } from './numbers.mjs';
import { makeTerms } from './terms.mjs';
import { wasmClaims } from './wasm.mjs';

const [dist] = process.argv.slice(2);
const { Context } = await init();
const z3 = Context('main');
const terms = makeTerms(z3);

const byWidth = new Map();
/** All claims by name, for words of so many bits. */
async function claimsOf(word) {
  if (!byWidth.has(word)) {
    const claims = [
      ...numberClaims(terms, dist, word),
      ...(word === 64 ? await wasmClaims(z3, terms, dist) : []),
    ];
    byWidth.set(word, new Map(claims.map((one) => [one.name, one])));
  }
  return byWidth.get(word);
}

/** What has to hold each for itself: one question to z3 each. */
const conjuncts = (claim) => (z3.isAnd(claim) ? claim.children().flatMap(conjuncts) : [claim]);

/**
 * z3's answer to a claim. What the parts that were called keep is asked first, one after the other: where it is certain
 * that a value was among a part's arguments, it is among what the part left.
 */
async function ask({ make }, seconds) {
  const begun = performance.now();
  const { given, lemmas = [], claim } = make();
  const known = given.map(terms.bool);
  const check = async (holds) => {
    if (typeof holds === 'boolean') return { answer: holds ? 'unsat' : 'sat', model: '' };
    const left = 1000 * seconds - (performance.now() - begun);
    if (left < 1) return { answer: 'unknown', model: '' };
    const solver = new z3.Solver('QF_BV');
    solver.set('timeout', Math.ceil(left));
    for (const one of known) solver.add(one);
    solver.add(terms.not(holds));
    const answer = await solver.check();
    return { answer, model: answer === 'sat' ? String(solver.model()) : '' };
  };
  /** Asks for each part of something; what is proved helps with the rest. */
  const checkAll = async (holds) => {
    for (const part of conjuncts(holds)) {
      const { answer, model } = await check(part);
      if (answer !== 'unsat') return { answer, model };
      if (part !== true) known.push(part);
    }
    return { answer: 'unsat', model: '' };
  };
  for (const { when, then } of lemmas) {
    const { answer } = await checkAll(when);
    known.push(terms.bool(answer === 'unsat' ? then : terms.or(terms.not(when), then)));
  }
  const { answer, model } = await checkAll(claim);
  return { kind: { unsat: 'proved', sat: 'refuted', unknown: 'open' }[answer], model };
}

process.on('message', async ({ name, word, seconds }) => {
  const claims = await claimsOf(word);
  if (name === undefined) process.send([...claims.keys()]);
  else process.send(claims.has(name) ? await ask(claims.get(name), seconds) : { kind: 'none' });
});
process.send('ready');
