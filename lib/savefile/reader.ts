/**
 * Reading a capture: in batches of packets, packet by packet, or by the fast path of scan.ts.
 *
 * Nothing here needs Node: {@link readCapture} reads chunks of bytes from anywhere. Files, pipes and
 * compression are added by file.ts.
 */

import type { Accelerator, RecordLayout } from './accelerator.js';
import { type Container, FAILED, MORE, PACKET, SECTION } from './container.js';
import { CaptureError } from './error.js';
import type { CaptureInterface, Packet } from './packet.js';
import { type Compression, MAGIC_LENGTH, openContainer } from './recognise.js';
import { Scan, type Select, scanWindow, unsetSectionLength } from './scan.js';
import type { Sink } from './sink.js';
import { type Chunks, chunkSource, type Source } from './source.js';
import { type Choose, type Part, Splitting } from './split.js';
import { Window } from './window.js';

/** Most packets in one batch. */
const BATCH = 4096;
const NOWHERE = { packets: 0, matched: 0 };
/** Milliseconds after which a reader that never waits lets the event loop turn. */
const BREATH = 20;

/** Which packets to take. */
export interface Selection {
  /** Makes the test for an interface; without it every packet matches. */
  readonly select?: Select | undefined;
  /**
   * Tests many packets at once, as `select` does one by one. Comes into play where much is to be read, unless a
   * scan has both a sink and `onMatch`: small captures are over before it would pay. For this capture alone: what
   * is read lies in its memory.
   */
  readonly accelerator?: Accelerator | undefined;
}

/** A selection is for whatever reads the capture and is given none of its own. */
export interface ReadOptions extends Selection {
  /** Name for error messages; the path where the capture comes from a file. */
  readonly name?: string | undefined;
  /** Ends reading early: the pending and every later read rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes read at a time. */
  readonly chunkSize?: number | undefined;
}

/** What a scan looks for, and what becomes of it. */
export interface ScanOptions extends Selection {
  /** Stop after this many matches. */
  readonly limit?: number | undefined;
  /**
   * Where matching records go, byte for byte and in the container they came in, with everything that
   * is not a packet: file header, or sections, interfaces, names, secrets, statistics, unknown blocks.
   */
  readonly sink?: Sink | undefined;
  /** Called for each match; the packet's data is overwritten later, so copy what is to be kept. */
  readonly onMatch?: ((packet: Packet) => void) | undefined;
}

/**
 * An open capture. It is read once, from front to back, by one of `batches()`, iteration and `scan()`.
 *
 * When the input is damaged or cut short, everything readable before that place is delivered first,
 * then reading rejects with a {@link CaptureError}.
 */
export class Capture implements AsyncIterable<Packet>, AsyncDisposable {
  /** For who prints one: bundling gives classes other names. */
  static readonly name = 'Capture';
  readonly name: string;
  readonly format: 'pcap' | 'pcapng';
  readonly compression: Compression | undefined;
  /** Packets stepped over so far. */
  packetsRead = 0;
  /** Packets that the test of the last `scan()` or `batches()` accepted. */
  packetsMatched = 0;

  private readonly container: Container;
  private readonly window: Window;
  private source: Source;
  private readonly signal: AbortSignal | undefined;
  private readonly selection: Selection;
  private inputEnded = false;
  private closed = false;
  /** By the clock on the wall: it is at hand, where `performance` has to be loaded first. */
  private lastBreath = performance.now();
  /** First byte of the window that a scan has not handed on; -1 once there is none. */
  private heldFrom = 0;
  /** Where in the window the section headers are that were stepped over when opening. */
  private readonly heldSections: number[] = [];

  /** Use {@link openSource}. */
  constructor(
    container: Container,
    window: Window,
    source: Source,
    compression: Compression | undefined,
    options: ReadOptions,
  ) {
    this.name = options.name ?? '';
    this.format = container.format;
    this.compression = compression;
    this.container = container;
    this.window = window;
    this.source = source;
    this.signal = options.signal;
    const { select, accelerator } = options;
    this.selection = { select, accelerator };
  }

  /** Interfaces met so far. A pcap file has one; those of a pcapng file come as they are read. */
  get interfaces(): readonly CaptureInterface[] {
    return this.container.interfaces;
  }

  /** Bytes of the (decompressed) file stepped over so far. */
  get bytesRead(): number {
    return this.window.offset;
  }

