/** `--flows`, `--first` and `--flow-split` beside tshark and plain runs. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
const http = join(projectRoot, 'captures/http.pcap');

test('whole flows, damage and status included', (t) => {
  const cut = join(projectRoot, 'captures/http-cut.pcap');
  const plain = weir('-r', cut, '-nt');
  const flows = weir('-r', cut, '-nt', '--flows', 'tcp[13] & 2 != 0');
  t.is(flows.stdout, plain.stdout, 'all of its flows open within it');
  t.is(flows.stderr, plain.stderr);
  t.is(flows.status, plain.status);
  const twice = spawnSync(process.execPath, [WEIR, '-r', '-', '--count', '--flows', 'tcp'], {
    input: readFileSync(http),
    encoding: 'utf8',
  });
  t.is(twice.status, 1);
  t.regex(twice.stderr, /--flows goes through its input twice, and - can be read once/);
  const few = weir('-r', http, '--count', '--flows=after', '--max-flows', '1', 'tcp');
  t.regex(few.stdout, /^30 packets\n$/);
  if (fullRun) t.is(weir('-r', http, '--count', '--first', '4').stdout, '12 packets\n');
});

test('a savefile a flow, each as -w writes it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-flows-'));
  try {
    const capture = fullRun ? join(projectRoot, 'captures/http.pcapng') : http;
    const kind = capture.replace(/.*\./, '');
    const { status, stderr } = weir('-r', capture, '--flow-split', join(folder, 'out'), 'tcp');
    t.is(status, 0, stderr);
    const names = readdirSync(join(folder, 'out')).sort();
    t.is(names.length, 3);
    for (const [place, name] of names.entries()) {
      const [, address, port] = /^tcp-([\d.]+)\.(\d+)-198\.51\.100\.20\.80-\d\.pcap/.exec(name)!;
      const single = join(folder, `single.${kind}`);
      weir('-r', capture, '-w', single, `host ${address} and port ${port}`);
      t.deepEqual(readFileSync(join(folder, 'out', name)), readFileSync(single), `${place}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
