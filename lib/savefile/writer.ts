/**
 * Writing captures packet by packet: pcap in either byte order and resolution, pcapng with interfaces
 * declared as they come.
 *
 * Encoders gather bytes; {@link Encoder.take} hands them on. Filtering a file without changing its
 * container needs none of this: a scan copies records as they are.
 */

import {
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  INTERFACE_STATISTICS,
  padded,
  SECTION_HEADER,
} from './blocks.js';
import { ticksOf } from './clock.js';
import { CaptureError } from './error.js';
import { OPTION, type Option, optionsLength, swapped, textOption, writeOptions } from './options.js';
import type { CaptureInterface, Packet } from './packet.js';
import { PCAP_FILE_HEADER_LENGTH, PCAP_MAGICS, PCAP_RECORD_HEADER_LENGTH } from './pcap.js';

/** Takes packets, gives bytes of a capture file. */
export interface Encoder {
  readonly format: 'pcap' | 'pcapng';
  /** Bytes gathered and not yet taken. */
  readonly size: number;
  /**
   * Appends a packet, and before the first one what a file has to start with.
   *
   * @throws CaptureError `unsupported` where the format cannot hold the packet.
   */
  write(packet: Packet): void;
  /** Appends what a file has to start with, unless that is done: a capture may hold no packets. */
  start(): void;
  /** The bytes gathered, a view that the next write overwrites. */
  take(): Uint8Array;
}

/** How a pcap file is written. */
export interface PcapOptions {
  /** LINKTYPE_ number; packets of another one are refused. */
  readonly linkType: number;
  /** For the file header. Packets are not cut: one that is longer is refused, because readers would cut it. */
  readonly snapLength: number;
  /** Nanoseconds rather than microseconds. */
  readonly nanoseconds?: boolean;
  readonly bigEndian?: boolean;
  /** Bytes of frame check sequence that each packet ends with. */
  readonly fcsLength?: number | undefined;
}

/** Writes a pcap file, version 2.4. */
export class PcapEncoder implements Encoder {
  readonly format = 'pcap';
  private readonly options: PcapOptions;
  private readonly little: boolean;
  private readonly out = new Output();
  private started = false;

  constructor(options: PcapOptions) {
    this.options = options;
    this.little = options.bigEndian !== true;
  }

  get size(): number {
    return this.out.length;
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    const { linkType, snapLength, nanoseconds = false, fcsLength } = this.options;
    const row = PCAP_MAGICS.find(
      (magic) => magic.littleEndian === this.little && magic.nanoseconds === nanoseconds && !magic.modified,
    )!;
    const fcs = fcsLength === undefined ? 0 : ((fcsLength >> 1) << 28) | 0x0400_0000;
    const at = this.out.extend(PCAP_FILE_HEADER_LENGTH);
    const { view } = this.out;
    view.setUint32(at, row.magic);
    view.setUint16(at + 4, 2, this.little);
    view.setUint16(at + 6, 4, this.little);
    view.setUint32(at + 16, snapLength, this.little);
    view.setUint32(at + 20, (linkType | fcs) >>> 0, this.little);
  }

  write(packet: Packet): void {
    const { linkType, snapLength, nanoseconds = false } = this.options;
    if (packet.interface.linkType !== linkType) {
      const reason = `a pcap file has one link type, here ${linkType}, and a packet has ${packet.interface.linkType}; write pcapng instead`;
      throw new CaptureError('unsupported', reason);
    }
    if (packet.seconds < 0 || packet.seconds > 0xffff_ffff) throw unwritableTime(packet);
    if (packet.data.length > snapLength) {
      const reason = `readers would cut a packet of ${packet.data.length} bytes at the file's snapshot length of ${snapLength}`;
      throw new CaptureError('unsupported', reason);
    }
    this.start();
    const { data, nanoseconds: fraction } = packet;
    const at = this.out.extend(PCAP_RECORD_HEADER_LENGTH + data.length);
    const { view } = this.out;
    view.setUint32(at, packet.seconds, this.little);
    view.setUint32(at + 4, nanoseconds ? fraction : Math.floor(fraction / 1000), this.little);
    view.setUint32(at + 8, data.length, this.little);
    view.setUint32(at + 12, packet.wireLength, this.little);
    this.out.bytes.set(data, at + PCAP_RECORD_HEADER_LENGTH);
  }

