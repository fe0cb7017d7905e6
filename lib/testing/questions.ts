/**
 * `node dist/lib/testing/questions.js [--pairs N] [--seed S] [--packets P]`: implies, disjoint and diff asked about pairs of the
 * reference expressions, which are near misses (a number, a qualifier or an operator changed), subsets and supersets.
 *
 * Every proof is tried on P packets made from those that go every way through both programs; every packet that is
 * given is run in three engines and in libpcap's program, where tcpdump is installed. Exit status 1 for a wrong answer.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cover, diff, disjoint, implies } from '../ask/index.js';
import { execute, type FilterFunction, type Program } from '../cbpf/index.js';
import { ENGINES, engineOf, LIFTED_ENGINES } from '../engine/index.js';
import { compileProgram } from '../filter/index.js';
import { generator, type Random } from './random.js';
import { dataFolder } from './vectors.js';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    packets: { type: 'string', default: '10000' },
  },
});
const [PAIRS, SEED, PACKETS] = [values.pairs, values.seed, values.packets].map(Number) as [
  number,
  number,
  number,
];
const GROUPS = ['abbrev', 'compound', 'cookbook', 'hostnet', 'mac', 'port', 'proto', 'reported', 'random'];
const NAMES = ['cbpf-interpreter', 'cbpf-wasm', 'ebpf-interpreter'];

interface Row {
  readonly expr: string;
  readonly dlt: string | null;
  readonly mode: string;
  readonly error?: string;
}

interface Shown {
  readonly packet: Uint8Array;
  readonly wireLength: number;
}

const one = <Item>(random: Random, items: readonly Item[]): Item => items[random(items.length)]!;

const corpus = GROUPS.flatMap((group) => {
  const file = join(dataFolder, `vectors/filters/${group}.jsonl`);
  if (!existsSync(file)) return [];
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
  return rows.filter(({ dlt, mode, error }) => dlt === 'EN10MB' && mode === 'dead' && error === undefined);
}).map(({ expr }) => expr.trim());

/** One word of an expression made another of its kind. */
const SWAPS: readonly (readonly string[])[] = [
  ['src', 'dst', 'src or dst', 'src and dst'],
  ['and', 'or', 'and not'],
  ['tcp', 'udp', 'sctp', 'ip', 'ip6', 'icmp'],
  ['=', '!=', '<', '<=', '>', '>='],
  ['host', 'net'],
  ['&', '|', '+', '-'],
];

function nearMiss(random: Random, expression: string): string {
  const words = [...expression.matchAll(/\d+|[a-z]\w*|[!<>]?=|[<>&|+-]/g)];
  const { 0: word, index } = one(random, words) ?? { 0: '', index: 0 };
  const group = SWAPS.find((swap) => swap.includes(word));
  const other = /^\d+$/.test(word)
    ? `${Math.max(0, Number(word) + one(random, [-1, 1, 8]))}`
    : group && one(random, group);
  return other === undefined
    ? expression
    : expression.slice(0, index) + other + expression.slice(index + word.length);
}

function compiled(expression: string): Program | undefined {
  try {
    return compileProgram(expression, { linkType: 'EN10MB' });
  } catch {
    return undefined; // refused, or of names that nobody knows
  }
}

/** Two expressions, and whether the first implies the other by how they were made. */
function pairOf(random: Random): readonly [a: string, b: string, implied: boolean] {
  const [e, f] = [one(random, corpus), one(random, corpus)].map((text) => `(${text})`) as [string, string];
  switch (random(6)) {
    case 0:
      return [`${e} and ${f}`, e, true];
    case 1:
      return [e, `${e} or ${f}`, true];
    case 2:
      return [e, f, false];
    default:
      return random(2) === 0 ? [e, nearMiss(random, e), false] : [nearMiss(random, e), e, false];
  }
}

/** Packets near those that go every way through both: bytes changed, and some cut. */
function packetsNear(random: Random, made: readonly Shown[], count: number): Shown[] {
  if (made.length === 0) return [];
  return Array.from({ length: count }, (_, at) => {
    const { packet, wireLength } = made[at % made.length]!;
    const changed = packet.slice(0, random(4) === 0 ? random(packet.length + 1) : packet.length);
    for (let changes = at < made.length ? 0 : random(4); changes > 0 && changed.length > 0; changes--)
      changed[random(changed.length)] =
        random(2) === 0 ? random(256) : one(random, made).packet[random(changed.length)]! & 0xff;
    return { packet: changed, wireLength };
  });
}

const load = (engine: string, program: Program): FilterFunction =>
  engineOf(engine, [...ENGINES, ...LIFTED_ENGINES]).load(program);

/** What `tcpdump -ddd` prints. */
const programOf = (text: string): Program =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ').map(Number) as [number, number, number, number])
    .map(([code, jt, jf, k]) => ({ code, jt, jf, k }));

