/**
 * Objects on their hooks for real: two hosts on a veth pair, loaded by ip link and tc. What arrives, what the program counted, and
 * what `weir run` says of the same packets are the same.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { fullRun } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const [CLIENT, SERVER] = [`weir-c${process.pid}`, `weir-s${process.pid}`];
const TOOLS = ['ip', 'tc', 'bpftool', 'nsenter'];
const found = (tool: string): boolean =>
  ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, tool)));

function run(command: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'network namespaces need Linux and root';
  const missing = TOOLS.find((tool) => !found(tool));
  if (missing !== undefined) return `there is no ${missing}`;
  try {
    run('ip', 'netns', 'add', `${CLIENT}x`);
    run('ip', 'netns', 'delete', `${CLIENT}x`);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const why = whyNot();
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withHosts = why === undefined ? test.serial : test.skip;
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());

const folder = mkdtempSync(join(tmpdir(), 'weir-hooks-'));
test.after.always(() => {
  rmSync(folder, { recursive: true, force: true });
  if (why !== undefined) return;
  for (const host of [CLIENT, SERVER]) spawnSync('ip', ['netns', 'delete', host]);
});

/** Datagrams that the client sends, by port. */
const SENT = { 53: 7, 54: 12, 5353: 11 } as const;
const TOTAL = 30;

function makeHosts(): void {
  for (const host of [CLIENT, SERVER]) {
    spawnSync('ip', ['netns', 'delete', host]);
    run('ip', 'netns', 'add', host);
    run(
      'ip',
      'netns',
      'exec',
      host,
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    );
  }
  run(
    'ip',
    'link',
    'add',
    'wc',
    'netns',
    CLIENT,
    'address',
    '02:00:00:00:00:01',
    'type',
    'veth',
    'peer',
    'name',
    'ws',
    'netns',
    SERVER,
    'address',
    '02:00:00:00:00:02',
  );
  for (const [host, device, address] of [
    [CLIENT, 'wc', '192.0.2.1'],
    [SERVER, 'ws', '192.0.2.2'],
  ] as const) {
    run('ip', '-n', host, 'address', 'add', `${address}/24`, 'dev', device);
    run('ip', '-n', host, 'link', 'set', device, 'up');
    run('ip', '-n', host, 'link', 'set', 'lo', 'up');
  }
  run(
    'ip',
    '-n',
    CLIENT,
    'neigh',
    'add',
    '192.0.2.2',
    'lladdr',
    '02:00:00:00:00:02',
    'dev',
    'wc',
    'nud',
    'permanent',
  );
}

/** Sends all datagrams while the client's device is captured; what arrived of each port, as the server counts. */
function traffic(capture: string): Readonly<Record<string, number>> {
  const server = `
    const counts = {}; const { createSocket } = require('node:dgram');
    for (const port of [${Object.keys(SENT).join()}]) {
      counts[port] = 0;
      createSocket('udp4').on('message', () => counts[port]++).bind(port, '192.0.2.2');
    }
    setTimeout(() => { console.log(JSON.stringify(counts)); process.exit(); }, 2500);`;
  const client = `
    const socket = require('node:dgram').createSocket('udp4');
    const ports = ${JSON.stringify(Object.entries(SENT).flatMap(([port, count]) => Array(count).fill(Number(port))))};
    const next = () => ports.length === 0 ? socket.close() : socket.send('hello', ports.shift(), '192.0.2.2', () => setTimeout(next, 5));
    next();`;
  const script = `
    ip netns exec ${SERVER} "$NODE" -e "$SERVER" > ${folder}/counts &
    ip netns exec ${CLIENT} timeout 10 "$NODE" "$WEIR" -i wc -c ${TOTAL} -w ${capture} 2> ${folder}/log &
    watcher=$!
    for i in $(seq 100); do grep -q listening ${folder}/log && break; sleep 0.05; done
    sleep 0.3
    ip netns exec ${CLIENT} "$NODE" -e "$CLIENT"
    wait $watcher; wait`;
  const { status, stderr } = spawnSync('sh', ['-c', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, WEIR, SERVER: server, CLIENT: client },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(readFileSync(join(folder, 'counts'), 'utf8')) as Record<string, number>;
}

interface CountRow {
  readonly key: readonly string[];
  readonly values: readonly { readonly value: readonly string[] }[];
}

/** Packets that a program counted: those that match, and others. */
function counted(program: number): readonly number[] {
  const { map_ids } = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'id', `${program}`)) as {
    map_ids: number[];
  };
  const rows = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', `${map_ids[0]}`)) as CountRow[];
  return rows.map(({ values }) =>
    values.reduce(
      (sum, { value }) => sum + Buffer.from(value.map((byte) => Number(byte))).readUInt32LE(0),
      0,
    ),
  );
}

const HOOKS: readonly (readonly [title: string, expression: string, option: string, dropped: number])[] = [
  ['xdp drops what matches', 'udp port 53', '--xdp=drop', SENT[53]],
  ['xdp passes only what matches', 'udp portrange 54-6000', '--xdp=pass', SENT[53]],
  ['tc drops what matches', 'udp port 54 and host 192.0.2.1', '--tc=shot', SENT[54]],
];

// Each takes four seconds.
for (const [title, expression, option, dropped] of fullRun ? HOOKS : HOOKS.slice(0, 1))
  withHosts(`${title}: ${expression}`, (t) => {
    makeHosts();
    const [object, capture] = [join(folder, 'filter.o'), join(folder, 'sent.pcap')];
    run(process.execPath, WEIR, 'build', expression, option, '--count', '-o', object);
    let id: number;
    if (option.startsWith('--xdp')) {
      run('ip', '-n', SERVER, 'link', 'set', 'dev', 'ws', 'xdp', 'obj', object, 'sec', 'xdp');
      const [link] = JSON.parse(run('ip', '-n', SERVER, '-j', 'link', 'show', 'ws')) as [
        { xdp: { prog: { id: number } } },
      ];
      id = link.xdp.prog.id;
    } else {
      run('tc', '-n', SERVER, 'qdisc', 'add', 'dev', 'ws', 'clsact');
      run(
        'tc',
        '-n',
        SERVER,
        'filter',
        'add',
        'dev',
        'ws',
        'ingress',
        'bpf',
        'da',
        'obj',
        object,
        'sec',
        'tc',
      );
      id = Number(/ id (\d+)/.exec(run('tc', '-n', SERVER, 'filter', 'show', 'dev', 'ws', 'ingress'))?.[1]);
    }
    const arrived = traffic(capture);
    const total = Object.values(arrived).reduce((sum, count) => sum + count, 0);
    t.is(total, TOTAL - dropped, JSON.stringify(arrived));
    const [matched, others] = counted(id);
    t.is(matched! + others!, TOTAL);
    const told = run(process.execPath, WEIR, 'run', object, '-r', capture, '--maps');
    const rows = [...told.matchAll(/"packets":(\d+)/g)].map(([, count]) => Number(count));
    t.deepEqual(rows, [matched, others]);
    const [name, kept] = option.startsWith('--xdp') ? ['XDP_DROP', 'XDP_PASS'] : ['TC_ACT_SHOT', 'TC_ACT_OK'];
    t.regex(told, new RegExp(`${name} ${dropped}\\b`));
    t.regex(told, new RegExp(`${kept} ${TOTAL - dropped}\\b`));
  });
