/** `weir attach`: traffic that is really dropped, and nothing left behind. In a network namespace; needs root and Linux. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Attachment } from '../lib/testing/attachWire.js';
import { build, whyNoClang } from '../lib/testing/clang.js';
import { fullRun } from '../lib/testing/vectors.js';
import { connectionOf } from './session.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const WIRE = fileURLToPath(new URL('../lib/testing/attachWire.js', import.meta.url));
const skipped =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'this needs root on Linux'
    : spawnSync('unshare', ['--net', 'ip', 'link']).status !== 0
      ? 'network namespaces cannot be made here'
      : undefined;

/** Of three datagrams, to 7001, 7002 and 7001: which arrive, what is counted, and how the command ends. */
const EXPECTED: Readonly<
  Record<string, readonly [arrived: readonly number[], status: number | null, matched: number | null]>
> = {
  'XDP drops': [[7002], 0, 2],
  'generic XDP drops': [[7002], 0, 2],
  'tc drops': [[7002], 0, 2],
  'others are dropped': [[7001, 7001], 0, 2],
  'dry run': [[7001, 7001, 7002], 0, 2],
  'for a second': [[7002], 0, 2],
  killed: [[7002], null, null],
  'detached by another': [[7002], 0, 2],
};

test('packets are dropped and counted, and nothing stays attached', (t) => {
  if (skipped !== undefined) {
    t.log(`left out: ${skipped}`);
    t.pass();
    return;
  }
  const words = ['--net', process.execPath, WIRE, WEIR, fullRun ? 'all' : 'one'];
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 });
  t.is(status, 0, stderr);
  for (const run of JSON.parse(stdout) as Attachment[]) {
    const [arrived, end, matched] = EXPECTED[run.what]!;
    t.deepEqual(run.arrived, arrived, `${run.what}: ${run.messages}`);
    t.is(run.status, end, run.what);
    if (matched !== null) t.regex(run.messages, new RegExp(`^${matched} packets matched`, 'm'), run.what);
    t.regex(run.listed[0], /^\d+ {2}(xdp|tc) at va: weir_attach$/m, run.what);
    t.is(run.listed[1], '', run.what);
  }
});

/** Of programs in lib/testing/objects: which datagrams arrive, and what is told. */
const OBJECTS: Readonly<Record<string, readonly [arrived: readonly number[], told: RegExp]>> = {
  'an object with maps': [[], /^hits: .*\n {2}\{"key":2,"values":\[(?=.*3).*\]\}\n3 runs, \d+ ns each$/m],
  'an object with tail calls': [[], /"steps":\[3,0,3,3\][\s\S]*^3 runs/m],
  'an object with maps in maps': [[], /^four: .*\n( {2}.*\n)* {2}\{"key":\d,"value":3\}$/m],
  'an object for tc': [[7001, 7001, 7002], /^3 runs/m],
};

test('objects are attached with their maps, and nothing stays', async (t) => {
  const why = skipped ?? whyNoClang() ?? (fullRun ? undefined : 'it is for full runs');
  if (why !== undefined) {
    t.log(`left out: ${why}`);
    t.pass();
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'weir-attach-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const name of ['lpm', 'tail', 'inner', 'skb'])
    writeFileSync(join(folder, `${name}.o`), await build({ name }));
  const words = ['--net', process.execPath, WIRE, WEIR, 'objects', folder];
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 });
  t.is(status, 0, stderr);
  for (const run of JSON.parse(stdout) as Attachment[]) {
    const [arrived, told] = OBJECTS[run.what]!;
    t.deepEqual(run.arrived, arrived, `${run.what}: ${run.messages}`);
    t.is(run.status, 0, run.what);
    t.regex(run.messages, told, run.what);
    t.is(run.listed[1], '', run.what);
  }

  // Programs are asked what they would do with packets of the connection.
  const object = (name: string): string => join(folder, `${name}.o`);
  const map = ['--map', 'networks={"{}":1}'];
  const session = '10.0.0.2 5000 10.0.0.1 22';
  const filled = '--map=networks=[{"key":{"length":8,"address":"10.0.0.0"},"value":1}]';
  t.regex(attach(session, 'lo', object('lpm'), filled).stderr, /this would cut the connection/);
  t.regex(attach(session, 'no-such-device', object('lpm')).stderr, /No such device exists/);
  t.regex(attach('', 'lo', object('lpm'), ...map).stderr, /is no value of 8 bytes/);
  t.regex(attach('', 'lo', object('lpm'), '--xdp=drop').stderr, /its section says/);
});

const attach = (session: string, ...words: readonly string[]) =>
  spawnSync(process.execPath, [WEIR, 'attach', ...words], {
    encoding: 'utf8',
    env: { ...process.env, SSH_CONNECTION: session },
  });

test('what would cut the connection that it runs over is refused', (t) => {
  // Refused before anything is asked of the kernel: this works for everyone, and no such device is needed.
  const [four, six] = ['192.0.2.2 5000 192.0.2.1 22', '2001:db8::2 5000 2001:db8::1 22'];
  const cases = [
    [four, 'tcp port 22', '--xdp'],
    [four, 'src net 192.0.2.0/24', '--tc'],
    [four, 'not tcp port 23', '--xdp'],
    [four, 'udp', '--xdp=pass'],
    [four, 'arp', '--xdp'],
    [six, 'ip6 host 2001:db8::2', '--xdp'],
    [six, 'tcp dst port 22', '--xdp'],
  ] as const;
  for (const [session, expression, action] of fullRun ? cases : cases.slice(0, 1)) {
    const { status, stderr } = attach(session, 'no-such-device', expression, action);
    t.is(status, 1);
    t.regex(
      stderr,
      /this would cut the connection that it runs over \(\S+ port 5000 to \S+ port 22\); --force does it/,
      expression,
    );
  }
  if (!fullRun) return;
  const others = attach(four, 'no-such-device', 'udp port 53', '--xdp');
  t.notRegex(others.stderr, /cut the connection/);
  t.regex(
    attach(four, 'no-such-device', 'tcp port 22', '--xdp', '--force').stderr,
    /^weir: (?!this would cut)/,
  );
});

test('what SSH_CONNECTION says', (t) => {
  t.is(connectionOf(undefined), undefined);
  t.is(connectionOf('UNKNOWN 65535 UNKNOWN 65535'), undefined);
  t.is(connectionOf('192.0.2.2 1 2001:db8::1 22'), undefined);
  t.is(connectionOf('fe80::1%eth0 5000 fe80::2%eth0 22')?.packets.length, 3);
  // What is mapped goes over the wire as IPv4.
  const mapped = connectionOf('::ffff:192.0.2.2 5000 ::ffff:192.0.2.1 22');
  t.deepEqual(mapped, connectionOf('192.0.2.2 5000 192.0.2.1 22'));
});
