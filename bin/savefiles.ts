/**
 * The savefile that `-w` names, packet by packet; or one after the other, where -C and -G ask for it. When the next one
 * begins and what it is called is tcpdump's way, which is in tcpdump(1) and, to the letter, in dump_packet_and_trunc()
 * and MakeFilename() of its tcpdump.c.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { ioError } from '../lib/command.js';
import {
  type Encoder,
  type Packet,
  PcapEncoder,
  PcapngEncoder,
  type PcapngOptions,
  type PcapOptions,
} from '../lib/index.js';
import { FileSink, PacketWriter } from '../lib/node.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { STDOUT, writeMessage } from './standard.js';
import { strftime } from './strftime.js';

/** Linux and tcpdump's name for standard output. */
const STDIO = '-';

/** Thrown where `-W` allows no more files after `-G`, which is no failure. */
export const NO_MORE_FILES = new Error('as many files as -W allows');

/** What a savefile is made like; a pcapng file takes interfaces from its packets. */
export interface SavefileForm extends PcapOptions {
  readonly format: 'pcap' | 'pcapng';
  /** What a pcapng file begins and ends with besides its packets. */
  readonly pcapng?: {
    readonly options: PcapngOptions;
    readonly begin: (encoder: PcapngEncoder) => void;
    readonly end: (encoder: PcapngEncoder) => void;
  };
}

export const savefileFormat = ({ write, writeFormat }: Options): SavefileForm['format'] =>
  writeFormat ?? (write?.endsWith('.pcapng') ? 'pcapng' : 'pcap');

/** Whether all packets of a capture go into one pcap file, and nothing else is asked of them. */
export const onlyCopies = (options: Options): boolean =>
  options.write !== undefined &&
  !options.print &&
  options.count === undefined &&
  savefileFormat(options) === 'pcap' &&
  options.rotateBytes === 0 &&
  options.rotateSeconds === 0 &&
  !options.makesIndex;

const openFileSink = (target: string | number, inputs: readonly string[]): FileSink =>
  new FileSink(target, ...inputs);

export class Savefiles {
  private readonly options: Options;
  private readonly form: SavefileForm;
  private readonly inputs: readonly string[];
  private readonly openSink: typeof openFileSink;
  /** Seconds since 1970. */
  private readonly clock: () => number;
  private readonly starting = new Set<Promise<void>>();
  /** When the period of `-G` began that the file is of, and how many there were before. */
  private since: number;
  private periods = 0;
  /** Number of the file within the period, which `-C` counts. */
  private number = 0;
  private path = '';
  private writer: PacketWriter;
  /** The writer whose file has its end. */
  private concluded: PacketWriter | undefined;

  /**
   * @param inputs - Paths that must not be written to, because they are being read.
   * @param openSink - Makes what takes the bytes of a file.
   */
  constructor(
    options: Options,
    form: SavefileForm,
    inputs: readonly string[] = [],
    clock: () => number = () => Math.floor(Date.now() / 1000),
    openSink = openFileSink,
  ) {
    const { write, rotateBytes, rotateSeconds } = options;
    if (write === STDIO && (rotateBytes > 0 || rotateSeconds > 0))
      throw new CommandError('standard output is one file: -C and -G need another one to write to');
    this.options = options;
    this.form = form;
    this.inputs = inputs;
    this.clock = clock;
    this.openSink = openSink;
    this.since = clock();
    this.writer = this.open();
  }

  /** @throws NO_MORE_FILES, and what {@link PacketWriter} throws. */
  write(packet: Packet): void {
    const { rotateBytes, rotateSeconds, fileCount, packetBuffered } = this.options;
    if (rotateSeconds > 0) {
      const now = this.clock();
      // A clock that is set back would keep the file open until it has caught up.
      if (now < this.since) this.since = now;
      if (now - this.since >= rotateSeconds) {
        this.since = now;
        this.periods++;
        this.end();
        if (rotateBytes === 0 && fileCount > 0 && this.periods >= fileCount) {
          writeMessage(`Maximum file limit reached: ${fileCount}\n`);
          throw NO_MORE_FILES;
        }
        this.number = 0;
        this.writer = this.open();
      }
    }
    if (rotateBytes > 0 && this.size > rotateBytes) {
      this.end();
      this.number++;
      if (fileCount > 0 && this.number >= fileCount) this.number = 0;
      this.writer = this.open();
    }
    this.writer.write(packet);
    if (packetBuffered) this.flush();
  }

  /** Appends records of a pcap file as they are, where the options ask for nothing between packets. */
  writeRecords(bytes: Uint8Array): void {
    this.flush();
    this.writer.sink.write(bytes);
  }

  flush(): void {
    this.writer.flush();
  }

  /** Appends what the file ends with; packets may not follow. */
  conclude(): void {
    if (this.concluded === this.writer) return;
    this.concluded = this.writer;
    const { encoder } = this.writer;
    if (encoder instanceof PcapngEncoder) this.form.pcapng?.end(encoder);
  }

  /** Settles when the commands of `-z` run, which go on by themselves. */
  async close(): Promise<void> {
    this.conclude();
    this.writer.close();
    await Promise.all(this.starting);
  }

  /** Bytes of the file so far. */
  private get size(): number {
    return this.writer.sink.bytesWritten + this.writer.encoder.size;
  }

  private open(): PacketWriter {
    this.path = this.name();
    const target = this.path === STDIO ? STDOUT : this.path;
    return new PacketWriter(this.makeEncoder(), this.openSink(target, this.inputs));
  }

  private makeEncoder(): Encoder {
    if (this.form.format === 'pcap') return new PcapEncoder(this.form);
    const encoder = new PcapngEncoder(this.form.pcapng?.options);
    encoder.start();
    this.form.pcapng?.begin(encoder);
    return encoder;
  }

  private name(): string {
    const { write, rotateBytes, rotateSeconds, fileCount } = this.options;
    const path = rotateSeconds > 0 ? strftime(write!, new Date(this.since * 1000)) : write!;
    const width = fileCount > 1 ? `${fileCount - 1}`.length : 0;
    if (rotateBytes === 0 || (this.number === 0 && width === 0)) return path;
    return path + `${this.number}`.padStart(width, '0');
  }

  /** Closes the file and hands it to the command of `-z`. */
  private end(): void {
    this.conclude();
    this.writer.close();
    const { rotateCommand } = this.options;
    if (rotateCommand === undefined) return;
    const started = start(rotateCommand, this.path).finally(() => this.starting.delete(started));
    this.starting.add(started);
  }
}

/** Runs a command with a file, and settles when it does; what is wrong is said. */
async function start(command: string, path: string): Promise<void> {
  try {
    const child = spawn(command, [path], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.unref();
    await once(child, 'spawn');
    lower(child.pid!);
  } catch (error) {
    writeMessage(`weir: -z ${command} ${path}: ${ioError(error, '').reason}\n`);
  }
}

/** Such a command must not be in the way of the capture. */
function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It is through already.
  }
}
