/**
 * The pcapng container: blocks in sections, each section with a byte order and interfaces of its own.
 *
 * Follows draft-ietf-opsawg-pcapng. Where libpcap gives up and the format does not (several link
 * types, snapshot lengths or byte orders in one file, blocks above 16 MiB that carry no packet), this
 * reader goes on. Blocks without packets are not looked into beyond their two lengths.
 *
 * Packets stand in three kinds of block. The first two have their fields at the same places:
 *
 *      0    4       8                      12    16   20      24     28
 *     +----+-------+----------------------+-----+----+-------+------+------+---------+-------+
 *     |  6 | total | interface            | high| low| caplen| len  | data | options | total |
 *     |  2 | total | interface (2), drops | high| low| caplen| len  | data | options | total |
 *     |  3 | total | len  | data, as far as snapshot length and block go              | total |
 *     +----+-------+------+-----------------------------------------------------------+-------+
 */

import type { RecordRun } from './accelerator.js';
import {
  blockName,
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  PACKET_BLOCK,
  padded,
  SECTION_HEADER,
  SIMPLE_PACKET,
} from './blocks.js';
import { type Clock, MICROSECONDS, makeClock, readClock, type Time, tickLength } from './clock.js';
import { type Container, FAILED, MORE, OTHER, PACKET, SECTION, type Step } from './container.js';
import { CaptureError, type CaptureErrorCode } from './error.js';
import { OPTION, optionText, readOptions, swapped } from './options.js';
import { type CaptureInterface, maxCapturedLength, Packet, snapLengthOf } from './packet.js';
import type { Window } from './window.js';

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Most bytes that section headers, interface descriptions and a packet's options may take. */
const MAX_BUFFERED = 16 * 1024 * 1024;
/** A block without a packet that is longer than this is passed on piece by piece. */
const MAX_PIECE = 65_536;
/** Interfaces in one file, all sections together: a bound on memory, far above any real use. */
const MAX_INTERFACES = 262_144;

/** Options of an interface that are fields of a `CaptureInterface`. */
const FIELD_OPTIONS: ReadonlySet<number> = new Set([
  OPTION.interface.name,
  OPTION.interface.description,
  OPTION.interface.timestampResolution,
  OPTION.interface.timestampOffset,
  OPTION.interface.fcsLength,
]);

/** pcapng, appendix A.1: 0xffff where it is not known how many packets were lost. */
const UNKNOWN_DROPS = 0xffff;

/** The obsolete Packet Block has the drop count as a field. */
function addDrops(packet: Packet, drops: number): void {
  if (drops === 0 || drops === UNKNOWN_DROPS) return;
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, BigInt(drops), true);
  packet.options = [...packet.options, { code: OPTION.packet.dropCount, value }];
}

export class PcapngContainer implements Container {
  readonly format = 'pcapng';
  revision = 0;
  readonly interfaces: CaptureInterface[] = [];
  error: CaptureError | undefined;

  private currentRun: RecordRun | undefined;
  private readonly clocks: Clock[] = [];
  private littleEndian = true;
  private inSection = false;
  /** Index of the current section's first interface. */
  private sectionBase = 0;
  /** Total length of the block that is being passed on in pieces, 0 where there is none. */
  private passing = 0;
  /** Bytes of that block before its trailer that are still to come. */
  private passingLeft = 0;

  /** What is in the middle of a block that is passed on in pieces may look like blocks, and is none. */
  get run(): RecordRun | undefined {
    return this.passing === 0 ? this.currentRun : undefined;
  }

  step(window: Window): Step {
    if (this.passing !== 0) return this.pass(window);
    const { view, start, end } = window;
    if (start + 12 > end) return MORE;
    const little = this.littleEndian;
    const type = view.getUint32(start, little);
    if (type === SECTION_HEADER || !this.inSection) return this.section(window);
    const total = view.getUint32(start + 4, little);
    if (total < 12) return this.fail(window, `block in pcapng dump file has a length of ${total} < 12`);
    if (type === ENHANCED_PACKET || type === PACKET_BLOCK) return this.enhanced(window, type, total);
    if (type === SIMPLE_PACKET) return this.simple(window, total);
    if (type === INTERFACE_DESCRIPTION) return this.interfaceDescription(window, total);
    return this.other(window, total);
  }

