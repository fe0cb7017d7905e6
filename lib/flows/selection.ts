/** Selections that go by flows, around the tests of a filter. They keep state: a selection is for one pass. */

import type { Accelerator, CaptureInterface, PacketTest, Select } from '../savefile/index.js';
import { FlowKey } from './key.js';
import { type FlowOptions, FlowTable, NO_FLOW } from './table.js';
import { flowAccelerator, type Judge } from './walk.js';

/** How much of each flow's beginning: so many packets, or packets until so many bytes (on the wire) have gone by. */
export interface FlowBeginning {
  readonly packets?: number | undefined;
  readonly bytes?: number | undefined;
}

/** How a {@link FlowTracker} goes by flows. */
export interface FlowSelectOptions extends FlowOptions {
  /** Keep only the beginning of each flow, of what is selected. */
  readonly first?: FlowBeginning | undefined;
}

/**
 * Tests that go by flows. Where the tests that they are made around ask no time, the accelerator goes through many packets
 * at once; it is for one capture.
 */
export interface FlowSelect extends Select {
  readonly accelerator: Accelerator;
}

const EVERY: PacketTest = () => 1;

/** The numbers of flows of which a packet matched. */
export class MatchedFlows {
  private bits = new Uint8Array(1024);

  add(number: number): void {
    const at = number >> 3;
    if (at >= this.bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.bits.length));
      larger.set(this.bits);
      this.bits = larger;
    }
    this.bits[at]! |= 1 << (number & 7);
  }

  has(number: number): boolean {
    return ((this.bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }
}

/** Follows the flows of packets, one after the other. */
export class FlowTracker {
  readonly table: FlowTable;
  private readonly key = new FlowKey();
  private readonly first: FlowBeginning | undefined;
  /** Packets or bytes of the flow in each entry, where its beginning is wanted; whether it has matched. */
  private amounts = new Float64Array(0);
  private marks = new Uint8Array(0);

  constructor({ first, ...options }: FlowSelectOptions = {}) {
    this.table = new FlowTable(options);
    this.first = first;
  }

  /** The packets that a filter selects and that are of their flow's beginning. */
  beginnings(select: Select = () => EVERY): FlowSelect {
    return this.tested(select, (_, matches) => matches());
  }

  /** A packet that matches, and all of its flow behind it. */
  fromMatch(select: Select): FlowSelect {
    return this.tested(select, (number, matches) => {
      const { entry, isFirst } = this.table;
      if (number === NO_FLOW) return matches();
      if (isFirst) this.mark(entry, 0);
      if (this.marks[entry] === 1) return true;
      if (!matches()) return false;
      this.mark(entry, 1);
      return true;
    });
  }

  /** Selects nothing, but finds out which flows match. */
  search(select: Select, found: MatchedFlows): FlowSelect {
    return this.tested(select, (number, matches) => {
      if (number !== NO_FLOW && !found.has(number) && matches()) found.add(number);
      return false;
    });
  }

  /** All packets of flows that a {@link search} over the same packets has found, and what matches and is of no flow. */
  found(select: Select, found: MatchedFlows): FlowSelect {
    return this.tested(select, (number, matches) => (number === NO_FLOW ? matches() : found.has(number)));
  }

  private mark(entry: number, mark: 0 | 1): void {
    if (entry >= this.marks.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * entry));
      larger.set(this.marks);
      this.marks = larger;
    }
    this.marks[entry] = mark;
  }

  private tested(select: Select, decide: (number: number, matches: () => boolean) => boolean): FlowSelect {
    const { key, table } = this;
    const judges = new Map<CaptureInterface, Judge>();
    const tests: Select = (source, time) => {
      const judge = this.judge(select(source, time), decide);
      judges.set(source, judge);
      const { linkType } = source;
      return (bytes, start, capturedLength, wireLength) => {
        let number = NO_FLOW;
        if (key.read(linkType, bytes, start, capturedLength)) {
          time.read();
          number = table.numberOf(key, time.seconds + time.nanoseconds / 1e9);
        }
        return judge(number, bytes, start, capturedLength, wireLength) ? 1 : 0;
      };
    };
    return Object.assign(tests, { accelerator: flowAccelerator(table, (source) => judges.get(source)) });
  }

  private judge(test: PacketTest, decide: (number: number, matches: () => boolean) => boolean): Judge {
    const { first } = this;
    let [at, captured, wire] = [0, 0, 0];
    let data: Uint8Array;
    const matches = (): boolean => test(data, at, captured, wire) !== 0;
    return (number, bytes, start, capturedLength, wireLength) => {
      data = bytes;
      at = start;
      captured = capturedLength;
      wire = wireLength;
      const isWanted = first === undefined || number === NO_FLOW || this.isBeginning(first, wireLength);
      return decide(number, matches) && isWanted;
    };
  }

  /** Counts the packet. */
  private isBeginning({ packets, bytes }: FlowBeginning, wireLength: number): boolean {
    const { entry, isFirst } = this.table;
    if (entry >= this.amounts.length) {
      const larger = new Float64Array(Math.max(1024, 2 * entry));
      larger.set(this.amounts);
      this.amounts = larger;
    }
    const before = isFirst ? 0 : this.amounts[entry]!;
    this.amounts[entry] = before + (packets === undefined ? wireLength : 1);
    return before < (packets ?? bytes ?? Number.POSITIVE_INFINITY);
  }
}
