/**
 * Tokens → tree: the grammar of pcap-filter(7), as libpcap's grammar.y understands it.
 *
 * A shift-reduce parser with two stacks, operators and operands. It has to be one: what an opening
 * parenthesis means (a group of tests, a list of identifiers, arithmetic, a number) is known only at the
 * closing one, and `and`/`or` have the same precedence. A {@link Context} says which of these readings
 * are still open. There is no recursion, so nesting is limited by memory only, and every token is looked
 * at once.
 *
 * Rules that surprise, all from grammar.y:
 * - `and` and `or` associate to the left with equal precedence; `not` binds tightest.
 * - `%` and `^` have no declared precedence: yacc then shifts, so `5*3%2` is `5*(3%2)`.
 * - An identifier after `and`, `or`, `not` or `(` inherits the qualifiers of what stands before; in a list
 *   in parentheses only identifiers may follow, and the list cannot start with another list.
 */

import { cover, FilterError, type Span } from '../source.js';
import type {
  Arithmetic,
  ArithmeticOperator,
  ByteOperator,
  Expr,
  FieldTest,
  Identifier,
  NumberLiteral,
  Qualifiers,
  RelationOperator,
  Word,
} from './ast.js';
import { FilterSyntaxError, hintFor, SYNTAX_ERROR } from './errors.js';
import { Lexer, type LexerOptions } from './lexer.js';
import type {
  AddressType,
  AtmType,
  Direction,
  Encapsulation,
  Mtp2Type,
  Mtp3Field,
  PfField,
  Protocol,
  Token,
} from './token.js';

export interface ParseOptions {
  /**
   * The expression that `@name` stands for, `undefined` where there is none. It is parsed in place, as if
   * it stood in parentheses. Without this function `@` is a syntax error, as in libpcap.
   */
  readonly namedFilters?: (name: string) => string | undefined;
}

/**
 * Reads an expression; `undefined` stands for a blank one, which accepts every packet.
 *
 * @throws {FilterSyntaxError} The only error: what was expected where, a hint, libpcap's words.
 */
export function parse(source: string, options: ParseOptions = {}): Expr | undefined {
  return new Parser(source, options, []).parse();
}

/** Named filters inside named filters go at most this deep. */
const MAX_NAMED_DEPTH = 32;

/** What may stand at a place where an operand is expected. */
interface Context {
  /** A complete test. */
  readonly term: boolean;
  /** A name or address, `not` before it. */
  readonly id: boolean;
  /** A list of identifiers in parentheses. */
  readonly list: boolean;
  /** A number that is an identifier, such as a port. */
  readonly number: boolean;
  /** The start of a relation, or a piece of one. */
  readonly arithmetic: boolean;
  /** Directly behind `(`: a number may turn out to be parenthesised only. */
  readonly opened: boolean;
}

const START: Context = {
  term: true,
  id: false,
  list: false,
  number: false,
  arithmetic: true,
  opened: false,
};
const AFTER_CONNECTIVE: Context = { ...START, id: true, list: true, number: true };
const IDENTIFIER: Context = { ...AFTER_CONNECTIVE, term: false, arithmetic: false };
const ARITHMETIC: Context = { ...START, term: false };

function opened(context: Context): Context {
  const { term, list, arithmetic } = context;
  return { term, id: list, list: false, number: list, arithmetic, opened: true };
}

function negated(context: Context): Context {
  const { term, id, arithmetic } = context;
  return { term, id, list: id, number: id, arithmetic, opened: false };
}

/** An operand, complete as far as its operators go. */
type Operand =
  | { readonly kind: 'number'; readonly node: NumberLiteral; readonly at: Place }
  | { readonly kind: 'arithmetic'; readonly node: Arithmetic; readonly at: Place }
  /** An identifier, `not` applied perhaps; or several, joined, inside their parentheses. */
  | { readonly kind: 'id'; readonly node: Expr; readonly qualifiers: Qualifiers | undefined }
  | { readonly kind: 'test'; readonly node: Expr; readonly qualifiers: Qualifiers | undefined };

