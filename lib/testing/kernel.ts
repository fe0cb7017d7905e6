/** Test support: bpf(2), to have a Linux kernel verify and run programs. Needs root and the package koffi. */

import type { Program } from '../ebpf/instruction.js';
import { toBytes } from '../ebpf/instruction.js';
import { PSEUDO } from '../ebpf/opcodes.js';
import { type BtfFunction, makeBtf } from './btf.js';

// Linux include/uapi/linux/bpf.h, arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h
const SYS_BPF = process.arch === 'x64' ? 321 : 280;
const [SET_AFFINITY, GET_AFFINITY, GET_CPU] = process.arch === 'x64' ? [203, 204, 309] : [122, 123, 168];
const BPF_MAP_CREATE = 0;
const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_MAP_DELETE_ELEM = 3;
const BPF_MAP_GET_NEXT_KEY = 4;
const BPF_PROG_LOAD = 5;
const BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21;
const ARRAY = 2;
const PER_CPU_HASH = 5;
const PER_CPU_ARRAY = 6;
const LRU_PER_CPU_HASH = 10;
/** Bytes for the values of all processors that there may be: so many at least, and values of so many. */
const PER_CPU_ROOM = 1 << 13;
const MOST_PROCESSORS = 64;
const OUTPUT_SIZE = 1 << 16;
/** Bytes of a set of processors. */
const MASK = 128;
const WIDE = 0x18;
const BPF_PROG_TEST_RUN = 10;
const BPF_BTF_LOAD = 18;
const BPF_MAP_FREEZE = 22;
/** Bytes of a `struct bpf_func_info`. */
const FUNCTION_INFO = 8;
const PROGRAM_TYPES = { socket_filter: 1, sched_cls: 3, xdp: 6, cgroup_skb: 8 } as const;
const ATTRIBUTE_SIZE = 128;
const LOG_SIZE = 1 << 20;
/** Statistics only: `processed N insns`. */
const LOG_STATS = 4;
const LOG_VERBOSE = 1;

export interface LoadedProgram {
  readonly file: number;
  /** Instructions that the verifier processed. */
  readonly processed: number;
  /** r0 for a packet of 14 bytes or more. */
  readonly run: (packet: Uint8Array) => number;
  /** The same with the packet as it is afterwards; 14 zeros before it for programs that see no link header. */
  readonly test: (packet: Uint8Array) => { readonly result: number; readonly packet: Uint8Array };
  readonly close: () => void;
}

/** A map that the kernel keeps. */
export interface KernelMap {
  readonly file: number;
  /** Elements: keys and values as hex, sorted. Values of several processors are added up, of which one has run. */
  readonly elements: () => readonly (readonly [key: string, value: string])[];
  readonly set: (key: Uint8Array, value: Uint8Array) => void;
  /** Takes all elements out, or sets those of arrays to 0. */
  readonly clear: () => void;
  /** From now on nobody but programs changes it. */
  readonly freeze: () => void;
  readonly close: () => void;
}

export interface KernelMapShape {
  /** `BPF_MAP_TYPE_*`. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  /** A map of maps: one like those in it. */
  readonly inner?: KernelMap | undefined;
  /** Where in values a lock is. */
  readonly lock?: number;
}

export interface Kernel {
  /**
   * The loaded program, or the verifier's log. Wide immediates that name maps have their places in `maps`, which the
   * kernel is given the files of.
   */
  readonly load: (
    program: Program,
    type: keyof typeof PROGRAM_TYPES,
    maps?: readonly KernelMap[],
    functions?: readonly BtfFunction[],
  ) => LoadedProgram | string;
  readonly createMap: (shape: KernelMapShape) => KernelMap;
  /** Runs a function on one processor, so that values by processor are all of that one. */
  readonly onOneProcessor: <Value>(run: () => Value) => Value;
  /** A program that somebody else has loaded. */
  readonly adopt: (file: number) => LoadedProgram;
  readonly adoptMap: (file: number, shape: KernelMapShape) => KernelMap;
}

