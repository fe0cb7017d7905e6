/**
 * An AF_PACKET socket with a ring of memory shared with the kernel (packet(7), TPACKET_V3). System calls go through
 * koffi, which needs no compiler.
 */

import { KERNEL_MAX_LENGTH, opcodes, type Program } from '../cbpf/index.js';
import { DeviceError } from './device.js';
import { loadKoffi } from './koffi.js';
import { control, IFF_UP, type Link } from './links.js';
import { RESERVE } from './ring.js';
import { HARDWARE_STAMPS } from './timeStamps.js';

// linux/if_packet.h, asm-generic/socket.h, linux/if_arp.h
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_BPF = 50;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const PACKET_TIMESTAMP = 17;
/** linux/sockios.h, linux/net_tstamp.h */
const SIOCSHWTSTAMP = 0x89b0;
const HWTSTAMP_FILTER_ALL = 1;
const TPACKET_V3 = 2;
const PACKET_MR_PROMISC = 1;
const ETH_P_ALL = 3;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const SO_ERROR = 4;

/** Bytes of a block of the ring. */
export const BLOCK_SIZE = 1 << 20;
const FRAME_SIZE = 1 << 11;
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

/** Waits for a descriptor without holding up anything else. */
export interface Watch {
  start(wake: () => void): void;
  stop(): void;
  close(): void;
}

/** A packet socket on its way to capture: packet(7), and packet_mmap.rst of the kernel's documentation. */
export class PacketSocket {
  readonly descriptor: number;
  private readonly calls: Calls;
  private readonly name: string;
  private ring: { readonly address: bigint; readonly length: number } | undefined;

  /** @throws DeviceError as all that is here: `missing` where koffi is not installed or this is not Linux. */
  constructor(name: string, cooked: boolean) {
    this.calls = loadCalls();
    this.name = name;
    // Protocol 0: nothing is captured before ring and filter are in place.
    this.descriptor = this.calls.socket(AF_PACKET, cooked ? SOCK_DGRAM : SOCK_RAW, 0);
    if (this.descriptor < 0) throw this.failure('socket');
  }

  /** @param retire - Milliseconds after which a block that is not full is handed over. */
  makeRing(blockCount: number, retire: number): void {
    this.set(PACKET_VERSION, int32(TPACKET_V3), 'PACKET_VERSION');
    this.set(PACKET_RESERVE, int32(RESERVE), 'PACKET_RESERVE');
    const frames = (BLOCK_SIZE / FRAME_SIZE) * blockCount;
    const request = int32(BLOCK_SIZE, blockCount, FRAME_SIZE, frames, retire, 0, 0); // struct tpacket_req3
    this.set(PACKET_RX_RING, request, 'PACKET_RX_RING');
  }

  /** Gives the kernel the program, or one that only cuts: the first may be more than it takes (optmem_max). */
  attach(program: Program | undefined, snapLength: number): boolean {
    const tried = (it: Program): boolean =>
      this.calls.attachFilter(this.descriptor, SOL_SOCKET, SO_ATTACH_FILTER, socketFilter(it), 16) >= 0;
    if (program !== undefined && program.length <= KERNEL_MAX_LENGTH && tried(program)) return true;
    if (!tried([keepAll(snapLength)])) throw this.failure('SO_ATTACH_FILTER');
    return false;
  }

  /** Gives the kernel a program of eBPF that has been loaded. */
  attachLoaded(file: number): void {
    if (this.calls.setsockopt(this.descriptor, SOL_SOCKET, SO_ATTACH_BPF, int32(file), 4) < 0)
      throw this.failure('SO_ATTACH_BPF');
  }

  /** @returns The ring. */
  map(blockCount: number): ArrayBuffer {
    const length = blockCount * BLOCK_SIZE;
    const mapped = this.calls.mmap(null, length, PROT_READ_WRITE, MAP_SHARED, this.descriptor, 0);
    if (BigInt.asIntN(64, BigInt(mapped)) === -1n) throw this.failure('mmap');
    this.ring = { address: BigInt(mapped), length };
    return this.calls.koffi.view(this.ring.address, length);
  }

  bind(link: Link | undefined): void {
    const protocol = Buffer.from([0, ETH_P_ALL]);
    const address = Buffer.concat([uint16(AF_PACKET), protocol, int32(link?.index ?? 0, 0, 0, 0)]); // struct sockaddr_ll
    if (this.calls.bind(this.descriptor, address, address.length) < 0) throw this.failure('bind');
    if (link !== undefined && (link.flags & IFF_UP) === 0) throw down(this.name, 'That device is not up');
  }

  /** Has the device's clock stamp all packets, in its own time or in the system's. @throws DeviceError `time-stamp-type` */
  useDeviceClock(type: keyof typeof HARDWARE_STAMPS): void {
    const settings = int32(0, 0, HWTSTAMP_FILTER_ALL); // struct hwtstamp_config
    if (!control(this.name, SIOCSHWTSTAMP, settings)) throw stampError(this.name);
    this.set(PACKET_TIMESTAMP, int32(HARDWARE_STAMPS[type]), 'PACKET_TIMESTAMP');
  }

  makePromiscuous(link: Link): void {
    const membership = Buffer.concat([int32(link.index), uint16(PACKET_MR_PROMISC, 0), int32(0, 0)]); // struct packet_mreq
    this.set(PACKET_ADD_MEMBERSHIP, membership, 'PACKET_ADD_MEMBERSHIP');
  }

  close(): void {
    if (this.ring !== undefined) this.calls.munmap(this.ring.address, this.ring.length);
    this.calls.close(this.descriptor);
  }

  /** Watches for blocks that are handed over; it is stopped at first. */
  watch(): Watch {
    const handle = this.calls.koffi.node.poll(this.descriptor, () => {});
    handle.stop();
    return handle;
  }

  /** What the kernel has counted since it was asked last; `undefined` where it does not answer. */
  counters(): { readonly received: number; readonly dropped: number } | undefined {
    const counters = Buffer.alloc(12); // struct tpacket_stats_v3
    const length = [counters.length];
    if (this.calls.getsockopt(this.descriptor, SOL_PACKET, PACKET_STATISTICS, counters, length) < 0)
      return undefined;
    const [received, dropped] = new Uint32Array(counters.buffer, counters.byteOffset, 3);
    return { received: received!, dropped: dropped! };
  }

  /** The error that waits, taken off the socket; 0 where there is none. */
  error(): number {
    const error = Buffer.alloc(4);
    this.calls.getsockopt(this.descriptor, SOL_SOCKET, SO_ERROR, error, [error.length]);
    return new Int32Array(error.buffer, error.byteOffset, 1)[0]!;
  }

  private set(option: number, value: Buffer, what: string): void {
    if (this.calls.setsockopt(this.descriptor, SOL_PACKET, option, value, value.length) < 0)
      throw this.failure(what);
  }

  private failure(what: string): DeviceError {
    const { koffi } = this.calls;
    return systemError(this.name, what, koffi.errno(), koffi);
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

/** Libpcap's words. */
export const stampError = (name: string): DeviceError =>
  new DeviceError('time-stamp-type', `${name}: That type of time stamp is not supported by that device`);

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
