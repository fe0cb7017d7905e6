/** What would make a refused instruction pass, in terms of the registers at hand. */

import type { Instruction } from '../ebpf/instruction.js';
import { SKB, XDP_MD } from '../ebpf/programTypes.js';
import type { RejectionKind } from './kinds.js';
import type { Path } from './path.js';
import type { Moment, Retraced } from './retrace.js';
import * as scalars from './scalar.js';
import { type Pointer, pointsIntoPacket } from './value.js';

/** Empty where nothing better is known than what the rejection says itself. */
export function remedyFor(
  kind: RejectionKind,
  instruction: Instruction,
  { path, moments }: Retraced,
): string {
  const last = moments.at(-1)!;
  if (!('base' in instruction)) return '';
  const base = last.registers[instruction.base];
  if (base?.kind !== 'pointer') return '';
  const { offset, size } = instruction;
  if (kind === 'outside-packet' && pointsIntoPacket(base)) {
    if (path.rules.packet === 'none') {
      const load = 'LD_ABS, LD_IND or the helper skb_load_bytes';
      return path.rules.packetLoads ? `read it with ${load}` : 'read it with the helper skb_load_bytes';
    }
    return compareWithEnd(path, last, instruction.base, base, offset + size);
  }
  if (kind === 'outside-map-value') return limitOffset(moments, path, instruction.base, base, offset, size);
  return '';
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
  moments: readonly Moment[],
  path: Path,
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