  /**
   * The packets, in arrays. Data of a batch is overwritten when the next one is asked for, or gone with the memory
   * it was in: who keeps a packet copies it.
   *
   * @param selection - Which packets, where they are not those that the capture was opened for.
   */
  async *batches(selection: Select | Selection = this.selection): AsyncGenerator<Packet[], void, undefined> {
    const { select, accelerator } =
      typeof selection === 'function' ? { select: selection, accelerator: undefined } : selection;
    const { window, container } = this;
    const readBefore = this.packetsRead;
    let batch: Packet[] = [];
    const scan = new Scan(select, 0, (packet) => batch.push(packet), false);
    let waiting = select === undefined ? undefined : accelerator;
    this.heldFrom = -1;
    try {
      for (;;) {
        if (waiting !== undefined && this.pays(waiting)) {
          this.accelerate(scan, waiting);
          waiting = undefined;
        }
        scan.limit = scan.matched + BATCH;
        const step = scanWindow(window, container, scan);
        this.packetsRead = readBefore + scan.packets;
        this.packetsMatched = scan.matched;
        if (batch.length > 0) {
          yield batch;
          batch = [];
        }
        if (scan.failure !== undefined) throw scan.failure;
        if (step === FAILED) throw this.damage();
        if (step === MORE && !(await this.fill())) return;
        if (performance.now() - this.lastBreath > BREATH) await this.breathe();
        this.signal?.throwIfAborted();
      }
    } finally {
      await this.close();
    }
  }

