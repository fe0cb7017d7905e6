/**
 * The options at the end of pcapng blocks (draft-ietf-opsawg-pcapng §3.5).
 *
 *      0       2         4                 4 + length, padded to 4
 *     +-------+---------+-----------------+
 *     | code  | length  |  value          |   ... until opt_endofopt (0, 0) or the end of the block
 *     +-------+---------+-----------------+
 */

import { padded } from './blocks.js';

export interface Option {
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
    timestampResolution: 9,
    filter: 11,
    os: 12,
    fcsLength: 13,
    timestampOffset: 14,
    hardware: 15,
  },
  packet: { flags: 2, hash: 3, dropCount: 4, packetId: 5, queue: 6, verdict: 7 },
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

/** An option whose value is text. */
export function textOption(code: number, text: string): Option {
  return { code, value: new TextEncoder().encode(text) };
}

/** The first option with this code as text, without the zero bytes that some writers append. */
export function optionText(options: readonly Option[], code: number): string | undefined {
  const option = options.find((candidate) => candidate.code === code);
  return option && new TextDecoder().decode(option.value).replace(/\0+$/, '');
}
