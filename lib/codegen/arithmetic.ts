/**
 * Arithmetic and relations: `ip[2:2] - 4*(ip[0] & 0xf) > len / 2`.
 *
 * Every value is computed into a scratch cell. A field of a protocol brings the test that the packet is
 * of that protocol; the tests of all fields of a relation stand before its computation. So `tcp[0] != 1`
 * still requires TCP. libpcap: `gen_load`, `gen_arth`, `gen_relation`.
 */

import { opcodes, SKF_AD_OFF } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { IPPROTO } from '../names/index.js';
import {
  type Arithmetic,
  type ArithmeticOperator,
  arithmeticPostorder,
  type Protocol,
  type RelationOperator,
} from '../syntax/index.js';
import { and, type Condition, not, TRUE, testX } from './condition.js';
import type { Context } from './context.js';
import { JUMPS, loadIpv4HeaderLength, type Size, sizeCode } from './load.js';
import { firstFragment } from './port.js';
import { ipv4Protocol, ipv6NextHeader, protocolNumber, protocolWord } from './protocol.js';

const {
  ABS,
  ADD,
  ALU,
  AND,
  DIV,
  IMM,
  IND,
  LD,
  LDX,
  LEN,
  LSH,
  MEM,
  MISC,
  MOD,
  MUL,
  NEG,
  OR,
  RSH,
  ST,
  SUB,
  TAX,
  X,
  XOR,
} = opcodes;

/** A computed value: how, where it is then, and what must hold of the packet. */
interface Value {
  readonly statements: Statement[];
  readonly cell: number;
  readonly requires: Condition;
}

const OPERATIONS: Readonly<Record<ArithmeticOperator, number>> = {
  '+': ADD,
  '-': SUB,
  '*': MUL,
  '/': DIV,
  '%': MOD,
  '&': AND,
  '|': OR,
  '^': XOR,
  '<<': LSH,
  '>>': RSH,
};

export function relation(
  context: Context,
  op: RelationOperator,
  left: Arithmetic,
  right: Arithmetic,
): Condition {
  const whole = context.span;
  const a = compute(context, left);
  const b = compute(context, right);
  context.at(whole);
  const statements = joined(context, a, b);
  context.scratch.free(a.cell);
  context.scratch.free(b.cell);
  const { op: jump, negated } = JUMPS[op];
  const test = testX(statements, jump, context.span);
  return and(and(b.requires, a.requires), negated ? not(test) : test);
}

/** Computes a value by itself, for its errors: part of an expression that has a syntax error behind it. */
export function checkArithmetic(context: Context, value: Arithmetic): void {
  compute(context, value);
}

function compute(context: Context, root: Arithmetic): Value {
  const values: Value[] = [];
  for (const node of arithmeticPostorder(root)) {
    context.at(node.span);
    switch (node.kind) {
      case 'number': {
        const cell = context.temporary();
        const statements = [context.statement(LD | IMM, node.value), context.statement(ST, cell)];
        values.push({ statements, cell, requires: TRUE });
        break;
      }
      case 'len': {
        const cell = context.temporary();
        const statements = [context.statement(LD | LEN), context.statement(ST, cell)];
        values.push({ statements, cell, requires: TRUE });
        break;
      }
      case 'parens':
        break;
      case 'negate': {
        const { statements, cell, requires } = values.pop()!;
        const negation = [
          context.statement(LD | MEM, cell),
          context.statement(ALU | NEG),
          context.statement(ST, cell),
        ];
        statements.push(...negation);
        values.push({ statements, cell, requires });
        break;
      }
      case 'binary': {
        const b = values.pop()!;
        const a = values.pop()!;
        values.push(binary(context, node.op, a, b));
        break;
      }
      case 'index': {
        const offset = values.pop()!;
        values.push(field(context, node.protocol, offset, node.size?.value ?? 1));
        break;
      }
    }
  }
  return values.pop()!;
}

function binary(context: Context, op: ArithmeticOperator, a: Value, b: Value): Value {
  refuseEdges(context, op, b);
  const statements = joined(context, a, b);
  context.scratch.free(a.cell);
  context.scratch.free(b.cell);
  const cell = context.temporary();
  statements.push(context.statement(ALU | OPERATIONS[op] | X), context.statement(ST, cell));
  return { statements, cell, requires: a.requires };
}

/** Computes both, then A = the left one, X = the right one. Appends to the left one's own statements. */
function joined(context: Context, a: Value, b: Value): Statement[] {
  for (const statement of b.statements) a.statements.push(statement);
  a.statements.push(context.statement(LDX | MEM, b.cell), context.statement(LD | MEM, a.cell));
  return a.statements;
}

/** Constants that make no sense. Only the divisor's first instruction is looked at, as in libpcap. */
function refuseEdges(context: Context, op: ArithmeticOperator, { statements }: Value): void {
  const [first] = statements;
  if (first?.code !== (LD | IMM)) return;
  if (op === '/' && first.k === 0) context.fail('division by zero');
  if (op === '%' && first.k === 0) context.fail('modulus by zero');
  if ((op === '<<' || op === '>>') && first.k > 31) context.fail('shift by more than 31 bits');
}

/** What `PROTOCOL[…]` counts from. */
type FieldBase = 'radio' | 'link' | 'network' | 'ipv4-transport' | 'icmp6';

