/**
 * What code generation knows at a point of the expression: where headers are, which scratch cells are in
 * use, and how to fail.
 *
 * `vlan`, `mpls`, `pppoes`, `geneve`, `vxlan` and `lane` move the headers for everything that stands to
 * the right of them in the text, across `or`, `not` and parentheses: that is how libpcap defines them
 * (pcap-filter(7)), because it generates code while it parses. So the {@link Context} is handed from
 * primitive to primitive in the order of the text, and {@link Headers} is replaced by those six.
 */

import { opcodes } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { describeDlt, type Resolver } from '../names/index.js';
import { FilterError, type Span } from '../source.js';
import type { Condition } from './condition.js';
import { INNER_ETHERNET, INNER_PPP, INNER_RAW, type LinkRow, UNSET } from './link.js';

const { LDX, MEM, MEMORY_WORDS } = opcodes;

/**
 * How the handle was set up:
 * - `dead`: no capture behind it; address families are this system's (Linux).
 * - `savefile`: from a file, written in this host's byte order; families of all BSDs are recognised.
 * - `savefile-swapped`: the same for a file in the opposite byte order.
 * - `linux-live`: Linux's ancillary loads may be used.
 */
export type CaptureMode = 'dead' | 'savefile' | 'savefile-swapped' | 'linux-live';

/** A scratch cell that is given out when code first asks for it. */
export interface Slot {
  cell: number | undefined;
}

/** An offset from the start of the packet: a constant, plus the content of a scratch cell when it varies. */
export interface Offset {
  readonly constant: number;
  readonly slot?: Slot;
}

export const fixed = (constant: number): Offset => ({ constant: constant >>> 0 });
export const varying = (cell?: number): Offset => ({ constant: 0, slot: { cell } });
/** The same offset, `distance` bytes further. */
export const behind = (offset: Offset, distance: number): Offset => ({
  ...offset,
  constant: (offset.constant + distance) >>> 0,
});
/** The same offset with a slot of its own from now on. */
export const detached = ({ constant, slot }: Offset): Offset =>
  slot === undefined ? { constant } : { constant, slot: { ...slot } };

/** Where things are, as of this point in the expression. */
export interface Headers {
  readonly dlt: number;
  readonly row: LinkRow;
  readonly link: Offset;
  /** The link type and header that encloses this one; itself at the outermost level. */
  readonly outerDlt: number;
  readonly outerLink: Offset;
  readonly type: Offset;
  readonly payload: Offset;
  readonly network: number;
  readonly noSnap: number;
  readonly mplsLabels: number;
  readonly vlanTags: number;
  /** Inside Geneve or VXLAN. */
  readonly tunnelled: boolean;
  /** Within `transport { … }`: where it begins that IP carries, and the cell that holds what it is. */
  readonly transport?: { readonly start: Offset; readonly number: number };
}

/** The sixteen words of M[], given out in turn as libpcap does (gencode.c, `alloc_reg`). */
export class Scratch {
  readonly #used: boolean[];
  #next = 0;

  /** @param reserved Cells that {@link take} never gives out. */
  constructor(reserved: Iterable<number> = []) {
    this.#used = new Array<boolean>(MEMORY_WORDS).fill(false);
    for (const cell of reserved) this.#used[cell] = true;
  }

  /** A free cell, `undefined` when there is none. */
  take(): number | undefined {
    for (let tries = 0; tries < MEMORY_WORDS; tries++) {
      if (!this.#used[this.#next]) {
        this.#used[this.#next] = true;
        return this.#next;
      }
      this.#next = (this.#next + 1) % MEMORY_WORDS;
    }
    return undefined;
  }

  free(cell: number): void {
    this.#used[cell] = false;
  }
}

export interface Settings {
  readonly dlt: number;
  readonly row: LinkRow;
  readonly snapLength: number;
  /** As a number; `undefined` when it is not known. */
  readonly netmask: number | undefined;
  readonly mode: CaptureMode;
  readonly resolver: Resolver;
  /** UDP ports of tunnels. */
  readonly tunnelPorts: TunnelPorts;
  readonly foldMetadata: boolean;
}

export interface TunnelPorts {
  /** RFC 7348 §5 wants it configurable; 4789 is IANA's, Linux's old default 8472. */
  readonly vxlan: number;
  /** RFC 8926 §3.3. */
  readonly geneve: number;
}

