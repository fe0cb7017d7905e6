/**
 * The time in front of each line, in the forms of `-t` to `-ttttt`. The text up to the second is kept
 * from one packet to the next: most packets of a capture share it with their neighbour.
 *
 * Local time is the host's (`TZ` in Node); times past 2038-01-19 print as tcpdump 4.99 prints them.
 */

import type { PrinterOptions } from './options.js';

const DIGITS3: readonly string[] = Array.from({ length: 1000 }, (_, n) => `${n}`.padStart(3, '0'));
const UNPRINTABLE = '[Error converting time]';

export class TimestampFormat {
  private readonly form: number;
  private readonly nano: boolean;
  private second = Number.NaN;
  private prefix = '';
  private referenceSeconds = 0;
  private referenceFraction = 0;

  constructor(options: PrinterOptions) {
    this.form = options.timestamp ?? 0;
    this.nano = options.precision === 'nano';
  }

  /** The time and the space after it; empty for `-t`. */
  format(seconds: number, nanoseconds: number): string {
    if (this.form === 1) return '';
    const fraction = this.nano ? nanoseconds : Math.floor(nanoseconds / 1000);
    if (this.form === 3 || this.form === 5) return `${this.since(seconds, fraction)} `;
    if (seconds !== this.second) {
      this.second = seconds;
      this.prefix = unprintable(seconds) ? '' : this.upToSecond(seconds);
    }
    if (this.prefix === '') return `${UNPRINTABLE} `;
    return `${this.prefix}${this.digits(fraction)} `;
  }

  private upToSecond(seconds: number): string {
    if (this.form === 2) return `${seconds >>> 0}.`;
    const time = new Date(seconds * 1000);
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.`;
    if (this.form !== 4) return clock;
    const year = `${time.getFullYear()}`;
    return `${year}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
  }

  private digits(fraction: number): string {
    const scale = this.nano ? 1e9 : 1e6;
    if (fraction < 0 || fraction >= scale) return `${fraction >>> 0}`.padStart(this.nano ? 9 : 6, '0');
    const low = fraction % 1000;
    const rest = (fraction - low) / 1000;
    if (!this.nano) return DIGITS3[rest]! + DIGITS3[low]!;
    return DIGITS3[Math.floor(rest / 1000)]! + DIGITS3[rest % 1000]! + DIGITS3[low]!;
  }

  /** Time since the packet before (`-ttt`) or the first one (`-ttttt`), as hours, minutes and seconds. */
  private since(seconds: number, fraction: number): string {
    if (this.referenceSeconds === 0 && this.referenceFraction === 0) {
      this.referenceSeconds = seconds;
      this.referenceFraction = fraction;
    }
    let span = seconds - this.referenceSeconds;
    let rest = fraction - this.referenceFraction;
    const negative = span < 0 || (span === 0 && rest < 0);
    if (negative) {
      span = -span;
      rest = -rest;
    }
    if (rest < 0) {
      span--;
      rest += this.nano ? 1e9 : 1e6;
    }
    if (this.form === 3) {
      this.referenceSeconds = seconds;
      this.referenceFraction = fraction;
    }
    const sign = negative ? '-' : ' ';
    if (unprintable(span)) return sign + UNPRINTABLE;
    const clock = `${two(Math.floor(span / 3600) % 24)}:${two(Math.floor(span / 60) % 60)}:${two(span % 60)}`;
    return `${sign}${clock}.${this.digits(rest)}`;
  }
}

/** tcpdump 4.99 keeps seconds in 32 bits and does not print those with the highest bit set. */
function unprintable(seconds: number): boolean {
  return (seconds & 0x8000_0000) !== 0;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}

/** A time in the zone of the machine, as `2015/09/20 05:43:12`. */
export function localDate(seconds: number): string {
  const time = new Date(seconds * 1000);
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())} ${clock}`;
}
