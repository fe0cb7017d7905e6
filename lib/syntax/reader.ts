/**
 * Tokens one by one, with look-ahead, and the errors of the parser.
 *
 * Used by parser.ts (identifiers, arithmetic, connectives) and primitive.ts (tests with a fixed form).
 */

import type { Span } from '../source.js';
import type { Arithmetic, Expr, NumberLiteral, Word } from './ast.js';
import { FilterSyntaxError, hintFor, SYNTAX_ERROR } from './errors.js';
import { Lexer, type LexerOptions } from './lexer.js';
import type { Token } from './token.js';

const OPENS: ReadonlySet<string> = new Set(['(', '[', '{']);
const CLOSES: ReadonlySet<string> = new Set([')', ']', '}']);

export class TokenReader {
  readonly #source: string;
  readonly #lexer: Lexer;
  readonly #reduced: () => (Expr | Arithmetic)[];
  readonly #ahead: Token[] = [];
  #last: Token | undefined;

  /** @param reduced What is complete so far, for errors to carry. */
  constructor(source: string, options: LexerOptions, reduced: () => (Expr | Arithmetic)[]) {
    this.#source = source;
    this.#lexer = new Lexer(source, options);
    this.#reduced = reduced;
  }

  /** The next token, which stays where it is. */
  peek(): Token {
    if (this.#ahead.length === 0) this.#ahead.push(this.#lexer.next());
    const [token] = this.#ahead as [Token];
    const { problem, span } = token;
    // A stray character is a token that fits nowhere; a bad number or address stops libpcap's scanner.
    if (problem !== undefined && problem.libpcapMessage !== SYNTAX_ERROR) this.raise(problem, span);
    return token;
  }

  /** The token behind the next one, whatever is wrong with it. */
  peekBehind(): Token {
    this.peek();
    this.#ahead[1] ??= this.#lexer.next();
    return this.#ahead[1];
  }

  take(): Token {
    const token = this.peek();
    this.#ahead.shift();
    this.#last = token;
    return token;
  }

  /** Where the last token taken ends. */
  get lastSpan(): Span {
    return this.#last?.span ?? { start: 0, end: 0 };
  }

  /** Whether the next token is this operator character. */
  nextIs(word: string): boolean {
    const token = this.peek();
    return (token.kind === 'operator' || token.kind === 'not') && token.word === word;
  }

  /** Takes an operator character that must be there. */
  expect(word: string): Token {
    if (!this.nextIs(word)) this.fail(`expected '${word}'`);
    return this.take();
  }

  /** Words in parentheses, with commas between, as they are written; the next token is the `(`. */
  takeArguments(): string[] {
    const taken: string[] = [];
    let from = this.take().span.end;
    for (let depth = 1; depth > 0; ) {
      const token = this.peek();
      if (token.kind === 'end') this.fail("expected ')'");
      if (token.kind === 'operator') depth += OPENS.has(token.word) ? 1 : CLOSES.has(token.word) ? -1 : 0;
      const ends = depth === 0 || (depth === 1 && this.nextIs(','));
      if (ends) {
        const text = this.#source.slice(from, token.span.start).trim();
        if (text === '') this.fail('expected an expression');
        taken.push(text);
        from = token.span.end;
      }
      this.take();
    }
    return taken;
  }

  /** A field, how it is compared, and with what: a value, a network or a list in braces. */
  takeComparison(): string {
    const field = this.take().text;
    const relation = this.take().text;
    let value = '';
    do {
      if (this.peek().kind === 'end') this.fail('expected a value');
      value += this.take().text;
    } while (value.startsWith('{') ? !value.endsWith('}') : this.nextIs('/') || value.endsWith('/'));
    return `${field} ${relation} ${value}`;
  }

  takeNumber(what: string, partial?: Expr): NumberLiteral {
    if (this.peek().kind !== 'number') this.fail(`expected ${what}`, partial);
    return numberLiteral(this.take());
  }

  /** A number, perhaps in parentheses. */
  takeParenthesised(what: string): NumberLiteral {
    let depth = 0;
    for (; this.nextIs('('); depth++) this.take();
    const number = this.takeNumber(what);
    for (; depth > 0; depth--) this.expect(')');
    return number;
  }

  /** A name, or a number where that is allowed too. */
  takeWord(what: string, allowed: 'name' | 'number' | 'either'): Word {
    const { kind } = this.peek();
    if (kind === 'number' && allowed !== 'name') return numberLiteral(this.take());
    if (kind !== 'name' || allowed === 'number') this.fail(`expected ${what}`);
    const token = this.take();
    return { name: token.text, span: token.span };
  }

  /** The next token does not fit: `message` says what was expected. `partial` is complete, but not yet known. */
  fail(message: string, partial?: Expr): never {
    const token = this.peek();
    if (token.problem !== undefined) this.raise(token.problem, token.span, partial);
    const end = token.kind === 'end';
    const hint = end ? '' : hintFor(token, this.#last);
    const found = end ? 'the expression ends here' : `found '${token.text}'`;
    this.raise({ message: `${message}, ${found}`, hint, libpcapMessage: SYNTAX_ERROR }, token.span, partial);
  }

  raise({ message, hint, libpcapMessage }: NonNullable<Token['problem']>, span: Span, partial?: Expr): never {
    const reduced = partial === undefined ? this.#reduced() : [...this.#reduced(), partial];
    throw new FilterSyntaxError(message, span, { hint, libpcapMessage }, reduced);
  }
}

export function numberLiteral({ value, text, span }: Token): NumberLiteral {
  return { kind: 'number', value, text, span };
}