/** Where an operand began: what was allowed there, and which qualifiers it would inherit. */
interface Place {
  readonly context: Context;
  readonly qualifiers: Qualifiers | undefined;
}

type Operator =
  | { readonly kind: 'open'; readonly at: Place; readonly span: Span }
  | { readonly kind: 'not'; readonly span: Span }
  | { readonly kind: 'connective'; readonly op: 'and' | 'or' }
  | { readonly kind: 'head'; readonly qualifiers: Qualifiers; readonly span: Span }
  | { readonly kind: 'binary'; readonly op: ArithmeticOperator }
  | { readonly kind: 'negate'; readonly at: Place; readonly span: Span }
  | { readonly kind: 'relation'; readonly op: RelationOperator }
  | { readonly kind: 'index'; readonly protocol: Protocol; readonly at: Place; readonly span: Span };

/** Binding strength; `undefined` (not declared in grammar.y) always shifts. */
const PRECEDENCE: Readonly<Partial<Record<ArithmeticOperator, number>>> = {
  '|': 1,
  '&': 2,
  '<<': 3,
  '>>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
};
const ARITHMETIC_OPERATORS: ReadonlySet<string> = new Set([...Object.keys(PRECEDENCE), '%', '^']);
const RELATIONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);
const BYTE_OPERATORS: ReadonlySet<string> = new Set(['=', '<', '>', '&', '|']);

class Parser {
  readonly #source: string;
  readonly #options: ParseOptions;
  /** Named filters being expanded, outermost first, and where the outermost stands. */
  readonly #open: readonly string[];
  readonly #lexer: Lexer;
  readonly #operands: Operand[] = [];
  readonly #operators: Operator[] = [];
  #ahead: Token | undefined;
  #last: Token | undefined;

  constructor(source: string, options: ParseOptions, open: readonly string[], span?: Span) {
    this.#source = source;
    this.#options = options;
    this.#open = open;
    const named = options.namedFilters !== undefined;
    const lexerOptions: LexerOptions = span === undefined ? { named } : { named, span };
    this.#lexer = new Lexer(source, lexerOptions);
  }

  parse(): Expr | undefined {
    if (this.#peek().kind === 'end') return undefined;
    let place: Place | undefined = { context: START, qualifiers: undefined };
    while (place !== undefined) {
      const next: Place | undefined = this.#operand(place);
      place = next ?? this.#continue();
    }
    return (this.#operands.pop() as { node: Expr }).node;
  }

  // Tokens

  #peek(): Token {
    this.#ahead ??= this.#lexer.next();
    const { problem } = this.#ahead;
    // A stray character is a token that fits nowhere; a bad number or address stops libpcap's scanner.
    if (problem !== undefined && problem.libpcapMessage !== SYNTAX_ERROR)
      this.#failToken(this.#ahead, problem);
    return this.#ahead;
  }

  #take(): Token {
    const token = this.#peek();
    this.#ahead = undefined;
    this.#last = token;
    return token;
  }

