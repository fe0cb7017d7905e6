/** `weir attach`: traffic that is really dropped, and nothing left behind. In a network namespace; needs root and Linux. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Attachment } from '../lib/testing/attachWire.js';
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
