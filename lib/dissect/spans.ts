/** Where the fields of a packet lie: for who has a byte and asks what it is. */

import { TRUNCATED } from '../bytes.js';
import type { Packet } from '../savefile/index.js';
import type { Field } from './frame/layout.js';
import { View } from './frame/view.js';
import { Walk } from './frame/walk.js';
import { createNext } from './tables/next.js';

/** A field of a packet, with its place. */
export interface FieldSpan {
  /** Wireshark's name. */
  readonly name: string;
  /** Its first byte in the packet's data, and the one behind its last. Fields of bits share bytes. */
  readonly start: number;
  readonly end: number;
  /** Its value as tshark writes it. */
  readonly text: string;
  /** What it would be on other bytes at the same place, as tshark writes it. */
  textOf(data: Uint8Array): string;
}

let walk: Walk | undefined;

/** The fields of a packet's headers that have bytes of their own, in the order of the headers; none in lists of items. */
export function fieldSpans(packet: Packet): readonly FieldSpan[] {
  walk ??= new Walk(createNext());
  walk.run(packet.data, packet.wireLength, packet.interface.linkType);
  const found: FieldSpan[] = [];
  for (let i = 0; i < walk.count; i++) {
    const view = walk.view(i);
    for (const field of view.layout.list) {
      const span = spanOf(field, view);
      if (span !== undefined && span[1] > 0) found.push(new Span(field, view, span[0], span[0] + span[1]));
    }
  }
  return found;
}

function spanOf(field: Field, view: View): readonly [at: number, size: number] | undefined {
  try {
    return field.span(view);
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    return undefined;
  }
}

class Span implements FieldSpan {
  readonly start: number;
  readonly end: number;
  private readonly field: Field;
  private readonly view: View;

  constructor(field: Field, view: View, start: number, end: number) {
    this.field = field;
    this.view = view;
    this.start = start;
    this.end = end;
  }

  get name(): string {
    return this.field.name;
  }

  get text(): string {
    return this.textOf(this.view.data);
  }

  textOf(data: Uint8Array): string {
    const { view, field, start, end } = this;
    const other = new View(view.layout).place(data, view.at, view.end, view.limit);
    try {
      const value = field.reading.read(data, start, end - start, other);
      return value === undefined ? '' : field.text(value);
    } catch (error) {
      if (error !== TRUNCATED) throw error;
      return '';
    }
  }
}
