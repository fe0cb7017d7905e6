/**
 * Test support: the running kernel's verdict, one system call a program.
 *
 * Buffers are made once. The log is asked for only where a verdict has to be explained, since the text
 * costs more than the verification.
 */

import { type Program, toBytes } from '../../ebpf/instruction.js';
import { type BtfFunction, makeBtf } from '../btf.js';
import type { Sample } from './generator.js';
import { functionsOfProgram, type JudgedMap, MAPS, mapUses } from './maps.js';
import type { GlobalFunction } from './writer.js';

// Linux include/uapi/linux/bpf.h, arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h
const SYS_BPF = process.arch === 'x64' ? 321 : 280;
const MAP_CREATE = 0;
const MAP_LOOKUP = 1;
const MAP_UPDATE = 2;
const PROG_LOAD = 5;
const TEST_RUN = 10;
const BTF_LOAD = 18;
const MAP_FREEZE = 22;
const STRICT_ALIGNMENT = 1;
const LOG_VERBOSE = 1;
const LOG_ALL = 2;
const LOG_STATS = 4;
const LOGS = { counts: 0, path: LOG_VERBOSE, all: LOG_ALL } as const;
const ATTRIBUTE_SIZE = 128;
/** Bytes of a `struct bpf_func_info`. */
const FUNCTION_INFO = 8;
const LOG_SIZE = 1 << 24;
const MAX_SLOTS = 1 << 16;
const PACKET_ROOM = 4096;
/** Kinds of maps that belong to programs of one type. */
const OWNED: ReadonlySet<string> = new Set(['programArray', 'deviceMap', 'cpuMap']);
const TYPES = { socket_filter: 1, sched_cls: 3, sched_act: 4, xdp: 6, cgroup_skb: 8 } as const;
const CGROUP_EGRESS = 1;
const EAGAIN = 11;

/** What BPF_PROG_TEST_RUN gave. */
export interface KernelRun {
  readonly result: number;
  readonly packet: Uint8Array;
}

export interface Loaded {
  readonly run: (packet: Uint8Array) => KernelRun | string;
  readonly close: () => void;
}

export interface Oracle {
  /** Whether the kernel admits the program. */
  readonly admits: (sample: Sample) => boolean;
  /** The verifier's log: of the last path, of every path, or only how much it looked at. */
  readonly log: (
    sample: Sample,
    of?: keyof typeof LOGS,
  ) => { readonly admitted: boolean; readonly text: string };
  /** The program, ready to run, or why it was refused. */
  readonly load: (sample: Sample) => Loaded | string;
  /** All values of a map of plain bytes, and how to set them. */
  readonly readMap: (number: number) => Uint8Array;
  readonly clearMap: (number: number) => void;
}

