/**
 * A packet as objects: its headers in order, each with its fields by Wireshark's names. Nothing is decoded before it is
 * asked for and nothing is copied: bytes are views of the packet's data, so who keeps them beyond the packet copies them.
 *
 * Never throws, whatever the bytes are: what is cut off or contradicts itself is not there.
 */

import type { Packet } from '../savefile/index.js';
import { type FieldPlaces, type FieldSite, fieldNamed } from './fields.js';
import { FRAME, frameView } from './frame/frameFields.js';
import { eachItem } from './frame/items.js';
import { type ItemsField, valuesOf } from './frame/kinds.js';
import type { Layout, Values } from './frame/layout.js';
import { View } from './frame/view.js';

import { Walk } from './frame/walk.js';
import { PacketFacts } from './packetFacts.js';
import { createNext, type LAYOUTS } from './tables/next.js';
import { usualPlace } from './usual.js';

type AnyLayout = (typeof LAYOUTS)[number];

/** Protocols that layers can have, by Wireshark's names. */
export type Protocol = Exclude<AnyLayout['protocol'], 'frame'>;

type Together<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never;
type Nested<L> =
  L extends Layout<string, infer F>
    ? Values<L> | { [K in keyof F]: F[K] extends ItemsField<infer I> ? Nested<I> : never }[keyof F]
    : never;

/** The fields of a protocol; what the packet does not have is not there. */
export type FieldsOf<P extends AnyLayout['protocol']> = Together<Values<Extract<AnyLayout, { protocol: P }>>>;

/** Every field by its name, those of options and records too. */
export type FieldValues = Together<Nested<AnyLayout>>;

/** One header of a packet. */
export interface Layer<P extends Protocol = Protocol> {
  readonly protocol: P;
  /** Its first byte in the packet's data, and the one behind its last. */
  readonly start: number;
  readonly end: number;
  /** Each field is read when it is asked for; options and records are lists of such objects. */
  readonly fields: FieldsOf<P>;
  /** The fields that are there, as a plain object. */
  values(): FieldsOf<P>;
}

/** A layer of any protocol; comparing `protocol` tells which fields it has. */
export type AnyLayer = { [P in Protocol]: Layer<P> }[Protocol];

/** A packet whose fields can be asked for. */
export interface DecodedPacket {
  readonly packet: Packet;
  /** The headers in order, those inside of tunnels too. */
  readonly layers: readonly AnyLayer[];
  /** The first layer of a protocol. */
  layer<P extends Protocol>(protocol: P): Layer<P> | undefined;
  /**
   * The first value of a field, without decoding the rest.
   *
   * @throws FieldError where there is no field of that name.
   */
  get<N extends keyof FieldValues>(name: N): FieldValues[N] | undefined;
  get(name: string): unknown;
  /** All values of a field, those in options, records and inner packets too. @throws FieldError likewise. */
  getAll(name: string): readonly unknown[];
}

/** Decodes a packet; see {@link DecodedPacket}. Takes next to nothing before something is asked for. */
export function decode(packet: Packet): DecodedPacket {
  return new LazyPacket(packet);
}

/** One walk is used for all packets, one after the other. */
const walk = new Walk(createNext());
const probe = new View(FRAME);

class LazyPacket implements DecodedPacket {
  readonly packet: Packet;
  private decoded: readonly AnyLayer[] | undefined = undefined;

  constructor(packet: Packet) {
    this.packet = packet;
  }

