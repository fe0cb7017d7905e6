/** What stands for other expressions: `@name`, and comparisons of fields such as `ip.src == 192.0.2.1`. */

import { cover, FilterError, type Span } from '../source.js';
import type { Expr } from './ast.js';
import { SYNTAX_ERROR } from './errors.js';
import { RELATIONS } from './primitive.js';
import type { TokenReader } from './reader.js';
import type { Token } from './token.js';

export interface ParseOptions {
  /**
   * The expression that `@name` stands for, `undefined` where there is none. It is parsed in place, as if
   * it stood in parentheses; `$word` in it stands for an argument of `@name(…)`, in the order in which the words first
   * come. Also asked for what a comparison of a field such as `ip.src == 192.0.2.1` stands for. Without this function both
   * are syntax errors, as in libpcap.
   */
  readonly namedFilters?: ((name: string) => string | undefined) | undefined;
}

/** Named filters inside named filters go at most this deep, and there are at most so many in all. */
const MAX_NAMED_DEPTH = 32;
const MAX_NAMED = 1000;

/** `$word` in the text of a named filter: an argument, in parentheses. */
const PARAMETER = /\$([a-z]\w*)/g;

/** What a named filter takes, in the order in which its text first names them. */
export const parametersOf = (source: string): readonly string[] => [
  ...new Set([...source.matchAll(PARAMETER)].map(([, word]) => word!)),
];

/** Named filters that are being inserted, outermost first, and how many more may be. */
export interface Expansion {
  readonly open: readonly string[];
  readonly budget: { left: number };
}

export const outermost = (): Expansion => ({ open: [], budget: { left: MAX_NAMED } });

/** Parses what is inserted. @param span - Of the words that it stands for. */
export type ParseWithin = (
  source: string,
  options: ParseOptions,
  expansion: Expansion,
  span?: Span,
) => Expr | undefined;

/** Reads the words at the reader's place, and parses what they stand for as if it stood there in parentheses. */
export class Insertions {
  readonly #reader: TokenReader;
  readonly #options: ParseOptions;
  readonly #expansion: Expansion;
  readonly #parse: ParseWithin;

  constructor(reader: TokenReader, options: ParseOptions, expansion: Expansion, parse: ParseWithin) {
    this.#reader = reader;
    this.#options = options;
    this.#expansion = expansion;
    this.#parse = parse;
  }

  /** `ip.src == …` is no part of libpcap's language, where `ip.src` is a name. */
  compares({ kind, text }: Token): boolean {
    if (kind !== 'name' || !text.includes('.') || this.#options.namedFilters === undefined) return false;
    const { word } = this.#reader.peekBehind();
    return RELATIONS.has(word) || /^(in|eq|ne|[gl][et])$/.test(word);
  }

  comparison(): Expr {
    const { start } = this.#reader.peek().span;
    const text = this.#reader.takeComparison();
    const span = { start, end: this.#reader.lastSpan.end };
    return this.#inserted(text, span, () => {
      const source = this.#options.namedFilters?.(text);
      return source ?? this.#refuse(`no capture filter tests '${text}'`, span);
    });
  }

  named({ text, span: place }: Token): Expr {
    const name = text.slice(1);
    const given = this.#reader.nextIs('(') ? this.#reader.takeArguments() : [];
    const span = given.length === 0 ? place : cover(place, this.#reader.lastSpan);
    const words = given.length === 0 ? text : `${text}(${given.join(', ')})`;
    return this.#inserted(
      words,
      span,
      () => {
        const source =
          this.#options.namedFilters?.(name) ?? this.#refuse(`there is no filter named '${name}'`, span);
        const parameters = parametersOf(source);
        const call = `${text}${parameters.length === 0 ? '' : `(${parameters.join(', ')})`}`;
        if (given.length !== parameters.length)
          this.#refuse(`named filter '${text}' is written ${call}`, span);
        return source.replace(PARAMETER, (_, word) => `(${given[parameters.indexOf(word)]})`);
      },
      text,
    );
  }

  /** Reads what words stand for. @param name - Them without arguments. */
  #inserted(text: string, span: Span, sourceOf: () => string, name = text): Expr {
    const { open, budget } = this.#expansion;
    if (open.includes(name)) this.#refuse(`named filter '${name}' uses itself`, span);
    if (open.length >= MAX_NAMED_DEPTH)
      this.#refuse(`named filters are nested more than ${MAX_NAMED_DEPTH} deep`, span);
    if (budget.left-- <= 0) this.#refuse(`more than ${MAX_NAMED} named filters are used`, span);
    const source = sourceOf();
    let operand: Expr | undefined;
    try {
      operand = this.#parse(source, this.#options, { open: [...open, name], budget }, span);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.#refuse(`in named filter '${name}': ${error.message}`, span, error.hint);
    }
    if (operand === undefined) return this.#refuse(`named filter '${name}' is empty`, span);
    return { kind: 'named', text, operand, span };
  }

  #refuse(message: string, span: Span, hint = ''): never {
    return this.#reader.raise({ message, hint, libpcapMessage: SYNTAX_ERROR }, span);
  }
}