/** Why bpf(2) cannot be used, or the oracle. Maps are made at once: later the process may be nobody. */
export async function openOracle(): Promise<Oracle | string> {
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
  const addressOf = (buffer: Uint8Array): bigint => BigInt(koffi.address(buffer));

  const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
  const call = (command: number): number => bpf(SYS_BPF, command, attribute, ATTRIBUTE_SIZE);

  const loadBtf = (bytes: Uint8Array): number => {
    const data = Buffer.from(bytes);
    attribute.fill(0);
    attribute.writeBigUInt64LE(addressOf(data), 0);
    attribute.writeUInt32LE(data.length, 16);
    return call(BTF_LOAD);
  };
  const makeMap = ({ kernelType, kernelFlags, entries, info, inner }: JudgedMap): number => {
    const { spinLock, special, valueSize } = info;
    const field = spinLock ?? special?.[0]?.offset;
    const btf = field === undefined ? undefined : makeBtf([], field, valueSize, spinLock === undefined);
    const btfFile = btf === undefined ? 0 : loadBtf(btf.bytes);
    attribute.fill(0);
    attribute.writeUInt32LE(kernelType, 0);
    attribute.writeUInt32LE(info.keySize, 4);
    attribute.writeUInt32LE(info.valueSize, 8);
    attribute.writeUInt32LE(entries, 12);
    attribute.writeUInt32LE(kernelFlags, 16);
    if (inner !== undefined) attribute.writeUInt32LE(files[inner]!, 20);
    if (btf !== undefined) {
      attribute.writeUInt32LE(btfFile, 48);
      attribute.writeUInt32LE(btf.key, 52);
      attribute.writeUInt32LE(btf.value, 56);
    }
    const file = call(MAP_CREATE);
    if (file >= 0 && info.contents !== undefined) freeze(file, info.contents);
    return file;
  };
  const freeze = (file: number, contents: Uint8Array): void => {
    const [key, value] = [Buffer.alloc(8), Buffer.from(contents)];
    attribute.fill(0);
    attribute.writeInt32LE(file, 0);
    attribute.writeBigUInt64LE(addressOf(key), 8);
    attribute.writeBigUInt64LE(addressOf(value), 16);
    call(MAP_UPDATE);
    attribute.fill(0);
    attribute.writeInt32LE(file, 0);
    call(MAP_FREEZE);
  };
  const files: number[] = [];
  for (const map of MAPS) {
    const file = makeMap(map);
    if (file < 0) return `the kernel makes no map of type ${map.kernelType}: errno ${koffi.errno()}`;
    files.push(file);
  }
  // Such maps are for the type of the first program that names them.
  const owned = new Map<string, number>();
  for (const [number, map] of MAPS.entries()) {
    if (!OWNED.has(map.info.kind)) continue;
    for (const type of Object.keys(TYPES))
      for (const egress of [false, true]) owned.set(`${number} ${type} ${egress}`, makeMap(map));
  }

  const code = Buffer.alloc(MAX_SLOTS * 8);
  const license = Buffer.alloc(16);
  const log = Buffer.alloc(LOG_SIZE);
  const [codeAddress, licenseAddress, logAddress] = [code, license, log].map(addressOf) as [
    bigint,
    bigint,
    bigint,
  ];
  /** By the functions' slots. */
  const typesOf = new Map<string, { readonly file: number; readonly records: Buffer }>();
  const types = ({ program, type, globals }: Sample): { readonly file: number; readonly records: Buffer } => {
    const functions = functionsOfProgram(program).map((slot, number) =>
      btfFunction(slot, type, globals?.get(number)),
    );
    const key = JSON.stringify(functions);
    const known = typesOf.get(key);
    if (known !== undefined) return known;
    if (typesOf.size > 500) {
      for (const { file } of typesOf.values()) close(file);
      typesOf.clear();
    }
    const btf = makeBtf(functions);
    const made = { file: loadBtf(btf.bytes), records: Buffer.from(btf.functions) };
    typesOf.set(key, made);
    return made;
  };
  const load = (sample: Sample, level: number): number => {
    const { program, type, egress, strict, license: under = 'GPL' } = sample;
    license.write(`${under}\0`);
    const info = sample.typed === true ? types(sample) : undefined;
    code.set(toBytes(program));
    for (const { slot, number } of mapUses(program)) {
      const file = owned.get(`${number} ${type} ${egress}`) ?? files[number] ?? -1;
      code.writeInt32LE(file, slot * 8 + 4);
    }
    attribute.fill(0);
    attribute.writeUInt32LE(TYPES[type], 0);
    attribute.writeUInt32LE(program.length, 4);
    attribute.writeBigUInt64LE(codeAddress, 8);
    attribute.writeBigUInt64LE(licenseAddress, 16);
    if (level > 0) {
      attribute.writeUInt32LE(level, 24);
      attribute.writeUInt32LE(log.length, 28);
      attribute.writeBigUInt64LE(logAddress, 32);
      log[0] = 0;
    }
    if (strict) attribute.writeUInt32LE(STRICT_ALIGNMENT, 44);
    if (egress) attribute.writeUInt32LE(CGROUP_EGRESS, 68);
    if (info !== undefined) {
      attribute.writeInt32LE(info.file, 72);
      attribute.writeUInt32LE(FUNCTION_INFO, 76);
      attribute.writeBigUInt64LE(addressOf(info.records), 80);
      attribute.writeUInt32LE(info.records.length / FUNCTION_INFO, 88);
    }
    let file = call(PROG_LOAD);
    // A signal that waits ends the kernel's walk; libbpf tries again as well (`PROG_LOAD_ATTEMPTS`).
    for (let more = 4; file < 0 && koffi.errno() === EAGAIN && more > 0; more--) file = call(PROG_LOAD);
    return file;
  };
  const text = (): string => log.toString('latin1', 0, log.indexOf(0));
  const packetIn = Buffer.alloc(PACKET_ROOM);
  const packetOut = Buffer.alloc(PACKET_ROOM);
  const [inAddress, outAddress] = [addressOf(packetIn), addressOf(packetOut)];
  const run = (file: number, packet: Uint8Array): KernelRun | string => {
    packetIn.set(packet);
    attribute.fill(0);
    attribute.writeInt32LE(file, 0);
    attribute.writeUInt32LE(packet.length, 8);
    attribute.writeUInt32LE(PACKET_ROOM, 12);
    attribute.writeBigUInt64LE(inAddress, 16);
    attribute.writeBigUInt64LE(outAddress, 24);
    attribute.writeUInt32LE(1, 32);
    if (call(TEST_RUN) < 0) return `BPF_PROG_TEST_RUN: errno ${koffi.errno()}`;
    return { result: attribute.readUInt32LE(4), packet: packetOut.slice(0, attribute.readUInt32LE(12)) };
  };
  const key = Buffer.alloc(64);
  const value = Buffer.alloc(1024);
  const [keyAddress, valueAddress] = [addressOf(key), addressOf(value)];
  const element = (command: number, number: number, index: number): boolean => {
    key.fill(0);
    key.writeUInt32LE(index, 0);
    attribute.fill(0);
    attribute.writeInt32LE(files[number]!, 0);
    attribute.writeBigUInt64LE(keyAddress, 8);
    attribute.writeBigUInt64LE(valueAddress, 16);
    return call(command) >= 0;
  };
  return {
    admits(sample) {
      const file = load(sample, 0);
      if (file >= 0) close(file);
      return file >= 0;
    },
    log(sample, of = 'path') {
      const file = load(sample, LOGS[of] | LOG_STATS);
      if (file >= 0) close(file);
      return { admitted: file >= 0, text: file < 0 && text() === '' ? `errno ${koffi.errno()}` : text() };
    },
    load(sample) {
      const file = load(sample, 0);
      if (file < 0) return `errno ${koffi.errno()}`;
      return { run: (packet) => run(file, packet), close: () => void close(file) };
    },
    readMap(number) {
      const { entries, info } = MAPS[number]!;
      const all = new Uint8Array(entries * info.valueSize);
      for (let index = 0; index < entries; index++)
        if (element(MAP_LOOKUP, number, index))
          all.set(value.subarray(0, info.valueSize), index * info.valueSize);
      return all;
    },
    clearMap(number) {
      value.fill(0);
      for (let index = 0; index < MAPS[number]!.entries; index++) element(MAP_UPDATE, number, index);
    },
  };
}

const btfFunction = (
  slot: number,
  type: Sample['type'],
  global: GlobalFunction | undefined,
): BtfFunction => ({
  slot,
  linkage: slot === 0 || global !== undefined ? 'global' : 'static',
  parameters: (global?.parameters ?? []).map((parameter) =>
    parameter === 'context' ? { context: type === 'xdp' ? 'xdp_md' : '__sk_buff' } : parameter,
  ),
  returnsNothing: global?.returnsNothing ?? false,
});

export type { Program };
