/** `weir extcap`: what Wireshark asks and is answered (extcap(4)), and a capture into a FIFO as it asks for it. */

import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const scratch = mkdtempSync(join(tmpdir(), 'weir-extcap-'));
test.after.always(() => rmSync(scratch, { recursive: true }));
const ask = (...words: string[]) =>
  spawnSync(process.execPath, [WEIR, 'extcap', ...words], { encoding: 'utf8' });

test('interfaces and choices are sentences of the protocol', (t) => {
  const sentence = /^\w+ (\{\w+=[^{}]*\})+$/;
  const { status, stdout } = ask('--extcap-interfaces', '--extcap-version=4.0');
  t.is(status, 0);
  const lines = stdout.trimEnd().split('\n');
  t.regex(lines[0]!, /^extcap \{version=\d/);
  t.true(
    lines.every((line) => sentence.test(line)),
    stdout,
  );
  const choices = ask('--extcap-interface', 'weir-lo', '--extcap-config').stdout.trimEnd().split('\n');
  t.true(choices.every((line) => sentence.test(line)));
  t.true(choices.some((line) => line.startsWith('value {arg=0}{value=@dns}')));
});

test('a filter is checked, and what is wrong with it told', (t) => {
  const check = (filter: string) => ask('--extcap-interface', 'weir-lo', '--extcap-capture-filter', filter);
  for (const right of ['tcp port 80', '@tagged-or-not(icmp)', ''])
    t.deepEqual([check(right).status, check(right).stdout], [0, '']);
  const { status, stdout } = check('tcp prot 80');
  t.is(status, 1);
  t.regex(stdout, /did you mean 'port'\?/);
});

test('it is put where it is asked to be, and taken away', (t) => {
  const path = join(scratch, 'weir');
  t.is(ask('--install', '--folder', scratch).status, 0);
  t.regex(spawnSync(path, ['--extcap-interfaces'], { encoding: 'utf8' }).stdout, /^extcap /);
  t.is(ask('--uninstall', '--folder', scratch).status, 0);
  t.false(existsSync(path));
  t.regex(ask('--uninstall', '--folder', scratch).stderr, /is not there/);
  writeFileSync(path, '#!/bin/sh\n');
  t.regex(ask('--install', '--folder', scratch).stderr, /not of weir/);
  t.regex(ask('--uninstall', '--folder', scratch).stderr, /not of weir/);
});

test('a capture goes into the FIFO, and ends with SIGTERM', async (t) => {
  const link = ask('--extcap-interface', 'weir-lo', '--extcap-dlts');
  if (link.status !== 0) {
    t.log(`skipped: no live capture here (${link.stderr.trim()})`);
    t.pass();
    return;
  }
  t.is(link.stdout, 'dlt {number=1}{name=EN10MB}{display=Ethernet}\n');
  const [fifo, copy] = [join(scratch, 'fifo'), join(scratch, 'copy.pcapng')];
  t.is(spawnSync('mkfifo', [fifo]).status, 0);
  const reader = spawn('sh', ['-c', `cat '${fifo}' > '${copy}'`]);
  const filter = ['--extcap-capture-filter', 'udp dst port 9', '--ready-made', ''];
  const capture = spawn(process.execPath, [
    ...[WEIR, 'extcap', '--extcap-interface', 'weir-lo', '--capture', '--fifo', fifo],
    ...filter,
  ]);
  let told = '';
  capture.stderr.on('data', (bytes) => (told += bytes));
  // The header is written when the interface is open.
  while (!existsSync(copy) || statSync(copy).size === 0) await delay(20);
  const socket = createSocket('udp4');
  for (let sent = 0; sent < 3; sent++)
    await new Promise((resolve) => socket.send(`${sent}`, 9, '127.0.0.1', resolve));
  socket.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  capture.kill('SIGTERM');
  await Promise.all([once(capture, 'close'), once(reader, 'close')]);
  t.deepEqual([capture.exitCode, told], [0, '']);
  const { stdout } = spawnSync(process.execPath, [WEIR, '-r', copy, '--count'], { encoding: 'utf8' });
  t.is(stdout, '3 packets\n');
});

test('tshark captures from it what weir captures itself, and is told what is wrong with a filter', async (t) => {
  const link = ask('--extcap-interface', 'weir-lo', '--extcap-dlts');
  const place = spawnSync('tshark', ['-G', 'folders'], { encoding: 'utf8' });
  const [, global] = /^(?:Global )?Extcap path:\s+(\S+)$/m.exec(place.stdout ?? '') ?? [];
  const why = !fullRun
    ? 'it is for full runs'
    : link.status !== 0
      ? 'no live capture here'
      : global === undefined
        ? 'there is no tshark with a folder for extcap'
        : undefined;
  if (why !== undefined) {
    t.log(`left out: ${why}`);
    t.pass();
    return;
  }
  // A name of its own: there may be one that is in use.
  const path = join(global!, `weir-test-${process.pid}`);
  mkdirSync(global!, { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${WEIR}' extcap "$@"\n`, { mode: 0o755 });
  t.teardown(() => rmSync(path));
  const port = 20_000 + (process.pid % 10_000);
  const filter = `udp dst port ${port}`;
  const listening = (program: string, ...words: readonly string[]) => {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (bytes) => (told += bytes));
    return { child, ended: once(child, 'close'), told: () => told };
  };
  const [theirs, ours] = [join(scratch, 'theirs.pcapng'), join(scratch, 'ours.pcapng')];
  const both = [
    listening('tshark', '-i', 'weir-lo', '-f', filter, '-w', theirs, '-c', '5'),
    listening(process.execPath, WEIR, '-i', 'lo', '-Q', 'inout', '-w', ours, '-c', '5', filter),
  ];
  for (let tries = 0; tries < 100 && !both[1]!.told().includes('listening'); tries++) await delay(50);
  // dumpcap makes its file when it has read the header from the FIFO.
  for (let tries = 0; tries < 200 && !existsSync(theirs); tries++) await delay(50);
  await delay(100);
  const socket = createSocket('udp4');
  for (let sent = 0; sent < 5; sent++) {
    await new Promise((resolve) => socket.send(`packet ${sent}`, port, '127.0.0.1', resolve));
    await delay(20);
  }
  socket.close();
  await delay(1000);
  for (const { child } of both) child.kill('SIGINT');
  await Promise.all(both.map(({ ended }) => ended));
  const printed = (file: string): string =>
    spawnSync(process.execPath, [WEIR, '-t', '-nxr', file], { encoding: 'utf8' }).stdout;
  t.regex(printed(ours), /^(IP .*\n(\t.*\n)+){5}$/, both[1]!.told());
  t.is(printed(theirs), printed(ours), both[0]!.told());

  const wrong = spawnSync('tshark', ['-i', 'weir-lo', '-f', 'tcp prot 80', '-c', '1'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  t.not(wrong.status, 0);
  t.regex(wrong.stderr, /did you mean 'port'\?/);
});

test('what is wrong is said before the FIFO is opened: a signal may follow at once', async (t) => {
  const fifo = join(scratch, 'wrong');
  t.is(spawnSync('mkfifo', [fifo]).status, 0);
  const words = ['--extcap-interface', 'weir-lo', '--capture', '--fifo', fifo];
  const capture = spawn(process.execPath, [
    ...[WEIR, 'extcap', ...words],
    '--extcap-capture-filter=tcp prot 80',
  ]);
  let told = '';
  capture.stderr.on('data', (bytes) => (told += bytes));
  const closed = once(capture, 'close');
  const reader = spawn('cat', [fifo]);
  await once(reader, 'close');
  capture.kill('SIGTERM');
  await closed;
  t.regex(told, /did you mean 'port'\?/);
});

test('pipes to and from dumpcap and tshark, as the guide has them', async (t) => {
  const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
  const link = ask('--extcap-interface', 'weir-lo', '--extcap-dlts');
  if (!fullRun || link.status !== 0 || !has('tshark') || !has('dumpcap') || !has('bash')) {
    t.log('left out: for full runs, with tshark, dumpcap, bash, and live capture');
    t.pass();
    return;
  }
  const weir = `'${process.execPath}' '${WEIR}'`;
  const run = (line: string) =>
    spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const capture = join(projectRoot, 'captures', 'http.pcapng');
  const lines = spawnSync(
    'bash',
    ['-c', `tshark -r <(${weir} -r ${capture} -w - 'tcp dst port 80') 2>/dev/null`],
    {
      encoding: 'utf8',
    },
  ).stdout;
  t.is(lines.trimEnd().split('\n').length, 18);

  const port = 30_000 + (process.pid % 10_000);
  const children = [
    // In Wireshark's place, which needs a display.
    run(`${weir} -i lo -Q in -c 3 -Uw - 'udp dst port ${port}' | tshark -i - -c 3`),
    run(
      `dumpcap -q -i lo -f 'udp dst port ${port}' -c 3 -w - | ${weir} -r - -w - 'udp[8] = 50' | ${weir} -r - --count`,
    ),
  ];
  const told = children.map(() => '');
  for (const [at, child] of children.entries())
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (told[at] += bytes));
  await delay(3000);
  const socket = createSocket('udp4');
  for (const text of ['1', '2', '3'])
    await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
  const closed = Promise.all(children.map((child) => once(child, 'close')));
  await Promise.race([closed, delay(8000)]);
  // All of a pipe, where it has not ended.
  for (const child of children) if (child.exitCode === null) process.kill(-child.pid!);
  t.is(told[0]!.match(/ UDP /g)?.length, 3, told[0]);

  t.regex(told[1]!, /^1 packet$/m, told[1]);
});
