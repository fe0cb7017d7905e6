/** The figures, what they come to, and the table for the terminal. */

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

const cell = (time: { readonly median: number; readonly least: number } | undefined): string =>
  (time === undefined ? '-' : `${time.median.toFixed(1)}/${time.least.toFixed(1)}`).padStart(14);

/** How many times as long one takes as another: the geometric mean over the filters, by the least of the samples. */
function ratio(report: Report, one: string, other: string): number | undefined {
  const ratios = report.matrix.flatMap(({ engines, peers }) => {
    const [a, b] = [one, other].map((name) => engines[name] ?? peers[name]);
    return a === undefined || b === undefined ? [] : [a.least / b.least];
  });
  return ratios.length === 0 ? undefined : mean(ratios);
}

/** The geometric mean. */
export const mean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** What the matrix says about two registers and ten, in words. */
export function conclusions(report: Report): string[] {
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
