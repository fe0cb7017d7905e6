/**
 * The walk over a packet's headers that fields are read from: which layout each header has and where it lies, as
 * numbers in arrays that are used again for every packet. Nothing is decoded on the way but what leads on.
 *
 * A dissector notes its header with {@link Walk.layer} and hands on what it carries; who takes that is in
 * {@link Next}, a table of tables that ../tables fills, so that protocols need not know each other.
 */

import { BoundedBytes, TRUNCATED } from '../../bytes.js';
import type { Layout } from './layout.js';
import { View } from './view.js';

/**
 * Notes the header at `at`. `limit` is where it and what it carries end by the lengths around it, which may be past what
 * was captured.
 */
export type Dissector = (w: Walk, at: number, limit: number) => void;

/** Who takes what a number announces. */
export interface Next {
  readonly link: (linkType: number) => Dissector | undefined;
  readonly ether: (type: number) => Dissector | undefined;
  readonly ip: (protocol: number) => Dissector | undefined;
  readonly ppp: (protocol: number) => Dissector | undefined;
  readonly sap: (sap: number) => Dissector | undefined;
  readonly udp: (source: number, destination: number) => Dissector | undefined;
  readonly tcp: (source: number, destination: number) => Dissector | undefined;
  readonly sctp: (source: number, destination: number) => Dissector | undefined;
  /** What nobody takes. */
  readonly data: Dissector;
}

/** Headers of one packet that are noted: hostile ones nest by the thousand. */
const MOST_LAYERS = 64;

export class Walk extends BoundedBytes {
  count = 0;
  readonly layouts: Layout[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly limits: number[] = [];
  /** Offset of the innermost IP header; -1 where there is none. */
  ip = -1;
  private readonly next: Next;
  private wanted: Layout | undefined;
  private found = false;
  /** Who takes the link type of the packet before. */
  private linkType = -1;
  private first: Dissector | undefined;

  constructor(next: Next) {
    super();
    this.next = next;
  }

  /**
   * Walks a packet. With `wanted` the walk may end once a header of that layout is found.
   *
   * @param start - Where in `data` the packet begins, and `end` where what was captured of it ends.
   */
  run(
    data: Uint8Array,
    wireLength: number,
    linkType: number,
    wanted?: Layout,
    start = 0,
    end = data.length,
  ): void {
    this.data = data;
    this.end = end;
    this.count = 0;
    this.ip = -1;
    this.wanted = wanted;
    this.found = false;
    if (linkType !== this.linkType) {
      this.linkType = linkType;
      this.first = this.next.link(linkType) ?? this.next.data;
    }
    try {
      this.first!(this, start, start + wireLength);
    } catch (error) {
      if (error !== TRUNCATED) throw error;
    }
  }

  /** Notes a header from `at` to `end`. */
  layer(layout: Layout, at: number, end: number, limit = end): void {
    const i = this.count;
    if (i === MOST_LAYERS) throw TRUNCATED;
    this.layouts[i] = layout;
    this.starts[i] = at;
    this.ends[i] = end < this.end ? end : this.end;
    this.limits[i] = limit;
    this.count = i + 1;
    if (layout === this.wanted) this.found = true;
  }

  ether(type: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next.ether(type), at, limit);
  }

  ipProtocol(protocol: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next.ip(protocol), at, limit);
  }

  ppp(protocol: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next.ppp(protocol), at, limit);
  }

  sap(sap: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next.sap(sap), at, limit);
  }

  link(linkType: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next.link(linkType), at, limit);
  }

  ports(over: 'udp' | 'tcp' | 'sctp', source: number, destination: number, at: number, limit: number): void {
    if (!this.found) this.give(this.next[over](source, destination), at, limit);
  }

  give(to: Dissector | undefined, at: number, limit: number): void {
    if (this.found || at >= limit || at >= this.end) return;
    (to ?? this.next.data)(this, at, limit);
  }

  /** The header of that number as a view, which the caller may have handed in. */
  view(index: number, view = new View(this.layouts[index]!)): View {
    view.layout = this.layouts[index]!;
    return view.place(this.data, this.starts[index]!, this.ends[index]!, this.limits[index]!);
  }
}

/** A dissector for what carries nothing else: the layout takes all that is left. */
export const leaf =
  (layout: Layout): Dissector =>
  (w, at, limit) =>
    w.layer(layout, at, limit, limit);
