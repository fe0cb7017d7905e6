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

import { cover, type Span } from '../source.js';
import type {
  Arithmetic,
  ArithmeticOperator,
  Expr,
  Identifier,
  NumberLiteral,
  NumberRange,
  Qualifiers,
  RelationOperator,
} from './ast.js';
import { SYNTAX_ERROR } from './errors.js';
import { type Expansion, Insertions, outermost, type ParseOptions, type ParseWithin } from './insertions.js';
import {
  AFTER_CONNECTIVE,
  ARITHMETIC,
  ARITHMETIC_OPERATORS,
  type Context,
  computes,
  expectedBy,
  IDENTIFIER,
  MEMBERS,
  negated,
  type Operand,
  type Operator,
  opened,
  type Place,
  PRECEDENCE,
  START,
} from './operands.js';
import { RELATIONS, readTest, readWlan } from './primitive.js';
import { numberLiteral, TokenReader } from './reader.js';
import { type AddressType, type Direction, type Encapsulation, isTunnel, type Protocol } from './token.js';

/**
 * Reads an expression; `undefined` stands for a blank one, which accepts every packet.
 *
 * @throws {FilterSyntaxError} The only error: what was expected where, a hint, libpcap's words.
 */
export function parse(source: string, options: ParseOptions = {}): Expr | undefined {
  return parseWithin(source, options, outermost());
}

/** @param span - Where the text stands, when it stands for other words. */
const parseWithin: ParseWithin = (source, options, expansion, span) =>
  new Parser(source, options, expansion, span).parse();

class Parser {
  readonly #reader: TokenReader;
  readonly #insertions: Insertions;
  readonly #operands: Operand[] = [];
  readonly #operators: Operator[] = [];

  constructor(source: string, options: ParseOptions, expansion: Expansion, span?: Span) {
    const named = options.namedFilters !== undefined;
    const lexerOptions = span === undefined ? { named } : { named, span };
    this.#reader = new TokenReader(source, lexerOptions, () => this.#reduced());
    this.#insertions = new Insertions(this.#reader, options, expansion, parseWithin);
  }

  parse(): Expr | undefined {
    if (this.#reader.peek().kind === 'end') return undefined;
    let place: Place | undefined = { context: START, qualifiers: undefined };
    while (place !== undefined) {
      const next: Place | undefined = this.#operand(place);
      place = next ?? this.#continue();
    }
    return (this.#operands.pop() as { node: Expr }).node;
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
    const token = this.#reader.peek();
    switch (token.kind) {
      case 'operator':
        if (token.word === '(' && (context.term || context.list || context.number || context.arithmetic)) {
          this.#operators.push({ kind: 'open', at, span: this.#reader.take().span });
          return { context: opened(context), qualifiers: at.qualifiers };
        }
        if (token.word === '{' && context.term) return this.#openScope(at, this.#reader.take().span);
        if (token.word === '{' && context.list) return this.#list(at);
        if (token.word === '-' && context.arithmetic) {
          this.#operators.push({ kind: 'negate', at, span: this.#reader.take().span });
          return { context: ARITHMETIC, qualifiers: undefined };
        }
        return this.#failOperand(context);
      case 'not':
        if (!context.term && !context.id) this.#failOperand(context);
        this.#operators.push({ kind: 'not', span: this.#reader.take().span });
        return { context: negated(context), qualifiers: at.qualifiers };
      case 'number':
        // Directly behind `(` a number may be wrapped only: what it is shows at the `)`.
        if (!context.number && !context.arithmetic && !context.opened) this.#failOperand(context);
        this.#operands.push({ kind: 'number', node: numberLiteral(this.#reader.take()), at });
        if (!context.arithmetic && !context.opened) this.#identify();
        return undefined;
      case 'len':
        if (!context.arithmetic) this.#failOperand(context);
        this.#operands.push({
          kind: 'arithmetic',
          node: { kind: 'len', span: this.#reader.take().span },
          at,
        });
        return undefined;
      case 'name':
      case 'dotted':
      case 'ipv6':
      case 'mac':
      case 'mac8':
        if (context.term && isTunnel(token.text) && this.#opensTunnel()) {
          this.#tunnel(at.qualifiers);
          return undefined;
        }
        if (context.term && this.#insertions.compares(token)) {
          this.#test(this.#insertions.comparison(), at.qualifiers);
          return undefined;
        }
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
        this.#test(this.#insertions.named(this.#reader.take()), at.qualifiers);
        return undefined;
      case 'and':
      case 'or':
      case 'mask':
      case 'error':
      case 'end':
        return this.#failOperand(context);
      default:
        if (!context.term) this.#failOperand(context);
        this.#test(readTest(this.#reader));
        return undefined;
    }
  }

  #failOperand(context: Context): never {
    const head = this.#operators.findLast(({ kind }) => kind === 'head');
    if (context.term)
      this.#reader.fail("expected a test such as 'host 10.0.0.1', 'tcp port 80' or 'ip[8] < 5'");
    if (context.arithmetic) this.#reader.fail("expected a number, 'len' or a field such as 'tcp[13]'");
    if (head?.kind === 'head') this.#reader.fail(`expected ${expectedBy(head.qualifiers)}`);
    return this.#reader.fail('expected a name, an address or a number');
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

  /** `gre { … }` and `gre 5 { … }` are no part of libpcap's language, where `gre` is a name. */
  #opensTunnel(): boolean {
    const { kind, word } = this.#reader.peekBehind();
    return kind === 'number' || (kind === 'operator' && word === '{');
  }

