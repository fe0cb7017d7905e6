import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { fromBytes, type Program } from '../ebpf/instruction.js';
import { Tally, vectors } from '../testing/vectors.js';
import type { VerifiedType } from './context.js';
import type { VerifyOptions } from './path.js';
import type { MapInfo } from './value.js';
import { verify } from './verifier.js';

interface MapRow {
  readonly at: readonly number[];
  readonly type: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly map_flags?: number;
}

interface Outcome {
  readonly verdict?: 'accept' | 'reject';
  readonly msg?: string;
}

interface VerifierRow {
  readonly id: string;
  readonly descr: string;
  readonly prog_type: string;
  readonly load_flags?: readonly string[];
  readonly insns?: readonly string[];
  readonly insns_gz?: string;
  readonly maps: readonly MapRow[];
  readonly scope: 'core' | 'maps' | 'other';
  readonly as_socket_filter?: boolean;
  readonly k618: { readonly priv?: Outcome; readonly unpriv?: Outcome; readonly as_socket_filter?: string };
}

const programOf = ({ insns, insns_gz }: VerifierRow): Program =>
  fromBytes(
    insns === undefined
      ? new Uint8Array(gunzipSync(Buffer.from(insns_gz!, 'base64')))
      : new Uint8Array(Buffer.from(insns.join(''), 'hex')),
  );

const KINDS: Readonly<Record<string, MapInfo['kind']>> = {
  array: 'array',
  hash: 'hash',
  prog_array: 'programArray',
  array_of_maps: 'mapInMap',
};

function mapsOf({ maps }: VerifierRow): ReadonlyMap<number, MapInfo> {
  const result = new Map<number, MapInfo>();
  for (const { at, type, key_size, value_size, map_flags = 0 } of maps) {
    const kind = KINDS[type.toLowerCase().replace(/^bpf_map_type_/, '')] ?? 'other';
    const info = {
      kind,
      keySize: key_size,
      valueSize: value_size,
      writable: (map_flags & 128) === 0,
      readable: (map_flags & 256) === 0,
    };
    for (const index of at) result.set(index, info);
  }
  return result;
}

const TYPES = new Set(['socket_filter', 'sched_cls', 'sched_act', 'xdp', 'cgroup_skb']);

/**
 * Programs that this verifier refuses and the kernel admits: those that read `skb->sk`, the fields of a
 * map, or a map in a map, none of which exists here.
 */
const SHARE = { core: 0.99, maps: 0.96 } as const;

for (const scope of ['core', 'maps'] as const) {
  test(`${scope}: verdicts of the kernel`, (t) => {
    const tallies = {
      priv: new Tally(`verifier: ${scope}, privileged`),
      unpriv: new Tally(`verifier: ${scope}, unprivileged`),
    };
    let falseAccepts = 0;
    for (const row of vectors<VerifierRow>(t, 'vectors/kernel/verifier.jsonl', 300)) {
      if (row.scope !== scope) continue;
      const isType = TYPES.has(row.prog_type);
      const type = (isType ? row.prog_type : 'socket_filter') as VerifiedType;
      for (const mode of ['priv', 'unpriv'] as const) {
        const expected = isType
          ? row.k618[mode]?.verdict
          : mode === 'priv'
            ? row.k618.as_socket_filter
            : undefined;
        if (expected !== 'accept' && expected !== 'reject') {
          tallies[mode].leaveOut('not loaded');
          continue;
        }
        const options: VerifyOptions = {
          type,
          privileged: mode === 'priv',
          maps: mapsOf(row),
          strictAlignment: row.load_flags?.includes('STRICT_ALIGNMENT') === true,
        };
        const { accepted, rejection } = verify(programOf(row), options);
        const agrees = accepted === (expected === 'accept');
        if (!agrees && accepted) falseAccepts++;
        tallies[mode].check(
          agrees,
          () =>
            `${accepted ? 'FALSE ACCEPT ' : ''}${row.id} ${row.descr}: ${rejection?.kind ?? ''} ${rejection?.index ?? ''} ${rejection?.message ?? 'accepted'} | kernel: ${row.k618[mode]?.msg ?? expected}`,
        );
      }
    }
    tallies.priv.finish(t, SHARE[scope]);
    tallies.unpriv.finish(t, SHARE[scope]);
    t.is(falseAccepts, 0, 'no program that the kernel refuses is accepted');
  });
}
