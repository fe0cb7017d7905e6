/** The command as the build leaves it in dist/command: chunks, and the code that V8 compiled of them. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Chunks, codeFolder, USUAL_SCRIPT } from './chunks.js';

const built = fileURLToPath(new URL('../command', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-built-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

function compile(folder: string): string {
  const words = [join(folder, 'weir.js'), '-y', 'EN10MB', '-d', 'tcp port 80'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

test('the command answers alike with code kept by the build and without', (t) => {
  const bare = join(scratch, 'bare');
  cpSync(built, bare, { recursive: true });
  rmSync(codeFolder(bare), { recursive: true });
  const expected = compile(bare);
  t.regex(expected, /^\(000\) ldh {6}\[12\]\n/);
  t.is(compile(built), expected);
});

test('the code that the build kept is taken', (t) => {
  t.true(existsSync(codeFolder(built)), 'the build ran under another Node: npm run bundle makes it anew');
  const chunks = new Chunks(built);
  chunks.load('command.cjs');
  t.true(chunks.scripts.size > 0);
  for (const [name, { cachedDataRejected }] of chunks.scripts) t.is(cachedDataRejected, false, name);
});

test("IANA's tables are read when they are needed, not by every run", (t) => {
  const name = 'bfd-control'; // in no table but theirs
  t.false(readFileSync(join(built, USUAL_SCRIPT), 'latin1').includes(name));
  const words = [join(built, 'weir.js'), '-y', 'EN10MB', '-d', `udp port ${name}`];
  t.regex(spawnSync(process.execPath, words, { encoding: 'utf8' }).stdout, /#0xec8/); // 3784
});
