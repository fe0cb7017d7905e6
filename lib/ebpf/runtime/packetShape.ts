/** Helpers that change where a packet begins and ends, and what it says it is. Linux `net/core/filter.c`, `skbuff.c`. */

import { answer } from '../helpers.js';
import { type Hook, IS_TAGGED, protocolOf } from '../hook.js';
import { RuntimeFault } from '../memory.js';
import { FRAME_HEADER, type PacketBuffer } from '../packetBuffer.js';
import { ERROR, hasOthers, type MakeHelper, onHook, signed, unsigned } from './arguments.js';

const { EACCES, EFAULT, EINVAL, ENOTSUPP } = ERROR;
const ETHERNET = 14;

/** A helper that changes the packet, which a program that calls it has a copy of. */
const onPacket = (
  run: (machine: Parameters<ReturnType<MakeHelper>>[0], packet: PacketBuffer, hook: Hook) => number,
): MakeHelper =>
  onHook((machine, hook) => {
    if (hook.buffer === undefined)
      throw new RuntimeFault('bad-argument', machine.index, 'this program was not loaded to change packets');
    return answer(machine, run(machine, hook.buffer, hook));
  });

const xdpAdjustHead = onPacket((machine, packet) => {
  const offset = signed(machine, 2);
  const { metaLength, start, length, region } = packet;
  if (start + offset < FRAME_HEADER + metaLength || offset > length - ETHERNET) return -EINVAL;
  // Metadata stay directly before the packet.
  region.bytes.copyWithin(start - metaLength + offset, start - metaLength, start);
  packet.move(offset, 0, offset);
  return 0;
});

const xdpAdjustTail = onPacket((machine, packet) => {
  const offset = signed(machine, 2);
  const { start, length, frameEnd, region } = packet;
  const end = start + length;
  if (end + offset > frameEnd || length + offset < ETHERNET) return -EINVAL;
  if (offset > 0) region.bytes.fill(0, end, end + offset);
  packet.move(0, offset, 0);
  return 0;
});

/** Metadata have whole words, and their length fits a byte. */
const MOST_METADATA = 252;

const xdpAdjustMeta = onPacket((machine, packet) => {
  const offset = signed(machine, 2);
  const { metaLength, start } = packet;
  const length = metaLength - offset;
  if (start - length < FRAME_HEADER || length < 0) return -EINVAL;
  if ((length & 3) !== 0 || length > MOST_METADATA) return -EACCES;
  packet.move(0, 0, offset);
  return 0;
});

/** Linux `BPF_SKB_MAX_LEN`: what is laid in one piece. */
const MOST_BYTES = 16000;
/** Offsets of the kinds of a VLAN tag and of what follows it. */
const VLAN_TAG = 4;

const skbChangeTail = onPacket((machine, packet, { networkOffset }) => {
  const length = unsigned(machine, 2);
  if (hasOthers(machine, 3, 0) || length > MOST_BYTES || length < networkOffset) return -EINVAL;
  const bytes = new Uint8Array(length);
  bytes.set(packet.content.subarray(0, length));
  packet.replace(bytes);
  return 0;
});

const skbChangeHead = onPacket((machine, packet, hook) => {
  const room = unsigned(machine, 2);
  if (hasOthers(machine, 3, 0) || room + packet.length > MOST_BYTES) return -EINVAL;
  insert(packet, 0, room);
  hook.networkOffset += room;
  hook.linkLength = hook.networkOffset;
  return 0;
});

/** Makes room of zeros at a place; what lies behind moves on. */
function insert(packet: PacketBuffer, at: number, room: number): void {
  const { content: bytes } = packet;
  const grown = new Uint8Array(bytes.length + room);
  grown.set(bytes.subarray(0, at));
  grown.set(bytes.subarray(at), at + room);
  packet.replace(grown);
}

