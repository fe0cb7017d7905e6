/**
 * An expression for whatever turns up: one filter, compiled again for each link type, byte order and mode that its
 * packets come in. Where headers lie, and so what a program reads, is another matter on each.
 */

import { describeValue } from '../arguments.js';
import type { CaptureMode } from '../codegen/index.js';
import type { Loader } from '../engine/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';
import { FilterError } from '../source.js';
import { type Explanation, LinkFilter } from './linkFilter.js';
import type { CompileOptions } from './options.js';

/** What a filter has to know of where packets come from. */
export type PacketSource = Pick<CaptureInterface, 'linkType' | 'bigEndian'>;

/**
 * Link types with words of their own, such as `wlan type`, `ifname` and `lane`: what an expression is tried on that
 * does not compile for Ethernet.
 */
const OTHERS: readonly { readonly linkType: string; readonly mode?: CaptureMode }[] = [
  { linkType: 'EN10MB', mode: 'linux-live' },
  ...[
    'IEEE802_11_RADIO',
    'LINUX_SLL2',
    'RAW',
    'PFLOG',
    'SUNATM',
    'MTP2',
    'MTP2_WITH_PHDR',
    'NULL',
    'IPV6',
  ].map((linkType) => ({ linkType })),
];

/** A compiled expression, right for the packets of every capture and device. Immutable; may be kept and shared. */
export class Filter {
  /** For who prints one: bundling gives classes other names. */
  static readonly name = 'Filter';
  /** The expression as it was written. */
  readonly expression: string;
  /** What it was compiled with. */
  readonly options: CompileOptions;
  /** What runs it. */
  readonly loader: Loader;
  private readonly compiled = new Map<string, LinkFilter>();
  private shown: LinkFilter | undefined;
  /** That for bare bytes. */
  private bare: LinkFilter | undefined;
  /** The interface of the last packet: most come from the same. */
  private source: CaptureInterface | undefined;
  private current: LinkFilter | undefined;

  /** Use `compile`. Nothing is compiled yet. */
  constructor(expression: string, options: CompileOptions, loader: Loader) {
    this.expression = expression;
    this.options = options;
    this.loader = loader;
  }

  /**
   * The filter for one link type: for bare bytes, and to see its program.
   *
   * @param source - An interface of a capture or device; a name without DLT_ (`EN10MB`); a LINKTYPE_ number.
   * @param mode - What its packets come from; that of the options unless given, or what an interface says.
   * @throws FilterError where the expression has no meaning on it.
   */
  for(source: PacketSource | string | number, mode?: CaptureMode): LinkFilter {
    const bare = typeof source !== 'object';
    const linkType = bare ? source : source.linkType;
    const order = !bare && source.bigEndian === true ? 'savefile-swapped' : 'savefile';
    const as = mode ?? (bare ? (this.options.mode ?? 'dead') : order);
    const kind = `${linkType} ${as}`;
    let filter = this.compiled.get(kind);
    if (filter === undefined) {
      filter = new LinkFilter(this.expression, { ...this.options, linkType, mode: as }, this.loader);
      this.compiled.set(kind, filter);
    }
    return filter;
  }

  /**
   * The filter for the link type of the options, for Ethernet where they name none, or for another link type where
   * the expression has no meaning on Ethernet. Compiles it the first time: `compile` does, to report what is wrong.
   *
   * @throws FilterError where the expression is wrong.
   */
  typical(): LinkFilter {
    const { linkType } = this.options;
    this.shown ??= linkType === undefined ? this.whereItCompiles() : this.for(linkType);
    return this.shown;
  }

  /**
   * Whether a packet matches: one of any capture or device, cut ones included, or bare bytes of the link type that
   * the options name.
   *
   * @throws FilterError where the expression has no meaning on the packet's link type.
   * @throws TypeError for bytes without a link type, and for what is no packet.
   */
  matches(packet: Packet | Uint8Array): boolean {
    if (packet instanceof Uint8Array) return (this.bare ?? this.ofBytes()).matches(packet);
    const filter = this.current;
    if (filter === undefined || packet.interface !== this.source)
      return this.of(packet).matches(packet.data, packet.wireLength);
    return filter.matches(packet.data, packet.wireLength);
  }

  /** Bytes to keep of a packet, 0 to reject it. @throws FilterError, TypeError as {@link matches} does. */
  run(packet: Packet | Uint8Array): number {
    if (packet instanceof Uint8Array) return this.ofBytes().run(packet);
    return this.of(packet).run(packet.data, packet.wireLength);
  }

  /** Tells step by step what the filter does on a packet. @throws FilterError, TypeError as {@link matches} does. */
  explain(packet: Packet | Uint8Array): Explanation {
    if (packet instanceof Uint8Array) return this.ofBytes().explain(packet);
    return this.of(packet).explain(packet.data, packet.wireLength);
  }

  /** The program as `tcpdump -d` prints it, of {@link typical}. */
  toString(): string {
    return String(this.typical());
  }

  private of(packet: Packet): LinkFilter {
    const source = packet?.interface;
    if (this.current !== undefined && source === this.source) return this.current;
    if (!(packet?.data instanceof Uint8Array) || typeof source?.linkType !== 'number')
      throw new TypeError(`a packet must be a Packet or a Uint8Array, got ${describeValue(packet)}`);
    this.current = this.for(source);
    this.source = source;
    return this.current;
  }

  private ofBytes(): LinkFilter {
    const { linkType } = this.options;
    if (linkType === undefined)
      throw new TypeError(
        "bytes do not say what link type they are of: compile(expression, { linkType: 'EN10MB' }), or give a Packet",
      );
    this.bare ??= this.for(linkType);
    return this.bare;
  }

  private whereItCompiles(): LinkFilter {
    try {
      return this.for('EN10MB');
    } catch (error) {
      if (!(error instanceof FilterError) || error.isSyntax) throw error;
      for (const { linkType, mode } of OTHERS) {
        try {
          return this.for(linkType, mode);
        } catch (other) {
          if (!(other instanceof FilterError)) throw other;
        }
      }
      throw error;
    }
  }
}
