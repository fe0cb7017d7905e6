/**
 * The blocks of a Linux packet ring, version 3 (linux/if_packet.h, Documentation/networking/packet_mmap).
 *
 *      block  0        4       8        12       16      20                  48
 *            +--------+-------+--------+--------+-------+-------- - - - - --+------ - - -
 *            | version| priv  | status | packets| first | length, times     | packets
 *            +--------+-------+--------+--------+-------+-------- - - - - --+------ - - -
 *
 *      packet 0      4     8      12     16    20      24     26    32    36     48           68
 *            +------+-----+------+------+-----+-------+------+-----+-----+------+------------+-----+------
 *            | next | sec | nsec | snap | len | status| mac  | net | tci | tpid | sockaddr_ll| room| data
 *            +------+-----+------+------+-----+-------+------+-----+-----+------+------------+-----+------
 *
 *      sockaddr_ll 0        2          4         8        10        11       12
 *                 +--------+----------+---------+--------+---------+--------+-----------+
 *                 | family | protocol | ifindex | hatype | pkttype | halen  | address   |
 *                 +--------+----------+---------+--------+---------+--------+-----------+
 *
 * Everything is in host byte order, but for the protocol. Blocks are read from a copy: what kernel and
 * program share is looked at once, and packets never point into memory that may be unmapped.
 */

import { endianness } from 'node:os';
import type { FilterFunction, PacketMetadata } from '../cbpf/index.js';
import { LINUX_SLL } from '../names/index.js';
import { type CaptureInterface, Packet } from '../savefile/index.js';
import type { Direction } from './device.js';

export const BLOCK_STATUS = 8;
export const BLOCK_LENGTH = 20;
/** The block belongs to the program, not to the kernel. */
export const TP_STATUS_USER = 1;
/** Bytes to be left free in front of each packet: for a cooked header, or a VLAN tag put back. */
export const RESERVE = 24;
export const SLL2_HEADER = 20;
export const SLL_HEADER = 16;

const LITTLE = endianness() === 'LE';
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;
const ADDRESS = 48;
const PACKET_OUTGOING = 4;

export interface RingLayout {
  readonly source: CaptureInterface;
  /** Packets come without link-layer header, and get one of LINKTYPE_LINUX_SLL2 or LINKTYPE_LINUX_SLL. */
  readonly cooked: boolean;
  /** Index of the loopback interface, on which every packet is seen going out and coming in. */
  readonly loopbackIndex: number;
  readonly direction: Direction;
  /** Tests packets as the kernel would have, and gives how many bytes of one to keep. */
  readonly test?: FilterFunction | undefined;
}

/** The packets in a copy of one block, which is changed: headers and tags are put in front of them. */
export function readBlock(block: Uint8Array, layout: RingLayout): Packet[] {
  const packets: Packet[] = [];
  const { source } = layout;
  eachPacket(block, layout, (view, at, { start, end, wireLength }) => {
    const data = block.subarray(start, end);
    const [seconds, nanoseconds] = [view.getUint32(at + 4, LITTLE), view.getUint32(at + 8, LITTLE)];
    packets.push(new Packet(data, wireLength, seconds, nanoseconds, source));
  });
  return packets;
}

/** Bytes of the header of a record, which fits into what the kernel left free or told of a packet. */
const RECORD_HEADER = 16;

/**
 * Makes the records of a pcap file of the packets in a copy of one block, in place: nothing is allocated for a packet.
 *
 * @param nanoseconds - Unit of the file's time stamps, else microseconds.
 * @returns How many there are, and the bytes that they take at the beginning of the block.
 */
export function rewriteBlock(
  block: Uint8Array,
  layout: RingLayout,
  nanoseconds: boolean,
): { readonly count: number; readonly length: number } {
  let [count, length] = [0, 0];
  eachPacket(block, layout, (view, at, { start, end, wireLength }) => {
    const seconds = view.getUint32(at + 4, LITTLE);
    const fraction = view.getUint32(at + 8, LITTLE);
    const header = start - RECORD_HEADER;
    view.setUint32(header, seconds, true);
    view.setUint32(header + 4, nanoseconds ? fraction : (fraction / 1000) >>> 0, true);
    view.setUint32(header + 8, end - start, true);
    view.setUint32(header + 12, wireLength, true);
    block.copyWithin(length, header, end);
    length += end - header;
    count++;
  });
  return { count, length };
}

/** Where a packet lies in its block. */
interface Place {
  start: number;
  end: number;
  wireLength: number;
}

function eachPacket(
  block: Uint8Array,
  layout: RingLayout,
  take: (view: DataView, at: number, place: Place) => void,
): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const place: Place = { start: 0, end: 0, wireLength: 0 };
  let at = view.getUint32(16, LITTLE);
  for (let left = view.getUint32(12, LITTLE); left > 0; left--) {
    if (at + ADDRESS + 20 > block.length) throw new RangeError('packet outside its ring block');
    // Before the packet is taken, which may write over it.
    const next = view.getUint32(at, LITTLE);
    if (locate(block, view, at, layout, place)) take(view, at, place);
    if (next === 0) break;
    at += next;
  }
}

