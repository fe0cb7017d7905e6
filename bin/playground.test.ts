/** The playground in Chromium: what the page shows is what the library says. */

import test, { type ExecutionContext } from 'ava';
import type { Browser } from 'playwright-core';
import { diff } from '../lib/ask.js';
import { execute } from '../lib/cbpf.js';
import { compileProgram, disassemble } from '../lib/compile.js';
import * as ebpf from '../lib/ebpf.js';
import { compile, createPrinter, implies } from '../lib/index.js';
import {
  dropFile,
  launchBrowser,
  noBrowser,
  openPage,
  packetsOf,
  type Served,
  seriousFaults,
  servePlayground,
  type Watched,
  write,
} from '../lib/testing/browser.js';
import { fullRun } from '../lib/testing/vectors.js';

let served: Served | undefined;
let browser: Browser | undefined;
let watched: Watched;

test.before(async () => {
  if (noBrowser() !== undefined) return;
  served = await servePlayground();
  browser = await launchBrowser();
  watched = await openPage(browser, served.address);
});
test.after.always(async () => {
  await browser?.close();
  if (served?.process.exitCode === null) served.process.kill('SIGKILL');
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
    await write(page, expression, expression.startsWith('ip6'));
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
  // Of a warning, the words stay the same.
  await write(page, 'arp or udp and ip');
  await page.getByRole('button', { name: 'Replace with' }).click();
  t.is(await page.locator('.cm-content').innerText(), 'arp or (udp and ip)');
});

inBrowser('words, constants and ready-made filters are offered, and taken by Enter', async (t) => {
  const { page } = watched;
  await write(page, 'tcp and ', true);
  await page.keyboard.type('@dns-f');
  await page.locator('.cm-tooltip-autocomplete li[aria-selected]', { hasText: '@dns-failures' }).waitFor();
  // CodeMirror takes no key for the list in its first moment: it may have been meant for the text.
  await page.waitForTimeout(100);
  await page.keyboard.press('Enter');
  t.is(await page.locator('.cm-content').innerText(), 'tcp and @dns-failures');
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
  const { page, faults } = await openPage(browser!, served!.address, hash);
  t.is(await page.locator('.cm-content').innerText(), 'arp');
  t.is(await page.getByLabel('Link type').inputValue(), 'LINUX_SLL');
  await page.locator('[aria-label="eBPF"] .line').first().waitFor();
  await write(page, 'rarp');
  await page.waitForFunction(() => location.hash.includes('e=rarp'));
  t.is(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('v'), 'tree,ebpf');
  t.deepEqual(faults, []);
  await page.close();
});

inBrowser('a capture that is dropped is filtered and printed as the library does', async (t) => {
  const { page } = watched;
  await write(page, 'tcp[tcpflags] & tcp-syn != 0');
  await dropFile(page, 'captures/http.pcap.zst');
  await page.locator('.packets-list .text').first().waitFor();
  const filter = compile('tcp[tcpflags] & tcp-syn != 0');
  const printer = createPrinter();
  const expected: string[] = [];
  let matched = 0;
  for (const packet of await packetsOf('captures/http.pcap')) {
    expected.push(`${filter.matches(packet) ? '●' : '○'} ${printer.print(packet)}`);
    if (filter.matches(packet)) matched++;
  }
  t.regex(
    await page.locator('.counts').innerText(),
    new RegExp(`^http\\.pcap\\.zst\\s+${matched} of ${expected.length} match`),
  );
  const listed = async (): Promise<string[]> =>
    (await page.locator('.packets-list .packet').allInnerTexts()).map((row) => row.replace(/\s+\d+\s+/, ' '));
  t.deepEqual(await listed(), expected.slice(0, (await listed()).length));
  await page.getByLabel('only what matches').check();
  await page.waitForFunction((count) => document.querySelectorAll('.packet .text').length === count, matched);
  t.deepEqual(
    await listed(),
    expected.filter((row) => row.startsWith('●')),
  );
});

