/**
 * Programs at the network's devices: XDP and tc, through links of bpf(2). A link lives as long as whoever holds its file: when
 * the process ends, however it ends, the program is gone from the device.
 */

import { opcodes, type Program } from '../ebpf/index.js';
import type { LoadedObject, LoadedProgram } from '../engine/index.js';
import { links } from '../live/index.js';
import { Bpf, COMMAND, KernelError } from './bpf.js';
import { factsOf, possibleProcessors } from './facts.js';
import { loadObjectProgram, type ObjectInKernel } from './objectProgram.js';

/** Where a program runs: as the driver hands over a packet, or behind that as tc sees what arrives. */
export type NetworkHook = 'xdp' | 'tc';

/** For XDP: in the driver, in the kernel's own code for all drivers, or as the kernel chooses. */
export type XdpMode = 'native' | 'generic';

export interface Counts {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** A program at a device, for as long as it is not closed and this process lives. */
export interface Attachment {
  /** The link's number. */
  readonly link: number;
  /** Whether it is still there: someone else may have taken it away, or the device. */
  isAttached(): boolean;
  close(): void;
}

export interface AttachedFilter extends Attachment {
  /** What was counted so far. */
  counts(): { readonly matched: Counts; readonly others: Counts };
}

/** A program of an object at a device. */
export interface AttachedObject extends Attachment, Omit<ObjectInKernel, 'file'> {}

/** Where and how a program is attached. */
export interface AttachOptions {
  readonly hook: NetworkHook;
  /** Of tc: what leaves the device, rather than what arrives. */
  readonly egress?: boolean;
  readonly mode?: XdpMode | undefined;
  /** What lists show; begins with `weir_`. */
  readonly name: string;
}

/** A link at a device, whoever holds it. */
export interface NetworkLink {
  readonly link: number;
  readonly hook: NetworkHook;
  /** `undefined` for one of another network namespace, or one that is gone. */
  readonly device: string | undefined;
  /** As its loader called it: those of this project begin with `weir_`. */
  readonly name: string;
}

// Linux include/uapi/linux/bpf.h, if_link.h
const ATTACH = { xdp: 37, tc: 46, egress: 47 } as const;
const MODE = { generic: 2, native: 4 } as const;
const LINK_TYPE: ReadonlyMap<number, NetworkHook> = new Map([
  [6, 'xdp'],
  [11, 'tc'],
]);
const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const COUNTER_SIZE = 16;
const PROGRAM_NAME = 64;
const NAME_SIZE = 16;

/**
 * Attaches a program with counters, as `buildObject` makes it, to what arrives at a device.
 *
 * @throws KernelError
 */
export function attachFilter(device: string, program: Program, options: AttachOptions): AttachedFilter {
  const bpf = new Bpf();
  let counters = -1;
  const attachment = attachLoaded(bpf, device, options, (kept) => {
    counters = kept(bpf.makeCounters(COUNTER_SIZE, 2));
    const own = program.map((slot) =>
      slot.opcode === WIDE && slot.src === opcodes.PSEUDO.mapFd ? { ...slot, imm: counters } : slot,
    );
    return kept(bpf.load(own, options.hook === 'xdp' ? 'xdp' : 'sched_cls', options.name));
  });
  const counts = (): ReturnType<AttachedFilter['counts']> => ({
    matched: countsOf(bpf, counters, 0),
    others: countsOf(bpf, counters, 1),
  });
  return { ...attachment, counts };
}

/**
 * Attaches a program of an object, for XDP or tc.
 *
 * @throws KernelError, `refused` with the verifier's log
 */
export function attachObject(
  device: string,
  object: LoadedObject,
  entry: LoadedProgram,
  options: AttachOptions,
): AttachedObject {
  const bpf = new Bpf();
  let loaded: ObjectInKernel;
  const attachment = attachLoaded(bpf, device, options, (kept) => {
    loaded = loadObjectProgram(bpf, object, entry, { name: options.name, kept });
    return loaded.file;
  });
  return { ...attachment, runs: () => loaded.runs(), elements: (map) => loaded.elements(map) };
}

/** Links a program to a device. `load` has what is to be closed in the end `kept`, and gives the program. */
function attachLoaded(
  bpf: Bpf,
  device: string,
  { hook, egress = false, mode }: AttachOptions,
  load: (kept: (file: number) => number) => number,
): Attachment {
  const index = indexOf(device);
  const files: number[] = [];
  const kept = (file: number): number => {
    files.push(file);
    return file;
  };
  const close = (): void => {
    for (const file of files.splice(0).reverse()) bpf.close(file);
  };
  try {
    const attribute = bpf
      .attribute()
      .u32(0, load(kept))
      .u32(4, index)
      .u32(8, ATTACH[egress && hook === 'tc' ? 'egress' : hook])
      .u32(12, mode === undefined ? 0 : MODE[mode]);
    const link = kept(linkTo(bpf, device, attribute));
    const isAttached = (): boolean => files.length > 0 && linkInfo(bpf, link).ifindex === index;
    return { link: linkInfo(bpf, link).number, isAttached, close };
  } catch (error) {
    close();
    throw error;
  }
}

function linkTo(bpf: Bpf, device: string, attribute: ReturnType<Bpf['attribute']>): number {
  const result = bpf.tried(COMMAND.linkCreate, attribute);
  if (typeof result === 'number') return result;
  if (result === 'EBUSY' || result === 'EEXIST')
    throw new KernelError('failed', `${device}: another program is attached there`, {
      errno: result,
      hint: 'see weir attach --list, or ip link',
    });
  if (result === 'EOPNOTSUPP' || result === 'ENOTSUP')
    throw new KernelError('failed', `${device}: its driver has no XDP`, { errno: result, hint: '--generic' });
  throw new KernelError('failed', `${device}: attaching: ${result}`, { errno: result });
}

/** All links of XDP and tc that there are, whoever holds them. @throws KernelError */
export function listAttached(): NetworkLink[] {
  const bpf = new Bpf();
  const found: NetworkLink[] = [];
  for (let id = 0; ; ) {
    const next = bpf.attribute().u32(0, id);
    const result = bpf.tried(COMMAND.nextLink, next);
    if (result === 'ENOENT') return found;
    if (typeof result === 'string') bpf.call(COMMAND.nextLink, 'listing links', next);
    id = next.bytes.readUInt32LE(4);
    const file = bpf.tried(COMMAND.linkById, bpf.attribute().u32(0, id));
    // It may have gone meanwhile.
    if (typeof file === 'string') continue;
    const { type, program, ifindex } = linkInfo(bpf, file);
    bpf.close(file);
    const hook = LINK_TYPE.get(type);
    if (hook === undefined) continue;
    const device = links()?.find(({ index }) => index === ifindex)?.name;
    found.push({ link: id, hook, device, name: programName(bpf, program) });
  }
}

/** Takes a program from its device, whoever holds its link. @throws KernelError */
export function detach(link: number): void {
  const bpf = new Bpf();
  const file = bpf.call(COMMAND.linkById, `link ${link}`, bpf.attribute().u32(0, link));
  try {
    bpf.call(COMMAND.linkDetach, `detaching link ${link}`, bpf.attribute().u32(0, file));
  } finally {
    bpf.close(file);
  }
}

function indexOf(device: string): number {
  const link = links()?.find(({ name }) => name === device);
  if (link === undefined) throw new KernelError('failed', `${device}: No such device exists`);
  return link.index;
}

/** `struct bpf_link_info`. */
function linkInfo(
  bpf: Bpf,
  file: number,
): { readonly type: number; readonly number: number; readonly program: number; readonly ifindex: number } {
  const info = factsOf(bpf, file, 64);
  return {
    type: info.readUInt32LE(0),
    number: info.readUInt32LE(4),
    program: info.readUInt32LE(8),
    ifindex: info.readUInt32LE(16),
  };
}

function programName(bpf: Bpf, id: number): string {
  const file = bpf.tried(COMMAND.programById, bpf.attribute().u32(0, id));
  if (typeof file === 'string') return '';
  const info = factsOf(bpf, file, PROGRAM_NAME + NAME_SIZE);
  bpf.close(file);
  return info.toString('latin1', PROGRAM_NAME).replace(/\0.*/s, '');
}

/** Sums of all processors. */
function countsOf(bpf: Bpf, map: number, key: number): Counts {
  const values = Buffer.alloc(COUNTER_SIZE * possibleProcessors());
  const attribute = bpf
    .attribute()
    .u32(0, map)
    .address(8, Buffer.from([key, 0, 0, 0]))
    .address(16, values);
  bpf.call(COMMAND.mapLookup, 'reading counters', attribute);
  let [packets, bytes] = [0n, 0n];
  for (let at = 0; at < values.length; at += COUNTER_SIZE) {
    packets += values.readBigUInt64LE(at);
    bytes += values.readBigUInt64LE(at + 8);
  }
  return { packets, bytes };
}
