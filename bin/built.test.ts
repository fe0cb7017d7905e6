/** The command as the build leaves it in dist/command: one script with its code, or modules. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { codeCachePath, loadScript } from './codeCache.js';

const built = fileURLToPath(new URL('../command', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-built-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

// Tests may run after tsc alone, without the bundle; `npm test` makes it first.
const isBuilt = existsSync(join(built, 'weir.js'));
const check = isBuilt ? test : test.skip;
if (!isBuilt) console.error('tests of the built command are left out: npm run bundle makes it');

function compile(folder: string): string {
  const words = [join(folder, 'weir.js'), '-y', 'EN10MB', '-d', 'tcp port 80'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

check('the command answers alike with code kept by the build and without', (t) => {
  const bare = join(scratch, 'bare');
  cpSync(built, bare, { recursive: true });
  for (const name of readdirSync(bare)) if (name.endsWith('.cache')) rmSync(join(bare, name));
  const expected = compile(bare);
  t.regex(expected, /^\(000\) ldh {6}\[12\]\n/);
  t.is(compile(built), expected);
});

check('the code that the build kept is taken', (t) => {
  const path = codeCachePath(built);
  t.true(existsSync(path), 'the build ran under another Node: npm run bundle makes it anew');
  t.is(loadScript(built, path).script.cachedDataRejected, false);
});
