/**
 * The back end for Linux: an AF_PACKET socket whose packets come through a ring of memory shared with
 * the kernel (packet(7), TPACKET_V3). System calls go through koffi, which needs no compiler.
 *
 * Gives nanosecond time stamps, original lengths and drop counts. Nothing is asked of the kernel for a
 * packet: a block of the ring, up to a megabyte, is copied and handed back at once.
 */

import { LINUX_SLL, LINUX_SLL2, SNAP_LENGTH } from '../names/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';
import {
  type Device,
  DeviceError,
  type DeviceOptions,
  type DeviceStats,
  type KernelMachine,
  type RecordSource,
  type Records,
} from './device.js';
import { type Link, linkNamed, links } from './links.js';
import { BLOCK_SIZE, PacketSocket, stampError, type Watch } from './packetSocket.js';
import {
  BLOCK_LENGTH,
  BLOCK_STATUS,
  type RingLayout,
  readBlock,
  rewriteBlock,
  TP_STATUS_USER,
} from './ring.js';

/** Milliseconds after which the kernel hands over a block that is not full, and where packets are wanted at once. */
const RETIRE = 20;
const RETIRE_IMMEDIATELY = 1;
/** Milliseconds after which a device that has gone down is looked at: it may be gone for good. */
const WAIT_DOWN = 500;
/** The same for one that is silent: that it has gone down, the kernel tells. To look costs 0.3 ms, mostly of cold caches. */
const WAIT_SILENT = 10_000;
/** Milliseconds after which a device that is never silent lets timers and signals have their turn. */
const BREATH = 20;

/**
 * LINKTYPE_ numbers by ARPHRD_ type, the usual one first; what is not here is captured cooked (libpcap pcap-linux.c). A CMTS
 * may send DOCSIS frames to an Ethernet device, which only the user knows.
 */
const LINK_TYPES: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [1, 143]], // ARPHRD_ETHER: EN10MB, DOCSIS
  [772, [1]], // ARPHRD_LOOPBACK
  [801, [105]], // ARPHRD_IEEE80211: IEEE802_11
  [803, [127]], // ARPHRD_IEEE80211_RADIOTAP: IEEE802_11_RADIO
  [0xfffe, [101]], // ARPHRD_NONE: RAW
]);
const COOKED: readonly number[] = [LINUX_SLL2, LINUX_SLL];

/**
 * Opens an interface, or `any` for all of them.
 *
 * @throws DeviceError with the remedy where there is one.
 */
export async function openLinuxDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  const { promiscuous = true, bufferBytes = 32 << 20, direction = 'inout', filter } = options;
  const { link, source, linkTypes, cooked } = interfaceOf(name, options);
  const socket = new PacketSocket(name, cooked);
  let extended: { readonly file: number; close(): void } | undefined;
  try {
    extended = await filter?.extended?.(source, cooked);
    const retire = options.immediate === true ? RETIRE_IMMEDIATELY : RETIRE;
    const blockCount = Math.max(2, Math.floor(bufferBytes / BLOCK_SIZE));
    socket.makeRing(blockCount, retire);
    const { timeStampType = 'host' } = options;
    if (timeStampType === 'adapter' || timeStampType === 'adapter_unsynced')
      socket.useDeviceClock(timeStampType);
    else if (timeStampType !== 'host') throw stampError(name);
    // Before the socket is bound, nothing can wait in it that the filter has not seen.
    let filtersInKernel = extended !== undefined;
    if (extended === undefined)
      filtersInKernel = socket.attach(filter?.program(source, cooked), source.snapLength);
    else socket.attachLoaded(extended.file);
    const test = filtersInKernel ? undefined : await filter?.test(source, 'linux-live');
    const ring = socket.map(blockCount);
    socket.bind(link);
    if (promiscuous && link !== undefined) socket.makePromiscuous(link);
    const loopbackIndex = linkNamed('lo')?.index ?? -1;
    const layout = { source, linkTypes, cooked, loopbackIndex, direction, test, index: link?.index };
    const machine = !filtersInKernel ? undefined : extended === undefined ? 'cbpf' : 'ebpf';
    return new LinuxDevice(socket, ring, machine, layout);
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    extended?.close();
  }
}

interface OpenedInterface {
  /** `undefined` for all of them. */
  readonly link: Link | undefined;
  readonly source: CaptureInterface;
  readonly linkTypes: readonly number[];
  /** Packets come without link header, and get a made one. */
  readonly cooked: boolean;
}

function interfaceOf(name: string, options: DeviceOptions): OpenedInterface {
  const any = name === 'any';
  const link = any ? undefined : linkNamed(name);
  if (!any && link === undefined) throw new DeviceError('not-found', `${name}: No such device exists`);
  const own = link === undefined ? undefined : LINK_TYPES.get(link.type);
  const linkTypes = own ?? COOKED;
  const { linkType = linkTypes[0]!, snapLength = SNAP_LENGTH } = options;
  if (!linkTypes.includes(linkType))
    throw new DeviceError('link-type', `${name}: link type ${linkType} is not one of those of this device`);
  const source = { linkType, snapLength, name, timestampUnit: 1e-9 };
  return { link, source, linkTypes, cooked: own === undefined };
}

