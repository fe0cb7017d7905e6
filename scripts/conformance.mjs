#!/usr/bin/env node
/**
 * Runs every row of the test data and prints the figures that docs/conformance.md states.
 *
 * `node scripts/conformance.mjs [ava arguments]`; the exit code is ava's.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const report = join(mkdtempSync(join(tmpdir(), 'weir-conformance-')), 'report.jsonl');
const env = { ...process.env, WEIR_CONFORMANCE: 'full', WEIR_CONFORMANCE_REPORT: report };
const run = spawnSync('npx', ['ava', '--timeout=20m', ...process.argv.slice(2)], { stdio: 'inherit', env });

if (existsSync(report)) {
  const rows = readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .sort((a, b) => a.suite.localeCompare(b.suite));
  const width = Math.max(...rows.map((row) => row.suite.length));
  for (const { suite, run: cases, agreed, left, disagreements } of rows) {
    const omitted = Object.entries(left).map(([reason, count]) => `${count} ${reason}`);
    const note = omitted.length > 0 ? `   left out: ${omitted.join(', ')}` : '';
    console.log(
      `${suite.padEnd(width)}  ${String(agreed).padStart(6)} of ${String(cases).padStart(6)}${note}`,
    );
    for (const line of disagreements.slice(0, 40)) console.log(`    differs: ${line}`);
  }
}
process.exitCode = run.status ?? 1;
