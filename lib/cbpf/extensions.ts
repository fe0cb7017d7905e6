/**
 * What Linux lets a classic program read besides the packet's bytes.
 *
 * Absolute loads at negative offsets reach three areas (Linux `include/uapi/linux/filter.h`):
 *
 *     0xfffff000 + n   SKF_AD_OFF   ancillary data number n, any load size
 *     0xfff00000 + n   SKF_NET_OFF  byte n of the network header
 *     0xffe00000 + n   SKF_LL_OFF   byte n of the link-layer header
 *
 * The kernel takes these from its packet structure; here they come from an explicit record.
 */

export const SKF_AD_OFF = 0xfffff000;
export const SKF_NET_OFF = 0xfff00000;
export const SKF_LL_OFF = 0xffe00000;

/** Numbers of ancillary data: SKF_AD_ of linux/filter.h. */
export const SKF_AD = {
  protocol: 0,
  packetType: 4,
  interfaceIndex: 8,
  netlinkAttribute: 12,
  nestedAttribute: 16,
  mark: 20,
  queue: 24,
  hardwareType: 28,
  receiveHash: 32,
  cpu: 36,
  xorX: 40,
  vlanTci: 44,
  vlanPresent: 48,
  payloadOffset: 52,
  random: 56,
  vlanProtocol: 60,
} as const;

/** What is known of a packet besides its bytes. Everything defaults to 0 or absent. */
export interface PacketMetadata {
  /** EtherType as the receiving device determined it, host order. */
  readonly protocol?: number | undefined;
  /** 0 to this host, 1 broadcast, 2 multicast, 3 to another host, 4 outgoing (`PACKET_*`). */
  readonly packetType?: number;
  /** Interface index; `undefined` when the packet came through no device. */
  readonly interfaceIndex?: number;
  readonly mark?: number;
  readonly queue?: number;
  /** ARPHRD_ type of the device. */
  readonly hardwareType?: number;
  readonly receiveHash?: number;
  readonly cpu?: number;
  /** Tag control information of the VLAN tag that was taken off the packet, `undefined` when none was. */
  readonly vlanTci?: number;
  /** TPID of that tag, host order. */
  readonly vlanProtocol?: number;
  /** Byte offset of the network header in the packet. */
  readonly networkOffset?: number;
  /** Byte offset of the link-layer header, `undefined` when the packet has none. */
  readonly linkOffset?: number | undefined;
  /** Source of the random extension; `Math.random` when absent. */
  readonly random?: () => number;
}

/** The machine state and packet an extension may look at. */
export interface ExtensionInput {
  readonly a: number;
  readonly x: number;
  readonly bytes: Uint8Array;
  /** Index of the packet's first byte in `bytes`. */
  readonly start: number;
  readonly capturedLength: number;
  readonly metadata: PacketMetadata;
}

/** `undefined`: the packet came through no device, so the filter ends and returns A as it stands. */
export type ExtensionResult = number | undefined;

export interface Extension {
  /** `n` of `SKF_AD_OFF + n`. */
  readonly number: number;
  /** bpf_asm's word for it. */
  readonly name: string;
  /** `tcpdump -d`'s word for it, where it differs. */
  readonly listed?: string;
  readonly read: (input: ExtensionInput) => ExtensionResult;
}

// biome-ignore format: a table reads best with one row a line
export const extensions = (): readonly Extension[] => [
  { number: SKF_AD.protocol, name: 'proto',      read: ({ metadata }) => metadata.protocol ?? 0 },
  { number: SKF_AD.packetType, name: 'type',       read: ({ metadata }) => metadata.packetType ?? 0 },
  { number: SKF_AD.interfaceIndex, name: 'ifidx',      read: ({ metadata }) => metadata.interfaceIndex },
  { number: SKF_AD.netlinkAttribute,name: 'nla',        read: findAttribute },
  { number: SKF_AD.nestedAttribute,name: 'nlan',       read: findNestedAttribute },
  { number: SKF_AD.mark,name: 'mark',       read: ({ metadata }) => metadata.mark ?? 0 },
  { number: SKF_AD.queue,name: 'queue',      read: ({ metadata }) => metadata.queue ?? 0 },
  { number: SKF_AD.hardwareType,name: 'hatype',     read: ({ metadata }) => metadata.interfaceIndex === undefined ? undefined : (metadata.hardwareType ?? 0) },
  { number: SKF_AD.receiveHash,name: 'rxhash',     read: ({ metadata }) => metadata.receiveHash ?? 0 },
  { number: SKF_AD.cpu,name: 'cpu',        read: ({ metadata }) => metadata.cpu ?? 0 },
  { number: SKF_AD.xorX,name: 'xor_x',      read: ({ a, x }) => (a ^ x) >>> 0 },
  { number: SKF_AD.vlanTci,name: 'vlan_tci',   read: ({ metadata }) => metadata.vlanTci ?? 0 },
  { number: SKF_AD.vlanPresent,name: 'vlan_avail', listed: 'vlanp', read: ({ metadata }) => (metadata.vlanTci === undefined ? 0 : 1) },
  { number: SKF_AD.payloadOffset,name: 'poff',       read: payloadOffset },
  { number: SKF_AD.random,name: 'rand', listed: 'random', read: ({ metadata }) => ((metadata.random ?? Math.random)() * 2 ** 32) >>> 0 },
  { number: SKF_AD.vlanProtocol,name: 'vlan_tpid',  read: ({ metadata }) => metadata.vlanProtocol ?? 0 },
];

