/**
 * A captured packet, as savefiles and live devices deliver it and as engines and printers take it.
 */

import { SNAP_LENGTH } from '../names/index.js';
import { CaptureError } from './error.js';
import { OPTION, type Option, optionTexts, readOptions, swapped, textOption } from './options.js';

/** Where packets of one kind come from: a pcap file, one interface of a pcapng section, a device. */
export interface CaptureInterface {
  /** LINKTYPE_ number as registered for capture files, without FCS bits. */
  readonly linkType: number;
  /**
   * Most bytes of a packet that were kept, above 0. Where a file says 0 or 2^31 and more, the limit of the link type,
   * as in libpcap: see {@link snapLengthOf}.
   */
  readonly snapLength: number;
  /** Interface name such as `eth0`, where the file says. */
  readonly name?: string | undefined;
  /** What the interface is, in words, where the file says. */
  readonly description?: string | undefined;
  /** Fraction of a second one time stamp unit is: 1e-6 for µs files, 1e-9 for ns, 2^-n possible. */
  readonly timestampUnit: number;
  /** Byte order of the file that the packets come from. Default little. */
  readonly bigEndian?: boolean;
  /** Bytes of frame check sequence at the end of each packet, where the file says. */
  readonly fcsLength?: number | undefined;
  /** What else the file says of the interface: pcapng's options that have no field here. */
  readonly options?: readonly Option[];
}

/**
 * One packet.
 *
 * `data` may be a view of a buffer that the next batch overwrites: who keeps a packet beyond the
 * batch it came in copies it with {@link Packet.copy}.
 */
export class Packet {
  /** For who prints one: bundling gives classes other names. */
  static readonly name = 'Packet';
  /** Captured bytes, starting with the link-layer header. May be fewer than `wireLength`. */
  data: Uint8Array;
  /** Bytes the packet had on the wire. */
  wireLength: number;
  /** Time stamp: seconds since 1970-01-01 UTC; whole, may be negative. */
  seconds: number;
  /** Time stamp: nanoseconds within the second, 0..999,999,999 in well-formed files. */
  nanoseconds: number;
  interface: CaptureInterface;
  /** Options as the file has them, a view like `data`, until somebody asks. */
  private packed: PackedOptions | undefined;
  private given: readonly Option[] | undefined;

  constructor(
    data: Uint8Array,
    wireLength: number,
    seconds: number,
    nanoseconds: number,
    source: CaptureInterface,
    options?: readonly Option[],
  ) {
    this.data = data;
    this.wireLength = wireLength;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    this.interface = source;
    this.packed = undefined;
    this.given = options;
  }

  /** @internal A packet of a block that ends with options. */
  static giveOptions(packet: Packet, bytes: Uint8Array, littleEndian: boolean): void {
    packet.packed = { bytes, littleEndian };
  }

  /**
   * What pcapng says of the packet besides its bytes: comments, flags, hashes, drop counts, what is unknown. A
   * `PcapngEncoder` writes them; pcap has no place for them. Values are views as `data` is.
   *
   * @throws CaptureError `corrupt` where an option runs over the end of its block.
   */
  get options(): readonly Option[] {
    if (this.packed !== undefined) {
      this.given = unpack(this.packed);
      this.packed = undefined;
    }
    return this.given ?? NO_OPTIONS;
  }

  set options(options: readonly Option[]) {
    this.packed = undefined;
    this.given = options;
  }

  /** The packet's comments. @throws CaptureError as {@link options} does. */
  get comments(): readonly string[] {
    return optionTexts(this.options, OPTION.comment);
  }

  /** Adds a comment behind those there are. @throws CaptureError as {@link options} does. */
  addComment(text: string): void {
    this.options = [...this.options, textOption(OPTION.comment, text)];
  }

  /** Time stamp in nanoseconds since 1970-01-01 UTC. */
  get timestampNs(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanoseconds);
  }

  /** The same packet with bytes of its own. */
  copy(): Packet {
    const { wireLength, seconds, nanoseconds, given, packed } = this;
    const options = given?.map(({ code, value }) => ({ code, value: value.slice() }));
    const copy = new Packet(this.data.slice(), wireLength, seconds, nanoseconds, this.interface, options);
    copy.packed = packed && { ...packed, bytes: packed.bytes.slice() };
    return copy;
  }
}

/** The snapshot length that a file's field stands for: 0 and what does not fit 31 bits mean no limit (libpcap sf-pcap.c). */
export function snapLengthOf(field: number, linkType: number): number {
  return field === 0 || field > 0x7fff_ffff ? maxCapturedLength(linkType) : field;
}

const NO_OPTIONS: readonly Option[] = [];

/** Options as the end of a block has them. */
interface PackedOptions {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
}

function unpack({ bytes, littleEndian }: PackedOptions): readonly Option[] {
  const options = readOptions(bytes, 0, bytes.length, littleEndian);
  if (typeof options === 'string') throw new CaptureError('corrupt', `options of a packet: ${options}`);
  return littleEndian ? options : options.map((option) => swapped(option, 'packet'));
}

/**
 * Most captured bytes a record of this link type may hold before it is taken for damage: 128 MiB for
 * D-Bus and USBPcap, 8 MiB for EBHSCR, 256 KiB for the rest (libpcap's max_snaplen_for_dlt()).
 */
export function maxCapturedLength(linkType: number): number {
  switch (linkType) {
    case 231: // DBUS
    case 249: // USBPCAP
      return 128 * 1024 * 1024;
    case 279: // EBHSCR
      return 8 * 1024 * 1024;
    default:
      return SNAP_LENGTH;
  }
}
