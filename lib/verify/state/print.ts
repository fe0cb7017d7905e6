/**
 * What is known of registers and stack slots, as the kernel's verifier prints it.
 * Linux `kernel/bpf/log.c`: `print_verifier_state`, `print_reg_state`, `print_scalar_ranges`.
 */

import { constantOf, FULL_32, FULL_64, type Scalar, UNKNOWN } from '../numbers/scalar.js';
import { ALL_BITS } from '../numbers/tnum.js';
import { type Frame, SLOT, type StackByte, type StackSlot, type State } from './state.js';
import type { Pointer, PointerType, Value } from './value.js';

const TYPE_NAMES: Readonly<Record<PointerType, string>> = {
  stack: 'fp',
  context: 'ctx',
  packet: 'pkt',
  packetMeta: 'pkt_meta',
  packetEnd: 'pkt_end',
  map: 'map_ptr',
  mapValue: 'map_value',
  mapValueOrNull: 'map_value_or_null',
  socket: 'sock_common',
  socketOrNull: 'sock_common_or_null',
  mapKey: 'map_key',
  record: 'ringbuf_mem',
  recordOrNull: 'ringbuf_mem_or_null',
  fullSocket: 'sock',
  fullSocketOrNull: 'sock_or_null',
  tcpSocket: 'tcp_sock',
  tcpSocketOrNull: 'tcp_sock_or_null',
  xdpSocket: 'xdp_sock',
  struct: 'ptr_',
  structOrNull: 'ptr_or_null_',
  function: 'func',
};

const BYTE_MARKS: Readonly<Record<StackByte, string>> = { none: '?', any: 'm', zero: '0', spill: 'r' };

/** Which registers (bits) and which stack slot to print. */
export interface Selection {
  readonly registers: number;
  readonly slot: number | undefined;
}

/** `R0=5 R1=ctx() R10=fp0 fp-8=mmmmmmmm`; with `frame1: ` in front in the frame of a function. */
export function printState(state: State, depth = state.frames.length - 1, selection?: Selection): string {
  const frame = state.frames[depth]!;
  const parts = depth === 0 ? [] : [`frame${depth}:`];
  for (const [register, value] of frame.registers.entries()) {
    if (value.kind === 'none') continue;
    if (selection !== undefined && (selection.registers & (1 << register)) === 0) continue;
    parts.push(`R${register}=${printValue(value, depth)}`);
  }
  for (const [slot, content] of frame.slots.entries()) {
    if (content === undefined || content.bytes.every((byte) => byte === 'none')) continue;
    if (selection !== undefined && selection.slot !== slot) continue;
    parts.push(`fp-${(slot + 1) * SLOT}=${printSlot(content, depth)}`);
  }
  return parts.join(' ');
}

export const hasAnything = ({ registers, slots }: Frame): boolean =>
  registers.some(({ kind }) => kind !== 'none') || slots.length > 0;

export function printValue(value: Value, depth: number): string {
  if (value.kind === 'none') return '';
  if (value.kind === 'pointer') return printPointer(value, depth);
  const constant = constantOf(value.scalar);
  if (constant !== undefined) return signedNumber(constant);
  const fields = [...(value.id === 0 ? [] : [`id=${value.id}`]), ...ranges(value.scalar)];
  return `scalar(${fields.join(',')})`;
}

function printPointer(value: Pointer, depth: number): string {
  const { type, id, offset, range, map, variable } = value;
  const name = TYPE_NAMES[type];
  const constant = constantOf(variable);
  const frame = type === 'stack' && value.frame !== depth ? `[${value.frame}]` : '';
  if (type === 'stack' && constant !== undefined)
    return `${name}${frame}${signedNumber(BigInt.asUintN(64, BigInt(offset) + constant))}`;
  const fields: string[] = [];
  if (id !== 0) fields.push(`id=${id}`);
  if (value.reference !== 0) fields.push(`ref_obj_id=${value.reference}`);
  if (map !== undefined) fields.push(`ks=${map.keySize},vs=${map.valueSize}`);
  if (offset !== 0) fields.push(`off=${signedNumber(BigInt.asUintN(64, BigInt(offset)))}`);
  if (type === 'packet' || type === 'packetMeta') fields.push(`r=${unsignedNumber(BigInt(range))}`);
  if (constant === undefined) fields.push(...ranges(variable));
  else if (constant !== 0n) fields.push(`imm=${signedNumber(constant)}`);
  return `${name}${frame}(${fields.join(',')})`;
}

/** The byte at the highest address comes first; a spilled register stands for its bytes. */
function printSlot({ bytes, spilled }: StackSlot, depth: number): string {
  if (bytes.every((byte) => byte === 'zero')) return '0';
  const isAnything = spilled.kind === 'scalar' && spilled.id === 0 && spilled.scalar === UNKNOWN;
  if (isAnything)
    return bytes
      .map((byte) => BYTE_MARKS[byte === 'spill' ? 'any' : byte])
      .reverse()
      .join('');
  const marks = [...bytes].reverse().map((byte) => BYTE_MARKS[byte]);
  const spill = marks.indexOf('r');
  return spill < 0 ? marks.join('') : `${marks.slice(0, spill).join('')}${printValue(spilled, depth)}`;
}

/** Decimal where it is short, as the kernel has it: 16 bits. Taken as unsigned 64 bits. */
function signedNumber(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  return signed >= -0x8000n && signed <= 0x7fffn ? `${signed}` : `0x${value.toString(16)}`;
}

const unsignedNumber = (value: bigint): string => (value <= 0xffffn ? `${value}` : `0x${value.toString(16)}`);

/** Limits that say something; those of one value share it: `smin=umin=5`. */
function ranges({ bits, wide, low }: Scalar): string[] {
  const extended = (value: bigint): bigint =>
    value >= -0x8000n && value <= 0x7fffn ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value);
  // The order matters: a limit shares its value with those two, four or six rows further down.
  const rows = [
    { name: 'smin', value: BigInt.asUintN(64, wide.smin), told: wide.smin === FULL_64.smin },
    { name: 'smax', value: BigInt.asUintN(64, wide.smax), told: wide.smax === FULL_64.smax },
    { name: 'umin', value: wide.umin, told: wide.umin === FULL_64.umin },
    { name: 'umax', value: wide.umax, told: wide.umax === FULL_64.umax },
    { name: 'smin32', value: extended(low.smin), told: low.smin === FULL_32.smin },
    { name: 'smax32', value: extended(low.smax), told: low.smax === FULL_32.smax },
    { name: 'umin32', value: low.umin, told: low.umin === FULL_32.umin },
    { name: 'umax32', value: low.umax, told: low.umax === FULL_32.umax },
  ];
  const isNegative = ({ name, value }: (typeof rows)[number]): boolean =>
    name.startsWith('s') && BigInt.asIntN(64, value) < 0n;
  const fields: string[] = [];
  for (const [at, row] of rows.entries()) {
    if (row.told) continue;
    let names = row.name;
    for (let next = at + 2; next < rows.length; next += 2) {
      const other = rows[next]!;
      if (other.told || other.value !== row.value || isNegative(other) !== isNegative(row)) continue;
      other.told = true;
      names += `=${other.name}`;
    }
    fields.push(`${names}=${row.name.startsWith('s') ? signedNumber(row.value) : unsignedNumber(row.value)}`);
  }
  if (bits.mask !== ALL_BITS)
    fields.push(`var_off=(0x${bits.value.toString(16)}; 0x${bits.mask.toString(16)})`);
  return fields;
}