  #tunnel(qualifiers: Qualifiers | undefined): void {
    const { text, span: start } = this.#reader.take();
    const name = text as Encapsulation;
    const number = this.#reader.nextIs('{') ? {} : { number: numberLiteral(this.#reader.take()) };
    const span = cover(start, this.#reader.lastSpan);
    if (!this.#reader.nextIs('{')) this.#reader.fail(`expected '{' after '${name}'`);
    this.#test({ kind: 'encapsulation', name, ...number, span }, qualifiers);
  }

  #identifier({ qualifiers }: Place): void {
    const token = this.#reader.take();
    let span = token.span;
    let id: Identifier;
    if (token.kind === 'name') {
      id = { kind: 'name', name: token.text };
    } else if (token.kind === 'mac' || token.kind === 'mac8') {
      id = { kind: token.kind, text: token.text };
    } else if (this.#reader.nextIs('/')) {
      this.#reader.take();
      const length = this.#reader.takeNumber('a prefix length');
      const kind = token.kind === 'ipv6' ? 'ipv6-prefix' : 'dotted-prefix';
      id = { kind, text: token.text, length };
      span = cover(span, length.span);
    } else if (token.kind === 'dotted' && this.#reader.peek().kind === 'mask') {
      this.#reader.take();
      if (this.#reader.peek().kind !== 'dotted')
        this.#reader.fail('expected a netmask such as 255.255.255.0');
      const mask = this.#reader.take();
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
    const token = this.#reader.take();
    const protocol = token.word as Protocol;
    if (context.arithmetic && this.#reader.nextIs('[')) {
      this.#reader.take();
      this.#operators.push({ kind: 'index', protocol, at, span: token.span });
      return { context: ARITHMETIC, qualifiers: undefined };
    }
    if (!context.term) this.#reader.fail(`expected '[' after '${token.text}'`);
    const next = this.#reader.peek();
    switch (next.kind) {
      case 'direction':
      case 'type':
      case 'proto':
      case 'gateway':
        return this.#head(protocol, token.span);
      case 'cast':
        this.#reader.take();
        this.#test({
          kind: next.word as 'broadcast' | 'multicast',
          protocol,
          span: cover(token.span, next.span),
        });
        return undefined;
      case 'wlan':
        this.#test(readWlan(this.#reader, this.#reader.take(), protocol, token.span));
        return undefined;
      case 'and':
      case 'or':
      case 'end':
        break;
      default:
        if (!this.#reader.nextIs(')') && !this.#reader.nextIs('}')) {
          this.#reader.fail(
            `expected a qualifier such as 'host' or 'port', '[', 'and' or 'or' after '${token.text}'`,
          );
        }
    }
    this.#test({ kind: 'protocol', protocol, span: token.span });
    return undefined;
  }

  #head(protocol: Protocol | undefined, start: Span): Place {
    let direction: Direction | undefined;
    let type: AddressType | undefined;
    // The words of direction and type.
    let test: Span | undefined;
    if (this.#reader.peek().kind === 'direction') {
      const first = this.#reader.peek().span;
      direction = this.#direction();
      test = cover(first, this.#reader.lastSpan);
    }
    const { kind } = this.#reader.peek();
    if (kind === 'type' || (direction === undefined && (kind === 'proto' || kind === 'gateway'))) {
      const token = this.#reader.take();
      type = token.word as AddressType;
      test = cover(test ?? token.span, token.span);
    }
    const qualifiers: Qualifiers = {
      protocol,
      direction,
      type,
      words: { protocol: protocol && start, test },
    };
    this.#operators.push({ kind: 'head', qualifiers, span: cover(start, test ?? start) });
    return { context: IDENTIFIER, qualifiers };
  }

  #direction(): Direction {
    const first = this.#reader.take();
    const { word } = first;
    if (word !== 'src' && word !== 'dst') return word as Direction;
    const joint = this.#reader.peek();
    if (joint.kind !== 'and' && joint.kind !== 'or') return word;
    this.#reader.take();
    const other = word === 'src' ? 'dst' : 'src';
    if (this.#reader.peek().kind !== 'direction' || this.#reader.peek().word !== other) {
      this.#reader.fail(`expected '${other}' after '${first.text} ${joint.text}'`);
    }
    this.#reader.take();
    return joint.kind === 'or' ? 'src or dst' : 'src and dst';
  }

  // Operators

  /** Takes what follows an operand, up to the next place where an operand is expected or the end. */
  #continue(): Place | undefined {
    for (;;) {
      const token = this.#reader.peek();
      const top = this.#operands.at(-1)!;
      if (token.kind === 'end') {
        this.#finish();
        if (this.#operators.length > 0) this.#reader.fail(`expected '${this.#closer()}'`);
        return undefined;
      }
      if (token.kind === 'and' || token.kind === 'or') return this.#connective(token.kind);
      if (token.kind !== 'operator') this.#failBetween();
      if (token.word === ')') {
        this.#close();
      } else if (token.word === '}') {
        this.#closeScope();
      } else if (token.word === '{' && top.kind === 'test' && top.node.kind === 'encapsulation') {
        const place = this.#brace(top.node, top.qualifiers);
        if (place !== undefined) return place;
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
      const around = this.#operators.at(-1);
      if (around?.kind === 'index') this.#reader.fail("expected ']' or an operator such as '+'");
      if (around?.kind === 'open' && !around.at.context.term)
        this.#reader.fail("expected ')' or an operator such as '+'");
      this.#reader.fail("expected an operator such as '=' or '+'");
    }
    return this.#reader.fail("expected 'and', 'or' or the end");
  }

  #binary(op: ArithmeticOperator): Place {
    this.#reader.take();
    this.#reduceArithmetic(PRECEDENCE[op] ?? Number.POSITIVE_INFINITY);
    this.#operators.push({ kind: 'binary', op });
    return { context: ARITHMETIC, qualifiers: undefined };
  }

  #relation(op: RelationOperator): Place {
    this.#reduceArithmetic(0);
    const left = this.#operands.at(-1)! as Operand & { at: Place };
    if (!left.at.context.term) this.#failBetween();
    this.#reader.take();
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
    this.#reader.take();
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
      const span = cover(directly.span, this.#reader.take().span);
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
    if (open?.kind === 'scope') this.#reader.fail("expected 'and', 'or' or '}'");
    if (open?.kind !== 'open') this.#reader.fail("expected 'and', 'or' or the end");
    const operand = this.#operands.at(-1) as Operand & { kind: 'id' | 'test' };
    if (operand.kind === 'id' ? !open.at.context.list : !open.at.context.term) this.#failBetween();
    const span = cover(open.span, this.#reader.take().span);
    this.#operators.pop();
    const node: Expr = { kind: 'group', operand: operand.node, span };
    // A group of tests gives on what it was opened with, a list what its last identifier had.
    const qualifiers = operand.kind === 'test' ? open.at.qualifiers : operand.qualifiers;
    this.#operands[this.#operands.length - 1] = { kind: operand.kind, node, qualifiers };
  }

  /** What closes what is open. */
  #closer(): string {
    return this.#operators.findLast(({ kind }) => kind === 'open' || kind === 'scope')?.kind === 'scope'
      ? '}'
      : ')';
  }

  /** Behind `vlan` and its like: a list of numbers, or a scope that it belongs to. */
  #brace(
    node: Expr & { readonly kind: 'encapsulation' },
    qualifiers: Qualifiers | undefined,
  ): Place | undefined {
    const { span } = this.#reader.take();
    this.#operands.pop();
    const { kind, text } = this.#reader.peek();
    const isList = kind === 'number' || (kind === 'name' && /^\d+-\d+$/.test(text));
    if (node.number !== undefined || node.among !== undefined || !isList)
      return this.#openScope({ context: START, qualifiers }, span, { ...node, isHead: true });
    const among = [this.#numberRange()];
    while (this.#reader.nextIs(',')) {
      this.#reader.take();
      among.push(this.#numberRange());
    }
    this.#reader.expect('}');
    if (isTunnel(node.name) && !this.#reader.nextIs('{'))
      this.#reader.fail(`expected '{' after '${node.name}'`);
    this.#test({ ...node, among, span: cover(node.span, this.#reader.lastSpan) }, qualifiers);
    return undefined;
  }

  #numberRange(): NumberRange {
    const { kind, text, value, span } = this.#reader.peek();
    const [, low, high] = (kind === 'name' && /^(\d+)-(\d+)$/.exec(text)) || [];
    if (kind !== 'number' && low === undefined)
      this.#reader.fail('expected a number or a range such as 10-20');
    this.#reader.take();
    if (low === undefined) return { low: value, high: value, text };
    if (Number(low) > Number(high))
      this.#reader.raise(
        { message: 'this range ends before it begins', hint: '', libpcapMessage: SYNTAX_ERROR },
        span,
      );
    return { low: Number(low), high: Number(high), text };
  }

  /** @param head - The `vlan` or its like that stands directly before the brace. */
  #openScope(at: Place, span: Span, head?: Expr): Place {
    this.#operators.push({ kind: 'scope', at, span, head });
    return { context: START, qualifiers: undefined };
  }

  #closeScope(): void {
    this.#finish();
    const open = this.#operators.at(-1);
    if (open?.kind === 'open') this.#reader.fail("expected 'and', 'or' or ')'");
    if (open?.kind !== 'scope') this.#reader.fail("expected 'and', 'or' or the end");
    const { node } = this.#operands.at(-1) as Operand & { kind: 'test' };
    const { head, at } = open;
    const span = cover(head?.span ?? open.span, this.#reader.take().span);
    this.#operators.pop();
    this.#operands.pop();
    const inner: Expr = { kind: 'group', operand: node, span: node.span };
    const operand: Expr = head === undefined ? node : { kind: 'and', left: head, right: inner, span };
    this.#test({ kind: 'scope', operand, span }, at.qualifiers);
  }

  /** `port {80, 443, 8000-8010}`: any of them, as if each stood behind the qualifiers, with `or` between. */
  #list({ qualifiers }: Place): undefined {
    const head = this.#operators.at(-1);
    if (qualifiers === undefined || head?.kind !== 'head')
      this.#reader.fail('expected a name, an address or a number');
    this.#operators.pop();
    const open = this.#reader.take().span;
    let node = this.#member(qualifiers, head.span);
    while (this.#reader.nextIs(',')) {
      this.#reader.take();
      const right = this.#member(qualifiers, head.span);
      node = { kind: 'or', left: node, right, span: cover(node.span, right.span) };
    }
    const span = cover(open, this.#reader.expect('}').span);
    this.#test({ kind: 'group', operand: node, span });
  }

  #member(given: Qualifiers, head: Span): Expr {
    const { kind, text } = this.#reader.peek();
    if (!MEMBERS.has(kind)) this.#reader.fail('expected a name, an address or a number');
    const isRange = given.type === 'port' && kind === 'name' && /^\d+-\d+$/.test(text);
    const qualifiers: Qualifiers = isRange ? { ...given, type: 'portrange' } : given;
    if (kind === 'number') {
      const id = numberLiteral(this.#reader.take());
      this.#pushIdentifier(id, qualifiers, id.span);
    } else this.#identifier({ context: IDENTIFIER, qualifiers });
    const { node } = this.#operands.pop() as Operand & { kind: 'id' };
    return { kind: 'qualified', qualifiers, operand: { ...node, head } as Expr, span: node.span };
  }

  #closeIndex(): void {
    this.#reduceArithmetic(0);
    const operator = this.#operators.at(-1);
    const offset = this.#operands.at(-1)!;
    if (operator?.kind !== 'index' || !computes(offset)) this.#failBetween();
    const { protocol, at } = operator;
    let size: { size: NumberLiteral } | undefined;
    if (this.#reader.take().word === ':')
      size = { size: this.#reader.takeNumber('a size in bytes: 1, 2 or 4') };
    if (size !== undefined) this.#reader.expect(']');
    this.#operators.pop();
    this.#operands.pop();
    const span = cover(operator.span, this.#reader.lastSpan);
    const node: Arithmetic = { kind: 'index', protocol, offset: offset.node, ...size, span };
    this.#operands.push({ kind: 'arithmetic', node, at });
  }
}
