/**
 * What a program of each type may read and write of its context, field by field.
 *
 * Linux `net/core/filter.c`: `bpf_skb_is_valid_access` and the functions of each type around it,
 * `xdp_is_valid_access`.
 */

import type { PointerType } from './value.js';

export type VerifiedType = 'socket_filter' | 'sched_cls' | 'sched_act' | 'xdp' | 'cgroup_skb';

interface Field {
  readonly start: number;
  readonly end: number;
  /** `words`: loads of 1, 2 or 4 bytes. `pointer`: the whole four bytes only. `wide`: 8 bytes only. `bytes`: any aligned load. */
  readonly access: 'words' | 'pointer' | 'wide' | 'bytes';
  readonly pointer?: PointerType;
}

const words = (start: number, end: number): Field => ({ start, end, access: 'words' });
const CB: Field = { start: 48, end: 68, access: 'bytes' };
const TIMESTAMP: Field = { start: 152, end: 160, access: 'wide' };
const HARDWARE_TIMESTAMP: Field = { start: 184, end: 192, access: 'wide' };
const DATA: Field = { start: 76, end: 80, access: 'pointer', pointer: 'packet' };
const DATA_END: Field = { start: 80, end: 84, access: 'pointer', pointer: 'packetEnd' };
const DATA_META: Field = { start: 140, end: 144, access: 'pointer', pointer: 'packetMeta' };
/** len … tc_index, hash; napi_id; gso_segs; gso_size and tstamp_type. */
const COMMON: readonly Field[] = [
  words(0, 48),
  CB,
  words(68, 72),
  words(84, 88),
  words(164, 168),
  words(176, 181),
];

export interface ContextRules {
  readonly size: number;
  readonly readable: readonly Field[];
  readonly writable: readonly Field[];
  /** Whether packet bytes may be read, and written, through pointers. */
  readonly packet: 'none' | 'read' | 'write';
  readonly packetLoads: boolean;
  /** Helpers besides those that every type has. */
  readonly helpers: readonly number[];
  /** r0 at exit, where it is not free. */
  readonly returns?: { readonly min: bigint; readonly max: bigint };
}

const CLASSIFIER: ContextRules = {
  size: 192,
  readable: [
    ...COMMON,
    words(72, 76),
    words(160, 164),
    DATA,
    DATA_END,
    DATA_META,
    TIMESTAMP,
    HARDWARE_TIMESTAMP,
  ],
  writable: [words(8, 12), words(12, 16), words(32, 36), words(44, 48), CB, words(72, 76), TIMESTAMP],
  packet: 'write',
  packetLoads: true,
  helpers: [
    9, 10, 11, 13, 14, 16, 17, 18, 19, 20, 21, 26, 28, 31, 32, 33, 34, 36, 38, 39, 40, 43, 44, 46, 47,
  ],
};

// biome-ignore format: one row a line
export const CONTEXTS: Readonly<Record<VerifiedType, ContextRules>> = {
  socket_filter: { size: 192, readable: COMMON, writable: [CB], packet: 'none', packetLoads: true, helpers: [26, 46, 47] },
  sched_cls: CLASSIFIER,
  sched_act: CLASSIFIER,
  xdp: { size: 24, readable: [{ ...DATA, start: 0, end: 4 }, { ...DATA_END, start: 4, end: 8 }, { ...DATA_META, start: 8, end: 12 }, { ...words(12, 16), access: 'pointer' }, { ...words(16, 20), access: 'pointer' }], writable: [], packet: 'write', packetLoads: false, helpers: [28, 44, 54, 65] },
  cgroup_skb: { size: 192, readable: [...COMMON, words(88, 140), DATA, DATA_END, TIMESTAMP], writable: [words(8, 12), words(32, 36), CB], packet: 'read', packetLoads: false, helpers: [26, 46, 47] },
};

export type ContextAccess =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'pointer'; readonly type: PointerType };

/** What an access gives, `undefined` when it is not allowed. The offset is a multiple of the size. */
export function contextAccess(
  rules: ContextRules,
  offset: number,
  size: number,
  write: boolean,
): ContextAccess | undefined {
  if (offset < 0 || offset + size > rules.size || offset % size !== 0) return undefined;
  const fields = write ? rules.writable : rules.readable;
  const field = fields.find(({ start, end }) => offset >= start && offset + size <= end);
  if (field === undefined) return undefined;
  switch (field.access) {
    case 'bytes':
      return { kind: 'scalar' };
    case 'wide':
      return size === 8 ? { kind: 'scalar' } : undefined;
    case 'words':
      if (size > 4 || (write && size !== 4)) return undefined;
      return { kind: 'scalar' };
    case 'pointer':
      if (size !== 4) return undefined;
      return field.pointer === undefined ? { kind: 'scalar' } : { kind: 'pointer', type: field.pointer };
  }
}
