/** Where packets that are read go: a savefile, printed lines, both, or nowhere. */

import { maxCapturedLength, SNAP_LENGTH } from '../lib/command.js';
import type { Capture, CaptureInterface, Packet, Selection, Sink } from '../lib/index.js';
import { FileSink, GatheringSink } from '../lib/node.js';
import type { Options } from './options.js';
import type { TextOutput } from './print.js';
import type { SavefileForm, Savefiles } from './savefiles.js';
import type { Follow } from './seek.js';
import { STDIO, STDOUT } from './standard.js';

/** Where what matches goes: a savefile, printed lines, both, or nowhere. */
export class Output {
  private readonly options: Options;
  private readonly names: readonly string[];
  private readonly text: TextOutput | undefined;
  /** For records copied as they are. */
  private file: FileSink | undefined;
  /** For packets written anew. */
  private savefiles: Savefiles | undefined;
  private limitReached: Error | undefined;
  private readonly label: (() => string) | undefined;
  private follow: Follow | undefined;

  /** @param label - What the line of the packet that was tested last begins with. */
  constructor(
    options: Options,
    names: readonly string[],
    text: TextOutput | undefined,
    label?: (() => string) | undefined,
  ) {
    this.options = options;
    this.label = label;
    this.names = names;
    this.text = text;
  }

  /**
   * Prepares the output file for a capture. Where it is one file of the same kind, records are copied byte for byte
   * by the sink returned; else packets are written anew.
   */
  async sinkFor(capture: Capture): Promise<Sink | undefined> {
    const { write, packetBuffered } = this.options;
    if (write === undefined) return undefined;
    if (this.options.makesIndex) this.follow = (await import('./seek.js')).followerOf(this.options);
    const inputs = this.names.filter((name) => name !== STDIO);
    if (this.mustEncode(capture)) {
      if (this.savefiles !== undefined) return undefined;
      const { NO_MORE_FILES, Savefiles } = await import('./savefiles.js');
      this.limitReached = NO_MORE_FILES;
      this.savefiles = new Savefiles(this.options, this.formLike(capture), inputs, undefined, this.open);
      return undefined;
    }
    this.file = this.open(write === STDIO ? STDOUT : write, inputs);
    return packetBuffered ? this.file : new GatheringSink(this.file);
  }

  private readonly open = (target: string | number, inputs: readonly string[]): FileSink => {
    const sink = new FileSink(target, ...inputs);
    sink.follower = this.follow?.(sink.name);
    return sink;
  };

  /** What to do with each match, where copying records is not all. */
  get onMatch(): ((packet: Packet) => void) | undefined {
    const { text, savefiles, label } = this;
    if (savefiles === undefined) return text && ((packet) => text.print(packet, label?.()));
    return (packet) => {
      savefiles.write(packet);
      text?.print(packet, label?.());
    };
  }

  /** The same for all packets, as a selection: where they need not be made to be printed. */
  get selection(): Selection | undefined {
    const select = this.savefiles === undefined ? this.text?.select : undefined;
    return select && { select };
  }

  /** Whether this was thrown because as many files are written as were asked for. */
  isFull(error: unknown): boolean {
    return error === this.limitReached;
  }

  flush(): void {
    this.savefiles?.flush();
    this.text?.flush();
  }

  /** Savefiles first: where lines go may be full, or gone. */
  async finish(): Promise<void> {
    this.file?.close();
    await this.savefiles?.close();
    this.text?.flush();
  }

  private mustEncode(capture: Capture): boolean {
    const { precision, rotateBytes, rotateSeconds } = this.options;
    return (
      this.names.length > 1 ||
      precision !== undefined ||
      rotateBytes > 0 ||
      rotateSeconds > 0 ||
      this.formatFor(capture) !== capture.format
    );
  }

  /** The container asked for, or that the file's name stands for, or that of what is read. */
  private formatFor(capture: Capture): 'pcap' | 'pcapng' {
    const { write, writeFormat } = this.options;
    if (writeFormat !== undefined) return writeFormat;
    const suffix = /\.(pcap|pcapng)$/.exec(write!)?.[1];
    return (suffix as 'pcap' | 'pcapng' | undefined) ?? capture.format;
  }

  private formLike(capture: Capture): SavefileForm {
    const source: CaptureInterface = capture.interfaces[0] ?? {
      linkType: 1,
      snapLength: SNAP_LENGTH,
      timestampUnit: 1e-6,
    };
    const { precision } = this.options;
    return {
      format: this.formatFor(capture),
      linkType: source.linkType,
      // Interfaces that come later may have kept more, and readers cut packets at what a pcap file's header says.
      snapLength:
        capture.format === 'pcap'
          ? source.snapLength
          : Math.max(source.snapLength, maxCapturedLength(source.linkType)),
      nanoseconds: precision === undefined ? source.timestampUnit < 1e-6 : precision === 'nano',
      bigEndian: source.bigEndian === true && capture.format === 'pcap',
      fcsLength: source.fcsLength,
    };
  }
}
