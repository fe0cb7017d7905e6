/** What a program may do, seen without following it: so that a run prepares no more than it has to. */

import { decode } from './decode.js';
import { type Instruction, type Program, slotsOf } from './instruction.js';
import type { BpfMap } from './mapTypes.js';
import * as opcodes from './opcodes.js';
import type { ProgramType } from './programTypes.js';
import { CHANGES_PACKET, hasRuntime } from './runtime/index.js';
import { signatureOf } from './signatures.js';

interface Verified {
  readonly instructions?: readonly ({ readonly inBounds?: string } | undefined)[];
}

const isKernelFilter = ({ name }: ProgramType): boolean => name === 'kernel_filter';

/** The instructions, by slot; what means nothing is left out, and faults when it is reached. */
function* instructionsOf(program: Program): Iterable<readonly [index: number, instruction: Instruction]> {
  for (let index = 0; index < program.length; index++) {
    let instruction: Instruction;
    try {
      instruction = decode(program, index);
    } catch {
      continue;
    }
    yield [index, instruction];
    index += slotsOf(instruction) - 1;
  }
}

const isStore = ({ kind }: Instruction): boolean =>
  kind === 'store' || kind === 'atomic' || kind === 'storeRelease';

/** The memory that a store is proved to be in, where that is neither packet nor unknown. */
const ELSEWHERE: ReadonlySet<string> = new Set(['stack', 'mapValue', 'context']);

/** Whether a program may change the packet: it stores there, or where nobody knows, or calls what does. */
export function mayWritePacket(program: Program, type: ProgramType, verified: Verified | undefined): boolean {
  if (isKernelFilter(type)) return false;
  for (const [index, instruction] of instructionsOf(program)) {
    if (instruction.kind === 'callRegister') return true;
    if (instruction.kind === 'call' && CHANGES_PACKET.has(instruction.helper)) return true;
    if (!isStore(instruction) || !('base' in instruction)) continue;
    const proof = verified?.instructions?.[index]?.inBounds;
    if (instruction.base !== opcodes.FRAME_POINTER && (proof === undefined || !ELSEWHERE.has(proof)))
      return true;
  }
  return false;
}

/** The memory that a store is proved to be in, where that is not the context nor unknown. */
const NOT_CONTEXT: ReadonlySet<string> = new Set(['stack', 'mapValue', 'packet', 'packetMeta']);
/** Helpers that leave packet and context where and as they are: on maps, time, records, redirects, texts, bytes. */
const LEAVES_CONTEXT: ReadonlySet<number> = new Set([
  1, 2, 3, 5, 6, 7, 8, 23, 25, 26, 28, 51, 68, 69, 87, 88, 89, 93, 94, 118, 125, 130, 131, 132, 133, 134, 160,
  164, 165, 177, 181, 182, 188, 189, 195, 208,
]);

/** Whether a program may change its context: it stores there, or where nobody knows, or calls what does. */
export function mayWriteContext(
  program: Program,
  type: ProgramType,
  verified: Verified | undefined,
): boolean {
  for (const [index, instruction] of instructionsOf(program)) {
    const { kind } = instruction;
    // Helpers of converted filters only read.
    if (!isKernelFilter(type)) {
      if (kind === 'callRegister' || kind === 'callKfunc') return true;
      if (kind === 'call' && !LEAVES_CONTEXT.has(instruction.helper)) return true;
    }
    if (!isStore(instruction) || !('base' in instruction) || instruction.base === opcodes.FRAME_POINTER)
      continue;
    if (!NOT_CONTEXT.has(verified?.instructions?.[index]?.inBounds ?? '')) return true;
  }
  return false;
}

/** Whether a program calls anything outside of it, so that a run may leave something beside packet and context. */
export const callsOut = (program: Program): boolean =>
  [...instructionsOf(program)].some(
    ([, { kind }]) => kind === 'call' || kind === 'callRegister' || kind === 'callKfunc',
  );

/** Whether a program calls a helper, or one that it may go on with does. */
export function callsHelper(
  program: Program,
  helper: number,
  maps: ReadonlyMap<number, BpfMap> = new Map(),
): boolean {
  const targets = [...maps.values()].flatMap((map) => (map.kind === 'programArray' ? map.programs : []));
  return [program, ...targets].some(
    (one) =>
      one !== undefined &&
      [...instructionsOf(one)].some(
        ([, instruction]) => instruction.kind === 'call' && instruction.helper === helper,
      ),
  );
}

/** What a program asks for that no engine here has. */
export interface Missing {
  /** The instruction's slot. */
  readonly index: number;
  /** The helper's number, where it is one. */
  readonly helper: number | undefined;
  /** In words. */
  readonly what: string;
}

/** The first instruction that Linux runs and no engine here. Numbers of no helper fault when they are called. */
export function missingOf(program: Program, type: ProgramType): Missing | undefined {
  if (isKernelFilter(type)) return undefined;
  for (const [index, instruction] of instructionsOf(program)) {
    if (instruction.kind !== 'call' || hasRuntime(instruction.helper)) continue;
    const row = signatureOf(instruction.helper);
    if (row === undefined) continue;
    return { index, helper: instruction.helper, what: `helper ${instruction.helper} (${row.name})` };
  }
  return undefined;
}
