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
const NUMBER = ascii('{"number":');
const TIME = ascii(',"time":"');
const CAPTURED = ascii('","capturedLength":');
const WIRE = ascii(',"wireLength":');
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
      out.raw(planOf(view.layout).head);
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
    out.raw(NUMBER);
    out.decimal(number!);
    out.raw(TIME);
    out.text(FRAME.fields.time.get(view)!);
    out.raw(CAPTURED);
    out.decimal(packet.data.length);
    out.raw(WIRE);
    out.decimal(packet.wireLength);
    if (name !== undefined) out.text(`,"interface":${JSON.stringify(name)}`);
    if (comments.length > 0) out.text(`,"comments":${JSON.stringify(comments)}`);
  }

  private writeFields(p: View): void {
    const { out } = this;
    const { pieces } = planOf(p.layout);
    let first = true;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!;
      const before = out.length;
      out.raw(piece.key, first ? 1 : 0);
      if (this.writePiece(piece, p)) first = false;
      else out.length = before;
    }
  }

  /** Whether the header has the field. */
  private writePiece(piece: Piece, p: View): boolean {
    const { out } = this;
    const { way, field } = piece;
    if (way === ITEMS) return this.writeItems(field as ItemsField, p);
    if (way === ANY) {
      const value = field.get(p);
      if (value === undefined) return false;
      if (Array.isArray(value)) this.writeList(piece.kind, value);
      else this.writeValue(piece.kind, value);
      return true;
    }
    const { size } = piece;
    let at = p.at + piece.at;
    if (at + size > p.end) return false;
    if (piece.count === 0) {
      this.writeFixed(piece, p.data, at);
      return true;
    }
    out.char(OPEN_BRACKET);
    const end = Math.min(p.end, at + piece.count * size);
    for (let comma = false; at + size <= end; at += size, comma = true) {
      if (comma) out.char(COMMA);
      this.writeFixed(piece, p.data, at);
    }
    out.char(CLOSE_BRACKET);
    return true;
  }

  private writeFixed(piece: Piece, data: Uint8Array, at: number): void {
    const { out } = this;
    if (piece.way === BARE) piece.write!(out, data, at);
    else if (piece.way === QUOTED) {
      out.char(QUOTE);
      piece.write!(out, data, at);
      out.char(QUOTE);
    } else out.raw(piece.read!(data, at) ? TRUE : FALSE);
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

  private writeList(kind: Kind, values: readonly unknown[]): void {
    const { out } = this;
    out.char(OPEN_BRACKET);
    for (let i = 0; i < values.length; i++) {
      if (i > 0) out.char(COMMA);
      this.writeValue(kind, values[i]);
    }
    out.char(CLOSE_BRACKET);
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

/** How a field is written: as bytes that are there, bare, in quotation marks or as a truth; as what reading it gives. */
const BARE = 0;
const QUOTED = 1;
const TRUTH = 2;
const ITEMS = 3;
const ANY = 4;

/** What writing a field takes, in objects of one shape: those of layouts are of many. */
class Piece {
  readonly field: Field;
  /** `,"ip.src":`, encoded once. */
  readonly key: Uint8Array;
  readonly kind: Kind;
  readonly way: number;
  /** Of what lies in the same place of every header: where, its bytes, and how many such, 0 where it is no list. */
  readonly at: number;
  readonly size: number;
  readonly count: number;
  readonly write: ((out: TextBytes, data: Uint8Array, at: number) => void) | undefined;
  readonly read: ((data: Uint8Array, at: number) => unknown) | undefined;

  constructor(field: Field) {
    const { elements, kind } = field.reading;
    const isList =
      typeof field.place === 'number' && field.condition === undefined && typeof elements?.count === 'number';
    const { size, read, write } = isList ? elements.one : field.reading;
    const fixed = write !== undefined && (isList || field.fixedSize >= 0);
    this.field = field;
    this.key = ascii(`,"${field.name}":`);
    this.kind = kind;
    this.way =
      field instanceof ItemsField
        ? ITEMS
        : !fixed
          ? ANY
          : kind === 'boolean'
            ? TRUTH
            : kind === 'integer'
              ? BARE
              : QUOTED;
    this.at = fixed ? (field.place as number) : 0;
    this.size = fixed ? (size as number) : 0;
    this.count = isList ? (elements!.count as number) : 0;
    this.write = write;
    this.read = read as (data: Uint8Array, at: number) => unknown;
  }
}

interface Plan {
  readonly head: Uint8Array;
  readonly pieces: readonly Piece[];
}
/** By the number of the layout. */
const plans: Plan[] = [];

function planOf(layout: Layout): Plan {
  return (plans[layout.index] ??= {
    head: ascii(`{"protocol":"${layout.protocol}","start":`),
    pieces: layout.list.map((field) => new Piece(field)),
  });
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
