/**
 * The fast interpreter of the eBPF machine.
 *
 * Registers are two arrays of 32-bit halves: on V8 faster than BigInt or BigUint64Array. A program is
 * decoded once into two numbers a slot, with dense operation numbers and absolute targets. Constants are registers, too: numbers from
 * {@link REGISTERS} on, so that every operation has one form. machine.ts defines the meaning;
 * interpreter.test.ts holds the two equal.
 *
 * The budget is charged at backward jumps and calls, by their distance: what has no loop needs none.
 */

import { isFunction } from './callbacks.js';
import * as dense from './denseProgram.js';
import type { HelperOutcome, MachineHost } from './helpers.js';
import type { Program } from './instruction.js';
import { readBeforeWritten } from './liveness.js';
import { DEFAULT_BUDGET, type Environment, packetOffset } from './machine.js';
import { type Memory, type Region, RuntimeFault } from './memory.js';
import {
  ALU_ROWS,
  ATOMIC_ROWS,
  FRAME_POINTER,
  MAX_FRAMES,
  MAX_ROUNDS,
  MAX_TAIL_CALLS,
  REGISTERS,
  STACK_SIZE,
} from './opcodes.js';

// Own constants: V8 folds these into the loop, and loads imported ones each time (a third slower, measured).
const { CALL, DST_MASK, DST_SHIFT, JEQ32, JNE32, OP_MASK, SRC_SHIFT } = dense;

/** A program ready to run; one run at a time. */
export interface Executable {
  /** Halves of r0 after a run. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /**
   * Runs from the first slot to `exit`. r1 and r2 start as given (unsigned 32-bit), the others as 0.
   *
   * @throws RuntimeFault
   */
  readonly run: (r1: number, r2: number) => void;
}

/**
 * Makes a program ready to run. Slots that mean nothing fault when they are reached: validate() first.
 */
export function loadProgram(program: Program, environment: Environment): Executable {
  const runners = new Map<Program, Runner>();
  const tail: Tail = { calls: 0, run: runTarget };
  const prepare = (of: Program): Runner => {
    const known = runners.get(of);
    if (known?.isRunning === false) return known;
    const made = makeRunner(dense.decodeProgram(of, environment), environment, tail);
    runners.set(of, made);
    return made;
  };
  const main = prepare(program);
  // Whoever asks for it later does so while it runs, or after it has ended in a tail call.
  main.isRunning = true;
  const { low, high, usesStack } = main.decoded;
  const stack = environment.memory.frame(0);
  const frameTop = stack.base + STACK_SIZE;
  const needed = new Set(readBeforeWritten(program, environment.lenient ?? false));
  const [needs1, needs2, needsFrame] = [1, 2, FRAME_POINTER].map((register) => needed.delete(register));
  const cleared = [...needed];

  function runTarget(first: Program, caller: dense.DenseProgram, depth: number): void {
    let from = caller;
    for (let next: Program | undefined = first; next !== undefined; ) {
      const runner = prepare(next);
      const { decoded } = runner;
      decoded.low.set(from.low.subarray(0, REGISTERS));
      decoded.high.set(from.high.subarray(0, REGISTERS));
      from = decoded;
      runner.isRunning = true;
      try {
        next = runner.run(depth);
      } finally {
        runner.isRunning = false;
      }
    }
    caller.low[0] = from.low[0]!;
    caller.high[0] = from.high[0]!;
  }

  return {
    low,
    high,
    run(r1, r2) {
      for (let at = 0; at < cleared.length; at++) {
        low[cleared[at]!] = 0;
        high[cleared[at]!] = 0;
      }
      if (needs1) {
        low[1] = r1;
        high[1] = 0;
      }
      if (needs2) {
        low[2] = r2;
        high[2] = 0;
      }
      if (needsFrame) {
        low[FRAME_POINTER] = frameTop;
        high[FRAME_POINTER] = 0;
      }
      if (usesStack) stack.bytes.fill(0);
      tail.calls = 0;
      const next = main.run(0);
      if (next !== undefined) runTarget(next, main.decoded, 0);
    },
  };
}

/** Tail calls of a run: how many there were, and what runs a target on the registers of its caller. */
interface Tail {
  calls: number;
  readonly run: (target: Program, caller: dense.DenseProgram, depth: number) => void;
}