  finish(window: Window): CaptureError | undefined {
    const { view, start, end } = window;
    const got = end - start;
    if (this.passing !== 0) {
      const done = this.passing - 4 - this.passingLeft + got;
      return truncated(window, padded(this.passing) - 8, done - 8);
    }
    if (got === 0) return undefined;
    if (got < 8) return truncated(window, 8, got);
    const isSection = view.getUint32(start) === SECTION_HEADER;
    if (isSection && got < 12) return truncated(window, 4, got - 8);
    const little = isSection ? view.getUint32(start + 8, true) === BYTE_ORDER_MAGIC : this.littleEndian;
    const total = view.getUint32(start + 4, little);
    // The step that would refuse this length waits for twelve bytes.
    if (total < 12) return this.damage(window, `block in pcapng dump file has a length of ${total} < 12`);
    return truncated(window, padded(total) - 8, got - 8);
  }

  packet(window: Window): Packet {
    const { view, bytes, recordStart, interfaceIndex } = window;
    const data = bytes.subarray(window.dataStart, window.dataEnd);
    const packet = new Packet(data, window.wireLength, 0, 0, this.interfaces[interfaceIndex]!);
    const little = this.littleEndian;
    const type = view.getUint32(recordStart, little);
    if (type !== SIMPLE_PACKET) {
      const high = view.getUint32(recordStart + 12, little);
      const low = view.getUint32(recordStart + 16, little);
      readClock(this.clocks[interfaceIndex]!, high, low, packet);
      const optionsStart = window.dataStart + padded(data.length);
      const optionsEnd = recordStart + view.getUint32(recordStart + 4, little) - 4;
      if (optionsStart < optionsEnd)
        Packet.giveOptions(packet, bytes.subarray(optionsStart, optionsEnd), little);
      if (type === PACKET_BLOCK) addDrops(packet, view.getUint16(recordStart + 10, little));
    }
    return packet;
  }

  readTime({ view, recordStart, interfaceIndex }: Window, time: Time): void {
    const little = this.littleEndian;
    if (view.getUint32(recordStart, little) === SIMPLE_PACKET) {
      time.seconds = 0;
      time.nanoseconds = 0;
      return;
    }
    const high = view.getUint32(recordStart + 12, little);
    readClock(this.clocks[interfaceIndex]!, high, view.getUint32(recordStart + 16, little), time);
  }

  /** An Enhanced Packet Block, or the Packet Block that it replaced. */
  private enhanced(window: Window, type: number, total: number): Step {
    const { view, start, end } = window;
    if (total < 32) return this.tooShort(window, type);
    if (start + 28 > end) return MORE;
    const little = this.littleEndian;
    const id =
      type === ENHANCED_PACKET ? view.getUint32(start + 8, little) : view.getUint16(start + 8, little);
    const captured = view.getUint32(start + 20, little);
    const index = this.sectionBase + id;
    if (index >= this.interfaces.length) return this.noInterface(window, id);
    if (captured > total - 32) return this.dataTooLong(window, type, captured, total - 32);
    if (total > MAX_PIECE && !this.plausible(window, index, captured, total)) return FAILED;
    const next = start + padded(total);
    if (next > end) return MORE;
    if (view.getUint32(next - 4, little) !== total) return this.lengthsDiffer(window, total, next - 4);
    window.recordStart = start;
    window.dataStart = start + 28;
    window.dataEnd = start + 28 + captured;
    window.wireLength = view.getUint32(start + 24, little);
    window.interfaceIndex = index;
    window.start = next;
    return PACKET;
  }

  private simple(window: Window, total: number): Step {
    const { view, start, end } = window;
    const little = this.littleEndian;
    if (total < 16) return this.tooShort(window, SIMPLE_PACKET);
    if (this.interfaces.length === this.sectionBase) return this.noInterface(window, 0);
    const wireLength = view.getUint32(start + 8, little);
    const snapLength = this.interfaces[this.sectionBase]!.snapLength;
    const captured = Math.min(wireLength, total - 16, snapLength);
    if (total > MAX_PIECE && !this.plausible(window, this.sectionBase, captured, total)) return FAILED;
    const next = start + padded(total);
    if (next > end) return MORE;
    if (view.getUint32(next - 4, little) !== total) return this.lengthsDiffer(window, total, next - 4);
    window.recordStart = start;
    window.dataStart = start + 12;
    window.dataEnd = start + 12 + captured;
    window.wireLength = wireLength;
    window.interfaceIndex = this.sectionBase;
    window.start = next;
    return PACKET;
  }

