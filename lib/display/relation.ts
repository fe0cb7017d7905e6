/** Relations of capture filters, as `tcp[13] & 2 != 0`, in the words of display filters. */

import { FilterError, type Span } from '../source.js';
import type { Arithmetic, Protocol, RelationOperator } from '../syntax/index.js';
import { NUMBERS, PROTOCOLS } from './fields.js';

export const unsaid = (span: Span, hint = ''): FilterError =>
  new FilterError('no display filter says this', span, { hint });

const SIGNS: Readonly<Record<RelationOperator, string>> = {
  '=': '==',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Loads of these protocols are of packets over IPv4. */
const OVER_IPV4 = new Set<Protocol>(['tcp', 'udp', 'sctp']);

/**
 * A load, perhaps under a mask, beside a number.
 *
 * @throws FilterError where no display filter says it.
 */
export function relation(left: Arithmetic, op: RelationOperator, right: Arithmetic, span: Span): string {
  const value = constant(right);
  if (value === undefined) throw unsaid(span);
  const whole = inner(left);
  if (whole.kind === 'len') return `frame.len ${SIGNS[op]} ${value}`;
  const masked = whole.kind === 'binary' && whole.op === '&' ? constant(whole.right) : undefined;
  const load = masked === undefined ? whole : inner((whole as Arithmetic & { kind: 'binary' }).left);
  if (load.kind !== 'index') throw unsaid(span);
  const offset = constant(load.offset);
  const size = load.size?.value ?? 1;
  const name = Object.keys(PROTOCOLS).find(
    (key) => PROTOCOLS[key]!.word === (load.protocol === 'link' ? 'ether' : load.protocol),
  );
  if (offset === undefined || name === undefined) throw unsaid(span);
  const text = loaded(name, offset, size, masked, op, value, span);
  return OVER_IPV4.has(load.protocol) ? `(ip and ${text})` : text;
}

/** Bits of the first byte of an Ethernet address. */
const GROUP_BITS: Readonly<Record<number, string>> = { 0: 'eth.dst.ig', 6: 'eth.src.ig' };

function loaded(
  name: string,
  offset: number,
  size: number,
  masked: number | undefined,
  op: RelationOperator,
  value: number,
  span: Span,
): string {
  const group = name === 'eth' && size === 1 && masked === 1 ? GROUP_BITS[offset] : undefined;
  if (group !== undefined) return ofField([group, offset, 1, 1], op, value, span);
  const row = NUMBERS.find(
    ([field, at, bytes, mask]) =>
      field.startsWith(`${name}.`) &&
      at === offset &&
      bytes === size &&
      (masked === undefined ? mask === undefined : mask === masked),
  );
  if (row !== undefined) return ofField(row, op, value, span);
  if (masked === undefined) {
    const bytes = value
      .toString(16)
      .padStart(2 * size, '0')
      .match(/../g)!;
    const slice = sliceOf(name, offset, size);
    if (slice === undefined) throw unsaid(span);
    return `${slice} ${SIGNS[op]} ${bytes.join(':')}`;
  }
  const flags = name === 'tcp' && offset === 13 && size === 1 ? 'tcp.flags' : undefined;
  const wide =
    flags ??
    NUMBERS.find(
      ([field, at, bytes, mask]) =>
        field.startsWith(`${name}.`) && at === offset && bytes === size && mask === undefined,
    )?.[0];
  if (wide === undefined) throw unsaid(span);
  if (op === '!=' && value === 0) return `${wide} & 0x${masked.toString(16)}`;
  if (op !== '=' && op !== '!=') throw unsaid(span);
  return `${wide} & 0x${masked.toString(16)} ${SIGNS[op]} ${value}`;
}

/** Bytes of the headers that Wireshark slices: what lies behind is not the protocol's there. */
const SLICED: Readonly<Record<string, number>> = { eth: 14, ip: 20, ipv6: 40, tcp: 20, udp: 8 };

function sliceOf(name: string, offset: number, size: number): string | undefined {
  const header = SLICED[name] ?? Number.POSITIVE_INFINITY;
  if (offset + size <= header) return `${name}[${offset}:${size}]`;
  return name === 'udp' && offset >= header ? `udp.payload[${offset - header}:${size}]` : undefined;
}

function ofField(
  [field, , bytes, mask, shift = 0]: (typeof NUMBERS)[number],
  op: RelationOperator,
  value: number,
  span: Span,
): string {
  const max = (mask ?? 2 ** (8 * bytes) - 1) >>> Math.max(0, shift);
  if (mask !== undefined && max === 1) {
    if (value === 0 && (op === '=' || op === '!=')) return `${field} == ${op === '=' ? 0 : 1}`;
    if (value === mask && (op === '=' || op === '!=')) return `${field} == ${op === '=' ? 1 : 0}`;
    throw unsaid(span);
  }
  if (shift > 0 && value % 2 ** shift !== 0) throw unsaid(span);
  return `${field} ${SIGNS[op]} ${shift < 0 ? value * 2 ** -shift : value / 2 ** shift}`;
}

function inner(expression: Arithmetic): Arithmetic {
  return expression.kind === 'parens' ? inner(expression.operand) : expression;
}

/** The value of arithmetic without loads. */
function constant(expression: Arithmetic): number | undefined {
  const whole = inner(expression);
  if (whole.kind === 'number') return whole.value;
  if (whole.kind !== 'binary') return undefined;
  const [a, b] = [constant(whole.left), constant(whole.right)];
  if (a === undefined || b === undefined) return undefined;
  switch (whole.op) {
    case '|':
      return (a | b) >>> 0;
    case '&':
      return (a & b) >>> 0;
    case '+':
      return (a + b) >>> 0;
    case '<<':
      return b < 32 ? (a << b) >>> 0 : 0;
    default:
      return undefined;
  }
}
