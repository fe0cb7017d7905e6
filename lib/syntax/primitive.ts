/**
 * Tests with a form of their own: `less 5`, `vlan 7`, `vpi (1 or 2)`, `wlan type mgt subtype beacon`.
 */

import { cover, type Span } from '../source.js';
import type { ByteOperator, Expr, FieldTest, Primitive, RelationOperator } from './ast.js';
import type { TokenReader } from './reader.js';
import type { AtmType, Encapsulation, Mtp2Type, Mtp3Field, PfField, Protocol, Token } from './token.js';

export const RELATIONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);
const BYTE_OPERATORS: ReadonlySet<string> = new Set(['=', '<', '>', '&', '|']);

/** Reads a test whose keyword is the next token. */
export function readTest(reader: TokenReader): Primitive {
  const token = reader.take();
  const { word, span } = token;
  switch (token.kind) {
    case 'cast':
      return { kind: word as 'broadcast' | 'multicast', span };
    case 'length-test': {
      const length = reader.takeNumber('a length in bytes');
      return { kind: word as 'less' | 'greater', length, span: cover(span, length.span) };
    }
    case 'byte':
      return readByte(reader, span);
    case 'flow':
      return { kind: word as 'inbound' | 'outbound', span };
    case 'pppoed':
      return { kind: 'pppoed', span };
    case 'ifindex': {
      const index = reader.takeNumber('an interface index');
      return { kind: 'ifindex', index, span: cover(span, index.span) };
    }
    case 'encapsulation': {
      const name = word as Encapsulation;
      if (reader.peek().kind !== 'number' && !reader.nextIs('('))
        return { kind: 'encapsulation', name, span };
      const number = reader.takeParenthesised(`a number after '${token.text}'`);
      return { kind: 'encapsulation', name, number, span: cover(span, reader.lastSpan) };
    }
    case 'pf':
      return readPf(reader, word as PfField, span);
    case 'wlan':
      return readWlan(reader, token, undefined, span);
    case 'llc': {
      const next = reader.peek();
      // `rnr` is a keyword of pflog too.
      if (next.kind !== 'name' && next.word !== 'rnr') return { kind: 'llc', span };
      reader.take();
      return { kind: 'llc', type: next.kind === 'name' ? next.text : 'rnr', span: cover(span, next.span) };
    }
    case 'atm':
      return { kind: 'atm', type: word as AtmType, span };
    case 'atm-field': {
      const field = word as 'vpi' | 'vci';
      return readFieldTests(reader, span, (tests, whole) => ({
        kind: 'atm-field',
        field,
        tests,
        span: whole,
      }));
    }
    case 'mtp2':
      return { kind: 'mtp2', type: word as Mtp2Type, span };
    case 'mtp3': {
      const field = word as Mtp3Field;
      return readFieldTests(reader, span, (tests, whole) => ({ kind: 'mtp3', field, tests, span: whole }));
    }
    default:
      throw new Error(`no test starts with a token of kind ${token.kind}`);
  }
}

function readByte(reader: TokenReader, start: Span): Primitive {
  const index = reader.takeNumber('the offset of a byte');
  const { kind, word } = reader.peek();
  if (kind !== 'operator' || !BYTE_OPERATORS.has(word)) reader.fail("expected '=', '<', '>', '&' or '|'");
  reader.take();
  const value = reader.takeNumber('a number');
  return { kind: 'byte', index, op: word as ByteOperator, value, span: cover(start, value.span) };
}

function readPf(reader: TokenReader, field: PfField, start: Span): Primitive {
  const numeric = field === 'rnr' || field === 'srnr';
  const allowed = numeric ? 'number' : field === 'reason' ? 'either' : 'name';
  const value = reader.takeWord(numeric ? 'a number' : 'a name', allowed);
  return { kind: 'pf', field, value, span: cover(start, value.span) };
}

/** `type`, `subtype` or `dir`, which is `keyword`, perhaps behind a protocol. */
export function readWlan(
  reader: TokenReader,
  keyword: Token,
  protocol: Protocol | undefined,
  start: Span,
): Primitive {
  const prefix = protocol === undefined ? {} : { protocol };
  if (keyword.word === 'dir') {
    const value = reader.takeWord('a direction: nods, tods, fromds or dstods', 'either');
    return { kind: 'wlan-direction', ...prefix, value, span: cover(start, value.span) };
  }
  if (keyword.word === 'subtype') {
    const value = reader.takeWord('an 802.11 subtype such as beacon', 'name');
    return { kind: 'wlan-subtype', ...prefix, value, span: cover(start, value.span) };
  }
  const type = reader.takeWord('an 802.11 type: mgt, ctl or data', 'either');
  const typeOnly: Primitive = { kind: 'wlan-type', ...prefix, type, span: cover(start, type.span) };
  const next = reader.peek();
  if (next.kind !== 'wlan' || next.word !== 'subtype') return typeOnly;
  reader.take();
  const subtype = reader.takeWord('an 802.11 subtype such as beacon', 'either');
  return { ...typeOnly, subtype, span: cover(start, subtype.span) };
}

/** `vpi 5`, `vpi > 5`, `vpi (5 or 6)`. */
function readFieldTests(
  reader: TokenReader,
  start: Span,
  make: (tests: readonly FieldTest[], span: Span) => Primitive,
): Primitive {
  const tests: FieldTest[] = [];
  const soFar = (): Primitive => make([...tests], cover(start, reader.lastSpan));
  const number = (op: RelationOperator, partial?: Expr): void => {
    tests.push({ op, value: reader.takeNumber('a number', partial) });
  };
  const { kind, word } = reader.peek();
  if (kind === 'operator' && RELATIONS.has(word)) {
    reader.take();
    number(word as RelationOperator);
  } else if (reader.nextIs('(')) {
    reader.take();
    number('=');
    while (!reader.nextIs(')')) {
      if (reader.peek().kind !== 'or') reader.fail("expected 'or' or ')'", soFar());
      reader.take();
      number('=', soFar());
    }
    reader.take();
  } else {
    number('=');
  }
  return soFar();
}
