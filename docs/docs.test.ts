/** What the documentation says runs: the programs of README and guide, the examples; and its links lead somewhere. */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import test from 'ava';
import { compile } from '../lib/index.js';
import { filterFile } from '../lib/node.js';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
symlinkSync(join(projectRoot, 'captures'), join(folder, 'captures'));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Programs are in the package's folder, so that they find it by its name, and run in another. */
const programs = join(projectRoot, 'dist', 'docs', 'programs');
mkdirSync(programs, { recursive: true });

interface Outcome {
  readonly error: Error | null;
  readonly stdout: string;
  readonly stderr: string;
}

const node = (...words: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
  });

const guide = join('docs', 'guide');
const pages = ['README.md', ...readdirSync(join(projectRoot, guide)).map((name) => join(guide, name))];
for (const page of pages) {
  const text = readFileSync(join(projectRoot, page), 'utf8');
  for (const [index, [, program]] of [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].entries())
    test(`${page}: program ${index + 1} runs`, async (t) => {
      const path = join(programs, `${page.replace(/\W+/g, '-')}-${index}.mjs`);
      writeFileSync(path, program!);
      const { error, stdout, stderr } = await node(path);
      t.is(error, null, stderr);
      t.true(stdout.length > 0);
      t.is(stderr, '');
    });
}