  get layers(): readonly AnyLayer[] {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  layer<P extends Protocol>(protocol: P): Layer<P> | undefined {
    for (const layer of this.layers) if (layer.protocol === protocol) return layer as unknown as Layer<P>;
    return undefined;
  }

  get(name: string): never {
    // Short, so that it is compiled into its caller, and no object made.
    const entry = fieldNamed(name);
    const [first] = entry.sites;
    const { packet } = this;
    if (entry.usual && packet.interface.linkType === 1) {
      const { data, wireLength } = packet;
      const { field, layout } = first!;
      const at = usualPlace(layout, data, wireLength);
      if (at >= 0) return field.reading.read(data, at + field.fixedAt, field.fixedSize, probe) as never;
    }
    return this.find(entry) as never;
  }

  private find(entry: FieldPlaces): unknown {
    const { sites } = entry;
    const [first] = sites;
    const { packet } = this;
    if (first!.layout === FRAME) return first!.field.get(frameView(new PacketFacts(packet), packet.data));
    walk.run(packet.data, packet.wireLength, packet.interface.linkType, onlyLayout(entry));
    for (let i = 0; i < walk.count; i++) {
      const layout = walk.layouts[i];
      for (const site of sites) {
        if (site.layout !== layout) continue;
        const value =
          site.path.length === 0 ? site.field.get(walk.view(i, probe)) : firstOf(site, walk.view(i));
        if (value !== undefined) return value;
      }
    }
    return undefined;
  }

  getAll(name: string): readonly unknown[] {
    const { sites } = fieldNamed(name);
    const { packet } = this;
    const values: unknown[] = [];
    const add = (value: unknown): void => {
      if (Array.isArray(value)) values.push(...value);
      else values.push(value);
    };
    if (sites[0]!.layout === FRAME) add(this.get(name));
    walk.run(packet.data, packet.wireLength, packet.interface.linkType);
    for (let i = 0; i < walk.count; i++)
      for (const site of sites) if (site.layout === walk.layouts[i]) eachValue(site, walk.view(i), 0, add);
    return values;
  }

  toJSON(): unknown {
    return { layers: this.layers };
  }

  private decode(): readonly AnyLayer[] {
    const { packet } = this;
    walk.run(packet.data, packet.wireLength, packet.interface.linkType);
    const layers: AnyLayer[] = [];
    for (let i = 0; i < walk.count; i++) layers.push(new ViewLayer(walk.view(i)) as unknown as AnyLayer);
    return layers;
  }
}

/** The layout that alone has a field: the walk can end there unless that header has none. */
function onlyLayout({ sites }: FieldPlaces): Layout | undefined {
  const [first] = sites;
  return sites.length === 1 && first!.field.fixedSize >= 0 ? first!.layout : undefined;
}

class ViewLayer {
  private readonly view: View;
  private read: object | undefined = undefined;

  constructor(view: View) {
    this.view = view;
  }

  get protocol(): string {
    return this.view.layout.protocol;
  }

  get start(): number {
    return this.view.at;
  }

  get end(): number {
    return Math.max(this.view.at, this.view.end);
  }

  get fields(): object {
    this.read ??= new (readerOf(this.view.layout))(this.view);
    return this.read;
  }

  values(): Record<string, unknown> {
    return valuesOf(this.view);
  }

  toJSON(): unknown {
    const { protocol, start, end } = this;
    return { protocol, start, end, fields: this.values() };
  }
}

type Reader = new (view: View) => object;
const readers = new Map<Layout, Reader>();

/** A class whose objects read the fields of a layout by their names. */
function readerOf(layout: Layout): Reader {
  let known = readers.get(layout);
  if (known !== undefined) return known;
  const SEEN = Symbol('view');
  class Fields {
    readonly [SEEN]: View;
    constructor(view: View) {
      this[SEEN] = view;
    }
    toJSON(): unknown {
      return valuesOf(this[SEEN]);
    }
  }
  for (const field of layout.list)
    Object.defineProperty(Fields.prototype, field.name, {
      enumerable: true,
      get(this: Fields) {
        return field.get(this[SEEN]);
      },
    });
  readers.set(layout, (known = Fields));
  return known;
}

/** Calls `visit` with each value of a field in a header. */
export function eachValue(site: FieldSite, p: View, depth: number, visit: (value: unknown) => void): void {
  const list = site.path[depth];
  if (list === undefined) {
    const value = site.field.get(p);
    if (value !== undefined) visit(value);
    return;
  }
  const inner = site.path[depth + 1] ?? site.field;
  eachItem(list, p, (item) => {
    if (item.layout.list.includes(inner)) eachValue(site, item, depth + 1, visit);
  });
}

function firstOf(site: FieldSite, p: View): unknown {
  let first: unknown;
  eachValue(site, p, 0, (value) => {
    first ??= value;
  });
  return first;
}