/** Why bpf(2) cannot be used, or a kernel to use. */
export async function openKernel(): Promise<Kernel | string> {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `no system call numbers for ${process.arch}`;
  if (process.getuid?.() !== 0) return 'loading programs needs root';
  const koffi = await import('koffi').then((module) => module.default).catch(() => undefined);
  if (koffi === undefined) return 'the package koffi is not installed';
  const libc = koffi.load(null);
  const bpf = libc.func('syscall', 'long', ['long', 'long', 'void *', 'long']) as (
    number: number,
    command: number,
    attribute: Buffer,
    size: number,
  ) => number;
  const close = libc.func('int close(int)') as (fd: number) => number;

  /** Buffers that the kernel is given the addresses of. */
  const pointer = (attribute: Buffer, at: number, buffer: Uint8Array): void => {
    attribute.writeBigUInt64LE(BigInt(koffi.address(buffer)), at);
  };
  const license = Buffer.from('GPL\0');
  const log = Buffer.alloc(LOG_SIZE);
  const output = Buffer.alloc(OUTPUT_SIZE);
  const loadBtf = (bytes: Uint8Array): number => {
    const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
    const data = Buffer.from(bytes);
    pointer(attribute, 0, data);
    attribute.writeUInt32LE(data.length, 16);
    return bpf(SYS_BPF, BPF_BTF_LOAD, attribute, ATTRIBUTE_SIZE);
  };
  const load: Kernel['load'] = (program, type, maps = [], functions = []) => {
    const types = functions.length === 0 ? undefined : makeBtf(functions);
    const btf = types === undefined ? 0 : loadBtf(types.bytes);
    const records = Buffer.from(types?.functions ?? []);
    const instructions = Buffer.from(
      toBytes(
        program.map((slot) =>
          slot.opcode === WIDE && (slot.src === PSEUDO.mapFd || slot.src === PSEUDO.mapValue)
            ? { ...slot, imm: maps[slot.imm]!.file }
            : slot,
        ),
      ),
    );
    const attempt = (level: number): number => {
      const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
      attribute.writeUInt32LE(PROGRAM_TYPES[type], 0);
      attribute.writeUInt32LE(program.length, 4);
      pointer(attribute, 8, instructions);
      pointer(attribute, 16, license);
      attribute.writeUInt32LE(level, 24);
      attribute.writeUInt32LE(log.length, 28);
      pointer(attribute, 32, log);
      if (types !== undefined) {
        attribute.writeInt32LE(btf, 72);
        attribute.writeUInt32LE(FUNCTION_INFO, 76);
        pointer(attribute, 80, records);
        attribute.writeUInt32LE(functions.length, 88);
      }
      log.fill(0, 0, 1);
      return bpf(SYS_BPF, BPF_PROG_LOAD, attribute, ATTRIBUTE_SIZE);
    };
    const text = (): string => log.toString('latin1', 0, log.indexOf(0));
    const { errno } = koffi.os;
    let fd = attempt(LOG_STATS);
    // A signal that waits ends the kernel's walk; libbpf tries again as well (`PROG_LOAD_ATTEMPTS`).
    for (let more = 4; fd < 0 && koffi.errno() === errno.EAGAIN && more > 0; more--) fd = attempt(LOG_STATS);
    if (btf > 0) close(btf);
    if (fd < 0) {
      const code = koffi.errno();
      const name = Object.entries(errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;
      attempt(LOG_STATS | LOG_VERBOSE);
      return `${name}: ${text()}`;
    }
    return adopt(fd, Number(/processed (\d+) insns/.exec(text())?.[1] ?? 0));
  };
  const adopt = (fd: number, processed = 0): LoadedProgram => {
    const test: LoadedProgram['test'] = (packet) => {
      const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
      attribute.writeInt32LE(fd, 0);
      attribute.writeUInt32LE(packet.length, 8);
      attribute.writeUInt32LE(OUTPUT_SIZE, 12);
      const data = Buffer.from(packet);
      pointer(attribute, 16, data);
      pointer(attribute, 24, output);
      attribute.writeUInt32LE(1, 32);
      if (bpf(SYS_BPF, BPF_PROG_TEST_RUN, attribute, ATTRIBUTE_SIZE) < 0)
        throw new Error(`BPF_PROG_TEST_RUN of ${packet.length} bytes: errno ${koffi.errno()}`);
      return {
        result: attribute.readUInt32LE(4),
        packet: Uint8Array.from(output.subarray(0, attribute.readUInt32LE(12))),
      };
    };
    return {
      file: fd,
      processed,
      test,
      run: (packet) => test(packet).result,
      close() {
        close(fd);
      },
    };
  };
  const createMap: Kernel['createMap'] = (shape) => {
    const { type, keySize, valueSize, maxEntries, flags = 0, inner, lock } = shape;
    const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
    [type, keySize, valueSize, maxEntries, flags].forEach(
      (field, at) => void attribute.writeUInt32LE(field, 4 * at),
    );
    if (inner !== undefined) attribute.writeUInt32LE(inner.file, 20);
    if (lock !== undefined) {
      const types = makeBtf([], lock, valueSize);
      attribute.writeInt32LE(loadBtf(types.bytes), 48);
      attribute.writeUInt32LE(types.key, 52);
      attribute.writeUInt32LE(types.value, 56);
    }
    const file = bpf(SYS_BPF, BPF_MAP_CREATE, attribute, ATTRIBUTE_SIZE);
    if (file < 0) throw new Error(`BPF_MAP_CREATE, type ${type}: errno ${koffi.errno()}`);
    return adoptMap(file, shape);
  };
  const adoptMap: Kernel['adoptMap'] = (file, { type, keySize, valueSize }) => {
    const key = Buffer.alloc(Math.max(keySize, 8));
    const next = Buffer.alloc(Math.max(keySize, 8));
    const room = Math.max(
      PER_CPU_ROOM,
      valueSize > PER_CPU_ROOM / MOST_PROCESSORS ? MOST_PROCESSORS * (valueSize + 8) : 0,
    );
    const value = Buffer.alloc(room);
    const call = (command: number): boolean => {
      const request = Buffer.alloc(ATTRIBUTE_SIZE);
      request.writeInt32LE(file, 0);
      if (keySize > 0) pointer(request, 8, key);
      if (command !== BPF_MAP_DELETE_ELEM) pointer(request, 16, value);
      return bpf(SYS_BPF, command, request, ATTRIBUTE_SIZE) >= 0;
    };
    const keys = (): Buffer[] => {
      const found: Buffer[] = [];
      const request = Buffer.alloc(ATTRIBUTE_SIZE);
      request.writeInt32LE(file, 0);
      pointer(request, 16, next);
      while (bpf(SYS_BPF, BPF_MAP_GET_NEXT_KEY, request, ATTRIBUTE_SIZE) >= 0) {
        found.push(Buffer.from(next.subarray(0, keySize)));
        key.set(next);
        pointer(request, 8, key);
      }
      return found;
    };
    /** With values of 8 bytes a processor. */
    const isPerCpu = type === PER_CPU_HASH || type === PER_CPU_ARRAY || type === LRU_PER_CPU_HASH;
    const read = (): string => {
      value.fill(0);
      if (!call(BPF_MAP_LOOKUP_ELEM)) throw new Error(`BPF_MAP_LOOKUP_ELEM: errno ${koffi.errno()}`);
      if (!isPerCpu) return value.toString('hex', 0, valueSize);
      const sum = Buffer.alloc(valueSize);
      const stride = (valueSize + 7) & ~7;
      for (let at = 0; at < room; at++) if (at % stride < valueSize) sum[at % stride]! |= value[at]!;
      return sum.toString('hex');
    };
    return {
      file,
      elements: () =>
        keys()
          .map((bytes): readonly [string, string] => {
            key.set(bytes);
            return [bytes.toString('hex'), read()];
          })
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      set(bytes, content) {
        key.set(bytes);
        value.fill(0);
        value.set(content);
        if (!call(BPF_MAP_UPDATE_ELEM)) throw new Error(`BPF_MAP_UPDATE_ELEM: errno ${koffi.errno()}`);
      },
      clear() {
        if (keySize === 0) {
          while (call(BPF_MAP_LOOKUP_AND_DELETE_ELEM));
          return;
        }
        value.fill(0);
        const isArray = type === ARRAY || type === PER_CPU_ARRAY;
        for (const bytes of keys()) {
          key.set(bytes);
          call(isArray ? BPF_MAP_UPDATE_ELEM : BPF_MAP_DELETE_ELEM);
        }
      },
      freeze() {
        const request = Buffer.alloc(ATTRIBUTE_SIZE);
        request.writeInt32LE(file, 0);
        bpf(SYS_BPF, BPF_MAP_FREEZE, request, ATTRIBUTE_SIZE);
      },
      close: () => void close(file),
    };
  };
  const affinity = libc.func('syscall', 'long', ['long', 'long', 'long', 'void *']) as (
    number: number,
    thread: number,
    size: number,
    mask: Buffer,
  ) => number;
  const processor = libc.func('syscall', 'long', ['long', 'void *', 'void *', 'void *']) as (
    number: number,
    ...places: readonly (Buffer | null)[]
  ) => number;
  const onOneProcessor: Kernel['onOneProcessor'] = (run) => {
    const [all, one, number] = [Buffer.alloc(MASK), Buffer.alloc(MASK), Buffer.alloc(4)];
    affinity(GET_AFFINITY!, 0, MASK, all);
    processor(GET_CPU!, number, null, null);
    const at = number.readUInt32LE(0);
    one[at >> 3] = 1 << (at & 7);
    affinity(SET_AFFINITY!, 0, MASK, one);
    try {
      return run();
    } finally {
      affinity(SET_AFFINITY!, 0, MASK, all);
    }
  };
  const probe = load(
    [
      { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 },
      { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 },
    ],
    'socket_filter',
  );
  if (typeof probe === 'string') return `bpf(2) is not allowed here: ${probe}`;
  probe.close();
  return { load, createMap, onOneProcessor, adopt, adoptMap };
}
