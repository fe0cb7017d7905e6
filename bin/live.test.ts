/**
 * Live capture as its users meet it: network namespaces, readers that stall or go, full disks, other users. Each
 * test sends its own datagrams over a loopback interface. Needs root and Linux; skips with a message elsewhere.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'weir-live-'));
chmodSync(folder, 0o755);
test.after.always(() => rmSync(folder, { recursive: true }));

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const skipped =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'capturing needs root on Linux'
    : spawnSync(process.execPath, [WEIR, '-i', 'lo', '-d', 'udp']).status !== 0
      ? 'nothing here can capture'
      : undefined;

function needs(t: ExecutionContext, ...programs: readonly string[]): boolean {
  const missing = programs.find((program) => !has(program));
  const reason = skipped ?? (missing === undefined ? undefined : `${missing} is not installed`);
  if (reason === undefined) return true;
  t.log(`skipped: ${reason}`);
  t.pass();
  return false;
}

/** A port of this test's own, so that tests may run beside each other. */
let nextPort = 40_000 + (process.pid % 10_000);

async function send(port: number, count: number, length = 20): Promise<void> {
  const socket = createSocket('udp4');
  const data = Buffer.alloc(length);
  for (let sent = 0; sent < count; sent += 50) {
    const some = Array.from({ length: Math.min(50, count - sent) });
    await Promise.all(some.map(() => new Promise((done) => void socket.send(data, port, '127.0.0.1', done))));
  }
  socket.close();
}

interface Running {
  readonly child: ChildProcess;
  readonly messages: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts weir and waits until it listens. */
async function start(args: readonly string[], stdout: 'pipe' | 'ignore' = 'ignore'): Promise<Running> {
  const child = spawn(process.execPath, [WEIR, ...args], { stdio: ['ignore', stdout, 'pipe'] });
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  const deadline = Date.now() + 10_000;
  while (!text.includes('listening on') && child.exitCode === null && Date.now() < deadline) await delay(10);
  return { child, messages: () => text, ended };
}

test('devices are those of the network namespace that the command runs in', async (t) => {
  if (!needs(t, 'ip', 'nsenter')) return;
  const name = `weir-${process.pid}`;
  const ip = (...words: string[]) => execFileSync('ip', words);
  ip('netns', 'add', name);
  t.teardown(() => void ip('netns', 'delete', name));
  ip('-n', name, 'link', 'add', 'wa', 'type', 'veth', 'peer', 'name', 'wb');
  ip('-n', name, 'link', 'set', 'wa', 'up');
  ip('-n', name, 'link', 'set', 'wb', 'up');
  const inside = (program: string, ...words: string[]) =>
    spawnSync('nsenter', [`--net=/run/netns/${name}`, program, ...words], {
      encoding: 'utf8',
      timeout: 10_000,
    });

  const ours = inside(process.execPath, WEIR, '-D').stdout;
  t.regex(ours, /^\d+\.wa \[Up, Running, Connected\]$/m);
  t.notRegex(ours, /eth0/);
  if (has('tcpdump')) {
    const pseudo = /bluetooth|nflog|nfqueue|dbus|usbmon/;
    const lines = inside('tcpdump', '-D')
      .stdout.split('\n')
      .filter((line) => !pseudo.test(line));
    const unnumbered = (list: readonly string[]) => list.map((line) => line.replace(/^\d+\./, ''));
    t.deepEqual(unnumbered(ours.split('\n')), unnumbered(lines));
  }
  for (const device of ['wa', 'any']) {
    const { stderr } = spawnSync(
      'sh',
      [
        '-c',
        `nsenter --net=/run/netns/${name} timeout -s INT 2 "${process.execPath}" "${WEIR}" -ni ${device} -c 1 & ` +
          `sleep 1; ip -n ${name} address add 192.0.2.1/24 dev wb; ip -n ${name} neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev wb; ` +
          `nsenter --net=/run/netns/${name} "${process.execPath}" -e "require('node:dgram').createSocket('udp4').send('x', 9, '192.0.2.2', () => process.exit())"; wait`,
      ],
      { encoding: 'utf8' },
    );
    t.regex(stderr, new RegExp(`listening on ${device}`), stderr);
    t.regex(stderr, /^1 packet captured$/m, stderr);
    spawnSync('ip', ['-n', name, 'address', 'flush', 'dev', 'wb']);
  }
});

test('time stamps and monitor mode are told and refused in the words of tcpdump', (t) => {
  if (!needs(t, 'tcpdump')) return;
  const ask = (program: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 10_000 });
    // Later versions of tcpdump write lists to standard output. libpcap adds the system's words to its own.
    const text = `${stderr}${stdout}`.replace(/^tcpdump: /gm, 'weir: ').replace(/^\(.*\)\n/gm, '');
    return { status, text };
  };
  const file = ['-r', join(import.meta.dirname, '../../captures/dns.pcap'), '-nc1'];
  const lines = [
    ['-i', 'lo', '-J'],
    ['-J', '-i', 'any', '-j', 'adapter'],
    ['-i', 'lo', '-I', '-L'],
    ['-i', 'lo', '-I'],
    ['-i', 'weir-none', '-j', 'adapter_unsynced'],
    ['-i', 'lo', '-j', 'sundial'],
    [...file, '-J', '-I', '-j', 'host_hiprec'],
  ];
  for (const words of fullRun ? lines : lines.slice(0, 3))
    t.deepEqual(ask(process.execPath, WEIR, ...words), ask('tcpdump', ...words), words.join(' '));
});

