/** Test support: the rows of the kernel's verifier tests, see the data's README. */

import type { ExecutionContext } from 'ava';
import type { FilterFunction } from '../cbpf/interpreter.js';
import { type AttachOptions, attach } from '../ebpf/attach.js';
import type { Program } from '../ebpf/instruction.js';
import { createMap, createProgramArray } from '../ebpf/maps.js';
import type { BpfMap } from '../ebpf/mapTypes.js';
import type { Memory } from '../ebpf/memory.js';
import { programTypeOf } from '../ebpf/programTypes.js';
import type { MapInfo, VerifiedType } from '../verify/index.js';
import { slotsOf } from './kernelVectors.js';
import { vectors } from './vectors.js';

export interface MapRow {
  readonly at: readonly number[];
  readonly type: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags?: number;
  /** The first value, hex. */
  readonly init?: string;
}

export interface Outcome {
  readonly verdict?: 'accept' | 'reject';
  readonly msg?: string;
  readonly errno?: number;
}

export interface VerifierRow {
  readonly id: string;
  readonly descr: string;
  readonly prog_type: string;
  readonly load_flags?: readonly string[];
  readonly insns?: readonly string[];
  readonly insns_gz?: string;
  readonly n: number;
  readonly maps: readonly MapRow[];
  readonly scope: 'core' | 'maps' | 'other';
  readonly as_socket_filter?: boolean;
  readonly k618: { readonly priv?: Outcome; readonly unpriv?: Outcome; readonly as_socket_filter?: string };
}

export const verifierRows = (t: ExecutionContext, sample?: number): VerifierRow[] =>
  vectors<VerifierRow>(t, 'vectors/kernel/verifier.jsonl', sample);

/** `undefined` for programs that the data leaves out for their length. */
export const programOf = ({ insns, insns_gz }: VerifierRow): Program | undefined => slotsOf(insns, insns_gz);

const KINDS: Readonly<Record<string, MapInfo['kind']>> = {
  array: 'array',
  hash: 'hash',
  prog_array: 'programArray',
  array_of_maps: 'mapInMap',
};

/** What the kernel's tests put into maps of maps. */
const INNER: MapInfo = {
  kind: 'array',
  keySize: 4,
  valueSize: 4,
  entries: 1,
  writable: true,
  readable: true,
};

const READ_ONLY = 128;
const WRITE_ONLY = 256;

/** The maps of a program, by the slots of the immediates that name them. */
export function mapsOf({ maps }: Pick<VerifierRow, 'maps'>): ReadonlyMap<number, MapInfo> {
  const result = new Map<number, MapInfo>();
  for (const { at, type, key_size, value_size, map_flags = 0 } of maps) {
    const info: MapInfo = {
      kind: KINDS[type.toLowerCase().replace(/^bpf_map_type_/, '')] ?? 'other',
      keySize: key_size,
      valueSize: value_size,
      writable: (map_flags & READ_ONLY) === 0,
      readable: (map_flags & WRITE_ONLY) === 0,
      ...(type === 'array_of_maps' ? { inner: INNER } : {}),
    };
    for (const index of at) result.set(index, info);
  }
  return result;
}

const TYPES = new Set(['socket_filter', 'sched_cls', 'sched_act', 'xdp', 'cgroup_skb']);

/** The row's own type, where the verifier has it. */
export const typeOf = ({ prog_type }: VerifierRow): VerifiedType | undefined =>
  TYPES.has(prog_type) ? (prog_type as VerifiedType) : undefined;

export const isStrict = ({ load_flags }: VerifierRow): boolean =>
  load_flags?.includes('STRICT_ALIGNMENT') === true;

/** What helpers leave to chance is the same each time. */
const SERVICES = { clock: () => 12345n, random: () => 0.37, trace: () => {} };

/** Attaches the program to its hook in the definition, with maps as the kernel's tests fill them. */
export function runnable(
  row: VerifierRow,
  program: Program,
  type: VerifiedType,
  memory: Memory,
  options: AttachOptions,
): FilterFunction {
  const maps = new Map<number, BpfMap>();
  const slots = program.slice();
  for (const [number, map] of row.maps.entries()) {
    const handle = number + 1;
    maps.set(handle, makeMap(map, memory));
    for (const index of map.at) slots[index] = { ...slots[index]!, imm: handle };
  }
  const resolveWide = (pseudo: number, low: number, high: number): bigint => {
    const map = maps.get(low);
    const isValue = pseudo === 2 || pseudo === 6;
    if (!isValue || map === undefined || !('values' in map)) return BigInt(low);
    return BigInt(map.values.base + high);
  };
  return attach(slots, programTypeOf(type === 'sched_act' ? 'sched_cls' : type), {
    unverified: true,
    ...SERVICES,
    ...options,
    definition: true,
    memory,
    maps,
    resolveWide,
  });
}

function makeMap(row: MapRow, memory: Memory): BpfMap {
  const { type, key_size, value_size, max_entries, init } = row;
  const kind = KINDS[type.toLowerCase().replace(/^bpf_map_type_/, '')];
  if (kind !== 'array' && kind !== 'hash')
    return createProgramArray(
      type,
      Array.from({ length: max_entries }, () => undefined),
    );
  const shape = { name: type, keySize: key_size, valueSize: value_size, maxEntries: max_entries };
  const map = createMap(kind, memory, shape);
  if (init !== undefined && kind === 'array') map.values.bytes.set(Buffer.from(init, 'hex'));
  return map;
}