/** Protocols whose fields stand behind an IPv4 header; over IPv6 they are not looked for. */
const IPV4_NUMBERS: ReadonlyMap<Protocol, number> = new Map<Protocol, number>([
  ['tcp', IPPROTO.TCP],
  ['udp', IPPROTO.UDP],
  ['sctp', IPPROTO.SCTP],
  ['icmp', IPPROTO.ICMP],
  ['igmp', IPPROTO.IGMP],
  ['igrp', IPPROTO.IGRP],
  ['pim', IPPROTO.PIM],
  ['vrrp', IPPROTO.VRRP],
  ['carp', IPPROTO.CARP],
]);

const FIELDS: ReadonlyMap<Protocol, FieldBase> = new Map<Protocol, FieldBase>([
  ['radio', 'radio'],
  ['link', 'link'],
  ...(['ip', 'ip6', 'arp', 'rarp', 'atalk', 'decnet', 'sca', 'lat', 'moprc', 'mopdl'] as const).map(
    (word) => [word, 'network'] as const,
  ),
  ...[...IPV4_NUMBERS.keys()].map((word) => [word, 'ipv4-transport'] as const),
  ['icmp6', 'icmp6'],
]);

function field(context: Context, protocol: Protocol, offset: Value, size: number): Value {
  const cell = context.temporary();
  context.scratch.free(offset.cell);
  if (size !== 1 && size !== 2 && size !== 4) {
    return context.fail('data size must be 1, 2, or 4', 'compare longer fields in two parts');
  }
  const base = FIELDS.get(protocol);
  if (base === undefined) {
    const hint = 'fields can be taken of link, ip, ip6, arp, tcp, udp, icmp, icmp6 and others of their kind';
    return context.fail(`'${protocol}' does not support the index operation`, hint);
  }
  const metadata = metadataOffset(context, base, offset);
  if (metadata !== undefined) {
    const load = context.statement(LD | ABS | sizeCode(size), metadata);
    return { statements: [load, context.statement(ST, cell)], cell, requires: offset.requires };
  }
  const [requires, statements] = fieldLoad(context, base, protocol, offset, size);
  offset.statements.push(...statements, context.statement(ST, cell));
  return { statements: offset.statements, cell, requires };
}

/**
 * The place of the kernel's metadata that `ether[-4048]` stands for in a live capture. Linux has it in absolute loads only
 * (SKF_AD_OFF, linux/filter.h); libpcap's optimizer happens to make one of a constant offset, and users rely on it.
 */
function metadataOffset(context: Context, base: FieldBase, { statements }: Value): number | undefined {
  const { link } = context.headers;
  const { mode, foldMetadata } = context.settings;
  if (!foldMetadata || mode !== 'linux-live' || base !== 'link' || link.slot !== undefined) return undefined;
  const [number, , , negation] = statements;
  if (number?.code !== (LD | IMM) || !(statements.length === 2 || negation?.code === (ALU | NEG)))
    return undefined;
  if (statements.length !== 2 && statements.length !== 5) return undefined;
  const offset = (link.constant + (statements.length === 2 ? number.k : -number.k)) >>> 0;
  return offset >= SKF_AD_OFF ? offset : undefined;
}

/** The test for the protocol, joined to what the offset requires, and the load itself. */
function fieldLoad(
  context: Context,
  base: FieldBase,
  protocol: Protocol,
  { cell, requires }: Value,
  size: Size,
): [Condition, Statement[]] {
  const { link, payload, network, row, transport } = context.headers;
  const loadA = (constant: number) => context.statement(LD | IND | sizeCode(size), constant);
  /** X = the offset, plus what X holds already. */
  const toX = (x: readonly Statement[]) =>
    x.length === 0
      ? [context.statement(LDX | MEM, cell)]
      : [
          ...x,
          context.statement(LD | MEM, cell),
          context.statement(ALU | ADD | X),
          context.statement(MISC | TAX),
        ];
  switch (base) {
    case 'radio':
      if (row.radioFields !== true) return context.fail('radio information not present in capture');
      return [requires, [context.statement(LDX | MEM, cell), loadA(0)]];
    case 'link':
      return [requires, [...toX(context.loadX(link)), loadA(link.constant)]];
    case 'network': {
      const statements = [...toX(context.loadX(payload)), loadA(payload.constant + network)];
      return [and(requires, protocolWord(context, protocol)), statements];
    }
    case 'ipv4-transport': {
      if (transport !== undefined) {
        const isThere = ipv4Protocol(context, IPV4_NUMBERS.get(protocol)!);
        return [and(requires, isThere), [...toX(context.loadX(transport.start)), loadA(0)]];
      }
      const statements = [...toX(loadIpv4HeaderLength(context)), loadA(payload.constant + network)];
      const test = and(protocolNumber(context, IPV4_NUMBERS.get(protocol)!, 'ip'), firstFragment(context));
      return [and(requires, test), statements];
    }
    case 'icmp6': {
      const ip6 = and(requires, protocolWord(context, 'ip6'));
      const all = and(ip6, ipv6NextHeader(context, IPPROTO.ICMPV6));
      const [start, constant] =
        transport === undefined ? [payload, payload.constant + network + 40] : [transport.start, 0];
      return [all, [...toX(context.loadX(start)), loadA(constant)]];
    }
  }
}
