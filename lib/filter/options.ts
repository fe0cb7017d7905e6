/** How an expression is compiled: the options, and what each may be. */

import {
  BOOLEAN,
  checkArgument,
  checkOptions,
  either,
  FUNCTION,
  OBJECT,
  oneOf,
  type Rules,
  STRING,
  wholeNumber,
} from '../arguments.js';
import type { Program } from '../cbpf/index.js';
import type { CaptureMode, CompileOptions as GenerateOptions } from '../codegen/index.js';
import type { Engine } from '../engine/index.js';
import { dltOfLinkType, linkTypeNamed } from '../names/index.js';

/** How an expression is compiled. Wrong types are refused with a TypeError, wrong values with a RangeError. */
export interface CompileOptions {
  /**
   * Name without DLT_ (`EN10MB`), or LINKTYPE_ number as in capture files: what bare bytes are of, and what the
   * filter is shown for. Packets of captures and devices say for themselves.
   */
  readonly linkType?: string | number | undefined;
  /** Bytes to keep of a matching packet: what an accepting program returns, 1 to 2^32 - 1. Default 262144. */
  readonly snapLength?: number | undefined;
  /** IPv4 netmask of the captured network, for `ip broadcast`: a number, most significant byte first. */
  readonly netmask?: number | undefined;
  /**
   * What bare bytes come from: `dead` (the default) from nowhere in particular, `savefile` from a file of the same
   * byte order, `savefile-swapped` of the other, `linux-live` from a Linux socket, with metadata.
   */
  readonly mode?: CaptureMode | undefined;
  /** Names to numbers. Default: `builtinResolver`. */
  readonly resolver?: GenerateOptions['resolver'] | undefined;
  /** The expression that `@name` stands for; asked before the ready-made filters. */
  readonly namedFilters?: ((name: string) => string | undefined) | undefined;
  /** UDP port that `vxlan` looks for, 4789 by default: libpcap knows no other. */
  readonly vxlanPort?: number | undefined;
  /** UDP port that `geneve` looks for, 6081 by default. */
  readonly genevePort?: number | undefined;
  /** Whether to optimize, and to refuse expressions that no packet can match. Default true. */
  readonly optimize?: boolean | undefined;
  /** Told the program as it is after each pass of the optimizer, by the pass's name. */
  readonly onPass?: ((pass: string, program: Program) => void) | undefined;
  /**
   * An engine or its name, see `ENGINES`; those of eBPF are objects, the `ENGINES` of `weir-bpf/ebpf`. Default `auto`:
   * interpret first, compile when warm.
   */
  readonly engine?: string | Engine | undefined;
}

const MAX_UINT32 = 0xffff_ffff;

const RULES: Rules = {
  linkType: either(STRING, wholeNumber(0, MAX_UINT32)),
  snapLength: wholeNumber(0, MAX_UINT32),
  netmask: wholeNumber(0, MAX_UINT32),
  mode: oneOf('dead', 'savefile', 'savefile-swapped', 'linux-live'),
  resolver: OBJECT,
  namedFilters: FUNCTION,
  vxlanPort: wholeNumber(0, 65_535),
  genevePort: wholeNumber(0, 65_535),
  optimize: BOOLEAN,
  onPass: FUNCTION,
  engine: either(STRING, OBJECT),
} satisfies Record<keyof CompileOptions, Rules[string]>;

/** @throws TypeError, RangeError naming the option, what it got and what it wants. */
export function checkCompileOptions(caller: string, expression: unknown, options: unknown): void {
  checkArgument(caller, 'the expression', expression, STRING);
  checkOptions(caller, options, RULES);
}

/** The DLT_ number of a link type by name or LINKTYPE_ number. @throws RangeError for a name that is none. */
export function dltOf(linkType: string | number): number {
  if (typeof linkType === 'number') return dltOfLinkType(linkType);
  const row = linkTypeNamed(linkType);
  if (row === undefined) throw new RangeError(`no link type '${linkType}'`);
  return row.dlt;
}