/** Whether the packet is wanted; then `place` says where it lies, headers and tags put in front of it. */
function locate(block: Uint8Array, view: DataView, at: number, layout: RingLayout, place: Place): boolean {
  const { source, cooked, loopbackIndex, direction, test } = layout;
  const address = at + ADDRESS;
  const interfaceIndex = view.getInt32(address + 4, LITTLE);
  const isOutgoing = block[address + 10] === PACKET_OUTGOING;
  if (isOutgoing && interfaceIndex === loopbackIndex) return false;
  if (direction === (isOutgoing ? 'in' : 'out')) return false;
  const captured = view.getUint32(at + 12, LITTLE);
  let wireLength = view.getUint32(at + 16, LITTLE);
  let start = at + view.getUint16(at + 24, LITTLE);
  let end = start + captured;
  if (end > block.length || start < address + 20) throw new RangeError('packet outside its ring block');

  if (cooked) {
    const isOld = source.linkType === LINUX_SLL;
    const header = isOld ? SLL_HEADER : SLL2_HEADER;
    start -= header;
    wireLength += header;
    (isOld ? writeOldCookedHeader : writeCookedHeader)(block, view, address, start);
  }
  const tag = tagOf(view, at);
  if (test !== undefined) {
    const keep = test(block, start, end - start, wireLength, { ...metadataOf(view, address), ...tag });
    if (keep === 0) return false;
    end = Math.min(end, start + keep);
  }
  if (tag !== undefined && source.linkType === 1 && end - start >= 12) {
    start -= 4;
    wireLength += 4;
    block.copyWithin(start, start + 4, start + 16);
    view.setUint16(start + 12, tag.vlanProtocol);
    view.setUint16(start + 14, tag.vlanTci);
  }
  place.start = start;
  place.end = Math.min(end, start + source.snapLength);
  place.wireLength = wireLength;
  return true;
}

/** The VLAN tag that the kernel took off; EtherType 0x8100 where it does not say which it was. */
function tagOf(view: DataView, at: number) {
  const status = view.getUint32(at + 20, LITTLE);
  if ((status & TP_STATUS_VLAN_VALID) === 0) return undefined;
  const known = (status & TP_STATUS_VLAN_TPID_VALID) !== 0;
  const vlanProtocol = known ? view.getUint16(at + 36, LITTLE) : 0x8100;
  return { vlanProtocol, vlanTci: view.getUint32(at + 32, LITTLE) & 0xffff };
}

const metadataOf = (view: DataView, address: number): PacketMetadata => ({
  protocol: view.getUint16(address + 2),
  interfaceIndex: view.getInt32(address + 4, LITTLE),
  hardwareType: view.getUint16(address + 8, LITTLE),
  packetType: view.getUint8(address + 10),
});

/** The link-layer address of a sockaddr_ll; what the kernel left behind it in the ring is none of the packet's. */
function addressOf(block: Uint8Array, address: number): Uint8Array {
  const length = Math.min(block[address + 11]!, 8);
  return block.slice(address + 12, address + 20).fill(0, length);
}

/** LINKTYPE_LINUX_SLL2: protocol, 0, interface, ARPHRD type, packet type, address and its length. */
function writeCookedHeader(block: Uint8Array, view: DataView, address: number, at: number): void {
  const protocol = view.getUint16(address + 2);
  const interfaceIndex = view.getInt32(address + 4, LITTLE);
  const hardware = view.getUint16(address + 8, LITTLE);
  const packetType = block[address + 10]!;
  const length = block[address + 11]!;
  const bytes = addressOf(block, address);
  view.setUint16(at, protocol);
  view.setUint16(at + 2, 0);
  view.setInt32(at + 4, interfaceIndex);
  view.setUint16(at + 8, hardware);
  block[at + 10] = packetType;
  block[at + 11] = length;
  block.set(bytes, at + 12);
}

/** LINKTYPE_LINUX_SLL: packet type, ARPHRD type, length of the address, address, protocol. */
function writeOldCookedHeader(block: Uint8Array, view: DataView, address: number, at: number): void {
  const protocol = view.getUint16(address + 2);
  const hardware = view.getUint16(address + 8, LITTLE);
  const packetType = block[address + 10]!;
  const length = block[address + 11]!;
  const bytes = addressOf(block, address);
  view.setUint16(at, packetType);
  view.setUint16(at + 2, hardware);
  view.setUint16(at + 4, length);
  block.set(bytes, at + 6);
  view.setUint16(at + 14, protocol);
}
