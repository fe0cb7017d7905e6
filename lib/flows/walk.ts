/**
 * Going through records of a pcap file by their flows, many at a time: what waits for memory, the places of a large table, is
 * asked for together, before the packets are looked at one after the other.
 */

import type {
  Accelerator,
  CaptureInterface,
  RecordLayout,
  RecordWalk,
  WalkState,
} from '../savefile/index.js';
import { FlowKey } from './key.js';
import { type FlowTable, NO_FLOW } from './table.js';

/** Whether a packet of a flow is wanted: its number, and the packet as a test is given it. */
export type Judge = (
  number: number,
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  wireLength: number,
) => boolean;

/** Records that are looked at together. */
const TOGETHER = 64;
/** Bytes of a capture from which on there is something to gain. */
const WORTH = 1 << 20;

type PcapLayout = Extract<RecordLayout, { kind: 'pcap' }>;

/**
 * Speeds up a scan that goes by flows. For one capture.
 *
 * @param judgeOf - What judges the packets of an interface; `undefined` before its first packet has been tested.
 */
export function flowAccelerator(
  table: FlowTable,
  judgeOf: (source: CaptureInterface) => Judge | undefined,
): Accelerator {
  const walker = new FlowWalker(table);
  return {
    worthFrom: WORTH,
    grow: (bytes, size) => walker.grow(bytes, size),
    places: () => new Uint32Array(0),
    walkFor(layout, source, takes): RecordWalk | undefined {
      if (layout.kind !== 'pcap' || takes === 'places') return undefined;
      return (state) => {
        const judge = judgeOf(source);
        if (judge !== undefined) walker.walk(layout, source, judge, takes === 'records', state);
      };
    },
  };
}

class FlowWalker {
  private readonly table: FlowTable;
  private bytes: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private readonly keys = Array.from({ length: TOGETHER }, () => new FlowKey());
  private readonly hashes = new Int32Array(TOGETHER);
  private readonly starts = new Uint32Array(TOGETHER + 1);
  private readonly lengths = new Uint32Array(TOGETHER);
  private readonly isOfFlow = new Uint8Array(TOGETHER);

  constructor(table: FlowTable) {
    this.table = table;
  }

  grow(bytes: Uint8Array, size: number): Uint8Array {
    const grown = new Uint8Array(size);
    grown.set(bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
    return grown;
  }

  walk(layout: PcapLayout, source: CaptureInterface, judge: Judge, gathers: boolean, state: WalkState): void {
    const { bytes, view, table, keys, hashes, starts, lengths, isOfFlow } = this;
    const { littleEndian, headerLength } = layout;
    const perSecond = source.timestampUnit < 1e-6 ? 1e9 : 1e6;
    for (let count = TOGETHER; count === TOGETHER; ) {
      count = this.gather(layout, source.linkType, state);
      table.touch(hashes, count);
      for (let at = 0; at < count; at++) {
        const start = starts[at]!;
        const data = start + headerLength;
        let number = NO_FLOW;
        if (isOfFlow[at] === 1) {
          const parts = view.getUint32(start + 4, littleEndian);
          const more = parts < perSecond ? 0 : Math.floor(parts / perSecond);
          number = table.numberOf(keys[at]!, view.getUint32(start, littleEndian) + more, hashes[at]!);
        }
        state.packets++;
        const isWanted = judge(number, bytes, data, lengths[at]!, view.getUint32(start + 12, littleEndian));
        if (isWanted) state.matched++;
        else if (gathers) drop(bytes, state, start, starts[at + 1]!);
        state.start = starts[at + 1]!;
        if (state.matched >= state.limit) return;
      }
    }
  }

  /** Finds the next records and the hashes of their flows. */
  private gather(layout: PcapLayout, linkType: number, { start, end }: WalkState): number {
    const { bytes, view, table, keys, hashes, starts, lengths, isOfFlow } = this;
    const { littleEndian, headerLength, maxCaptured, snapLength } = layout;
    let count = 0;
    let at = start;
    for (; count < TOGETHER && at + headerLength <= end; count++) {
      const captured = view.getUint32(at + 8, littleEndian);
      const data = at + headerLength;
      if (captured > maxCaptured || data + captured > end) break;
      const length = captured > snapLength ? snapLength : captured;
      const key = keys[count]!;
      starts[count] = at;
      lengths[count] = length;
      isOfFlow[count] = key.read(linkType, bytes, data, length) ? 1 : 0;
      hashes[count] = table.hashOf(key);
      at = data + captured;
    }
    starts[count] = at;
    return count;
  }
}

/** Leaves out the record from `start` to `next`: what was kept before it moves up to what was kept before that. */
function drop(bytes: Uint8Array, state: WalkState, start: number, next: number): void {
  const { runStart, keptStart, keptEnd } = state;
  state.runStart = next;
  if (runStart === start) return;
  if (keptStart === keptEnd) {
    state.keptStart = runStart;
    state.keptEnd = start;
    return;
  }
  bytes.copyWithin(keptEnd, runStart, start);
  state.keptEnd = keptEnd + start - runStart;
}
