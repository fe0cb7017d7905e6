/**
 * What requirements are checked against: the program, and what is known where a path has come to. A check changes none of
 * it; it either holds, or rejects the program.
 */

import type { Operand } from '../../ebpf/index.js';
import type { KnownFrame, KnownState } from '../state/state.js';
import type { MapInfo, PointerType, Value } from '../state/value.js';
import type { RejectionKind } from './kinds.js';
import type { FunctionInfo } from './options.js';
import { Rejected } from './report.js';
import type { Subject } from './subject.js';

/** Bytes a pointer may be moved away (Linux `BPF_MAX_VAR_OFF`). */
export const MAX_OFFSET = 1n << 29n;

export interface Point extends Subject {
  readonly state: KnownState;
  /** The innermost frame. */
  readonly frame: KnownFrame;
  /** The instruction's slot. */
  readonly index: number;
  /** The global function that is being verified; `undefined` for the program itself. */
  readonly verified: FunctionInfo | undefined;
  readonly elsewhere: Elsewhere;
  value(register: number): Value;
  operand(operand: Operand): Value;
  /** The number in a register decides something here. */
  decide(register: number): void;
}

/** What instructions did on earlier paths, where they have to do the same on all: by slot. */
export class Elsewhere {
  readonly operations = new Map<number, { readonly form: string; readonly distance: bigint }>();
  readonly rewritten = new Map<number, PointerType | 'none'>();
  readonly tailCallMaps = new Map<number, MapInfo | undefined>();
}

export function reject(point: Point, kind: RejectionKind, message: string, remedy = ''): never {
  throw new Rejected(kind, point.index, message, remedy);
}

export function checkSet(point: Point, register: number): void {
  if (point.value(register).kind === 'none')
    reject(
      point,
      'uninitialized-register',
      `r${register} holds nothing yet`,
      `set r${register} on every path to here`,
    );
}
