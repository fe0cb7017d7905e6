/** The figures as a table for the terminal, and as one HTML page that needs nothing else. */

import type { LoopResult } from './loops.js';
import type { MatrixRow } from './matrix.js';

export interface PeerTime {
  readonly median: number;
  readonly least: number;
  readonly length: number;
}

export interface Report {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** With the times of the peers that this machine has, by name. */
  readonly matrix: readonly (MatrixRow & { readonly peers: Readonly<Record<string, PeerTime>> })[];
  readonly loops: Readonly<
    Record<string, LoopResult & { readonly c: number | undefined; readonly native: number | undefined }>
  >;
}

// biome-ignore format: one row reads best
export const ENGINES = ['cbpf-interpreter', 'cbpf-js', 'cbpf-wasm', 'ebpf-interpreter', 'ebpf-wasm', 'ebpf-proved'] as const;
const COLOURS: Readonly<Record<string, string>> = {
  libpcap: '#8a8a8a',
  'dpdk-int': '#b5b5b5',
  'dpdk-jit': '#6f6f6f',
  'go x/net': '#c9c9c9',
  kernel: '#525252',
  'cbpf-interpreter': '#b9d7ea',
  'cbpf-js': '#3f8fc4',
  'cbpf-wasm': '#14507a',
  'ebpf-interpreter': '#f3c9a5',
  'ebpf-wasm': '#d9691e',
  'ebpf-proved': '#8c3d0b',
};

const cell = (time: { readonly median: number; readonly least: number } | undefined): string =>
  (time === undefined ? '-' : `${time.median.toFixed(1)}/${time.least.toFixed(1)}`).padStart(14);

/** How many times as long one takes as another: the geometric mean over the filters, by the least of the samples. */
function ratio(report: Report, one: string, other: string): number | undefined {
  const logs = report.matrix.flatMap(({ engines, peers }) => {
    const [a, b] = [one, other].map((name) => engines[name] ?? peers[name]);
    return a === undefined || b === undefined ? [] : [Math.log(a.least / b.least)];
  });
  return logs.length === 0 ? undefined : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

/** What the matrix says about two registers and ten, in words. */
function conclusions(report: Report): string[] {
  const words: Readonly<Record<string, string>> = {
    'cbpf-interpreter': 'two registers, interpreted',
    'cbpf-js': 'filter.matches() on a buffer',
    'cbpf-wasm': 'two registers, compiled',
    'ebpf-interpreter': 'ten registers, interpreted',
    'ebpf-proved': 'ten registers, compiled',
    libpcap: "libpcap's interpreter",
  };
  const pairs = [
    ['cbpf-interpreter', 'ebpf-proved'],
    ['cbpf-wasm', 'ebpf-proved'],
    ['ebpf-interpreter', 'cbpf-interpreter'],
    ['libpcap', 'cbpf-js'],
    ['libpcap', 'ebpf-proved'],
  ] as const;
  return pairs.flatMap(([one, other]) => {
    const times = ratio(report, one, other);
    return times === undefined ? [] : [`${words[one]}: ${times.toPrecision(2)} times ${words[other]}`];
  });
}

export function printTable(report: Report): string {
  const { matrix, loops } = report;
  const peers = [...new Set(matrix.flatMap((row) => Object.keys(row.peers)))];
  const heads = [...peers, ...ENGINES.map((engine) => engine.replace('interpreter', 'int'))];
  const lines = [
    `${'ns, median/least'.padEnd(18)}${heads.map((head) => head.padStart(14)).join('')}  steps 2/10 reg`,
  ];
  for (const row of matrix) {
    const times = [...peers.map((name) => row.peers[name]), ...ENGINES.map((engine) => row.engines[engine])];
    const steps = `${row.classicSteps.toFixed(1)} / ${row.extendedSteps.toFixed(1)}`;
    lines.push(`${row.filter.padEnd(18)}${times.map(cell).join('')}  ${steps}`);
  }
  lines.push('', 'time over all filters', ...conclusions(report));
  lines.push(
    '',
    `${'loop, ms'.padEnd(18)}${['C', 'native', 'ebpf-wasm', 'proved', 'ebpf-int'].map((head) => head.padStart(11)).join('')}`,
  );
  for (const [name, { c, native, wasm, proved, interpreter }] of Object.entries(loops)) {
    const times = [c, native, wasm, proved, interpreter];
    lines.push(`${name.padEnd(18)}${times.map((time) => (time?.toFixed(2) ?? '-').padStart(11)).join('')}`);
  }
  return lines.join('\n');
}

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const WIDTH = 860;
const LABEL = 150;
const BAR = 15;

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly least: number;
}

