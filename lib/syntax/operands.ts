/** What the parser keeps on its two stacks, and which readings of a place are still open. */

import type { Span } from '../source.js';
import type {
  Arithmetic,
  ArithmeticOperator,
  Expr,
  NumberLiteral,
  Qualifiers,
  RelationOperator,
} from './ast.js';
import type { Protocol } from './token.js';

/** What may stand at a place where an operand is expected. */
export interface Context {
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

export const START: Context = {
  term: true,
  id: false,
  list: false,
  number: false,
  arithmetic: true,
  opened: false,
};
export const AFTER_CONNECTIVE: Context = { ...START, id: true, list: true, number: true };
export const IDENTIFIER: Context = { ...AFTER_CONNECTIVE, term: false, arithmetic: false };
export const ARITHMETIC: Context = { ...START, term: false };

export function opened(context: Context): Context {
  const { term, list, arithmetic } = context;
  return { term, id: list, list: false, number: list, arithmetic, opened: true };
}

export function negated(context: Context): Context {
  const { term, id, arithmetic } = context;
  return { term, id, list: id, number: id, arithmetic, opened: false };
}

/** An operand, complete as far as its operators go. */
export type Operand =
  | { readonly kind: 'number'; readonly node: NumberLiteral; readonly at: Place }
  | { readonly kind: 'arithmetic'; readonly node: Arithmetic; readonly at: Place }
  /** An identifier, `not` applied perhaps; or several, joined, inside their parentheses. */
  | { readonly kind: 'id'; readonly node: Expr; readonly qualifiers: Qualifiers | undefined }
  | { readonly kind: 'test'; readonly node: Expr; readonly qualifiers: Qualifiers | undefined };

/** Where an operand began: what was allowed there, and which qualifiers it would inherit. */
export interface Place {
  readonly context: Context;
  readonly qualifiers: Qualifiers | undefined;
}

export type Operator =
  | { readonly kind: 'open'; readonly at: Place; readonly span: Span }
  /** `{`, behind what it belongs to perhaps: `vlan {`. */
  | { readonly kind: 'scope'; readonly at: Place; readonly span: Span; readonly head?: Expr | undefined }
  | { readonly kind: 'not'; readonly span: Span }
  | { readonly kind: 'connective'; readonly op: 'and' | 'or' }
  | { readonly kind: 'head'; readonly qualifiers: Qualifiers; readonly span: Span }
  | { readonly kind: 'binary'; readonly op: ArithmeticOperator }
  | { readonly kind: 'negate'; readonly at: Place; readonly span: Span }
  | { readonly kind: 'relation'; readonly op: RelationOperator }
  | { readonly kind: 'index'; readonly protocol: Protocol; readonly at: Place; readonly span: Span };

/** Binding strength; `undefined` (not declared in grammar.y) always shifts. */
export const PRECEDENCE: Readonly<Partial<Record<ArithmeticOperator, number>>> = {
  '|': 1,
  '&': 2,
  '<<': 3,
  '>>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
};
/** What may stand in a list. */
export const MEMBERS: ReadonlySet<string> = new Set(['number', 'name', 'dotted', 'ipv6', 'mac', 'mac8']);
export const ARITHMETIC_OPERATORS: ReadonlySet<string> = new Set([...Object.keys(PRECEDENCE), '%', '^']);
/** Whether an operand can be computed with: a number can, where arithmetic was possible. */
export function computes(operand: Operand): operand is Operand & { kind: 'number' | 'arithmetic' } {
  if (operand.kind === 'arithmetic') return true;
  return operand.kind === 'number' && operand.at.context.arithmetic;
}

export function expectedBy({ type }: Qualifiers): string {
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
