/**
 * Command lines as getopt_long(3) reads them: clustered short options (`-nnvvXr f`), attached values
 * (`-ieth0`), abbreviated long options, operands between options, `--`.
 *
 * A library that parses options by its own rules would read `-ieth0` as five options; tcpdump's users
 * have thirty years of habits. Messages are glibc's.
 */

import { closest } from '../lib/command.js';

export interface OptionSyntax {
  /** One character, without the dash. */
  readonly short?: string | undefined;
  /** Names without the dashes. */
  readonly long: readonly string[];
  /** Whether a value follows. `optional`: only attached with `=`, and only to the long form. */
  readonly value: 'none' | 'required' | 'optional';
}

export interface ParsedOption<Row> {
  readonly row: Row;
  readonly value: string | undefined;
}

export interface ParsedLine<Row> {
  readonly options: readonly ParsedOption<Row>[];
  readonly operands: readonly string[];
}

/** The command line is wrong; the message is complete but for the program's name. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseLine<Row extends OptionSyntax>(
  words: readonly string[],
  rows: readonly Row[],
): ParsedLine<Row> {
  const options: ParsedOption<Row>[] = [];
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const row = findLong(name, rows);
      let value = equals < 0 ? undefined : word.slice(equals + 1);
      if (row.value === 'none' && value !== undefined)
        throw new UsageError(`option '--${name}' doesn't allow an argument`);
      if (row.value === 'required' && value === undefined) {
        value = words[++at];
        if (value === undefined) throw new UsageError(`option '--${name}' requires an argument`);
      }
      options.push({ row, value });
    } else if (word.startsWith('-') && word.length > 1) {
      for (let i = 1; i < word.length; i++) {
        const letter = word[i]!;
        const row = rows.find(({ short }) => short === letter);
        if (row === undefined) throw new UsageError(`invalid option -- '${letter}'`);
        if (row.value !== 'required') {
          options.push({ row, value: undefined });
          continue;
        }
        const value = i + 1 < word.length ? word.slice(i + 1) : words[++at];
        if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`);
        options.push({ row, value });
        break;
      }
    } else operands.push(word);
  }
  return { options, operands };
}

/** The name that was meant, where one is near: behind a message. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const near = closest(word, names);
  return near === undefined ? '' : `; did you mean '${near}'?`;
}

function findLong<Row extends OptionSyntax>(name: string, rows: readonly Row[]): Row {
  const exact = rows.find(({ long }) => long.includes(name));
  if (exact !== undefined) return exact;
  const matches = rows.filter(({ long }) => long.some((candidate) => candidate.startsWith(name)));
  if (matches.length === 1) return matches[0]!;
  if (matches.length === 0) {
    const long = rows.flatMap((row) => row.long.map((one) => `--${one}`));
    throw new UsageError(`unrecognized option '--${name}'${didYouMean(`--${name}`, long)}`);
  }
  const possible = matches.flatMap(({ long }) => long.filter((candidate) => candidate.startsWith(name)));
  throw new UsageError(
    `option '--${name}' is ambiguous; possibilities: ${possible.map((p) => `'--${p}'`).join(' ')}`,
  );
}
