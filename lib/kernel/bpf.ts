/**
 * bpf(2) of the running kernel: programs, maps and links. System calls go through koffi, which needs no compiler.
 * Linux `include/uapi/linux/bpf.h`.
 */

import { type Program, toBytes } from '../ebpf/index.js';
import { loadKoffi } from '../live/index.js';

/** What a KernelError is about. */
export type KernelErrorCode =
  /** This is not Linux, or the package koffi is not there. */
  | 'missing'
  | 'permission'
  /** The kernel's verifier does not admit the program. */
  | 'refused'
  | 'failed';

/** The kernel did not do what was asked; `log` is what its verifier said, if it said anything. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;
  readonly hint: string;
  readonly log: string;
  /** The name of the error in errno.h; empty where no system call failed. */
  readonly errno: string;

  constructor(code: KernelErrorCode, message: string, { hint = '', log = '', errno = '' } = {}) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.log = log;
    this.errno = errno;
  }
}

/** Types of programs, and `BPF_PROG_TYPE_` numbers. */
const PROGRAM_TYPES = { socket_filter: 1, sched_cls: 3, xdp: 6 } as const;
export type KernelProgramType = keyof typeof PROGRAM_TYPES;

/** `BPF_` commands. */
export const COMMAND = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapNextKey: 4,
  programLoad: 5,
  testRun: 10,
  programById: 13,
  infoByFile: 15,
  linkCreate: 28,
  linkById: 30,
  nextLink: 31,
  mapFreeze: 22,
  enableStatistics: 32,
  linkDetach: 34,
} as const;

/** Numbers of the system call (asm/unistd.h). */
const NUMBERS: Readonly<Record<string, number>> = {
  x64: 321,
  ia32: 357,
  arm: 386,
  s390x: 351,
  ppc64: 361,
  arm64: 280,
  riscv64: 280,
  loong64: 280,
};

const ATTRIBUTE_SIZE = 128;
const LOG_SIZE = 1 << 20;
const NAME_LENGTH = 15;
const LOG_LEVEL = 1;
const PER_CPU_ARRAY = 6;

type Koffi = typeof import('koffi')['default'];

/** The argument of a call: a union whose fields lie at offsets. */
export class Attribute {
  readonly bytes = Buffer.alloc(ATTRIBUTE_SIZE);
  private readonly addressOf: (bytes: Uint8Array) => bigint;
  /** What the kernel is given the addresses of. */
  private readonly kept: Uint8Array[] = [];

  constructor(addressOf: (bytes: Uint8Array) => bigint) {
    this.addressOf = addressOf;
  }

  u32(at: number, value: number): this {
    this.bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }

  address(at: number, of: Uint8Array): this {
    this.kept.push(of);
    this.bytes.writeBigUInt64LE(this.addressOf(of), at);
    return this;
  }
}

/** What bpf(2) can be asked through. */
export class Bpf {
  private readonly koffi: Koffi;
  private readonly number: number;
  private readonly syscall: (number: number, command: number, attribute: Buffer, size: number) => number;
  private readonly closeFile: (file: number) => number;

  /** @throws KernelError `missing` where there is no bpf(2), or no koffi. */
  constructor() {
    const number = NUMBERS[process.arch];
    if (process.platform !== 'linux' || number === undefined)
      throw new KernelError('missing', 'only Linux runs eBPF in the kernel');
    try {
      this.koffi = loadKoffi() as Koffi;
    } catch (error) {
      throw new KernelError('missing', `cannot load the package koffi: ${(error as Error).message}`, {
        hint: 'npm install koffi',
      });
    }
    this.number = number;
    const libc = this.koffi.load(null);
    this.syscall = libc.func('syscall', 'long', ['long', 'long', 'void *', 'long']);
    this.closeFile = libc.func('int close(int)');
  }

  attribute(): Attribute {
    return new Attribute((bytes) => BigInt(this.koffi.address(bytes)));
  }

  /** A file, or 0. @throws KernelError */
  call(command: number, what: string, attribute: Attribute): number {
    const result = this.tried(command, attribute);
    if (typeof result === 'number') return result;
    throw failure(what, result);
  }

  /** The same; the name of the error where it fails. */
  tried(command: number, { bytes }: Attribute): number | string {
    const result = this.syscall(this.number, command, bytes, ATTRIBUTE_SIZE);
    if (result >= 0) return result;
    const errno = this.koffi.errno();
    return (
      Object.entries(this.koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`
    );
  }

  close(file: number): void {
    this.closeFile(file);
  }

  /**
   * Loads a program.
   *
   * @param name - What lists of programs show; 15 letters of it.
   * @param license - Some helpers are for programs under the GPL only.
   * @returns The file that stands for it.
   * @throws KernelError `refused` with the verifier's log
   */
  load(program: Program, type: KernelProgramType, name: string, license = 'Dual MIT/GPL'): number {
    const code = Buffer.from(toBytes(program));
    const attribute = (): Attribute => {
      const made = this.attribute()
        .u32(0, PROGRAM_TYPES[type])
        .u32(4, program.length)
        .address(8, code)
        .address(16, Buffer.from(`${license}\0`));
      made.bytes.write(name.slice(0, NAME_LENGTH), 48, 'latin1');
      return made;
    };
    const file = this.tried(COMMAND.programLoad, attribute());
    if (typeof file === 'number') return file;
    if (file === 'EPERM') throw failure('loading a program', file);
    const log = Buffer.alloc(LOG_SIZE);
    const again = this.tried(
      COMMAND.programLoad,
      attribute().u32(24, LOG_LEVEL).u32(28, LOG_SIZE).address(32, log),
    );
    if (typeof again === 'number') return again;
    const text = log.toString('latin1', 0, Math.max(0, log.indexOf(0)));
    throw new KernelError('refused', `the kernel refuses the program: ${reasonIn(text) || again}`, {
      log: text,
      errno: again,
    });
  }

  /** A map with a value for each processor. */
  makeCounters(valueSize: number, entries: number): number {
    const attribute = this.attribute().u32(0, PER_CPU_ARRAY).u32(4, 4).u32(8, valueSize).u32(12, entries);
    return this.call(COMMAND.mapCreate, 'making a map', attribute);
  }
}

/** The line of a verifier's log that says why. */
const reasonIn = (log: string): string =>
  log
    .split('\n')
    .filter((line) => line !== '' && !/^(processed|verification time|max_states|stack depth)/.test(line))
    .at(-1) ?? '';

export function failure(what: string, errno: string): KernelError {
  if (errno === 'EPERM' || errno === 'EACCES')
    return new KernelError('permission', `${what}: Operation not permitted`, {
      errno,
      hint: 'run as root, or with the capabilities bpf, net_admin and net_raw',
    });
  return new KernelError('failed', `${what}: ${errno}`, { errno });
}
