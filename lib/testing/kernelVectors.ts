/** Test support: the rows of the kernel's conversion vectors, see the data's README. */

import { gunzipSync } from 'node:zlib';
import type { ExecutionContext } from 'ava';
import type { PacketMetadata } from '../cbpf/extensions.js';
import type { Program as Classic } from '../cbpf/instruction.js';
import { fromBytes, type Program } from '../ebpf/instruction.js';
import { fromHex, fromPacked, fromQuadruples, type Quadruple } from './programs.js';
import { vectors } from './vectors.js';

export interface ConvertRow {
  readonly id: string;
  readonly descr: string;
  readonly src: 'tcpdump' | 'test_bpf' | 'random' | 'seccomp';
  readonly cbpf?: readonly Quadruple[];
  readonly cbpf_gz?: string;
  readonly check: 'accept' | 'reject';
  readonly seccomp?: boolean;
  readonly convert?: 'EINVAL';
  readonly ebpf?: readonly string[];
  readonly ebpf_gz?: string;
  readonly portable?: readonly string[];
  readonly env?: readonly string[];
  readonly ret?: readonly number[];
}

export interface ConvertInputs {
  readonly packets: readonly { readonly name: string; readonly hex: string }[];
  readonly seccomp_data: readonly string[];
}

export const convertInputs = (t: ExecutionContext): ConvertInputs =>
  vectors<ConvertInputs>(t, 'vectors/kernel/convert_inputs.json')[0] ?? { packets: [], seccomp_data: [] };

export const classicOf = (row: ConvertRow): Classic =>
  row.cbpf === undefined ? fromPacked(row.cbpf_gz!) : fromQuadruples(row.cbpf);

/** eBPF instructions as hex, one string each, or packed and gzipped. */
export function slotsOf(hex: readonly string[] | undefined, packed: string | undefined): Program | undefined {
  if (hex !== undefined) return fromBytes(fromHex(hex.join('')));
  if (packed === undefined) return undefined;
  return fromBytes(new Uint8Array(gunzipSync(Buffer.from(packed, 'base64'))));
}

/** What the vectors assume of a packet besides its bytes. */
export const convertMetadata = (bytes: Uint8Array): PacketMetadata => ({
  protocol: bytes.length >= 14 ? (bytes[12]! << 8) | bytes[13]! : 0,
  networkOffset: Math.min(bytes.length, 14),
  linkOffset: 0,
  interfaceIndex: 577,
  hardwareType: 1,
});

/**
 * Whether the kernel's flow dissector looks further than the vectors' model of it, which knows plain
 * IPv4 and IPv6 only and gives the end of the fixed header, or 0 for tagged packets.
 */
export function hasInnerHeaders(bytes: Uint8Array): boolean {
  const etherType = (bytes[12]! << 8) | bytes[13]!;
  return (
    etherType === 0x8100 ||
    etherType === 0x88a8 ||
    (etherType === 0x86dd && [0, 43, 44, 60].includes(bytes[20]!))
  );
}
