/** Files of rules: a named expression a line. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FilterError } from '../lib/index.js';
import { reasonOf } from './expression.js';
import { CommandError } from './report.js';
import { STDIO } from './standard.js';

export interface WrittenRule {
  readonly name: string;
  readonly expression: string;
  readonly path: string;
  readonly line: number;
}

/** Files that include each other so deep are taken for a circle. */
const DEEPEST = 16;

/**
 * Reads `NAME = EXPRESSION`, `@NAME` for a ready-made filter, and `include FILE`, whose place is relative to the file that
 * says so. `#` begins a comment.
 *
 * @throws CommandError naming the line.
 */
export function readRules(path: string, depth = 0): WrittenRule[] {
  if (depth > DEEPEST) throw new CommandError(`${path}: files of rules include each other in a circle`);
  let text: string;
  try {
    text = readFileSync(path === STDIO ? 0 : path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw new CommandError(`${path}: ${reasonOf(error)}`);
  }
  return text.split(/\r?\n/).flatMap((whole, place): WrittenRule[] => {
    const written = whole.replace(/(^|\s)#.*/, '').trim();
    if (written === '') return [];
    const at = { path, line: place + 1 };
    const [, included] = /^include\s+([^=\s].*)$/.exec(written) ?? [];
    if (included !== undefined)
      return readRules(path === STDIO ? included : resolve(dirname(path), included), depth + 1);
    const [, ready, name, expression] = /^(?:@([\w-]+)|([\w.-]+)\s*=\s*(\S.*))$/.exec(written) ?? [];
    if (ready !== undefined) return [{ name: `@${ready}`, expression: `@${ready}`, ...at }];
    if (name === undefined)
      throw new CommandError(`${path}:${place + 1}: neither NAME = EXPRESSION nor @NAME nor include FILE`);
    return [{ name, expression: expression!, ...at }];
  });
}

/** What is wrong with a rule, with a caret under the words at fault. */
export const ruleError = ({ path, line }: WrittenRule, error: FilterError): CommandError =>
  new CommandError(
    `${path}:${line}: the expression cannot be compiled\n${`${error}`.slice(`${error}`.indexOf('\n') + 1)}`,
  );

/** The same, for errors that may be something else. */
export const asRuleError = (rule: WrittenRule, error: unknown): unknown =>
  error instanceof FilterError ? ruleError(rule, error) : error;
