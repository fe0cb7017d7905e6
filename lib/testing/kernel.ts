/** Test support: bpf(2), to have a Linux kernel verify and run programs. Needs root and the package koffi. */

import type { Program } from '../ebpf/instruction.js';
import { toBytes } from '../ebpf/instruction.js';

// Linux include/uapi/linux/bpf.h, arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h
const SYS_BPF = process.arch === 'x64' ? 321 : 280;
const BPF_PROG_LOAD = 5;
const BPF_PROG_TEST_RUN = 10;
const PROGRAM_TYPES = { socket_filter: 1, sched_cls: 3, xdp: 6, cgroup_skb: 8 } as const;
const ATTRIBUTE_SIZE = 128;
const LOG_SIZE = 1 << 20;
/** Statistics only: `processed N insns`. */
const LOG_STATS = 4;
const LOG_VERBOSE = 1;

export interface LoadedProgram {
  /** Instructions that the verifier processed. */
  readonly processed: number;
  /** r0 for a packet of 14 bytes or more. */
  readonly run: (packet: Uint8Array) => number;
  readonly close: () => void;
}

export interface Kernel {
  /** The loaded program, or the verifier's log. */
  readonly load: (program: Program, type: keyof typeof PROGRAM_TYPES) => LoadedProgram | string;
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
  const load: Kernel['load'] = (program, type) => {
    const instructions = Buffer.from(toBytes(program));
    const attempt = (level: number): number => {
      const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
      attribute.writeUInt32LE(PROGRAM_TYPES[type], 0);
      attribute.writeUInt32LE(program.length, 4);
      pointer(attribute, 8, instructions);
      pointer(attribute, 16, license);
      attribute.writeUInt32LE(level, 24);
      attribute.writeUInt32LE(log.length, 28);
      pointer(attribute, 32, log);
      log.fill(0, 0, 1);
      return bpf(SYS_BPF, BPF_PROG_LOAD, attribute, ATTRIBUTE_SIZE);
    };
    const text = (): string => log.toString('latin1', 0, log.indexOf(0));
    const { errno } = koffi.os;
    let fd = attempt(LOG_STATS);
    // A signal that waits ends the kernel's walk; libbpf tries again as well (`PROG_LOAD_ATTEMPTS`).
    for (let more = 4; fd < 0 && koffi.errno() === errno.EAGAIN && more > 0; more--) fd = attempt(LOG_STATS);
    if (fd < 0) {
      const code = koffi.errno();
      const name = Object.entries(errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;
      attempt(LOG_STATS | LOG_VERBOSE);
      return `${name}: ${text()}`;
    }
    const processed = Number(/processed (\d+) insns/.exec(text())?.[1] ?? 0);
    return {
      processed,
      run(packet) {
        const attribute = Buffer.alloc(ATTRIBUTE_SIZE);
        attribute.writeInt32LE(fd, 0);
        attribute.writeUInt32LE(packet.length, 8);
        const data = Buffer.from(packet);
        pointer(attribute, 16, data);
        attribute.writeUInt32LE(1, 32);
        if (bpf(SYS_BPF, BPF_PROG_TEST_RUN, attribute, ATTRIBUTE_SIZE) < 0)
          throw new Error(`BPF_PROG_TEST_RUN: errno ${koffi.errno()}`);
        return attribute.readUInt32LE(4);
      },
      close() {
        close(fd);
      },
    };
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
  return { load };
}
