/**
 * The tree of a filter expression: plain data, a span on every node.
 *
 * Text → tokens → **tree** → graph. It keeps what was written (parentheses, spelling of numbers), so that
 * it can be printed back, and adds one thing that the text leaves out: an identifier without qualifiers
 * of its own carries the ones it inherits (`port 80 or 443`).
 */

import type { Span } from '../source.js';
import type {
  AddressType,
  AtmType,
  Direction,
  Encapsulation,
  Mtp2Type,
  Mtp3Field,
  PfField,
  Protocol,
} from './token.js';

/** `tcp dst port` and the like: what kind of thing the identifier after it is. */
export interface Qualifiers {
  readonly protocol?: Protocol | undefined;
  readonly direction?: Direction | undefined;
  readonly type?: AddressType | undefined;
  /** Where they are written, which is further to the left for an identifier that inherits them. */
  readonly words: { readonly protocol?: Span | undefined; readonly test?: Span | undefined };
}

/** A number as a value and as written (`0x1f`, `tcp-syn`). */
export interface NumberLiteral {
  readonly kind: 'number';
  /** 0..2^32-1 */
  readonly value: number;
  readonly text: string;
  readonly span: Span;
}

/** Numbers from `low` to `high`, as written. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  readonly text: string;
}

/** What qualifiers apply to. Addresses keep their spelling; what it means depends on the qualifiers. */
export type Identifier =
  | NumberLiteral
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'dotted'; readonly text: string }
  | { readonly kind: 'dotted-prefix'; readonly text: string; readonly length: NumberLiteral }
  | { readonly kind: 'dotted-mask'; readonly text: string; readonly mask: string }
  | { readonly kind: 'ipv6'; readonly text: string }
  | { readonly kind: 'ipv6-prefix'; readonly text: string; readonly length: NumberLiteral }
  | { readonly kind: 'mac'; readonly text: string }
  | { readonly kind: 'mac8'; readonly text: string };

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type RelationOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type ByteOperator = '=' | '<' | '>' | '&' | '|';

export type Arithmetic =
  | NumberLiteral
  | { readonly kind: 'len'; readonly span: Span }
  | {
      readonly kind: 'index';
      readonly protocol: Protocol;
      readonly offset: Arithmetic;
      /** Bytes to load: 1, 2 or 4; 1 when not written. */
      readonly size?: NumberLiteral;
      readonly span: Span;
    }
  | {
      readonly kind: 'binary';
      readonly op: ArithmeticOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly span: Span;
    }
  | { readonly kind: 'negate' | 'parens'; readonly operand: Arithmetic; readonly span: Span };

/** One comparison of an ATM or SS7 field; several are alternatives. */
export interface FieldTest {
  readonly op: RelationOperator;
  readonly value: NumberLiteral;
}

/** A name or a number, where both are allowed. */
export type Word = { readonly name: string; readonly span: Span } | NumberLiteral;

export type Expr =
  | { readonly kind: 'and' | 'or'; readonly left: Expr; readonly right: Expr; readonly span: Span }
  | { readonly kind: 'not' | 'group'; readonly operand: Expr; readonly span: Span }
  /** `{ … }`: behind it headers are where they were before it. No part of libpcap's language. */
  | { readonly kind: 'scope'; readonly operand: Expr; readonly span: Span }
  /** `@name` or `ip.src == …`, and the expression it stands for, whose spans are all that of these words. */
  | { readonly kind: 'named'; readonly text: string; readonly operand: Expr; readonly span: Span }
  /** Qualifiers and the identifiers they are written before. */
  | {
      readonly kind: 'qualified';
      readonly qualifiers: Qualifiers;
      readonly operand: Expr;
      readonly span: Span;
    }
  /** `qualifiers` is undefined where there are none to inherit, which is an error libpcap finds late. */
  | {
      readonly kind: 'id';
      readonly id: Identifier;
      readonly qualifiers: Qualifiers | undefined;
      /** The qualifiers' own words, where they stand directly before it. */
      readonly head?: Span | undefined;
      readonly span: Span;
    }
  | Primitive;

/** Tests that take no identifier. */
export type Primitive =
  | { readonly kind: 'protocol'; readonly protocol: Protocol; readonly span: Span }
  | {
      readonly kind: 'relation';
      readonly op: RelationOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly span: Span;
    }
  | {
      readonly kind: 'broadcast' | 'multicast';
      readonly protocol?: Protocol | undefined;
      readonly span: Span;
    }
  | { readonly kind: 'less' | 'greater'; readonly length: NumberLiteral; readonly span: Span }
  | {
      readonly kind: 'byte';
      readonly index: NumberLiteral;
      readonly op: ByteOperator;
      readonly value: NumberLiteral;
      readonly span: Span;
    }
  | { readonly kind: 'inbound' | 'outbound' | 'pppoed'; readonly span: Span }
  | { readonly kind: 'ifindex'; readonly index: NumberLiteral; readonly span: Span }
  | {
      readonly kind: 'encapsulation';
      readonly name: Encapsulation;
      readonly number?: NumberLiteral;
      /** Numbers in braces, of which one is meant. No part of libpcap's language. */
      readonly among?: readonly NumberRange[];
      /** It stands directly before a scope. */
      readonly isHead?: true;
      readonly span: Span;
    }
  | { readonly kind: 'pf'; readonly field: PfField; readonly value: Word; readonly span: Span }
  /** `type`, `subtype` and `dir` of an 802.11 frame; any protocol may stand before it and is ignored. */
  | {
      readonly kind: 'wlan-type';
      readonly protocol?: Protocol | undefined;
      readonly type: Word;
      readonly subtype?: Word;
      readonly span: Span;
    }
  | {
      readonly kind: 'wlan-subtype' | 'wlan-direction';
      readonly protocol?: Protocol | undefined;
      readonly value: Word;
      readonly span: Span;
    }
  | { readonly kind: 'llc'; readonly type?: string | undefined; readonly span: Span }
  | { readonly kind: 'atm'; readonly type: AtmType; readonly span: Span }
  | {
      readonly kind: 'atm-field';
      readonly field: 'vpi' | 'vci';
      readonly tests: readonly FieldTest[];
      readonly span: Span;
    }
  | { readonly kind: 'mtp2'; readonly type: Mtp2Type; readonly span: Span }
  | {
      readonly kind: 'mtp3';
      readonly field: Mtp3Field;
      readonly tests: readonly FieldTest[];
      readonly span: Span;
    };

/**
 * Every node of an expression, operands before what contains them, left before right.
 *
 * This is the order in which libpcap's parser runs its actions. A loop, not recursion: an expression may
 * be nested as deep as it is long.
 */
export function postorder(root: Expr): Expr[] {
  const nodes: Expr[] = [];
  const pending: Expr[] = [root];
  // Root, right, left; reversed this is left, right, root.
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    switch (node.kind) {
      case 'and':
      case 'or':
        pending.push(node.left, node.right);
        break;
      case 'not':
      case 'group':
      case 'scope':
      case 'named':
      case 'qualified':
        pending.push(node.operand);
        break;
      default:
    }
  }
  return nodes.reverse();
}

/** The same for arithmetic. */
export function arithmeticPostorder(root: Arithmetic): Arithmetic[] {
  const nodes: Arithmetic[] = [];
  const pending: Arithmetic[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    switch (node.kind) {
      case 'binary':
        pending.push(node.left, node.right);
        break;
      case 'negate':
      case 'parens':
        pending.push(node.operand);
        break;
      case 'index':
        pending.push(node.offset);
        break;
      default:
    }
  }
  return nodes.reverse();
}
