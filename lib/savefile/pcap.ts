/**
 * The pcap container: a file header, then records.
 *
 * Follows draft-ietf-opsawg-pcap and, for what real files do beyond it, libpcap's sf-pcap.c. File
 * header, in the byte order that the magic number shows:
 *
 *      0        4       6       8         12        16        20              24
 *     +--------+-------+-------+---------+---------+---------+---------------+
 *     |  magic | major | minor | thiszone| sigfigs | snaplen | FCS, linktype |
 *     +--------+-------+-------+---------+---------+---------+---------------+
 *
 * Record header, followed by the captured bytes:
 *
 *      0         4              8        12       16
 *     +---------+--------------+--------+--------+ - - - - - - - - +
 *     | seconds | µs or ns     | caplen | len    | modified: 8 more |
 *     +---------+--------------+--------+--------+ - - - - - - - - +
 */

import type { RecordRun } from './accelerator.js';
import type { Time } from './clock.js';
import { type Container, FAILED, MORE, OTHER, PACKET, type Step } from './container.js';
import { CaptureError, type CaptureErrorCode } from './error.js';
import { type CaptureInterface, maxCapturedLength, Packet, snapLengthOf } from './packet.js';
import type { Window } from './window.js';

export const PCAP_FILE_HEADER_LENGTH = 24;
export const PCAP_RECORD_HEADER_LENGTH = 16;

/** What the magic number, read as a big-endian number, says about the rest of the file. */
export interface PcapMagic {
  readonly magic: number;
  readonly littleEndian: boolean;
  readonly nanoseconds: boolean;
  /** Alexey Kuznetzov's patched format: eight more bytes in each record header. */
  readonly modified: boolean;
}

// prettier-ignore
export const PCAP_MAGICS: readonly PcapMagic[] = [
  { magic: 0xa1b2c3d4, littleEndian: false, nanoseconds: false, modified: false },
  { magic: 0xd4c3b2a1, littleEndian: true, nanoseconds: false, modified: false },
  { magic: 0xa1b23c4d, littleEndian: false, nanoseconds: true, modified: false },
  { magic: 0x4d3cb2a1, littleEndian: true, nanoseconds: true, modified: false },
  { magic: 0xa1b2cd34, littleEndian: false, nanoseconds: false, modified: true },
  { magic: 0x34cdb2a1, littleEndian: true, nanoseconds: false, modified: true },
];

/**
 * Whether caplen and len have changed places. They did until version 2.2 and in DG/UX's 543.0; some
 * files of version 2.3 have the old order, which shows when caplen is the larger.
 */
type LengthOrder = 'as-now' | 'swapped' | 'swapped-if-larger';

/** Steps through a pcap file. Made by {@link openContainer} once the magic number is known. */
export class PcapContainer implements Container {
  readonly format = 'pcap';
  readonly revision = 0;
  readonly interfaces: CaptureInterface[] = [];
  error: CaptureError | undefined;
  run: RecordRun | undefined;
  readonly magic: PcapMagic;

  private readonly littleEndian: boolean;
  private readonly nanosecondsPerUnit: number;
  private readonly recordHeaderLength: number;
  private headerRead = false;
  private lengthOrder: LengthOrder = 'as-now';
  private lengthsAsNow = true;
  /** libpcap cuts a packet whose captured length is above the header's snapshot length; so do we. */
  private snapLength = 0;
  private maxCaptured = 0;

  constructor(magic: PcapMagic) {
    this.magic = magic;
    this.littleEndian = magic.littleEndian;
    this.nanosecondsPerUnit = magic.nanoseconds ? 1 : 1000;
    this.recordHeaderLength = PCAP_RECORD_HEADER_LENGTH + (magic.modified ? 8 : 0);
  }

  step(window: Window): Step {
    if (!this.headerRead) return this.readFileHeader(window);
    const { view, start, end } = window;
    const dataStart = start + this.recordHeaderLength;
    if (dataStart > end) return MORE;
    let captured = view.getUint32(start + 8, this.littleEndian);
    let wire = view.getUint32(start + 12, this.littleEndian);
    if (!this.lengthsAsNow && (this.lengthOrder === 'swapped' || captured > wire)) {
      const first = captured;
      captured = wire;
      wire = first;
    }
    if (captured > this.maxCaptured) return this.refuse(window, captured);
    const next = dataStart + captured;
    if (next > end) return MORE;
    window.recordStart = start;
    window.dataStart = dataStart;
    window.dataEnd = captured > this.snapLength ? dataStart + this.snapLength : next;
    window.wireLength = wire;
    window.start = next;
    return PACKET;
  }

