/**
 * The definition of the eBPF machine: one instruction at a time, on BigInt registers, every access
 * checked. Slow and plain; interpreter.ts and the WebAssembly JIT are held equal to this.
 *
 * Semantics: RFC 9669. Where it leaves room, Linux decides: shift counts are masked, division by zero
 * gives 0 and modulo by zero leaves the dividend, 32-bit results are zero-extended.
 */

import { isFunction } from './callbacks.js';
import { decode } from './decode.js';
import type { HelperFunction, HelperOutcome, MachineHost } from './helpers.js';
import { type Instruction, type Operand, type Program, unordered } from './instruction.js';
import type { BpfMap } from './mapTypes.js';
import { type Memory, type Region, RuntimeFault } from './memory.js';
import { readMemory, swapBytes, writeMemory } from './memoryBytes.js';
import {
  ALU_ROWS,
  ATOMIC_ROWS,
  BRANCH_ROWS,
  FRAME_POINTER,
  MAX_FRAMES,
  MAX_ROUNDS,
  MAX_TAIL_CALLS,
  PSEUDO,
  REGISTERS,
  STACK_SIZE,
  type Width,
} from './opcodes.js';

/** Instructions a run may take unless told otherwise (Linux processes a million at load). */
export const DEFAULT_BUDGET = 1_000_000;

/** What a program runs in: memory, helpers, a budget. */
export interface Environment {
  readonly memory: Memory;
  readonly helpers: ReadonlyMap<number, HelperFunction>;
  /** What `LD_ABS` and `LD_IND` read. */
  readonly packet?: Region;
  /** Where negative offsets of `LD_ABS` and `LD_IND` point in the packet; nowhere when absent. */
  readonly headerOffset?: (offset: number) => number;
  /** Resolves the wide immediates with a pseudo source: maps, their values. */
  readonly resolveWide?: ((pseudo: number, low: number, high: number) => bigint) | undefined;
  readonly budget?: number | undefined;
  /** Maps by handle, where helpers look into these and no others: compiled code may do so itself. */
  readonly maps?: ReadonlyMap<number, BpfMap> | undefined;
  /** Accept non-zero unused fields, as the kernel's converter leaves them. */
  readonly lenient?: boolean;
}

/** What a run came to. */
export interface RunOutcome {
  /** r0 at exit. */
  readonly result: bigint;
  /** Instructions executed. */
  readonly steps: number;
}

/** `program`: the one that runs, which tail calls change. */
export type Observer = (
  index: number,
  instruction: Instruction,
  registers: readonly bigint[],
  program: Program,
) => void;

interface Frame {
  /** {@link TO_HELPER} where a helper has called the function. */
  readonly returnTo: number;
  readonly saved: readonly bigint[];
  /** Where the call is: a tail call in the function does not replace its caller. */
  readonly program: Program;
  /** Rounds that its `may_goto`s have made. */
  rounds: number;
}
const TO_HELPER = -1;

const cut = (value: bigint, width: Width): bigint => BigInt.asUintN(width, value);
const aluByName = new Map(ALU_ROWS.map((row) => [row.name, row]));
const branchByName = new Map(BRANCH_ROWS.map((row) => [row.name, row]));
const atomicByName = new Map(ATOMIC_ROWS.map((row) => [row.name, row]));

/**
 * Runs a program to its end.
 *
 * @param args - r1 to r5 at entry; what is left out is 0.
 * @param observe - Called before each instruction, with the registers.
 * @throws RuntimeFault for an access out of bounds, an unknown helper, an exhausted budget, and the like.
 * @throws DecodeError for a slot that means nothing.
 */
