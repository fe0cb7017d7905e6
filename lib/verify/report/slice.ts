/**
 * The instructions of a path that made some values what they are, backwards from the path's end: moves,
 * arithmetic, loads and stores through the stack, calls, and comparisons on the way.
 */

import type { Instruction, Operand } from '../../ebpf/index.js';
import { type Place, registerPlace } from '../state/history.js';
import { isPacket, type Value } from '../state/value.js';
import type { Moment } from '../walk/retrace.js';

/** Instructions told at most; of a loop each once. */
const MOST_STEPS = 24;

/**
 * Places of the moments that count, in the order they happened, the last one among them.
 *
 * @param wanted - Registers whose values at the last moment are to be explained.
 */
export function sliceOf(
  moments: readonly Moment[],
  instructions: readonly (Instruction | undefined)[],
  wanted: readonly number[],
): readonly number[] {
  const last = moments.length - 1;
  if (last < 0) return [];
  const search = new Search(moments[last]!, wanted);
  const told = new Set([moments[last]!.index]);
  const places = [last];
  for (let place = last - 1; place >= 0 && places.length < MOST_STEPS && search.isOpen; place--) {
    const moment = moments[place]!;
    if (!search.goBack(moment, instructions[moment.index]!) || told.has(moment.index)) continue;
    told.add(moment.index);
    places.push(place);
  }
  return places.reverse();
}

/** What is being looked for, going back. */
class Search {
  private readonly open = new Set<Place>();
  /** Marks of packet addresses looked for: comparisons of others with the same mark taught of these too. */
  private readonly packets = new Set<number>();

  constructor({ depth, registers }: Moment, wanted: readonly number[]) {
    for (const register of wanted) {
      this.open.add(registerPlace(depth, register));
      const value = registers[register];
      if (value !== undefined && isPacket(value)) this.packets.add(value.id);
    }
  }

  get isOpen(): boolean {
    return this.open.size > 0;
  }

  /** Whether the instruction had a part in what is looked for; its own sources are looked for then. */
  goBack({ depth, registers, slot }: Moment, instruction: Instruction): boolean {
    const place = (register: number): Place => registerPlace(depth, register);
    const replace = (target: Place, ...sources: readonly Place[]): boolean => {
      if (!this.open.delete(target)) return false;
      for (const source of sources) this.open.add(source);
      return true;
    };
    const from = (operand: Operand): Place[] => ('register' in operand ? [place(operand.register)] : []);
    switch (instruction.kind) {
      case 'alu': {
        const { op, dst, operand } = instruction;
        if (op === 'mov') return replace(place(dst), ...from(operand));
        if (op === 'neg') return this.open.has(place(dst));
        return replace(place(dst), place(dst), ...from(operand));
      }
      case 'movsx':
        return replace(place(instruction.dst), place(instruction.src));
      case 'swap':
        return this.open.has(place(instruction.dst));
      case 'load':
      case 'loadAcquire':
        return replace(place(instruction.dst), ...(slot >= 0 ? [slot] : []));
      case 'wide':
        return replace(place(instruction.dst));
      case 'store':
        return slot >= 0 && replace(slot, ...from(instruction.operand));
      case 'storeRelease':
        return slot >= 0 && replace(slot, place(instruction.src));
      case 'atomic': {
        if (!instruction.fetch) return false;
        return replace(place(instruction.op === 'cmpxchg' ? 0 : instruction.src));
      }
      case 'branch':
        return this.concerns(registers, depth, [
          instruction.dst,
          ...('register' in instruction.operand ? [instruction.operand.register] : []),
        ]);
      case 'call':
      case 'callKfunc':
      case 'callRegister':
      case 'packet':
        // What a call leaves in r0 is its own; it leaves nothing in r1 to r5.
        return [0, 1, 2, 3, 4, 5].filter((register) => replace(place(register))).length > 0;
      case 'callLocal':
        // From the function's start to the call: its arguments are the caller's.
        return (
          [1, 2, 3, 4, 5].filter((register) => replace(registerPlace(depth + 1, register), place(register)))
            .length > 0
        );
      case 'exit':
        // From behind a call to the end of the function: its r0 is the caller's.
        return depth > 0 && replace(registerPlace(depth - 1, 0), place(0));
      case 'jump':
      case 'mayGoto':
        return false;
    }
  }

  private concerns(registers: readonly Value[], depth: number, compared: readonly number[]): boolean {
    if (compared.some((register) => this.open.has(registerPlace(depth, register)))) return true;
    return compared.some((register) => {
      const value = registers[register]!;
      return isPacket(value) && this.packets.has(value.id);
    });
  }
}