/** The packet lies elsewhere now: what was read into locals has to be read again. */
const MOVED = Symbol('moved');

const NO_PACKET = { bytes: new Uint8Array(0), start: 0, base: 0, length: -1 };

/** Where a function goes on that a helper has called, or the whole program: nowhere. */
const TO_HELPER = -1;

interface SavedFrame {
  readonly returnTo: number;
  readonly rounds: number;
  /** r6–r10, lower and upper halves. */
  readonly low: Int32Array;
  readonly high: Int32Array;
}

interface Runner {
  readonly decoded: dense.DenseProgram;
  /** Whether it is in the middle of a run, and cannot begin another. */
  isRunning: boolean;
  /** Runs the program on its registers, so many frames deep; gives the program that a tail call goes on with. */
  readonly run: (depth: number) => Program | undefined;
}

/** What a run changes besides registers, and what it needs at hand: made once, so that a run allocates nothing. */
interface State {
  readonly code: Int32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly decoded: dense.DenseProgram;
  readonly environment: Environment;
  readonly memory: Memory;
  readonly packet: Region | undefined;
  readonly machine: MachineHost;
  readonly frames: SavedFrame[];
  readonly budget: number;
  /** What is left of the budget. */
  left: number;
  /** Where to go on when a helper has moved the packet. */
  resume: number;
  /** How often `may_goto`s have been passed in this frame. */
  rounds: number;
  /** Frames of those who called the program in the tail of a function. */
  depth: number;
  readonly tail: Tail;
}

function makeRunner(decoded: dense.DenseProgram, environment: Environment, tail: Tail): Runner {
  const { code, low, high } = decoded;
  const { memory, packet, budget = DEFAULT_BUDGET } = environment;
  const machine: MachineHost = {
    memory,
    packet,
    index: 0,
    low,
    high,
    callFunction: (slot) => callFunction(state, slot),
  };
  const state: State = {
    code,
    low,
    high,
    decoded,
    environment,
    memory,
    packet,
    machine,
    frames: [],
    budget,
    left: budget,
    resume: 0,
    rounds: 0,
    depth: 0,
    tail,
  };
  return {
    decoded,
    isRunning: false,
    run(depth) {
      state.depth = depth;
      state.left = budget;
      state.rounds = 0;
      if (state.frames.length > 0) state.frames.length = 0;
      state.resume = 0;
      for (;;) {
        const next = interpret(state);
        if (next !== MOVED) return next;
      }
    },
  };
}

/**
 * Functions take the state instead of closing over it: V8 inlines a call whose target is the same for
 * every program, and gives the whole loop up when it is not.
 */
