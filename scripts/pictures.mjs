// Draws the pictures of README and guide from the project's own captures and figures: node scripts/pictures.mjs, after the build.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** The table of bench/README.md as bars, a group for each filter, on a logarithmic scale: the interpreters dwarf the rest. */
function enginesPicture(text) {
  const [head, , ...rows] = text
    .slice(text.indexOf('| filter | libpcap'))
    .split('\n\n')[0]
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  const names = head.slice(1, -1).map((name) => name.replace(/^(2|10),/, '$1 registers,'));
  const COLOURS = ['#8a8a8a', '#c9c9c9', '#b9d7ea', '#14507a', '#f3c9a5', '#d9691e'];
  const [left, right, bar, gap] = [250, 60, 13, 16];
  const width = 820;
  const scale = (ns) => (Math.log10(ns) / 3) * (width - left - right);
  const escaped = (it) => it.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const parts = [];
  let y = 62;
  for (const [index, name] of names.entries()) {
    const [x, line] = [16 + (index % 3) * 270, 34 + 16 * Math.floor(index / 3)];
    parts.push(
      `<rect x="${x}" y="${line - 9}" width="10" height="10" fill="${COLOURS[index]}"/><text x="${x + 16}" y="${line}">${name}</text>`,
    );
  }
  for (const [filter, ...cells] of rows) {
    const middle = y + (names.length * bar) / 2 + 4;
    parts.push(`<text x="${left - 12}" y="${middle}" text-anchor="end" class="f">${escaped(filter)}</text>`);
    for (const [index] of names.entries()) {
      const [ns, length] = [Number(cells[index]), scale(Number(cells[index])).toFixed(1)];
      parts.push(
        `<rect x="${left}" y="${y}" width="${length}" height="${bar - 2}" fill="${COLOURS[index]}"/>` +
          `<text x="${left + Number(length) + 5}" y="${y + 9}" class="n">${ns}</text>`,
      );
      y += bar;
    }
    y += gap;
  }
  const lines = [1, 10, 100, 1000].map(
    (ns) =>
      `<path d="M${left + scale(ns)} 56V${y - gap + 4}"/><text x="${left + scale(ns)}" y="${y + 2}" text-anchor="middle" class="n">${ns} ns</text>`,
  );
  const style =
    'text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-size:14px;font-weight:600}.f{font-family:ui-monospace,monospace}.n{font-size:10px;fill:#6e7781}path{stroke:#d0d7de}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.n{fill:#8b949e}path{stroke:#30363d}}';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 12}" width="${width}" height="${y + 12}" role="img"><title>Nanoseconds a packet, by engine</title><style>${style}</style><text x="16" y="17" class="t">Nanoseconds a packet: two registers against ten, beside libpcap and DPDK (logarithmic)</text>${lines.join('')}${parts.join('\n')}</svg>\n`;
}
writeFileSync(
  join(folder, 'engines.svg'),
  enginesPicture(readFileSync(join(root, 'bench', 'README.md'), 'utf8')),
);
