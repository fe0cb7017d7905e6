/**
 * Times in file names, as strftime(3) of glibc writes them in the C locale. Modifiers (`%E`, `%O`, widths, flags) are
 * not known; what is not known stays as it is.
 */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const DAY_MS = 86_400_000;

const digits = (value: number, width = 2, fill = '0'): string => `${value}`.padStart(width, fill);

const hour12 = (time: Date): number => time.getHours() % 12 || 12;

/** Days since the first of January, by the calendar: clocks that are put forward make days of 23 hours. */
const dayOfYear = (time: Date): number =>
  (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - Date.UTC(time.getFullYear(), 0, 1)) /
  DAY_MS;

/** Whole weeks of the year that have begun, where weeks begin with `first` (0 is Sunday). */
const weekOfYear = (time: Date, first: number): number =>
  Math.floor((dayOfYear(time) + 7 - ((time.getDay() - first + 7) % 7)) / 7);

/** Year and week of ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(time: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 4 - (time.getDay() || 7));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

function offset(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}${digits(size % 60)}`;
}

/** The zone's abbreviation where English has one, else its distance from Greenwich. */
const zone = (time: Date): string =>
  new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(time)
    .find(({ type }) => type === 'timeZoneName')!.value;

const CONVERSIONS: Readonly<Record<string, (time: Date) => string>> = {
  a: (time) => DAYS[time.getDay()]!.slice(0, 3),
  A: (time) => DAYS[time.getDay()]!,
  b: (time) => MONTHS[time.getMonth()]!.slice(0, 3),
  B: (time) => MONTHS[time.getMonth()]!,
  c: (time) => strftime('%a %b %e %T %Y', time),
  C: (time) => digits(Math.floor(time.getFullYear() / 100)),
  d: (time) => digits(time.getDate()),
  D: (time) => strftime('%m/%d/%y', time),
  e: (time) => digits(time.getDate(), 2, ' '),
  F: (time) => strftime('%Y-%m-%d', time),
  g: (time) => digits(isoWeek(time).year % 100),
  G: (time) => `${isoWeek(time).year}`,
  h: (time) => strftime('%b', time),
  H: (time) => digits(time.getHours()),
  I: (time) => digits(hour12(time)),
  j: (time) => digits(dayOfYear(time) + 1, 3),
  k: (time) => digits(time.getHours(), 2, ' '),
  l: (time) => digits(hour12(time), 2, ' '),
  m: (time) => digits(time.getMonth() + 1),
  M: (time) => digits(time.getMinutes()),
  n: () => '\n',
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  P: (time) => (time.getHours() < 12 ? 'am' : 'pm'),
  r: (time) => strftime('%I:%M:%S %p', time),
  R: (time) => strftime('%H:%M', time),
  s: (time) => `${Math.floor(time.getTime() / 1000)}`,
  S: (time) => digits(time.getSeconds()),
  t: () => '\t',
  T: (time) => strftime('%H:%M:%S', time),
  u: (time) => `${time.getDay() || 7}`,
  U: (time) => digits(weekOfYear(time, 0)),
  V: (time) => digits(isoWeek(time).week),
  w: (time) => `${time.getDay()}`,
  W: (time) => digits(weekOfYear(time, 1)),
  x: (time) => strftime('%D', time),
  X: (time) => strftime('%T', time),
  y: (time) => digits(time.getFullYear() % 100),
  Y: (time) => `${time.getFullYear()}`,
  z: offset,
  Z: zone,
  '%': () => '%',
};

/** @param time - Written in the zone that the process is in. */
export function strftime(format: string, time: Date): string {
  return format.replace(/%(.)/gs, (whole, letter: string) => CONVERSIONS[letter]?.(time) ?? whole);
}
