/**
 * The playground as plain files in a folder of a host with a strict policy: what it loads at first, that it asks for
 * nothing else, dark and narrow, objects of clang, and how long things take (which is told, not judged).
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { toWebAssemblyText } from '../lib/cbpf.js';
import { compileProgram } from '../lib/compile.js';
import * as ebpf from '../lib/ebpf.js';
import { compile } from '../lib/index.js';
import { filterFile } from '../lib/node.js';
import { attach, programTypeOf } from '../lib/playground.js';
import {
  dropFile,
  launchBrowser,
  noBrowser,
  openPage,
  packetsOf,
  seriousFaults,
  write,
} from '../lib/testing/browser.js';
import { build, whyNoClang } from '../lib/testing/clang.js';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const whole = fullRun && noBrowser() === undefined ? test.serial : test.serial.skip;
const FOLDER = '/some/folder/';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** What programs of each form are run as. */
const HOOKS = { kernel: 'kernel_filter', portable: 'socket_filter', xdp: 'xdp', tc: 'sched_cls' } as const;

let server: Server;
let browser: Browser;
let address: string;
const scratch = mkdtempSync(join(tmpdir(), 'weir-site-'));

test.before(async () => {
  if (!fullRun || noBrowser() !== undefined) return;
  await promisify(execFile)(process.execPath, [join(projectRoot, 'scripts/web.mjs'), '--site']);
  server = createServer(({ url = '' }, response) => {
    const name = url === FOLDER ? 'index.html' : decodeURIComponent(url.slice(FOLDER.length));
    try {
      const body = readFileSync(join(projectRoot, 'dist/site', name));
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      response
        .writeHead(200, { 'Content-Security-Policy': "default-src 'self'", 'Content-Type': type })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${FOLDER}`;
  browser = await launchBrowser();
});
test.after.always(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  rmSync(scratch, { recursive: true });
});

const PARTS = ['Program', 'Packets', 'Debugger', 'Questions', 'eBPF'];
const goTo = (page: Page, part: string): Promise<void> =>
  page.getByRole('tab', { name: part, exact: true }).click();

whole(
  'what is loaded before a capture is opened is at most 250 KB of gzip, all from its folder',
  async (t) => {
    const bodies: Promise<Buffer>[] = [];
    const { page, faults } = await openPage(browser, address, '', (page) =>
      page.on('response', (response) => bodies.push(response.body())),
    );
    await page.locator('.picture svg').waitFor();
    await page.waitForLoadState('networkidle');
    page.removeAllListeners('response');
    const size = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
    t.log(`${bodies.length} files, ${size} bytes of gzip`);
    t.true(size <= 250_000, `${size} bytes`);
    t.deepEqual(faults, []);
    await page.close();
  },
);

for (const [colorScheme, width] of [
  ['dark', 1280],
  ['light', 390],
] as const)
  whole(`every part is sound in ${colorScheme}, ${width} pixels wide`, async (t) => {
    const { page, faults } = await openPage(browser, address, '#e=udp+port+53&c=dns.pcap&n=2');
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    for (const part of PARTS) {
      await goTo(page, part);
      await page.waitForTimeout(300);
      t.deepEqual(await seriousFaults(page), [], part);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      t.true(beyond <= 0, `${part}: ${beyond} pixels beyond the side`);
    }
    t.deepEqual(faults, []);
    await page.close();
  });

whole('every view shows what the library prints', async (t) => {
  const expression = 'tcp port 80 and not net 10.0.0.0/8 or vlan 3 and ip6';
  const { page, faults } = await openPage(
    browser,
    address,
    `#e=${encodeURIComponent(expression)}&v=wasm,ebpf`,
  );
  const program = compileProgram(expression);
  const listed = async (view: string): Promise<string[]> => {
    await page.locator(`[aria-label="${view}"] .line`).first().waitFor();
    return page.locator(`[aria-label="${view}"] .line .source`).allTextContents();
  };
  t.deepEqual(await listed('WebAssembly'), toWebAssemblyText(program).trimEnd().split('\n'));
  for (const form of ['kernel', 'portable', 'xdp', 'tc'] as const) {
    await page.locator('.pane-tools select').selectOption(form);
    const lifted = ebpf.lift(program, { form });
    const lines = ebpf.disassemble(lifted, { lenient: true }).replace(/^\s*\d+: \(..\) /gm, '');
    t.deepEqual(await listed('eBPF'), lines.split('\n'), form);
  }
  await page.getByLabel('Left view').getByRole('tab', { name: 'Tree' }).click();
  await page.locator('.cm-content .words', { hasText: 'ip6' }).hover();
  t.deepEqual(await page.locator('[aria-label="Tree"] .line.lit .source').allTextContents(), ['ip6']);
  await page.getByLabel('Right view').getByRole('tab', { name: 'Flow graph' }).click();
  await page.locator('.picture').waitFor();
  const passes = await page.getByLabel('Pass of the optimizer').locator('option').allInnerTexts();
  const { length } = compileProgram(expression, { optimize: false });
  t.deepEqual([passes[0]!, passes.at(-1)!], [`as generated · ${length}`, `at the end · ${program.length}`]);
  t.deepEqual(faults, []);
  await page.close();
});

whole('the debugger ends with what the library returns, on every machine', async (t) => {
  const expression = 'tcp dst port 80';
  const { page, faults } = await openPage(browser, address, `#e=${expression}&c=http.pcap&p=debug`);
  const [program, packets] = [compileProgram(expression), await packetsOf('captures/http.pcap')];
  for (const form of ['portable', 'xdp', 'tc', 'kernel'] as const) {
    await page.locator('.debug select').selectOption(form);
    const run = attach(ebpf.lift(program, { form }), programTypeOf(HOOKS[form]), { unverified: true });
    for (const index of [0, 1, 2]) {
      const { data, wireLength } = packets[index]!;
      await page.evaluate((number) => {
        location.hash = location.hash.replace(/&n=\d+|$/, `&n=${number}`);
      }, index + 1);
      await page.getByText(`packet ${index + 1} of 30`).waitFor();
      await page.getByLabel('To the end').click();
      const outcome = await page.locator('.outcome').innerText();
      t.true(
        outcome.startsWith(`r0 is ${run.run(data, { wireLength }).verdict} `),
        `${form} ${index}: ${outcome}`,
      );
    }
  }
  t.deepEqual(faults, []);
  await page.close();
});

whole('by keyboard alone: from the expression to the packets, a field and the debugger', async (t) => {
  const { page, faults } = await openPage(browser, address, '#e=udp&c=dns.pcap');
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const { activeElement: now } = document;
      return `${now?.getAttribute('role')} ${now?.getAttribute('aria-label') ?? now?.textContent}`;
    });
  const tabTo = async (label: string): Promise<void> => {
    for (let presses = 0; presses < 30 && (await focused()) !== label; presses++)
      await page.keyboard.press('Tab');
    t.is(await focused(), label);
  };
  await tabTo('tab Program');
  await page.keyboard.press('ArrowRight');
  await page.locator('.packet .text').first().waitFor();
  await tabTo('listbox Packets');
  await page.keyboard.press('ArrowDown');
  await page.locator('#packet-2.chosen').waitFor();
  await tabTo('tree Fields');
  for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowDown');
  t.true((await page.locator('.hex .byte.lit').count()) > 0);
  t.deepEqual(faults, []);
  await page.close();
});

