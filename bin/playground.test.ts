/** `weir playground`: what the server hands out and refuses; and the page itself in Chromium, beside the library. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { Browser } from 'playwright-core';
import { compileProgram, disassemble } from '../lib/compile.js';
import {
  launchBrowser,
  noBrowser,
  openPage,
  type Served,
  servePlayground,
  type Watched,
  write,
} from '../lib/testing/browser.js';

let served: Served;
let browser: Browser | undefined;
let watched: Watched;

test.before(async () => {
  served = await servePlayground();
  if (noBrowser() !== undefined) return;
  browser = await launchBrowser();
  watched = await openPage(browser, served.address);
});
test.after.always(async () => {
  await browser?.close();
  if (served.process.exitCode === null) served.process.kill('SIGKILL');
});

/** A test in the browser: skipped where there is none. */
const inBrowser = (title: string, run: (t: ExecutionContext) => Promise<void>): void =>
  test.serial(title, async (t) => {
    const reason = noBrowser();
    if (reason !== undefined) {
      t.log(reason);
      t.pass();
      return;
    }
    await run(t);
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

inBrowser('an expression that is typed is compiled as the library does', async (t) => {
  const { page } = watched;
  const listing = (): Promise<string[]> =>
    page.locator('[aria-label="Classic BPF"] .line .operation').allTextContents();
  for (const expression of [
    'udp',
    'tcp port 80 and not net 10.0.0.0/8',
    'ip6 or vlan 5',
    '@tls-client-hello',
  ]) {
    await write(page, expression);
    const { withReadyMade } = await import('../lib/playground.js');
    const expected = disassemble(compileProgram(expression, withReadyMade({})))
      .split('\n')
      .map((line) => /^\(\d+\) (\S+)/.exec(line)![1]);
    t.deepEqual(await listing(), expected as string[], expression);
  }
});

inBrowser('the mark under what is wrong moves with it, and its remedy is at hand', async (t) => {
  const { page } = watched;
  const marked = (): Promise<string> => page.locator('.cm-lintRange-error').innerText();
  await write(page, 'tcp prot 80');
  t.is(await marked(), 'prot');
  t.regex(await page.locator('#status').innerText(), /did you mean 'port'\?/);
  await write(page, 'ip and tcp prot 80');
  t.is(await marked(), 'prot');
  await page.locator('.cm-lintRange-error').hover();
  await page.locator('.cm-diagnosticAction').click();
  t.is(await page.locator('.cm-content').innerText(), 'ip and tcp port 80');
  t.is(await page.locator('.cm-lintRange-error').count(), 0);
});

inBrowser('words light up their instructions, and instructions their words', async (t) => {
  const { page } = watched;
  await write(page, 'udp dst port 53');
  const lit = page.locator('[aria-label="Classic BPF"] .line.lit .of');
  await page.locator('.cm-content .words', { hasText: 'udp' }).hover();
  t.deepEqual([...new Set(await lit.allTextContents())], ['udp']);
  await page.locator('[aria-label="Classic BPF"] .line', { hasText: 'dst port 53' }).first().hover();
  t.is((await page.locator('.cm-content .lit').allTextContents()).join(''), 'dst port 53');
  await page.locator('[aria-label="Classic BPF"]').focus();
  await page.keyboard.press('Home');
  t.deepEqual([...new Set(await lit.allTextContents())], ['udp']);
});

inBrowser('the address holds the state', async (t) => {
  const hash = '#e=arp&l=LINUX_SLL&v=tree%2Cebpf';
  const { page, faults } = await openPage(browser!, served.address, hash);
  t.is(await page.locator('.cm-content').innerText(), 'arp');
  t.is(await page.getByLabel('Link type').inputValue(), 'LINUX_SLL');
  await page.locator('[aria-label="eBPF"] .line').first().waitFor();
  await write(page, 'rarp');
  await page.waitForFunction(() => location.hash.includes('e=rarp'));
  t.is(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('v'), 'tree,ebpf');
  t.deepEqual(faults, []);
  await page.close();
});

inBrowser('axe finds nothing serious, and nothing was refused or asked of others', async (t) => {
  const { page, faults } = watched;
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  const serious = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
  t.deepEqual(serious, []);
  t.deepEqual(faults, []);
});

interface Axe {
  run(): Promise<{
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  }>;
}

test.serial('an interrupt ends it, with connections open', async (t) => {
  const idle = connect(Number(new URL(served.address).port), '127.0.0.1');
  await once(idle, 'connect');
  served.process.kill('SIGINT');
  const [status] = (await once(served.process, 'exit')) as [number];
  idle.destroy();
  t.is(status, 0);
});
