/**
 * The back end for everything but Linux, and for Linux without koffi: libpcap through the package cap.
 *
 * What cap 0.2.1 does not do for itself is done here. It keeps no reference to the Buffer it writes to,
 * so the device does. It asks for a slot of 64 KiB a packet, so its buffer has to be large or bursts are
 * lost without a word. It gives neither time stamps nor original lengths: packets are stamped when they
 * arrive here, and their length is the captured one. It overwrites its Buffer after each call. Its events
 * go to the main thread's loop, whichever thread asked, and a closed session must not be collected.
 */

import { isMainThread } from 'node:worker_threads';
import type { Cap as CapSession } from 'cap';
import type { FilterFunction } from '../cbpf/index.js';
import { SNAP_LENGTH } from '../names/index.js';
import { type CaptureInterface, Packet } from '../savefile/index.js';
import { type Device, DeviceError, type DeviceOptions } from './device.js';

const MIN_BUFFER = 64 << 20;
/**
 * Closed sessions, kept for ever: cap leaves its watcher in the event loop's list of handles, and the memory with it, so
 * that the loop walks into what was freed once a session is collected.
 */
const CLOSED: CapSession[] = [];
/** cap captures with this snapshot length, whatever its Buffer holds. */
const MAX_PACKET = 65_535;

/** LINKTYPE_ numbers by the names that cap has for them. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  IEEE802_11_RADIO: 127,
  RAW: 101,
  PFLOG: 117,
  LINKTYPE_LINUX_SLL: 113,
};

/** @throws DeviceError with the remedy where there is one. */
export async function openCapDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  if (!isMainThread) {
    throw new DeviceError(
      'missing',
      'the package cap works in the main thread only',
      'npm install koffi, on Linux',
    );
  }
  if (options.direction !== undefined && options.direction !== 'inout')
    throw new DeviceError(
      'io',
      `${name}: the package cap captures both directions`,
      'npm install koffi, on Linux',
    );
  if ((options.timeStampType ?? 'host') !== 'host')
    throw new DeviceError(
      'time-stamp-type',
      `${name}: the package cap has no time stamps but those of the host`,
    );
  const { Cap } = await loadCap();
  const { snapLength = SNAP_LENGTH, bufferBytes = MIN_BUFFER } = options;
  const session = new Cap();
  const buffer = Buffer.alloc(MAX_PACKET);
  let linkName: string;
  try {
    linkName = session.open(name, '', Math.max(bufferBytes, MIN_BUFFER), buffer);
    session.setMinBytes?.(0);
  } catch (error) {
    throw openError(name, (error as Error).message);
  }
  const linkType = LINK_TYPES[linkName];
  if (linkType === undefined) {
    closeForEver(session);
    throw new DeviceError('io', `${name}: cap has no number for its link type ${linkName}`);
  }
  const source = { linkType, snapLength: Math.min(snapLength, MAX_PACKET), name, timestampUnit: 1e-6 };
  if (options.linkType !== undefined && options.linkType !== linkType) {
    closeForEver(session);
    throw new DeviceError(
      'link-type',
      `${name}: link type ${options.linkType} is not the one that libpcap opened`,
    );
  }
  let test: FilterFunction | undefined;
  try {
    test = await options.filter?.test(source, 'dead');
  } catch (error) {
    closeForEver(session);
    throw error;
  }
  return new CapDevice(session, buffer, source, test);
}

function closeForEver(session: CapSession): void {
  session.close();
  session.removeAllListeners();
  CLOSED.push(session);
}

async function loadCap(): Promise<typeof import('cap')['default']> {
  try {
    return (await import('cap')).default;
  } catch (error) {
    const built = /cap\.node/.test((error as Error).message);
    const reason = built ? 'the package cap was installed but not built' : 'the package cap is not installed';
    const hint = built
      ? 'install libpcap and its headers (libpcap-dev, Npcap with its SDK), then: npm rebuild cap'
      : 'install libpcap and its headers (libpcap-dev, Npcap with its SDK), then: npm install cap';
    throw new DeviceError('missing', reason, hint);
  }
}

class CapDevice implements Device {
  readonly backend = 'cap';
  readonly filtersInKernel = false;
  readonly kernelMachine = undefined;
  readonly name: string;
  readonly linkTypes: readonly number[];
  readonly interface: CaptureInterface;

  private readonly session: CapSession;
  /** libpcap writes here: it must live as long as the session. */
  private readonly buffer: Buffer;
  private ready: Packet[] = [];
  private wake: () => void = () => {};
  private closed = false;

  constructor(
    session: CapSession,
    buffer: Buffer,
    source: CaptureInterface & { readonly name: string },
    test: FilterFunction | undefined,
  ) {
    this.session = session;
    this.buffer = buffer;
    this.linkTypes = [source.linkType];
    this.interface = source;
    this.name = source.name;
    session.on('packet', (length: number) => {
      const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
      const seconds = Math.floor(microseconds / 1e6);
      const captured = Math.min(length, this.buffer.length);
      const keep = test === undefined ? captured : test(this.buffer, 0, captured, length);
      if (keep === 0) return;
      const data = new Uint8Array(this.buffer.subarray(0, Math.min(captured, keep, source.snapLength)));
      this.ready.push(new Packet(data, length, seconds, (microseconds - seconds * 1e6) * 1000, source));
      this.wake();
    });
  }

  async *batches(): AsyncGenerator<Packet[], void, undefined> {
    for (;;) {
      if (this.ready.length > 0) {
        const batch = this.ready;
        this.ready = [];
        yield batch;
      } else if (this.closed) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  stats(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    closeForEver(this.session);
    this.wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function openError(name: string, message: string): DeviceError {
  if (/permission|not permitted/i.test(message)) {
    return new DeviceError(
      'permission',
      `${name}: You don't have permission to perform this capture on that device\n(${message})`,
      'run as root or administrator',
    );
  }
  if (/no such device/i.test(message)) return new DeviceError('not-found', `${name}: No such device exists`);
  if (/not up/i.test(message)) return new DeviceError('down', `${name}: That device is not up`);
  return new DeviceError('io', `${name}: ${message}`);
}
