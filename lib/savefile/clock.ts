/**
 * 64-bit time stamps of pcapng, in whatever unit an interface counts, to and from seconds and
 * nanoseconds.
 *
 * pcapng (draft-ietf-opsawg-pcapng) §4.2: if_tsresol is a power of ten, or of two with the top bit
 * set; if_tsoffset is added in seconds.
 */

/** How an interface counts time. */
export interface Clock {
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: number;
  /** The same as `ticksPerSecond` where arithmetic on doubles stays exact, else 0. */
  readonly fastTicks: number;
}

export interface Time {
  seconds: number;
  nanoseconds: number;
}

/** The resolution of an interface that names none. */
export const MICROSECONDS = 6;

/** @param resolution - The byte of if_tsresol. */
export function makeClock(resolution: number, offsetSeconds = 0): Clock {
  const exponent = resolution & 0x7f;
  const binary = (resolution & 0x80) !== 0;
  const ticksPerSecond = binary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
  // Decimal: 1e9 / ticks is whole. Binary: (ticks - 1) * 1e9 stays below 2^53.
  const exact = binary ? exponent <= 23 : exponent <= 9;
  return { ticksPerSecond, offsetSeconds, fastTicks: exact ? Number(ticksPerSecond) : 0 };
}

/** One tick as a fraction of a second. */
export function tickLength(resolution: number): number {
  return ((resolution & 0x80) !== 0 ? 2 : 10) ** -(resolution & 0x7f);
}

/** Sets `time` to the instant that the two halves of a time stamp mean; finer digits are cut off. */
export function readClock(clock: Clock, high: number, low: number, time: Time): void {
  const ticks = clock.fastTicks;
  if (ticks === 0) {
    const count = (BigInt(high) << 32n) | BigInt(low);
    time.seconds = Number(count / clock.ticksPerSecond) + clock.offsetSeconds;
    time.nanoseconds = Number(((count % clock.ticksPerSecond) * 1_000_000_000n) / clock.ticksPerSecond);
    return;
  }
  // Long division, sixteen bits at a time: each remainder is below 2^30, so all stays below 2^46.
  const seconds = Math.floor(high / ticks);
  const middle = (high % ticks) * 65_536 + (low >>> 16);
  const last = (middle % ticks) * 65_536 + (low & 0xffff);
  time.seconds =
    seconds * 4_294_967_296 +
    Math.floor(middle / ticks) * 65_536 +
    Math.floor(last / ticks) +
    clock.offsetSeconds;
  time.nanoseconds = Math.floor(((last % ticks) * 1e9) / ticks);
}

/** The time stamp of an instant, as a 64-bit count of `10 ** -digits` seconds. */
export function ticksOf(seconds: number, nanoseconds: number, digits: number): bigint {
  return BigInt(seconds) * 10n ** BigInt(digits) + BigInt(Math.floor(nanoseconds / 10 ** (9 - digits)));
}
