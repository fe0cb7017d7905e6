/**
 * Wireshark's display filters, as of Wireshark 4: text to tree. wireshark-filter(4).
 *
 * `and` binds closer than `or`; `!=` says that all values differ, `!==` that one does, `===` that all are equal.
 */

import { FilterError, type Span } from '../source.js';

export type Relation = '==' | '!=' | '===' | '!==' | '<' | '<=' | '>' | '>=' | 'in';

/** A value as it is written; `high` where it is a range of a set. */
export interface Operand {
  readonly text: string;
  readonly high?: string;
  readonly span: Span;
}

export type Display =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Display[] }
  | { readonly kind: 'not'; readonly part: Display }
  /** A field is there (no `relation`), or has such a value; of the value only the bits of `mask` where there is one. */
  | {
      readonly kind: 'test';
      readonly field: string;
      readonly mask?: number;
      readonly relation?: Relation;
      readonly operands: readonly Operand[];
      readonly span: Span;
    }
  /** What no capture filter can say; `field` is one that it asks about. */
  | { readonly kind: 'beyond'; readonly field: string; readonly reason: string; readonly span: Span };

const RELATIONS: ReadonlyMap<string, Relation> = new Map([
  ...(['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in'] as const).map((name) => [name, name] as const),
  ['eq', '=='],
  ['any_eq', '=='],
  ['ne', '!='],
  ['all_ne', '!='],
  ['all_eq', '==='],
  ['any_ne', '!=='],
  ['~=', '!=='],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
]);
/** Relations of text, which capture filters do not have. */
const OF_TEXT: ReadonlyMap<string, string> = new Map([
  ['contains', 'contains searches'],
  ['matches', 'matches is a regular expression'],
  ['~', 'matches is a regular expression'],
]);
const FUNCTIONS = new Set(['len', 'count', 'upper', 'lower', 'string', 'max', 'min', 'abs']);
const ARITHMETIC = new Set(['+', '-', '*', '/', '%']);
const JOINS = new Set(['and', '&&', 'or', '||', ')']);

interface Token extends Span {
  readonly text: string;
}

const TOKEN =
  /\s+|(r?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|===|!==|==|!=|~=|>=|<=|&&|\|\||\.\.|[()!{},&<>~[\]#+*%]|(?:\.(?!\.)|[\w:/-])+)/y;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(source);
    if (found === null) {
      const hint = source[at] === '=' ? "it is '=='" : '';
      throw new FilterError('no display filter has this', { start: at, end: at + 1 }, { hint });
    }
    if (found[1] !== undefined) tokens.push({ text: found[1], start: at, end: TOKEN.lastIndex });
  }
  return tokens;
}

/** Parentheses and negations within each other: more would take the stack. */
const DEEPEST = 500;

/** @throws FilterError with the place. */
export function parseDisplay(source: string): Display {
  return new Parser(source).whole();
}

