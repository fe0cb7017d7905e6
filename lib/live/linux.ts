/**
 * The back end for Linux: an AF_PACKET socket whose packets come through a ring of memory shared with
 * the kernel (packet(7), TPACKET_V3). System calls go through koffi, which needs no compiler.
 *
 * Gives nanosecond time stamps, original lengths and drop counts. Nothing is asked of the kernel for a
 * packet: a block of the ring, up to a megabyte, is copied and handed back at once.
 */

import { type FilterFunction, KERNEL_MAX_LENGTH, opcodes, type Program } from '../cbpf/index.js';
import { LINUX_SLL, LINUX_SLL2, SNAP_LENGTH } from '../names/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';
import { type Device, DeviceError, type DeviceOptions, type DeviceStats } from './device.js';
import { loadKoffi } from './koffi.js';
import { IFF_UP, linkNamed } from './links.js';
import { BLOCK_LENGTH, BLOCK_STATUS, RESERVE, type RingLayout, readBlock, TP_STATUS_USER } from './ring.js';

// linux/if_packet.h, asm-generic/socket.h, linux/if_arp.h
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const TPACKET_V3 = 2;
const PACKET_MR_PROMISC = 1;
const ETH_P_ALL = 3;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const SO_ERROR = 4;

const BLOCK_SIZE = 1 << 20;
const FRAME_SIZE = 1 << 11;
/** Milliseconds after which the kernel hands over a block that is not full, and where packets are wanted at once. */
const RETIRE = 20;
const RETIRE_IMMEDIATELY = 1;
/** Milliseconds after which a device that is silent is looked at: it may have gone. */
const WAIT = 500;
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

type Koffi = typeof import('koffi')['default'];

/** System calls; each gives a negative number, and sets `koffi.errno()`, where it fails. */
interface Calls {
  readonly koffi: Koffi;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: Buffer, length: number) => number;
  readonly getsockopt: (fd: number, level: number, option: number, value: Buffer, length: number[]) => number;
  readonly attachFilter: (
    fd: number,
    level: number,
    option: number,
    program: object,
    length: number,
  ) => number;
  readonly bind: (fd: number, address: Buffer, length: number) => number;
  readonly mmap: (
    at: null,
    length: number,
    access: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  readonly munmap: (at: bigint, length: number) => number;
  readonly close: (fd: number) => number;
}

let loaded: Calls | undefined;

/** @throws DeviceError `missing` where koffi is not installed or this is not Linux. */
function loadCalls(): Calls {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') throw new DeviceError('missing', 'packet rings exist on Linux only');
  let koffi: Koffi;
  try {
    koffi = loadKoffi() as Koffi;
  } catch (error) {
    throw new DeviceError(
      'missing',
      `cannot load the package koffi: ${(error as Error).message}`,
      'npm install koffi',
    );
  }
  const libc = koffi.load(null);
  const program = koffi.struct({ count: 'uint16_t', instructions: 'const uint8_t *' }); // struct sock_fprog
  loaded = {
    koffi,
    socket: libc.func('int socket(int, int, int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)'),
    getsockopt: libc.func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)'),
    attachFilter: libc.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'uint32_t']),
    bind: libc.func('int bind(int, const uint8_t *, uint32_t)'),
    mmap: libc.func('uintptr_t mmap(void *, size_t, int, int, int, int64_t)'),
    munmap: libc.func('int munmap(uintptr_t, size_t)'),
    close: libc.func('int close(int)'),
  };
  return loaded;
}

/**
 * Opens an interface, or `any` for all of them.
 *
 * @throws DeviceError with the remedy where there is one.
 */
