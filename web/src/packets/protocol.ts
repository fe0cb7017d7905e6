/** What the page asks the worker that holds a capture, and what it is told. */

import type { ChangedPart, Counts, ReasonPart } from '../../../lib/see.js';
import type { Mode } from '../compiled.js';
import type { ProgramRequest, Ran, Verified } from '../lab/protocol.js';

/** What a filter is compiled with, besides the link types of the capture. */
export interface FilterRequest {
  readonly expression: string;
  readonly optimize: boolean;
}

export interface Opened {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
  /** The link types that packets came in by: names, the first is that of the first interface. */
  readonly linkTypes: readonly string[];
  /** What the first interface's packets come from: the byte order matters to a few expressions. */
  readonly mode: Mode;
  /** What is wrong behind the last packet; '' for nothing. */
  readonly damage: string;
}

export interface Filtered {
  /** Absent where there was no filter: the expression is wrong. */
  readonly matched: number | undefined;
  readonly milliseconds: number;
  /** Why there is no verdict on packets of some link type; '' where there is one on all. */
  readonly problem: string;
}

export interface Row {
  /** From 0. */
  readonly index: number;
  readonly text: string;
  readonly matches: boolean;
}

export interface FieldRow {
  readonly name: string;
  readonly text: string;
  /** How far to the right it stands. */
  readonly depth: number;
  /** Its bytes; -1 where it has none of its own. */
  readonly start: number;
  readonly end: number;
}

export interface LayerRow {
  readonly protocol: string;
  readonly start: number;
  readonly end: number;
  readonly fields: readonly FieldRow[];
}

export interface Explained {
  readonly matches: boolean;
  readonly text: string;
  readonly words: readonly { readonly start: number; readonly end: number }[];
  readonly parts: readonly ReasonPart[];
  readonly change: readonly ChangedPart[];
  readonly needs: number | undefined;
  readonly never: boolean;
}

export interface Shown {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly linkType: string;
  readonly layers: readonly LayerRow[];
  /** Absent where the filter has no meaning on the packet's link type. */
  readonly reason: Explained | undefined;
}

/** Requests by name: what they take and what they give. */
export interface Requests {
  open: { take: { readonly name: string; readonly bytes: ArrayBuffer }; give: Opened };
  /** Without a request, packets are listed without verdicts. */
  filter: { take: FilterRequest | undefined; give: Filtered };
  /** How often each instruction ran on the packets of a link type. */
  profile: { take: FilterRequest & { readonly linkType: string }; give: Counts };
  rows: {
    take: { readonly from: number; readonly to: number; readonly matching: boolean };
    give: readonly Row[];
  };
  /** Where a packet stands in the list; where it would, if it is not in it. */
  place: { take: { readonly index: number; readonly matching: boolean }; give: number };
  packet: { take: { readonly index: number }; give: Shown };
  /** The next packet after one, or before it, on which the filter decides otherwise; -1 for none. */
  otherwise: { take: { readonly index: number; readonly step: 1 | -1 }; give: number };
  verify: { take: ProgramRequest; give: Verified };
  /** Runs a program of eBPF over the capture. */
  run: { take: ProgramRequest; give: Ran };
}

export type RequestName = keyof Requests;
export type Take<Name extends RequestName> = Requests[Name]['take'];
export type Give<Name extends RequestName> = Requests[Name]['give'];

export interface Asked {
  readonly id: number;
  readonly name: RequestName;
  readonly take: unknown;
}

export interface Answered {
  readonly id: number;
  readonly give?: unknown;
  readonly error?: string;
}
