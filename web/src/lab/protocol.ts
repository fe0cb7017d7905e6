/** What the worker is asked about programs of eBPF, and what it is told. */

import type { ExplainedRejection, VerifiedType } from '../../../lib/ebpf.js';

/** Types that programs can be verified and run as. */
export const TYPES = ['xdp', 'sched_cls', 'socket_filter', 'cgroup_skb'] as const satisfies VerifiedType[];
export type LabType = (typeof TYPES)[number];

export interface ProgramRequest {
  /** Assembly, in any form that `weir asm` reads; or an object of clang. */
  readonly source: string | Uint8Array;
  /** Which program of an object; '' for the first. */
  readonly program: string;
  readonly type: LabType;
}

export interface ListedLine {
  readonly index: number;
  readonly text: string;
  /** The line of C that begins here; '' for none. */
  readonly c: string;
  /** What registers hold behind it, a text for each path that came by, the first few. */
  readonly states: readonly string[];
}

export interface Verified {
  /** Programs of the object. */
  readonly programs: readonly string[];
  readonly program: string;
  readonly type: string;
  readonly lines: readonly ListedLine[];
  readonly accepted: boolean;
  /** Instructions that were looked at, over all paths. */
  readonly processed: number;
  readonly rejection: ExplainedRejection | undefined;
  /** Why there is no program to verify, and where in the source; '' for nothing. */
  readonly problem: string;
  readonly span: { readonly start: number; readonly end: number } | undefined;
}

export interface Ran {
  readonly counts: readonly { readonly verdict: string; readonly packets: number }[];
  /** Maps of the object afterwards, as JSON; '' where it has none. */
  readonly maps: string;
  readonly milliseconds: number;
  readonly problem: string;
}
