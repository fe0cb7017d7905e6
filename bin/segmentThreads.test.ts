/** `--jobs` on one file beside one thread: output, messages and status. */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { maxBuffer: 1 << 28 });

/** The records of a capture again and again. */
function makeLarge(path: string, from: string, headerLength: number, size: number): void {
  const bytes = readFileSync(join(projectRoot, 'captures', from));
  const records = Buffer.concat(Array(64).fill(bytes.subarray(headerLength)));
  const file = openSync(path, 'w');
  writeSync(file, bytes, 0, headerLength);
  for (let written = 0; written < size; written += records.length) writeSync(file, records);
  closeSync(file);
}

test('threads give what one thread gives', (t) => {
  if (!fullRun) return void t.pass('takes 130 MB: part of the full run');
  const folder = mkdtempSync(join(tmpdir(), 'weir-threads-'));
  try {
    const path = join(folder, 'large.pcap');
    makeLarge(path, 'tls.pcap', 24, 130e6);
    const same = (...words: string[]) => {
      const [one, two] = [weir(...words), weir('--jobs', '2', ...words)];
      t.true(one.stdout.length > 4, `${words}`);
      t.true(one.stdout.equals(two.stdout), `${words}`);
      t.is(`${one.stderr}`, `${two.stderr}`);
      t.is(one.status, two.status);
    };
    const some = 'tcp[13] & 2 != 0';
    same('-r', path, '--count', 'tcp port 443');
    same('-r', path, '-w', '-', some);
    same('-r', path, '-n', '-c', '20000', some);
    truncateSync(path, 129_000_001);
    same('-r', path, '--count', some);
    same('-r', path, '-w', '-', some);
    const damaged = openSync(path, 'r+');
    writeSync(damaged, Buffer.alloc(4096, 0xff), 0, 4096, 90_000_000);
    closeSync(damaged);
    same('-r', path, '--count', some);
    same('-r', path, '-w', '-', some);
    const piped = spawnSync('sh', [
      '-c',
      `'${process.execPath}' '${WEIR}' --jobs 2 -nr '${path}' tcp | head -n 3`,
    ]);
    t.is(`${piped.stdout}`.split('\n').length, 4);
    t.regex(`${piped.stderr}`, /^reading from file .*\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