test('links of the documentation lead to files', (t) => {
  const documents = readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  const broken = ['README.md', 'CONTRIBUTING.md', ...documents].flatMap((page) =>
    [...readFileSync(join(projectRoot, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target]) => target!)
      .filter((target) => !existsSync(join(projectRoot, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  t.deepEqual(broken, []);
});

const example = (name: string): string => join(projectRoot, 'docs', 'examples', name);

/** Rows: an example, its arguments, what it prints. */
const runs = test.macro({
  title: (_, name: string) => `example ${name}`,
  async exec(t, name: string, words: readonly string[], expected: RegExp) {
    const { error, stdout, stderr } = await node(example(name), ...words);
    t.is(error, null, stderr);
    t.regex(stdout, expected);
  },
});
test(runs, 'failed-dns.mjs', ['captures/dns.pcap'], /^(.* (NXDomain|ServFail|Refused) .*\n){3}$/);
test(runs, 'server-names.mjs', ['captures/tls.pcap'], /'www\.example\.org' +│ 2 /);
test(
  runs,
  'split.mjs',
  ['captures/http.pcapng', '.', 'tcp-syn', 'tcp-fin', 'http-requests'],
  /read: 30,[\s\S]*'tcp-syn\.pcapng': 3,\s+'tcp-fin\.pcapng': 6,\s+'http-requests\.pcapng': 3,\s+'rest\.pcapng': 18/,
);
test(
  runs,
  'comment.mjs',
  ['captures/http.pcapng', 'commented.pcapng', '@tcp-syn', 'opens'],
  /^the first SYN, opens\nopens\nopens\n$/,
);
test(runs, 'xdp.mjs', ['captures/http.pcap', 'tcp dst port 80'], /exit\n\{ '1': 18, '2': 12 \}\n$/);
test(
  runs,
  'workers.mjs',
  ['tcp dst port 80', 'captures/http.pcap', 'captures/tls.pcap'],
  /^captures\/http\.pcap 18\ncaptures\/tls\.pcap 0\n$/,
);
test(
  runs,
  'resets.mjs',
  ['captures/tcp-reset.pcap'],
  /^(.* Flags \[R\.?\].*\n){2}(\d times \S+ resets \S+\n)+$/,
);
test(runs, 'top-talkers.mjs', ['captures/http.pcap'], /^2\S+Z 192\.0\.2\.10 1534, 198\.51\.100\.20 1227\n$/);
test(runs, 'ring.mjs', ['captures/http.pcap', 'ring', '10', '2'], /^30 packets, 2 files\n$/);
test(runs, 'browser.mjs', [], /^(IP .*: ICMP echo request, .*\n){3}$/);

const cannotCapture =
  !fullRun || process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'capturing live is for full runs, on Linux, as root'
    : undefined;

test('examples that capture live see what is sent meanwhile, and end', async (t) => {
  if (cannotCapture !== undefined) {
    t.log(`left out: ${cannotCapture}`);
    t.pass();
    return;
  }
  const runs = [
    ['resets.mjs', 'lo', '3'],
    ['top-talkers.mjs', 'lo', '3'],
    ['server-names.mjs', 'lo', '3'],
  ].map(([name, ...words]) => node(example(name!), ...words));
  const ring = spawn(process.execPath, [example('ring.mjs'), 'lo', join(folder, 'live'), '10', '2', 'tcp'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = once(ring.stdout, 'data');
  await delay(1500);
  // Nobody listens there; a server that takes what a client of TLS says first.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed = port === 65_535 ? port - 1 : port + 1;
  for (let times = 0; times < 5; times++)
    await once(createConnection(closed, '127.0.0.1'), 'error').catch(() => {});
  const client = connect({ port, host: '127.0.0.1', servername: 'www.example.org' }).on('error', () => {});
  await delay(300);
  client.destroy();
  server.close();
  ring.kill('SIGINT');
  const [resets, talkers, names] = (await Promise.all(runs)).map(({ stdout }) => stdout);
  t.regex(resets!, /^[1-9]\d* times 127\.0\.0\.1 resets 127\.0\.0\.1$/m);
  t.regex(talkers!, /^2\S+Z 127\.0\.0\.1 \d+/m);
  t.regex(names!, /'www\.example\.org'/);
  const [line] = (await told) as [Buffer];
  t.regex(`${line}`, /^\d+ packets, 2 files$/m);
});

test('example follow.mjs', (t) => {
  const { status, stdout } = spawnSync(process.execPath, [example('follow.mjs'), '@tcp-syn'], {
    input: readFileSync(join(projectRoot, 'captures', 'http.pcap')),
    encoding: 'utf8',
  });
  t.is(status, 0);
  t.regex(stdout, /^(IP .*Flags \[S\].*\n){3}$/);
});

test('example upload.mjs: filters, tells what is wrong, survives clients that go away', async (t) => {
  const server: ChildProcess = spawn(process.execPath, [example('upload.mjs'), '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const [line] = (await once(server.stdout!, 'data')) as [Buffer];
    const address = `http://localhost:${/\d+/.exec(`${line}`)![0]}/?filter=`;
    const body = readFileSync(join(projectRoot, 'captures', 'http.pcapng'));
    const post = (expression: string, sent: BodyInit, signal?: AbortSignal) =>
      fetch(address + encodeURIComponent(expression), {
        method: 'POST',
        body: sent,
        ...(signal && { signal }),
      });

    const expected = join(folder, 'uploaded.pcapng');
    await filterFile(join(projectRoot, 'captures', 'http.pcapng'), expected, compile('tcp dst port 80'));
    const answer = await post('tcp dst port 80', body);
    t.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(expected));

    const wrong = await post('tcp prot 80', body);
    t.is(wrong.status, 400);
    t.regex(await wrong.text(), /\n {2}tcp prot 80\n {6}\^~~~ /);
    const noCapture = await post('tcp', Buffer.alloc(1000, 'x'));
    t.deepEqual(
      [noCapture.status, await noCapture.text()],
      [422, 'CaptureError: unknown file format (at byte 0)\n'],
    );

    const leave = new AbortController();
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(body);
        leave.abort();
      },
    });
    const init: RequestInit = { method: 'POST', body: endless, signal: leave.signal };
    const left = await fetch(address, Object.assign(init, { duplex: 'half' })).catch((error) => error);
    t.is(left.name, 'AbortError');
    t.is((await post('udp', body)).status, 200);
  } finally {
    server.kill();
  }
});

test('every published name has a comment, of which the reference is made', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/reference.mjs', '--check'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  t.is(status, 0, stderr);
});
