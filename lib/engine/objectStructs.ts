/** Structures of the kernel as its BTF has them, for programs that read them. Linux `btf_struct_walk`. */

import type { Btf, BtfType } from '../elf/index.js';
import type { StructInfo } from '../verify/index.js';

/** Structures by name, each made once. */
export function kernelStructs(types: Btf | undefined): (name: string) => StructInfo | undefined {
  const known = new Map<number, StructInfo>();
  const infoOf = (btf: Btf, type: BtfType): StructInfo => {
    let info = known.get(type.id);
    if (info === undefined) {
      info = { name: type.name, read: (offset, size) => read(btf, type, offset, size) };
      known.set(type.id, info);
    }
    return info;
  };
  const read = (btf: Btf, type: BtfType, offset: number, size: number): ReturnType<StructInfo['read']> => {
    if (offset + size > type.size) return undefined;
    for (const member of type.members) {
      const start = Math.floor(member.bitOffset / 8);
      if (member.bits > 0) {
        if (offset <= start && Math.ceil((member.bitOffset + member.bits) / 8) <= offset + size)
          return 'number';
        continue;
      }
      if (offset < start) return undefined;
      const end = start + btf.sizeOf(member.type);
      if (offset >= end) continue;
      let of = btf.bare(member.type);
      while (of.kind === 'array') of = btf.bare(of.type);
      const each = btf.sizeOf(of.id);
      const at = each > 0 ? (offset - start) % each : 0;
      if (of.kind === 'struct' || of.kind === 'union') return read(btf, of, at, size);
      if (of.kind !== 'ptr') return offset + size > end ? undefined : 'number';
      if (at !== 0 || size !== each) return undefined;
      // Addresses of other things, or with a tag, Linux keeps apart: of users, of each processor, of bytes.
      const target = btf.bare(of.type);
      const isStruct = target.kind === 'struct' || target.kind === 'union';
      return isStruct && btf.type(of.type).kind !== 'typeTag' ? infoOf(btf, target) : undefined;
    }
    return undefined;
  };
  const named = new Map<string, StructInfo | undefined>();
  return (name) => {
    if (!named.has(name)) {
      const found = types?.named(name).find((id) => types.type(id).kind === 'struct');
      named.set(name, found === undefined ? undefined : infoOf(types!, types!.type(found)));
    }
    return named.get(name);
  };
}
