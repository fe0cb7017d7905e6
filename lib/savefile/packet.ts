/**
 * A captured packet, as savefiles and live devices deliver it and as engines and printers take it.
 */

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
  readonly name?: string;
  /** What the interface is, in words, where the file says. */
  readonly description?: string;
  /** Fraction of a second one time stamp unit is: 1e-6 for µs files, 1e-9 for ns, 2^-n possible. */
  readonly timestampUnit: number;
  /** Byte order of the file that the packets come from. Default little. */
  readonly bigEndian?: boolean;
  /** Bytes of frame check sequence at the end of each packet, where the file says. */
  readonly fcsLength?: number;
}

/**
 * One packet.
 *
 * `data` may be a view of a buffer that the next batch overwrites: who keeps a packet beyond the
 * batch it came in copies it with {@link Packet.copy}.
 */
export class Packet {
  /** Captured bytes, starting with the link-layer header. May be fewer than `wireLength`. */
  data: Uint8Array;
  /** Bytes the packet had on the wire. */
  wireLength: number;
  /** Time stamp: seconds since 1970-01-01 UTC; whole, may be negative. */
  seconds: number;
  /** Time stamp: nanoseconds within the second, 0..999,999,999 in well-formed files. */
  nanoseconds: number;
  interface: CaptureInterface;

  constructor(
    data: Uint8Array,
    wireLength: number,
    seconds: number,
    nanoseconds: number,
    source: CaptureInterface,
  ) {
    this.data = data;
    this.wireLength = wireLength;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    this.interface = source;
  }

  /** Time stamp in nanoseconds since 1970-01-01 UTC. */
  get timestampNs(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanoseconds);
  }

  /** The same packet with bytes of its own. */
  copy(): Packet {
    return new Packet(this.data.slice(), this.wireLength, this.seconds, this.nanoseconds, this.interface);
  }
}

/** The snapshot length that a file's field stands for: 0 and what does not fit 31 bits mean no limit (libpcap sf-pcap.c). */
export function snapLengthOf(field: number, linkType: number): number {
  return field === 0 || field > 0x7fff_ffff ? maxCapturedLength(linkType) : field;
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
      return 262_144;
  }
}
