/** `weir playground`: what the server hands out and refuses, and how it ends. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import test from 'ava';
import { type Served, servePlayground } from '../lib/testing/browser.js';

let served: Served;
test.before(async () => {
  served = await servePlayground();
});
test.after.always(() => {
  if (served.process.exitCode === null) served.process.kill('SIGKILL');
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(served.address), { path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    asked.on('error', reject).end();
  });
}

test.serial('the page is compressed for who takes that, and for others not', async (t) => {
  const [plain, compressed] = await Promise.all([ask('/'), ask('/', { 'accept-encoding': 'gzip, br' })]);
  t.regex(plain.body.toString(), /^<!doctype html>/);
  t.is(plain.headers['content-encoding'], undefined);
  t.is(compressed.headers['content-encoding'], 'br');
  t.regex(String(plain.headers['content-security-policy']), /^default-src 'self';/);
  t.notRegex(String(plain.headers['content-security-policy']), /unsafe/);
});

test.serial('captures and modules of the library are there, and no other file', async (t) => {
  const capture = await ask('/captures/http.pcap');
  t.deepEqual(capture.body, readFileSync(new URL('../../captures/http.pcap', import.meta.url)));
  t.is((await ask('/library/compile.js')).status, 200);
  for (const path of [
    '/../package.json',
    '/captures/../package.json',
    '/captures/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/captures/make.ts',
    '//etc/passwd',
    '/assets',
    '/constructor',
  ])
    t.is((await ask(path)).status, 404, path);
});

test.serial('who asks for another host, or wants to write, is refused', async (t) => {
  const { port } = new URL(served.address);
  t.is((await ask('/', { host: `attacker.example:${port}` })).status, 421);
  t.is((await ask('/', { host: 'localhost' })).status, 421);
  t.is((await ask('/', { host: `localhost:${port}` })).status, 200);
  t.is((await ask('/', {}, 'POST')).status, 405);
  t.is((await ask('/', {}, 'HEAD')).body.length, 0);
});

test.serial('an expression is in the address that is printed', async (t) => {
  const { address, process: server } = await servePlayground('--port=0', 'tcp port', '80');
  server.kill('SIGTERM');
  t.regex(address, /^http:\/\/127\.0\.0\.1:\d+\/#e=tcp\+port\+80$/);
});

test.serial('an interrupt ends it, with connections open', async (t) => {
  const idle = connect(Number(new URL(served.address).port), '127.0.0.1');
  await once(idle, 'connect');
  served.process.kill('SIGINT');
  const [status] = (await once(served.process, 'exit')) as [number];
  idle.destroy();
  t.is(status, 0);
});
