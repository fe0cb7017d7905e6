/** Comparisons of addresses, of which the unprivileged may make few. Linux `check_cond_jmp_op`. */

import type { Instruction } from '../../ebpf/index.js';
import { certainOutcome, isNullCheck, isPacketOrEnd, packetTest } from '../state/comparisons.js';
import { NOT_NULL } from '../state/value.js';
import { type Point, reject } from './point.js';

type Branch = Extract<Instruction, { kind: 'branch' }>;

export function checkComparison(point: Point, instruction: Branch): void {
  if (point.privileged) return;
  const { op, width, dst, operand } = instruction;
  const left = point.value(dst);
  const right = point.operand(operand);
  if (left.kind !== 'pointer' && right.kind !== 'pointer') return;
  const isPacketPair = isPacketOrEnd(left) && isPacketOrEnd(right);
  if (right.kind === 'pointer' && !isPacketPair) rejectComparison(point, operand);
  if (left.kind !== 'pointer' || certainOutcome(op, width, left, right) !== undefined) return;
  if (isNullCheck(instruction, right) && NOT_NULL[left.type] !== undefined) return;
  if (width === 64 && right.kind === 'pointer' && packetTest(op, dst, left, -1, right) !== undefined) return;
  rejectComparison(point, { register: dst });
}

function rejectComparison(point: Point, operand: Branch['operand']): never {
  reject(
    point,
    'pointer-leak',
    `${'register' in operand ? `r${operand.register}` : 'it'} is an address and is compared`,
    'unprivileged programs may only compare with null and the end of the packet',
  );
}