test('live packets are written and printed with the digits that are asked for', async (t) => {
  if (!needs(t)) return;
  const [magic, digits] = [
    { micro: 0xa1b2c3d4, nano: 0xa1b23c4d },
    { micro: 6, nano: 9 },
  ];
  for (const precision of fullRun ? (['micro', 'nano'] as const) : (['nano'] as const)) {
    const port = nextPort++;
    const file = join(folder, `${precision}.pcap`);
    const words = ['-i', 'lo', `--${precision}`, '-nc1', '-w', file, '--print', 'udp', 'port', `${port}`];
    const { child, ended } = await start(words, 'pipe');
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await send(port, 1);
    t.is(await ended, 0);
    t.is(readFileSync(file).readUInt32LE(0), magic[precision]);
    t.is(/^\d\d:\d\d:\d\d\.(\d+) IP /.exec(text)?.[1]?.length, digits[precision], text);
  }
});

test('engines of the kernel: live ones are not for files, and eBPF that cannot be is told once', async (t) => {
  if (!needs(t)) return;
  const capture = join(import.meta.dirname, '../../captures/dns.pcap');
  const words = [WEIR, '--engine=kernel-ebpf', '-r', capture, 'udp'];
  const file = spawnSync(process.execPath, words, { encoding: 'utf8' });
  t.is(file.status, 1);
  t.regex(file.stderr, /kernel-ebpf filters what is captured live: give a device with -i/);
  const { child, messages, ended } = await start(['-i', 'lo', '--engine=kernel-ebpf', 'ip6 protochain 17']);
  child.kill('SIGINT');
  t.is(await ended, 0);
  t.is(messages().match(/the kernel does not run this filter as eBPF/g)?.length, 1);
});

test('a reader that stalls: reports are given, and the first signal ends it with counts', async (t) => {
  if (!needs(t)) return;
  for (const args of [['-n'], ['-U', '-w', '-']]) {
    const port = nextPort++;
    const { child, messages, ended } = await start(['-i', 'lo', ...args, 'udp', 'port', `${port}`], 'pipe');
    child.stdout!.pause();
    await send(port, 3000, 100);
    await delay(300);
    const report = /^weir: \d+ packets captured, \d+ packets received/m;
    child.kill('SIGUSR1');
    for (let tries = 0; !report.test(messages()) && tries < 500; tries++) await delay(10);
    t.regex(messages(), report);
    const gone = once(child, 'exit').then(() => true);
    child.kill('SIGINT');
    t.true(await Promise.race([gone, delay(10_000).then(() => false)]), 'one signal did not end it');
    child.kill('SIGKILL');
    child.stdout!.destroy();
    t.is(await ended, 1);
    t.regex(messages(), /bytes are lost, because nobody reads them\n\d+ packets captured\n/);
  }
});

test('a slow reader loses nothing', async (t) => {
  if (!needs(t)) return;
  const port = nextPort++;
  const { child, ended } = await start(['-i', 'lo', '-n', '-c', '4000', 'udp', 'port', `${port}`], 'pipe');
  let text = '';
  child.stdout!.pause();
  await send(port, 4000, 100);
  await delay(300);
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  child.stdout!.resume();
  t.is(await ended, 0);
  t.is(text.split('\n').length, 4001);
});

test('a reader of a FIFO that goes away ends the capture with a line and its counts', async (t) => {
  if (!needs(t, 'mkfifo')) return;
  const port = nextPort++;
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reader = spawn('head', ['-c', '24', fifo], { stdio: 'ignore' });
  const gone = once(reader, 'exit');
  const { messages, ended } = await start(['-i', 'lo', '-w', fifo, 'udp', 'port', `${port}`]);
  await gone;
  await send(port, 10);
  t.is(await ended, 1);
  t.regex(messages(), /fifo: Broken pipe\n\d+ packets captured\n/);
});

