/** What is in a capture: counts, times, rates, interfaces, drops, comments. */

import {
  type Capture,
  type CaptureInterface,
  OPTION,
  type Option,
  optionText,
  optionTexts,
  readOptions,
} from '../savefile/index.js';

/** What is known of one interface of a capture. */
export interface InterfaceSummary {
  readonly linkType: number;
  readonly snapLength: number;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** The filter it was captured with, as text. */
  readonly filter: string | undefined;
  /** Seconds that a unit of its time stamps lasts. */
  readonly timestampUnit: number;
  readonly packets: number;
  /** As the last of its statistics say; `undefined` where there are none. */
  readonly received: number | undefined;
  readonly dropped: number | undefined;
}

/** What is in a capture. Times are in nanoseconds since 1970-01-01 UTC. */
export interface CaptureSummary {
  readonly format: 'pcap' | 'pcapng';
  readonly compression: string | undefined;
  readonly packets: number;
  /** Bytes the packets had on the wire, and those that were captured. */
  readonly wireBytes: number;
  readonly capturedBytes: number;
  /** Packets of which fewer bytes were captured than there were. */
  readonly cutPackets: number;
  readonly firstNs: bigint | undefined;
  readonly lastNs: bigint | undefined;
  /** Whether no packet has an earlier time than the one before. */
  readonly inOrder: boolean;
  readonly interfaces: readonly InterfaceSummary[];
  /** Comments of packets. */
  readonly comments: readonly string[];
  /** Why the capture could not be read to its end. */
  readonly error: Error | undefined;
}

/** Block types of a section header, an interface and its statistics. */
const SECTION = 0x0a0d_0d0a;
const INTERFACE = 1;
const STATISTICS = 5;

/**
 * Reads a capture to its end and tells what is in it. First and last are the earliest and the latest time, as with
 * capinfos. Does not throw where the capture is damaged: `error` says so.
 */
export async function summarize(capture: Capture): Promise<CaptureSummary> {
  let [wireBytes, capturedBytes, cutPackets, packets] = [0, 0, 0, 0];
  let [first, last, before]: (bigint | undefined)[] = [];
  let inOrder = true;
  let error: Error | undefined;
  const counts = new Map<CaptureInterface, number>();
  const comments: string[] = [];
  try {
    for await (const batch of capture.batches())
      for (const packet of batch) {
        const time = BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds);
        if (before !== undefined && time < before) inOrder = false;
        before = time;
        if (first === undefined || time < first) first = time;
        if (last === undefined || time > last) last = time;
        packets++;
        wireBytes += packet.wireLength;
        capturedBytes += packet.data.length;
        if (packet.data.length < packet.wireLength) cutPackets++;
        counts.set(packet.interface, (counts.get(packet.interface) ?? 0) + 1);
        if (packet.options.length > 0) comments.push(...optionTexts(packet.options, OPTION.comment));
      }
  } catch (thrown) {
    error = thrown as Error;
  }
  return {
    format: capture.format,
    compression: capture.compression,
    packets,
    wireBytes,
    capturedBytes,
    cutPackets,
    firstNs: first,
    lastNs: last,
    inOrder,
    interfaces: capture.interfaces.map((source) => interfaceSummary(source, counts.get(source) ?? 0)),
    comments,
    error,
  };
}

function interfaceSummary(source: CaptureInterface, packets: number): InterfaceSummary {
  const { linkType, snapLength, name, description, timestampUnit, options = [] } = source;
  return {
    linkType,
    snapLength,
    name,
    description,
    filter: filterText(options),
    timestampUnit,
    packets,
    received: undefined,
    dropped: undefined,
  };
}

/** The option's first byte says of what kind the filter is; 0 is text (draft-ietf-opsawg-pcapng §4.2). */
function filterText(options: readonly Option[]): string | undefined {
  const text = optionText(options, OPTION.interface.filter);
  return text?.startsWith('\0') ? text.slice(1) : undefined;
}

/**
 * Adds to a summary what the capture's Interface Statistics Blocks say (draft-ietf-opsawg-pcapng §4.6).
 *
 * @param capture - The same capture, opened anew.
 */
export async function withStatistics(summary: CaptureSummary, capture: Capture): Promise<CaptureSummary> {
  const told = new Map<number, Pick<InterfaceSummary, 'received' | 'dropped'>>();
  const collected: Uint8Array[] = [];
  const sink = {
    write: (bytes: Uint8Array, start: number, end: number) => void collected.push(bytes.slice(start, end)),
  };
  try {
    await capture.scan({ select: () => () => 0, sink });
  } catch {
    // Told of by the summary.
  }
  const bytes = concatenated(collected);
  const view = new DataView(bytes.buffer);
  let isLittle = true;
  let firstOfSection = 0;
  let interfaces = 0;
  for (let at = 0; at + 12 <= bytes.length; ) {
    if (view.getUint32(at) === SECTION) {
      isLittle = view.getUint32(at + 8, true) === 0x1a2b_3c4d;
      firstOfSection = interfaces;
    }
    const [type, length] = [view.getUint32(at, isLittle), view.getUint32(at + 4, isLittle)];
    if (length < 12 || at + length > bytes.length) break;
    if (type === INTERFACE) interfaces++;
    if (type === STATISTICS && length >= 24) {
      const read = readOptions(bytes, at + 20, at + length - 4, isLittle);
      const options = typeof read === 'string' ? [] : read;
      const number = (code: number): number | undefined => {
        const value = options.find((option) => option.code === code)?.value;
        if (value?.length !== 8) return undefined;
        return Number(new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0, isLittle));
      };
      const place = firstOfSection + view.getUint32(at + 8, isLittle);
      const { received, dropped, droppedBySystem } = OPTION.statistics;
      const lost = [number(dropped), number(droppedBySystem)].filter((count) => count !== undefined);
      const sum = lost.length === 0 ? undefined : lost.reduce((a, b) => a + b);
      told.set(place, { received: number(received), dropped: sum });
    }
    at += length;
  }
  const all = summary.interfaces.map((source, place) => ({ ...source, ...told.get(place) }));
  return { ...summary, interfaces: all };
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