whole('it works without a network once it stands, in parts that were not opened before', async (t) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  await page.goto(`${address}#e=udp+port+53`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  for (const reloads of [false, true]) {
    if (reloads) await page.reload();
    for (const part of PARTS) {
      await goTo(page, part);
      await page.locator('main .loading').waitFor({ state: 'detached' });
      t.notRegex(await page.locator('main').innerText(), /Error/, part);
    }
    await goTo(page, 'Packets');
    await page.getByLabel('Capture file').setInputFiles(join(projectRoot, 'captures/http.pcap.zst'));
    await page.locator('.counts', { hasText: 'of 30 match' }).waitFor();
  }
  t.deepEqual(faults, []);
  await context.close();
});

whole('packets are listed where the expression is wrong, and filtered once it is right', async (t) => {
  const { page, faults } = await openPage(browser, address, '#e=tcp+prot+80&c=http.pcap&p=packets');
  await page.locator('.packet .text').first().waitFor();
  t.regex(await page.locator('.counts').innerText(), /30 packets.*not filtered/);
  await page.getByRole('button', { name: 'Replace with' }).click();
  await page.locator('.counts', { hasText: '30 of 30 match' }).waitFor();
  await page.locator('.why.yes').waitFor();
  t.deepEqual(faults, []);
  await page.close();
});

whole('every kind of compression and container gives the same packets', async (t) => {
  const { page, faults } = await openPage(browser, address, '#e=tcp&p=packets');
  const seen = new Set<string>();
  for (const name of ['http.pcap', 'http.pcapng', 'http.pcap.gz', 'http.pcap.zst', 'http.pcap.lz4']) {
    await dropFile(page, `captures/${name}`);
    await page.locator('.counts .file', { hasText: new RegExp(`^${name}$`) }).waitFor();
    await page.locator('.packet .text').last().waitFor();
    seen.add((await page.locator('.packets-list').innerText()).slice(0, 1000));
  }
  t.is(seen.size, 1);
  // Members of their own, and the last one cut: what can be read of it is listed.
  const plain = readFileSync(join(projectRoot, 'captures/http.pcap'));
  const members = [plain.subarray(0, 900), plain.subarray(900, 2000), plain.subarray(2000)].map((part) =>
    gzipSync(part),
  );
  for (const [name, left] of [
    ['members.pcap.gz', 0],
    ['cut.pcap.gz', 40],
  ] as const) {
    const bytes = Buffer.concat(members);
    writeFileSync(join(scratch, name), bytes.subarray(0, bytes.length - left));
    await page.getByLabel('Capture file').setInputFiles(join(scratch, name));
    await page.locator('.counts .file', { hasText: new RegExp(`^${name}$`) }).waitFor();
    await page.locator('.counts b').waitFor();
    const counts = await page.locator('.counts').innerText();
    t.regex(counts, left === 0 ? /30 of 30 match/ : /\d+ of [12]\d match.*\n.*truncated/);
  }
  t.deepEqual(faults, []);
  await page.close();
});