export async function openLinuxDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  const calls = loadCalls();
  const {
    snapLength = SNAP_LENGTH,
    promiscuous = true,
    bufferBytes = 32 << 20,
    direction = 'inout',
  } = options;
  const any = name === 'any';
  const link = any ? undefined : linkNamed(name);
  if (!any && link === undefined) throw new DeviceError('not-found', `${name}: No such device exists`);
  const own = link === undefined ? undefined : LINK_TYPES.get(link.type);
  const cooked = own === undefined;
  const linkTypes = own ?? COOKED;
  const linkType = options.linkType ?? linkTypes[0]!;
  if (!linkTypes.includes(linkType))
    throw new DeviceError('link-type', `${name}: link type ${linkType} is not one of those of this device`);
  const source: CaptureInterface = {
    linkType,
    snapLength,
    name,
    timestampUnit: 1e-9,
  };

  const { filter } = options;
  const program = filter?.program(source, cooked);
  let filtersInKernel = false;
  let test: FilterFunction | undefined;

  const { koffi } = calls;
  const fail = (what: string): DeviceError => systemError(name, what, koffi.errno(), koffi);
  // Protocol 0: nothing is captured before ring and filter are in place.
  const descriptor = calls.socket(AF_PACKET, cooked ? SOCK_DGRAM : SOCK_RAW, 0);
  if (descriptor < 0) throw fail('socket');
  const blockCount = Math.max(2, Math.floor(bufferBytes / BLOCK_SIZE));
  const ringLength = blockCount * BLOCK_SIZE;
  let ring: bigint | undefined;
  try {
    const set = (option: number, value: Buffer, what: string): void => {
      if (calls.setsockopt(descriptor, SOL_PACKET, option, value, value.length) < 0) throw fail(what);
    };
    set(PACKET_VERSION, int32(TPACKET_V3), 'PACKET_VERSION');
    set(PACKET_RESERVE, int32(RESERVE), 'PACKET_RESERVE');
    const frames = (BLOCK_SIZE / FRAME_SIZE) * blockCount;
    const retire = options.immediate === true ? RETIRE_IMMEDIATELY : RETIRE;
    const request = int32(BLOCK_SIZE, blockCount, FRAME_SIZE, frames, retire, 0, 0); // struct tpacket_req3
    set(PACKET_RX_RING, request, 'PACKET_RX_RING');
    const attach = (tried: Program): boolean =>
      calls.attachFilter(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, socketFilter(tried), 16) >= 0;
    // It may be more than the kernel takes, or more than a socket may use (optmem_max).
    filtersInKernel = program !== undefined && program.length <= KERNEL_MAX_LENGTH && attach(program);
    if (!filtersInKernel) {
      if (!attach([keepAll(snapLength)])) throw fail('SO_ATTACH_FILTER');
      test = await filter?.test(source, 'linux-live');
    }
    const mapped = calls.mmap(null, ringLength, PROT_READ_WRITE, MAP_SHARED, descriptor, 0);
    if (BigInt.asIntN(64, BigInt(mapped)) === -1n) throw fail('mmap');
    ring = BigInt(mapped);
    const protocol = Buffer.from([0, ETH_P_ALL]);
    const address = Buffer.concat([uint16(AF_PACKET), protocol, int32(link?.index ?? 0, 0, 0, 0)]); // struct sockaddr_ll
    if (calls.bind(descriptor, address, address.length) < 0) throw fail('bind');
    if (link !== undefined && (link.flags & IFF_UP) === 0) throw down(name, 'That device is not up');
    if (promiscuous && link !== undefined) {
      const membership = Buffer.concat([int32(link.index), uint16(PACKET_MR_PROMISC, 0), int32(0, 0)]); // struct packet_mreq
      set(PACKET_ADD_MEMBERSHIP, membership, 'PACKET_ADD_MEMBERSHIP');
    }
  } catch (error) {
    if (ring !== undefined) calls.munmap(ring, ringLength);
    calls.close(descriptor);
    throw error;
  }
  const loopbackIndex = linkNamed('lo')?.index ?? -1;
  return new LinuxDevice(calls, descriptor, ring, blockCount, filtersInKernel, {
    source,
    linkTypes,
    cooked,
    loopbackIndex,
    direction,
    ...(test === undefined ? {} : { test }),
  });
}

class LinuxDevice implements Device {
  readonly backend = 'linux';
  readonly name: string;
  readonly linkTypes: readonly number[];
  readonly interface: CaptureInterface;
  readonly filtersInKernel: boolean;

  private readonly calls: Calls;
  private readonly descriptor: number;
  private readonly ring: bigint;
  private readonly blocks: readonly Uint8Array[];
  private readonly states: readonly Int32Array[];
  private readonly layout: RingLayout;
  private readonly copy = new Uint8Array(BLOCK_SIZE);
  private readonly missedBefore: number;
  private readonly poll: InstanceType<Koffi['node']['PollHandle']>;
  private next = 0;
  private closed = false;
  private wentDown = false;
  private wake: () => void = () => {};
  private received = 0;
  private dropped = 0;
  private missed = 0;

