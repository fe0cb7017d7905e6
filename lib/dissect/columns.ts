/**
 * Chosen fields as lines: one column a field, as tshark's `-T fields` writes them. Several values of a field in one
 * packet stand in one column with commas between.
 */

import type { CaptureInterface, Packet, PacketTime } from '../savefile/index.js';
import { eachValue } from './decode.js';
import { type FieldSite, fieldNamed } from './fields.js';
import { FRAME, frameView } from './frame/frameFields.js';
import type { Field, Layout, Reading } from './frame/layout.js';
import { TextBytes } from './frame/textBytes.js';
import { View } from './frame/view.js';
import { Walk } from './frame/walk.js';
import { type Captured, PacketFacts } from './packetFacts.js';
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
  /**
   * The same for a packet in the midst of other bytes, as tests of a scan meet them: no object is made for it. Without
   * comments.
   *
   * @param time - When it came; is read only where a column is of what the capture says.
   */
  addBytes(
    bytes: Uint8Array,
    start: number,
    capturedLength: number,
    wireLength: number,
    source: CaptureInterface,
    time: Pick<PacketTime, 'read' | 'seconds' | 'nanoseconds'>,
  ): number;
  /** The lines that were added, as UTF-8 in memory that the next lines overwrite. */
  take(): Uint8Array;
}

/** Chooses fields. @throws FieldError for a name that no field has. */
export function createColumns(names: readonly string[], options: ColumnOptions = {}): Columns {
  return new FieldColumns(names, options.format ?? 'tsv');
}

const NOTHING = new Uint8Array(0);
const TAB = 9;
const LINE_FEED = 10;
const COMMA = 44;
const DECODER = new TextDecoder();

/** What writing a column takes, in objects of one shape: fields are of many. */
class Column {
  /** The places where its field can be. */
  readonly sites: readonly FieldSite[];
  /** The first of them. */
  readonly layout: Layout;
  /** Where it is alone and lies in the same place of every header: that, its bytes, and what writes them. */
  readonly at: number;
  readonly size: number;
  readonly write: Reading<unknown>['write'];
  /** Whether it is a number that every packet has. */
  readonly plain: boolean;

  constructor(sites: readonly FieldSite[]) {
    const [{ field, layout, path }] = sites as readonly [FieldSite];
    this.sites = sites;
    this.layout = layout;
    this.at = field.fixedAt;
    this.size = field.fixedSize;
    const isFixed = sites.length === 1 && path.length === 0 && field.fixedSize >= 0;
    this.write = isFixed ? field.reading.write : undefined;
    this.plain = field.plain;
  }
}

class FieldColumns implements Columns {
  readonly header: string;
  private readonly csv: boolean;
  private readonly walk: Walk;
  private readonly columns: readonly Column[];
  private readonly out = new TextBytes();
  private readonly view = new View(FRAME);
  private facts: PacketFacts | undefined = undefined;
  /** What {@link addBytes} is given. */
  private readonly record = {
    data: { length: 0 },
    wireLength: 0,
    seconds: 0,
    nanoseconds: 0,
    interface: undefined as unknown as CaptureInterface,
    comments: [],
  };
  private readonly wantsFacts: boolean;
  /** The list field whose values are being written, and whether one has been. */
  private field: Field | undefined = undefined;
  private wrote = false;

  constructor(names: readonly string[], format: 'tsv' | 'csv') {
    this.csv = format === 'csv';
    this.columns = names.map((name) => new Column(fieldNamed(name).sites));
    this.wantsFacts = this.columns.some(({ layout }) => layout === FRAME);
    const whole = names.includes('frame.protocols');
    const wanted = new Set(this.columns.flatMap(({ sites }) => sites.map(({ layout }) => layout)));
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
    const { data, wireLength } = packet;
    this.walk.run(data, wireLength, packet.interface.linkType);
    if (this.wantsFacts) this.advance(packet);
    return this.addLine();
  }

  addBytes(
    bytes: Uint8Array,
    start: number,
    capturedLength: number,
    wireLength: number,
    source: CaptureInterface,
    time: Pick<PacketTime, 'read' | 'seconds' | 'nanoseconds'>,
  ): number {
    this.walk.run(bytes, wireLength, source.linkType, undefined, start, start + capturedLength);
    if (this.wantsFacts) {
      const { record } = this;
      time.read();
      record.data.length = capturedLength;
      record.wireLength = wireLength;
      record.seconds = time.seconds;
      record.nanoseconds = time.nanoseconds;
      record.interface = source;
      this.advance(record);
    }
    return this.addLine();
  }

  private advance(packet: Captured): void {
    this.facts ??= new PacketFacts(packet, this.walk);
    this.facts.advance(packet);
  }

  private addLine(): number {
    const { columns, out } = this;
    const separator = this.csv ? COMMA : TAB;
    for (let i = 0; i < columns.length; i++) {
      if (i > 0) out.char(separator);
      this.writeColumn(columns[i]!);
    }
    out.char(LINE_FEED);
    return out.length;
  }

  private writeColumn({ sites, layout, at, size, write, plain }: Column): void {
    this.wrote = false;
    const { walk, out, view } = this;
    const start = out.length;
    if (layout === FRAME) {
      const value = sites[0]!.field.reading.read(NOTHING, 0, 0, frameView(this.facts!, NOTHING, view));
      this.field = sites[0]!.field;
      if (plain) out.decimal(value as number);
      else if (value !== undefined) this.writeValue(value);
    } else if (write !== undefined) {
      for (let i = 0; i < walk.count; i++) {
        if (layout !== walk.layouts[i]) continue;
        const from = walk.starts[i]! + at;
        if (from + size > walk.ends[i]!) continue;
        if (this.wrote) out.char(COMMA);
        this.wrote = true;
        write(out, walk.data, from);
      }
    } else {
      for (let i = 0; i < walk.count; i++)
        for (const site of sites)
          if (site.layout === walk.layouts[i]) this.writeSite(site, walk.view(i, view));
    }
    if (this.csv) this.quote(start);
  }

  private writeSite(site: FieldSite, view: View): void {
    const { field } = site;
    this.field = field;
    if (site.path.length > 0) eachValue(site, view, 0, this.writeValue);
    else {
      const value = field.get(view);
      if (value !== undefined) this.writeValue(value);
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