  take(): Uint8Array {
    return this.out.take();
  }
}

/** What happened to the packets of an interface while it was captured from, as far as it is known. */
export interface InterfaceStatistics {
  /** When capturing began and ended, in nanoseconds since 1970-01-01 UTC. */
  readonly startNs?: bigint | undefined;
  readonly endNs?: bigint | undefined;
  /** Packets that reached the capture, those dropped included. */
  readonly received?: number | undefined;
  /** Packets lost because they were not read in time. */
  readonly dropped?: number | undefined;
  /** Packets that the interface itself lost. */
  readonly droppedByInterface?: number | undefined;
  /** Packets written. */
  readonly delivered?: number | undefined;
}

/** How a pcapng file is written. */
export interface PcapngOptions {
  readonly bigEndian?: boolean;
  /** Options of the section header, such as the program that writes (OPTION.section.application). */
  readonly section?: readonly Option[];
  /** More options of an interface's description, such as the filter it was captured with. */
  readonly describe?: (source: CaptureInterface) => readonly Option[];
}

/** Writes one section. An interface is declared before its first packet. */
export class PcapngEncoder implements Encoder {
  readonly format = 'pcapng';
  private readonly options: PcapngOptions;
  private readonly little: boolean;
  private readonly out = new Output();
  private readonly numbers = new Map<CaptureInterface, number>();
  private started = false;

  constructor(options: PcapngOptions = {}) {
    this.options = options;
    this.little = options.bigEndian !== true;
  }

  get size(): number {
    return this.out.length;
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    const { section = [] } = this.options;
    const at = this.block(SECTION_HEADER, 16 + optionsLength(section));
    const { view } = this.out;
    view.setUint32(at, 0x1a2b3c4d, this.little);
    view.setUint16(at + 4, 1, this.little);
    view.setBigInt64(at + 8, -1n);
    writeOptions(view, at + 16, section, this.little);
  }

  /** Declares an interface; `write` does it by itself. Gives its number in the section. */
  declare(source: CaptureInterface): number {
    this.start();
    const digits = decimalDigits(source.timestampUnit);
    const options = [
      ...(source.name === undefined ? [] : [textOption(OPTION.interface.name, source.name)]),
      ...(source.description === undefined
        ? []
        : [textOption(OPTION.interface.description, source.description)]),
      { code: OPTION.interface.timestampResolution, value: Uint8Array.of(digits) },
      ...(source.fcsLength === undefined
        ? []
        : [{ code: OPTION.interface.fcsLength, value: Uint8Array.of(source.fcsLength) }]),
      ...this.ordered(source.options ?? [], 'interface'),
      ...this.ordered(this.options.describe?.(source) ?? [], 'interface'),
    ];
    const at = this.block(INTERFACE_DESCRIPTION, 8 + optionsLength(options));
    const { view } = this.out;
    view.setUint16(at, source.linkType, this.little);
    view.setUint32(at + 4, source.snapLength, this.little);
    writeOptions(view, at + 8, options, this.little);
    const number = this.numbers.size;
    this.numbers.set(source, number);
    return number;
  }