class LinuxDevice implements Device, RecordSource {
  readonly backend = 'linux';
  readonly name: string;
  readonly linkTypes: readonly number[];
  readonly interface: CaptureInterface;
  readonly filtersInKernel: boolean;
  readonly kernelMachine: KernelMachine | undefined;

  private readonly socket: PacketSocket;
  private readonly blocks: readonly Uint8Array[];
  private readonly states: readonly Int32Array[];
  private readonly layout: RingLayout;
  private readonly copy = new Uint8Array(BLOCK_SIZE);
  /** The device's, which it keeps when it is renamed; `undefined` for all devices. */
  private readonly index: number | undefined;
  private readonly missedBefore: number;
  private readonly poll: Watch;
  private next = 0;
  private closed = false;
  private wentDown = false;
  private wake: () => void = () => {};
  private received = 0;
  private dropped = 0;
  private missed = 0;

  constructor(
    socket: PacketSocket,
    ring: ArrayBuffer,
    machine: KernelMachine | undefined,
    layout: RingLayout & { readonly linkTypes: readonly number[]; readonly index: number | undefined },
  ) {
    this.socket = socket;
    this.filtersInKernel = machine !== undefined;
    this.kernelMachine = machine;
    this.layout = layout;
    this.linkTypes = layout.linkTypes;
    this.interface = layout.source;
    this.name = layout.source.name!;
    const starts = Array.from({ length: ring.byteLength / BLOCK_SIZE }, (_, block) => block * BLOCK_SIZE);
    this.blocks = starts.map((start) => new Uint8Array(ring, start, BLOCK_SIZE));
    this.states = starts.map((start) => new Int32Array(ring, start, 12));
    this.index = layout.index;
    this.missedBefore = this.missedPackets();
    this.poll = socket.watch();
  }

  async *batches(): AsyncGenerator<Packet[], void, undefined> {
    for await (const block of this.handedOver()) {
      const packets = readBlock(block, this.layout);
      if (packets.length > 0) yield packets;
    }
  }

  async *records(nanoseconds: boolean): AsyncGenerator<Records, void, undefined> {
    for await (const block of this.handedOver()) {
      const { count, length } = rewriteBlock(block, this.layout, nanoseconds);
      if (count > 0) yield { count, bytes: block.subarray(0, length) };
    }
  }

  /** Copies of the ring's blocks, as the kernel hands them over. */
  private async *handedOver(): AsyncGenerator<Uint8Array, void, undefined> {
    let lastBreath = performance.now();
    while (!this.closed) {
      if (performance.now() - lastBreath > BREATH) {
        await new Promise((resolve) => void setImmediate(resolve));
        lastBreath = performance.now();
        continue;
      }
      const state = this.states[this.next]!;
      if ((state[BLOCK_STATUS / 4]! & TP_STATUS_USER) === 0) {
        await this.wait();
        continue;
      }
      const length = Math.min(state[BLOCK_LENGTH / 4]!, BLOCK_SIZE);
      this.copy.set(this.blocks[this.next]!.subarray(0, length));
      state[BLOCK_STATUS / 4] = 0;
      this.next = (this.next + 1) % this.blocks.length;
      yield this.copy.subarray(0, length);
    }
  }

  stats(): DeviceStats {
    this.count();
    return { received: this.received, dropped: this.dropped, droppedByInterface: this.missed };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.count();
    this.closed = true;
    this.poll.close();
    this.wake();
    this.socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits until the kernel hands over a block, the device is closed, or some time has passed. */
  private async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.wentDown ? WAIT_DOWN : WAIT_SILENT);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.poll.start(this.wake);
    });
    if (this.closed) return;
    this.poll.stop();
    if (this.socket.error() !== 0) this.wentDown = true;
    // As libpcap has it: what is down may come up again, what is gone does not come back.
    if (!this.wentDown || this.index === undefined || this.link() !== undefined) return;
    await this.close();
    throw new DeviceError('down', `${this.name}: The interface disappeared`);
  }

  /** Adds what the kernel counted since it was asked last; asking sets its counters to zero. */
  private count(): void {
    if (this.closed) return;
    const counters = this.socket.counters();
    if (counters === undefined) return;
    this.received += counters.received;
    this.dropped += counters.dropped;
    this.missed = Math.max(this.missed, this.missedPackets() - this.missedBefore);
  }

  private link(): Link | undefined {
    return links()?.find(({ index }) => index === this.index);
  }

  /** What the interface lost before the kernel saw it (libpcap pcap-linux.c, linux_if_drops()). */
  private missedPackets(): number {
    return this.index === undefined ? 0 : (this.link()?.missed ?? 0);
  }
}
