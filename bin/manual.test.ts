/** The manual page and the completions say what the option table says. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { projectRoot } from '../lib/testing/vectors.js';

test('docs/weir.1 and docs/completions are made from the option table as it is', (t) => {
  const check = spawnSync(process.execPath, [join('scripts', 'manual.mjs'), '--check'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  t.is(check.stderr, '');
  t.is(check.status, 0);
});

test('bash reads its completions and completes options', (t) => {
  const script = join(projectRoot, 'docs', 'completions', 'weir.bash');
  const ask = `source '${script}'; COMP_WORDS=(weir --cou); COMP_CWORD=1; _weir; echo "\${COMPREPLY[@]}"`;
  const { status, stdout, error } = spawnSync('bash', ['-c', ask], { encoding: 'utf8' });
  if (error !== undefined) return t.pass('skipped: bash is not installed');
  t.is(status, 0);
  t.is(stdout.trim(), '--count');
});