  write(packet: Packet): void {
    const { data, interface: source } = packet;
    const options = this.ordered(packet.options, 'packet');
    const number = this.numbers.get(source) ?? this.declare(source);
    const ticks = ticksOf(packet.seconds, packet.nanoseconds, decimalDigits(source.timestampUnit));
    if (ticks < 0n || ticks > 0xffff_ffff_ffff_ffffn) throw unwritableTime(packet);
    const at = this.block(ENHANCED_PACKET, 20 + padded(data.length) + optionsLength(options));
    const { view } = this.out;
    view.setUint32(at, number, this.little);
    view.setUint32(at + 4, Number(ticks >> 32n), this.little);
    view.setUint32(at + 8, Number(ticks & 0xffff_ffffn), this.little);
    view.setUint32(at + 12, data.length, this.little);
    view.setUint32(at + 16, packet.wireLength, this.little);
    this.out.bytes.set(data, at + 20);
    writeOptions(view, at + 20 + padded(data.length), options, this.little);
  }

  /** Appends what happened to an interface's packets: an Interface Statistics Block, draft-ietf-opsawg-pcapng §4.6. */
  writeStatistics(source: CaptureInterface, statistics: InterfaceStatistics): void {
    const number = this.numbers.get(source) ?? this.declare(source);
    const digits = decimalDigits(source.timestampUnit);
    const ticksAt = (ns: bigint): bigint => ns / 10n ** BigInt(9 - digits);
    const count = (code: number, value: number | undefined): Option[] =>
      value === undefined ? [] : [{ code, value: this.number64(BigInt(value), 'number') }];
    const time = (code: number, ns: bigint | undefined): Option[] =>
      ns === undefined ? [] : [{ code, value: this.number64(ticksAt(ns), 'time') }];
    const { startNs, endNs, received, droppedByInterface, dropped, delivered } = statistics;
    const codes = OPTION.statistics;
    const options = [
      ...time(codes.start, startNs),
      ...time(codes.end, endNs),
      ...count(codes.received, received),
      ...count(codes.dropped, droppedByInterface),
      ...count(codes.droppedBySystem, dropped),
      ...count(codes.delivered, delivered),
    ];
    const at = this.block(INTERFACE_STATISTICS, 12 + optionsLength(options));
    const { view } = this.out;
    const now = this.number64(ticksAt(endNs ?? 0n), 'time');
    view.setUint32(at, number, this.little);
    this.out.bytes.set(now, at + 4);
    writeOptions(view, at + 12, options, this.little);
  }

  take(): Uint8Array {
    return this.out.take();
  }

  /** Eight bytes in the byte order of the file; times have their upper half first in either. */
  private number64(value: bigint, kind: 'number' | 'time'): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    if (kind === 'number') view.setBigUint64(0, value, this.little);
    else {
      view.setUint32(0, Number(value >> 32n), this.little);
      view.setUint32(4, Number(value & 0xffff_ffffn), this.little);
    }
    return new Uint8Array(view.buffer);
  }

  /** Options in the byte order of the file. */
  private ordered(options: readonly Option[], block: 'packet' | 'interface'): readonly Option[] {
    return this.little || options.length === 0 ? options : options.map((option) => swapped(option, block));
  }

  /** Appends an empty block and gives the index of its body. */
  private block(type: number, bodyLength: number): number {
    const total = 12 + bodyLength;
    const at = this.out.extend(total);
    const { view } = this.out;
    view.setUint32(at, type, this.little);
    view.setUint32(at + 4, total, this.little);
    view.setUint32(at + total - 4, total, this.little);
    return at + 8;
  }
}

/** Digits after the second that lose nothing of a unit; a packet's own limit is nine. */
function decimalDigits(unit: number): number {
  return Math.min(9, Math.max(0, Math.ceil(-Math.log10(unit) - 1e-9)));
}

function unwritableTime(packet: Packet): CaptureError {
  return new CaptureError(
    'unsupported',
    `the time stamp ${packet.seconds} s cannot be written in this format`,
  );
}

/** Bytes that grow at the end; what was given out is reused. */
class Output {
  bytes = new Uint8Array(65_536);
  view = new DataView(this.bytes.buffer);
  length = 0;

  /** Appends zeroes and gives the index of the first. */
  extend(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else {
      this.bytes.fill(0, at, this.length);
    }
    return at;
  }

  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    this.length = 0;
    return taken;
  }
}
