import test from 'ava';
import type { PrinterOptions } from './options.js';
import { TimestampFormat } from './timestamp.js';

process.env.TZ = 'GMT0';

/** Times as `[seconds, nanoseconds]`; texts as tcpdump 4.99.3 prints them in GMT. */
const formats = test.macro({
  title: (_, options: PrinterOptions) => `-${'t'.repeat(options.timestamp ?? 0)} ${options.precision ?? ''}`,
  exec(t, options: PrinterOptions, rows: readonly (readonly [number, number, string])[]) {
    const format = new TimestampFormat(options);
    for (const [seconds, nanoseconds, expected] of rows) t.is(format.format(seconds, nanoseconds), expected);
  },
});

const UNPRINTABLE = '[Error converting time] ';

test(formats, { timestamp: 0 }, [
  [1_700_000_000, 123_456_789, '22:13:20.123456 '],
  [1_700_000_000, 999, '22:13:20.000000 '],
  [1_700_000_001, 0, '22:13:21.000000 '],
  [0x8000_0000, 0, UNPRINTABLE],
]);
test(formats, { timestamp: 0, precision: 'nano' }, [[1_700_000_000, 123_456_789, '22:13:20.123456789 ']]);
test(formats, { timestamp: 1 }, [[1_700_000_000, 0, '']]);
test(formats, { timestamp: 2 }, [[1_700_000_000, 5000, '1700000000.000005 ']]);
test(formats, { timestamp: 3 }, [
  [1_700_000_000, 500_000_000, ' 00:00:00.000000 '],
  [1_700_000_001, 250_000_000, ' 00:00:00.750000 '],
  [1_700_000_000, 250_000_000, '-00:00:01.000000 '],
]);
test(formats, { timestamp: 4 }, [[1_700_000_000, 0, '2023-11-14 22:13:20.000000 ']]);
test(formats, { timestamp: 5 }, [
  [1_700_000_000, 500_000_000, ' 00:00:00.000000 '],
  [1_700_000_061, 250_000_000, ' 00:01:00.750000 '],
  [1_700_100_000, 500_000_000, ' 03:46:40.000000 '],
]);
