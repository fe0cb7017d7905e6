/** Helpers on text. Linux `kernel/trace/bpf_trace.c`, `kernel/bpf/helpers.c`. */

import { formatText, MOST_VALUES } from '../format.js';
import { answer, bytesAt, type HelperServices, type MachineHost } from '../helpers.js';
import { RuntimeFault } from '../memory.js';
import { ERROR, type MakeHelper, unsigned, wide } from './arguments.js';

const { EINVAL, ERANGE } = ERROR;
/** Bytes of text that a run leaves in the trace (`MAX_BPRINTF_BUF`). */
const MOST_TEXT = 1024;

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Bytes at an address: so many, or up to a zero; `undefined` where there are none. */
function memoryAt(
  { memory, index }: MachineHost,
  address: bigint,
  length: number | undefined,
): Uint8Array | undefined {
  const found: number[] = [];
  try {
    for (let at = 0; at < (length ?? MOST_TEXT); at++) {
      const place = address + BigInt(at);
      const low = Number(BigInt.asIntN(32, place));
      const region = memory.locate(low, Number(BigInt.asIntN(32, place >> 32n)), 1, false, index);
      const byte = region.bytes[region.start + (low >>> 0) - region.base]!;
      if (length === undefined && byte === 0) break;
      found.push(byte);
    }
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw error;
    return undefined;
  }
  return Uint8Array.from(found);
}

const formatted = (
  machine: MachineHost,
  format: string,
  values: readonly bigint[],
  size: number,
): string | undefined =>
  formatText(format, values, (address, length) => memoryAt(machine, address, length), size);

/** The text of a format that takes `length` bytes, with a zero behind it. */
function formatIn(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : textOf(bytes.subarray(0, end));
}

function traced(
  machine: MachineHost,
  format: string | undefined,
  values: readonly bigint[],
  { trace }: HelperServices,
): number {
  const text = format === undefined ? undefined : formatted(machine, format, values, MOST_TEXT);
  if (text === undefined) return -EINVAL;
  trace?.(text.slice(0, MOST_TEXT - 1));
  return text.length;
}

/** The format in r1, its length in r2, up to three values in r3 to r5. */
const tracePrintk: MakeHelper = (services) => (machine) => {
  const format = formatIn(bytesAt(machine, 1, unsigned(machine, 2), false));
  const values = [3, 4, 5].map((register) => wide(machine, register));
  return answer(machine, traced(machine, format, values, services));
};

/** Values of 8 bytes each at a register, as many bytes as the next one says; `undefined` where that cannot be. */
function valuesAt(machine: MachineHost, register: number): readonly bigint[] | undefined {
  const size = unsigned(machine, register + 1);
  if ((size & 7) !== 0 || size > MOST_VALUES * 8) return undefined;
  if (size === 0) return [];
  if ((machine.low[register]! | machine.high[register]!) === 0) return undefined;
  const data = bytesAt(machine, register, size, false).slice();
  const view = new DataView(data.buffer);
  return Array.from({ length: size / 8 }, (_, at) => view.getBigUint64(8 * at, true));
}

const traceVprintk: MakeHelper = (services) => (machine) => {
  const values = valuesAt(machine, 3);
  if (values === undefined) return answer(machine, -EINVAL);
  const format = formatIn(bytesAt(machine, 1, unsigned(machine, 2), false));
  return answer(machine, traced(machine, format, values, services));
};

const snprintf: MakeHelper = () => (machine) => {
  const size = unsigned(machine, 2);
  const values = valuesAt(machine, 4);
  const format = memoryAt(machine, wide(machine, 3), undefined);
  const text =
    values === undefined || format === undefined
      ? undefined
      : formatted(machine, textOf(format), values, size);
  if (text === undefined) return answer(machine, -EINVAL);
  if (size > 0) {
    const target = bytesAt(machine, 1, size, true);
    for (let at = 0; at < Math.min(text.length, size - 1); at++) target[at] = text.charCodeAt(at);
    target[Math.min(text.length, size - 1)] = 0;
  }
  return answer(machine, text.length + 1);
};

const strncmp: MakeHelper = () => (machine) => {
  const bytes = bytesAt(machine, 1, unsigned(machine, 2), false);
  const other = memoryAt(machine, wide(machine, 3), undefined);
  if (other === undefined)
    throw new RuntimeFault('bad-argument', machine.index, 'r3 is no text that ends with a zero');
  for (const [at, byte] of bytes.entries()) {
    const against = other[at] ?? 0;
    if (byte !== against) return answer(machine, byte < against ? -1 : 1);
    if (byte === 0) break;
  }
  return answer(machine, 0);
};

/** Bytes of a number that are looked at (`BPF_STRTOX_BASE_MASK` and the room for digits). */
const MOST_DIGITS = 63;
const BASES: ReadonlySet<number> = new Set([0, 8, 10, 16]);
const SPACE = /^[ \t\n\v\f\r]*/;
const HEXADECIMAL = /^0x(?=[0-9a-f])/i;

interface ReadNumber {
  /** Without its sign. */
  readonly value: bigint;
  readonly isNegative: boolean;
  readonly length: number;
}

/** The number that a text begins with, or an error number negated (`__bpf_strtoull`). */
function numberIn(machine: MachineHost): ReadNumber | number {
  const text = textOf(bytesAt(machine, 1, unsigned(machine, 2), false));
  const flags = unsigned(machine, 3);
  if (machine.high[3] !== 0 || !BASES.has(flags)) return -EINVAL;
  const spaces = SPACE.exec(text)![0].length;
  const isNegative = text[spaces] === '-';
  const start = spaces + (isNegative ? 1 : 0);
  const rest = text.slice(start, start + MOST_DIGITS);
  const base = flags !== 0 ? flags : HEXADECIMAL.test(rest) ? 16 : rest.startsWith('0') ? 8 : 10;
  const prefix = base === 16 && /^0x/i.test(rest) ? 2 : 0;
  let value = 0n;
  let at = prefix;
  for (; at < rest.length; at++) {
    const digit = Number.parseInt(rest[at]!, 36);
    if (!(digit < base)) break;
    value = value * BigInt(base) + BigInt(digit);
  }
  if (value > MOST_64) return -ERANGE;
  return at === prefix ? -EINVAL : { value, isNegative, length: start + at };
}
const MOST_64 = 2n ** 64n - 1n;

/** Reads a number into r4, or 0 where there is none; gives how many bytes it took. */
const toNumber =
  (isSigned: boolean): MakeHelper =>
  () =>
  (machine) => {
    const target = bytesAt(machine, 4, 8, true).fill(0);
    const read = numberIn(machine);
    if (typeof read === 'number') return answer(machine, read);
    const { value, isNegative, length } = read;
    if (isNegative && !isSigned) return answer(machine, -EINVAL);
    const signed = isNegative ? -value : value;
    if (isSigned && BigInt.asIntN(64, signed) !== signed) return answer(machine, -ERANGE);
    target.set(new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, signed)).buffer));
    return answer(machine, length);
  };

export const TEXT: readonly (readonly [number: number, make: MakeHelper])[] = [
  [6, tracePrintk],
  [105, toNumber(true)],
  [106, toNumber(false)],
  [165, snprintf],
  [177, traceVprintk],
  [182, strncmp],
];
