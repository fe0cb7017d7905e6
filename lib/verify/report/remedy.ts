/** What would make a refused instruction pass, in terms of the registers at hand. */

import { type Instruction, SKB, XDP_MD } from '../../ebpf/index.js';
import type { Path } from '../effects/path.js';
import * as scalars from '../numbers/scalar.js';
import type { RejectionKind } from '../rules/kinds.js';
import { SLOT } from '../state/state.js';
import { type Pointer, pointsIntoPacket, type Value } from '../state/value.js';
import type { Moment, Retraced } from '../walk/retrace.js';

/** Empty where nothing better is known than what the rejection says itself. */
export function remedyFor(kind: RejectionKind, instruction: Instruction, retraced: Retraced): string {
  const { path, moments } = retraced;
  const last = moments.at(-1)!;
  if (kind === 'bad-size') return limitSize(last);
  if (kind === 'uninitialized-stack') return fillStack(instruction, last);
  if (kind === 'unbounded-offset' && instruction.kind === 'alu') return limitNumber(instruction, last);
  if (!('base' in instruction)) return '';
  const base = last.registers[instruction.base];
  if (base?.kind !== 'pointer') return '';
  const { offset, size } = instruction;
  switch (kind) {
    case 'outside-packet':
      if (!pointsIntoPacket(base)) return '';
      if (path.rules.packet !== 'none')
        return compareWithEnd(path, last, instruction.base, base, offset + size);
      return path.rules.packetLoads
        ? 'read it with LD_ABS, LD_IND or the helper skb_load_bytes'
        : 'read it with the helper skb_load_bytes';
    case 'outside-map-value':
    case 'unbounded-offset':
      return base.type === 'mapValue' ? limitOffset(retraced, instruction.base, base, offset, size) : '';
    case 'misaligned':
      return `use an offset that makes the address a multiple of ${size}, or smaller accesses`;
    default:
      return '';
  }
}

/** A number that is added to an address without a limit on either side. */
function limitNumber({ dst, operand }: Extract<Instruction, { kind: 'alu' }>, { registers }: Moment): string {
  const used = [dst, ...('register' in operand ? [operand.register] : [])];
  const register = used.find((one) => registers[one]!.kind === 'scalar');
  const value = register === undefined ? undefined : registers[register];
  if (value?.kind !== 'scalar' || value.scalar.wide.smin >= 0n) return '';
  return `r${register} may be negative: compare it unsigned first, if r${register} > N goto …, or mask it, r${register} &= N`;
}

/** A number that a helper takes for a size: not negative, not 0, with a limit. */
function limitSize({ registers }: Moment): string {
  for (const [register, value] of registers.slice(0, 6).entries()) {
    if (register === 0 || value.kind !== 'scalar') continue;
    const { smin, umin, umax } = value.scalar.wide;
    if (smin < 0n || umax > 0x1fff_ffffn)
      return `limit r${register} first: if r${register} > N goto …, with N the bytes there are, or r${register} &= a mask`;
    if (umin === 0n && umax > 0n) return `leave 0 out first: if r${register} == 0 goto …`;
  }
  return '';
}

/** The bytes of the stack that have to be written first. */
function fillStack(instruction: Instruction, { registers }: Moment): string {
  const isStack = (value: Value | undefined): value is Pointer =>
    value?.kind === 'pointer' && value.type === 'stack';
  const base = 'base' in instruction ? registers[instruction.base] : registers.slice(1, 6).find(isStack);
  if (!isStack(base)) return '';
  const at = base.offset + ('offset' in instruction ? instruction.offset : 0);
  const slot = Math.floor(at / SLOT) * SLOT;
  return slot < 0 ? `write them first: *(u64 *)(r10 - ${-slot}) = …` : '';
}

/** The comparison with the packet's end that is missing, or reaches too short. */
function compareWithEnd(path: Path, last: Moment, register: number, base: Pointer, reach: number): string {
  if (reach <= 0 || base.offset < 0) return '';
  const { umax } = base.variable.wide;
  if (umax > 0xffffn)
    return `limit the number added to r${register} to 65535 first, then compare with the end of the packet`;
  const end = last.registers.findIndex((value) => value.kind === 'pointer' && value.type === 'packetEnd');
  const test = (name: string): string =>
    `compare r${register} + ${reach} with ${name}, the end of the packet, before this: if r${register} + ${reach} > ${name} goto …`;
  if (end >= 0) return test(`r${end}`);
  const field = path.options.type === 'xdp' ? XDP_MD.dataEnd : SKB.dataEnd;
  const context = last.registers.findIndex((value) => value.kind === 'pointer' && value.type === 'context');
  const from = context >= 0 ? `r${context}` : 'context';
  return `${test('rN')}, with rN = *(u32 *)(${from} + ${field})`;
}

/** A limit for what was last added to the address. */
function limitOffset(
  { moments, path }: Retraced,
  register: number,
  base: Pointer,
  offset: number,
  size: number,
): string {
  const room = (base.map?.valueSize ?? 0) - base.offset - offset - size;
  if (scalars.constantOf(base.variable) !== undefined || room < 0) {
    return `the value has ${base.map?.valueSize ?? 0} bytes: read at an offset of at most ${Math.max(0, (base.map?.valueSize ?? 0) - size)}`;
  }
  const added = moments.findLast(({ index }) => {
    const instruction = path.instructions[index];
    return (
      instruction?.kind === 'alu' &&
      instruction.op === 'add' &&
      instruction.dst === register &&
      'register' in instruction.operand
    );
  });
  const instruction = added === undefined ? undefined : path.instructions[added.index];
  if (added === undefined || instruction?.kind !== 'alu' || !('register' in instruction.operand)) return '';
  const name = `r${instruction.operand.register}`;
  return `limit ${name} before instruction ${added.index}: if ${name} > ${room} goto …`;
}