let byNumber: ReadonlyMap<number, Extension> | undefined;

/** The extension that an absolute load of offset `k` names, if it names one. */
export function extensionAt(k: number): Extension | undefined {
  byNumber ??= new Map(extensions().map((row) => [row.number, row]));
  return k >= SKF_AD_OFF ? byNumber.get(k - SKF_AD_OFF) : undefined;
}

/** Whether there is one, without the table: their numbers are every fourth one. */
export const isExtension = (k: number): boolean =>
  k >= SKF_AD_OFF && k <= SKF_AD_OFF + SKF_AD.vlanProtocol && k % 4 === 0;

/**
 * Where in the packet a negative load offset points, or -1 when nowhere.
 *
 * @param offset - Signed 32-bit offset below 0.
 */
export function headerRelative(offset: number, metadata: PacketMetadata): number {
  const unsigned = offset >>> 0;
  if (unsigned >= SKF_NET_OFF) return (metadata.networkOffset ?? 0) + (unsigned - SKF_NET_OFF);
  if (unsigned >= SKF_LL_OFF && metadata.linkOffset !== undefined)
    return metadata.linkOffset + (unsigned - SKF_LL_OFF);
  return -1;
}

const ATTRIBUTE_HEADER = 4;
/** Two flag bits above the type (Linux `NLA_TYPE_MASK`). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** Netlink attributes are in the sender's byte order: little-endian, as on every machine Weir runs on. */
const attributeField = ({ bytes, start }: ExtensionInput, at: number): number =>
  bytes[start + at]! | (bytes[start + at + 1]! << 8);

/** Linux `nla_find`: offset of the first attribute of type X among those in [at, end), else 0. */
function searchAttributes(input: ExtensionInput, at: number, end: number): number {
  while (end - at >= ATTRIBUTE_HEADER) {
    const length = attributeField(input, at);
    if (length < ATTRIBUTE_HEADER || length > end - at) return 0;
    if ((attributeField(input, at + 2) & ATTRIBUTE_TYPE_MASK) === input.x) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

/** Linux `bpf_skb_get_nlattr`: from offset A on, the attribute of type X. */
function findAttribute(input: ExtensionInput): number {
  const { a, capturedLength } = input;
  if (a > capturedLength - ATTRIBUTE_HEADER) return 0;
  return searchAttributes(input, a, capturedLength);
}

/** Linux `bpf_skb_get_nlattr_nest`: inside the attribute at offset A, the one of type X. */
function findNestedAttribute(input: ExtensionInput): number {
  const { a, capturedLength } = input;
  if (a > capturedLength - ATTRIBUTE_HEADER) return 0;
  const length = attributeField(input, a);
  if (length > capturedLength - a) return 0;
  return searchAttributes(input, a + ATTRIBUTE_HEADER, a + length);
}

/** Bytes of the transport header, by IP protocol, for protocols of fixed header length. */
const TRANSPORT_HEADER = new Map([
  [1, 8], // ICMP
  [2, 8], // IGMP
  [17, 8], // UDP
  [33, 12], // DCCP, without options
  [58, 8], // ICMPv6
  [132, 12], // SCTP
  [136, 8], // UDP-Lite
]);
const TCP = 6;
const IPV6_EXTENSIONS = new Set([0, 43, 60]); // hop-by-hop, routing, destination options (RFC 8200 §4)
const IPV6_FRAGMENT = 44;
const VLAN_TYPES = new Set([0x8100, 0x88a8]);

/**
 * Linux `__skb_get_poff`: where the transport payload starts; 0 when the headers cannot be followed.
 * Follows VLAN tags, IPv4, and IPv6 with extension headers.
 */
function payloadOffset({ bytes, start, capturedLength, metadata }: ExtensionInput): number {
  const byte = (at: number): number => bytes[start + at]!;
  const half = (at: number): number => (byte(at) << 8) | byte(at + 1);
  let at = metadata.networkOffset ?? 0;
  let etherType = metadata.protocol ?? 0;
  while (VLAN_TYPES.has(etherType)) {
    if (at + 4 > capturedLength) return 0;
    etherType = half(at + 2);
    at += 4;
  }
  let protocol: number;
  let laterFragment = false;
  if (etherType === 0x0800) {
    if (at + 20 > capturedLength || (byte(at) & 0xf) < 5) return 0;
    protocol = byte(at + 9);
    laterFragment = (half(at + 6) & 0x1fff) !== 0;
    at += (byte(at) & 0xf) * 4;
  } else if (etherType === 0x86dd) {
    if (at + 40 > capturedLength) return 0;
    protocol = byte(at + 6);
    at += 40;
    while (IPV6_EXTENSIONS.has(protocol)) {
      if (at + 8 > capturedLength) return 0;
      protocol = byte(at);
      at += (byte(at + 1) + 1) * 8;
    }
    if (protocol === IPV6_FRAGMENT) {
      if (at + 8 > capturedLength) return 0;
      laterFragment = (half(at + 2) & 0xfff8) !== 0;
      protocol = byte(at);
      at += 8;
    }
  } else {
    return 0;
  }
  if (laterFragment) return at;
  if (protocol !== TCP) return at + (TRANSPORT_HEADER.get(protocol) ?? 0);
  return at + 13 > capturedLength ? at : at + Math.max(20, (byte(at + 12) & 0xf0) >> 2);
}
