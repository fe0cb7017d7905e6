/**
 * One instruction on one path: checked, and applied to the state.
 * Linux `kernel/bpf/verifier.c`: `do_check_insn`.
 */

import { type Instruction, PSEUDO, slotsOf } from '../../ebpf/index.js';
import { known, pointer, type Value } from '../state/value.js';
import {
  stepAtomic,
  stepLoad,
  stepLoadAcquire,
  stepPacketLoad,
  stepStore,
  stepStoreRelease,
} from './access.js';
import { stepAlu, stepMoveSigned, stepSwap } from './arithmetic.js';
import { enter, leave } from './calls.js';
import { stepBranch, stepMayGoto } from './compare.js';
import { stepHelper } from './helpers.js';
import type { Path } from './path.js';

/** Checks one instruction and applies it; the slot to go on with, `undefined` at the end of the path. */
export function step(path: Path, instruction: Instruction): number | undefined {
  const next = path.index + slotsOf(instruction);
  const fault = path.faults.get(path.index);
  if (fault !== undefined) path.reject(fault.kind, fault.message);
  switch (instruction.kind) {
    case 'alu':
      stepAlu(path, instruction);
      return next;
    case 'movsx':
      stepMoveSigned(path, instruction);
      return next;
    case 'swap':
      stepSwap(path, instruction);
      return next;
    case 'load':
      stepLoad(path, instruction);
      return next;
    case 'store':
      stepStore(path, instruction);
      return next;
    case 'loadAcquire':
      stepLoadAcquire(path, instruction);
      return next;
    case 'storeRelease':
      stepStoreRelease(path, instruction);
      return next;
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
    case 'mayGoto':
      return stepMayGoto(path, instruction);
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

/** The address of a function. Linux takes those of which it knows what they are (`check_ld_imm`). */
function functionValue(path: Path, target: number): Value {
  const { functions } = path.options;
  if (path.isLinux && functions === undefined)
    path.reject('bad-immediate', 'the address of a function without types', 'compile with -g');
  if (functions?.get(target)?.linkage === 'global')
    path.reject('bad-immediate', 'the address of a global function', 'make it static');
  return pointer('function', { size: target });
}

/** What the immediate is; that it may be this has been checked (`form.ts`). */
function wideValue(path: Path, { pseudo, low, high }: Extract<Instruction, { kind: 'wide' }>): Value {
  if (pseudo === PSEUDO.none) return known((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  const target = path.index + 1 + low;
  if (pseudo === PSEUDO.func) return functionValue(path, target);
  const map = path.options.maps?.get(path.index);
  if (pseudo === PSEUDO.mapFd || pseudo === PSEUDO.mapIndex) return pointer('map', { map });
  return pointer('mapValue', { map, offset: high });
}
