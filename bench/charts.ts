/** The figures as one page of charts that needs nothing else: all engines together, every filter, then each on its own. */

import { conclusions, ENGINES, mean, type Report } from './report.js';

/** Two registers are blue, ten orange, peers grey. */
const COLOURS: Readonly<Record<string, string>> = {
  libpcap: '#8a8f98',
  'dpdk-int': '#b3b8c0',
  'dpdk-jit': '#626873',
  'go x/net': '#c9cdd3',
  kernel: '#56607a',
  'cbpf-interpreter': '#9cc9e8',
  'cbpf-js': '#3f8fc4',
  'cbpf-wasm': '#14608f',
  'ebpf-interpreter': '#f5c08f',
  'ebpf-wasm': '#e0781f',
  'ebpf-proved': '#a9470b',
};
const WORDS: Readonly<Record<string, string>> = {
  'cbpf-interpreter': '2 registers, interpreted',
  'cbpf-js': '2, JavaScript',
  'cbpf-wasm': '2, WebAssembly',
  'ebpf-interpreter': '10 registers, interpreted',
  'ebpf-wasm': '10, WebAssembly',
  'ebpf-proved': '10, proved',
  'dpdk-int': 'DPDK, interpreted',
  'dpdk-jit': 'DPDK, compiled',
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const nameOf = (engine: string): string => WORDS[engine] ?? engine;
const colourOf = (engine: string): string => COLOURS[engine] ?? '#888';
const shown = (value: number): string => (value < 10 ? value.toFixed(1) : `${Math.round(value)}`);

const WIDTH = 920;

interface Bar {
  readonly name: string;
  readonly value: number;
  /** Where the white mark is. */
  readonly least?: number;
}

/** Horizontal bars to the scale of the longest. */
function bars(rows: readonly Bar[], unit: string, width: number, label: number): string {
  const longest = Math.max(...rows.map(({ value }) => value));
  const scale = (value: number): number => (value / longest) * (width - label - 70);
  const parts = rows.map(({ name, value, least }, index) => {
    const y = index * 20;
    const mark =
      least === undefined ? '' : `<path class="mark" d="M${(label + scale(least)).toFixed(1)} ${y}v15"/>`;
    return (
      `<text x="${label - 8}" y="${y + 12}" text-anchor="end">${escaped(nameOf(name))}</text>` +
      `<rect x="${label}" y="${y}" width="${scale(value).toFixed(1)}" height="15" rx="2" fill="${colourOf(name)}"/>${mark}` +
      `<text class="n" x="${label + scale(value) + 7}" y="${y + 12}">${shown(value)} ${unit}</text>`
    );
  });
  return svg(width, rows.length * 20, parts.join(''));
}

const svg = (width: number, height: number, body: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img">${body}</svg>`;

const section = (title: string, note: string, body: string): string =>
  `<section><h2>${escaped(title)}</h2><p>${escaped(note)}</p>${body}</section>`;

/** The engines that the report has, peers first. */
const allEngines = ({ matrix }: Report): string[] => [
  ...new Set([...matrix.flatMap((row) => Object.keys(row.peers)), ...ENGINES]),
];

const timeOf = (row: Report['matrix'][number], engine: string) => row.engines[engine] ?? row.peers[engine];

/** Of each engine that ran all filters the geometric mean. */
function together(report: Report): string {
  const rows = allEngines(report).flatMap((name): Bar[] => {
    const times = report.matrix.map((row) => timeOf(row, name)?.least);
    return times.includes(undefined) ? [] : [{ name, value: mean(times as number[]) }];
  });
  rows.sort((a, b) => a.value - b.value);
  return section(
    'A packet, all filters together',
    'Nanoseconds, the geometric mean of the least samples.',
    bars(rows, 'ns', WIDTH, 190),
  );
}

/** A dot for each engine, a line for each filter. */
function everyFilter(report: Report): string {
  const [left, right, line] = [190, 30, 30];
  const engines = allEngines(report);
  const least = report.matrix.flatMap((row) => engines.map((name) => timeOf(row, name)?.least ?? 1));
  const decades = Math.ceil(Math.log10(Math.max(...least)));
  const x = (ns: number): number => left + (Math.log10(Math.max(1, ns)) / decades) * (WIDTH - left - right);
  const bottom = report.matrix.length * line + 8;
  const grid = Array.from({ length: decades + 1 }, (_, power) => 10 ** power).map(
    (ns) =>
      `<path class="ax" d="M${x(ns)} 0V${bottom}"/><text class="n" x="${x(ns)}" y="${bottom + 14}" text-anchor="middle">${ns.toLocaleString('en')} ns</text>`,
  );
  const rows = report.matrix.map((row, index) => {
    const y = index * line + line / 2 + 4;
    const times = engines.flatMap((name) => {
      const time = timeOf(row, name);
      return time === undefined ? [] : [{ name, at: x(time.least), ns: time.least }];
    });
    const [first, last] = [Math.min(...times.map(({ at }) => at)), Math.max(...times.map(({ at }) => at))];
    const dots = times.map(
      ({ name, at, ns }) =>
        `<circle cx="${at.toFixed(1)}" cy="${y}" r="6.5" fill="${colourOf(name)}"><title>${escaped(nameOf(name))}: ${shown(ns)} ns</title></circle>`,
    );
    return `<text class="f" x="${left - 14}" y="${y + 4}" text-anchor="end">${escaped(row.filter)}</text><path class="span" d="M${first.toFixed(1)} ${y}H${last.toFixed(1)}"/>${dots.join('')}`;
  });
  const key = engines.map((name) => `<li><i class="${classOf(name)}"></i>${escaped(nameOf(name))}</li>`);
  return section(
    'Each filter',
    'To the left is faster; every step of the grid is ten times.',
    `<ul class="key">${key.join('')}</ul>${svg(WIDTH, bottom + 20, grid.join('') + rows.join(''))}`,
  );
}

const classOf = (name: string): string => `c-${name.replace(/\W+/g, '-')}`;

/** What two registers and ten execute for a packet. */
function instructions({ matrix }: Report): string {
  const [left, most] = [190, Math.max(...matrix.map((row) => row.extendedSteps))];
  const scale = (steps: number): number => (steps / most) * (WIDTH - left - 70);
  const parts = matrix.map((row, index) => {
    const y = index * 34;
    const bar = (steps: number, at: number, colour: string): string =>
      `<rect x="${left}" y="${at}" width="${scale(steps).toFixed(1)}" height="12" rx="2" fill="${colour}"/><text class="n" x="${left + scale(steps) + 7}" y="${at + 10}">${steps.toFixed(1)}</text>`;
    return `<text class="f" x="${left - 14}" y="${y + 17}" text-anchor="end">${escaped(row.filter)}</text>${bar(row.classicSteps, y, COLOURS['cbpf-wasm']!)}${bar(row.extendedSteps, y + 13, COLOURS['ebpf-wasm']!)}`;
  });
  return section(
    'Instructions executed for a packet',
    'By the program with two registers (blue) and by the same filter with ten (orange).',
    svg(WIDTH, matrix.length * 34, parts.join('')),
  );
}

/** Small charts side by side. */
function oneByOne({ matrix, loops }: Report): string {
  const charts = matrix.map((row) => {
    const of = (
      times: Readonly<Record<string, { readonly median: number; readonly least: number }>>,
    ): Bar[] => Object.entries(times).map(([name, { median, least }]) => ({ name, value: median, least }));
    const engines = of(row.engines).sort(
      (a, b) => ENGINES.indexOf(a.name as 'cbpf-js') - ENGINES.indexOf(b.name as 'cbpf-js'),
    );
    const note = `${row.matched} of 512 packets match; the first verdict after ${row.firstVerdict.toFixed(2)} ms. Nanoseconds a packet, median; the white mark is the least.`;
    return section(row.filter, note, bars([...of(row.peers), ...engines], 'ns', 440, 170));
  });
  const ofLoops = Object.entries(loops).map(([name, { c, native, wasm, proved, interpreter }]) => {
    const times: readonly (readonly [string, number | undefined])[] = [
      ['C, gcc -O2', c],
      ['native, unchecked', native],
      ['ebpf-wasm', wasm],
      ['ebpf-proved', proved],
      ['ebpf-interpreter', interpreter],
    ];
    const rows = times.flatMap(([name, value]): Bar[] => (value === undefined ? [] : [{ name, value }]));
    return section(`Loop: ${name}`, 'A million rounds, milliseconds.', bars(rows, 'ms', 440, 170));
  });
  return `<div class="grid">${[...charts, ...ofLoops].join('\n')}</div>`;
}

const STYLE = `:root{color-scheme:light dark;--ink:#1c2733;--dim:#5a6673;--line:#dfe4ea;--ground:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#dde4ea;--dim:#93a0ad;--line:#2c3640;--ground:#14191f}}
body{font:15px/1.5 system-ui,sans-serif;margin:2.5rem auto;max-width:${WIDTH}px;padding:0 1rem;color:var(--ink);background:var(--ground)}
h1{font-weight:650;margin-bottom:.2rem}h2{font-size:1.1rem;margin:2.2rem 0 0}p{margin:.1rem 0 .7rem;color:var(--dim)}svg{display:block;width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .n{fill:var(--dim);font-size:11px}svg .f{font-family:ui-monospace,monospace}
.ax,.span{stroke:var(--line)}.span{stroke-width:2}.mark{stroke:#fff;stroke-width:2}circle{stroke:var(--ground);stroke-width:1.5}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;font-size:13px}.key i{display:inline-block;width:11px;height:11px;border-radius:50%;margin-right:.4rem}
div.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(400px,1fr));gap:0 2rem}div.grid h2{font:600 14px ui-monospace,monospace}div.grid p{font-size:13px}
${Object.entries(COLOURS)
  .map(([name, colour]) => `.${classOf(name)}{background:${colour}}`)
  .join('')}`;

/** The page. */
export function printHtml(report: Report): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Weir: two registers against ten</title>
<style>${STYLE}</style>
<h1>Two registers against ten</h1>
<p>${escaped([report.machine, ...versions].join('; '))}. Shorter, and to the left, is faster.</p>
<ul>${conclusions(report)
    .map((line) => `<li>${escaped(line)}</li>`)
    .join('')}</ul>
${together(report)}
${everyFilter(report)}
${instructions(report)}
${oneByOne(report)}
</html>
`;
}
