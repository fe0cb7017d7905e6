/** `--since`, `--until`, `--start-offset`: packets of a time. */

import type { Select, Selection } from '../lib/index.js';
import { CommandError } from './report.js';

/** An instant, as packets have it. */
export interface Instant {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const NANO = 1e9;
const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** `1700000000.25`: seconds since 1970; or `2024-05-01 12:00:00.5`, of this time zone unless `Z` or `+02:00` follows. */
export function instantOf(text: string): Instant {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole !== undefined) return { seconds: Number(whole), nanoseconds: nanoseconds(fraction) };
  const [, date, time = 'T00:00:00', digits = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}${time.startsWith('T') ? time : `T${time}`}${zone}`);
  if (date === undefined || Number.isNaN(milliseconds))
    throw new CommandError(`invalid time ${text}: seconds since 1970, or 2024-05-01 12:00:00`);
  return { seconds: Math.floor(milliseconds / 1000), nanoseconds: nanoseconds(digits) };
}

/** `90`, `1.5h`: seconds, or what a letter says, in nanoseconds. */
export function durationOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)([smhd]?)$/.exec(text) ?? [];
  if (number === '') throw new CommandError(`invalid time ${text}: seconds, or a number and s, m, h or d`);
  return Math.round(Number(number) * UNITS[unit]! * NANO);
}

const nanoseconds = (fraction: string): number => Number(fraction.padEnd(9, '0'));

/** Which times are asked for. */
export interface Times {
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
  /** Nanoseconds behind the first packet. */
  readonly startOffset: number | undefined;
}

export const hasTimes = ({ since, until, startOffset }: Times): boolean =>
  since !== undefined || until !== undefined || startOffset !== undefined;

/** The times that are asked for of one file. */
export class TimeChoice {
  private readonly until: Instant | undefined;
  private readonly offset: number | undefined;
  private since: Instant | undefined;
  private isBegun = false;

  constructor({ since, until, startOffset }: Times) {
    this.since = since;
    this.until = until;
    this.offset = startOffset;
  }

  /** Tells when the first packet came, for who may not come by it. */
  begin(first: Instant): void {
    if (this.isBegun) return;
    this.isBegun = true;
    if (this.offset === undefined) return;
    const total = first.nanoseconds + (this.offset % NANO);
    const from = { seconds: first.seconds + Math.floor(this.offset / NANO), nanoseconds: total };
    if (this.since === undefined || isBefore(this.since, from)) this.since = from;
  }

  /** Whole seconds around the times. */
  get window(): { readonly since: number; readonly until: number } {
    const { since, until } = this;
    return {
      since: since === undefined ? Number.NEGATIVE_INFINITY : since.seconds,
      until: until === undefined ? Number.POSITIVE_INFINITY : until.seconds + 1,
    };
  }

  /** What of a selection is of the times. */
  selection({ select }: Selection): Selection {
    const within: Select = (source, time) => {
      const test = select?.(source, time);
      return (bytes, start, capturedLength, wireLength) => {
        time.read();
        if (!this.isBegun) this.begin({ seconds: time.seconds, nanoseconds: time.nanoseconds });
        if (this.since !== undefined && isBefore(time, this.since)) return 0;
        if (this.until !== undefined && !isBefore(time, this.until)) return 0;
        return test === undefined ? 1 : test(bytes, start, capturedLength, wireLength);
      };
    };
    return { select: within };
  }
}

/** Damaged files may have more than a second of nanoseconds. */
function isBefore(one: Instant, other: Instant): boolean {
  const seconds = (instant: Instant) => instant.seconds + Math.floor(instant.nanoseconds / NANO);
  const difference = seconds(one) - seconds(other);
  return difference < 0 || (difference === 0 && one.nanoseconds % NANO < other.nanoseconds % NANO);
}
