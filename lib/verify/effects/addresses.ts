/** What is known of addresses that have been moved. Linux `adjust_ptr_min_max_vals`. */

import type { Instruction } from '../../ebpf/index.js';
import * as linux from '../numbers/linuxBounds.js';
import * as scalars from '../numbers/scalar.js';
import { normalize, type Scalar } from '../numbers/scalar.js';
import { isContradiction, movedBy } from '../state/addresses.js';
import { ANY_NUMBER, type Pointer, pointsIntoPacket, scalarOf, type Value } from '../state/value.js';
import type { Path } from './path.js';

type Alu = Extract<Instruction, { kind: 'alu' }>;

/** The result of an operation of which at least one operand is an address. */
export function pointerArithmetic(path: Path, { op, width }: Alu, target: Value, source: Value): Value {
  if (target.kind === 'pointer' && source.kind === 'pointer') return ANY_NUMBER;
  const isFirst = target.kind === 'pointer';
  const base = (isFirst ? target : source) as Pointer;
  const distance = scalarOf(isFirst ? source : target);
  if (width === 32 || isContradiction(distance)) return ANY_NUMBER;
  const moved = movedBy(base, op as 'add' | 'sub', distance);
  if (scalars.constantOf(distance) !== undefined) return { ...base, offset: moved.offset };
  const variable = synchronized(path, moved.variable);
  if (!pointsIntoPacket(base)) return { ...base, variable };
  // Less than what is known of the old address holds for the new one where it is no further on.
  const keepsRange = op === 'sub' && distance.wide.smin >= 0n;
  return { ...base, variable, id: path.newId(), range: keepsRange ? base.range : 0 };
}

function synchronized(path: Path, raw: Scalar): Scalar {
  if (!path.isLinux) return normalize(raw) ?? raw;
  const bounds = linux.open(raw);
  linux.sync(bounds);
  return linux.close(bounds);
}