test('a full disk ends the capture with a line and its counts', async (t) => {
  if (!needs(t, 'mount')) return;
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0)
    return t.pass('skipped: nothing can be mounted');
  t.teardown(() => void spawnSync('umount', [disk]));
  const port = nextPort++;
  const { messages, ended } = await start(['-i', 'lo', '-w', join(disk, 'x'), 'udp', 'port', `${port}`]);
  await send(port, 300, 1000);
  t.is(await ended, 1);
  t.regex(messages(), /No space left on device\n\d+ packets captured\n\d+ packets received by filter\n/);
});

test('-Z opens one file before, for the user, and says who may not open more', async (t) => {
  if (!needs(t)) return;
  const uid = Number(spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout);
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o700);
  const port = nextPort++;
  const live = join(closed, 'live');
  const { ended } = await start([
    '-Z',
    'nobody',
    '-i',
    'lo',
    '-c',
    '1',
    '-w',
    live,
    'udp',
    'port',
    `${port}`,
  ]);
  await send(port, 1);
  t.is(await ended, 0);
  t.is(statSync(live).uid, uid);
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [WEIR, '-Z', 'nobody', ...words], { encoding: 'utf8' });
  const copy = join(closed, 'copy');
  t.is(run('-r', live, '-w', copy).status, 0);
  t.is(statSync(copy).uid, uid);
  const bytes = Buffer.alloc(4);
  readSync(openSync(copy, 'r'), bytes);
  t.is(bytes.readUInt32LE(), 0xa1b2c3d4);
  const { status, stderr } = run('-i', 'lo', '-C', '1', '-w', join(closed, 'ring'));
  t.is(status, 1);
  t.regex(stderr, /ring: Permission denied \(as user 'nobody'\)\n/);
});

test('-Z needs nothing of the command that only root may read', async (t) => {
  if (!needs(t)) return;
  const installed = join(folder, 'installed');
  cpSync(join(projectRoot, 'package.json'), join(installed, 'package.json'));
  cpSync(dirname(WEIR), join(installed, 'dist', 'command'), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(installed, 'node_modules'));
  chmodSync(installed, 0o700);
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(installed, 'dist/command/weir.js'),
      '-Z',
      'nobody',
      '-i',
      'lo',
      '-C',
      '1',
      '-w',
      join(installed, 'ring'),
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
  t.is(status, 1);
  t.regex(stderr, /ring: Permission denied \(as user 'nobody'\)\n/);
});

test('a pcapng file has the interface, the filter and the counts, as tshark reads them', async (t) => {
  if (!needs(t, 'tshark', 'capinfos')) return;
  const port = nextPort++;
  const path = join(folder, 'live.pcapng');
  const filter = `udp port ${port}`;
  const { ended } = await start(['-i', 'lo', '-c', '3', '-w', path, filter]);
  await send(port, 3);
  t.is(await ended, 0);
  const about = spawnSync('capinfos', [path], { encoding: 'utf8' }).stdout;
  t.regex(about, /Capture application: +Weir \d/);
  t.regex(about, /Name = lo\n/);
  t.regex(about, new RegExp(`Filter string = ${filter}`));
  t.regex(about, /Number of packets: +3/);
  t.regex(about, /Number of stat entries = 1/);
  t.is(spawnSync('tshark', ['-r', path], { encoding: 'utf8' }).stdout.trim().split('\n').length, 3);
});

test('-y: the other cooked header on any, as tcpdump writes it; a type that the device has not is refused', async (t) => {
  if (!needs(t, 'tcpdump')) return;
  const port = nextPort++;
  const filter = `udp port ${port}`;
  const paths = ['ours', 'theirs'].map((name) => join(folder, name)) as [string, string];
  const words = (path: string) => ['-i', 'any', '-y', 'LINUX_SLL', '-c', '1', '-w', path, filter];
  const { ended } = await start(words(paths[0]));
  const theirs = spawn('tcpdump', words(paths[1]), { stdio: ['ignore', 'ignore', 'pipe'] });
  const heard = once(theirs, 'close');
  await once(theirs.stderr, 'data');
  await delay(200);
  await send(port, 1);
  t.is(await ended, 0);
  await heard;
  // Behind the file's header and the record's: the packet with its header of 16 bytes.
  const [ours, other] = paths.map((path) => readFileSync(path).subarray(40).toString('hex'));
  t.is(ours, other);
  const list = spawnSync(process.execPath, [WEIR, '-L', '-i', 'any'], { encoding: 'utf8' }).stdout;
  t.is(list, spawnSync('tcpdump', ['-L', '-i', 'any'], { encoding: 'utf8' }).stderr);
  const refused = spawnSync(process.execPath, [WEIR, '-i', 'lo', '-y', 'DOCSIS'], { encoding: 'utf8' });
  t.regex(refused.stderr, /DOCSIS is not one of the DLTs supported by this device/);
});

