/** One run of a program over a packet, every moment of it kept: so that one can go back as well as on. */

import type { Program } from '../../../lib/cbpf.js';
import type { Program as Extended, Instruction } from '../../../lib/ebpf.js';
import {
  attach,
  initialState,
  type LiftForm,
  type MachineState,
  Memory,
  opcodes,
  programTypeOf,
  step,
} from '../../../lib/playground.js';

/** What a register or cell holds. */
export interface Cell {
  readonly name: string;
  readonly value: string;
  /** What the number is: an address as a place, a small number in hexadecimal. */
  readonly note: string;
}

/** Before an instruction. */
export interface Moment {
  /** The instruction that runs next; at the end, that which ended. */
  readonly at: number;
  readonly cells: readonly Cell[];
  /** Bytes of the packet that the instruction reads. */
  readonly reads: { readonly start: number; readonly end: number } | undefined;
  /** Of eBPF: the part of the stack that has been written. */
  readonly stack: Uint8Array | undefined;
}

export interface Run {
  readonly moments: readonly Moment[];
  /** How it ended. */
  readonly outcome: string;
  readonly accepts: boolean;
}

export interface Input {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
}

/** Longer runs are cut here. */
const MOST_MOMENTS = 10_000;

/** A run of a classic program. */
export function runClassic(program: Program, input: Input): Run {
  const state = initialState();
  const moments: Moment[] = [];
  let last = 0;
  while (state.result === undefined && moments.length < MOST_MOMENTS) {
    last = state.next;
    const instruction = program[last]!;
    moments.push({
      at: last,
      cells: classicCells(state),
      reads: readOf(instruction, state, input),
      stack: undefined,
    });
    step(instruction, state, input);
  }
  moments.push({ at: last, cells: classicCells(state), reads: undefined, stack: undefined });
  const { result } = state;
  if (result === undefined)
    return { moments, outcome: `still running after ${MOST_MOMENTS}`, accepts: false };
  const cut = result === 0 && opcodes.classOf(program[last]!.code) !== opcodes.RET;
  const outcome = cut
    ? 'ends here: the packet is too short, or divided by zero; rejected'
    : result === 0
      ? 'returns 0: rejected'
      : `returns ${result}: the packet is taken`;
  return { moments, outcome, accepts: result !== 0 };
}

function classicCells({ a, x, memory }: MachineState): Cell[] {
  const cells = [cellOf('A', a), cellOf('X', x)];
  memory.forEach((value, at) => {
    if (value !== 0) cells.push(cellOf(`M[${at}]`, value));
  });
  return cells;
}

const cellOf = (name: string, value: number): Cell => ({
  name,
  value: String(value >>> 0),
  note: `0x${(value >>> 0).toString(16)}`,
});

function readOf({ code, k }: Program[number], { x }: MachineState, { bytes }: Input): Moment['reads'] {
  const kind = opcodes.classOf(code);
  if (kind !== opcodes.LD && kind !== opcodes.LDX) return undefined;
  const mode = opcodes.modeOf(code);
  const isRead = mode === opcodes.ABS || mode === opcodes.IND || mode === opcodes.MSH;
  if (!isRead) return undefined;
  const start = mode === opcodes.IND ? x + k : k;
  const end = start + (mode === opcodes.MSH ? 1 : opcodes.sizeOf(code));
  return start < bytes.length ? { start, end } : undefined;
}

export type DebugForm = Exclude<LiftForm, 'cgroup'>;

const TYPES: Readonly<Record<DebugForm, string>> = {
  kernel: 'kernel_filter',
  portable: 'socket_filter',
  xdp: 'xdp',
  tc: 'sched_cls',
};

/** A run of an eBPF program, on the definition of the machine. */
export function runExtended(program: Extended, form: DebugForm, { bytes, wireLength }: Input): Run {
  const memory = new Memory();
  const type = programTypeOf(TYPES[form]);
  const moments: Moment[] = [];
  const stack = memory.frame(0);
  let registers: readonly bigint[] = [];
  const note = (at: number, reads: Moment['reads']): void => {
    if (moments.length >= MOST_MOMENTS) return;
    const cells = registers.map((value, register) => extendedCell(`r${register}`, value, memory));
    moments.push({ at, cells, reads, stack: stack.bytes.slice() });
  };
  const attached = attach(program, type, {
    memory,
    unverified: true,
    definition: true,
    observe(index, instruction, now) {
      registers = [...now];
      note(index, extendedRead(instruction, now, memory, bytes.length));
    },
  });
  try {
    const { verdict } = attached.run(bytes, { wireLength });
    const accepts = type.accepts(verdict);
    registers = [BigInt(verdict), ...registers.slice(1)];
    note(moments.at(-1)?.at ?? 0, undefined);
    return { moments, outcome: `r0 is ${verdict} (${type.returns})`, accepts: verdict !== 0 && accepts };
  } catch (error) {
    return { moments, outcome: (error as Error).message, accepts: false };
  }
}

/** The region that an address is in. */
function placeOf(
  address: bigint,
  memory: Memory,
): { readonly name: string; readonly offset: number } | undefined {
  if (address <= 0xffffn || address > 0xffff_ffffn) return undefined;
  const at = Number(address);
  for (const region of memory.pages)
    if (region !== undefined && at >= region.base && at <= region.base + region.length)
      return { name: region.name, offset: at - region.base };
  return undefined;
}

function extendedCell(name: string, value: bigint, memory: Memory): Cell {
  const place = placeOf(value, memory);
  const note =
    place === undefined
      ? `0x${value.toString(16)}`
      : place.name === 'stack'
        ? `the stack − ${512 - place.offset}`
        : `the ${place.name} + ${place.offset}`;
  return { name, value: String(value), note };
}

function extendedRead(
  instruction: Instruction,
  registers: readonly bigint[],
  memory: Memory,
  length: number,
): Moment['reads'] {
  if (instruction.kind === 'packet') {
    const { index, offset, size } = instruction;
    const start = offset + (index === undefined ? 0 : Number(BigInt.asIntN(32, registers[index]!)));
    return start >= 0 && start < length ? { start, end: start + size } : undefined;
  }
  if (instruction.kind !== 'load') return undefined;
  const place = placeOf(
    BigInt.asUintN(64, registers[instruction.base]! + BigInt(instruction.offset)),
    memory,
  );
  if (place?.name !== 'packet') return undefined;
  return { start: place.offset, end: place.offset + instruction.size };
}
