/**
 * What holds after an instruction whose requirements held before it. Nothing here refuses anything.
 * Linux `kernel/bpf/verifier.c`: `do_check_insn`.
 */

import { type Instruction, PSEUDO, slotsOf } from '../../ebpf/index.js';
import { known, pointer, type Value } from '../state/value.js';
import { atomic, load, loadAcquire, packetLoad, store, storeRelease } from './access.js';
import { compute, moveSigned, swap } from './arithmetic.js';
import { branch, mayGoto } from './branches.js';
import { enter, leave } from './calls.js';
import { callHelper, callKfunc } from './helpers.js';
import type { Path } from './path.js';

/** Applies one instruction to the state; the slot to go on with, `undefined` at the end of the path. */
export function apply(path: Path, instruction: Instruction): number | undefined {
  const next = path.index + slotsOf(instruction);
  switch (instruction.kind) {
    case 'alu':
      compute(path, instruction);
      return next;
    case 'movsx':
      moveSigned(path, instruction);
      return next;
    case 'swap':
      swap(path, instruction);
      return next;
    case 'load':
      load(path, instruction);
      return next;
    case 'store':
      store(path, instruction);
      return next;
    case 'loadAcquire':
      loadAcquire(path, instruction);
      return next;
    case 'storeRelease':
      storeRelease(path, instruction);
      return next;
    case 'atomic':
      atomic(path, instruction);
      return next;
    case 'wide':
      path.write(instruction.dst, wideValue(path, instruction));
      return next;
    case 'packet':
      packetLoad(path, instruction);
      return next;
    case 'jump':
      return path.index + 1 + instruction.distance;
    case 'branch':
      return branch(path, instruction);
    case 'mayGoto':
      return mayGoto(path, instruction);
    case 'call':
      callHelper(path, instruction.helper);
      return next;
    case 'callLocal':
      return enter(path, path.index + 1 + instruction.distance, next);
    case 'exit':
      return leave(path);
    case 'callKfunc':
      callKfunc(path, instruction.id);
      return next;
    case 'callRegister':
      // Never required to be anything that holds.
      return next;
  }
}

/** What the immediate is. */
function wideValue(path: Path, { pseudo, low, high }: Extract<Instruction, { kind: 'wide' }>): Value {
  if (pseudo === PSEUDO.none) return known((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  if (pseudo === PSEUDO.func) return pointer('function', { size: path.index + 1 + low });
  const map = path.options.maps?.get(path.index);
  if (pseudo === PSEUDO.mapFd || pseudo === PSEUDO.mapIndex) return pointer('map', { map });
  return pointer('mapValue', { map, offset: high });
}
