/**
 * What reads give, and what writes leave.
 * Linux `check_mem_access`, `check_atomic_rmw`, `check_ld_abs`.
 */

import type { Instruction, Size } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { contextAccess } from '../rules/context.js';
import { copyState } from '../state/state.js';
import { ANY_NUMBER, known, NONE, number, type Pointer, pointer, type Value } from '../state/value.js';
import { returnToCaller } from './calls.js';
import type { Path } from './path.js';
import { loadStack, type Stored, storeStack } from './stack.js';

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;

export function load(path: Path, { dst, base, offset, size, signExtend }: Of<'load'>): void {
  const value = loaded(path, path.address(base), offset, size);
  path.write(dst, value.kind === 'scalar' ? cut(path, value, size, signExtend) : value);
}

/** The bytes that were loaded, as a number of 64 bits. */
function cut(path: Path, value: Extract<Value, { kind: 'scalar' }>, size: Size, signExtend: boolean): Value {
  if (size === 8) return value;
  const { scalar, id, delta, added } = value;
  if (signExtend) return number(path.numbers.moveSigned(scalar, (size * 8) as 8, 64), id, delta, added);
  if (scalar === scalars.UNKNOWN) return number(scalars.loaded(size));
  return number(path.numbers.cut(scalar, size), id, delta, added);
}

/** What lies there, not yet cut to its size. */
function loaded(path: Path, from: Pointer, offset: number, size: Size): Value {
  path.notes.access(path.index, from.type);
  switch (from.type) {
    case 'context':
      return contextValue(path, offset, size);
    case 'stack':
      return loadStack(path, from, offset, size);
    case 'struct': {
      const what = from.of!.read(
        from.offset + offset + Number(scalars.constantOf(from.variable) ?? 0n),
        size,
      );
      return typeof what === 'object' ? pointer('struct', { of: what }) : number(scalars.UNKNOWN);
    }
    case 'mapValue':
      return constantValue(path, from, offset, size) ?? number(scalars.UNKNOWN);
    default:
      return number(scalars.UNKNOWN);
  }
}

function contextValue(path: Path, offset: number, size: Size): Value {
  const { rules, privileged, options } = path;
  const access = contextAccess(rules, offset, size, false, privileged, options.attach === 'egress');
  if (access?.kind !== 'pointer') return number(scalars.UNKNOWN);
  return pointer(access.type, access.type === 'socketOrNull' ? { id: path.newId() } : {});
}

/** What a value holds that nobody changes any more (`bpf_map_direct_read`). */
function constantValue(
  { options }: Path,
  { map, variable, offset: moved }: Pointer,
  offset: number,
  size: Size,
): Value | undefined {
  const by = scalars.constantOf(variable);
  if (map?.contents === undefined || by === undefined) return undefined;
  const at = moved + offset + Number(by);
  let value = 0n;
  for (let done = 0; done < size; done++) {
    const byte = options.bigEndian === true ? done : size - 1 - done;
    value = (value << 8n) | BigInt(map.contents[at + byte] ?? 0);
  }
  return known(value);
}

export function store(path: Path, { base, offset, size, operand }: Of<'store'>): void {
  const register = 'register' in operand ? operand.register : undefined;
  stored(path, path.address(base), offset, size, { value: path.operand(operand), register });
}

function stored(path: Path, to: Pointer, offset: number, size: Size, what: Stored): void {
  path.notes.access(path.index, to.type);
  if (to.type === 'stack') storeStack(path, to, offset, size, what);
}

export function atomic(path: Path, { op, fetch, size, base, offset, src }: Of<'atomic'>): void {
  const target = path.address(base);
  const before = loaded(path, target, offset, size);
  stored(path, target, offset, size, { value: ANY_NUMBER, register: undefined, isOpaque: true });
  // A fetched address is still one.
  if (fetch)
    path.write(
      op === 'cmpxchg' ? 0 : src,
      before.kind === 'scalar' ? cut(path, before, size, false) : before,
    );
}

/** A load that is ordered. */
export function loadAcquire(path: Path, { size, dst, base, offset }: Of<'loadAcquire'>): void {
  const value = loaded(path, path.address(base), offset, size);
  path.write(dst, value.kind === 'scalar' ? cut(path, value, size, false) : value);
}

export function storeRelease(path: Path, { size, base, offset, src }: Of<'storeRelease'>): void {
  stored(path, path.address(base), offset, size, { value: path.value(src), register: src });
}

export function packetLoad(path: Path, { size }: Of<'packet'>): void {
  // A function ends with 0 where the packet is too short.
  if (path.state.frames.length > 1) {
    const state = copyState(path.state);
    path.walker.fork(state, returnToCaller(state, known(0n)));
  }
  for (let register = 1; register <= 5; register++) path.frame.registers[register] = NONE;
  path.frame.registers[0] = path.isLinux ? ANY_NUMBER : number(scalars.loaded(size));
}