class Parser {
  private readonly tokens: readonly Token[];
  private readonly source: string;
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokensOf(source);
  }

  whole(): Display {
    const display = this.either();
    if (this.at < this.tokens.length) throw this.wrong("'and' or 'or' is missing");
    return display;
  }

  private either(): Display {
    return this.joined('or', ['or', '||'], () => this.joined('and', ['and', '&&'], () => this.negated()));
  }

  private joined(kind: 'and' | 'or', words: readonly string[], part: () => Display): Display {
    const parts = [part()];
    while (words.includes(this.peek())) {
      this.at++;
      parts.push(part());
    }
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }

  private negated(): Display {
    if (++this.depth > DEEPEST) throw this.wrong('this is nested too deep');
    const display = this.inner();
    this.depth--;
    return display;
  }

  private inner(): Display {
    if (this.takes('not') || this.takes('!')) return { kind: 'not', part: this.negated() };
    if (!this.takes('(')) return this.test();
    const display = this.either();
    if (!this.takes(')')) throw this.wrong("')' is missing");
    return display;
  }

  private test(): Display {
    const start = this.tokens[this.at];
    const all = this.takes('all');
    if (!all) this.takes('any');
    if (FUNCTIONS.has(this.peek()) && this.peek(1) === '(') return this.beyond('it calls a function');
    const field = this.field();
    const spanned = (): Span => ({ start: start!.start, end: this.tokens[this.at - 1]!.end });
    const next = this.peek();
    if (next === '#') return this.beyond('it chooses a layer', field);
    if (next === '[') return this.beyond('it takes a slice', field);
    if (ARITHMETIC.has(next)) return this.beyond('it calculates', field);
    const text = OF_TEXT.get(next);
    if (text !== undefined) return this.beyond(text, field);
    const mask = this.mask();
    const masked = mask === undefined ? {} : { mask };
    if (this.takes('not')) {
      if (this.peek() !== 'in') throw this.wrong("'in' is missing");
      return { kind: 'not', part: this.compared(field, masked, spanned) };
    }
    if (!RELATIONS.has(this.peek())) return { kind: 'test', field, ...masked, operands: [], span: spanned() };
    const found = this.compared(field, masked, spanned);
    if (!all || found.kind !== 'test') return found;
    if (found.relation === '==') return { ...found, relation: '===' };
    throw new FilterError("'all' goes with ==", found.span);
  }

  private compared(field: string, masked: { readonly mask?: number }, spanned: () => Span): Display {
    const relation = RELATIONS.get(this.peek())!;
    this.at++;
    const operands = relation === 'in' ? this.set() : [this.operand()];
    if (ARITHMETIC.has(this.peek())) return this.beyond('it calculates', field);
    const other = operands.find((operand) => isField(operand.text));
    if (other !== undefined)
      return { kind: 'beyond', field, reason: 'it compares two fields', span: spanned() };
    return { kind: 'test', field, ...masked, relation, operands, span: spanned() };
  }

  private mask(): number | undefined {
    if (!this.takes('&') && !this.takes('bitwise_and')) return undefined;
    const mask = numberOf(this.peek());
    if (mask === undefined) throw this.wrong('this is no number');
    this.at++;
    return mask;
  }

  private field(): string {
    const name = this.peek();
    if (!/^[a-z_][\w.-]*$/i.test(name) || JOINS.has(name) || RELATIONS.has(name))
      throw this.wrong('a field is missing');
    this.at++;
    return name;
  }

  private operand(): Operand {
    const token = this.tokens[this.at];
    if (token === undefined || /^[()!{},&<>~=[\]#]|^\.\.$/.test(token.text) || JOINS.has(token.text))
      throw this.wrong('a value is missing');
    this.at++;
    const text = /^r?"/.test(token.text) ? token.text.replace(/^r?"|"$/g, '') : token.text;
    return { text, span: token };
  }

  private set(): Operand[] {
    if (!this.takes('{')) throw this.wrong("'{' is missing");
    const operands: Operand[] = [];
    do {
      const low = this.operand();
      if (!this.takes('..')) operands.push(low);
      else {
        const { text, span } = this.operand();
        operands.push({ text: low.text, high: text, span: { start: low.span.start, end: span.end } });
      }
    } while (this.takes(','));
    if (!this.takes('}')) throw this.wrong("',' or '}' is missing");
    return operands;
  }

  /** Goes to the end of a test that is not looked into. */
  private beyond(reason: string, known?: string): Display {
    const from = this.at;
    let open = 0;
    let field = known;
    for (; this.at < this.tokens.length; this.at++) {
      const { text } = this.tokens[this.at]!;
      if (open === 0 && JOINS.has(text)) break;
      if (text === '(') open++;
      else if (text === ')') open--;
      else if (field === undefined && isField(text)) field = text;
    }
    const start = this.tokens[known === undefined ? from : from - 1]!.start;
    return {
      kind: 'beyond',
      field: field ?? '',
      reason,
      span: { start, end: this.tokens[this.at - 1]!.end },
    };
  }

  private peek(ahead = 0): string {
    return this.tokens[this.at + ahead]?.text ?? '';
  }

  private takes(text: string): boolean {
    const taken = this.peek() === text;
    if (taken) this.at++;
    return taken;
  }

  private wrong(message: string): FilterError {
    const end = this.source.trimEnd().length;
    const { start, end: stop } = this.tokens[this.at] ?? { start: end, end: end + 1 };
    return new FilterError(message, { start, end: stop });
  }
}

/** A name with a dot that is no address: values of Wireshark's have none. */
const isField = (text: string): boolean => /^[a-z_]\w*(\.[a-z_][\w-]*)+$/i.test(text);

/** A number in decimal, hexadecimal, octal or binary; `undefined` for anything else. */
export function numberOf(text: string): number | undefined {
  if (/^0b[01]+$/i.test(text) || /^0x[0-9a-f]+$/i.test(text)) return Number(text);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
