// Draws the pictures of README and guide from the project's own captures: node scripts/pictures.mjs, after the build.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../dist/library/index.js';
import { openCapture } from '../dist/library/node.js';
import { createProfiler, flowGraph, toSvg } from '../dist/library/see.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs', 'pictures');
mkdirSync(folder, { recursive: true });

const expression = 'tcp port 80 and tcp[tcpflags] & tcp-syn != 0';
const filter = compile(expression).for('EN10MB');
const profiler = createProfiler(filter);
for (const name of ['http', 'http6', 'dns', 'ssh', 'tls', 'transfer'])
  await (await openCapture(join(root, 'captures', `${name}.pcap`))).scan({ select: () => profiler.test });
const { instructions } = profiler.profile();
const counts = { ran: instructions.map(({ ran }) => ran), held: instructions.map(({ held }) => held) };
writeFileSync(join(folder, 'profile.svg'), toSvg(flowGraph(filter.cbpf, expression, counts), expression));
