/** Errors of the syntax stage, and the hints that go with them. */

import { closest, FilterError, type FilterErrorOptions, type Span } from '../source.js';
import type { Arithmetic, Expr } from './ast.js';
import { CONSTANTS, KEYWORDS, type Token } from './token.js';

export const SYNTAX_ERROR = "can't parse filter expression: syntax error";

/**
 * The text is not an expression.
 *
 * libpcap generates code while it parses, so an impossible test to the left of a syntax error is what it
 * reports. `reduced` holds the pieces that were complete before the error, in the order of its actions:
 * whoever wants libpcap's verdict generates code for them first.
 */
export class FilterSyntaxError extends FilterError {
  readonly #reduced: readonly (Expr | Arithmetic)[];

  static {
    // To users it is a FilterError, and prints as one.
    Object.defineProperty(FilterSyntaxError, 'name', { value: 'FilterError' });
  }

  constructor(
    message: string,
    span: Span,
    options: FilterErrorOptions,
    reduced: readonly (Expr | Arithmetic)[],
  ) {
    super(message, span, options);
    this.#reduced = reduced;
  }

  get reduced(): readonly (Expr | Arithmetic)[] {
    return this.#reduced;
  }

  override get isSyntax(): boolean {
    return true;
  }
}

/** Operators as display filters spell them. */
export const OPERATOR_WORDS: ReadonlyMap<string, string> = new Map([
  ['eq', '='],
  ['ne', '!='],
  ['gt', '>'],
  ['lt', '<'],
  ['ge', '>='],
  ['le', '<='],
]);

/** Two or four capitals as the number that their bytes are; of three, `GET`, with the space that follows them. */
function numberOf(text: string): string | undefined {
  if (!/^[A-Z]{2,4}$/.test(text)) return undefined;
  const letters = [...(text.length === 3 ? `${text} ` : text)];
  return `0x${letters.map((letter) => letter.charCodeAt(0).toString(16)).join('')}`;
}

/** The hint for a token that does not fit: slips of typing. What people know from elsewhere: habits.ts. */
export function hintFor(token: Token, before: Token | undefined): string {
  if (token.kind === 'name') {
    const operator = OPERATOR_WORDS.get(token.text);
    if (operator !== undefined) return `write '${operator}' for '${token.text}'`;
    if (token.text === 'contains' || token.text === 'matches') {
      return 'capture filters compare 1, 2 or 4 bytes at a fixed place, such as tcp[20:4] = 0x47455420';
    }
    if (before?.kind === 'operator' && before.word !== ')') {
      const number = numberOf(token.text);
      if (number !== undefined) return `letters are compared as a number: ${number}`;
    }
    const lower = token.text.toLowerCase();
    if (lower !== token.text && KEYWORDS.has(lower)) return `keywords are lower-case: '${lower}'`;
    const keyword = closest(token.text, [...KEYWORDS.keys(), ...CONSTANTS.keys()]);
    if (keyword !== undefined) return `did you mean '${keyword}'?`;
    if (before === undefined) return `to match a host or network name, write 'host ${token.text}'`;
  }
  if (before === undefined && (token.kind === 'mac' || token.kind === 'dotted' || token.kind === 'ipv6')) {
    return `did you mean '${token.kind === 'mac' ? 'ether ' : ''}host ${token.text}'?`;
  }
  if (before?.kind === 'protocol' && token.kind === 'number') {
    const takesPort = ['tcp', 'udp', 'sctp'].includes(before.word);
    return `did you mean '${before.text} ${takesPort ? 'port' : 'proto'} ${token.text}'?`;
  }
  if (before?.kind === 'protocol' && (token.kind === 'dotted' || token.kind === 'ipv6')) {
    return `did you mean '${before.text} host ${token.text}'?`;
  }
  if (token.word === ',') return "write 'or' between alternatives";
  if (token.word === '=' && before !== undefined && ['type', 'proto'].includes(before.kind)) {
    return `write '${before.text} VALUE' without '='`;
  }
  return '';
}
