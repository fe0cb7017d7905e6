/** By which rules a program is verified, and what is said of it besides. */

import type { Rules } from '../numbers/arithmetic.js';
import type { MapInfo, StructInfo } from '../state/value.js';
import type { VerifiedType } from './context.js';

/** By which rules a program is verified. */
export interface VerifyOptions {
  readonly type: VerifiedType;
  /**
   * `linux` (default): admit what Linux 6.18 admits, and no more. `sound`: admit whatever is known to be safe,
   * for engines that are not the kernel.
   */
  readonly rules?: Rules;
  /** Default true: the rules for users with CAP_BPF. */
  readonly privileged?: boolean | undefined;
  /** Default true: under a license that Linux takes for the GPL, for which some helpers are. */
  readonly gpl?: boolean | undefined;
  /** Structures of the kernel's by name, from its types. Default: none is known. */
  readonly structs?: ((name: string) => StructInfo | undefined) | undefined;
  /** For machines that have the high byte first. */
  readonly bigEndian?: boolean | undefined;
  /** The maps that wide immediates name, by slot of the immediate. */
  readonly maps?: ReadonlyMap<number, MapInfo>;
  /** cgroup_skb: packets that arrive (default), or that leave. xdp: `egress` for programs in a map of devices. */
  readonly attach?: 'ingress' | 'egress' | undefined;
  /** Demand natural alignment of packet and map accesses too. */
  readonly strictAlignment?: boolean;
  /** Instructions to look at before giving up; default a million, as in Linux. */
  readonly budget?: number | undefined;
  /**
   * What the functions of the program are, by their first slots: what BTF says of them (`func_info`). Linux lets helpers
   * call only functions of which it knows that.
   */
  readonly functions?: ReadonlyMap<number, FunctionInfo> | undefined;
  /** Processors that the machine has, which `bpf_get_smp_processor_id` is below; default as many as Linux can have. */
  readonly processors?: number;
  /** Give proofs for the compiler with the verdict. */
  readonly proofs?: boolean | undefined;
}

/** What is known of a function besides its instructions. */
export interface FunctionInfo {
  readonly linkage: 'static' | 'global';
  /** An `int` or an enumeration; or nothing, or something else. */
  readonly returns: 'number' | 'other';
  /**
   * What a global function takes: the context, a number, the address of so many bytes or, unless it says that they are there,
   * null; or something else, which none can.
   */
  readonly parameters?: readonly (
    | 'context'
    | 'number'
    | { readonly bytes: number; readonly isThere?: boolean }
    | 'other'
  )[];
}
