/** The memory that an argument of a helper names: where, how much, and what the helper does with it. */

import type { ArgumentKind, HelperSignature } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { mapOf, scalarOf, type Value } from './value.js';

/** What a helper does with bytes: read them, read and write them, or fill them without a look. */
export type Use = 'read' | 'write' | 'fill';

export interface Buffer {
  readonly value: Value;
  readonly register: number;
  /** Bytes, at most. */
  readonly size: number;
  readonly use: Use;
}

/** An argument: in which register, of which kind, and in which register what tells of it is; 0 for none. */
interface Argument {
  readonly register: number;
  readonly kind: ArgumentKind;
  readonly helper: HelperSignature;
  readonly of: number;
}

const FIXED: Readonly<Partial<Record<ArgumentKind, readonly [size: number, use: Use]>>> = {
  fixed20: [20, 'read'],
  fixed40: [40, 'read'],
  outFixed4: [4, 'fill'],
  outFixed8: [8, 'fill'],
};

/** `undefined` where the argument names no memory, or does not say yet how much. */
export function bufferOf(
  registers: { value(register: number): Value },
  { register, kind, helper, of }: Argument,
): Buffer | undefined {
  const buffer = (size: number, use: Use): Buffer => ({
    value: registers.value(register),
    register,
    size,
    use,
  });
  switch (kind) {
    case 'mapKey':
      return buffer(mapOf(registers.value(of))?.keySize ?? 0, 'read');
    case 'mapValue':
    case 'mapValueOrNull':
    case 'outMapValue':
      return buffer(mapOf(registers.value(of))?.valueSize ?? 0, kind === 'outMapValue' ? 'fill' : 'read');
    case 'size':
    case 'sizeOrZero': {
      const size = scalarOf(registers.value(register));
      const use = useOf(helper.arguments![of - 1]!, scalars.constantOf(size) !== undefined);
      return { value: registers.value(of), register: of, size: Number(size.wide.umax), use };
    }
    default: {
      const fixed = FIXED[kind];
      return fixed === undefined ? undefined : buffer(...fixed);
    }
  }
}

/** Of how many bytes a helper fills has to be known, else they have to be there before. */
function useOf(kind: ArgumentKind, isExact: boolean): Use {
  if (kind === 'outMemory' || kind === 'outMemoryOrNull') return isExact ? 'fill' : 'write';
  return kind === 'inOutMemory' ? 'write' : 'read';
}