  constructor(
    calls: Calls,
    descriptor: number,
    ring: bigint,
    blockCount: number,
    filtersInKernel: boolean,
    layout: RingLayout & { readonly linkTypes: readonly number[] },
  ) {
    this.calls = calls;
    this.filtersInKernel = filtersInKernel;
    this.descriptor = descriptor;
    this.ring = ring;
    this.layout = layout;
    this.linkTypes = layout.linkTypes;
    this.interface = layout.source;
    this.name = layout.source.name!;
    const memory = calls.koffi.view(ring, blockCount * BLOCK_SIZE);
    const starts = Array.from({ length: blockCount }, (_, block) => block * BLOCK_SIZE);
    this.blocks = starts.map((start) => new Uint8Array(memory, start, BLOCK_SIZE));
    this.states = starts.map((start) => new Int32Array(memory, start, 12));
    this.missedBefore = missedPackets(this.name);
    this.poll = calls.koffi.node.poll(descriptor, () => {});
    this.poll.stop();
  }

  async *batches(): AsyncGenerator<Packet[], void, undefined> {
    let lastBreath = Date.now();
    while (!this.closed) {
      if (Date.now() - lastBreath > BREATH) {
        await new Promise((resolve) => void setImmediate(resolve));
        lastBreath = Date.now();
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
      const packets = readBlock(this.copy.subarray(0, length), this.layout);
      if (packets.length > 0) yield packets;
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
    this.calls.munmap(this.ring, this.blocks.length * BLOCK_SIZE);
    this.calls.close(this.descriptor);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits until the kernel hands over a block, the device is closed, or some time has passed. */
  private async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, WAIT);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.poll.start(this.wake);
    });
    if (this.closed) return;
    this.poll.stop();
    const error = Buffer.alloc(4);
    this.calls.getsockopt(this.descriptor, SOL_SOCKET, SO_ERROR, error, [error.length]);
    const [code] = new Int32Array(error.buffer, error.byteOffset, 1);
    if (code !== 0) this.wentDown = true;
    // As libpcap has it: what is down may come up again, what is gone does not come back.
    if (!this.wentDown || this.name === 'any' || linkNamed(this.name) !== undefined) return;
    await this.close();
    throw new DeviceError('down', `${this.name}: The interface disappeared`);
  }

  /** Adds what the kernel counted since it was asked last; asking sets its counters to zero. */
  private count(): void {
    if (this.closed) return;
    const counters = Buffer.alloc(12); // struct tpacket_stats_v3
    const length = [counters.length];
    if (this.calls.getsockopt(this.descriptor, SOL_PACKET, PACKET_STATISTICS, counters, length) < 0) return;
    const [received, dropped] = new Uint32Array(counters.buffer, counters.byteOffset, 3);
    this.received += received!;
    this.dropped += dropped!;
    this.missed = missedPackets(this.name) - this.missedBefore;
  }
}

const keepAll = (snapLength: number) => ({ code: opcodes.RET | opcodes.K, jt: 0, jf: 0, k: snapLength });

/** A program as struct sock_fprog has it, with its struct sock_filter one after the other. */
function socketFilter(program: Program) {
  const instructions = program.map(({ code, jt, jf, k }) => [uint16(code), Buffer.from([jt, jf]), int32(k)]);
  return { count: program.length, instructions: Buffer.concat(instructions.flat()) };
}

/** Numbers as system calls take them, in host byte order. */
function int32(...values: number[]): Buffer {
  return Buffer.from(Int32Array.from(values).buffer);
}

function uint16(...values: number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}

/** What the interface lost before the kernel saw it (libpcap pcap-linux.c, linux_if_drops()). */
const missedPackets = (name: string): number => linkNamed(name)?.missed ?? 0;

function down(name: string, what: string): DeviceError {
  return new DeviceError('down', `${name}: ${what}`, `ip link set ${name} up`);
}

/** A failed system call, in libpcap's words where it has them. */
function systemError(name: string, what: string, errno: number, koffi: Koffi): DeviceError {
  const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return new DeviceError(
        'permission',
        `${name}: You don't have permission to perform this capture on that device\n(${what}: Operation not permitted)`,
        `run as root, or allow it once: sudo setcap cap_net_raw,cap_net_admin=eip ${process.execPath}`,
      );
    case 'ENODEV':
      return new DeviceError('not-found', `${name}: No such device exists`);
    case 'ENETDOWN':
      return down(name, 'That device is not up');
    case 'ENOMEM':
      return new DeviceError('io', `${name}: no memory for the packet ring`, 'ask for a smaller buffer');
    default:
      return new DeviceError('io', `${name}: ${what}: ${code}`);
  }
}
