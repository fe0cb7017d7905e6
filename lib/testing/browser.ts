/** The playground as the command serves it, and Chromium in front of it, for tests of the page. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Packet, readCapture } from '../savefile/index.js';
import { projectRoot } from './vectors.js';

const CHROMIUM = '/usr/bin/chromium';
const WEIR = join(projectRoot, 'dist/command/weir.js');

/** Why pages cannot be tested here; `undefined` where they can. */
export const noBrowser = (): string | undefined =>
  existsSync(CHROMIUM) ? undefined : `no ${CHROMIUM}: the playground is not tested in a browser`;

export interface Served {
  readonly process: ChildProcess;
  /** `http://127.0.0.1:PORT/` */
  readonly address: string;
}

/** `weir playground` on a port that is free. */
export async function servePlayground(...words: string[]): Promise<Served> {
  const server = spawn(process.execPath, [WEIR, 'playground', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  return { process: server, address: String(line).trim() };
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

/** A page, and what must not happen on it: requests to others, what its policy refuses, errors. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
}

/**
 * Opens a page whose state is `hash`.
 *
 * @param before - Called with the page before anything is loaded.
 */
export async function openPage(
  browser: Browser,
  address: string,
  hash = '',
  before: (page: Page) => void = () => {},
): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  before(page);
  const faults: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(address)) faults.push(`asks for ${request.url()}`);
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  await page.goto(address + hash);
  return { page, faults };
}

/** Writes an expression in place of the one that is there: at once, or key by key. */
export async function write(page: Page, expression: string, keys = false): Promise<void> {
  const focused = await page.evaluate(() => document.activeElement?.classList.contains('editor') === true);
  if (!focused) {
    await page.locator('.cm-content').click();
    // CodeMirror takes a selection of the first fifth of a second for the browser's own.
    await page.waitForTimeout(250);
  }
  await page.keyboard.press('ControlOrMeta+a');
  if (keys) await page.keyboard.type(expression);
  else await page.keyboard.insertText(expression);
  await page.keyboard.press('Escape');
}

/** Drops a file of the project onto the page. */
export async function dropFile(page: Page, path: string): Promise<void> {
  const bytes = readFileSync(join(projectRoot, path)).toString('base64');
  await page.evaluate(
    ([text, name]) => {
      const file = new File([Uint8Array.from(atob(text!), (letter) => letter.charCodeAt(0))], name!);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(file);
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    },
    [bytes, basename(path)],
  );
}

/** What axe finds on a page that keeps people out: faults that it calls serious or critical. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
}

interface Axe {
  run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
}

/** Packets of a capture of the project, with bytes of their own. */
export async function packetsOf(path: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  for await (const packet of await readCapture([readFileSync(join(projectRoot, path))]))
    packets.push(packet.copy());
  return packets;
}
