/**
 * Functions that a program may call, by number: what each takes and gives, and what it does.
 *
 * Numbers and signatures are those of Linux `include/uapi/linux/bpf.h`. The signature is for verifiers;
 * the function runs in the definition, the interpreter and the JIT alike: registers come as two 32-bit
 * halves, so that nothing has to build a BigInt.
 */

import type { Program } from './instruction.js';
import { type BpfMap, lookupElement, type ProgramArray, removeElement, updateElement } from './maps.js';
import { type Memory, type Region, RuntimeFault } from './memory.js';

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
}

/** More than a value: end the program with what r0 holds, or go on in another one. */
export type HelperOutcome =
  | { readonly kind: 'exit' }
  | { readonly kind: 'tailCall'; readonly program: Program };

export type HelperFunction = (machine: MachineHost) => HelperOutcome | undefined;

/** What a verifier has to know of an argument. */
export type ArgumentType =
  | 'anything'
  | 'context'
  | 'map'
  | 'mapKey'
  | 'mapValue'
  /** Readable bytes, whose number is the next argument. */
  | 'memory'
  /** Bytes that the helper fills, whose number is the next argument. */
  | 'outMemory'
  | 'size'
  | 'sizeOrZero';

export interface HelperRow {
  readonly number: number;
  /** Without `bpf_`. */
  readonly name: string;
  readonly arguments: readonly ArgumentType[];
  readonly result: 'integer' | 'void' | 'mapValueOrNull';
  /** Makes the function from what the runtime offers. */
  readonly make: (services: HelperServices) => HelperFunction;
}

/** What helpers need from the outside; every part has a plain default. */
export interface HelperServices {
  /** By handle: the value that a wide immediate for a map leaves in its register. */
  readonly maps?: ReadonlyMap<number, BpfMap>;
  /** Nanoseconds of a clock that never goes back. */
  readonly clock?: () => bigint;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly trace?: (text: string) => void;
}

/** Error numbers that helpers give, negated (Linux `errno-base.h`). */
const ENOENT = 2;
const E2BIG = 7;
const EFAULT = 14;
const EINVAL = 22;

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

