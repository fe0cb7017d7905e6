/**
 * What is asked of programs of users without CAP_BPF besides: their arithmetic on addresses is hardened against
 * speculation, and has to be of a kind that can be.
 * Linux `sanitize_ptr_alu`, `sanitize_check_bounds`, `retrieve_ptr_limit`.
 */

import { type Instruction, STACK_SIZE } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import type { Pointer } from '../state/value.js';
import { checkMapValue } from './memory.js';
import { type Point, reject } from './point.js';

/**
 * For the unprivileged an instruction does the same kind of arithmetic on every path: the kernel hardens
 * it against speculation, and can do so in one way only (Linux `sanitize_ptr_alu`).
 */
export function sameOnAllPaths(point: Point, form: string, distance = 0n, mayShrink = false): void {
  const before = point.elsewhere.operations.get(point.index);
  const fits =
    before === undefined ||
    (before.form === form && (mayShrink ? distance <= before.distance : distance === before.distance));
  if (!fits)
    reject(
      point,
      'pointer-arithmetic',
      'this instruction adds different things on different paths',
      'give each path an instruction of its own',
    );
  if (before === undefined) point.elsewhere.operations.set(point.index, { form, distance });
}

/** Before an address is moved by a register. */
export function checkHardening(
  point: Point,
  { op, operand }: Extract<Instruction, { kind: 'alu' }>,
  base: Pointer,
  isFirst: boolean,
  distance: scalars.Scalar,
): void {
  if (point.privileged || !('register' in operand)) return;
  if (base.type !== 'stack' && base.type !== 'mapValue')
    reject(
      point,
      'pointer-arithmetic',
      `a register added to a ${base.type} address`,
      'unprivileged programs may add constants only',
    );
  const by = scalars.constantOf(distance);
  const { smin, smax } = distance.wide;
  if (by === undefined && smin < 0n !== smax < 0n)
    reject(point, 'pointer-arithmetic', 'a number of either sign added to an address');
  checkWindow(point, op, base, distance);
  const order = isFirst ? 'address + register' : 'register + address';
  const form = `${order}, ${distance.wide.smin < 0n ? 'down' : 'up'}, ${by === undefined ? 'varying' : 'constant'}`;
  sameOnAllPaths(
    point,
    form,
    by === undefined ? distance.wide.umax : BigInt.asIntN(64, by),
    by === undefined,
  );
}

/** An address may be moved only from where there is room to move (`retrieve_ptr_limit`). */
export function checkWindow(point: Point, op: string, base: Pointer, distance: scalars.Scalar): void {
  const isDown = (op === 'add') === distance.wide.smin < 0n;
  const { smin, umax } = base.variable.wide;
  const isStack = base.type === 'stack';
  const limit = isStack
    ? -(base.offset + Number(BigInt.asIntN(64, base.variable.bits.value)))
    : Number(isDown ? smin : umax) + base.offset;
  const most = isStack ? STACK_SIZE + (isDown ? 1 : 0) : (base.map?.valueSize ?? 0);
  if (limit >= most)
    reject(point, 'pointer-arithmetic', `a ${base.type} address at the end of what it points to is moved`);
}

/** Unprivileged programs may not even compute addresses out of bounds. */
export function checkMoved(point: Point, moved: Pointer): void {
  if (point.privileged) return;
  if (moved.type === 'stack') {
    const at = scalars.constantOf(moved.variable);
    if (at === undefined)
      reject(
        point,
        'pointer-arithmetic',
        'a stack address with a variable offset',
        'that is for privileged users',
      );
    const offset = moved.offset + Number(BigInt.asIntN(64, at));
    if (offset >= 0 || offset < -STACK_SIZE)
      reject(
        point,
        'outside-stack',
        `stack address fp${offset}`,
        'stay within 512 bytes below the frame pointer',
      );
  }
  if (moved.type === 'mapValue') checkMapValue(point, moved, 0, 1);
}