test('rules and flows choose among what is captured; -w --index makes the index meanwhile', async (t) => {
  if (!needs(t)) return;
  const [port, other, file] = [nextPort++, nextPort++, join(folder, 'chosen.pcap')];
  const rules = join(folder, 'two.rules');
  writeFileSync(rules, `long = udp port ${port} and greater 150\nall = udp portrange ${port}-${other}\n`);
  const first = await start(['-i', 'lo', '--rules', rules, '--count'], 'pipe');
  const second = await start([
    '-i',
    'lo',
    '--flows=after',
    '-w',
    file,
    '--index',
    `udp[8] = 33 and port ${port}`,
  ]);
  const table = first.child.stdout!.toArray();
  const sockets = [createSocket('udp4'), createSocket('udp4')];
  // Only the first socket's flow matches, from its third packet on.
  for (const text of ['a', 'b'.repeat(200), '!', 'c', 'd'])
    for (const [place, socket] of sockets.entries())
      await new Promise((done) => void socket.send(text, place === 0 ? port : other, '127.0.0.1', done));
  for (const socket of sockets) socket.close();
  await delay(300);
  for (const { child } of [first, second]) child.kill('SIGINT');
  t.deepEqual([await first.ended, await second.ended], [0, 0], first.messages() + second.messages());
  t.is(Buffer.concat(await table).toString(), '1\tlong\n10\tall\n');
  t.regex(second.messages(), /^3 packets captured$/m);
  const lines = (...words: string[]) => spawnSync(process.execPath, [WEIR, '-nqtr', file, ...words]).stdout;
  t.is(lines().toString().trimEnd().split('\n').length, 3);
  t.deepEqual(lines('--index=require', `port ${port}`), lines('--index=off'));
  t.regex(
    spawnSync(process.execPath, [WEIR, '-i', 'lo', '--flows', 'udp'], { encoding: 'utf8' }).stderr,
    /goes through its input twice/,
  );
});

test('what is captured is parted as the file of it would be', async (t) => {
  if (!needs(t)) return;
  const [port, other, all] = [nextPort++, nextPort++, join(folder, 'all.pcap')];
  const rules = join(folder, 'parts.rules');
  writeFileSync(rules, `long = udp port ${port} and greater 150\nboth = udp portrange ${port}-${other}\n`);
  const by = ['--by', `one=udp port ${port}`, '--by', 'rest'];
  const live = (...words: string[]) => start(['-i', 'lo', ...words], 'pipe');
  const [first, second, whole] = [
    await live('--rules', rules, '--first-match', '--split', join(folder, 'live-rules')),
    await live(...by, '--split', join(folder, 'live-by')),
    await live('-w', all, `udp portrange ${port}-${other}`),
  ];
  const tables = [first, second].map(({ child }) => child.stdout!.toArray());
  const socket = createSocket('udp4');
  for (const text of ['a', 'b'.repeat(200), 'c'])
    for (const to of [port, other])
      await new Promise((done) => void socket.send(text, to, '127.0.0.1', done));
  socket.close();
  await delay(300);
  for (const { child } of [first, second, whole]) child.kill('SIGINT');
  t.deepEqual([await first.ended, await second.ended, await whole.ended], [0, 0, 0], first.messages());
  const file = (...words: string[]) => spawnSync(process.execPath, [WEIR, '-r', all, ...words]).status;
  t.is(file('--rules', rules, '--first-match', '--split', join(folder, 'file-rules')), 0);
  t.is(file(...by, '--split', join(folder, 'file-by')), 0);
  // Each socket has its own stamp of a packet, now and then.
  const packets = (path: string) =>
    spawnSync(process.execPath, [WEIR, '-tnxxr', path], { encoding: 'utf8' }).stdout;
  for (const name of ['rules/long.pcap', 'rules/both.pcap', 'by/one.pcap'])
    t.is(packets(join(folder, `live-${name}`)), packets(join(folder, `file-${name}`)), name);
  const [table, restTable] = (await Promise.all(tables)).map((parts) => Buffer.concat(parts).toString());
  t.is(table!.replaceAll(folder, ''), '1\t/live-rules/long.pcap\n5\t/live-rules/both.pcap\n');
  t.regex(restTable!.replaceAll(folder, ''), /^3\t\/live-by\/one\.pcap\n\d+\t\/live-by\/rest\.pcap\n$/);
});