whole('an object of clang is verified, its lines of C shown, and run', async (t) => {
  const reason = whyNoClang();
  if (reason !== undefined) {
    t.log(reason);
    t.pass();
    return;
  }
  const { page, faults } = await openPage(browser, address, '#p=ebpf&c=http.pcap');
  const bytes = await build({ name: 'count' });
  const path = join(scratch, 'count.o');
  writeFileSync(path, bytes);
  await page.getByLabel('Object file').setInputFiles(path);
  await page.locator('.object').waitFor();
  const program = ebpf.loadObject(bytes, { btf: 'compiled', engine: 'interpreter' }).programs[0]!;
  t.is(program.verify().accepted, true);
  await page.locator('.verdict.accepted').waitFor();
  t.is((await page.locator('[aria-label="Verified program"] .line').count()) > 3, true);
  t.regex(await page.locator('[aria-label="Verified program"]').innerText(), /\d+: .*return/);
  await page.getByRole('button', { name: 'Run on the capture' }).click();
  await page.locator('.on-capture tr').first().waitFor();
  t.deepEqual(faults, []);
  await page.close();
});

whole('a hundred megabytes are opened, filtered, counted as the library counts, and scrolled', async (t) => {
  const capture = readFileSync(join(projectRoot, 'captures/transfer.pcap'));
  const [head, records] = [capture.subarray(0, 24), capture.subarray(24)];
  const times = Math.ceil(100e6 / records.length);
  const path = join(scratch, 'big.pcap');
  writeFileSync(path, Buffer.concat([head, ...Array<Buffer>(times).fill(records)]));
  const expression = 'tcp[tcpflags] & tcp-syn != 0';
  const { read, matched } = await filterFile(path, join(scratch, 'kept.pcap'), compile(expression));
  const { page, faults } = await openPage(browser, address, '#e=udp&p=packets');
  await page.locator('.welcome').waitFor();
  const begun = performance.now();
  await page.getByLabel('Capture file').setInputFiles(path);
  await page.locator('.counts b').waitFor({ timeout: 60_000 });
  t.log(`opened and filtered in ${Math.round(performance.now() - begun)} ms`);
  await write(page, expression);
  const counted = `${matched.toLocaleString('en')} of ${read.toLocaleString('en')} match`;
  await page.locator('.counts', { hasText: counted }).waitFor();
  t.log((await page.locator('.counts').innerText()).replaceAll('\n', ' '));
  const gaps = await page.evaluate(async () => {
    const list = document.querySelector('.packets-list')!;
    const found: number[] = [];
    let last = performance.now();
    for (let frame = 0; frame < 120; frame++) {
      list.scrollTop += 400;
      await new Promise(requestAnimationFrame);
      found.push(performance.now() - last);
      last = performance.now();
    }
    return found.sort((a, b) => a - b);
  });
  t.log(`frames while scrolling: median ${gaps[60]!.toFixed(1)} ms, longest ${gaps.at(-1)!.toFixed(1)} ms`);
  await page.locator('.packets-list').focus();
  await page.keyboard.press('End');
  await page.locator(`#packet-${read}.chosen`).waitFor();
  t.deepEqual(faults, []);
  await page.close();
});

whole('from a key to the listing', async (t) => {
  const { page, faults } = await openPage(browser, address);
  await write(page, 'udp');
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(globalThis, { times });
    addEventListener(
      'keydown',
      () => {
        const begun = performance.now();
        requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - begun)));
      },
      { capture: true },
    );
  });
  await page.keyboard.type(' or tcp dst port 443 and not net 10.0.0.0/8 and ip6 or icmp', {
    delay: 45,
  });
  const times = await page.evaluate(() =>
    (globalThis as unknown as { times: number[] }).times.sort((a, b) => a - b),
  );
  t.log(
    `to the frame behind the listing: median ${times[times.length >> 1]!.toFixed(1)} ms, longest ${times.at(-1)!.toFixed(1)} ms`,
  );
  t.true(times.length > 50);
  t.deepEqual(faults, []);
  await page.close();
});
