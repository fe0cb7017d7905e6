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

test.serial('heads of packets that match are handed on as xdpdump has them', (t) => {
  for (const [hook, action] of [
    ['--xdp', 1],
    ['--tc', 2],
  ] as const) {
    const built = weir('build', 'tcp src port 80', hook, '--count', '--sample', '40', '-o', object);
    t.is(built.status, 0, built.stderr);
    const { stdout } = weir('run', object, '-r', CAPTURE, '--events', '--maps');
    const events = [...stdout.matchAll(/^#\d+ samples (\w+)$/gm)].map(([, hex]) => Buffer.from(hex!, 'hex'));
    const matching = Number(weir('-r', CAPTURE, '--count', 'tcp src port 80').stdout.split(' ')[0]);
    t.is(events.length, matching);
    t.regex(stdout, new RegExp(`"key":0,"value":\\{"packets":${matching},`));
    // struct pkt_trace_metadata of xdp-tools: interface, queue, lengths, flags, program, action.
    for (const event of events) {
      t.deepEqual([event.readUInt32LE(0), event.readUInt32LE(4)], [1, 0]);
      t.true(event.readUInt16LE(8) >= 40);
      t.deepEqual([event.readUInt16LE(10), event.readUInt32LE(12), event.readInt32LE(16)], [40, 0, action]);
      t.is(event.length, 60);
      t.is(event.readUInt16BE(20 + 12), 0x0800);
      t.is(event.readUInt16BE(20 + 34), 80);
    }
  }
});

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
  refused(/samples are of XDP and tc/, 'tcp', '--cgroup', '--sample', '64', '-o', object);
  refused(/--sample takes bytes/, 'tcp', '--xdp', '--sample', 'all', '-o', object);
  refused(/--socket takes keep, drop, not 'kep'; did you mean 'keep'\?/, 'tcp', '--socket=kep', '-o', object);
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
  '--socket --count',
  '--socket=drop --else=keep --count',
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
