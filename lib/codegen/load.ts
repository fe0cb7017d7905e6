/**
 * Loads and comparisons relative to a header.
 *
 * All offsets are unsigned 32-bit sums that wrap, also those that start from an unset offset.
 */

import { opcodes } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { and, type Condition, FALSE, not, TRUE, testK } from './condition.js';
import type { Context, Offset } from './context.js';

const { ABS, ADD, ALU, AND, B, H, IND, JEQ, JGE, JGT, JSET, K, LD, LDX, LSH, MEM, MISC, MSH, TAX, W, X } =
  opcodes;

/** What an offset counts from. */
export type Base =
  | 'packet'
  | 'link'
  /** The link-layer header that encloses this one. */
  | 'outer-link'
  | 'type'
  /** LLC header, at the start of the payload. */
  | 'llc'
  /** Network header. */
  | 'network'
  | 'network-no-snap'
  /** The MPLS label before the one that comes next. */
  | 'last-label'
  /** Behind an IPv4 header of any length. */
  | 'ipv4-transport'
  /** Behind an IPv6 header without extensions. */
  | 'ipv6-transport';

export type Size = 1 | 2 | 4;
export const sizeCode = (size: Size): number => (size === 1 ? B : size === 2 ? H : W);

/** Loads A. */
export function load(context: Context, base: Base, offset: number, size: Size): Statement[] {
  const { link, outerLink, type, payload, network, noSnap, transport } = context.headers;
  const from = (start: Offset, distance: number) => loadFrom(context, start, distance, size);
  if (transport !== undefined && /-transport$/.test(base)) return from(transport.start, offset);
  switch (base) {
    case 'packet':
      return [context.statement(LD | ABS | sizeCode(size), offset)];
    case 'link':
      return from(link, offset);
    case 'outer-link':
      return from(outerLink, offset);
    case 'type':
      return from(type, offset);
    case 'llc':
      return from(payload, offset);
    case 'network':
      return from(payload, network + offset);
    case 'network-no-snap':
      return from(payload, noSnap + offset);
    case 'last-label':
      return from(payload, network - 4 + offset);
    case 'ipv6-transport':
      return from(payload, network + 40 + offset);
    case 'ipv4-transport':
      return [
        ...loadIpv4HeaderLength(context),
        context.statement(LD | IND | sizeCode(size), payload.constant + network + offset),
      ];
  }
}

function loadFrom(context: Context, start: Offset, distance: number, size: Size): Statement[] {
  const x = context.loadX(start);
  const mode = x.length > 0 ? IND : ABS;
  return [...x, context.statement(LD | mode | sizeCode(size), start.constant + distance)];
}

/** X = bytes of the IPv4 header, plus the varying part of the payload's offset. */
export function loadIpv4HeaderLength(context: Context): Statement[] {
  const { payload, network } = context.headers;
  const x = context.loadX(payload);
  if (x.length === 0) return [context.statement(LDX | B | MSH, payload.constant + network)];
  // `4*([k]&0xf)` takes a constant offset only.
  return [
    ...x,
    context.statement(LD | IND | B, payload.constant + network),
    context.statement(ALU | AND | K, 0xf),
    context.statement(ALU | LSH | K, 2),
    context.statement(ALU | ADD | X),
    context.statement(MISC | TAX),
  ];
}

export type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<=';

/** The machine tests `=`, `>` and `>=`; the others are their negations. */
export const JUMPS: Readonly<Record<Comparison, { readonly op: number; readonly negated: boolean }>> = {
  '=': { op: JEQ, negated: false },
  '!=': { op: JEQ, negated: true },
  '>': { op: JGT, negated: false },
  '>=': { op: JGE, negated: false },
  '<': { op: JGE, negated: true },
  '<=': { op: JGT, negated: true },
};

/** A field against a number, under a mask perhaps. */
export function compare(
  context: Context,
  base: Base,
  offset: number,
  size: Size,
  value: number,
  mask = 0xffff_ffff,
  comparison: Comparison = '=',
): Condition {
  if (mask === 0 && comparison === '=') return value === 0 ? TRUE : FALSE;
  const statements = load(context, base, offset, size);
  if (mask !== 0xffff_ffff) statements.push(context.statement(ALU | AND | K, mask));
  const { op, negated } = JUMPS[comparison];
  const test = testK(statements, op, value, context.span);
  return negated ? not(test) : test;
}

/** That IP carries a protocol, by a byte of the network header, or by what `transport` has found. */
export function carries(context: Context, offset: number, number: number): Condition {
  const { transport } = context.headers;
  if (transport === undefined) return compare(context, 'network', offset, 1, number);
  return testK([context.statement(LD | MEM, transport.number)], JEQ, number, context.span);
}

/** Whether a byte has any of these bits. */
export function anyBit(context: Context, base: Base, offset: number, bits: number): Condition {
  return testK(load(context, base, offset, 1), JSET, bits, context.span);
}

/** A field of any length against bytes: words first, from the end of the field to its start. */
export function compareBytes(
  context: Context,
  base: Base,
  offset: number,
  bytes: ArrayLike<number>,
): Condition {
  let condition: Condition = TRUE;
  for (let end = bytes.length; end > 0; ) {
    const size: Size = end >= 4 ? 4 : end >= 2 ? 2 : 1;
    end -= size;
    let value = 0;
    for (let index = end; index < end + size; index++) value = value * 256 + bytes[index]!;
    condition = and(condition, compare(context, base, offset + end, size, value));
  }
  return condition;
}
