/**
 * A capture that is in memory as a whole, and where its packets lie: for who shows any of them in any order. Nothing of
 * a packet is copied or looked at.
 */

import { FAILED, MORE, PACKET } from './container.js';
import type { CaptureError } from './error.js';
import { type CaptureInterface, Packet } from './packet.js';
import { openContainer } from './recognise.js';
import { Window } from './window.js';

/** Packets are numbered from 0. */
export class LocatedCapture {
  readonly bytes: Uint8Array;
  readonly format: 'pcap' | 'pcapng';
  readonly interfaces: readonly CaptureInterface[];
  /** How many packets there are, of which the first this many entries of the arrays tell. */
  count = 0;
  /** Where each packet's bytes begin, and how many they are. */
  starts = new Uint32Array(1024);
  lengths = new Uint32Array(1024);
  /** Bytes each had on the wire. */
  wireLengths = new Uint32Array(1024);
  /** Index of the interface that each came in by. */
  sources = new Uint16Array(1024);
  /** When each came, as in {@link Packet}. */
  seconds = new Float64Array(1024);
  nanoseconds = new Uint32Array(1024);
  /** Why there is no more behind the last packet; `undefined` at a well-formed end. */
  readonly error: CaptureError | undefined;

  /**
   * @param bytes - The file, not compressed, less than 4 GiB.
   * @throws CaptureError where the first bytes are no capture.
   */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const window = new Window(0);
    window.bytes = bytes;
    window.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    window.end = bytes.length;
    const container = openContainer(window);
    this.format = container.format;
    this.interfaces = container.interfaces;
    const time = { seconds: 0, nanoseconds: 0 };
    let step = container.step(window);
    for (; step !== MORE && step !== FAILED; step = container.step(window)) {
      if (step !== PACKET) continue;
      container.readTime(window, time);
      this.note(window, time.seconds, time.nanoseconds);
    }
    this.error = step === FAILED ? container.error : container.finish(window);
  }

  /** A packet, whose data is a view of the file. */
  packet(index: number): Packet {
    const start = this.starts[index]!;
    return new Packet(
      this.bytes.subarray(start, start + this.lengths[index]!),
      this.wireLengths[index]!,
      this.seconds[index]!,
      this.nanoseconds[index]!,
      this.interfaces[this.sources[index]!]!,
    );
  }

  private note(
    { dataStart, dataEnd, wireLength, interfaceIndex }: Window,
    seconds: number,
    nanoseconds: number,
  ): void {
    const at = this.count++;
    if (at === this.starts.length) this.grow();
    this.starts[at] = dataStart;
    this.lengths[at] = dataEnd - dataStart;
    this.wireLengths[at] = wireLength;
    this.sources[at] = interfaceIndex;
    this.seconds[at] = seconds;
    this.nanoseconds[at] = nanoseconds;
  }

  private grow(): void {
    this.starts = larger(this.starts, new Uint32Array(2 * this.count));
    this.lengths = larger(this.lengths, new Uint32Array(2 * this.count));
    this.wireLengths = larger(this.wireLengths, new Uint32Array(2 * this.count));
    this.sources = larger(this.sources, new Uint16Array(2 * this.count));
    this.seconds = larger(this.seconds, new Float64Array(2 * this.count));
    this.nanoseconds = larger(this.nanoseconds, new Uint32Array(2 * this.count));
  }
}

function larger<Values extends Uint16Array | Uint32Array | Float64Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}
