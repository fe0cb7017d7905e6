/**
 * What helpers find around a program besides memory: the packet it runs for, what the kernel keeps beside that in a
 * socket buffer, and what the program asked to be done with it.
 */

import type { PacketMetadata } from '../cbpf/index.js';
import type { BpfMap } from './mapTypes.js';
import type { Region } from './memory.js';
import type { PacketBuffer } from './packetBuffer.js';
import type { ProgramType } from './programTypes.js';

/** Where a program asked for its packet to go. */
export interface Redirect {
  /** The helper that was called. */
  readonly by: 'redirect' | 'redirect_map' | 'redirect_neigh' | 'redirect_peer';
  /** Index of the interface, without a map. */
  readonly interfaceIndex?: number;
  readonly map?: BpfMap;
  readonly key?: number;
  readonly flags: bigint;
  /** What `redirect_neigh` is given besides (`struct bpf_redir_neigh`). */
  readonly neighbour?: Uint8Array;
}

/** What a packet is to be sent through a tunnel with. */
export interface Tunnel {
  /** `struct bpf_tunnel_key` as the program has set it. */
  readonly key: Uint8Array;
  readonly isV6: boolean;
  options: Uint8Array | undefined;
}

export interface Hook {
  readonly type: ProgramType;
  /** The packet that may be changed; `undefined` for programs that only read. */
  readonly buffer: PacketBuffer | undefined;
  /** Where the packet lies now. */
  readonly packet: { readonly bytes: Uint8Array; readonly start: number; readonly length: number };
  readonly metadata: PacketMetadata;
  readonly wireLength: number;
  /** Where the network header begins. */
  networkOffset: number;
  /** Length of the link header as helpers have left it (`mac_len` of a socket buffer); 0 while none has. */
  linkLength: number;
  redirect: Redirect | undefined;
  /** Checksums that a device has found right, beyond the first; `undefined`: none. */
  checksumLevel: number | undefined;
  /** The tunnel that the packet is to go through; `undefined`: none. */
  tunnel: Tunnel | undefined;
  /** Room for keys of elements that helpers go through; `undefined` where none does. */
  readonly keys: Region | undefined;
  /** Changes what is known beside the packet, in the context too. */
  readonly change: (
    metadata: { readonly [Key in keyof PacketMetadata]?: PacketMetadata[Key] | undefined },
  ) => void;
}

const ETHERNET = 14;
const ETHER_TYPE_AT = 12;
/** Types below this are lengths (IEEE 802.3). */
const FIRST_ETHER_TYPE = 0x600;
/** Linux `ETH_P_802_2`: no EtherType. */
const LENGTH_FIELD = 4;

/** Whether packets begin with their Ethernet header at this hook. */
export const hasLinkHeader = ({ name }: ProgramType): boolean => name === 'sched_cls' || name === 'xdp';

/** The EtherType that the kernel has read from a packet, in host order. */
export function protocolOf({ metadata, type, packet }: Hook): number {
  if (metadata.protocol !== undefined) return metadata.protocol;
  const { bytes, start, length } = packet;
  if (hasLinkHeader(type)) {
    if (length < ETHERNET) return 0;
    const value = (bytes[start + ETHER_TYPE_AT]! << 8) | bytes[start + ETHER_TYPE_AT + 1]!;
    return value >= FIRST_ETHER_TYPE ? value : LENGTH_FIELD;
  }
  const version = length === 0 ? 0 : bytes[start]! >> 4;
  return version === 4 ? 0x0800 : version === 6 ? 0x86dd : 0;
}

/** EtherTypes of VLAN tags. */
export const IS_TAGGED: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const TAG = 4;
const MOST_TAGS = 8;

/** What follows the tags in a packet (`vlan_get_protocol`); 0 where it is cut before. */
export function innerProtocolOf(hook: Hook): number {
  const { bytes, start, length } = hook.packet;
  let protocol = protocolOf(hook);
  const first = hook.linkLength === 0 ? ETHERNET : hook.linkLength - TAG;
  for (let at = first, tags = 0; IS_TAGGED.has(protocol); at += TAG) {
    if (at + TAG > length || ++tags === MOST_TAGS) return 0;
    protocol = (bytes[start + at + 2]! << 8) | bytes[start + at + 3]!;
  }
  return protocol;
}

/** Where the network header is at the start, by what the capture says or the hook. */
export const networkOffsetOf = (type: ProgramType, metadata: PacketMetadata): number =>
  metadata.networkOffset ?? (hasLinkHeader(type) ? ETHERNET : 0);
