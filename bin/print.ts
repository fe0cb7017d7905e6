/** Packets as lines on standard output, gathered into large writes: tcpdump's text, fields or JSON. */

import type { PacedSink } from '../lib/command.js';
import type { Columns } from '../lib/decode.js';
import { createPrinter, type Packet, type Select } from '../lib/index.js';
import { FileSink, systemNames } from '../lib/node.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { isTerminal, STDOUT, writeOutput } from './standard.js';

const FLUSH_CHARACTERS = 1 << 16;

/** Gathers what packets become. */
interface Lines {
  /** Adds a packet's line or lines, the first with `before` before it; returns about how much is gathered. */
  add(packet: Packet, before: string): number;
  /** The same for packets that a scan comes by, where none need be made for it. */
  addBytes?: Columns['addBytes'];
  /** What is gathered, which may be overwritten afterwards. */
  take(): Uint8Array;
}

/** Lines that are made as strings. */
class StringLines implements Lines {
  private readonly render: (packet: Packet) => string;
  private text = '';

  constructor(render: (packet: Packet) => string) {
    this.render = render;
  }

  add(packet: Packet, before: string): number {
    this.text += `${before}${this.render(packet)}\n`;
    return this.text.length;
  }

  take(): Uint8Array {
    const bytes = Buffer.from(this.text, 'utf8');
    this.text = '';
    return bytes;
  }
}

export class TextOutput {
  private readonly lines: Lines;
  private readonly sink: TextSink;
  private readonly eager: boolean;

  /**
   * @param lines - Makes the text of packets.
   * @param sink - What takes the bytes.
   */
  constructor(options: Options, lines: Lines, sink: TextSink = new FileSink(STDOUT)) {
    this.lines = lines;
    this.sink = sink;
    this.eager = options.lineBuffered || options.packetBuffered || isTerminal(STDOUT);
  }

  /** Writes a line that stands before the packets. */
  begin(line: string): void {
    this.sink.write(Buffer.from(`${line}\n`));
  }

  /** @param before - What its line begins with. */
  print(packet: Packet, before = ''): void {
    const size = this.lines.add(packet, before);
    if (this.eager || size >= FLUSH_CHARACTERS) this.flush();
  }

  /** Prints every packet that a scan tests; without it packets have to be made. */
  get select(): Select | undefined {
    const { lines } = this;
    if (lines.addBytes === undefined) return undefined;
    return (source, time) => (bytes, start, capturedLength, wireLength) => {
      const size = lines.addBytes!(bytes, start, capturedLength, wireLength, source, time);
      if (this.eager || size >= FLUSH_CHARACTERS) this.flush();
      return 1;
    };
  }

  /** Writes what is gathered. @throws CaptureError when standard output cannot be written. */
  flush(): void {
    const bytes = this.lines.take();
    if (bytes.length > 0) this.sink.write(bytes);
  }
}

type TextSink = FileSink | PacedSink;

/** What prints packets as the options say; protocols are loaded only for fields and JSON. */
export async function textMaker(options: Options): Promise<(sink?: TextSink) => TextOutput> {
  const { json, fields, table, header } = options;
  if (!json && fields === undefined) return (sink) => wordOutput(options, sink);
  const { createColumns, createJsonLines, FieldError } = await import('../lib/decode.js');
  if (fields === undefined) {
    const lines = createJsonLines();
    return (sink) => new TextOutput(options, lines, sink);
  }
  try {
    const columns = createColumns(fields, { format: table ?? 'tsv' });
    // Comments are in packets only.
    const lines = fields.includes('frame.comment')
      ? { add: (packet: Packet) => columns.add(packet), take: () => columns.take() }
      : columns;
    return (sink) => {
      const output = new TextOutput(options, lines, sink);
      if (header) output.begin(columns.header);
      return output;
    };
  } catch (error) {
    if (error instanceof FieldError) throw new CommandError(error.message);
    throw error;
  }
}

/** What prints tcpdump's text. */
export function wordOutput(options: Options, sink?: TextSink): TextOutput {
  return new TextOutput(options, new StringLines(wordsOf(options)), sink);
}

function wordsOf(options: Options): (packet: Packet) => string {
  const { serviceName, hostName, interfaceName } = systemNames();
  const printer = createPrinter({
    numeric: options.numeric > 0,
    shortHostNames: options.shortNames,
    linkLayer: options.linkLayer,
    quiet: options.quiet,
    verbose: options.verbose,
    absoluteSequence: options.absoluteSequence,
    timestamp: Math.min(options.timestamp, 5) as 0 | 1 | 2 | 3 | 4 | 5,
    hex: options.hex,
    hexAscii: options.hexAscii,
    ascii: options.ascii,
    number: options.number,
    skipChecksums: options.skipChecksums,
    asDot: options.asDot,
    rawHandles: options.rawHandles,
    meshHeaders: options.meshHeaders,
    ...(options.tcpSecret === undefined ? {} : { tcpDigest: digestWith(options.tcpSecret) }),
    packetType: options.packetType,
    precision: options.precision,
    interfaceName,
    ...(options.numeric > 0 ? {} : { serviceName, hostName }),
  });
  return (packet) => printer.print(packet);
}

/** Loaded where it is needed: start-up counts. */
function digestWith(secret: string): (signed: Uint8Array) => Uint8Array {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return (signed) => createHash('md5').update(signed).update(secret).digest();
}

/** Lists the fields whose names begin so: name, kind of value, whether there may be several. */
export async function printFields(prefix: string): Promise<void> {
  const { listFields } = await import('../lib/decode.js');
  const found = listFields(prefix);
  if (found.length === 0) throw new CommandError(`no field begins with '${prefix}'`);
  for (const { name, kind, several } of found) writeOutput(`${name}\t${kind}${several ? '\tseveral' : ''}\n`);
}
