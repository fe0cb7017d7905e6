/**
 * How programs call functions of the runtime. What each of them does is in runtime/, what it takes and gives in
 * signatures.ts. One function serves the definition, the interpreter and the JIT: registers come as two 32-bit halves,
 * so that nothing has to build a BigInt.
 */

import type { Program } from './instruction.js';
import type { BpfMap, OutputMap } from './mapTypes.js';
import type { Memory, Region } from './memory.js';

/** The machine that calls: helpers read r1–r5 and leave their answer in r0. */
export interface MachineHost {
  readonly memory: Memory;
  /** The packet, where the program runs for one. */
  readonly packet: Region | undefined;
  /** Slot of the call, for faults. */
  index: number;
  /** Lower and upper halves of the registers. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /**
   * Calls a function of the program by its first slot, with r1 to r5 as they are, and comes back with its r0. False where the
   * whole program has ended meanwhile: the helper then ends as well, with `exit`.
   */
  readonly callFunction: (slot: number) => boolean;
}

/** More than a value: end the program with what r0 holds, or go on in another one. */
export type HelperOutcome =
  | { readonly kind: 'exit' }
  | { readonly kind: 'tailCall'; readonly program: Program };

export type HelperFunction = (machine: MachineHost) => HelperOutcome | undefined;

/** What helpers need from the outside; every part has a plain default. */
export interface HelperServices {
  /** By handle: the value that a wide immediate for a map leaves in its register. */
  readonly maps?: ReadonlyMap<number, BpfMap>;
  /** Nanoseconds of a clock that never goes back. */
  readonly clock?: () => bigint;
  /** Nanoseconds since 1970, UTC. */
  readonly wallClock?: () => bigint;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly trace?: (text: string) => void;
  /** Takes records of ring buffers and samples of perf event arrays; without it they are kept, see `takeRecord`. */
  readonly output?: (map: OutputMap, data: Uint8Array) => void;
  /**
   * Answers `fib_lookup`: fills in a `struct bpf_fib_lookup` and gives `BPF_FIB_LKUP_RET_*`, or an error number negated.
   * Without it no route leads anywhere.
   */
  readonly routes?: (request: Uint8Array, flags: number) => number;
  /** Sends a copy of the packet for `clone_redirect`: 0, or an error number negated. */
  readonly cloneRedirect?: (packet: Uint8Array, interfaceIndex: number, flags: number) => number;
  /** What `check_mtu` finds of every interface; default 1500. */
  readonly mtu?: number;
}

/** Sets r0 from a signed 32-bit answer. */
export function answer({ low, high }: MachineHost, value: number): undefined {
  low[0] = value;
  high[0] = value < 0 ? -1 : 0;
}

/** Sets r0 from an unsigned 32-bit answer. */
export function answerUnsigned({ low, high }: MachineHost, value: number): undefined {
  low[0] = value;
  high[0] = 0;
}

/** Sets r0. */
export function answerWide({ low, high }: MachineHost, value: bigint): undefined {
  low[0] = Number(BigInt.asIntN(32, value));
  high[0] = Number(BigInt.asIntN(32, value >> 32n));
}

/** The bytes an argument points to, checked. */
export function bytesAt(machine: MachineHost, argument: number, size: number, write: boolean): Uint8Array {
  const address = machine.low[argument]! >>> 0;
  const region = machine.memory.locate(address, machine.high[argument]!, size, write, machine.index);
  const at = region.start + address - region.base;
  return region.bytes.subarray(at, at + size);
}

/** Number of the helper that takes a program array, which an engine may treat as a jump. */
export const TAIL_CALL = 12;
