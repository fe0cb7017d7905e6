/**
 * What is known about registers before each instruction, so that checks can be left out: bytes around a
 * register's value that were checked on every path to here, and the region it probably points into.
 *
 * A forward data flow analysis over the blocks of a function; at joins only what all paths agree on is
 * kept. The region is a guess that decides which bounds to compare with first; checked bytes are facts.
 */

import { type Instruction, opcodes } from '../../ebpf/index.js';
import { type Graph, predecessors, reversePostorder } from '../../graph.js';
import type { EbpfBlock } from './ebpfFlow.js';

const { FRAME_POINTER, REGISTERS } = opcodes;

/** The frame's own stack, as a guess. */
export const STACK = -1;
/** The packet, as a guess; other regions have their index. */
export const PACKET = -2;

/** Bytes from `low` up to `high`, relative to the register's value, all in one region. */
interface CheckedRange {
  readonly low: number;
  readonly high: number;
  readonly writable: boolean;
}

export interface RegisterKnowledge {
  readonly guess: number | undefined;
  readonly checked: readonly CheckedRange[];
  /** Handle of the map that it names. */
  readonly map?: number | undefined;
}

export interface Knowledge {
  readonly registers: readonly RegisterKnowledge[];
  /** Bytes that the packet has at least. */
  readonly packetLength: number;
}

const NAMES_MAP = new Set<number>([opcodes.PSEUDO.mapFd, opcodes.PSEUDO.mapIndex]);
const NOTHING: RegisterKnowledge = { guess: undefined, checked: [] };
/** Ranges kept for one register; more are forgotten. */
const MOST_RANGES = 4;

/** At entry. @param guesses - By register: what it points into. */
export function initialKnowledge(guesses: ReadonlyMap<number, number>, packetLength: number): Knowledge {
  const registers = Array.from({ length: REGISTERS }, (_, register): RegisterKnowledge => {
    const guess = register === FRAME_POINTER ? STACK : guesses.get(register);
    return { guess, checked: [] };
  });
  return { registers, packetLength };
}

export function isChecked(
  knowledge: Knowledge,
  register: number,
  offset: number,
  size: number,
  write: boolean,
): boolean {
  return knowledge.registers[register]!.checked.some(
    ({ low, high, writable }) => low <= offset && offset + size <= high && (writable || !write),
  );
}

/** Knowledge before each block of a function. */
export function knowledgeOf(
  graph: Graph & { readonly blocks: readonly EbpfBlock[] },
  initial: Knowledge,
): readonly (Knowledge | undefined)[] {
  const order = reversePostorder(graph);
  const before = predecessors(graph, order);
  const atEntry: (Knowledge | undefined)[] = graph.blocks.map(() => undefined);
  const atExit: (Knowledge | undefined)[] = graph.blocks.map(() => undefined);
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order.nodes) {
      let entering = node === 0 ? initial : undefined;
      for (const from of before[node]!) {
        const known = atExit[from];
        if (known !== undefined) entering = entering === undefined ? known : meet(entering, known);
      }
      if (entering === undefined || sameKnowledge(entering, atEntry[node])) continue;
      changed = true;
      atEntry[node] = entering;
      atExit[node] = graph.blocks[node]!.instructions.reduce(
        (known, { instruction }) => learn(known, instruction),
        entering,
      );
    }
  }
  return atEntry;
}

function meet(a: Knowledge, b: Knowledge): Knowledge {
  if (a === b) return a;
  const registers = a.registers.map((left, register): RegisterKnowledge => {
    const right = b.registers[register]!;
    if (left === right) return left;
    const checked = left.checked.flatMap((one) =>
      right.checked.flatMap((other): CheckedRange[] => {
        const low = Math.max(one.low, other.low);
        const high = Math.min(one.high, other.high);
        return low < high ? [{ low, high, writable: one.writable && other.writable }] : [];
      }),
    );
    return {
      guess: left.guess === right.guess ? left.guess : undefined,
      checked: checked.slice(0, MOST_RANGES),
      map: left.map === right.map ? left.map : undefined,
    };
  });
  return { registers, packetLength: Math.min(a.packetLength, b.packetLength) };
}

