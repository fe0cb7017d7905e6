/** Packets as lines on standard output, gathered into large writes. */

import { createPrinter, type Packet, type Printer } from '../lib/index.js';
import { FileSink, systemNames } from '../lib/node.js';
import type { Options } from './options.js';
import { isTerminal, STDOUT } from './standard.js';

const FLUSH_CHARACTERS = 1 << 16;

export class TextOutput {
  private readonly printer: Printer;
  private readonly sink: FileSink;
  private readonly eager: boolean;
  private text = '';

  /** @param sink - What takes the bytes. */
  constructor(options: Options, sink = new FileSink(STDOUT)) {
    this.sink = sink;
    this.eager = options.lineBuffered || options.packetBuffered || isTerminal(STDOUT);
    const { serviceName, hostName, interfaceName } = systemNames();
    this.printer = createPrinter({
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
      packetType: options.packetType,
      precision: options.precision,
      interfaceName,
      ...(options.numeric > 0 ? {} : { serviceName, hostName }),
    });
  }

  /** @param before - What its line begins with. */
  print(packet: Packet, before = ''): void {
    this.text += `${before}${this.printer.print(packet)}\n`;
    if (this.eager || this.text.length >= FLUSH_CHARACTERS) this.flush();
  }

  /** Writes what is gathered. @throws CaptureError when standard output cannot be written. */
  flush(): void {
    if (this.text === '') return;
    const bytes = Buffer.from(this.text, 'utf8');
    this.text = '';
    this.sink.write(bytes);
  }
}
