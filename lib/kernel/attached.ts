/**
 * Programs at the network's devices: XDP and tc, through links of bpf(2). A link lives as long as whoever holds its file: when
 * the process ends, however it ends, the program is gone from the device.
 */

import { readFileSync } from 'node:fs';
import { opcodes, type Program } from '../ebpf/index.js';
import { links } from '../live/index.js';
import { Bpf, COMMAND, KernelError } from './bpf.js';

/** Where a program runs: as the driver hands over a packet, or behind that as tc sees what arrives. */
export type NetworkHook = 'xdp' | 'tc';

/** For XDP: in the driver, in the kernel's own code for all drivers, or as the kernel chooses. */
export type XdpMode = 'native' | 'generic';

export interface Counts {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** A program at a device, for as long as it is not closed and this process lives. */
export interface AttachedFilter {
  /** The link's number. */
  readonly link: number;
  /** What was counted so far. */
  counts(): { readonly matched: Counts; readonly others: Counts };
  /** Whether it is still there: someone else may have taken it away, or the device. */
  isAttached(): boolean;
  close(): void;
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
const ATTACH = { xdp: 37, tc: 46 } as const;
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
 * @param name - What lists show; begins with `weir_`.
 * @throws KernelError
 */
export function attachFilter(
  device: string,
  program: Program,
  {
    hook,
    mode,
    name,
  }: { readonly hook: NetworkHook; readonly mode?: XdpMode | undefined; readonly name: string },
): AttachedFilter {
  const index = indexOf(device);
  const bpf = new Bpf();
  const files: number[] = [];
  const closeAll = (): void => {
    for (const file of files.splice(0).reverse()) bpf.close(file);
  };
  try {
    const counters = bpf.makeCounters(COUNTER_SIZE, 2);
    files.push(counters);
    const own = program.map((slot) =>
      slot.opcode === WIDE && slot.src === opcodes.PSEUDO.mapFd ? { ...slot, imm: counters } : slot,
    );
    const loaded = bpf.load(own, hook === 'xdp' ? 'xdp' : 'sched_cls', name);
    files.push(loaded);
    const flags = mode === undefined ? 0 : MODE[mode];
    const link = linkTo(
      bpf,
      device,
      bpf.attribute().u32(0, loaded).u32(4, index).u32(8, ATTACH[hook]).u32(12, flags),
    );
    files.push(link);
    const { number } = linkInfo(bpf, link);
    return {
      link: number,
      counts: () => ({ matched: countsOf(bpf, counters, 0), others: countsOf(bpf, counters, 1) }),
      isAttached: () => files.length > 0 && linkInfo(bpf, link).ifindex === index,
      close: closeAll,
    };
  } catch (error) {
    closeAll();
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
  const info = infoOf(bpf, file, 64);
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
  const info = infoOf(bpf, file, PROGRAM_NAME + NAME_SIZE);
  bpf.close(file);
  return info.toString('latin1', PROGRAM_NAME).replace(/\0.*/s, '');
}

function infoOf(bpf: Bpf, file: number, size: number): Buffer {
  const info = Buffer.alloc(size);
  bpf.call(
    COMMAND.infoByFile,
    'asking for facts',
    bpf.attribute().u32(0, file).u32(4, size).address(8, info),
  );
  return info;
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

/** Values of a map by processor are for all that there may be: `0-3,8`. */
function possibleProcessors(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1');
  return Number(/\d+$/.exec(text.trim())?.[0] ?? 0) + 1;
}