function answerWide({ low, high }: MachineHost, value: bigint): undefined {
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

function mapOf(machine: MachineHost, { maps }: HelperServices): BpfMap {
  const map = machine.high[1] === 0 ? maps?.get(machine.low[1]!) : undefined;
  if (map === undefined) throw new RuntimeFault('bad-argument', machine.index, 'r1 is no map');
  return map;
}

const onMap =
  (run: (machine: MachineHost, map: BpfMap, key: Uint8Array) => number): HelperRow['make'] =>
  (services) =>
  (machine) => {
    const map = mapOf(machine, services);
    return answer(machine, run(machine, map, bytesAt(machine, 2, map.keySize, false)));
  };

/** Bytes of the packet from r2 on into r4 bytes at r3. */
const loadBytes: HelperRow['make'] = () => (machine) => {
  const { packet, low } = machine;
  const [offset, length] = [low[2]!, low[4]! >>> 0];
  const target = bytesAt(machine, 3, length, true);
  if (packet === undefined || offset < 0 || offset + length > packet.length) {
    target.fill(0);
    return answer(machine, -EFAULT);
  }
  target.set(packet.bytes.subarray(packet.start + offset, packet.start + offset + length));
  return answer(machine, 0);
};

const tailCall: HelperRow['make'] =
  ({ maps }) =>
  (machine) => {
    const array = machine.high[2] === 0 ? maps?.get(machine.low[2]!) : undefined;
    if (array?.kind !== 'programArray')
      throw new RuntimeFault('bad-argument', machine.index, 'r2 is no program array');
    const program = programAt(array, machine.low[3]! >>> 0);
    if (program === undefined) return answer(machine, -ENOENT);
    return { kind: 'tailCall', program };
  };

const programAt = ({ programs }: ProgramArray, index: number): Program | undefined => programs[index];

/** `bpf_trace_printk`: the format in r1, its length in r2, up to three values in r3–r5. */
const trace: HelperRow['make'] =
  ({ trace: write }) =>
  (machine) => {
    const { low, high } = machine;
    const length = low[2]! >>> 0;
    if (length > 1024) return answer(machine, -E2BIG);
    const format = String.fromCharCode(...bytesAt(machine, 1, length, false)).replace(/\0.*$/s, '');
    let argument = 3;
    const text = format.replace(/%(?:l{0,2})([diuxX%])/g, (whole, kind: string) => {
      if (kind === '%') return '%';
      if (argument > 5) return whole;
      const wide = (BigInt(high[argument]!) << 32n) | BigInt(low[argument]! >>> 0);
      const value = whole.includes('ll') || whole.includes('l') ? wide : BigInt(low[argument]!);
      argument++;
      const bits = whole.includes('l') ? 64 : 32;
      if (kind === 'd' || kind === 'i') return `${BigInt.asIntN(bits, value)}`;
      const unsigned = BigInt.asUintN(bits, value);
      return kind === 'u' ? `${unsigned}` : unsigned.toString(16);
    });
    write?.(text);
    return answer(machine, text.length);
  };

const UPDATE_FLAGS = { any: 0, noExist: 1, exist: 2 } as const;

// biome-ignore format: a table reads best with one row a line
export const HELPERS: readonly HelperRow[] = [
  { number: 1,  name: 'map_lookup_elem', arguments: ['map', 'mapKey'], result: 'mapValueOrNull', make: (services) => (machine) => {
    const map = mapOf(machine, services);
    return answerUnsigned(machine, lookupElement(map, bytesAt(machine, 2, map.keySize, false)));
  } },
  { number: 2,  name: 'map_update_elem', arguments: ['map', 'mapKey', 'mapValue', 'anything'], result: 'integer', make: onMap((machine, map, key) => {
    const flags = machine.low[4]!;
    if (flags > UPDATE_FLAGS.exist || flags < 0) return -EINVAL;
    return updateElement(map, key, bytesAt(machine, 3, map.valueSize, false), flags);
  }) },
  { number: 3,  name: 'map_delete_elem', arguments: ['map', 'mapKey'], result: 'integer', make: onMap((_, map, key) => removeElement(map, key)) },
  { number: 5,  name: 'ktime_get_ns', arguments: [], result: 'integer', make: ({ clock = monotonic }) => (machine) => answerWide(machine, clock()) },
  { number: 6,  name: 'trace_printk', arguments: ['memory', 'size', 'anything', 'anything', 'anything'], result: 'integer', make: trace },
  { number: 7,  name: 'get_prandom_u32', arguments: [], result: 'integer', make: ({ random = Math.random }) => (machine) => answerUnsigned(machine, (random() * 2 ** 32) >>> 0) },
  { number: 8,  name: 'get_smp_processor_id', arguments: [], result: 'integer', make: () => (machine) => answer(machine, 0) },
  { number: 12, name: 'tail_call', arguments: ['context', 'map', 'anything'], result: 'integer', make: tailCall },
  { number: 26, name: 'skb_load_bytes', arguments: ['context', 'anything', 'outMemory', 'size'], result: 'integer', make: loadBytes },
  { number: 125, name: 'ktime_get_boot_ns', arguments: [], result: 'integer', make: ({ clock = monotonic }) => (machine) => answerWide(machine, clock()) },
];

const monotonic = (): bigint => BigInt(Math.round(performance.now() * 1e6));

const byNumber = new Map(HELPERS.map((row) => [row.number, row]));
export const helperOf = (number: number): HelperRow | undefined => byNumber.get(number);

/** Number of the helper that takes a program array, which an engine may treat as a jump. */
export const TAIL_CALL = 12;

/** The functions of some helpers, ready to be called. */
export function makeHelpers(
  numbers: Iterable<number>,
  services: HelperServices = {},
): ReadonlyMap<number, HelperFunction> {
  return new Map(
    [...numbers].flatMap((number): [number, HelperFunction][] => {
      const row = byNumber.get(number);
      return row === undefined ? [] : [[number, row.make(services)]];
    }),
  );
}
