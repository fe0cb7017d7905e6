/**
 * The printer: one packet in, the line (with `-v` and dumps, lines) that tcpdump 4.99 prints for it out.
 *
 * Never throws, whatever the bytes are: a header that ends early prints as `[|tcp]`.
 */

import { TRUNCATED } from '../bytes.js';
import { SNAP_LENGTH } from '../names/index.js';
import type { Packet } from '../savefile/index.js';
import { Dissection, type NextPrinters } from './frame/dissection.js';
import { printAscii, printHex, printHexAscii } from './frame/hexdump.js';
import type { PrinterOptions } from './frame/options.js';
import { TimestampFormat } from './frame/timestamp.js';
import { printEthernet } from './link/ethernet.js';
import { printIp4 } from './network/ip4.js';
import { printIp6 } from './network/ip6.js';
import { printEtherType } from './tables/ethertypes.js';
import { type LinkPrinter, linkPrinter } from './tables/links.js';

/** tcpdump's MAXIMUM_SNAPLEN: longer packets are not looked into. */

/** Turns packets into the text that tcpdump prints. */
export interface Printer {
  /**
   * The text of a packet, without line feed at its end. Packets are to be given in order: relative
   * times, TCP sequence numbers and packet numbers depend on those before.
   */
  print(packet: Packet): string;
}

/** Makes a printer with its own connection table and caches (about 2 MB). */
export function createPrinter(options: PrinterOptions = {}): Printer {
  return new PacketPrinter(options);
}

const NEXT: NextPrinters = {
  ip4: printIp4,
  ip6: printIp6,
  ethernet: printEthernet,
  etherType: printEtherType,
};

class PacketPrinter implements Printer {
  private readonly options: PrinterOptions;
  private readonly dissection: Dissection;
  private readonly timestamp: TimestampFormat;
  private count = 0;
  private linkType = -1;
  private link: LinkPrinter = linkPrinter(-1);

  constructor(options: PrinterOptions) {
    this.options = options;
    this.dissection = new Dissection(options, NEXT);
    this.timestamp = new TimestampFormat(options);
  }

  print(packet: Packet): string {
    this.count++;
    const number = this.options.number ? `${`${this.count}`.padStart(5)}  ` : '';
    const { data, wireLength } = packet;
    if (data.length === 0 || wireLength < data.length || wireLength > SNAP_LENGTH) {
      return number + invalidHeader(data.length, wireLength);
    }
    const { linkType } = packet.interface;
    if (linkType !== this.linkType) {
      this.linkType = linkType;
      this.link = linkPrinter(linkType);
    }
    const d = this.dissection;
    d.start(data, number + this.timestamp.format(packet.seconds, packet.nanoseconds));
    try {
      this.link(d, wireLength);
    } catch (error) {
      if (error !== TRUNCATED) throw error;
      d.markTruncated();
      d.linkHeaderLength = 0;
    }
    this.dump(d);
    return d.out;
  }

  private dump(d: Dissection): void {
    const { hex = 0, hexAscii = 0, ascii = 0 } = this.options;
    const level = hexAscii || hex || ascii;
    if (level === 0) return;
    d.end = d.data.length;
    const start = level > 1 ? 0 : d.linkHeaderLength;
    if (start >= d.end) return;
    if (hexAscii) printHexAscii(d, start, d.end - start);
    else if (hex) printHex(d, start, d.end - start);
    else printAscii(d, start, d.end - start);
  }
}

/** What tcpdump prints, without time stamp, for a record whose lengths cannot be. */
function invalidHeader(captured: number, wire: number): string {
  const faults: string[] = [];
  if (captured === 0) faults.push(' caplen==0');
  if (wire === 0) faults.push(' len==0');
  else if (wire < captured) faults.push(` len(${wire}) < caplen(${captured})`);
  if (captured > SNAP_LENGTH) faults.push(` caplen(${captured}) > ${SNAP_LENGTH}`);
  if (wire > SNAP_LENGTH) faults.push(` len(${wire}) > ${SNAP_LENGTH}`);
  return `[Invalid header:${faults.join(',')}]`;
}
