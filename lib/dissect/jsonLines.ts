/**
 * Packets as JSON, one object a line: number, time, lengths, interface, comments, and the layers with their fields by
 * Wireshark's names. docs/packet.schema.json describes the object; {@link packetSchema} makes it from the layouts.
 */

import type { Packet } from '../savefile/index.js';
import { FRAME, frameView } from './frame/frameFields.js';
import { eachItem } from './frame/items.js';
import { ItemsField } from './frame/kinds.js';
import type { Field, Kind, Layout } from './frame/layout.js';
import { TextBytes } from './frame/textBytes.js';
import { View } from './frame/view.js';
import { Walk } from './frame/walk.js';
import { PacketFacts } from './packetFacts.js';
import { createNext, LAYOUTS } from './tables/next.js';

/** Turns packets into lines of JSON. Packets are to be given in order. */
export interface JsonLines {
  /** The object of a packet, without line feed. */
  line(packet: Packet): string;
  /** Adds the line of a packet, with a line feed, to those that {@link take} gives; returns how many bytes they are. */
  add(packet: Packet): number;
  /** The lines that were added, as UTF-8 in memory that the next lines overwrite. */
  take(): Uint8Array;
}

/** Makes JSON of packets, one object a line. */
export function createJsonLines(): JsonLines {
  return new PacketLines();
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const ascii = (text: string): Uint8Array => ENCODER.encode(text);
const START = ascii(',"start":');
const END = ascii(',"end":');
const FIELDS = ascii(',"fields":{');
const TRUE = ascii('true');
const FALSE = ascii('false');
const LAYERS = ascii(',"layers":[');

class PacketLines implements JsonLines {
  private readonly walk = new Walk(createNext());
  private readonly view = new View(FRAME);
  private readonly out = new TextBytes();
  private facts: PacketFacts | undefined = undefined;

  line(packet: Packet): string {
    if (this.out.length > 0) throw new Error('take() the lines that were added before');
    this.add(packet);
    return DECODER.decode(this.out.take()).slice(0, -1);
  }

  take(): Uint8Array {
    return this.out.take();
  }

  add(packet: Packet): number {
    const { walk, view, out } = this;
    walk.run(packet.data, packet.wireLength, packet.interface.linkType);
    this.facts ??= new PacketFacts(packet, walk);
    this.facts.advance(packet);
    this.writeFacts(packet, this.facts);
    out.raw(LAYERS);
    for (let i = 0; i < walk.count; i++) {
      if (i > 0) out.char(COMMA);
      walk.view(i, view);
      out.raw(layerKey(view.layout));
      out.raw(START);
      out.decimal(view.at);
      out.raw(END);
      out.decimal(view.end > view.at ? view.end : view.at);
      out.raw(FIELDS);
      this.writeFields(view);
      out.char(CLOSE_BRACE);
      out.char(CLOSE_BRACE);
    }
    out.text(']}\n');
    return out.length;
  }

  private writeFacts(packet: Packet, facts: PacketFacts): void {
    const { out, view } = this;
    const { number, comments } = facts;
    const { name } = packet.interface;
    frameView(facts, packet.data, view);
    let text = `{"number":${number},"time":"${FRAME.fields.time.get(view)}"`;
    text += `,"capturedLength":${packet.data.length},"wireLength":${packet.wireLength}`;
    if (name !== undefined) text += `,"interface":${JSON.stringify(name)}`;
    if (comments.length > 0) text += `,"comments":${JSON.stringify(comments)}`;
    out.text(text);
  }

  private writeFields(p: View): void {
    const { out } = this;
    const { list } = p.layout;
    const keys = keysOf(p.layout);
    let first = true;
    for (let i = 0; i < list.length; i++) {
      const field = list[i]!;
      const before = out.length;
      out.raw(keys[i]!, first ? 1 : 0);
      if (field instanceof ItemsField ? this.writeItems(field, p) : this.writeField(field, p)) first = false;
      else out.length = before;
    }
  }

  private writeItems(field: ItemsField, p: View): boolean {
    const { out } = this;
    let count = 0;
    out.char(OPEN_BRACKET);
    eachItem(field, p, (item) => {
      if (count++ > 0) out.char(COMMA);
      out.char(OPEN_BRACE);
      this.writeFields(item);
      out.char(CLOSE_BRACE);
    });
    out.char(CLOSE_BRACKET);
    return count > 0;
  }

  private writeField(field: Field, p: View): boolean {
    const { out } = this;
    const { kind, write } = field.reading;
    if (write !== undefined && field.fixedSize >= 0) {
      const at = p.at + field.fixedAt;
      if (at + field.fixedSize > p.end) return false;
      if (kind === 'boolean') {
        out.raw(field.reading.read(p.data, at, field.fixedSize, p) === true ? TRUE : FALSE);
        return true;
      }
      if (kind !== 'integer') out.char(QUOTE);
      write(out, p.data, at);
      if (kind !== 'integer') out.char(QUOTE);
      return true;
    }
    const value = field.get(p);
    if (value === undefined) return false;
    if (!Array.isArray(value)) {
      this.writeValue(kind, value);
      return true;
    }
    out.char(OPEN_BRACKET);
    for (let i = 0; i < value.length; i++) {
      if (i > 0) out.char(COMMA);
      this.writeValue(kind, value[i]);
    }
    out.char(CLOSE_BRACKET);
    return true;
  }

  private writeValue(kind: Kind, value: unknown): void {
    const { out } = this;
    switch (kind) {
      case 'integer':
        if ((value as number) >= 0 && (value as number) <= 0xffff_ffff) out.decimal(value as number);
        else out.text(`${value}`);
        break;
      case 'boolean':
        out.raw(value === true ? TRUE : FALSE);
        break;
      case 'number':
        out.text(`${value}`);
        break;
      case 'bytes':
        out.char(QUOTE);
        out.hex(value as Uint8Array);
        out.char(QUOTE);
        break;
      case 'string':
        out.text(JSON.stringify(value));
        break;
      default: // addresses, numbers of 64 bits
        out.char(QUOTE);
        out.text(`${value}`);
        out.char(QUOTE);
    }
  }
}

/** `,"ip.src":` of each field, encoded once. */
const fieldKeys = new Map<Layout, Uint8Array[]>();
const layerKeys = new Map<Layout, Uint8Array>();

function keysOf(layout: Layout): Uint8Array[] {
  let keys = fieldKeys.get(layout);
  if (keys === undefined)
    fieldKeys.set(layout, (keys = layout.list.map((field) => ascii(`,"${field.name}":`))));
  return keys;
}

function layerKey(layout: Layout): Uint8Array {
  let key = layerKeys.get(layout);
  if (key === undefined) layerKeys.set(layout, (key = ascii(`{"protocol":"${layout.protocol}"`)));
  return key;
}

const TYPES: Readonly<Record<Kind, object>> = {
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  bigint: { type: 'string', pattern: '^[0-9]+$' },
  string: { type: 'string' },
  ipv4: { type: 'string', format: 'ipv4' },
  ipv6: { type: 'string', format: 'ipv6' },
  mac: { type: 'string', pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' },
  bytes: { type: 'string', pattern: '^([0-9a-f]{2})*$' },
  items: {},
};

/** The JSON Schema (2020-12) of a packet's object. */
export function packetSchema(): object {
  const protocols = LAYOUTS.filter((layout) => layout !== FRAME).map((layout: Layout) => ({
    properties: {
      protocol: { const: layout.protocol },
      start: { $ref: '#/$defs/offset' },
      end: { $ref: '#/$defs/offset' },
      fields: fieldsSchema(layout),
    },
    required: ['protocol', 'start', 'end', 'fields'],
    additionalProperties: false,
  }));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A packet as weir --json prints it',
    type: 'object',
    properties: {
      number: { type: 'integer', minimum: 1 },
      time: { type: 'string', description: 'UTC, ISO 8601 with nine digits of the second' },
      capturedLength: { type: 'integer', minimum: 0 },
      wireLength: { type: 'integer', minimum: 0 },
      interface: { type: 'string' },
      comments: { type: 'array', items: { type: 'string' } },
      layers: { type: 'array', items: { type: 'object', anyOf: protocols } },
    },
    required: ['number', 'time', 'capturedLength', 'wireLength', 'layers'],
    additionalProperties: false,
    $defs: { offset: { type: 'integer', minimum: 0 } },
  };
}

function fieldsSchema(layout: Layout): object {
  const properties: Record<string, object> = {};
  for (const field of layout.list) {
    if (field instanceof ItemsField) {
      const [only, ...others] = field.layouts.map(fieldsSchema);
      properties[field.name] = {
        type: 'array',
        items: others.length === 0 ? only : { anyOf: [only, ...others] },
      };
    } else {
      const one = TYPES[field.reading.kind];
      properties[field.name] = field.several ? { type: 'array', items: one } : one;
    }
  }
  return { type: 'object', properties, additionalProperties: false };
}
