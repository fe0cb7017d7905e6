/**
 * The two ways to reckon with what is known of numbers: as Linux does, so that verdicts are its verdicts, and
 * as exactly as is worth while, for programs that only engines here will run.
 */

import type { AluOperation, BranchOperation, Size, Width } from '../../ebpf/index.js';
import { assume } from './branch.js';
import { compare } from './linuxBranch.js';
import * as casts from './linuxCasts.js';
import * as linux from './linuxTransfer.js';
import { type Comparison, constant, type Scalar, zeroExtended } from './scalar.js';
import * as exact from './transfer.js';

/** By whose rules a program is verified. */
export type Rules = 'linux' | 'sound';

export interface Arithmetic {
  readonly alu: (op: AluOperation, a: Scalar, b: Scalar, width: Width) => Scalar;
  readonly moveSigned: (a: Scalar, from: 8 | 16 | 32, width: Width) => Scalar;
  readonly swap: (op: 'le' | 'be' | 'bswap', a: Scalar, bits: 16 | 32 | 64) => Scalar;
  /** The low bytes. */
  readonly cut: (a: Scalar, size: Size) => Scalar;
  /** `isSame`: both operands are one register. */
  readonly compare: (op: BranchOperation, a: Scalar, b: Scalar, width: Width, isSame?: boolean) => Comparison;
}

function compareExactly(op: BranchOperation, a: Scalar, b: Scalar, width: Width): Comparison {
  const holds = assume(op, a, b, width, true);
  if (holds === undefined) return { outcome: false };
  const fails = assume(op, a, b, width, false);
  return fails === undefined ? { outcome: true } : { outcome: undefined, holds, fails };
}

function cutExactly(a: Scalar, size: Size): Scalar {
  if (size === 8) return a;
  if (size === 4) return zeroExtended(a);
  return exact.alu('and', a, constant((1n << BigInt(size * 8)) - 1n), 64);
}

export const ARITHMETIC: Readonly<Record<Rules, Arithmetic>> = {
  linux: { alu: linux.alu, moveSigned: casts.moveSigned, swap: casts.swap, cut: casts.cut, compare },
  sound: {
    alu: exact.alu,
    moveSigned: exact.moveSigned,
    swap: exact.swap,
    cut: cutExactly,
    compare: compareExactly,
  },
};
