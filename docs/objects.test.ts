/** The page on objects: its program is built by clang, and what it shows of the command is what the command says. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { whyNoClang } from '../lib/testing/clang.js';
import { projectRoot } from '../lib/testing/vectors.js';

const why = whyNoClang();
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());

const folder = mkdtempSync(join(tmpdir(), 'weir-objects-'));
symlinkSync(join(projectRoot, 'captures'), join(folder, 'captures'));
test.after.always(() => rmSync(folder, { recursive: true }));

const page = readFileSync(join(projectRoot, 'docs', 'guide', 'objects.md'), 'utf8');
const WEIR = join(projectRoot, 'dist', 'command', 'weir.js');
const includes = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((triple) => `/usr/include/${triple}`)
  .filter((path) => existsSync(path));

/** What a shell on the reader's system prints for a line of the page. */
function said(line: string): string {
  const { stdout } = spawnSync('bash', ['-c', `weir() { "${process.execPath}" "${WEIR}" "$@"; }; ${line}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, CPATH: includes.join(':') },
  });
  return stdout;
}

/** Lines that a diff takes away, and those that it puts there. */
function patched(text: string, diff: string): string {
  const side = (drop: string): string =>
    diff
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(drop))
      .map((line) => line.slice(1))
      .join('\n');
  return text.replace(side('+'), side('-'));
}

// Skipped only where the machine lacks what `why` names; the test named after it says so.
(why === undefined ? test : test.skip)('every line of the page does what the page says', (t) => {
  let source = '';
  for (const [, kind, text] of page.matchAll(/^```(c|diff|console)\n([\s\S]*?)^```/gm)) {
    if (kind === 'console') {
      for (const [, line, output] of text!.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm))
        t.is(said(line!), output!, line);
      continue;
    }
    const before = source;
    source = kind === 'c' ? text! : patched(source, text!);
    t.not(source, before);
    writeFileSync(join(folder, 'block.c'), source);
  }
});