  /**
   * The packets, one by one: the convenient form, an order of magnitude slower than `batches()`. A
   * packet's data stays valid until the next one is asked for.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Packet, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /**
   * Walks over the rest of the capture without making packets: counts, and writes what matches. The
   * counts are in `packetsRead` and `packetsMatched`, also while it runs and after an error. At the end of
   * the input it is closed; after a limit, another scan can go on.
   */
  async scan(options: ScanOptions = {}): Promise<void> {
    try {
      try {
        if (await this.scanOn(options.select === undefined ? { ...options, ...this.selection } : options))
          return;
      } finally {
        await options.sink?.flush?.();
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    await this.close();
  }

  /**
   * Parts the rest of the capture in one pass, byte for byte, as `scan()` copies: a packet goes to every part that
   * selects it, what is no packet goes to all parts.
   *
   * @param rest - Gets the packets that no part selects.
   * @param choose - Tells which parts a packet goes to, in place of what they select.
   * @param make - Makes a part that is chosen and not there yet; places are chosen in order.
   * @returns How many packets each part got, and last `rest`, if there is one.
   */
  async split(
    parts: readonly Part[],
    rest?: Sink,
    choose?: Choose,
    make?: (place: number) => Part,
  ): Promise<readonly number[]> {
    const { window, container } = this;
    const splitting = new Splitting(parts, rest, choose, make);
    const readBefore = this.packetsRead;
    for (const at of this.heldSections) unsetSectionLength(window.view, at);
    if (this.heldFrom >= 0) splitting.share(window.bytes, this.heldFrom, window.start);
    this.heldFrom = -1;
    try {
      for (;;) {
        const step = splitting.go(window, container);
        this.packetsRead = readBefore + splitting.packets;
        await splitting.write();
        if (step === FAILED) throw this.damage();
        if (!(await this.fill())) return splitting.matched;
        if (performance.now() - this.lastBreath > BREATH) await this.breathe();
      }
    } finally {
      await splitting.flush();
      await this.close();
    }
  }

  /** Steps over what comes before the first packet; offset of that, `undefined` where there is none at hand. */
  async readUntilPacket(): Promise<number | undefined> {
    const { window, container } = this;
    for (;;) {
      const step = container.step(window);
      if (step === PACKET) {
        window.start = window.recordStart;
        return window.offset;
      }
      if (step === FAILED || (step === MORE && window.room === 0)) return undefined;
      if (step === SECTION) this.heldSections.push(window.recordStart);
      if (step === MORE && !(await this.append())) return undefined;
    }
  }

  /**
   * Goes on with another source: for what comes behind all that was stepped over.
   *
   * @param offset - Where it lies in the file; without it, there.
   */
  continueWith(source: Source, offset?: number): void {
    const { window } = this;
    this.source = source;
    this.inputEnded = false;
    this.closed = false;
    if (offset === undefined) window.end = window.start;
    else {
      window.moveOn(offset);
      this.heldFrom = -1;
    }
  }

  /** How the records lie that come next, where it is the same for all; changes of what they are read by. */
  get records(): { readonly layout: RecordLayout | undefined; readonly revision: number } {
    return { layout: this.container.run?.layout, revision: this.container.revision };
  }

  /** Gives whether the input may hold more: the limit was reached. */
  private async scanOn(options: ScanOptions): Promise<boolean> {
    const { window, container } = this;
    const { sink, select, onMatch } = options;
    const isMixed = onMatch !== undefined && sink !== undefined;
    let accelerator = select === undefined || isMixed ? undefined : options.accelerator;
    const scan = new Scan(select, options.limit, onMatch, sink !== undefined);
    const heldFrom = this.heldFrom;
    const readBefore = this.packetsRead;
    if (scan.drops) for (const at of this.heldSections) unsetSectionLength(window.view, at);
    this.heldFrom = -1;
    let from = heldFrom < 0 ? window.start : heldFrom;
    for (;;) {
      if (accelerator !== undefined && this.pays(accelerator)) {
        this.accelerate(scan, accelerator);
        accelerator = undefined;
      }
      const step = scanWindow(window, container, scan, from);
      this.count(scan, readBefore);
      if (sink !== undefined && scan.keptStart < scan.keptEnd) {
        const written = sink.write(window.bytes, scan.keptStart, scan.keptEnd);
        if (written !== undefined) await written;
      }
      if (scan.failure !== undefined) throw scan.failure;
      if (step === FAILED) throw this.damage();
      if (step === PACKET) return true;
      // What is no file may have nothing to read for long.
      if (sink?.flush !== undefined && this.source.size === undefined) await sink.flush();
      const filled = this.fill();
      if (!(typeof filled === 'boolean' ? filled : await filled)) {
        this.count(scan, readBefore);
        return false;
      }
      if (performance.now() - this.lastBreath > BREATH) await this.breathe();
      from = window.start;
    }
  }

  private count(scan: Scan, readBefore: number): void {
    const { packets, matched } = this.source.elsewhere ?? NOWHERE;
    this.packetsRead = readBefore + scan.packets + packets;
    this.packetsMatched = scan.matched + matched;
  }

  /** Bytes of the file; `undefined` where they are not known beforehand: pipes, streams, compressed files. */
  get bytesTotal(): number | undefined {
    return this.source.size;
  }

  /** Closes the input. Does nothing when it is closed already. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Steps over what comes before the first packet, so that `interfaces` tells what to compile for.
   * What was stepped over stays in the window for a scan to hand on; where it does not fit, opening
   * ends without an interface.
   */
  async readUntilInterface(): Promise<void> {
    const { window, container } = this;
    while (container.interfaces.length === 0) {
      const step = container.step(window);
      if (step === FAILED) throw this.damage();
      if (step === SECTION) this.heldSections.push(window.recordStart);
      if (step !== MORE) continue;
      if (window.room === 0) window.expand();
      if (window.room === 0 || !(await this.append())) return;
    }
  }

  /** Whether there is, or has been, enough to read. */
  private pays({ worthFrom }: Accelerator): boolean {
    return Math.max(this.window.offset, this.source.size ?? 0) >= worthFrom;
  }

  private accelerate(scan: Scan, accelerator: Accelerator): void {
    this.window.moveTo(accelerator.grow);
    scan.accelerate(accelerator);
  }

  /** Gets more bytes. `false` at a well-formed end of the input. */
  private fill(): boolean | Promise<boolean> {
    this.window.makeRoom();
    return this.append();
  }

  private append(): boolean | Promise<boolean> {
    this.signal?.throwIfAborted();
    if (this.inputEnded) return false;
    const count = this.source.read(this.window);
    return typeof count === 'number' ? this.appended(count) : this.appendLater(count);
  }

  private async appendLater(count: Promise<number>): Promise<boolean> {
    try {
      return this.appended(await abortable(count, this.signal));
    } catch (error) {
      throw error instanceof CaptureError ? error.in(this.name) : error;
    }
  }

  private appended(count: number): boolean {
    if (count > 0) return true;
    this.inputEnded = true;
    const error = this.container.finish(this.window);
    if (error !== undefined) throw error.in(this.name);
    return false;
  }

  private async breathe(): Promise<void> {
    await this.source.breathe?.();
    this.lastBreath = performance.now();
    this.signal?.throwIfAborted();
  }

  private damage(): CaptureError {
    return this.container.error!.in(this.name);
  }
}

/**
 * Opens a capture from chunks of bytes: anything iterable, synchronous or not, or a Web stream.
 *
 * @throws CaptureError where the first bytes are no capture.
 */
export async function readCapture(chunks: Chunks, options: ReadOptions = {}): Promise<Capture> {
  return openSource(chunkSource(chunks), new Window(options.chunkSize), undefined, options);
}

/** Opens a capture from a source whose first bytes may be in the window already. */
export async function openSource(
  source: Source,
  window: Window,
  compression: Compression | undefined,
  options: ReadOptions,
): Promise<Capture> {
  try {
    await readMagic(source, window, options.signal);
    const capture = new Capture(openContainer(window), window, source, compression, options);
    await capture.readUntilInterface();
    return capture;
  } catch (error) {
    await source.close();
    throw error instanceof CaptureError ? error.in(options.name ?? '') : error;
  }
}

/** Reads until the window holds the bytes that tell formats apart, or the input ends. */
export async function readMagic(source: Source, window: Window, signal?: AbortSignal): Promise<void> {
  while (window.end - window.start < MAGIC_LENGTH) {
    if ((await abortable(source.read(window), signal)) === 0) return;
  }
}

/** Settles as `result` does, or rejects with the signal's reason if that comes first. */
function abortable<Value>(result: Value | Promise<Value>, signal?: AbortSignal): Value | Promise<Value> {
  if (signal === undefined || !(result instanceof Promise)) return result;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
