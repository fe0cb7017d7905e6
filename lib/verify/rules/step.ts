/**
 * One instruction on one path: checked, and applied to the state.
 * Linux `kernel/bpf/verifier.c`: `do_check_insn`.
 */

import { type Instruction, slotsOf } from '../../ebpf/instruction.js';
import { moveSigned, swap } from '../numbers/transfer.js';
import { known, number, pointer, type Value } from '../state/value.js';
import { stepAtomic, stepLoad, stepPacketLoad, store } from './access.js';
import { pointerAsNumber, stepAlu } from './arithmetic.js';
import { enter, leave, stepHelper } from './calls.js';
import { stepBranch } from './compare.js';
import type { Path } from './path.js';

/** Checks one instruction and applies it; the slot to go on with, `undefined` at the end of the path. */
export function step(path: Path, instruction: Instruction): number | undefined {
  const next = path.index + slotsOf(instruction);
  switch (instruction.kind) {
    case 'alu':
      stepAlu(path, instruction);
      return next;
    case 'movsx': {
      const source = path.read(instruction.src);
      if (source.kind === 'pointer') pointerAsNumber(path, instruction.src);
      path.write(
        instruction.dst,
        number(moveSigned(path.scalarOf(source), instruction.from, instruction.width)),
      );
      return next;
    }
    case 'swap': {
      const source = path.read(instruction.dst);
      if (source.kind === 'pointer') pointerAsNumber(path, instruction.dst);
      path.write(instruction.dst, number(swap(instruction.op, path.scalarOf(source), instruction.bits)));
      return next;
    }
    case 'load':
      stepLoad(path, instruction);
      return next;
    case 'store': {
      const value = path.operand(instruction.operand);
      const source = 'register' in instruction.operand ? instruction.operand.register : undefined;
      store(
        path,
        path.read(instruction.base),
        instruction.base,
        instruction.offset,
        instruction.size,
        value,
        source,
      );
      return next;
    }
    case 'atomic':
      stepAtomic(path, instruction);
      return next;
    case 'wide':
      path.write(instruction.dst, wideValue(path, instruction));
      return next;
    case 'packet':
      stepPacketLoad(path, instruction);
      return next;
    case 'jump':
      return path.index + 1 + instruction.distance;
    case 'branch':
      return stepBranch(path, instruction);
    case 'call':
      stepHelper(path, instruction.helper);
      return next;
    case 'callLocal':
      return enter(path, path.index + 1 + instruction.distance, next);
    case 'callRegister':
      return path.reject('unknown-opcode', 'a helper whose number is not known', 'call it by its number');
    case 'callKfunc':
      return path.reject('unknown-helper', `kernel function ${instruction.id} does not exist here`);
    case 'exit':
      return leave(path);
  }
}

const PSEUDO_MAP = new Set([1, 5]);
const PSEUDO_MAP_VALUE = new Set([2, 6]);

function wideValue(path: Path, { pseudo, low, high }: Extract<Instruction, { kind: 'wide' }>): Value {
  if (pseudo === 0) return known((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  if (PSEUDO_MAP.has(pseudo) && high !== 0) path.reject('bad-immediate', 'a map has no offset');
  const map = path.options.maps?.get(path.index);
  if (map === undefined)
    path.reject('bad-immediate', 'the 64-bit immediate names no map', 'give the map in the options');
  if (PSEUDO_MAP.has(pseudo)) return pointer('map', { map });
  if (PSEUDO_MAP_VALUE.has(pseudo)) {
    if (map.kind !== 'array') path.reject('bad-immediate', 'only values of arrays have fixed addresses');
    if (high >>> 0 >= map.valueSize)
      path.reject('outside-map-value', `offset ${high >>> 0} of a value of ${map.valueSize} bytes`);
    return pointer('mapValue', { map, offset: high });
  }
  return path.reject('bad-immediate', `a 64-bit immediate of kind ${pseudo} is not known here`);
}
