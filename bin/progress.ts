/**
 * Progress of long work: one line on stderr, redrawn, only on a terminal and only past the first
 * second. Speed comes before it: the caller asks now and then whether it is time.
 */

import { isTerminal, STDERR, writeMessage } from './standard.js';

const FIRST_MS = 1000;
const EVERY_MS = 200;

export interface ProgressState {
  readonly bytes: number;
  /** `undefined` for pipes. */
  readonly totalBytes: number | undefined;
  readonly packets: number;
  readonly matched: number;
}

export interface Progress {
  /** Draws the line, if it is time to. Cheap enough to be called once a chunk. */
  update(state: ProgressState): void;
  /** Wipes the line, so that other output can follow. */
  clear(): void;
}

export function createProgress(): Progress {
  const started = performance.now();
  let next = started + FIRST_MS;
  let drawn = false;
  return {
    update(state) {
      const now = performance.now();
      if (now < next) return;
      // Asked only now: most runs are over before, and finding out takes longer than some of them.
      next = isTerminal(STDERR) ? now + EVERY_MS : Number.POSITIVE_INFINITY;
      if (next === Number.POSITIVE_INFINITY) return;
      drawn = true;
      const line = renderProgress(state, (now - started) / 1000);
      writeMessage(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
    },
    clear() {
      if (drawn) writeMessage('\r\x1b[K');
      drawn = false;
    },
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function quantity(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${UNITS[power]}`;
}

/** `  42 %  420 MB of 1.00 GB  1,142,000 packets, 63,350 match  812 MB/s  1 s left` */
export function renderProgress(
  { bytes, totalBytes, packets, matched }: ProgressState,
  seconds: number,
): string {
  const rate = bytes / seconds;
  const parts = [
    `${packets.toLocaleString('en-US')} packets, ${matched.toLocaleString('en-US')} match`,
    `${quantity(rate)}/s`,
  ];
  if (totalBytes === undefined || totalBytes === 0) return [quantity(bytes), ...parts].join('  ');
  const share = Math.min(1, bytes / totalBytes);
  const left = Math.ceil((totalBytes - bytes) / rate);
  return [
    `${Math.floor(share * 100)} %`,
    `${quantity(bytes)} of ${quantity(totalBytes)}`,
    ...parts,
    `${left} s left`,
  ].join('  ');
}
