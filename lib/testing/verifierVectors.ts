/** Test support: the rows of the kernel's verifier tests, see the data's README. */

import type { ExecutionContext } from 'ava';
import type { Program } from '../ebpf/instruction.js';
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

const READ_ONLY = 128;
const WRITE_ONLY = 256;

/** The maps of a program, by the slots of the immediates that name them. */
export function mapsOf({ maps }: VerifierRow): ReadonlyMap<number, MapInfo> {
  const result = new Map<number, MapInfo>();
  for (const { at, type, key_size, value_size, map_flags = 0 } of maps) {
    const info = {
      kind: KINDS[type.toLowerCase().replace(/^bpf_map_type_/, '')] ?? 'other',
      keySize: key_size,
      valueSize: value_size,
      writable: (map_flags & READ_ONLY) === 0,
      readable: (map_flags & WRITE_ONLY) === 0,
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
