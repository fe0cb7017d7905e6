/**
 * Packets into a file: an encoder and the sink it fills.
 */

import type { FileSink } from './file.js';
import type { Packet } from './packet.js';
import type { Encoder } from './writer.js';

/** Bytes gathered before they are written. */
const FLUSH = 262_144;

/** Writes packets to a file, some hundred KB at a time. */
export class PacketWriter {
  readonly encoder: Encoder;
  readonly sink: FileSink;

  /** @param sink - Closed together with the writer. */
  constructor(encoder: Encoder, sink: FileSink) {
    this.encoder = encoder;
    this.sink = sink;
    encoder.start();
  }

  /** @throws CaptureError where the format cannot hold the packet, or the file takes no more. */
  write(packet: Packet): void {
    this.encoder.write(packet);
    if (this.encoder.size >= FLUSH) this.flush();
  }

  /** Hands everything so far to the operating system. */
  flush(): void {
    if (this.encoder.size > 0) this.sink.write(this.encoder.take());
  }

  close(): void {
    this.flush();
    this.sink.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
