/**
 * Packets of the npm package pcap-parser, as batches of this library's packets.
 *
 * For programs that use pcap-parser already: its events become an iterable that waits for its reader,
 * and what the parser leaves unsaid, a file cut short, becomes an error. It reads pcap files with
 * microseconds only; everything else is for `openSavefile`.
 */

import { CaptureError } from './error.js';
import { type CaptureInterface, Packet, snapLengthOf } from './packet.js';
import { linkTypeField } from './pcap.js';

/**
 * A parser of pcap-parser 0.2.1, as far as it is used here. The package has no types of its own, and whoever uses ours
 * should not need any.
 */
export interface PcapParser {
  readonly stream: { pause(): unknown; resume(): unknown; destroy(): unknown };
  on(
    event: 'globalHeader',
    listener: (header: { readonly linkLayerType: number; readonly snapshotLength: number }) => void,
  ): unknown;
  on(event: 'packetHeader' | 'end', listener: () => void): unknown;
  on(
    event: 'packet',
    listener: (packet: { readonly header: PcapParserHeader; readonly data: Uint8Array }) => void,
  ): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface PcapParserHeader {
  readonly timestampSeconds: number;
  readonly timestampMicroseconds: number;
  readonly originalLength: number;
}

/** Packets held before the parser's stream is told to wait. */
const HIGH_WATER = 4096;

/**
 * @param parser - As `pcapParser.parse(...)` returned it, in the same tick: it starts on the next.
 * @returns The packets, in arrays; their bytes are not overwritten.
 * @throws CaptureError for a file that pcap-parser cannot read or that is cut short.
 */
export function fromPcapParser(parser: PcapParser): AsyncGenerator<Packet[], void, undefined> {
  let ready: Packet[] = [];
  let source: CaptureInterface | undefined;
  let announced = 0;
  let delivered = 0;
  let error: Error | undefined;
  let ended = false;
  let wake: () => void = () => {};

  parser.on('globalHeader', ({ linkLayerType, snapshotLength }) => {
    const type = linkTypeField(linkLayerType);
    source = { ...type, snapLength: snapLengthOf(snapshotLength, type.linkType), timestampUnit: 1e-6 };
  });
  parser.on('packetHeader', () => announced++);
  parser.on('packet', ({ header, data }) => {
    const { timestampSeconds, timestampMicroseconds, originalLength } = header;
    const kept = data.subarray(0, source!.snapLength);
    ready.push(new Packet(kept, originalLength, timestampSeconds, timestampMicroseconds * 1000, source!));
    delivered++;
    if (ready.length >= HIGH_WATER) parser.stream.pause();
    wake();
  });
  parser.on('error', (reason) => {
    error ??= new CaptureError('unknown-format', reason.message, { cause: reason });
    ended = true;
    wake();
  });
  parser.on('end', () => {
    ended = true;
    wake();
  });

  return (async function* () {
    try {
      for (;;) {
        if (ready.length > 0) {
          const batch = ready;
          ready = [];
          yield batch;
        } else if (ended) {
          break;
        } else {
          parser.stream.resume();
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (error !== undefined) throw error;
      // The parser says nothing of a file that ends early; what it has left over does.
      const left = (parser as unknown as { buffer?: Uint8Array | null }).buffer?.length ?? 0;
      if (source === undefined || announced > delivered || left > 0) {
        throw new CaptureError('truncated', 'truncated dump file, as far as pcap-parser can tell');
      }
    } finally {
      parser.stream.destroy();
    }
  })();
}
