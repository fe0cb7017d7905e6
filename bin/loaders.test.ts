/** The loaders that there are, each with ten objects: libbpf through bpftool, ip link, tc, Cilium's for Go. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const EXPRESSIONS = [
  'tcp port 80',
  'udp port 53 or icmp',
  'tcp[tcpflags] & tcp-syn != 0 and less 100',
  'net 192.0.2.0/24 and not port 22',
  'host 2001:db8::1',
  'arp or rarp',
  'greater 500',
  'ip[8] < 5',
  'src portrange 1024-65535',
  'ether host 02:00:00:00:00:01 and ip proto gre',
];
const HOST = `weir-l${process.pid}`;
/** Where Debian keeps sources of Go's libraries. */
const GO_PATH = '/usr/share/gocode';

const run = (command: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(command, words, { encoding: 'utf8', env });
const has = (tool: string): boolean => run('which', [tool]).status === 0;

function whyNot(): string | undefined {
  if (!fullRun) return 'in a full run only';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'loading needs Linux and root';
  const missing = ['ip', 'tc', 'bpftool'].find((tool) => !has(tool));
  return missing === undefined ? undefined : `there is no ${missing}`;
}
const why = whyNot();
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withTools = why === undefined ? test.serial : test.skip;

const folder = mkdtempSync(join(tmpdir(), 'weir-loaders-'));
const objects: { readonly hook: 'xdp' | 'tc'; readonly file: string; readonly expression: string }[] = [];
test.before(() => {
  if (why !== undefined) return;
  for (const [index, expression] of EXPRESSIONS.entries())
    for (const hook of ['xdp', 'tc'] as const) {
      const file = join(folder, `${hook}${index}.o`);
      const counts = [
        ...(index % 2 === 0 ? ['--count'] : []),
        ...(index % 3 === 0 ? ['--sample', '64'] : []),
      ];
      const built = run(process.execPath, [
        WEIR,
        'build',
        `--filter=${expression}`,
        `--${hook}`,
        ...counts,
        '-o',
        file,
      ]);
      if (built.status !== 0) throw new Error(built.stderr);
      objects.push({ hook, file, expression });
    }
  run('ip', ['netns', 'add', HOST]);
  run('ip', ['-n', HOST, 'link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb']);
  run('ip', ['-n', HOST, 'link', 'set', 'va', 'up']);
  run('tc', ['-n', HOST, 'qdisc', 'add', 'dev', 'va', 'clsact']);
});
test.after.always(() => {
  rmSync(folder, { recursive: true, force: true });
  if (why === undefined) run('ip', ['netns', 'delete', HOST]);
});

withTools('libbpf, through bpftool prog load', (t) => {
  const pin = `/sys/fs/bpf/weir-loaders-${process.pid}`;
  for (const { file, expression } of objects) {
    const { status, stderr } = run('bpftool', ['prog', 'load', file, pin]);
    rmSync(pin, { force: true });
    t.is(status, 0, `${expression}: ${stderr}`);
  }
});

withTools('ip link set dev … xdp obj … sec xdp', (t) => {
  for (const { hook, file, expression } of objects) {
    if (hook !== 'xdp') continue;
    const { status, stderr } = run('ip', [
      '-n',
      HOST,
      '-force',
      'link',
      'set',
      'dev',
      'va',
      'xdp',
      'obj',
      file,
      'sec',
      'xdp',
    ]);
    t.is(status, 0, `${expression}: ${stderr}`);
  }
});

withTools('tc filter add … bpf da obj … sec tc', (t) => {
  for (const { hook, file, expression } of objects) {
    if (hook !== 'tc') continue;
    const { status, stderr } = run('tc', [
      '-n',
      HOST,
      'filter',
      'replace',
      'dev',
      'va',
      'ingress',
      'pref',
      '1',
      'handle',
      '1',
      'bpf',
      'da',
      'obj',
      file,
      'sec',
      'tc',
    ]);
    t.is(status, 0, `${expression}: ${stderr}`);
  }
});

withTools('Cilium’s loader', (t) => {
  if (!has('go') || !existsSync(join(GO_PATH, 'src', 'github.com', 'cilium', 'ebpf'))) {
    t.log('skipped: there is no Go, or no golang-github-cilium-ebpf-dev');
    t.pass();
    return;
  }
  t.timeout(300_000);
  const { stdout, stderr } = run(
    'go',
    ['run', join(projectRoot, 'lib', 'testing', 'cilium', 'main.go'), ...objects.map(({ file }) => file)],
    {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: GO_PATH,
      GOCACHE: join(folder, 'cache'),
    },
  );
  const loaded = stdout.split('\n').filter((line) => line.endsWith(': loaded')).length;
  t.is(loaded, objects.length, stdout + stderr);
});