inBrowser('the debugger goes forth and back through what the machine does', async (t) => {
  const { page } = watched;
  await page.getByRole('tab', { name: 'Debugger' }).click();
  const seen = async (): Promise<string> => {
    const now = await page.locator('.line.now .at').innerText();
    const cells = await page.locator('.cells[aria-label="Registers"] .value').allInnerTexts();
    return [now, ...cells].join(' ');
  };
  const [packet] = await packetsOf('captures/http.pcap');
  const expected = ['0 0 0'];
  const program = compileProgram('tcp[tcpflags] & tcp-syn != 0');
  const { steps } = execute(program, { bytes: packet!.data }, (_, index, { a, x, next, result }) => {
    expected.push(`${result === undefined ? next : index} ${a} ${x}`);
  });
  const forth = [await seen()];
  for (let step = 0; step < steps; step++) {
    await (step === 0 ? page.getByLabel('Step (n)').click() : page.keyboard.press('n'));
    forth.push(await seen());
  }
  t.deepEqual(forth, expected);
  t.regex(await page.locator('.outcome').innerText(), /returns 262144/);
  const back = [await seen()];
  for (let step = 0; step < steps; step++) {
    await page.keyboard.press('p');
    back.push(await seen());
  }
  t.deepEqual(back.reverse(), expected);
  // A breakpoint on words; then the next packet on which the filter decides otherwise: the third, an answer's answer.
  await page.locator('.breaks .chip').last().click();
  await page.keyboard.press('c');
  t.is(program[Number((await seen()).split(' ')[0])]!.span!.start, 0);
  await page.keyboard.press('o');
  await page.getByText('packet 3 of 30').waitFor();
});

inBrowser('questions are answered as the library answers them, with packets', async (t) => {
  const { page } = watched;
  await page.getByRole('tab', { name: 'Questions' }).click();
  await write(page, 'tcp port 80');
  const verdicts = async (): Promise<string[]> => {
    await page.locator('.relations[aria-busy="false"] .relation').first().waitFor();
    return page.locator('.relation strong').allInnerTexts();
  };
  await page.locator('#other').fill('tcp');
  t.deepEqual(await verdicts(), ['no', 'yes, proved', 'no', 'no']);
  const [a, b] = ['tcp port 80', 'tcp'].map((text) => compileProgram(text, { optimize: false }));
  t.deepEqual([implies(a!, b!).verdict, implies(b!, a!).verdict], ['yes', 'no']);
  const shown = await page.locator('.witnesses .title').allInnerTexts();
  t.deepEqual(
    shown.filter((title) => title.startsWith('Only')),
    diff(a!, b!).regions.map(({ matchedBy, words }) => `Only ${matchedBy === 'first' ? 'A' : 'B'}: ${words}`),
  );
});

inBrowser('a program of eBPF is verified and run as the library does', async (t) => {
  const { page } = watched;
  await page.getByRole('tab', { name: 'eBPF', exact: true }).click();
  const source = async (): Promise<ebpf.Program> =>
    ebpf.parseProgram(await page.locator('[aria-label="Assembly"]').innerText());
  await page.locator('.verdict.refused').waitFor();
  const bad = await source();
  const { rejection } = ebpf.verify(bad, { type: 'xdp' });
  const { message, remedy, slice } = ebpf.explainRejection(bad, { type: 'xdp' }, rejection!);
  const verdict = await page.locator('.verdict').innerText();
  t.true(verdict.includes(message) && verdict.includes(remedy), verdict);
  t.is(await page.locator('.line.in-slice').count(), slice.length);
  await page.locator('[aria-label="Verified program"] .line').nth(5).hover();
  t.regex(await page.locator('.registers').innerText(), /R4=pkt\(off=14,r=14\)/);
  await page.getByLabel('Programs to begin with').selectOption('IPv4 is dropped');
  await page.locator('.verdict.accepted').waitFor();
  await page.getByRole('button', { name: 'Run on the capture' }).click();
  await page.locator('.on-capture tr').first().waitFor();
  const counts = await page.locator('.on-capture tr').allInnerTexts();
  const run = ebpf.load(await source(), { type: 'xdp' });
  const dropped = (await packetsOf('captures/http.pcap')).filter(
    ({ data }) => run(data, 0, data.length, data.length) === 1,
  );
  t.deepEqual(counts, [`XDP_DROP (1)\t${dropped.length}`]);
});

const PARTS = ['Program', 'Packets', 'Debugger', 'Questions', 'eBPF'];

inBrowser('axe finds nothing serious, and nothing was refused or asked of others', async (t) => {
  const { page, faults } = watched;
  for (const part of fullRun ? PARTS : PARTS.slice(0, 2)) {
    await page.getByRole('tab', { name: part, exact: true }).click();
    t.deepEqual(await seriousFaults(page), [], part);
  }
  t.deepEqual(faults, []);
});