const theirs = new Map<string, Program | undefined>();
/** libpcap's program for an expression. */
function libpcaps(expression: string): Program | undefined {
  // Versions before 1.11 compare the whole byte of which IS-IS's type is a part.
  if (/\b(isis|l[12]|iih|lsp|[cp]?snp)\b/.test(expression)) return undefined;
  if (!theirs.has(expression)) {
    const { stdout, status } = spawnSync('tcpdump', ['-n', '-y', 'EN10MB', '-O', '-ddd', expression], {
      encoding: 'utf8',
    });
    theirs.set(expression, status === 0 ? programOf(stdout) : undefined);
  }
  return theirs.get(expression);
}

/** How many engines, libpcap's program besides, do not see it as is said. */
function contradictions(
  text: string,
  program: Program,
  { packet, wireLength }: Shown,
  matches: boolean,
): string[] {
  const wrong = NAMES.filter(
    (name) => (load(name, program)(packet, 0, packet.length, wireLength) !== 0) !== matches,
  );
  const other = libpcaps(text);
  const says = (given: Program, bytes: Uint8Array) => execute(given, { bytes, wireLength }).result !== 0;
  if (other === undefined || says(other, packet) === matches) return wrong;
  // Versions before 1.11 load the bytes of an address of which the mask keeps nothing.
  const longer = new Uint8Array(packet.length + 64);
  longer.set(packet);
  if (/\bnet\b/.test(text) && says(other, longer) === says(program, longer)) masked++;
  else wrong.push('libpcap');
  return wrong;
}

const random = generator(SEED);
const times: number[] = [];
const wrong: string[] = [];
let [asked, decided, proofs, given, loops, masked] = [0, 0, 0, 0, 0, 0];

function judge([a, b, isImplied]: readonly [string, string, boolean]): boolean {
  const [x, y] = [compiled(a), compiled(b)];
  if (x === undefined || y === undefined) return false;
  if (/protochain/.test(a + b)) {
    loops++;
    return true;
  }
  const isWrong = (what: string): void => {
    wrong.push(`${what}: ${a} | ${b}`);
  };
  const ask = <Answer>(question: () => Answer): Answer => {
    const begun = performance.now();
    const answer = question();
    times.push(performance.now() - begun);
    return answer;
  };
  const implied = ask(() => implies(x, y));
  const apart = ask(() => disjoint(x, y));
  const difference = ask(() => diff(x, y));
  asked += 3;
  decided += [implied, apart, difference].filter(({ verdict }) => verdict !== 'undecided').length;
  if (isImplied && implied.verdict === 'no') isWrong('made to imply, and said not to');
  const shown = (what: string, packet: Shown, first: boolean, second: boolean): void => {
    given++;
    for (const engine of contradictions(a, x, packet, first)) isWrong(`${what}, by ${engine}, first`);
    for (const engine of contradictions(b, y, packet, second)) isWrong(`${what}, by ${engine}, second`);
  };
  if (implied.verdict === 'no') shown('implies', implied, true, false);
  if (apart.verdict === 'no') shown('disjoint', apart, true, true);
  for (const region of difference.regions) {
    const { matchedBy } = region;
    shown('diff', region, matchedBy === 'first', matchedBy === 'second');
  }
  const proved = [
    implied.verdict === 'yes',
    apart.verdict === 'yes',
    difference.verdict === 'equal',
  ] as const;
  if (!proved.includes(true)) return true;
  proofs += proved.filter(Boolean).length;
  const near = packetsNear(random, [...cover(x).packets, ...cover(y).packets], PACKETS);
  const [first, second] = [x, y].map((program) => load('cbpf-js', program)) as [
    FilterFunction,
    FilterFunction,
  ];
  for (const { packet, wireLength } of near) {
    const [m, n] = [first, second].map((run) => run(packet, 0, packet.length, wireLength) !== 0) as [
      boolean,
      boolean,
    ];
    const held = [!m || n, !m || !n, m === n];
    if (proved.some((claim, at) => claim && !held[at])) {
      isWrong(`proof of ${proved} on ${Buffer.from(packet).toString('hex')} of ${wireLength}`);
      break;
    }
  }
  return true;
}

if (corpus.length === 0) console.log('skipped: the reference expressions are not there');
else {
  for (let pairs = 0; pairs < PAIRS; ) if (judge(pairOf(random))) pairs++;
  times.sort((a, b) => a - b);
  const at = (part: number): string => `${times[Math.floor(part * (times.length - 1))]!.toFixed(1)} ms`;
  console.log(
    `${PAIRS} pairs (${loops} with loops): ${decided} of ${asked} questions decided (${((100 * decided) / asked).toFixed(2)} %)`,
  );
  console.log(
    `median ${at(0.5)}, 99 % in ${at(0.99)}, at most ${at(1)}; over a second ${times.filter((time) => time > 1000).length}`,
  );
  console.log(
    `${proofs} proofs on ${PACKETS} packets each, ${given} packets given; ${wrong.length} wrong; libpcap loads what it masks away for ${masked} that are cut`,
  );
  for (const line of wrong.slice(0, 20)) console.log(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
