/** `weir build`: what it makes is what loaders take, and what `weir run` runs. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { whyNoClang } from '../lib/testing/clang.js';
import { projectRoot } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const CAPTURE = join(projectRoot, 'captures', 'http.pcap');
const folder = mkdtempSync(join(tmpdir(), 'weir-build-'));
const object = join(folder, 'filter.o');
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, ...words: string[]) => spawnSync(command, words, { encoding: 'utf8' });
const weir = (...words: string[]) => run(process.execPath, WEIR, ...words);

test.serial('an object answers for packets that match, and otherwise for others, and counts both', (t) => {
  const built = weir('build', 'tcp src port 80', '--xdp=tx', '--else=drop', '--count', '-o', object);
  t.is(built.status, 0, built.stderr);
  const { stdout } = weir('run', object, '-r', CAPTURE, '--maps');
  const matching = Number(weir('-r', CAPTURE, '--count', 'tcp src port 80').stdout.split(' ')[0]);
  t.true(matching > 0 && matching < 30);
  t.regex(stdout, new RegExp(`^XDP_DROP ${30 - matching} · XDP_TX ${matching}$`, 'm'));
  t.regex(stdout, new RegExp(`"key":0,"value":\\{"packets":${matching},`));
  t.regex(stdout, new RegExp(`"key":1,"value":\\{"packets":${30 - matching},`));
});

test.serial('what a hook does not have is refused', (t) => {
  const refused = (pattern: RegExp, ...words: string[]): void => {
    const { status, stderr } = weir('build', ...words);
    t.is(status, 1);
    t.regex(stderr, pattern);
  };
  refused(/takes one of --xdp, --tc/, 'tcp', '-o', object);
  refused(/--xdp takes aborted, drop, pass, tx, not 'shot'/, 'tcp', '--xdp=shot', '-o', object);
  refused(/takes a file to write/, 'tcp', '--xdp');
  refused(/filters of sockets have no counters/, 'tcp', '--socket', '--count', '-o', object);
  refused(/the filter expression cannot be compiled/, 'tcp prot 80', '--xdp', '-o', object);
});

const bpftool = existsSync('/usr/sbin/bpftool') && process.getuid?.() === 0 && existsSync('/sys/fs/bpf');
const why = bpftool ? whyNoClang() : 'bpftool, root and /sys/fs/bpf are needed';
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withKernel = why === undefined ? test.serial : test.skip;

/** Whether libbpf loads an object, by what bpftool says. */
function loads(file: string): string {
  const pin = `/sys/fs/bpf/weir-build-${process.pid}`;
  const { status, stderr } = run('/usr/sbin/bpftool', 'prog', 'load', file, pin);
  rmSync(pin, { force: true });
  return status === 0 ? '' : stderr || 'failed';
}

for (const hook of [
  '--xdp',
  '--xdp=tx --count',
  '--tc',
  '--tc=shot --count',
  '--cgroup',
  '--cgroup=pass --count',
  '--socket',
])
  withKernel(`${hook}: libbpf loads the object, and what clang makes of the C`, (t) => {
    const c = join(folder, 'filter.c');
    const words = ['build', 'udp port 53 or icmp', ...hook.split(' ')];
    t.is(weir(...words, '-o', object).status, 0);
    t.is(loads(object), '');
    t.is(weir(...words, '--c', '-o', c).status, 0);
    const include = '/usr/include/x86_64-linux-gnu';
    const clang = run(
      'clang',
      '-O2',
      '-g',
      '-Wall',
      '-Werror',
      '-target',
      'bpf',
      '-I',
      include,
      '-c',
      c,
      '-o',
      object,
    );
    t.is(clang.status, 0, clang.stderr);
    t.is(loads(object), '');
  });
