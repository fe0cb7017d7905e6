/**
 * One pass over a capture into many: records go, byte for byte, to those that want them, everything that is no packet
 * goes to all, so that each part is a capture of the same kind.
 */

import { type Container, FAILED, MORE, PACKET, PacketTime, SECTION, type Step } from './container.js';
import type { CaptureInterface } from './packet.js';
import { type PacketTest, type Select, unsetSectionLength } from './scan.js';
import type { Sink } from './sink.js';
import type { Window } from './window.js';

/** Bytes that a part gathers at first: there may be many that get little. */
const FIRST_SIZE = 4096;
const NO_BYTES = new Uint8Array(0);

/** Where some of the packets go. */
export interface Part {
  /** Which; without it, all of them. */
  readonly select?: Select | undefined;
  /** Where, with everything that is not a packet. */
  readonly sink: Sink;
}

/** Which parts packets of an interface go to, where parts do not select for themselves. */
export type Choose = (source: CaptureInterface, time: PacketTime) => Choice;

/** Places of the parts of one packet, until the next is asked about. Arguments are those of a {@link PacketTest}. */
export type Choice = (...packet: Parameters<PacketTest>) => ArrayLike<number>;

/** A part on its way: what it wants by interface, what it has, what it gathers of a window. */
class Output {
  matched = 0;
  readonly part: Part;
  private readonly tests: (PacketTest | undefined)[] = [];
  private bytes: Uint8Array = NO_BYTES;
  private length = 0;

  constructor(part: Part) {
    this.part = part;
  }

  wants(window: Window, source: CaptureInterface, time: PacketTime): boolean {
    const { select } = this.part;
    if (select === undefined) return true;
    const { bytes, dataStart, dataEnd, wireLength, interfaceIndex } = window;
    this.tests[interfaceIndex] ??= select(source, time);
    return this.tests[interfaceIndex](bytes, dataStart, dataEnd - dataStart, wireLength) !== 0;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(FIRST_SIZE, length, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length = length;
  }

  async write(): Promise<void> {
    const { length } = this;
    this.length = 0;
    if (length > 0) await this.part.sink.write(this.bytes, 0, length);
  }

  /** Lets go of memory, where there are many parts. */
  rest(): void {
    this.bytes = NO_BYTES;
  }
}

/** A pass that parts a capture. */
export class Splitting {
  packets = 0;
  private readonly outputs: Output[];
  private readonly rest: Output | undefined;
  /** What has been gathered of the window. */
  private readonly gathering = new Set<Output>();
  /** Makes parts that are chosen and not there yet; what they begin with. */
  private readonly make: ((place: number) => Part) | undefined;
  private readonly beginning: Uint8Array[] = [];
  private readonly choose: Choose | undefined;
  private time: PacketTime | undefined;
  private readonly choices: (Choice | undefined)[] = [];

  /**
   * @param rest - Gets the packets that no part wants.
   * @param choose - Asked once for all parts.
   * @param make - Makes the part of a place that is chosen and not there.
   */
  constructor(
    parts: readonly Part[],
    rest: Sink | undefined,
    choose?: Choose,
    make?: (place: number) => Part,
  ) {
    this.choose = choose;
    this.make = make;
    this.outputs = parts.map((part) => new Output(part));
    this.rest = rest === undefined ? undefined : new Output({ sink: rest });
  }

  /** Packets that each part wanted, then those that none did. */
  get matched(): readonly number[] {
    return this.all.map(({ matched }) => matched);
  }

  /** Hands bytes that are no packet to everybody. */
  share(bytes: Uint8Array, start: number, end: number): void {
    if (this.make !== undefined) this.beginning.push(bytes.slice(start, end));
    for (const output of this.all) this.give(output, bytes, start, end);
  }

  /** Goes over every whole record in the window. */
  go(window: Window, container: Container): Step {
    for (;;) {
      const step = container.step(window);
      if (step === MORE || step === FAILED) return step;
      if (step === SECTION) unsetSectionLength(window.view, window.recordStart);
      if (step !== PACKET) this.share(window.bytes, window.recordStart, window.start);
      else {
        this.time ??= new PacketTime(window, container);
        this.part(window, container.interfaces[window.interfaceIndex]!, this.time);
      }
    }
  }

  /** Writes what was gathered. */
  async write(): Promise<void> {
    for (const output of this.gathering) {
      await output.write();
      if (this.make !== undefined) output.rest();
    }
    this.gathering.clear();
  }

  private give(output: Output, bytes: Uint8Array, start: number, end: number): void {
    output.add(bytes, start, end);
    this.gathering.add(output);
  }

  /** Has sinks hand on what they keep back. */
  async flush(): Promise<void> {
    for (const { part } of this.all) await part.sink.flush?.();
  }

  private get all(): readonly Output[] {
    return this.rest === undefined ? this.outputs : [...this.outputs, this.rest];
  }

  private part(window: Window, source: CaptureInterface, time: PacketTime): void {
    this.packets++;
    const taking =
      this.choose === undefined
        ? this.outputs.filter((output) => output.wants(window, source, time))
        : this.chosen(window, this.choose, source, time);
    for (const output of taking.length > 0 || this.rest === undefined ? taking : [this.rest]) {
      output.matched++;
      this.give(output, window.bytes, window.recordStart, window.start);
    }
  }

  private chosen(
    window: Window,
    choose: Choose,
    source: CaptureInterface,
    time: PacketTime,
  ): readonly Output[] {
    const { bytes, dataStart, dataEnd, wireLength, interfaceIndex } = window;
    this.choices[interfaceIndex] ??= choose(source, time);
    const places = this.choices[interfaceIndex](bytes, dataStart, dataEnd - dataStart, wireLength);
    return places.length === 0
      ? NO_OUTPUTS
      : Array.from(places, (place) => this.outputs[place] ?? this.made(place));
  }

  /** Places are chosen in order. */
  private made(place: number): Output {
    const output = new Output(this.make!(place));
    for (const bytes of this.beginning) this.give(output, bytes, 0, bytes.length);
    this.outputs[place] = output;
    return output;
  }
}

const NO_OUTPUTS: readonly Output[] = [];