  #nextIs(word: string): boolean {
    const token = this.#peek();
    return (token.kind === 'operator' || token.kind === 'not') && token.word === word;
  }

  /** Takes an operator character that must be there. */
  #expect(word: string): Token {
    if (!this.#nextIs(word)) this.#fail(`expected '${word}'`);
    return this.#take();
  }

  #takeNumber(what: string): NumberLiteral {
    if (this.#peek().kind !== 'number') this.#fail(`expected ${what}`);
    return numberLiteral(this.#take());
  }

  /** A number, perhaps in parentheses. */
  #takeParenthesised(what: string): NumberLiteral {
    let depth = 0;
    for (; this.#nextIs('('); depth++) this.#take();
    const number = this.#takeNumber(what);
    for (; depth > 0; depth--) this.#expect(')');
    return number;
  }

  // Errors

  #failToken({ span }: Token, { message, hint, libpcapMessage }: NonNullable<Token['problem']>): never {
    throw new FilterSyntaxError(message, span, { hint, libpcapMessage }, this.#reduced());
  }

  #fail(message: string): never {
    const token = this.#peek();
    if (token.problem !== undefined) this.#failToken(token, token.problem);
    const before = this.#last;
    const hint = token.kind === 'end' ? '' : hintFor(this.#source, token, before);
    const found = token.kind === 'end' ? 'the expression ends here' : `found '${token.text}'`;
    throw new FilterSyntaxError(
      `${message}, ${found}`,
      token.span,
      { hint, libpcapMessage: SYNTAX_ERROR },
      this.#reduced(),
    );
  }

  #reduced(): (Expr | Arithmetic)[] {
    return this.#operands.filter(({ kind }) => kind !== 'number').map(({ node }) => node);
  }

  /** Does what libpcap's parser does before it notices that the next token does not fit. */
  #settle(): void {
    this.#reduceArithmetic(0);
    this.#reduceRelation();
    const top = this.#operands.at(-1);
    if (top?.kind === 'number' && !top.at.context.arithmetic && top.at.context.number) this.#identify();
  }

  // Operands

  /** Reads up to and including one operand; returns a new place when another must come first. */
  #operand(at: Place): Place | undefined {
    const { context } = at;
    const token = this.#peek();
    switch (token.kind) {
      case 'operator':
        if (token.word === '(' && (context.term || context.list || context.number || context.arithmetic)) {
          this.#operators.push({ kind: 'open', at, span: this.#take().span });
          return { context: opened(context), qualifiers: at.qualifiers };
        }
        if (token.word === '-' && context.arithmetic) {
          this.#operators.push({ kind: 'negate', at, span: this.#take().span });
          return { context: ARITHMETIC, qualifiers: undefined };
        }
        return this.#failOperand(context);
      case 'not':
        if (!context.term && !context.id) this.#failOperand(context);
        this.#operators.push({ kind: 'not', span: this.#take().span });
        return { context: negated(context), qualifiers: at.qualifiers };
      case 'number':
        // Directly behind `(` a number may be wrapped only: what it is shows at the `)`.
        if (!context.number && !context.arithmetic && !context.opened) this.#failOperand(context);
        this.#operands.push({ kind: 'number', node: numberLiteral(this.#take()), at });
        if (!context.arithmetic && !context.opened) this.#identify();
        return undefined;
      case 'len':
        if (!context.arithmetic) this.#failOperand(context);
        this.#operands.push({ kind: 'arithmetic', node: { kind: 'len', span: this.#take().span }, at });
        return undefined;
      case 'name':
      case 'dotted':
      case 'ipv6':
      case 'mac':
      case 'mac8':
        if (!context.id) this.#failOperand(context);
        this.#identifier(at);
        return undefined;
      case 'protocol':
        if (!context.term && !context.arithmetic) this.#failOperand(context);
        return this.#protocol(at);
      case 'direction':
      case 'type':
      case 'proto':
      case 'gateway':
        if (!context.term) this.#failOperand(context);
        return this.#head(undefined, token.span);
      case 'named':
        if (!context.term) this.#failOperand(context);
        this.#test(this.#named(this.#take()), at.qualifiers);
        return undefined;
      case 'and':
      case 'or':
      case 'mask':
      case 'error':
      case 'end':
        return this.#failOperand(context);
      default:
        if (!context.term) this.#failOperand(context);
        this.#test(this.#primitive());
        return undefined;
    }
  }

  #failOperand(context: Context): never {
    const head = this.#operators.findLast(({ kind }) => kind === 'head');
    if (context.term) this.#fail("expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5'");
    if (context.arithmetic) this.#fail("expected a number, 'len' or a field such as 'tcp[13]'");
    if (head?.kind === 'head') this.#fail(`expected ${expectedBy(head.qualifiers)}`);
    return this.#fail('expected a name, an address or a number');
  }

  #test(node: Expr, qualifiers?: Qualifiers): void {
    this.#operands.push({ kind: 'test', node, qualifiers });
  }

  /** Turns the number on top into an identifier. */
  #identify(): void {
    const { node, at } = this.#operands.pop() as Operand & { kind: 'number' };
    const { qualifiers } = at;
    this.#pushIdentifier(node, qualifiers, node.span);
  }

  #pushIdentifier(id: Identifier, qualifiers: Qualifiers | undefined, span: Span): void {
    const operator = this.#operators.at(-1);
    const head = operator?.kind === 'head' ? { head: operator.span } : {};
    this.#operands.push({ kind: 'id', node: { kind: 'id', id, qualifiers, ...head, span }, qualifiers });
  }

  #identifier({ qualifiers }: Place): void {
    const token = this.#take();
    let span = token.span;
    let id: Identifier;
    if (token.kind === 'name') {
      id = { kind: 'name', name: token.text };
    } else if (token.kind === 'mac' || token.kind === 'mac8') {
      id = { kind: token.kind, text: token.text };
    } else if (this.#nextIs('/')) {
      this.#take();
      const length = this.#takeNumber('a prefix length');
      const kind = token.kind === 'ipv6' ? 'ipv6-prefix' : 'dotted-prefix';
      id = { kind, text: token.text, length };
      span = cover(span, length.span);
    } else if (token.kind === 'dotted' && this.#peek().kind === 'mask') {
      this.#take();
      if (this.#peek().kind !== 'dotted') this.#fail('expected a netmask such as 255.255.255.0');
      const mask = this.#take();
      id = { kind: 'dotted-mask', text: token.text, mask: mask.text };
      span = cover(span, mask.span);
    } else {
      id = { kind: token.kind as 'dotted' | 'ipv6', text: token.text };
    }
    this.#pushIdentifier(id, qualifiers, span);
  }

  /** A protocol name is a test, starts a field (`tcp[`), or qualifies what follows. */
  #protocol(at: Place): Place | undefined {
    const { context } = at;
    const token = this.#take();
    const protocol = token.word as Protocol;
    if (context.arithmetic && this.#nextIs('[')) {
      this.#take();
      this.#operators.push({ kind: 'index', protocol, at, span: token.span });
      return { context: ARITHMETIC, qualifiers: undefined };
    }
    if (!context.term) this.#fail(`expected '[' after '${token.text}'`);
    const next = this.#peek();
    switch (next.kind) {
      case 'direction':
      case 'type':
      case 'proto':
      case 'gateway':
        return this.#head(protocol, token.span);
      case 'cast':
        this.#take();
        this.#test({
          kind: next.word as 'broadcast' | 'multicast',
          protocol,
          span: cover(token.span, next.span),
        });
        return undefined;
      case 'wlan':
        this.#test(this.#wlan(protocol, token.span));
        return undefined;
      case 'and':
      case 'or':
      case 'end':
        break;
      default:
        if (!this.#nextIs(')')) {
          this.#fail(
            `expected a qualifier such as 'host' or 'port', '[', 'and' or 'or' after '${token.text}'`,
          );
        }
    }
    this.#test({ kind: 'protocol', protocol, span: token.span });
    return undefined;
  }

  #head(protocol: Protocol | undefined, start: Span): Place {
    let span = start;
    let direction: Direction | undefined;
    let type: AddressType | undefined;
    if (this.#peek().kind === 'direction') {
      direction = this.#direction();
      span = cover(span, this.#last!.span);
    }
    const { kind } = this.#peek();
    if (kind === 'type' || (direction === undefined && (kind === 'proto' || kind === 'gateway'))) {
      const token = this.#take();
      type = token.word as AddressType;
      span = cover(span, token.span);
    }
    const qualifiers: Qualifiers = {
      ...(protocol === undefined ? {} : { protocol }),
      ...(direction === undefined ? {} : { direction }),
      ...(type === undefined ? {} : { type }),
    };
    this.#operators.push({ kind: 'head', qualifiers, span });
    return { context: IDENTIFIER, qualifiers };
  }

  #direction(): Direction {
    const first = this.#take();
    const { word } = first;
    if (word !== 'src' && word !== 'dst') return word as Direction;
    const joint = this.#peek();
    if (joint.kind !== 'and' && joint.kind !== 'or') return word;
    this.#take();
    const other = word === 'src' ? 'dst' : 'src';
    if (this.#peek().kind !== 'direction' || this.#peek().word !== other) {
      this.#fail(`expected '${other}' after '${first.text} ${joint.text}'`);
    }
    this.#take();
    return joint.kind === 'or' ? 'src or dst' : 'src and dst';
  }

  #primitive(): Expr {
    const token = this.#take();
    const { word, span } = token;
    switch (token.kind) {
      case 'cast':
        return { kind: word as 'broadcast' | 'multicast', span };
      case 'length-test': {
        const length = this.#takeNumber('a length in bytes');
        return { kind: word as 'less' | 'greater', length, span: cover(span, length.span) };
      }
      case 'byte':
        return this.#byte(span);
      case 'flow':
        return { kind: word as 'inbound' | 'outbound', span };
      case 'pppoed':
        return { kind: 'pppoed', span };
      case 'ifindex': {
        const index = this.#takeNumber('an interface index');
        return { kind: 'ifindex', index, span: cover(span, index.span) };
      }
      case 'encapsulation': {
        const name = word as Encapsulation;
        if (this.#peek().kind !== 'number' && !this.#nextIs('('))
          return { kind: 'encapsulation', name, span };
        const number = this.#takeParenthesised(`a number after '${token.text}'`);
        return { kind: 'encapsulation', name, number, span: cover(span, this.#last!.span) };
      }
      case 'pf':
        return this.#pf(word as PfField, span);
      case 'wlan':
        return this.#wlanAfter(token, undefined, span);
      case 'llc': {
        const { kind, word: next } = this.#peek();
        if (kind !== 'name' && next !== 'rnr') return { kind: 'llc', span };
        const type = this.#take();
        return { kind: 'llc', type: type.kind === 'name' ? type.text : 'rnr', span: cover(span, type.span) };
      }
      case 'atm':
        return { kind: 'atm', type: word as AtmType, span };
      case 'atm-field':
        return this.#fieldTests(span, (tests, whole) => ({
          kind: 'atm-field',
          field: word as 'vpi' | 'vci',
          tests,
          span: whole,
        }));
      case 'mtp2':
        return { kind: 'mtp2', type: word as Mtp2Type, span };
      case 'mtp3':
        return this.#fieldTests(span, (tests, whole) => ({
          kind: 'mtp3',
          field: word as Mtp3Field,
          tests,
          span: whole,
        }));
      default:
        throw new Error(`no test starts with a token of kind ${token.kind}`);
    }
  }

  #byte(start: Span): Expr {
    const index = this.#takeNumber('the offset of a byte');
    const op = this.#peek();
    if (op.kind !== 'operator' || !BYTE_OPERATORS.has(op.word))
      this.#fail("expected '=', '<', '>', '&' or '|'");
    this.#take();
    const value = this.#takeNumber('a number');
    return { kind: 'byte', index, op: op.word as ByteOperator, value, span: cover(start, value.span) };
  }

  #pf(field: PfField, start: Span): Expr {
    const numeric = field === 'rnr' || field === 'srnr';
    const value = this.#word(numeric ? 'a number' : 'a name', !numeric, numeric || field === 'reason');
    return { kind: 'pf', field, value, span: cover(start, value.span) };
  }

  #word(what: string, name: boolean, number: boolean): Word {
    const { kind } = this.#peek();
    if (number && kind === 'number') return numberLiteral(this.#take());
    if (!name || kind !== 'name') this.#fail(`expected ${what}`);
    const token = this.#take();
    return { name: token.text, span: token.span };
  }

  #wlan(protocol: Protocol | undefined, start: Span): Expr {
    return this.#wlanAfter(this.#take(), protocol, start);
  }

  #wlanAfter(keyword: Token, protocol: Protocol | undefined, start: Span): Expr {
    const prefix = protocol === undefined ? {} : { protocol };
    if (keyword.word !== 'type') {
      const subtype = keyword.word === 'subtype';
      const what = subtype ? 'an 802.11 subtype such as beacon' : 'a direction: nods, tods, fromds or dstods';
      const value = this.#word(what, true, !subtype);
      const kind = subtype ? 'wlan-subtype' : 'wlan-direction';
      return { kind, ...prefix, value, span: cover(start, value.span) };
    }
    const type = this.#word('an 802.11 type: mgt, ctl or data', true, true);
    const next = this.#peek();
    if (next.kind !== 'wlan' || next.word !== 'subtype') {
      return { kind: 'wlan-type', ...prefix, type, span: cover(start, type.span) };
    }
    this.#take();
    const subtype = this.#word('an 802.11 subtype such as beacon', true, true);
    return { kind: 'wlan-type', ...prefix, type, subtype, span: cover(start, subtype.span) };
  }

  /** `vpi 5`, `vpi > 5`, `vpi (5 or 6)`. */
  #fieldTests(start: Span, make: (tests: FieldTest[], span: Span) => Expr): Expr {
    const tests: FieldTest[] = [];
    const number = (op: RelationOperator): void => {
      tests.push({ op, value: this.#takeNumber('a number') });
    };
    const token = this.#peek();
    if (token.kind === 'operator' && RELATIONS.has(token.word)) {
      number(this.#take().word as RelationOperator);
    } else if (!this.#nextIs('(')) {
      number('=');
    } else {
      this.#take();
      number('=');
      while (!this.#nextIs(')')) {
        if (this.#peek().kind !== 'or') {
          this.#test(make(tests, cover(start, this.#last!.span)));
          this.#fail("expected 'or' or ')'");
        }
        this.#take();
        number('=');
      }
      this.#take();
    }
    return make(tests, cover(start, this.#last!.span));
  }

  #named({ text, span }: Token): Expr {
    const name = text.slice(1);
    const fail = (message: string, hint = ''): never => {
      throw new FilterSyntaxError(message, span, { hint, libpcapMessage: SYNTAX_ERROR }, this.#reduced());
    };
    if (this.#open.includes(name)) fail(`named filter '@${name}' uses itself`);
    if (this.#open.length >= MAX_NAMED_DEPTH)
      fail(`named filters are nested more than ${MAX_NAMED_DEPTH} deep`);
    const source = this.#options.namedFilters?.(name);
    if (source === undefined) return fail(`there is no filter named '${name}'`);
    let operand: Expr | undefined;
    try {
      operand = new Parser(source, this.#options, [...this.#open, name], span).parse();
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      return fail(`in named filter '@${name}': ${error.message}`, error.hint);
    }
    return operand === undefined
      ? fail(`named filter '@${name}' is empty`)
      : { kind: 'named', name, operand, span };
  }

  // Operators

  /** Takes what follows an operand, up to the next place where an operand is expected or the end. */
  #continue(): Place | undefined {
    for (;;) {
      const token = this.#peek();
      const top = this.#operands.at(-1)!;
      if (token.kind === 'end') {
        this.#finish();
        if (this.#operators.length > 0) this.#fail("expected ')'");
        return undefined;
      }
      if (token.kind === 'and' || token.kind === 'or') return this.#connective(token.kind);
      if (token.kind !== 'operator') this.#failBetween();
      if (token.word === ')') {
        this.#close();
      } else if (token.word === ']' || token.word === ':') {
        this.#closeIndex();
      } else if (ARITHMETIC_OPERATORS.has(token.word) && computes(top)) {
        return this.#binary(token.word as ArithmeticOperator);
      } else if (RELATIONS.has(token.word) && computes(top)) {
        return this.#relation(token.word as RelationOperator);
      } else {
        this.#failBetween();
      }
    }
  }

  #failBetween(): never {
    this.#settle();
    const top = this.#operands.at(-1)!;
    if (top.kind === 'number' || top.kind === 'arithmetic') {
      this.#fail("expected an operator such as '=' or '+'");
    }
    return this.#fail("expected 'and', 'or' or the end");
  }

  #binary(op: ArithmeticOperator): Place {
    this.#take();
    this.#reduceArithmetic(PRECEDENCE[op] ?? Number.POSITIVE_INFINITY);
    this.#operators.push({ kind: 'binary', op });
    return { context: ARITHMETIC, qualifiers: undefined };
  }

  #relation(op: RelationOperator): Place {
    this.#reduceArithmetic(0);
    const left = this.#operands.at(-1)! as Operand & { at: Place };
    if (!left.at.context.term) this.#failBetween();
    this.#take();
    this.#operators.push({ kind: 'relation', op });
    return { context: ARITHMETIC, qualifiers: undefined };
  }

  /** Applies pending arithmetic operators that bind at least as tightly as `strength`. */
  #reduceArithmetic(strength: number): void {
    for (;;) {
      const operator = this.#operators.at(-1);
      const right = this.#operands.at(-1);
      if (right === undefined || (right.kind !== 'number' && right.kind !== 'arithmetic')) return;
      if (operator?.kind === 'negate') {
        if (strength === Number.POSITIVE_INFINITY) return;
        this.#operators.pop();
        this.#operands.pop();
        const span = cover(operator.span, right.node.span);
        const node: Arithmetic = { kind: 'negate', operand: right.node, span };
        this.#operands.push({ kind: 'arithmetic', node, at: operator.at });
      } else if (operator?.kind === 'binary') {
        // An operator on the stack without precedence never gives way, except to a closing token.
        const own = PRECEDENCE[operator.op] ?? (strength === 0 ? 0 : -1);
        if (own < strength) return;
        const left = this.#operands.at(-2) as Operand & { kind: 'number' | 'arithmetic' };
        this.#operators.pop();
        this.#operands.length -= 2;
        const span = cover(left.node.span, right.node.span);
        const node: Arithmetic = {
          kind: 'binary',
          op: operator.op,
          left: left.node,
          right: right.node,
          span,
        };
        this.#operands.push({ kind: 'arithmetic', node, at: left.at });
      } else {
        return;
      }
    }
  }

  #reduceRelation(): void {
    const operator = this.#operators.at(-1);
    if (operator?.kind !== 'relation') return;
    const right = this.#operands.at(-1);
    const left = this.#operands.at(-2);
    if (right === undefined || left === undefined || !computes(right) || !computes(left)) return;
    this.#operators.pop();
    this.#operands.length -= 2;
    const span = cover(left.node.span, right.node.span);
    this.#test({ kind: 'relation', op: operator.op, left: left.node, right: right.node, span });
  }

  /** Completes the test or identifier on top, back to the parenthesis that is open (or the start). */
  #finish(): void {
    this.#reduceArithmetic(0);
    this.#reduceRelation();
    const top = this.#operands.at(-1)!;
    if (top.kind === 'arithmetic') this.#failBetween();
    if (top.kind === 'number') {
      if (!top.at.context.number) this.#failBetween();
      this.#identify();
    }
    for (;;) {
      const operator = this.#operators.at(-1);
      const operand = this.#operands.at(-1) as Operand & { kind: 'id' | 'test' };
      if (operator?.kind === 'not') {
        const node: Expr = {
          kind: 'not',
          operand: operand.node,
          span: cover(operator.span, operand.node.span),
        };
        this.#operands[this.#operands.length - 1] = { ...operand, node };
      } else if (operator?.kind === 'head') {
        const { qualifiers } = operator;
        const span = cover(operator.span, operand.node.span);
        this.#operands.pop();
        this.#test({ kind: 'qualified', qualifiers, operand: operand.node, span }, qualifiers);
      } else if (operator?.kind === 'connective') {
        const left = this.#operands.at(-2) as Operand & { kind: 'id' | 'test' };
        const span = cover(left.node.span, operand.node.span);
        const node: Expr = { kind: operator.op, left: left.node, right: operand.node, span };
        this.#operands.length -= 2;
        this.#operands.push({ kind: left.kind, node, qualifiers: operand.qualifiers });
      } else {
        return;
      }
      this.#operators.pop();
    }
  }

  #connective(op: 'and' | 'or'): Place {
    this.#finish();
    this.#take();
    this.#operators.push({ kind: 'connective', op });
    const { kind, qualifiers } = this.#operands.at(-1) as Operand & { kind: 'id' | 'test' };
    return { context: kind === 'id' ? IDENTIFIER : AFTER_CONNECTIVE, qualifiers };
  }

  #close(): void {
    this.#reduceArithmetic(0);
    this.#reduceRelation();
    const top = this.#operands.at(-1)!;
    const directly = this.#operators.at(-1);
    if ((top.kind === 'number' || top.kind === 'arithmetic') && directly?.kind === 'open') {
      const span = cover(directly.span, this.#take().span);
      this.#operators.pop();
      this.#operands.pop();
      if (top.kind === 'number') {
        this.#operands.push({ kind: 'number', node: { ...top.node, span }, at: directly.at });
        const { arithmetic, opened: wrapped, number } = directly.at.context;
        if (number && !arithmetic && !wrapped) this.#identify();
      } else {
        const node: Arithmetic = { kind: 'parens', operand: top.node, span };
        this.#operands.push({ kind: 'arithmetic', node, at: directly.at });
      }
      return;
    }
    this.#finish();
    const open = this.#operators.at(-1);
    if (open?.kind !== 'open') this.#fail("expected 'and', 'or' or the end");
    const operand = this.#operands.at(-1) as Operand & { kind: 'id' | 'test' };
    if (operand.kind === 'id' ? !open.at.context.list : !open.at.context.term) this.#failBetween();
    const span = cover(open.span, this.#take().span);
    this.#operators.pop();
    const node: Expr = { kind: 'group', operand: operand.node, span };
    // A group of tests gives on what it was opened with, a list what its last identifier had.
    const qualifiers = operand.kind === 'test' ? open.at.qualifiers : operand.qualifiers;
    this.#operands[this.#operands.length - 1] = { kind: operand.kind, node, qualifiers };
  }

  #closeIndex(): void {
    this.#reduceArithmetic(0);
    const operator = this.#operators.at(-1);
    const offset = this.#operands.at(-1)!;
    if (operator?.kind !== 'index' || !computes(offset)) this.#failBetween();
    const { protocol, at } = operator;
    let size: { size: NumberLiteral } | undefined;
    if (this.#take().word === ':') size = { size: this.#takeNumber('a size in bytes: 1, 2 or 4') };
    if (size !== undefined) this.#expect(']');
    this.#operators.pop();
    this.#operands.pop();
    const span = cover(operator.span, this.#last!.span);
    const node: Arithmetic = { kind: 'index', protocol, offset: offset.node, ...size, span };
    this.#operands.push({ kind: 'arithmetic', node, at });
  }
}

/** Whether an operand can be computed with: a number can, where arithmetic was possible. */
function computes(operand: Operand): operand is Operand & { kind: 'number' | 'arithmetic' } {
  if (operand.kind === 'arithmetic') return true;
  return operand.kind === 'number' && operand.at.context.arithmetic;
}

function numberLiteral({ value, text, span }: Token): NumberLiteral {
  return { kind: 'number', value, text, span };
}

function expectedBy({ type }: Qualifiers): string {
  switch (type) {
    case 'port':
      return "a port number or service name after 'port'";
    case 'portrange':
      return "a range such as 8000-8080 after 'portrange'";
    case 'net':
      return "a network such as 10.0.0.0/8 after 'net'";
    case 'proto':
    case 'protochain':
      return `a protocol number or name after '${type}' (keywords take a backslash: \\tcp)`;
    case 'gateway':
      return "a host name after 'gateway'";
    default:
      return 'an address or host name';
  }
}