function sameKnowledge(a: Knowledge, b: Knowledge | undefined): boolean {
  if (b === undefined || a.packetLength !== b.packetLength) return false;
  return a.registers.every((left, register) => {
    const right = b.registers[register]!;
    return (
      left === right ||
      (left.guess === right.guess &&
        left.map === right.map &&
        left.checked.length === right.checked.length &&
        left.checked.every((range, index) => {
          const other = right.checked[index]!;
          return range.low === other.low && range.high === other.high && range.writable === other.writable;
        }))
    );
  });
}

/** Adds a range, joined with one that it touches. */
function withRange(known: RegisterKnowledge, range: CheckedRange): RegisterKnowledge {
  const touching = known.checked.find(
    ({ low, high, writable }) => writable === range.writable && range.low <= high && low <= range.high,
  );
  const joined =
    touching === undefined
      ? range
      : { ...range, low: Math.min(range.low, touching.low), high: Math.max(range.high, touching.high) };
  const others = known.checked.filter((other) => other !== touching);
  return { ...known, checked: [joined, ...others].slice(0, MOST_RANGES) };
}

/** Knowledge after an instruction that did not fault. */
export function learn(known: Knowledge, instruction: Instruction): Knowledge {
  const change = (register: number, value: RegisterKnowledge): Knowledge => ({
    ...known,
    registers: known.registers.with(register, value),
  });
  switch (instruction.kind) {
    case 'alu': {
      const { op, width, dst, operand } = instruction;
      const old = known.registers[dst]!;
      if (width === 32) return change(dst, NOTHING);
      if (op === 'mov')
        return change(dst, 'register' in operand ? known.registers[operand.register]! : NOTHING);
      if (op !== 'add' && op !== 'sub') return change(dst, NOTHING);
      if ('constant' in operand) {
        const by = op === 'add' ? operand.constant : -operand.constant;
        const checked = old.checked.map((range) => ({
          ...range,
          low: range.low - by,
          high: range.high - by,
        }));
        return change(dst, { guess: old.guess, checked });
      }
      return change(dst, { guess: old.guess ?? known.registers[operand.register]!.guess, checked: [] });
    }
    case 'wide': {
      const { dst, pseudo, low } = instruction;
      return change(dst, NAMES_MAP.has(pseudo) ? { ...NOTHING, map: low } : NOTHING);
    }
    case 'movsx':
    case 'swap':
      return change(instruction.dst, NOTHING);
    case 'load': {
      const { base, offset, size, dst } = instruction;
      const checked = access(known, base, offset, size, false);
      return { ...checked, registers: checked.registers.with(dst, NOTHING) };
    }
    case 'store':
      return access(known, instruction.base, instruction.offset, instruction.size, true);
    case 'atomic': {
      const { base, offset, size, fetch, op, src } = instruction;
      const checked = access(known, base, offset, size, true);
      if (!fetch) return checked;
      return { ...checked, registers: checked.registers.with(op === 'cmpxchg' ? 0 : src, NOTHING) };
    }
    case 'packet': {
      const { index, offset, size } = instruction;
      const after = change(0, NOTHING);
      if (index !== undefined || offset < 0) return after;
      return { ...after, packetLength: Math.max(known.packetLength, offset + size) };
    }
    case 'call':
    case 'callRegister':
    case 'callLocal':
    case 'callKfunc':
      // A helper may move the packet's bounds.
      return {
        packetLength: 0,
        registers: known.registers.map((old, register) =>
          register <= 5 ? NOTHING : { guess: old.guess, checked: [], map: old.map },
        ),
      };
    default:
      return known;
  }
}

function access(known: Knowledge, base: number, offset: number, size: number, write: boolean): Knowledge {
  if (isChecked(known, base, offset, size, write)) return known;
  const range = { low: offset, high: offset + size, writable: write };
  return { ...known, registers: known.registers.with(base, withRange(known.registers[base]!, range)) };
}
