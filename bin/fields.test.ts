/** Fields and JSON as the command prints them, beside tshark where it is installed. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const HTTP = join(projectRoot, 'captures/http.pcap');
const run = (words: readonly string[], input?: Uint8Array) =>
  spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8', input });

test('columns are those of tshark', (t) => {
  const names = ['frame.number', 'ip.src', 'tcp.dstport', 'tcp.options.timestamp.tsval'];
  const { status, stdout } = run(['-r', HTTP, '--fields', names.join(), 'tcp']);
  t.is(status, 0);
  const shown = names.flatMap((name) => ['-e', name]);
  const theirs = spawnSync('tshark', ['-n', '-r', HTTP, '-T', 'fields', ...shown], { encoding: 'utf8' });
  if (theirs.status !== 0) return void t.log('skipped: tshark is not installed');
  t.is(stdout, theirs.stdout);
});

test('fields go with a filter, a count, a pipe, a header line and commas', (t) => {
  const words = ['-r', '-', '--fields', 'ip.src,tcp.dstport', '--csv', '--header', '-c', '2', 'tcp port 80'];
  t.is(run(words, readFileSync(HTTP)).stdout, 'ip.src,tcp.dstport\n192.0.2.10,80\n198.51.100.20,32836\n');
  const list = join(projectRoot, 'captures/README.md');
  t.not(run(['-V', list, '--fields', 'ip.src']).status, 0);
});

test('JSON is an object a line', (t) => {
  const { status, stdout } = run(['-r', HTTP, '--json', '-c', '3']);
  t.is(status, 0);
  const packets = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    packets.map(({ number }) => number),
    [1, 2, 3],
  );
  t.deepEqual(
    packets[0].layers.map(({ protocol }: { protocol: string }) => protocol),
    ['eth', 'ip', 'tcp'],
  );
  t.is(packets[0].layers[2].fields['tcp.dstport'], 80);
});

test('wrong names and options that do not go together are told', (t) => {
  const wrong = run(['-r', HTTP, '--fields', 'ip.scr']);
  t.is(wrong.status, 1);
  t.regex(wrong.stderr, /^weir: no field 'ip\.scr'; did you mean 'ip\.src'\?$/m);
  t.regex(run(['-r', HTTP, '--json', '--fields', 'ip.src']).stderr, /--json and --fields are two ways/);
  t.regex(run(['-r', HTTP, '--csv']).stderr, /say how --fields prints/);
  t.regex(run(['--list-fields', 'tcp.flags.']).stdout, /^tcp\.flags\.ack\s+boolean$/m);
});
