/**
 * Live capture: what a network device gives, whichever back end reads it.
 */

import type { FilterFunction, Program } from '../cbpf/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';

export interface DeviceOptions {
  /** Most bytes kept of a packet; 262,144 unless given. */
  readonly snapLength?: number;
  /** Whether to ask for packets that are for others; true unless given. The back end cap always does. */
  readonly promiscuous?: boolean;
  /** Memory for packets that wait to be read; 32 MiB unless given. More means fewer drops in bursts. */
  readonly bufferBytes?: number | undefined;
  /** Which packets: those that come in, those that go out, or both, which is the default. The back end cap has both. */
  readonly direction?: Direction | undefined;
  /** Whether each packet is to be handed on at once, at the cost of more work for each; false unless given. */
  readonly immediate?: boolean;
  /** LINKTYPE_ number that packets are to have, one of the device's `linkTypes`; else the first of them. */
  readonly linkType?: number | undefined;
  /** What stamps packets, one of `timeStampTypes()`; `host` unless given. The back end cap has the host alone. */
  readonly timeStampType?: TimeStampType | undefined;
  /** Rather this back end than the first that works. */
  readonly backend?: Backend;
  /** Which packets to hand on; all of them unless given. */
  readonly filter?: DeviceFilter;
}

/** Which packets of a device: those that come in, those that go out, or both. */
export type Direction = 'in' | 'out' | 'inout';

/** A filter in the forms that back ends have use for, each made once the link type is known. */
export interface DeviceFilter {
  /**
   * The program for the kernel, which then does not hand over what does not match; `undefined` where it cannot be put
   * so. See `kernelProgram()`.
   *
   * @param cooked - Whether the kernel sees the packets without the header that they have in the end (LINUX_SLL, LINUX_SLL2).
   */
  program(source: CaptureInterface, cooked: boolean): Program | undefined;
  /**
   * The same as eBPF, loaded; `undefined` where the classic program is to be taken. Closed once the socket holds it.
   */
  extended?(
    source: CaptureInterface,
    cooked: boolean,
  ): Promise<{ readonly file: number; close(): void } | undefined>;
  /**
   * The test for packets that the kernel has not tested; what it gives is how many bytes to keep.
   *
   * @param mode - What they are tested with: `linux-live` with metadata, and without the VLAN tag that the kernel took
   *   off; `dead` as they are.
   */
  test(source: CaptureInterface, mode: 'linux-live' | 'dead'): FilterFunction | Promise<FilterFunction>;
}

/** `linux`: a packet ring of the kernel's, through koffi. `cap`: libpcap, through the package cap. */
export type Backend = 'linux' | 'cap';

/** The machine that a filter in the kernel is a program of: classic BPF, or eBPF. */
export type KernelMachine = 'cbpf' | 'ebpf';

/** What can stamp packets: names as libpcap has them, and what they say. */
export const TIME_STAMP_TYPES = [
  { name: 'host', description: 'Host' },
  { name: 'host_lowprec', description: 'Host, low precision' },
  { name: 'host_hiprec', description: 'Host, high precision' },
  { name: 'adapter', description: 'Adapter' },
  { name: 'adapter_unsynced', description: 'Adapter, not synced with system time' },
  { name: 'host_hiprec_unsynced', description: 'Host, high precision, not synced with system time' },
] as const;
/** Names of them: of the host's clock, or the device's. */
export type TimeStampType = (typeof TIME_STAMP_TYPES)[number]['name'];

/** What happened to packets so far. */
export interface DeviceStats {
  /** Packets that reached the capture, those dropped included. */
  readonly received: number;
  /** Packets lost because they were not read in time. */
  readonly dropped: number;
  /** Packets that the interface itself lost. */
  readonly droppedByInterface: number;
}

/** An open device. Packets come until it is closed or goes away. */
export interface Device extends AsyncDisposable {
  readonly name: string;
  readonly backend: Backend;
  /** LINKTYPE_ numbers that its packets can have: see {@link DeviceOptions}. */
  readonly linkTypes: readonly number[];
  /** Link type, snapshot length and time stamp unit of its packets. */
  readonly interface: CaptureInterface;
  /** Whether the kernel runs the filter, if there is one; else it is run here. */
  readonly filtersInKernel: boolean;
  /** What the kernel's filter is a program of, if the kernel runs it. */
  readonly kernelMachine: KernelMachine | undefined;
  /**
   * Packets as they come, in arrays. Their data is overwritten when the next array is asked for. Ends
   * when the device is closed; rejects when the device goes away.
   */
  batches(): AsyncGenerator<Packet[], void, undefined>;
  /** Counts so far, also after closing; `undefined` where the back end has none (cap). */
  stats(): DeviceStats | undefined;
  /** Ends the capture. Packets that wait unread are lost. */
  close(): Promise<void>;
}

/** Some packets as records of a pcap file, one after the other; overwritten when the next are asked for. */
export interface Records {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A device that makes records of its packets itself, at less cost than packets and an encoder take. */
export interface RecordSource {
  /** As `batches()`. @param nanoseconds - Unit of time stamps, else microseconds. */
  records(nanoseconds: boolean): AsyncGenerator<Records, void, undefined>;
}

/** The records of a device, where it makes them itself. */
export const recordsOf = (
  device: Device,
  nanoseconds: boolean,
): ReturnType<RecordSource['records']> | undefined =>
  (device as Partial<RecordSource>).records?.(nanoseconds);

/** What a DeviceError is about. */
export type DeviceErrorCode =
  /** No device of that name or number. */
  | 'not-found'
  /** The device is not up, or went away. */
  | 'down'
  /** The device has no such link type. */
  | 'link-type'
  /** The device's packets cannot be stamped so. */
  | 'time-stamp-type'
  | 'permission'
  /** No package that can capture is installed, or libpcap is not. */
  | 'missing'
  | 'io';

/** A device cannot be captured from; `hint` says what would help, where that is known. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: DeviceErrorCode;
  readonly hint: string;

  constructor(code: DeviceErrorCode, message: string, hint = '') {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
