/** Bytes by the names of fields. */

import { type FieldSpan, fieldSpans } from '../dissect/index.js';
import { Packet } from '../savefile/index.js';
import type { Part } from './reason.js';
import type { Input, Unit } from './trace.js';

/** A part of a packet with its value. */
export type Told = Part & { readonly value: string };

const LENGTH: readonly string[] = ['frame.len'];

/** Says what bytes of one packet are. */
export class Names {
  private readonly input: Input;
  private readonly linkType: number;
  private spans: readonly FieldSpan[] | undefined;

  /** @param linkType - The number in files. */
  constructor(input: Input, linkType: number) {
    this.input = input;
    this.linkType = linkType;
  }

  /** Parts of the packet, those that together are one field as one. */
  tell(units: readonly Unit[]): Told[] {
    const told: Told[] = [];
    const sorted = [...units].sort((a, b) => a.at - b.at || b.size - a.size);
    for (let i = 0; i < sorted.length; i++) {
      const unit = sorted[i]!;
      if (unit.at < 0) {
        told.push({ start: -1, end: -1, fields: LENGTH, value: `${this.input.wireLength}` });
        continue;
      }
      const whole = this.wholeField(sorted, i);
      if (whole !== undefined) {
        const { start, end, name, text } = whole;
        told.push({ start, end, fields: [name], value: text });
        while (i + 1 < sorted.length && sorted[i + 1]!.at < end) i++;
      } else told.push(this.part(unit));
    }
    return told;
  }

  /** The field that units from here on cover and that is larger than one of them: addresses of six and of sixteen bytes. */
  private wholeField(units: readonly Unit[], from: number): FieldSpan | undefined {
    const { at, size } = units[from]!;
    const field = this.fields().find(({ start, end }) => start === at && end > at + size);
    if (field === undefined) return undefined;
    let reached = at;
    for (let i = from; i < units.length && units[i]!.at <= reached; i++)
      reached = Math.max(reached, units[i]!.at + units[i]!.size);
    return reached === field.end ? field : undefined;
  }

  private part({ at, size, mask }: Unit): Told {
    const end = at + size;
    const over = this.fields().filter((field) => field.start < end && field.end > at);
    const exact = over.find(
      (field) => field.start === at && field.end === end && this.hangsOnAll(field, at, size, mask),
    );
    const around = mask === 2 ** (8 * size) - 1 ? smallestAround(over, at, end) : undefined;
    const { looked, isAll } =
      exact !== undefined
        ? { looked: [exact], isAll: true }
        : around !== undefined
          ? { looked: [around], isAll: false }
          : this.lookedAt(over, at, size, mask);
    const fields = [...new Set((looked.length > 0 ? looked : over).map(({ name }) => name))];
    const [one] = looked;
    const isOne = looked.length === 1 && (isAll || (one!.start >= at && one!.end <= end));
    const value = isOne ? one!.text : this.hex(at, size);
    return { start: at, end, fields, value };
  }

  /** Whether what tshark says of a field hangs on each bit of a mask, and the mask is all of the field. */
  private hangsOnAll(field: FieldSpan, at: number, size: number, mask: number): boolean {
    if (mask !== 2 ** (8 * size) - 1) return false;
    const bytes = this.input.bytes.slice();
    for (let bit = 0; bit < 8 * size; bit++) {
      const byte = at + (bit >> 3);
      const before = bytes[byte]!;
      bytes[byte] = before ^ (1 << (bit & 7));
      if (field.textOf(bytes) === field.text) return false;
      bytes[byte] = before;
    }
    return true;
  }

  /** The fields that hang on the bits of a mask; those that hang on nothing else, where these have all of its bytes. */
  private lookedAt(fields: readonly FieldSpan[], at: number, size: number, mask: number) {
    const { bytes } = this.input;
    const [inside, outside] = [bytes.slice(), Uint8Array.from(bytes, (byte) => ~byte)];
    for (let i = 0; i < size; i++) {
      const bits = (mask / 256 ** (size - 1 - i)) & 0xff;
      inside[at + i]! ^= bits;
      outside[at + i]! ^= bits;
    }
    const hanging = fields.filter((field) => field.textOf(inside) !== field.text);
    const only = hanging.filter((field) => field.textOf(outside) === field.text);
    const isAll = Array.from({ length: size }, (_, i) => at + i).every(
      (byte) => inside[byte] === bytes[byte] || only.some(({ start, end }) => start <= byte && byte < end),
    );
    return { looked: isAll ? only : hanging, isAll };
  }

  private hex(at: number, size: number): string {
    const { bytes } = this.input;
    return `0x${Array.from(bytes.subarray(at, at + size), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  private fields(): readonly FieldSpan[] {
    const { bytes, wireLength } = this.input;
    const source = { linkType: this.linkType, snapLength: bytes.length, timestampUnit: 1e-6 };
    this.spans ??= fieldSpans(new Packet(bytes, wireLength, 0, 0, source));
    return this.spans;
  }
}

/** The one smallest field of which these bytes are a part. */
function smallestAround(fields: readonly FieldSpan[], at: number, end: number): FieldSpan | undefined {
  const around = fields.filter(
    (field) => field.start <= at && field.end >= end && field.end - field.start > end - at,
  );
  const isIn = fields.some((field) => field.start === at && field.end === end);
  return isIn ? undefined : around.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
}
