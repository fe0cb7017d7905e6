/**
 * One pass over a capture into many: records go, byte for byte, to those that want them, everything that is no packet
 * goes to all, so that each part is a capture of the same kind.
 */

import { type Container, FAILED, MORE, PACKET, SECTION, type Step } from './container.js';
import type { CaptureInterface } from './packet.js';
import { type PacketTest, type Select, unsetSectionLength } from './scan.js';
import type { Sink } from './sink.js';
import type { Window } from './window.js';

/** Bytes that a part gathers at first: there may be many that get little. */
const FIRST_SIZE = 4096;

/** Where some of the packets go. */
export interface Part {
  /** Which; without it, all of them. */
  readonly select?: Select | undefined;
  /** Where, with everything that is not a packet. */
  readonly sink: Sink;
}

/** Which parts packets of an interface go to, where parts do not select for themselves. */
export type Choose = (source: CaptureInterface) => Choice;

/** Places of the parts of one packet, until the next is asked about. Arguments are those of a {@link PacketTest}. */
export type Choice = (...packet: Parameters<PacketTest>) => readonly number[];

/** A part on its way: what it wants by interface, what it has, what it gathers of a window. */
class Output {
  matched = 0;
  readonly part: Part;
  private readonly tests: (PacketTest | undefined)[] = [];
  private bytes = new Uint8Array(FIRST_SIZE);
  private length = 0;

  constructor(part: Part) {
    this.part = part;
  }

  wants(window: Window, source: CaptureInterface): boolean {
    const { select } = this.part;
    if (select === undefined) return true;
    const { bytes, dataStart, dataEnd, wireLength, interfaceIndex } = window;
    this.tests[interfaceIndex] ??= select(source);
    return this.tests[interfaceIndex](bytes, dataStart, dataEnd - dataStart, wireLength) !== 0;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.bytes.length));
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
}

/** A pass that parts a capture. */
export class Splitting {
  packets = 0;
  private readonly outputs: readonly Output[];
  private readonly rest: Output | undefined;
  private readonly choose: Choose | undefined;
  private readonly choices: (Choice | undefined)[] = [];

  /**
   * @param rest - Gets the packets that no part wants.
   * @param choose - Asked once for all parts.
   */
  constructor(parts: readonly Part[], rest: Sink | undefined, choose?: Choose) {
    this.choose = choose;
    this.outputs = parts.map((part) => new Output(part));
    this.rest = rest === undefined ? undefined : new Output({ sink: rest });
  }

  /** Packets that each part wanted, then those that none did. */
  get matched(): readonly number[] {
    return this.all.map(({ matched }) => matched);
  }

  /** Hands bytes that are no packet to everybody. */
  share(bytes: Uint8Array, start: number, end: number): void {
    for (const output of this.all) output.add(bytes, start, end);
  }

  /** Goes over every whole record in the window. */
  go(window: Window, container: Container): Step {
    for (;;) {
      const step = container.step(window);
      if (step === MORE || step === FAILED) return step;
      if (step === SECTION) unsetSectionLength(window.view, window.recordStart);
      if (step !== PACKET) this.share(window.bytes, window.recordStart, window.start);
      else this.part(window, container.interfaces[window.interfaceIndex]!);
    }
  }

  /** Writes what was gathered. */
  async write(): Promise<void> {
    for (const output of this.all) await output.write();
  }

  /** Has sinks hand on what they keep back. */
  async flush(): Promise<void> {
    for (const { part } of this.all) await part.sink.flush?.();
  }

  private get all(): readonly Output[] {
    return this.rest === undefined ? this.outputs : [...this.outputs, this.rest];
  }

  private part(window: Window, source: CaptureInterface): void {
    this.packets++;
    const taking =
      this.choose === undefined
        ? this.outputs.filter((output) => output.wants(window, source))
        : this.chosen(window, source, this.choose);
    for (const output of taking.length > 0 || this.rest === undefined ? taking : [this.rest]) {
      output.matched++;
      output.add(window.bytes, window.recordStart, window.start);
    }
  }

  private chosen(window: Window, source: CaptureInterface, choose: Choose): readonly Output[] {
    const { bytes, dataStart, dataEnd, wireLength, interfaceIndex } = window;
    this.choices[interfaceIndex] ??= choose(source);
    const places = this.choices[interfaceIndex](bytes, dataStart, dataEnd - dataStart, wireLength);
    return places.length === 0 ? NO_OUTPUTS : places.map((place) => this.outputs[place]!);
  }
}

const NO_OUTPUTS: readonly Output[] = [];