export function execute(
  program: Program,
  environment: Environment,
  args: readonly bigint[] = [],
  observe?: Observer,
): RunOutcome {
  const { memory, helpers, packet } = environment;
  const budget = environment.budget ?? DEFAULT_BUDGET;
  const decodeOptions = { lenient: environment.lenient ?? false };
  const registers: bigint[] = Array.from({ length: REGISTERS }, () => 0n);
  args.forEach((value, index) => {
    registers[index + 1] = cut(value, 64);
  });
  const enterFrame = (depth: number): void => {
    const stack = memory.frame(depth);
    stack.bytes.fill(0);
    registers[FRAME_POINTER] = BigInt(stack.base + STACK_SIZE);
  };
  enterFrame(0);

  const frames: Frame[] = [];
  const outermost: Frame = { returnTo: 0, saved: [], program, rounds: 0 };
  let current = program;
  let tailCalls = 0;
  let steps = 0;
  let index = 0;
  /** r0, once the whole program has ended. */
  let ended: bigint | undefined;

  const operandValue = (operand: Operand, width: Width): bigint =>
    cut('register' in operand ? registers[operand.register]! : BigInt(operand.constant), width);
  const access = (
    base: number,
    offset: number,
    size: number,
    write: boolean,
  ): { region: Region; low: number } => {
    const address = cut(registers[base]! + BigInt(offset), 64);
    const low = Number(address & 0xffff_ffffn);
    return { region: memory.locate(low, Number(address >> 32n), size, write, index), low };
  };
  const host: MachineHost = {
    memory,
    packet,
    index: 0,
    low: new Int32Array(REGISTERS),
    high: new Int32Array(REGISTERS),
    callFunction(slot) {
      const returnTo = index;
      enter(slot, TO_HELPER);
      for (let register = 1; register <= 5; register++)
        registers[register] = cut(
          (BigInt(host.high[register]!) << 32n) | BigInt(host.low[register]! >>> 0),
          64,
        );
      for (const register of [0, 6, 7, 8, 9]) registers[register] = 0n;
      follow(slot);
      index = returnTo;
      host.low[0] = Number(BigInt.asIntN(32, registers[0]!));
      host.high[0] = Number(BigInt.asIntN(32, registers[0]! >> 32n));
      return ended === undefined;
    },
  };
  const enter = (slot: number, returnTo: number): void => {
    if (returnTo === TO_HELPER && !isFunction(current, slot))
      throw new RuntimeFault('bad-argument', index, `no function begins at ${slot}`);
    if (frames.length + 1 >= MAX_FRAMES)
      throw new RuntimeFault('call-depth', index, `calls nest deeper than ${MAX_FRAMES} frames`);
    frames.push({ returnTo, saved: registers.slice(6), program: current, rounds: 0 });
    enterFrame(frames.length);
  };
  /** Ends a function; where its caller goes on, `undefined` where none of the program's own does. */
  const leave = (): number | undefined => {
    const frame = frames.pop();
    if (frame === undefined) {
      ended = registers[0]!;
      return undefined;
    }
    frame.saved.forEach((value, offset) => {
      registers[6 + offset] = value;
    });
    current = frame.program;
    return frame.returnTo === TO_HELPER ? undefined : frame.returnTo;
  };
  const call = (helper: number): HelperOutcome | undefined => {
    const run = helpers.get(helper);
    if (run === undefined) throw new RuntimeFault('unknown-helper', index, `there is no helper ${helper}`);
    host.index = index;
    registers.forEach((value, number) => {
      host.low[number] = Number(BigInt.asIntN(32, value));
      host.high[number] = Number(BigInt.asIntN(32, value >> 32n));
    });
    const outcome = run(host);
    registers[0] = cut((BigInt(host.high[0]!) << 32n) | BigInt(host.low[0]! >>> 0), 64);
    return outcome;
  };

  /** Runs from a slot to the end of the program, or of the function there that a helper has called. */
  const follow = (from: number): void => {
    index = from;
    while (ended === undefined) {
      if (index < 0 || index >= current.length)
        throw new RuntimeFault('not-in-program', index, 'the program has no such instruction');
      if (steps++ >= budget)
        throw new RuntimeFault('budget', index, `the budget of ${budget} instructions is used up`);
      const instruction = unordered(decode(current, index, decodeOptions));
      observe?.(index, instruction, registers, current);
      let next = index + (instruction.kind === 'wide' ? 2 : 1);

      switch (instruction.kind) {
        case 'alu': {
          const { op, width, dst, operand } = instruction;
          registers[dst] = cut(
            aluByName.get(op)!.eval(cut(registers[dst]!, width), operandValue(operand, width), width),
            width,
          );
          break;
        }
        case 'movsx':
          registers[instruction.dst] = cut(
            BigInt.asIntN(instruction.from, registers[instruction.src]!),
            instruction.width,
          );
          break;
        case 'swap': {
          const { op, bits, dst } = instruction;
          const value = BigInt.asUintN(bits, registers[dst]!);
          registers[dst] = op === 'le' ? value : swapBytes(value, bits);
          break;
        }
        case 'load': {
          const { size, signExtend, dst, base, offset } = instruction;
          const { region, low } = access(base, offset, size, false);
          const value = readMemory(region, low, size);
          registers[dst] = signExtend ? cut(BigInt.asIntN(size * 8, value), 64) : value;
          break;
        }
        case 'store': {
          const { size, base, offset, operand } = instruction;
          const { region, low } = access(base, offset, size, true);
          writeMemory(region, low, size, operandValue(operand, 64));
          break;
        }
        case 'atomic': {
          const { op, fetch, size, base, offset, src } = instruction;
          const width: Width = size === 8 ? 64 : 32;
          const { region, low } = access(base, offset, size, true);
          const old = readMemory(region, low, size);
          writeMemory(
            region,
            low,
            size,
            atomicByName.get(op)!.eval(old, cut(registers[src]!, width), cut(registers[0]!, width)),
          );
          if (fetch) registers[op === 'cmpxchg' ? 0 : src] = old;
          break;
        }
        case 'wide': {
          const { pseudo, dst, low, high } = instruction;
          registers[dst] =
            pseudo === 0
              ? (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
              : pseudo === PSEUDO.func
                ? BigInt(index + 1 + low)
                : cut(resolveWide(environment, pseudo, low, high, index), 64);
          break;
        }
        case 'packet': {
          const { size, index: indexRegister, offset } = instruction;
          const relative =
            indexRegister === undefined ? 0 : Number(BigInt.asIntN(32, registers[indexRegister]!));
          const at = packetOffset(environment, (relative + offset) | 0);
          if (packet === undefined || at < 0 || at + size > packet.length) {
            registers[0] = 0n;
            const to = leave();
            if (to === undefined) return;
            next = to;
            break;
          }
          registers[0] = swapBytes(readMemory(packet, packet.base + at, size), size * 8);
          break;
        }
        case 'jump':
          next += instruction.distance;
          break;
        case 'branch': {
          const { op, width, dst, operand, distance } = instruction;
          const row = branchByName.get(op)!;
          const [a, b] = [cut(registers[dst]!, width), operandValue(operand, width)];
          const holds = row.isSigned
            ? row.eval(BigInt.asIntN(width, a), BigInt.asIntN(width, b))
            : row.eval(a, b);
          if (holds) next += distance;
          break;
        }
        case 'call':
        case 'callRegister': {
          const outcome = call(
            instruction.kind === 'call'
              ? instruction.helper
              : Number(BigInt.asIntN(32, registers[instruction.register]!)),
          );
          if (outcome === undefined) break;
          if (outcome.kind === 'exit') {
            ended = registers[0]!;
            return;
          }
          if (++tailCalls <= MAX_TAIL_CALLS) {
            current = outcome.program;
            (frames.at(-1) ?? outermost).rounds = 0;
            next = 0;
          } else registers[0] = cut(-1n, 64);
          break;
        }
        case 'callLocal':
          enter(next + instruction.distance, next);
          next += instruction.distance;
          break;
        case 'mayGoto':
          if (++(frames.at(-1) ?? outermost).rounds > MAX_ROUNDS) next += instruction.distance;
          break;
        case 'callKfunc':
          throw new RuntimeFault(
            'unknown-helper',
            index,
            `there is no kernel function ${instruction.id} here`,
          );
        case 'exit': {
          const to = leave();
          if (to === undefined) return;
          next = to;
          break;
        }
      }
      index = next;
    }
  };
  follow(0);
  return { result: ended!, steps };
}

/** Place in the packet of a signed offset of `LD_ABS` or `LD_IND`; -1 when there is none. */
export const packetOffset = ({ headerOffset }: Environment, offset: number): number =>
  offset >= 0 ? offset : (headerOffset?.(offset) ?? -1);

function resolveWide(
  environment: Environment,
  pseudo: number,
  low: number,
  high: number,
  index: number,
): bigint {
  if (environment.resolveWide === undefined) {
    throw new RuntimeFault(
      'bad-argument',
      index,
      `nothing here resolves a 64-bit immediate of kind ${pseudo}`,
    );
  }
  return environment.resolveWide(pseudo, low, high);
}
