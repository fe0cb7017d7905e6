/**
 * The running kernel as an engine for packets that are here: BPF_PROG_TEST_RUN, one packet a call. An outside judge of every
 * other engine, and slow: a system call a packet. The kernel has no batches for this: `repeat` runs one packet again, and the live
 * frames of XDP are sent on instead of being answered for.
 */

import {
  assertValid,
  type FilterFunction,
  type LoadOptions,
  loadInterpreter,
  opcodes,
  type Personality,
  type Program,
  specialLoad,
} from '../cbpf/index.js';
import { type Engine, EngineError, lift } from '../engine/index.js';
import { Bpf, COMMAND, failure, KernelError } from './bpf.js';

const NAME = 'kernel-test';
/** What the kernel takes for a link header, and puts before the packet for programs of sockets. */
const LINK_HEADER = 14;
/** The most that one page holds beside what the kernel needs of it. */
const MOST_BYTES = 3000;

/** Why it does not work here; `undefined` when it does. */
export function kernelTestUnavailable(): string | undefined {
  try {
    const bpf = new Bpf();
    bpf.close(
      bpf.load([{ opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 }, EXIT], 'socket_filter', 'weir_probe'),
    );
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error.message;
    throw error;
  }
}

const EXIT = { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 };

/**
 * A filter that the kernel runs: lifted, verified and loaded. What is no packet for it, empty or longer than a page holds, is
 * interpreted. A program that asks for the length on the wire or for metadata is refused: a test run has neither.
 *
 * @throws EngineError where the program cannot be run so, or nothing can be loaded into this kernel
 */
export function loadKernelTest(program: Program, options: LoadOptions = {}): FilterFunction {
  const { personality = 'libpcap' } = options;
  assertValid(program, { personality, loops: 'bounded' });
  const loaded = new Loaded(program, personality);
  const interpreted = loadInterpreter(program, options);
  return (bytes, start, length, wireLength, metadata) =>
    length === 0 || length > MOST_BYTES
      ? interpreted(bytes, start, length, wireLength, metadata)
      : loaded.run(bytes.subarray(start, start + length));
}

/** Programs that are in the kernel, oldest first. */
const inKernel: Loaded[] = [];
const MOST_PROGRAMS = 64;

/** A program that is in the kernel, or comes back there when it is run. */
class Loaded {
  private readonly bpf = kernelOrRefuse();
  private readonly lifted: ReturnType<typeof lift>;
  private readonly input = Buffer.alloc(LINK_HEADER + MOST_BYTES);
  private readonly attribute = this.bpf.attribute().address(16, this.input).u32(32, 1);
  private file: number | undefined;

  constructor(program: Program, personality: Personality) {
    this.lifted = lifted(program, personality);
    this.load();
  }

  /** @returns Bytes to keep. */
  run(packet: Uint8Array): number {
    if (this.file === undefined) this.load();
    this.input.set(packet, LINK_HEADER);
    // The kernel writes there how much it would give back.
    const error = this.bpf.tried(
      COMMAND.testRun,
      this.attribute.u32(8, LINK_HEADER + packet.length).u32(12, 0),
    );
    if (typeof error === 'string') throw failure('BPF_PROG_TEST_RUN', error);
    return this.attribute.bytes.readUInt32LE(4);
  }

  private load(): void {
    try {
      this.file = this.bpf.load(this.lifted, 'socket_filter', 'weir_test');
    } catch (error) {
      if (error instanceof KernelError) refuse(error.message, error);
      throw error;
    }
    this.attribute.u32(0, this.file);
    inKernel.push(this);
    if (inKernel.length > MOST_PROGRAMS) inKernel.shift()!.unload();
  }

  private unload(): void {
    this.bpf.close(this.file!);
    this.file = undefined;
  }
}

function kernelOrRefuse(): Bpf {
  try {
    return new Bpf();
  } catch (error) {
    return refuse((error as Error).message, error);
  }
}

function refuse(reason: string, cause?: unknown): never {
  throw new EngineError(NAME, reason, { cause });
}

function lifted(program: Program, personality: Personality): ReturnType<typeof lift> {
  for (const instruction of program) {
    const { code, k } = instruction;
    if (code === (opcodes.JMP | opcodes.JA) && (k | 0) < 0) refuse('it has loops without a bound');
    if (LENGTH.has(code)) refuse('it asks for the length on the wire');
    if (specialLoad(instruction, personality) !== undefined) refuse('it asks for what is not in the packet');
  }
  try {
    return lift(program, { form: 'portable', personality });
  } catch (error) {
    return refuse((error as Error).message, error);
  }
}

const LENGTH: ReadonlySet<number> = new Set([
  opcodes.LD | opcodes.W | opcodes.LEN,
  opcodes.LDX | opcodes.W | opcodes.LEN,
]);

/** The engine, to be given in place of an engine's name. */
export const KERNEL_TEST: Engine = {
  name: NAME,
  description: 'run by the kernel, a system call a packet: slow, for comparing',
  unavailable: kernelTestUnavailable,
  load: loadKernelTest,
};