/** Horizontal bars, one group a filter, to the scale of the group's longest: the interpreters dwarf the rest. */
function bars(title: string, note: string, rows: readonly Bar[], unit: string): string {
  const longest = Math.max(...rows.map(({ value }) => value));
  const scale = (value: number): number => (value / longest) * (WIDTH - LABEL - 130);
  const parts = rows.map(({ name, value, least }, index) => {
    const y = index * (BAR + 5);
    const mark = LABEL + scale(least);
    return (
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end">${escapeText(name)}</text>` +
      `<rect x="${LABEL}" y="${y}" width="${scale(value).toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[name] ?? '#888'}"/>` +
      `<line x1="${mark.toFixed(1)}" x2="${mark.toFixed(1)}" y1="${y}" y2="${y + BAR}" stroke="#fff" stroke-width="2"/>` +
      `<text x="${LABEL + scale(value) + 8}" y="${y + 12}">${value.toFixed(value < 10 ? 2 : 1)} ${unit}</text>`
    );
  });
  const height = rows.length * (BAR + 5);
  return `<section><h2>${escapeText(title)}</h2><p>${escapeText(note)}</p><svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img" aria-label="${escapeText(title)}">${parts.join('')}</svg></section>`;
}

export function printHtml(report: Report): string {
  const charts = report.matrix.map((row) => {
    const rows: Bar[] = ENGINES.map((name) => {
      const { median, least } = row.engines[name]!;
      return { name, value: median, least };
    });
    const peers = Object.entries(row.peers).map(([name, { median, least }]) => ({
      name,
      value: median,
      least,
    }));
    rows.unshift(...peers);
    const note = `${row.matched} of 512 packets match. Executed per packet: ${row.classicSteps.toFixed(1)} classic instructions, ${row.extendedSteps.toFixed(1)} extended. First verdict after ${row.firstVerdict.toFixed(2)} ms.`;
    return bars(row.filter, note, rows, 'ns');
  });
  const loops = Object.entries(report.loops).map(([name, { c, native, wasm, proved, interpreter }]) => {
    const rows: Bar[] = [
      { name: 'ebpf-wasm', value: wasm, least: wasm },
      { name: 'ebpf-interpreter', value: interpreter, least: interpreter },
    ];
    if (proved !== undefined) rows.splice(1, 0, { name: 'ebpf-proved', value: proved, least: proved });
    if (native !== undefined) rows.unshift({ name: 'native, unchecked', value: native, least: native });
    if (c !== undefined) rows.unshift({ name: 'C, gcc -O2', value: c, least: c });
    return bars(
      `Loop: ${name}`,
      'A million rounds; every load is checked in the compiled program, but where a proof makes that needless.',
      rows,
      'ms',
    );
  });
  const versions = Object.entries(report.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Weir: two registers against ten</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2.5rem auto;max-width:${WIDTH}px;padding:0 1rem;color:#1c2733}h1{font-weight:600}h2{font-size:1.1rem;margin:2rem 0 0}p{margin:.2rem 0 .6rem;color:#5a6673}svg text{font:12px system-ui,sans-serif;fill:currentColor}@media(prefers-color-scheme:dark){body{background:#14191f;color:#dde4ea}p{color:#9aa7b3}}</style>
<h1>Two registers against ten</h1>
<p>Nanoseconds per packet, median of the samples; the white mark is the least. Shorter is better. Every chart has its own scale.</p>
<p>Time over all filters (geometric mean of the least):</p>
<ul>${conclusions(report)
    .map((line) => `<li>${escapeText(line)}</li>`)
    .join('')}</ul>
<p>${escapeText(report.machine)}; ${escapeText(versions)}</p>
${charts.join('\n')}
${loops.join('\n')}
</html>
`;
}
