/**
 * Checks what callers without types hand in: a wrong type must be an error that names the option, what it got and
 * what it wants, never another filter.
 */

import { closest } from './source.js';

/** What an option may be. */
export interface Rule {
  /** What is expected, for the message: `a whole number from 0 to 65535`. */
  readonly expects: string;
  /** Whether it is of a type that can be right; else a TypeError. */
  readonly type: (value: unknown) => boolean;
  /** Whether a value of that type is allowed; else a RangeError. */
  readonly allowed?: (value: never) => boolean;
}

/** The options there are, by name. */
export type Rules = Readonly<Record<string, Rule>>;

const isOf =
  (...types: readonly string[]) =>
  (value: unknown): boolean =>
    types.includes(typeof value);

export const BOOLEAN: Rule = { expects: 'true or false', type: isOf('boolean') };
export const STRING: Rule = { expects: 'a string', type: isOf('string') };
export const FUNCTION: Rule = { expects: 'a function', type: isOf('function') };
export const OBJECT: Rule = {
  expects: 'an object',
  type: (value) => typeof value === 'object' && value !== null,
};
export const SIGNAL: Rule = {
  expects: 'an AbortSignal',
  type: (value) => typeof value === 'object' && value !== null && 'aborted' in value,
};

/** A whole number between two others, both included. */
export const wholeNumber = (least: number, most: number): Rule => ({
  expects:
    most === Number.POSITIVE_INFINITY
      ? `a whole number from ${least} on`
      : `a whole number from ${least} to ${most}`,
  type: isOf('number'),
  allowed: (value: number) => (Number.isInteger(value) || value === most) && value >= least && value <= most,
});

/** How many to stop after; infinity is no limit. */
export const LIMIT: Rule = wholeNumber(0, Number.POSITIVE_INFINITY);

/** One of some words. */
export const oneOf = (...words: readonly string[]): Rule => ({
  expects: words.map((word) => `'${word}'`).join(' or '),
  type: isOf('string'),
  allowed: (value: string) => words.includes(value),
});

/** Either of two. */
export const either = (a: Rule, b: Rule): Rule => ({
  expects: `${a.expects} or ${b.expects}`,
  type: (value) => a.type(value) || b.type(value),
  allowed: (value: never) =>
    [a, b].some((rule) => rule.type(value) && (rule.allowed === undefined || rule.allowed(value))),
});

/**
 * Checks one argument.
 *
 * @param what - Its name in the message: `option snapLength`.
 * @throws TypeError for a value of a wrong type, RangeError for one of the right type that is not allowed.
 */
export function checkArgument(caller: string, what: string, value: unknown, rule: Rule): void {
  const message = () => `${caller}: ${what} must be ${rule.expects}, got ${describeValue(value)}`;
  if (!rule.type(value)) throw new TypeError(message());
  if (rule.allowed !== undefined && !rule.allowed(value as never)) throw new RangeError(message());
}

/**
 * Checks an option bag; `undefined` stands for an option that is not given.
 *
 * @throws TypeError, RangeError as {@link checkArgument} does; TypeError for options that do not exist.
 */
export function checkOptions(caller: string, options: unknown, rules: Rules): void {
  checkArgument(caller, 'the option bag', options, OBJECT);
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule !== undefined) checkArgument(caller, `option ${name}`, value, rule);
    else throw new TypeError(`${caller}: there is no option '${name}'${suggestion(name, rules)}`);
  }
}

function suggestion(name: string, rules: Rules): string {
  const lower = name.toLowerCase();
  const names = Object.keys(rules);
  const near =
    names.find((candidate) => candidate.toLowerCase() === lower) ??
    names.find(
      (candidate) =>
        candidate.toLowerCase() ===
        closest(
          lower,
          names.map((n) => n.toLowerCase()),
        ),
    );
  return near === undefined ? `; there are ${names.join(', ')}` : `; did you mean '${near}'?`;
}

/** A value in a few words. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}…'` : `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `an object (${value.constructor?.name ?? 'no class'})`;
}