export class Context {
  readonly settings: Settings;
  readonly scratch: Scratch;
  /** The outermost headers, whose varying parts the program computes at its start. */
  readonly outermost: Headers;
  headers: Headers;
  /** A `vlan` may be in the kernel's metadata: how far it moves what follows is kept in these, which start at zero. */
  readonly vlanMoves: Slot[] = [];
  /** There are scopes: headers were moved that are back where they were. */
  scoped = false;
  /** Something that libpcap does not optimize, and so never finds to reject every packet. */
  unoptimized = false;
  /** The words being compiled, for statements and tests. */
  span: Span = { start: 0, end: 0 };
  /** The words that errors are about; within a primitive, its identifier. */
  place: Span = { start: 0, end: 0 };
  /** The word that names the protocol, for tests of it. */
  protocolWord: Span | undefined;
  /** The qualifiers directly before the identifier being compiled. */
  head: Span | undefined;
  /** Cells for the outermost offsets, when they must not be shared with arithmetic. */
  readonly #reserved: number[];
  /** Cells that hold header offsets from the start of the program on. */
  readonly headerCells = new Set<number>();
  /** Cells that have held values in between. */
  readonly temporaryCells = new Set<number>();
  /** Cells that loads have used as an offset. */
  readonly loadedCells = new Set<number>();

  /** @param reserved Cells kept for header offsets; without, they come from the common store. */
  constructor(settings: Settings, reserved: readonly number[] = []) {
    this.settings = settings;
    this.#reserved = [...reserved];
    this.scratch = new Scratch(reserved);
    this.outermost = initialHeaders(settings.dlt, settings.row);
    this.headers = this.outermost;
  }

  /** @throws {FilterError} always; the text is libpcap's unless ours is better. */
  fail(libpcapMessage: string, hint = '', span = this.place, message = libpcapMessage): never {
    throw new FilterError(message, span, { hint, libpcapMessage });
  }

  /** A qualifier that does not go with the rest; points at the qualifiers where they stand alone. */
  misqualified(qualifier: string, what: string, hint = ''): never {
    return this.fail(`'${qualifier}' is not a valid qualifier for '${what}'`, hint, this.head ?? this.place);
  }

  /** Fails with "'vlan' not supported on DLT_…". */
  unsupported(what: string, hint = ''): never {
    return this.fail(`'${what}' not supported on ${this.linkTypeText()}`, hint);
  }

  /** `DLT_EN10MB (Ethernet)`. */
  linkTypeText(): string {
    const text = describeDlt(this.headers.dlt);
    return text.startsWith('DLT ') ? text : `DLT_${text}`;
  }

  /** From here on these words are compiled. */
  at(words: Span): void {
    this.span = words;
    this.place = words;
  }

  /** What is made here is of the word that names the protocol, where there is one. */
  inProtocol(make: () => Condition): Condition {
    const { span } = this;
    this.span = this.protocolWord ?? span;
    const condition = make();
    this.span = span;
    return condition;
  }

  atMost(what: string, value: number, limit: number): void {
    if (value > limit) this.fail(`${what} ${value} greater than maximum ${limit}`);
  }

  statement(code: number, k = 0): Statement {
    return { code, k: k >>> 0, span: this.span };
  }

  /** A scratch cell for a value in between, to be freed. */
  temporary(): number {
    const cell = this.take();
    this.temporaryCells.add(cell);
    return cell;
  }

  /** A scratch cell. */
  take(): number {
    const cell = this.scratch.take();
    if (cell === undefined) {
      const hint = 'split the expression: arithmetic can hold 16 values at a time';
      return this.fail('too many registers needed to evaluate expression', hint);
    }
    return cell;
  }

  /** The cell of a slot. */
  cellOf(slot: Slot): number {
    if (slot.cell === undefined) {
      slot.cell = this.#reserved.pop() ?? this.take();
      this.headerCells.add(slot.cell);
    }
    return slot.cell;
  }

  /** Loads X with the varying part of an offset; nothing when it is constant. */
  loadX({ slot }: Offset): Statement[] {
    if (slot === undefined) return [];
    const cell = this.cellOf(slot);
    this.loadedCells.add(cell);
    return [this.statement(LDX | MEM, cell)];
  }

  /** Ethernet, PPP or a bare packet inside what has been matched so far. */
  enter(
    inner: keyof typeof INNER,
    link: Offset,
    rest: Pick<Headers, 'type' | 'payload' | 'network' | 'noSnap'>,
  ): void {
    const { headers } = this;
    this.headers = {
      ...headers,
      ...rest,
      ...INNER[inner],
      link,
      outerDlt: headers.dlt,
      outerLink: detached(headers.link),
      tunnelled: false,
    };
  }
}

const INNER = {
  EN10MB: { dlt: 1, row: INNER_ETHERNET },
  PPP: { dlt: 9, row: INNER_PPP },
  RAW: { dlt: 12, row: INNER_RAW },
} as const;

function initialHeaders(dlt: number, row: LinkRow): Headers {
  const link: Offset = row.radio === undefined ? fixed(row.header ?? 0) : varying();
  const payload = typeof row.payload === 'string' ? varying() : fixed(row.payload ?? UNSET);
  return {
    dlt,
    row,
    link,
    outerDlt: dlt,
    outerLink: detached(link),
    type: fixed(row.type ?? UNSET),
    payload,
    network: row.network ?? UNSET,
    noSnap: row.noSnap ?? UNSET,
    mplsLabels: 0,
    vlanTags: 0,
    tunnelled: false,
  };
}
