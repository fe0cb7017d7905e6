/** What the kernel's extensions of the classic machine become where the context has a field for them. */

import { build, SKB, type Slot, XDP_MD } from '../ebpf/index.js';

export interface Places {
  readonly a: number;
  readonly x: number;
  readonly context: number;
}

type Emit = (places: Places) => readonly Slot[];

const { register } = build;

const field =
  (offset: number): Emit =>
  ({ a, context }) => [build.load(4, a, context, offset)];
/** A field in network order. */
const swapped =
  (offset: number): Emit =>
  ({ a, context }) => [build.load(4, a, context, offset), build.fromBigEndian(a, 16)];
const exclusiveOr: Emit = ({ a, x }) => [build.alu(32, 'xor', a, register(x))];

/** Extensions read from `struct __sk_buff`, by the classic machine's names. */
export const SKB_EXTENSIONS: ReadonlyMap<string, Emit> = new Map([
  ['proto', swapped(SKB.protocol)],
  ['type', field(SKB.packetType)],
  ['ifidx', field(SKB.ifindex)],
  ['mark', field(SKB.mark)],
  ['queue', field(SKB.queue)],
  ['rxhash', field(SKB.hash)],
  ['xor_x', exclusiveOr],
  ['vlan_tci', field(SKB.vlanTci)],
  ['vlan_avail', field(SKB.vlanPresent)],
  ['vlan_tpid', swapped(SKB.vlanProtocol)],
]);

/** Extensions read from `struct xdp_md`. */
export const XDP_EXTENSIONS: ReadonlyMap<string, Emit> = new Map([
  ['ifidx', field(XDP_MD.ingressIfindex)],
  ['xor_x', exclusiveOr],
]);

/** Extensions that are helper calls in every form. */
export const HELPER_EXTENSIONS: ReadonlyMap<string, number> = new Map([
  ['rand', 7],
  ['cpu', 8],
]);