function remove(packet: PacketBuffer, at: number, length: number): void {
  const { content: bytes } = packet;
  const rest = new Uint8Array(bytes.length - length);
  rest.set(bytes.subarray(0, at));
  rest.set(bytes.subarray(at + length), at);
  packet.replace(rest);
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

const skbChangeProto = onPacket((machine, packet, hook) => {
  const proto = swapped(unsigned(machine, 2) & 0xffff);
  if (hasOthers(machine, 3, 0)) return -EINVAL;
  const now = protocolOf(hook);
  const at = hook.networkOffset;
  const difference = IPV6_HEADER - IPV4_HEADER;
  if (packet.length < at) return -EINVAL;
  if (now === IPV4 && proto === IPV6) {
    insert(packet, at, difference);
  } else if (now === IPV6 && proto === IPV4) {
    if (packet.length < at + IPV6_HEADER) return -ENOTSUPP;
    remove(packet, at, difference);
  } else return -ENOTSUPP;
  hook.change({ protocol: proto, receiveHash: 0 });
  return 0;
});

const swapped = (value: number): number => ((value & 0xff) << 8) | (value >> 8);

/** `PACKET_HOST` to `PACKET_OTHERHOST`. */
const LAST_TYPE = 3;

const skbChangeType = onHook((machine, hook) => {
  const type = unsigned(machine, 2);
  if (type > LAST_TYPE || (hook.metadata.packetType ?? 0) > LAST_TYPE) return answer(machine, -EINVAL);
  hook.change({ packetType: type });
  return answer(machine, 0);
});

/** Where the tag of an Ethernet frame stands. */
const TAG_AT = 12;

const skbVlanPush = onPacket((machine, packet, hook) => {
  const given = swapped(unsigned(machine, 2) & 0xffff);
  const proto = IS_TAGGED.has(given) ? given : 0x8100;
  const tci = unsigned(machine, 3) & 0xffff;
  const { vlanTci, vlanProtocol = 0x8100 } = hook.metadata;
  let protocol = protocolOf(hook);
  if (vlanTci !== undefined) {
    if (packet.length < ETHERNET) return -ENOMEM;
    // The tag that was beside the packet goes into it.
    insert(packet, TAG_AT, VLAN_TAG);
    packet.content.set([vlanProtocol >> 8, vlanProtocol & 0xff, vlanTci >> 8, vlanTci & 0xff], TAG_AT);
    protocol = vlanProtocol;
  }
  hook.linkLength = hook.networkOffset;
  hook.change({ vlanTci: tci, vlanProtocol: proto, protocol });
  return 0;
});

const skbVlanPop = onPacket((_, packet, hook) => {
  let protocol = protocolOf(hook);
  if (hook.metadata.vlanTci === undefined) {
    if (!IS_TAGGED.has(protocol)) return 0;
    if (packet.length < TAG_AT + VLAN_TAG + 2) return -ENOMEM;
    protocol = popTag(packet, hook).next;
  }
  if (!IS_TAGGED.has(protocol)) {
    hook.change({ vlanTci: undefined, vlanProtocol: undefined, protocol });
    return 0;
  }
  if (packet.length < TAG_AT + VLAN_TAG + 2) return -ENOMEM;
  const { tci, next } = popTag(packet, hook);
  hook.change({ vlanTci: tci, vlanProtocol: protocol, protocol: next });
  return 0;
});
const { ENOMEM } = ERROR;

/** Takes the tag out of the frame: its contents, and the EtherType behind it. */
function popTag(packet: PacketBuffer, hook: Hook): { readonly tci: number; readonly next: number } {
  const { content: bytes } = packet;
  const tci = (bytes[TAG_AT + 2]! << 8) | bytes[TAG_AT + 3]!;
  remove(packet, TAG_AT, VLAN_TAG);
  hook.networkOffset = Math.max(ETHERNET, hook.networkOffset - VLAN_TAG);
  hook.linkLength = hook.networkOffset;
  const rest = packet.content;
  return { tci, next: (rest[TAG_AT]! << 8) | rest[TAG_AT + 1]! };
}

/** `BPF_ADJ_ROOM_NET`, `BPF_ADJ_ROOM_MAC`. */
const AFTER_NETWORK = 0;
const AFTER_MAC = 1;
/** All flags of 6.18; those of tunnels set what only drivers read. */
const ROOM_FLAGS = 0x1ff | (0xff << 24);
const DECAP_IPV4 = 1 << 7;
const DECAP_IPV6 = 1 << 8;
const MOST_ROOM = 0xfff;

const skbAdjustRoom = onPacket((machine, packet, hook) => {
  const [difference, mode] = [signed(machine, 2), unsigned(machine, 3)];
  if (flagsBeyond(machine.low[4]!, machine.high[4]!)) return -EINVAL;
  const flags = machine.low[4]!;
  const change = Math.abs(difference);
  if (change > MOST_ROOM) return -EFAULT;
  const protocol = protocolOf(hook);
  if (protocol !== IPV4 && protocol !== IPV6) return -ENOTSUPP;
  const header = protocol === IPV4 ? IPV4_HEADER : IPV6_HEADER;
  if (mode !== AFTER_NETWORK && mode !== AFTER_MAC) return -ENOTSUPP;
  const at = hook.networkOffset + (mode === AFTER_NETWORK ? header : 0);
  const decap = flags & (DECAP_IPV4 | DECAP_IPV6);
  if (decap !== 0 && (difference >= 0 || decap === (DECAP_IPV4 | DECAP_IPV6))) return -EINVAL;
  const least = decap === 0 ? header : decap === DECAP_IPV4 ? IPV4_HEADER : IPV6_HEADER;
  const rest = packet.length - hook.networkOffset;
  if (difference < 0) {
    if (change >= rest || rest - change < least) return -ENOTSUPP;
    if (packet.length < at + change) return -ENOMEM;
    remove(packet, at, change);
    if (decap !== 0) hook.change({ protocol: decap === DECAP_IPV4 ? IPV4 : IPV6 });
    return 0;
  }
  if (packet.length + change > MOST_BYTES) return -ENOTSUPP;
  if (packet.length < at) return -ENOMEM;
  insert(packet, at, change);
  return 0;
});

const flagsBeyond = (low: number, high: number): boolean => (low & ~ROOM_FLAGS) !== 0 || high !== 0;

export const PACKET_SHAPE: readonly (readonly [number: number, make: MakeHelper])[] = [
  [18, skbVlanPush],
  [19, skbVlanPop],
  [31, skbChangeProto],
  [32, skbChangeType],
  [38, skbChangeTail],
  [43, skbChangeHead],
  [44, xdpAdjustHead],
  [50, skbAdjustRoom],
  [54, xdpAdjustMeta],
  [65, xdpAdjustTail],
];