  /** Starts a section: its first twelve bytes say in which byte order everything else is. */
  private section(window: Window): Step {
    const { view, start, end } = window;
    if (view.getUint32(start) !== SECTION_HEADER) {
      return this.fail(window, 'pcapng dump file does not start with a Section Header Block');
    }
    const little = view.getUint32(start + 8, true) === BYTE_ORDER_MAGIC;
    if (!little && view.getUint32(start + 8) !== BYTE_ORDER_MAGIC) {
      return this.fail(window, 'Section Header Block has no byte order magic');
    }
    const total = view.getUint32(start + 4, little);
    if (total < 28) return this.tooShort(window, SECTION_HEADER);
    if (total > MAX_BUFFERED) return this.tooLong(window, total);
    const next = start + padded(total);
    if (next > end) return MORE;
    if (view.getUint32(next - 4, little) !== total) {
      return this.lengthsDiffer(window, total, next - 4, little);
    }
    const major = view.getUint16(start + 12, little);
    const minor = view.getUint16(start + 14, little);
    // Minor version 2 was written by some tools and is the same format (libpcap sf-pcapng.c).
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      return this.fail(window, `unsupported pcapng savefile version ${major}.${minor}`, 'unsupported');
    }
    this.littleEndian = little;
    this.inSection = true;
    this.revision++;
    this.sectionBase = this.interfaces.length;
    this.currentRun = undefined;
    window.recordStart = start;
    window.start = next;
    return SECTION;
  }

  private interfaceDescription(window: Window, total: number): Step {
    const { view, start, end, bytes } = window;
    const little = this.littleEndian;
    if (total < 20) return this.tooShort(window, INTERFACE_DESCRIPTION);
    if (total > MAX_BUFFERED) return this.tooLong(window, total);
    const next = start + padded(total);
    if (next > end) return MORE;
    if (view.getUint32(next - 4, little) !== total) return this.lengthsDiffer(window, total, next - 4);
    if (this.interfaces.length >= MAX_INTERFACES) {
      return this.fail(window, `more than ${MAX_INTERFACES} interfaces`, 'unsupported');
    }
    const options = readOptions(bytes, start + 16, start + total - 4, little);
    if (typeof options === 'string') return this.fail(window, `Interface Description Block: ${options}`);
    const value = (code: number) => options.find((option) => option.code === code)?.value;

    const resolutionValue = value(OPTION.interface.timestampResolution);
    const offsetValue = value(OPTION.interface.timestampOffset);
    if (resolutionValue !== undefined && resolutionValue.length !== 1) {
      return this.wrongLength(window, 'if_tsresol', resolutionValue.length, 1);
    }
    if (offsetValue !== undefined && offsetValue.length !== 8) {
      return this.wrongLength(window, 'if_tsoffset', offsetValue.length, 8);
    }
    const resolution = resolutionValue?.[0] ?? MICROSECONDS;
    const name = optionText(options, OPTION.interface.name);
    const description = optionText(options, OPTION.interface.description);
    const fcsLength = value(OPTION.interface.fcsLength)?.[0];
    const others = options
      .filter(({ code }) => !FIELD_OPTIONS.has(code))
      .map(({ code, value: bytes }) => ({ code, value: bytes.slice() }))
      .map((option) => (little ? option : swapped(option, 'interface')));
    this.clocks.push(makeClock(resolution, offsetValue === undefined ? 0 : readOffset(offsetValue, little)));
    const linkType = view.getUint16(start + 8, little);
    this.interfaces.push({
      linkType,
      snapLength: snapLengthOf(view.getUint32(start + 12, little), linkType),
      timestampUnit: tickLength(resolution),
      name,
      description,
      fcsLength,
      ...(little ? {} : { bigEndian: true }),
      ...(others.length === 0 ? {} : { options: others }),
    });
    this.extendRun();
    this.revision++;
    window.recordStart = start;
    window.start = next;
    return OTHER;
  }

  /** A run goes on over the section's first interfaces, as long as they are of one link type. */
  private extendRun(): void {
    const { currentRun: run, interfaces, sectionBase, littleEndian } = this;
    const added = interfaces.at(-1)!;
    const number = interfaces.length - 1 - sectionBase;
    if (number === 0)
      this.currentRun = { layout: { kind: 'pcapng', littleEndian }, source: added, interfaces: 1 };
    else if (run?.interfaces === number && run.source.linkType === added.linkType)
      this.currentRun = { ...run, interfaces: number + 1 };
  }

  /** A block that carries no packet and defines nothing: whole where it is at hand, else in pieces. */
  private other(window: Window, total: number): Step {
    const { view, start, end } = window;
    const next = start + padded(total);
    if (next > end) {
      if (total <= MAX_PIECE) return MORE;
      this.passing = total;
      this.passingLeft = padded(total) - 4;
      return this.pass(window);
    }
    if (view.getUint32(next - 4, this.littleEndian) !== total) {
      return this.lengthsDiffer(window, total, next - 4);
    }
    window.recordStart = start;
    window.start = next;
    return OTHER;
  }

  private pass(window: Window): Step {
    const { view, start, end } = window;
    if (this.passingLeft > 0) {
      const count = Math.min(this.passingLeft, end - start);
      if (count === 0) return MORE;
      this.passingLeft -= count;
      window.recordStart = start;
      window.start = start + count;
      return OTHER;
    }
    if (start + 4 > end) return MORE;
    if (view.getUint32(start, this.littleEndian) !== this.passing) {
      return this.lengthsDiffer(window, this.passing, start);
    }
    this.passing = 0;
    window.recordStart = start;
    window.start = start + 4;
    return OTHER;
  }

  /** Whether a long block can be what it says: damage must not make the window grow without bound. */
  private plausible(window: Window, index: number, captured: number, total: number): boolean {
    const limit = maxCapturedLength(this.interfaces[index]!.linkType);
    if (captured > limit) {
      this.fail(window, `invalid packet capture length ${captured}, bigger than maximum of ${limit}`);
      return false;
    }
    if (total - captured > MAX_BUFFERED) {
      this.tooLong(window, total);
      return false;
    }
    return true;
  }

  private tooShort(window: Window, type: number): Step {
    return this.fail(window, `${blockName(type)} in pcapng dump file is too short`);
  }

  private tooLong(window: Window, total: number): Step {
    return this.fail(window, `pcapng block size ${total} > maximum ${MAX_BUFFERED}`);
  }

  private dataTooLong(window: Window, type: number, captured: number, space: number): Step {
    return this.fail(
      window,
      `${blockName(type)} has a capture length of ${captured}, but holds ${space} bytes`,
    );
  }

  private noInterface(window: Window, id: number): Step {
    const reason = `a packet arrived on interface ${id}, but there's no Interface Description Block for that interface`;
    return this.fail(window, reason);
  }

  private wrongLength(window: Window, option: string, length: number, right: number): Step {
    return this.fail(
      window,
      `Interface Description Block has ${option} option with length ${length} != ${right}`,
    );
  }

  private lengthsDiffer(window: Window, total: number, at: number, little = this.littleEndian): Step {
    const trailer = window.view.getUint32(at, little);
    return this.fail(window, `block total length in header ${total} and trailer ${trailer} don't match`);
  }

  private fail(window: Window, reason: string, code: CaptureErrorCode = 'corrupt'): Step {
    this.error = this.damage(window, reason, code);
    return FAILED;
  }

  private damage(window: Window, reason: string, code: CaptureErrorCode = 'corrupt'): CaptureError {
    return new CaptureError(code, reason, { offset: window.offset });
  }
}

function readOffset(value: Uint8Array, littleEndian: boolean): number {
  return Number(new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, littleEndian));
}

function truncated(window: Window, wanted: number, got: number): CaptureError {
  const reason = `truncated pcapng dump file; tried to read ${wanted} bytes, only got ${got}`;
  return new CaptureError('truncated', reason, { offset: window.offset });
}