function interpret(state: State): Program | typeof MOVED | undefined {
  const { code, low, high, packet } = state;
  // Where most loads go. A helper that moves the packet leaves this function.
  const { bytes, start, base: packetBase, length: packetLength } = packet ?? NO_PACKET;
  for (let pc = state.resume; ; ) {
    const word = code[pc]!; // `!`: decodeProgram() made sure that targets stay inside code
    const dst = (word >>> DST_SHIFT) & DST_MASK;
    const src = word >>> SRC_SHIFT;
    switch (word & OP_MASK) {
      case 0: {
        // ADD64
        const sum = (low[dst]! >>> 0) + (low[src]! >>> 0);
        high[dst] = high[dst]! + high[src]! + (sum > 0xffff_ffff ? 1 : 0);
        low[dst] = sum;
        break;
      }
      case 1: {
        // SUB64
        const borrow = low[dst]! >>> 0 < low[src]! >>> 0 ? 1 : 0;
        high[dst] = high[dst]! - high[src]! - borrow;
        low[dst] = low[dst]! - low[src]!;
        break;
      }
      case 2: {
        // MUL64
        const [a, b] = [low[dst]!, low[src]!];
        high[dst] = mulHigh(a, b) + Math.imul(high[dst]!, b) + Math.imul(a, high[src]!);
        low[dst] = Math.imul(a, b);
        break;
      }
      case 3: // DIV64
        if ((high[dst]! | high[src]!) === 0 && low[src] !== 0)
          low[dst] = (low[dst]! >>> 0) / (low[src]! >>> 0);
        else divide(low, high, dst, src, DIV_ROW);
        break;
      case 10: // MOD64
        if ((high[dst]! | high[src]!) === 0 && low[src] !== 0)
          low[dst] = (low[dst]! >>> 0) % (low[src]! >>> 0);
        else divide(low, high, dst, src, MOD_ROW);
        break;
      case 4: // SDIV64
        divide(low, high, dst, src, SDIV_ROW);
        break;
      case 11: // SMOD64
        divide(low, high, dst, src, SMOD_ROW);
        break;
      case 5: // OR64
        low[dst]! |= low[src]!;
        high[dst]! |= high[src]!;
        break;
      case 6: // AND64
        low[dst]! &= low[src]!;
        high[dst]! &= high[src]!;
        break;
      case 12: // XOR64
        low[dst]! ^= low[src]!;
        high[dst]! ^= high[src]!;
        break;
      case 7: {
        // LSH64
        const count = low[src]! & 63;
        if (count > 31) {
          high[dst] = low[dst]! << count;
          low[dst] = 0;
        } else if (count > 0) {
          high[dst] = (high[dst]! << count) | (low[dst]! >>> (32 - count));
          low[dst] = low[dst]! << count;
        }
        break;
      }
      case 8: {
        // RSH64
        const count = low[src]! & 63;
        if (count > 31) {
          low[dst] = high[dst]! >>> count;
          high[dst] = 0;
        } else if (count > 0) {
          low[dst] = (low[dst]! >>> count) | (high[dst]! << (32 - count));
          high[dst] = high[dst]! >>> count;
        }
        break;
      }
      case 14: {
        // ARSH64
        const count = low[src]! & 63;
        if (count > 31) {
          low[dst] = high[dst]! >> count;
          high[dst] = high[dst]! >> 31;
        } else if (count > 0) {
          low[dst] = (low[dst]! >>> count) | (high[dst]! << (32 - count));
          high[dst] = high[dst]! >> count;
        }
        break;
      }
      case 9: // NEG64
        high[dst] = -high[dst]! - (low[dst] === 0 ? 0 : 1);
        low[dst] = -low[dst]!;
        break;
      case 13: // MOV64
        low[dst] = low[src]!;
        high[dst] = high[src]!;
        break;
      case 15: // ADD32
        low[dst] = low[dst]! + low[src]!;
        high[dst] = 0;
        break;
      case 16: // SUB32
        low[dst] = low[dst]! - low[src]!;
        high[dst] = 0;
        break;
      case 17: // MUL32
        low[dst] = Math.imul(low[dst]!, low[src]!);
        high[dst] = 0;
        break;
      case 18: // DIV32
        low[dst] = low[src] === 0 ? 0 : (low[dst]! >>> 0) / (low[src]! >>> 0);
        high[dst] = 0;
        break;
      case 19: // SDIV32
        low[dst] = low[src] === 0 ? 0 : low[dst]! / low[src]!;
        high[dst] = 0;
        break;
      case 25: // MOD32
        if (low[src] !== 0) low[dst] = (low[dst]! >>> 0) % (low[src]! >>> 0);
        high[dst] = 0;
        break;
      case 26: // SMOD32
        if (low[src] !== 0) low[dst] = low[dst]! % low[src]!;
        high[dst] = 0;
        break;
      case 20: // OR32
        low[dst]! |= low[src]!;
        high[dst] = 0;
        break;
      case 21: // AND32
        low[dst]! &= low[src]!;
        high[dst] = 0;
        break;
      case 27: // XOR32
        low[dst]! ^= low[src]!;
        high[dst] = 0;
        break;
      case 22: // LSH32
        low[dst] = low[dst]! << low[src]!;
        high[dst] = 0;
        break;
      case 23: // RSH32
        low[dst] = low[dst]! >>> low[src]!;
        high[dst] = 0;
        break;
      case 29: // ARSH32
        low[dst] = low[dst]! >> low[src]!;
        high[dst] = 0;
        break;
      case 24: // NEG32
        low[dst] = -low[dst]!;
        high[dst] = 0;
        break;
      case 28: // MOV32
        low[dst] = low[src]!;
        high[dst] = 0;
        break;
      case 63: // SEXT8_64
        low[dst] = (low[src]! << 24) >> 24;
        high[dst] = low[dst]! >> 31;
        break;
      case 64: // SEXT16_64
        low[dst] = (low[src]! << 16) >> 16;
        high[dst] = low[dst]! >> 31;
        break;
      case 65: // SEXT32_64
        low[dst] = low[src]!;
        high[dst] = low[dst]! >> 31;
        break;
      case 66: // SEXT8_32
        low[dst] = (low[src]! << 24) >> 24;
        high[dst] = 0;
        break;
      case 67: // SEXT16_32
        low[dst] = (low[src]! << 16) >> 16;
        high[dst] = 0;
        break;
      case 68: // CUT16
        low[dst]! &= 0xffff;
        high[dst] = 0;
        break;
      case 69: // CUT32
        high[dst] = 0;
        break;
      case 70: // CUT64
        break;
      case 71: // SWAP16
        low[dst] = ((low[dst]! & 0xff) << 8) | ((low[dst]! >>> 8) & 0xff);
        high[dst] = 0;
        break;
      case 72: // SWAP32
        low[dst] = swap32(low[dst]!);
        high[dst] = 0;
        break;
      case 73: {
        // SWAP64
        const swapped = swap32(low[dst]!);
        low[dst] = swap32(high[dst]!);
        high[dst] = swapped;
        break;
      }
      case 30: // JEQ64
        if (low[dst] !== low[src] || high[dst] !== high[src]) break;
        pc = code[pc + 1]!;
        continue;
      case 34: // JNE64
        if (low[dst] === low[src] && high[dst] === high[src]) break;
        pc = code[pc + 1]!;
        continue;
      case 33: // JSET64
        if (((low[dst]! & low[src]!) | (high[dst]! & high[src]!)) === 0) break;
        pc = code[pc + 1]!;
        continue;
      case 31: // JGT64
        if (!isBelow(low, high, src, dst)) break;
        pc = code[pc + 1]!;
        continue;
      case 32: // JGE64
        if (isBelow(low, high, dst, src)) break;
        pc = code[pc + 1]!;
        continue;
      case 37: // JLT64
        if (!isBelow(low, high, dst, src)) break;
        pc = code[pc + 1]!;
        continue;
      case 38: // JLE64
        if (isBelow(low, high, src, dst)) break;
        pc = code[pc + 1]!;
        continue;
      case 35: // JSGT64
        if (!isLess(low, high, src, dst)) break;
        pc = code[pc + 1]!;
        continue;
      case 36: // JSGE64
        if (isLess(low, high, dst, src)) break;
        pc = code[pc + 1]!;
        continue;
      case 39: // JSLT64
        if (!isLess(low, high, dst, src)) break;
        pc = code[pc + 1]!;
        continue;
      case 40: // JSLE64
        if (isLess(low, high, src, dst)) break;
        pc = code[pc + 1]!;
        continue;
      case 41: // JEQ32
        if (low[dst] !== low[src]) break;
        pc = code[pc + 1]!;
        continue;
      case 45: // JNE32
        if (low[dst] === low[src]) break;
        pc = code[pc + 1]!;
        continue;
      case 44: // JSET32
        if ((low[dst]! & low[src]!) === 0) break;
        pc = code[pc + 1]!;
        continue;
      case 42: // JGT32
        if (low[dst]! >>> 0 <= low[src]! >>> 0) break;
        pc = code[pc + 1]!;
        continue;
      case 43: // JGE32
        if (low[dst]! >>> 0 < low[src]! >>> 0) break;
        pc = code[pc + 1]!;
        continue;
      case 48: // JLT32
        if (low[dst]! >>> 0 >= low[src]! >>> 0) break;
        pc = code[pc + 1]!;
        continue;
      case 49: // JLE32
        if (low[dst]! >>> 0 > low[src]! >>> 0) break;
        pc = code[pc + 1]!;
        continue;
      case 46: // JSGT32
        if (low[dst]! <= low[src]!) break;
        pc = code[pc + 1]!;
        continue;
      case 47: // JSGE32
        if (low[dst]! < low[src]!) break;
        pc = code[pc + 1]!;
        continue;
      case 50: // JSLT32
        if (low[dst]! >= low[src]!) break;
        pc = code[pc + 1]!;
        continue;
      case 51: // JSLE32
        if (low[dst]! > low[src]!) break;
        pc = code[pc + 1]!;
        continue;
      case 77: // JUMP
        pc = code[pc + 1]!;
        continue;
      case 85: {
        // JUMP_BACK
        const { from, to } = state.decoded.backward[code[pc + 1]!]!;
        charge(state, from - to + 1, from * 2);
        pc = to * 2;
        continue;
      }
      case 52: {
        // LOAD1
        const at = (low[src]! >>> 0) + code[pc + 1]! - packetBase;
        if (at >= 0 && at + 1 <= packetLength && high[src] === 0) low[dst] = bytes[start + at]!;
        else load(state, dst, src, 1, pc);
        high[dst] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 53: {
        // LOAD2
        const at = (low[src]! >>> 0) + code[pc + 1]! - packetBase;
        if (at >= 0 && at + 2 <= packetLength && high[src] === 0)
          low[dst] = bytes[start + at]! | (bytes[start + at + 1]! << 8);
        else load(state, dst, src, 2, pc);
        high[dst] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 54: {
        // LOAD4
        const at = (low[src]! >>> 0) + code[pc + 1]! - packetBase;
        if (at >= 0 && at + 4 <= packetLength && high[src] === 0)
          low[dst] =
            bytes[start + at]! |
            (bytes[start + at + 1]! << 8) |
            (bytes[start + at + 2]! << 16) |
            (bytes[start + at + 3]! << 24);
        else load(state, dst, src, 4, pc);
        high[dst] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 55: // LOAD8
        load(state, dst, src, 8, pc);
        break;
      case 56: // LOADS1
        load(state, dst, src, 1, pc);
        low[dst] = (low[dst]! << 24) >> 24;
        high[dst] = low[dst]! >> 31;
        break;
      case 57: // LOADS2
        load(state, dst, src, 2, pc);
        low[dst] = (low[dst]! << 16) >> 16;
        high[dst] = low[dst]! >> 31;
        break;
      case 58: // LOADS4
        load(state, dst, src, 4, pc);
        high[dst] = low[dst]! >> 31;
        break;
      case 59: {
        // STORE1
        const { region, at } = place(state, dst, code[pc + 1]!, 1, true, pc);
        region.bytes[at] = low[src]!;
        break;
      }
      case 60: {
        // STORE2
        const { region, at } = place(state, dst, code[pc + 1]!, 2, true, pc);
        region.view.setInt16(at, low[src]!, true);
        break;
      }
      case 61: {
        // STORE4
        const { region, at } = place(state, dst, code[pc + 1]!, 4, true, pc);
        region.view.setInt32(at, low[src]!, true);
        break;
      }
      case 62: {
        // STORE8
        const { region, at } = place(state, dst, code[pc + 1]!, 8, true, pc);
        region.view.setInt32(at, low[src]!, true);
        region.view.setInt32(at + 4, high[src]!, true);
        break;
      }
      case 74: {
        // PACKET1
        const offset = (low[src]! + code[pc + 1]!) | 0;
        const at =
          offset >= 0 && offset + 1 <= packetLength ? start + offset : placeInPacket(state, offset, 1);
        if (at < 0) {
          pc = reject(state);
          if (pc === TO_HELPER) return undefined;
          continue;
        }
        low[0] = bytes[at]!;
        high[0] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 75: {
        // PACKET2
        const offset = (low[src]! + code[pc + 1]!) | 0;
        const at =
          offset >= 0 && offset + 2 <= packetLength ? start + offset : placeInPacket(state, offset, 2);
        if (at < 0) {
          pc = reject(state);
          if (pc === TO_HELPER) return undefined;
          continue;
        }
        low[0] = (bytes[at]! << 8) | bytes[at + 1]!;
        high[0] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 76: {
        // PACKET4
        const offset = (low[src]! + code[pc + 1]!) | 0;
        const at =
          offset >= 0 && offset + 4 <= packetLength ? start + offset : placeInPacket(state, offset, 4);
        if (at < 0) {
          pc = reject(state);
          if (pc === TO_HELPER) return undefined;
          continue;
        }
        low[0] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        high[0] = 0;
        pc = afterLoad(code, low, pc + 2);
        continue;
      }
      case 78: // CALL
      case 79: {
        // CALL_REGISTER
        charge(state, 1, pc);
        const { machine } = state;
        machine.index = pc >> 1;
        const direct = (word & OP_MASK) === CALL;
        const number = direct ? code[pc + 1]! : low[dst]!;
        const helper = direct ? state.decoded.helpers[src] : state.environment.helpers.get(number);
        if (helper === undefined)
          throw new RuntimeFault('unknown-helper', pc >> 1, `there is no helper ${number}`);
        const outcome: HelperOutcome | undefined = helper(machine);
        if (outcome === undefined) {
          if (
            packet === undefined ||
            (packet.bytes === bytes && packet.base === packetBase && packet.length === packetLength)
          )
            break;
          state.resume = pc + 2;
          return MOVED;
        }
        if (outcome.kind === 'exit') return undefined;
        if (state.tail.calls >= MAX_TAIL_CALLS) {
          low[0] = -1;
          high[0] = -1;
          break;
        }
        state.tail.calls++;
        if (state.frames.length === 0) return outcome.program;
        // In a function: its caller goes on afterwards.
        state.tail.run(outcome.program, state.decoded, state.depth + state.frames.length);
        pc = leaveFrame(state);
        if (pc === TO_HELPER) return undefined;
        if (packet === undefined) continue;
        state.resume = pc;
        return MOVED;
      }
      case 80: {
        // CALL_LOCAL
        charge(state, 1, pc);
        enter(state, pc + 2, pc);
        pc = code[pc + 1]!;
        continue;
      }
      case 81: {
        // EXIT
        if (state.frames.length === 0) return undefined;
        pc = leaveFrame(state);
        if (pc === TO_HELPER) return undefined;
        continue;
      }
      case 82: // ATOMIC4
        atomic(state, dst, src, 4, pc);
        break;
      case 83: // ATOMIC8
        atomic(state, dst, src, 8, pc);
        break;
      case 87: // MASK_SHIFT
        low[dst] = (low[src]! & low[code[pc + 2]! >>> SRC_SHIFT]!) << low[code[pc + 4]! >>> SRC_SHIFT]!;
        high[dst] = 0;
        pc += 6;
        continue;
      case 88: // MAY_GOTO
        if (++state.rounds <= MAX_ROUNDS) break;
        pc = code[pc + 1]!;
        continue;
      case 84: // OUTSIDE
        throw new RuntimeFault('not-in-program', pc >> 1, 'the program has no such instruction');
      default:
        throw new RuntimeFault('bad-instruction', pc >> 1, 'this is no instruction that can run here');
    }
    pc += 2;
  }
}

/**
 * Where to go on behind a load: what was loaded is mostly compared next, and done here that costs no
 * other round of the loop.
 */
function afterLoad(code: Int32Array, low: Int32Array, pc: number): number {
  const word = code[pc]!;
  const op = word & OP_MASK;
  if (op !== JEQ32 && op !== JNE32) return pc;
  const isEqual = low[(word >>> DST_SHIFT) & DST_MASK] === low[word >>> SRC_SHIFT];
  return isEqual === (op === JEQ32) ? code[pc + 1]! : pc + 2;
}

/** Begins a frame of its own. */
function enter(state: State, returnTo: number, pc: number): void {
  const { frames, memory, low, high, rounds, depth } = state;
  if (depth + frames.length + 1 >= MAX_FRAMES)
    throw new RuntimeFault('call-depth', pc >> 1, `calls nest deeper than ${MAX_FRAMES} frames`);
  frames.push({ returnTo, rounds, low: low.slice(6, REGISTERS), high: high.slice(6, REGISTERS) });
  state.rounds = 0;
  const stack = memory.frame(depth + frames.length);
  stack.bytes.fill(0);
  low[FRAME_POINTER] = stack.base + STACK_SIZE;
}

/** Ends a frame; gives where its caller goes on. */
function leaveFrame(state: State): number {
  const frame = state.frames.pop()!;
  state.low.set(frame.low, 6);
  state.high.set(frame.high, 6);
  state.rounds = frame.rounds;
  return frame.returnTo;
}

/** A helper calls a function; false where the whole program has ended in it. */
function callFunction(state: State, slot: number): boolean {
  const { low, high, frames, machine, decoded } = state;
  const { index } = machine;
  if (!isFunction(decoded.program, slot))
    throw new RuntimeFault('bad-argument', index, `no function begins at ${slot}`);
  enter(state, TO_HELPER, index * 2);
  const depth = frames.length;
  for (const register of [0, 6, 7, 8, 9]) low[register] = high[register] = 0;
  state.resume = slot * 2;
  while (interpret(state) === MOVED);
  machine.index = index;
  return frames.length < depth;
}

function charge(state: State, instructions: number, pc: number): void {
  state.left -= instructions;
  if (state.left < 0)
    throw new RuntimeFault('budget', pc >> 1, `the budget of ${state.budget} instructions is used up`);
}

/** Region and place in its bytes of an access, or a fault. */
function place(
  state: State,
  base: number,
  offset: number,
  size: number,
  write: boolean,
  pc: number,
): { region: Region; at: number } {
  const { memory, low, high } = state;
  const sum = (low[base]! >>> 0) + offset;
  const carry = sum < 0 ? -1 : sum > 0xffff_ffff ? 1 : 0;
  const region = memory.locate(sum | 0, (high[base]! + carry) | 0, size, write, pc >> 1);
  return { region, at: region.start + (sum >>> 0) - region.base };
}

function load(state: State, dst: number, base: number, size: number, pc: number): void {
  const { low, high } = state;
  const { region, at } = place(state, base, state.code[pc + 1]!, size, false, pc);
  const { view } = region;
  if (size === 8) {
    low[dst] = view.getInt32(at, true);
    high[dst] = view.getInt32(at + 4, true);
  } else
    low[dst] =
      size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
}

/** Place in the packet's bytes, or -1. */
function placeInPacket(state: State, offset: number, size: number): number {
  const { packet } = state;
  if (packet === undefined) return -1;
  const at = offset >= 0 ? offset : packetOffset(state.environment, offset);
  return at >= 0 && at + size <= packet.length ? packet.start + at : -1;
}

/** A packet load went out of bounds: the function ends with 0. Gives where its caller goes on. */
function reject(state: State): number {
  state.low[0] = 0;
  state.high[0] = 0;
  return state.frames.length === 0 ? TO_HELPER : leaveFrame(state);
}

function atomic(state: State, base: number, src: number, size: 4 | 8, pc: number): void {
  const { low, high } = state;
  const { op, fetch, offset } = state.decoded.atomics[state.code[pc + 1]!]!;
  const { region, at } = place(state, base, offset, size, true, pc);
  const { view } = region;
  const read = (): bigint => (size === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)));
  const register = (number: number): bigint =>
    size === 8 ? wideOf(low, high, number) : BigInt(low[number]! >>> 0);
  const old = read();
  const value = ATOMIC_ROWS.find((row) => row.name === op)!.eval(old, register(src), register(0));
  if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, value), true);
  else view.setInt32(at, Number(BigInt.asIntN(32, value)), true);
  if (fetch) setWide(low, high, op === 'cmpxchg' ? 0 : src, old);
}

const isBelow = (low: Int32Array, high: Int32Array, a: number, b: number): boolean =>
  high[a] === high[b] ? low[a]! >>> 0 < low[b]! >>> 0 : high[a]! >>> 0 < high[b]! >>> 0;
const isLess = (low: Int32Array, high: Int32Array, a: number, b: number): boolean =>
  high[a] === high[b] ? low[a]! >>> 0 < low[b]! >>> 0 : high[a]! < high[b]!;

const swap32 = (value: number): number =>
  (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);

/** Upper half of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const lower = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(lower / 0x10000)) | 0;
}

const wideOf = (low: Int32Array, high: Int32Array, register: number): bigint =>
  (BigInt(high[register]! >>> 0) << 32n) | BigInt(low[register]! >>> 0);

function setWide(low: Int32Array, high: Int32Array, register: number, value: bigint): void {
  low[register] = Number(BigInt.asIntN(32, value));
  high[register] = Number(BigInt.asIntN(32, value >> 32n));
}

const rowOf = (name: string) => ALU_ROWS.find((row) => row.name === name)!;
const [DIV_ROW, MOD_ROW, SDIV_ROW, SMOD_ROW] = [rowOf('div'), rowOf('mod'), rowOf('sdiv'), rowOf('smod')];

/** Division of more than 32 bits is rare enough to go the definition's way. */
function divide(
  low: Int32Array,
  high: Int32Array,
  dst: number,
  src: number,
  row: (typeof ALU_ROWS)[number],
): void {
  setWide(low, high, dst, BigInt.asUintN(64, row.eval(wideOf(low, high, dst), wideOf(low, high, src), 64)));
}
