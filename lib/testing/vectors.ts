/**
 * Test support: expected results that other implementations gave, read from beside the project.
 *
 * The data is not part of the project. `WEIR_TEST_DATA` names its folder; without it, `../shared`
 * next to the project's root is taken. Tests that need it skip with a message where it is absent.
 * `npm test` runs a sample of each file, `npm run conformance` (`WEIR_CONFORMANCE=full`) every row.
 */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** The project's root folder (tests run from `dist/lib/...`). */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}

export const dataFolder = process.env.WEIR_TEST_DATA ?? resolve(projectRoot, '..', 'shared');

/** Whether every row of every vector file is to be run. */
export const fullRun = process.env.WEIR_CONFORMANCE === 'full';

/** Absolute path of a test-data file, or `undefined` (after saying so) where it is not present. */
export function dataPath(t: ExecutionContext, name: string): string | undefined {
  const path = join(dataFolder, name);
  if (existsSync(path)) return path;
  t.log(`skipped: no test data at ${join('..', 'shared', name)} (set WEIR_TEST_DATA to its folder)`);
  t.pass();
  return undefined;
}

/**
 * Rows of a JSON Lines file: all of them in a full run, else every n-th so that about `sample` remain.
 * Empty, after a message, where the data is not present.
 */
export function vectors<Row>(t: ExecutionContext, name: string, sample = 200): Row[] {
  const path = dataPath(t, name);
  if (path === undefined) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const step = fullRun ? 1 : Math.max(1, Math.floor(lines.length / sample));
  return lines.filter((_, index) => index % step === 0).map((line) => JSON.parse(line) as Row);
}

/** Counts agreements of one suite and reports every disagreement at its end. */
export class Tally {
  readonly suite: string;
  run = 0;
  agreed = 0;
  readonly disagreements: string[] = [];
  /** Rows left out, by reason. */
  readonly left = new Map<string, number>();

  constructor(suite: string) {
    this.suite = suite;
  }

  /** Counts one case; `describe` is called only when it disagrees. */
  check(agrees: boolean, describe: () => string): void {
    this.run++;
    if (agrees) this.agreed++;
    else this.disagreements.push(describe());
  }

  leaveOut(reason: string): void {
    this.left.set(reason, (this.left.get(reason) ?? 0) + 1);
  }

  /**
   * Logs the figures, adds them to the conformance report, and fails unless the share that agreed is
   * at least `share`.
   */
  finish(t: ExecutionContext, share = 1): void {
    const left = [...this.left].map(([reason, count]) => `${count} ${reason}`).join(', ');
    t.log(`${this.suite}: ${this.agreed} of ${this.run} agree${left === '' ? '' : ` (left out: ${left})`}`);
    const report = process.env.WEIR_CONFORMANCE_REPORT;
    if (report !== undefined && this.run > 0) {
      const { suite, run, agreed, disagreements } = this;
      const row = { suite, run, agreed, left: Object.fromEntries(this.left), disagreements };
      appendFileSync(report, `${JSON.stringify(row)}\n`);
    }
    const shown = this.disagreements.slice(0, 20).join('\n');
    t.true(
      this.agreed >= this.run * share,
      `${this.suite}: ${this.run - this.agreed} of ${this.run} disagree\n${shown}`,
    );
  }
}

/** Groups of reference expressions that are of Ethernet, mostly, and of programs without loops. */
export const ETHERNET_GROUPS: readonly string[] =
  'abbrev arith compound cookbook encap hostnet llc mac named port proto'.split(' ');
