/** An open capture in the worker: which packets match, what is printed and decoded of those that are looked at. */

import {
  compile,
  createPrinter,
  type Filter,
  FilterError,
  LINK_TYPES,
  type Printer,
} from '../../../lib/index.js';
import { LocatedCapture } from '../../../lib/playground.js';
import { type Counts, createProfiler, explain, reasonText } from '../../../lib/see.js';
import { plainBytes } from './bytes.js';
import { layersOf } from './decoded.js';
import type { Explained, Filtered, FilterRequest, Opened, Row, Shown } from './protocol.js';

/** Captures with more packets are printed out of order, with sequence numbers as they are on the wire. */
const FEW = 20_000;

export class Session {
  readonly opened: Opened;
  readonly capture: LocatedCapture;
  private compiled: Filter | undefined;
  /** Which packets match: 1 each. */
  private readonly verdicts: Uint8Array;
  /** Numbers of those that do. */
  private matching: Uint32Array;
  private readonly printer: Printer;
  /** Lines of the first packets, printed in order. */
  private readonly lines: string[] = [];

  static async open(name: string, bytes: Uint8Array): Promise<Session> {
    if (bytes.length < 4) throw new Error('the file is empty');
    return new Session(name, new LocatedCapture(await plainBytes(bytes)));
  }

  private constructor(name: string, capture: LocatedCapture) {
    const { count, bytes, error, interfaces } = capture;
    this.capture = capture;
    this.opened = {
      name,
      count,
      bytes: bytes.length,
      linkTypes: [...new Set(interfaces.map(({ linkType }) => nameOf(linkType)))],
      mode: interfaces[0]?.bigEndian === true ? 'savefile-swapped' : 'savefile',
      damage: error?.message ?? '',
    };
    this.verdicts = new Uint8Array(count);
    this.matching = new Uint32Array(0);
    this.printer = createPrinter({ absoluteSequence: count > FEW });
  }

  /** Runs a filter over all packets. */
  filter(request: FilterRequest | undefined): Filtered {
    if (request === undefined) return { matched: undefined, milliseconds: 0, problem: '' };
    const { expression, optimize } = request;
    const begun = performance.now();
    const filter = compile(expression, { optimize });
    this.compiled = filter;
    let problem = '';
    const tests = this.capture.interfaces.map((source) => {
      try {
        return filter.for(source).test;
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        problem = error.message;
        return () => 0;
      }
    });
    const { bytes, starts, lengths, wireLengths, sources, count } = this.capture;
    const { verdicts } = this;
    let matched = 0;
    for (let at = 0; at < count; at++) {
      const test = tests[sources[at]!]!;
      const takes = test(bytes, starts[at]!, lengths[at]!, wireLengths[at]!) === 0 ? 0 : 1;
      verdicts[at] = takes;
      matched += takes;
    }
    const matching = new Uint32Array(matched);
    for (let at = 0, to = 0; to < matched; at++) if (verdicts[at] === 1) matching[to++] = at;
    this.matching = matching;
    return { matched, milliseconds: performance.now() - begun, problem };
  }

  /** Runs a filter over the packets of a link type, and counts what ran. */
  profile({ expression, optimize, linkType }: FilterRequest & { readonly linkType: string }): Counts {
    const { bytes, starts, lengths, wireLengths, sources, count, interfaces } = this.capture;
    const wanted = interfaces.map((source) => nameOf(source.linkType) === linkType);
    const source = interfaces[wanted.indexOf(true)];
    if (source === undefined) throw new Error(`no packet is of ${linkType}`);
    const profiler = createProfiler(compile(expression, { optimize }).for(source));
    for (let at = 0; at < count; at++)
      if (wanted[sources[at]!]) profiler.test(bytes, starts[at]!, lengths[at]!, wireLengths[at]!);
    const { instructions } = profiler.profile();
    return { ran: instructions.map(({ ran }) => ran), held: instructions.map(({ held }) => held) };
  }

  /** Rows of the list from one to before another: of all packets, or of those that match. */
  rows(from: number, to: number, matching: boolean): Row[] {
    const limit = matching ? this.matching.length : this.capture.count;
    const rows: Row[] = [];
    for (let at = from; at < Math.min(to, limit); at++) {
      const index = matching ? this.matching[at]! : at;
      rows.push({ index, text: this.line(index), matches: this.verdicts[index] === 1 });
    }
    return rows;
  }

  place(index: number, matching: boolean): number {
    if (!matching) return index;
    let [low, high] = [0, this.matching.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.matching[middle]! < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  show(index: number): Shown {
    if (!(index >= 0 && index < this.capture.count)) throw new RangeError(`there is no packet ${index + 1}`);
    const packet = this.capture.packet(index);
    return {
      index,
      bytes: packet.data.slice(),
      wireLength: packet.wireLength,
      linkType: nameOf(packet.interface.linkType),
      layers: layersOf(packet),
      reason: this.reasonOf(index),
    };
  }

  otherwise(index: number, step: 1 | -1): number {
    const verdict = this.verdicts[index];
    for (let at = index + step; at >= 0 && at < this.capture.count; at += step)
      if (this.verdicts[at] !== verdict) return at;
    return -1;
  }

  private reasonOf(index: number): Explained | undefined {
    const packet = this.capture.packet(index);
    try {
      const reason = explain(this.compiled!.for(packet.interface), packet);
      const { matches, words, parts, change, needs, never } = reason;
      return { matches, words, parts, change, needs, never, text: reasonText(reason) };
    } catch {
      return undefined;
    }
  }

  private line(index: number): string {
    const { capture, lines, printer } = this;
    if (capture.count > FEW) return printer.print(capture.packet(index));
    while (lines.length <= index) lines.push(printer.print(capture.packet(lines.length)));
    return lines[index]!;
  }
}

function nameOf(linkType: number): string {
  return LINK_TYPES.find((row) => row.linkType === linkType)?.name ?? String(linkType);
}
