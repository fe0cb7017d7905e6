/**
 * The options at the end of pcapng blocks (draft-ietf-opsawg-pcapng §3.5).
 *
 *      0       2         4                 4 + length, padded to 4
 *     +-------+---------+-----------------+
 *     | code  | length  |  value          |   ... until opt_endofopt (0, 0) or the end of the block
 *     +-------+---------+-----------------+
 */

import { padded } from './blocks.js';

/**
 * An option of a pcapng block. Numbers in values of packets and interfaces are little-endian, whatever the byte order of
 * the file they were read from or are written to.
 */
export interface Option {
  /** What it says, see {@link OPTION}; unknown codes are kept as they are. */
  readonly code: number;
  readonly value: Uint8Array;
}

/** Option codes, by the block they belong to; the first two belong to every block. */
export const OPTION = {
  endOfOptions: 0,
  comment: 1,
  section: { hardware: 2, os: 3, application: 4 },
  interface: {
    name: 2,
    description: 3,
    speed: 8,
    timestampResolution: 9,
    timezone: 10,
    filter: 11,
    os: 12,
    fcsLength: 13,
    timestampOffset: 14,
    hardware: 15,
    transmitSpeed: 16,
    receiveSpeed: 17,
  },
  packet: { flags: 2, hash: 3, dropCount: 4, packetId: 5, queue: 6, verdict: 7 },
  statistics: { start: 2, end: 3, received: 4, dropped: 5, accepted: 6, droppedBySystem: 7, delivered: 8 },
} as const;

/**
 * The options between two indexes of `bytes`, each value a view.
 *
 * @returns The options, or a phrase that says what is wrong with them.
 */
export function readOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  littleEndian: boolean,
): Option[] | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const options: Option[] = [];
  for (let at = start; at < end; ) {
    if (at + 4 > end) return 'an option header runs over the end of the block';
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === OPTION.endOfOptions) break;
    if (at + 4 + length > end) return `option ${code} of ${length} bytes runs over the end of the block`;
    options.push({ code, value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + padded(length);
  }
  return options;
}

/** Bytes that {@link writeOptions} needs; none at all for no options. */
export function optionsLength(options: readonly Option[]): number {
  if (options.length === 0) return 0;
  return options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
}

/**
 * Writes options and their end mark into zeroed memory.
 *
 * @throws RangeError where a value is longer than the 65,535 bytes an option can hold.
 */
export function writeOptions(
  view: DataView,
  at: number,
  options: readonly Option[],
  littleEndian: boolean,
): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let next = at;
  for (const { code, value } of options) {
    if (value.length > 0xffff) throw new RangeError(`option ${code} is longer than 65535 bytes`);
    view.setUint16(next, code, littleEndian);
    view.setUint16(next + 2, value.length, littleEndian);
    bytes.set(value, next + 4);
    next += 4 + padded(value.length);
  }
}

/** Bytes of a value that are a number in the file's byte order: where it starts, how long it is. */
type Place = readonly [start: number, length: number];

// biome-ignore format: a table
const NUMBERS: Readonly<Record<'packet' | 'interface', ReadonlyMap<number, Place>>> = {
  // pcapng §4.3: epb_flags, epb_dropcount, epb_packetid, epb_queue.
  packet: new Map([[2, [0, 4]], [4, [0, 8]], [5, [0, 8]], [6, [0, 4]]]),
  // pcapng §4.2: if_speed, if_tzone, if_txspeed, if_rxspeed.
  interface: new Map([[8, [0, 8]], [10, [0, 4]], [16, [0, 8]], [17, [0, 8]]]),
};
/** pcapng §4.3: verdicts of Linux's eBPF for tc and XDP are a number after the byte that says so. */
const NUMERIC_VERDICTS: readonly number[] = [1, 2];
/** pcapng §3.5.1: custom options begin with a Private Enterprise Number. */
const CUSTOM_OPTIONS: readonly number[] = [2988, 2989, 19_372, 19_373];

/** The same option as a block of the other byte order has it. */
export function swapped(option: Option, block: 'packet' | 'interface'): Option {
  const place = numberIn(option, block);
  if (place === undefined || option.value.length < place[0] + place[1]) return option;
  const value = option.value.slice();
  value.subarray(place[0], place[0] + place[1]).reverse();
  return { code: option.code, value };
}

function numberIn({ code, value }: Option, block: 'packet' | 'interface'): Place | undefined {
  if (CUSTOM_OPTIONS.includes(code)) return [0, 4];
  if (block === 'packet' && code === OPTION.packet.verdict)
    return NUMERIC_VERDICTS.includes(value[0] ?? 0) ? [1, 8] : undefined;
  return NUMBERS[block].get(code);
}

/** An option whose value is text. */
export function textOption(code: number, text: string): Option {
  return { code, value: new TextEncoder().encode(text) };
}

/** All options with this code as text, in order. */
export function optionTexts(options: readonly Option[], code: number): string[] {
  return options.filter((option) => option.code === code).map(({ value }) => textOf(value));
}

/** The first option with this code as text, without the zero bytes that some writers append. */
export function optionText(options: readonly Option[], code: number): string | undefined {
  const option = options.find((candidate) => candidate.code === code);
  return option && textOf(option.value);
}

const textOf = (value: Uint8Array): string => new TextDecoder().decode(value).replace(/\0+$/, '');
