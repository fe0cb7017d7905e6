#!/usr/bin/env node
/**
 * Takes the pictures of the playground in docs/pictures, from the project's own captures: `npm run web:screenshots`. Needs
 * Chromium; the letters are Inter and JetBrains Mono where they are installed.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser, servePlayground } from '../dist/lib/testing/browser.js';

const folder = join(import.meta.dirname, '..', 'docs', 'pictures');

/** What each shows: the address's state, and what is done before. */
const SCENES = [
  {
    name: 'program',
    schemes: ['light', 'dark'],
    hash: '#e=tcp+port+443+and+tcp[tcpflags]+%26+tcp-syn+!=+0&c=tls.pcap&p=packets',
    async prepare(page) {
      await page.locator('.packet .text').first().waitFor();
      await page.getByRole('tab', { name: 'Program', exact: true }).click();
      await page.locator('.heat').first().waitFor();
      await page.locator('.cm-content .words').last().hover();
    },
  },
  {
    name: 'packets',
    schemes: ['dark'],
    hash: '#e=udp+port+53+and+udp[10]+%26+0x80+!=+0&c=dns.pcap&p=packets&n=4',
    async prepare(page) {
      await page.locator('.packet .text').first().waitFor();
      await page.locator('.chip.decides').last().hover();
    },
  },
  {
    name: 'debugger',
    schemes: ['light'],
    hash: '#e=tcp+port+80+and+not+net+10.0.0.0/8&c=http.pcap&p=debug&n=4',
    async prepare(page) {
      await page.locator('.debug').waitFor();
      await page.locator('.breaks .chip').nth(1).click();
      await page.getByLabel('On to a breakpoint (c)').click();
      await page.keyboard.press('c');
      await page.keyboard.press('c');
    },
  },
];

mkdirSync(folder, { recursive: true });
const { process: server, address } = await servePlayground();
const browser = await launchBrowser();
try {
  for (const { name, schemes, hash, prepare } of SCENES)
    for (const colorScheme of schemes) {
      const viewport = { width: 1280, height: 800 };
      const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: 1 });
      await page.goto(address + hash);
      await prepare(page);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(folder, `playground-${name}-${colorScheme}.png`) });
      await page.close();
    }
} finally {
  await browser.close();
  server.kill('SIGINT');
}
