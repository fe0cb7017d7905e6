/** What BTF of an object says of its functions and maps, as the verifier is told. */

import type { Btf, BtfType, MapDefinition } from '../elf/index.js';
import type { FunctionInfo } from '../verify/index.js';

/** Structures that programs are given as their context. */
const CONTEXTS: ReadonlySet<string> = new Set(['__sk_buff', 'xdp_md']);
const NUMBERS: ReadonlySet<BtfType['kind']> = new Set<BtfType['kind']>(['int', 'enum', 'enum64']);
const MOST_PARAMETERS = 5;

/** Functions by their first slots; `undefined` where the object does not say of each what it is. */
export function functionInfos(
  types: Btf | undefined,
  functions: readonly { readonly start: number; readonly type?: BtfType | undefined }[],
): ReadonlyMap<number, FunctionInfo> | undefined {
  if (types === undefined || functions.some(({ type }) => type?.kind !== 'func')) return undefined;
  return new Map(functions.map(({ start, type }) => [start, functionInfo(types, type!)]));
}

function functionInfo(types: Btf, { isGlobal, type }: BtfType): FunctionInfo {
  const { members, type: result } = types.type(type);
  const { kind } = types.bare(result);
  return {
    linkage: isGlobal ? 'global' : 'static',
    returns: NUMBERS.has(kind) ? 'number' : 'other',
    parameters:
      members.length > MOST_PARAMETERS ? ['other'] : members.map((one) => parameter(types, one.type)),
  };
}

function parameter(types: Btf, id: number): NonNullable<FunctionInfo['parameters']>[number] {
  const type = types.bare(id);
  if (NUMBERS.has(type.kind)) return 'number';
  if (type.kind !== 'ptr') return 'other';
  const target = types.bare(type.type);
  if (target.kind === 'struct' && CONTEXTS.has(target.name)) return 'context';
  const bytes = types.sizeOf(type.type);
  return bytes === 0 ? 'other' : { bytes };
}

/** Where in each value of a map a `struct bpf_spin_lock` is; `undefined` where there is none. */
export function lockOf(types: Btf | undefined, { valueType }: MapDefinition): number | undefined {
  if (types === undefined || valueType === 0) return undefined;
  const { kind, variables } = types.bare(valueType);
  if (kind !== 'datasec') return lockIn(types, valueType);
  for (const { type, offset } of variables) {
    const lock = lockIn(types, types.bare(type).type);
    if (lock !== undefined) return offset + lock;
  }
  return undefined;
}

function lockIn(types: Btf, id: number): number | undefined {
  const { kind, name, members } = types.bare(id);
  if (kind !== 'struct') return undefined;
  if (name === 'bpf_spin_lock') return 0;
  for (const { type, bitOffset } of members) {
    const lock = lockIn(types, type);
    if (lock !== undefined) return bitOffset / 8 + lock;
  }
  return undefined;
}
