/**
 * The state of printing: the packet's bytes, the text so far, and the options, in one object that goes
 * through every protocol printer. One instance lives as long as its printer; nothing is allocated a packet.
 *
 * A protocol printer is a function `(d, at, length, ...)`: it appends to `d.out` what tcpdump prints for
 * the header at `at`, of which `length` bytes were on the wire. Reading past `d.end` throws, and the
 * printer of the packet then appends `[|protocol]`, so each one names itself in `d.cutAs` first.
 */

import { BoundedBytes, TRUNCATED } from '../../bytes.js';
import { AddressTexts } from './addresses.js';
import { Connections } from './connections.js';
import type { PacketType, PrinterOptions } from './options.js';

/** Prints what an EtherType announces. `src` and `dst` are offsets of MAC addresses, or -1. */
export type EtherPrinter = (
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  src: number,
  dst: number,
) => void;

/** Prints what an IP protocol number announces. `ip` is the offset of the (IPv4 or IPv6) header. */
export type IpPrinter = (d: Dissection, at: number, length: number, ip: number, fragmented: boolean) => void;

/** Prints what a port announces. `ip` as above. */
export type PortPrinter = (d: Dissection, at: number, length: number, ip: number) => void;

/**
 * Packets inside packets that are followed. Hostile ones nest by the thousand (an IP header takes 20 bytes)
 * and would exhaust the stack; what lies deeper prints as cut.
 */
const MOST_NESTING = 400;

/** Printers of what is inside: a printer asks here for them, so that it can be loaded alone. */
export interface NextPrinters {
  readonly ip4: (d: Dissection, at: number, length: number) => void;
  readonly ip6: (d: Dissection, at: number, length: number) => void;
  /** Returns bytes of header. */
  readonly ethernet: (d: Dissection, at: number, length: number, captured: number) => number;
  /** False, having printed nothing, where a type has no printer. */
  readonly etherType: (
    d: Dissection,
    type: number,
    at: number,
    length: number,
    captured: number,
    src: number,
    dst: number,
  ) => boolean;
}

/** Which characters of the text came from which bytes of the packet. */
export interface WordSpan {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly size: number;
}

export class Dissection extends BoundedBytes {
  out = '';
  /** Filled, where it is there, by printers on layouts. */
  spans: WordSpan[] | undefined = undefined;
  /** What `[|…]` names when a read goes past the end. */
  cutAs = '';
  /** Bytes of link-layer header, which -x, -X and -A leave out. */
  linkHeaderLength = 0;
  private nesting = 0;

  readonly numeric: boolean;
  readonly showsLink: boolean;
  readonly quiet: number;
  readonly packetType: PacketType | undefined;
  /** A printer of frames inside messages lowers it for them. */
  verbosity: number;
  readonly absoluteSequence: boolean;
  readonly verifyChecksums: boolean;
  /** With -x and -X a payload without a printer is not dumped a second time, with -q not at all. */
  readonly asDot: boolean;
  readonly rawHandles: boolean;
  readonly meshHeaders: boolean;
  readonly tcpDigest: PrinterOptions['tcpDigest'];
  readonly dumpUnknown: boolean;
  readonly hex: boolean;
  readonly addresses: AddressTexts;
  readonly interfaceName: (index: number) => string | undefined;
  readonly connections = new Connections();

  readonly next: NextPrinters;

  constructor(options: PrinterOptions, next: NextPrinters) {
    super();
    this.next = next;
    this.numeric = options.numeric ?? true;
    this.showsLink = options.linkLayer ?? false;
    this.quiet = options.quiet ?? 0;
    this.packetType = options.packetType;
    this.verbosity = options.verbose ?? 0;
    this.absoluteSequence = options.absoluteSequence ?? false;
    this.verifyChecksums = !(options.skipChecksums ?? false);
    this.asDot = options.asDot ?? false;
    this.rawHandles = options.rawHandles ?? false;
    this.meshHeaders = options.meshHeaders ?? false;
    this.tcpDigest = options.tcpDigest;
    this.hex = (options.hex ?? 0) > 0;
    this.dumpUnknown = !(options.hex || options.hexAscii || options.quiet);
    this.interfaceName = options.interfaceName ?? noName;
    this.addresses = new AddressTexts(options);
  }

  /** Begins a packet. */
  start(data: Uint8Array, text: string): void {
    this.data = data;
    this.end = data.length;
    this.out = text;
    this.cutAs = '';
    this.linkHeaderLength = 0;
    this.nesting = 0;
  }

  /** Goes one packet deeper, where printers call each other in a circle; {@link leave} comes back. */
  enter(): void {
    if (++this.nesting > MOST_NESTING) throw TRUNCATED;
  }

  leave(): void {
    this.nesting--;
  }

  /** Appends the mark of a header that ends early, for printers that go on afterwards. */
  markTruncated(): void {
    this.out += ` [|${this.cutAs}]`;
  }

  /** Appends tcpdump's mark of a field that contradicts another. */
  markInvalid(): void {
    this.out += ' (invalid)';
  }

  /** The IPv4 address at `at`, as number or name. */
  ip4(at: number): string {
    return this.addresses.ip4(this.i32(at));
  }

  /** The IPv6 address at `at`, as number or name. */
  ip6(at: number): string {
    this.need(at, 16);
    return this.addresses.ip6(this.data, at);
  }

  /** The Ethernet address at `at`. */
  mac(at: number): string {
    this.need(at, 6);
    return this.addresses.mac(this.data, at);
  }

  tcpPort(port: number): string {
    return this.addresses.port(port, 'tcp');
  }

  udpPort(port: number): string {
    return this.addresses.port(port, 'udp');
  }

  /** Lowers `end` so that at most `length` bytes from `at` are read; the caller puts the old end back. */
  limit(at: number, length: number): void {
    if (length <= this.end - at) this.end = at + length;
  }
}

function noName(): undefined {
  return undefined;
}
