/** The proofs by z3 can still be asked for, and hold: those that take seconds. `npm run prove` asks for all. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { fullRun } from '../../testing/vectors.js';

const script = join(import.meta.dirname, '../../../../scripts/prove/prove.mjs');

for (const [only, claims] of [
  ['wasm: ', 691],
  ['linux: keeps deduce', 4],
  ['sound: keeps acrossSigns', 2],
] as const)
  test(`proved: ${only}`, (t) => {
    if (!fullRun) return void t.pass('skipped: only the full run proves');
    if (!existsSync(join(script, '../node_modules/z3-solver')))
      return void t.pass('skipped: no z3 (npm ci --prefix scripts/prove)');
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [script, '--no-mistakes', '--jobs', '1', '--only', only],
      { encoding: 'utf8', timeout: 120_000 },
    );
    const proved = stdout.match(/^proved .* 64 bits/gm)?.length ?? 0;
    t.is(proved, claims, `${stdout.replaceAll(/^proved.*\n/gm, '')}${stderr}`);
  });
