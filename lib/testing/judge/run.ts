/**
 * `npm run judge -- --programs N --seed S`: random programs before both verifiers, for as long as one likes.
 *
 * Exit status 1 when the running kernel refuses a program that this verifier admits.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generator } from '../random.js';
import { countOf, explained, judge, summary } from './judge.js';
import { openOracle } from './oracle.js';
import { compareRuns, type RunCounts } from './runs.js';
import { compareTable, TABLES } from './tables.js';
import { becomeNobody, runUnprivileged } from './unprivileged.js';

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    /** Programs of the seed to leave out first: `--from N --programs 1` shows one again. */
    from: { type: 'string', default: '0' },
    /** Classes to show with an example. */
    show: { type: 'string', default: '12' },
    /** As a user without privileges; the setting that forbids it is put back afterwards. */
    unprivileged: { type: 'boolean', default: false },
    /** Not random programs, but the tables of contexts, helpers and results, cell by cell. */
    tables: { type: 'boolean', default: false },
    /** Runs what both admit, in the kernel and in every engine. */
    run: { type: 'boolean', default: false },
    /** Set by this script for itself. */
    nobody: { type: 'boolean', default: false },
  },
});

if (values.unprivileged && !values.nobody) {
  const words = process.argv.slice(2).concat('--nobody');
  const status = runUnprivileged(fileURLToPath(import.meta.url), words);
  if (typeof status === 'string') console.error(`judge: ${status}`);
  process.exit(typeof status === 'string' ? 2 : status);
}

const oracle = await openOracle();
if (typeof oracle === 'string') {
  console.error(`judge: ${oracle}`);
  process.exit(2);
}
if (values.unprivileged) becomeNobody();
const privileged = !values.unprivileged;
if (values.tables) {
  const compared = Object.keys(TABLES).map((table) => compareTable(table, oracle, privileged));
  for (const { table, cells, differing } of compared)
    console.log([`${table}: ${cells - differing.length} of ${cells} cells agree`, ...differing].join('\n  '));
  process.exit(compared.some(({ differing }) => differing.length > 0) ? 1 : 0);
}
const start = performance.now();
const runs: RunCounts = { programs: 0, runs: 0, differences: [] };
const packets = generator(Number(values.seed));
const report = judge(oracle, {
  programs: Number(values.programs),
  seed: Number(values.seed),
  from: Number(values.from),
  privileged,
  ...(values.run ? { onAdmitted: (sample) => compareRuns(sample, oracle, packets, runs) } : {}),
  onProgress: ({ programs, classes }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${programs} programs, ${classes.size} classes `);
  },
});
console.log(summary(report));
if (values.run)
  console.log(
    [
      `${runs.programs} programs run, ${runs.runs} runs compared, ${runs.differences.length} differ`,
      ...runs.differences,
    ].join('\n'),
  );
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
const rows = [...report.classes.values()].sort(
  (a, b) => a.side.localeCompare(b.side) * -1 || b.count - a.count,
);
for (const [place, row] of rows.entries()) {
  console.log(`\n${String(row.count).padStart(7)} ${row.side}: ${row.reason}`);
  if (place < Number(values.show)) console.log(explained(row, oracle, privileged).replace(/^/gm, '    '));
}
process.exitCode = countOf(report, 'only weir admits') + runs.differences.length > 0 ? 1 : 0;