  finish(window: Window): CaptureError | undefined {
    const got = window.end - window.start;
    if (!this.headerRead) return truncated(window, PCAP_FILE_HEADER_LENGTH, 'file header bytes', got);
    if (got === 0) return undefined;
    const headerLength = this.recordHeaderLength;
    if (got < headerLength) return truncated(window, headerLength, 'header bytes', got);
    const lengths = [8, 12].map((at) => window.view.getUint32(window.start + at, this.littleEndian));
    const [first, second] = lengths as [number, number];
    const swapped = !this.lengthsAsNow && (this.lengthOrder === 'swapped' || first > second);
    return truncated(window, swapped ? second : first, 'captured bytes', got - headerLength);
  }

  packet(window: Window): Packet {
    const { view, bytes, recordStart } = window;
    return new Packet(
      bytes.subarray(window.dataStart, window.dataEnd),
      window.wireLength,
      view.getUint32(recordStart, this.littleEndian),
      view.getUint32(recordStart + 4, this.littleEndian) * this.nanosecondsPerUnit,
      this.interfaces[0]!,
    );
  }

  readTime({ view, recordStart }: Window, time: Time): void {
    time.seconds = view.getUint32(recordStart, this.littleEndian);
    time.nanoseconds = view.getUint32(recordStart + 4, this.littleEndian) * this.nanosecondsPerUnit;
  }

  private readFileHeader(window: Window): Step {
    const { view, start, end } = window;
    if (end - start < PCAP_FILE_HEADER_LENGTH) return MORE;
    const little = this.littleEndian;
    const major = view.getUint16(start + 4, little);
    const minor = view.getUint16(start + 6, little);
    if (major < 2) return this.fail(window, 'unsupported', 'archaic pcap savefile format');
    if (!(major === 2 && minor <= 4) && !(major === 543 && minor === 0)) {
      return this.fail(window, 'unsupported', `unsupported pcap savefile version ${major}.${minor}`);
    }
    if (major === 543 || minor < 3) this.lengthOrder = 'swapped';
    else if (minor === 3) this.lengthOrder = 'swapped-if-larger';
    this.lengthsAsNow = this.lengthOrder === 'as-now';

    const source = readInterface(view, start, this.magic);
    this.maxCaptured = maxCapturedLength(source.linkType);
    this.snapLength = source.snapLength;
    this.interfaces.push(source);
    this.headerRead = true;
    if (this.lengthsAsNow) {
      const { littleEndian, recordHeaderLength: headerLength, maxCaptured, snapLength } = this;
      const layout = { kind: 'pcap', littleEndian, headerLength, maxCaptured, snapLength } as const;
      this.run = { layout, source, interfaces: 1 };
    }
    window.recordStart = start;
    window.interfaceIndex = 0;
    window.start = start + PCAP_FILE_HEADER_LENGTH;
    return OTHER;
  }

  private refuse(window: Window, captured: number): Step {
    const limit =
      captured > this.snapLength ? `snaplen of ${this.snapLength}` : `maximum of ${this.maxCaptured}`;
    return this.fail(window, 'corrupt', `invalid packet capture length ${captured}, bigger than ${limit}`);
  }

  private fail(window: Window, code: CaptureErrorCode, reason: string): Step {
    this.error = new CaptureError(code, reason, { offset: window.offset });
    return FAILED;
  }
}

/**
 * What the last field of a file header says. Bits 0..25 are the link type: those above 15 are reserved, and a file that
 * sets them is of no type that is known. Bits 28..31 count 16-bit words of FCS, if bit 26 says that they do.
 */
export function linkTypeField(field: number): Pick<CaptureInterface, 'linkType' | 'fcsLength'> {
  const linkType = field & 0x03ff_ffff;
  return (field & 0x0400_0000) === 0 ? { linkType } : { linkType, fcsLength: 2 * (field >>> 28) };
}

/** Snapshot length and link type of the file header at `start`. */
function readInterface(view: DataView, start: number, magic: PcapMagic): CaptureInterface {
  const { linkType, ...fcs } = linkTypeField(view.getUint32(start + 20, magic.littleEndian));
  let snapLength = snapLengthOf(view.getUint32(start + 16, magic.littleEndian), linkType);
  // The patched libpcap put a made-up Ethernet header in front of cooked packets, beyond the snapshot.
  if (magic.modified && linkType === 1) snapLength = Math.min(snapLength + 14, 0x7fff_ffff);
  return {
    linkType,
    snapLength,
    timestampUnit: magic.nanoseconds ? 1e-9 : 1e-6,
    ...fcs,
    ...(magic.littleEndian ? {} : { bigEndian: true }),
  };
}

function truncated(window: Window, wanted: number, what: string, got: number): CaptureError {
  const reason = `truncated dump file; tried to read ${wanted} ${what}, only got ${got}`;
  return new CaptureError('truncated', reason, { offset: window.offset });
}
