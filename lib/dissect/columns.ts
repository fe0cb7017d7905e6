/**
 * Chosen fields as lines: one column a field, as tshark's `-T fields` writes them. Several values of a field in one
 * packet stand in one column with commas between.
 */

import type { Packet } from '../savefile/index.js';
import { eachValue } from './decode.js';
import { type FieldSite, fieldNamed } from './fields.js';
import { FRAME, frameView } from './frame/frameFields.js';
import type { Field } from './frame/layout.js';
import { TextBytes } from './frame/textBytes.js';
import { View } from './frame/view.js';
import { Walk } from './frame/walk.js';
import { PacketFacts } from './packetFacts.js';
import { createNext } from './tables/next.js';

/** How columns are written. */
export interface ColumnOptions {
  /** `tsv`, the default: tabs between columns. `csv`: commas, and quotation marks as RFC 4180 has them. */
  readonly format?: 'tsv' | 'csv';
}

/** Turns packets into lines of fields. Packets are to be given in order. */
export interface Columns {
  /** The names, as the first line of a table; without line feed. */
  readonly header: string;
  /** The line of a packet, without line feed. */
  row(packet: Packet): string;
  /** Adds the line of a packet, with a line feed, to those that {@link take} gives; returns how many bytes they are. */
  add(packet: Packet): number;
  /** The lines that were added, as UTF-8 in memory that the next lines overwrite. */
  take(): Uint8Array;
}

/** Chooses fields. @throws FieldError for a name that no field has. */
export function createColumns(names: readonly string[], options: ColumnOptions = {}): Columns {
  return new FieldColumns(names, options.format ?? 'tsv');
}

const TAB = 9;
const LINE_FEED = 10;
const COMMA = 44;
const DECODER = new TextDecoder();

class FieldColumns implements Columns {
  readonly header: string;
  private readonly csv: boolean;
  private readonly walk: Walk;
  /** Of each column, the places where its field can be. */
  private readonly columns: readonly (readonly FieldSite[])[];
  private readonly out = new TextBytes();
  private readonly view = new View(FRAME);
  private facts: PacketFacts | undefined = undefined;
  private readonly wantsFacts: boolean;
  /** The list field whose values are being written, and whether one has been. */
  private field: Field | undefined = undefined;
  private wrote = false;

  constructor(names: readonly string[], format: 'tsv' | 'csv') {
    this.csv = format === 'csv';
    this.columns = names.map((name) => fieldNamed(name).sites);
    this.wantsFacts = this.columns.some(([first]) => first!.layout === FRAME);
    const whole = names.includes('frame.protocols');
    const wanted = new Set(this.columns.flatMap((sites) => sites.map(({ layout }) => layout)));
    this.walk = new Walk(createNext(whole ? undefined : (layout) => wanted.has(layout)));
    this.header = names.map((name) => (this.csv ? quoted(name) : name)).join(this.csv ? ',' : '\t');
  }

  row(packet: Packet): string {
    const before = this.out.length;
    if (before > 0) throw new Error('take() the lines that were added before');
    this.add(packet);
    this.out.length--;
    return DECODER.decode(this.out.take());
  }

  take(): Uint8Array {
    return this.out.take();
  }

  add(packet: Packet): number {
    const { walk, columns, out } = this;
    walk.run(packet.data, packet.wireLength, packet.interface.linkType);
    if (this.wantsFacts) {
      this.facts ??= new PacketFacts(packet, walk);
      this.facts.advance(packet);
    }
    const separator = this.csv ? COMMA : TAB;
    for (let i = 0; i < columns.length; i++) {
      if (i > 0) out.char(separator);
      this.writeColumn(columns[i]!, packet);
    }
    out.char(LINE_FEED);
    return out.length;
  }

  private writeColumn(sites: readonly FieldSite[], packet: Packet): void {
    this.wrote = false;
    const { walk, out } = this;
    const start = out.length;
    if (sites[0]!.layout === FRAME) {
      frameView(this.facts!, packet.data, this.view);
      this.writeSite(sites[0]!);
    }
    for (let i = 0; i < walk.count; i++) {
      for (let s = 0; s < sites.length; s++) {
        if (sites[s]!.layout !== walk.layouts[i]) continue;
        walk.view(i, this.view);
        this.writeSite(sites[s]!);
      }
    }
    if (this.csv) this.quote(start);
  }

  private writeSite(site: FieldSite): void {
    const { field } = site;
    const { view, out } = this;
    const { write } = field.reading;
    if (site.path.length > 0) {
      this.field = field;
      eachValue(site, view, 0, this.writeValue);
    } else if (write !== undefined && field.fixedSize >= 0) {
      const at = view.at + field.fixedAt;
      if (at + field.fixedSize > view.end) return;
      if (this.wrote) out.char(COMMA);
      write(out, view.data, at);
      this.wrote = true;
    } else {
      const value = field.get(view);
      if (value === undefined) return;
      this.field = field;
      this.writeValue(value);
    }
  }

  private readonly writeValue = (value: unknown): void => {
    const { out, field } = this;
    if (this.wrote) out.char(COMMA);
    this.wrote = true;
    if (typeof value === 'number' && field!.plain) {
      out.decimal(value);
      return;
    }
    const text = field!.text(value);
    out.text(this.csv ? text : escaped(text));
  };

  /** Puts the column that begins at `start` into quotation marks where it needs them. */
  private quote(start: number): void {
    const { out } = this;
    const text = DECODER.decode(out.since(start));
    if (quoted(text) === text) return;
    out.length = start;
    out.text(quoted(text));
  }
}

/** RFC 4180 §2. */
function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What would look like the end of a column or of a line. */
function escaped(text: string): string {
  return /[\t\n\r]/.test(text) ? text.replace(/[\t\n\r]/g, (c) => ESCAPES[c]!) : text;
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
