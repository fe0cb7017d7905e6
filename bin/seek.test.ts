/** `weir index` and times: the command beside itself without an index, and beside the times that tcpdump prints. */

import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });

test('an index changes nothing but what is read', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-index-'));
  try {
    const path = join(folder, 'capture.pcap');
    copyFileSync(join(projectRoot, 'captures/http.pcap'), path);
    t.regex(weir('-r', path, '--index=require', 'udp').stderr, /there is no index; weir index makes one/);
    const made = weir('index', path);
    t.regex(made.stdout, /capture\.pcap\.weirindex: 30 packets, \d+ bytes\n$/);
    const same = (...words: string[]) => {
      const [without, within] = [weir('--index=off', ...words), weir(...words)];
      t.deepEqual(
        [within.stdout, within.stderr, within.status],
        [without.stdout, without.stderr, without.status],
      );
    };
    same('-r', path, '-nt', 'port 80');
    same('-r', path, '--count', 'udp');
    if (fullRun) same('-r', path, '-w', '-', '-c', '3', 'tcp');
    if (fullRun) same('-r', path, '-nt', '--start-offset', '0.001', 'tcp');
    if (fullRun) same('-r', path, '--count', 'wlan type data');
    t.regex(
      weir('-r', path, '-v', '--count', '--index=require', 'udp').stderr,
      /\nweir: index: 0 of \d+ bytes read\n$/,
    );
    appendFileSync(path, 'x');
    t.regex(
      weir('-r', path, '--count', 'udp').stderr,
      /weirindex: not used: of another capture, or of what this one was before\n/,
    );
    t.regex(weir('index', path).stderr, /truncated dump file.*; the index is of what lies before\n$/);
    if (fullRun) same('-r', path, '-w', '-', 'tcp');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('-w --index makes the index of what is written, as weir index would', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-index-'));
  try {
    const written = join(folder, 'tcp.pcap');
    const indexed = (...words: string[]) => {
      const { stderr, status } = weir(...words, '-w', written, '--index');
      t.is(status, 0, stderr);
      const [capture, index] = [readFileSync(written), readFileSync(`${written}.weirindex`)];
      const plain = join(folder, 'plain.pcap');
      t.is(weir(...words, '-w', plain).status, 0);
      t.true(capture.equals(readFileSync(plain)), 'the index changes nothing of what is written');
      weir('index', written);
      t.true(index.equals(readFileSync(`${written}.weirindex`)), words.join(' '));
      t.deepEqual(readdirSync(folder).sort(), ['plain.pcap', 'tcp.pcap', 'tcp.pcap.weirindex']);
    };
    const path = join(projectRoot, 'captures/http.pcap');
    indexed('-r', path, 'tcp');
    if (fullRun) indexed('-r', path, '--nano', 'tcp');
    if (fullRun)
      indexed('-r', join(projectRoot, 'captures/mixed.pcapng'), '--write-format=pcapng', 'tcp or udp');
    t.regex(weir('-r', path, '--index', 'tcp').stderr, /beside what -w writes/);
    const nowhere = weir('-r', path, '-w', '/dev/null', '--index', 'tcp');
    t.is(nowhere.status, 0);
    if (process.platform === 'linux')
      t.regex(nowhere.stderr, /null\.weirindex: not made: Only plain files have one\n/);
    t.regex(weir('-r', path, '-w', '-', '--index', 'tcp').stderr, /beside a file/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('times are those that are printed', (t) => {
  const path = join(projectRoot, 'captures/http.pcap');
  const lines = weir('-r', path, '-nttS').stdout.trimEnd().split('\n');
  const [first, since, until] = [0, 7, 20].map((place) => lines[place]!.split(' ')[0]!);
  const told = (...words: string[]) =>
    weir('-r', path, '-nttS', ...words)
      .stdout.trimEnd()
      .split('\n');
  t.deepEqual(told('--since', since!, '--until', until!), lines.slice(7, 20));
  const apart = (Number(since) - Number(first)).toFixed(6);
  if (fullRun) t.deepEqual(told('--start-offset', apart), lines.slice(7));
  const iso = new Date(Number(since!.split('.')[0]) * 1000).toISOString().slice(0, 19);
  if (fullRun) t.deepEqual(told('--since', `${iso}.${since!.split('.')[1]}Z`), lines.slice(7));
  t.regex(weir('-r', path, '--since', 'yesterday').stderr, /invalid time yesterday/);
});
