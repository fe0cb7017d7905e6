/** What BTF of an object says of its functions and maps, as the verifier is told. */

import { type Btf, type BtfType, type HookName, type MapDefinition, ObjectError } from '../elf/index.js';
import type { FunctionInfo, MapInfo } from '../verify/index.js';

/** The structure that programs of a type are given as their context. */
const contextOf = (type: HookName): string => (type === 'xdp' ? 'xdp_md' : '__sk_buff');
const NUMBERS: ReadonlySet<BtfType['kind']> = new Set<BtfType['kind']>(['int', 'enum', 'enum64']);
const MOST_PARAMETERS = 5;

/** Functions by their first slots; `undefined` where the object does not say of each what it is. */
export function functionInfos(
  types: Btf | undefined,
  functions: readonly { readonly start: number; readonly type?: BtfType | undefined }[],
  hook: HookName,
): ReadonlyMap<number, FunctionInfo> | undefined {
  if (types === undefined || functions.some(({ type }) => type?.kind !== 'func')) return undefined;
  const tags = types.ofKind('declTag');
  return new Map(
    functions.map(({ start, type }) => [start, functionInfo(types, type!, tags, contextOf(hook))]),
  );
}

function functionInfo(
  types: Btf,
  { id, isGlobal, type }: BtfType,
  tags: readonly BtfType[],
  context: string,
): FunctionInfo {
  const { members, type: result } = types.type(type);
  const { kind } = types.bare(result);
  return {
    linkage: isGlobal ? 'global' : 'static',
    returns: NUMBERS.has(kind) ? 'number' : 'other',
    parameters:
      members.length > MOST_PARAMETERS
        ? ['other']
        : members.map((one, at) =>
            parameter(
              types,
              one.type,
              tags.flatMap(({ type, length, name }) => (type === id && length === at ? [name] : [])),
              context,
            ),
          ),
  };
}

/** `tags`: what `__arg_ctx` and its like say of it (`btf_prepare_func_args`). */
function parameter(
  types: Btf,
  id: number,
  tags: readonly string[],
  context: string,
): NonNullable<FunctionInfo['parameters']>[number] {
  const type = types.bare(id);
  if (NUMBERS.has(type.kind)) return 'number';
  if (type.kind !== 'ptr') return 'other';
  const target = types.bare(type.type);
  if (target.kind === 'struct' && target.name === context) return 'context';
  if (target.kind === 'void' && tags.includes('arg:ctx')) return 'context';
  if (tags.some((tag) => tag.startsWith('arg:') && tag !== 'arg:nonnull')) return 'other';
  const bytes = target.name === 'bpf_dynptr' ? 0 : types.sizeOf(type.type);
  return bytes === 0 ? 'other' : { bytes, ...(tags.length > 0 ? { isThere: true } : {}) };
}

/** Structures in values that no program reads or writes, and what they are (`btf_get_field_type`). */
const SPECIAL: Readonly<Record<string, string>> = {
  bpf_spin_lock: 'lock',
  bpf_timer: 'timer',
  bpf_wq: 'work queue',
  bpf_list_head: 'list',
  bpf_rb_root: 'tree',
  bpf_refcount: 'count of references',
};
/** Tags of addresses of the kernel's own. */
const KERNEL_POINTERS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);

type Field = NonNullable<MapInfo['special']>[number];

/** What of each value of a map is for helpers alone: where its lock is, and all else. */
export function fieldsOf(
  types: Btf | undefined,
  { valueType }: MapDefinition,
): Pick<MapInfo, 'spinLock' | 'special'> {
  const fields =
    types === undefined || valueType === 0
      ? []
      : [...specialIn(types, valueType, 0, { left: MOST_LOOKED_AT })];
  return {
    spinLock: fields.find(({ name }) => name === SPECIAL.bpf_spin_lock)?.offset,
    special: fields.filter(({ name }) => name !== SPECIAL.bpf_spin_lock),
  };
}

/** Members of members that are looked at: types that are made of themselves have no end. */
const MOST_LOOKED_AT = 1 << 16;
const DEEPEST = 32;

function* specialIn(
  types: Btf,
  id: number,
  offset: number,
  looked: { left: number },
  depth = 0,
): Generator<Field, void> {
  if (looked.left-- === 0 || depth > DEEPEST)
    throw new ObjectError(`BTF: type ${id} has too many members, or is made of itself`);
  const { kind, name, members, variables, type } = types.bare(id);
  const special = kind === 'struct' ? SPECIAL[name] : undefined;
  if (special !== undefined) yield { offset, size: types.sizeOf(id), name: special };
  else if (kind === 'ptr') {
    const target = types.type(type);
    if (target.kind === 'typeTag' && KERNEL_POINTERS.has(target.name))
      yield { offset, size: types.sizeOf(id), name: 'kernel pointer' };
  } else if (kind === 'struct')
    for (const member of members)
      yield* specialIn(types, member.type, offset + member.bitOffset / 8, looked, depth + 1);
  else if (kind === 'datasec')
    for (const variable of variables)
      yield* specialIn(types, types.bare(variable.type).type, offset + variable.offset, looked, depth + 1);
  else if (kind === 'array') {
    // All elements are taken for what the first has.
    const [first] = specialIn(types, type, offset, looked, depth + 1);
    if (first !== undefined) yield { offset, size: types.sizeOf(id), name: first.name };
  }
}
