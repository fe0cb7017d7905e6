/**
 * Formats of `bpf_trace_printk`, `bpf_trace_vprintk` and `bpf_snprintf`: which there are, and the text that they make.
 * Linux `kernel/bpf/helpers.c` (`bpf_bprintf_prepare`), `lib/vsprintf.c`.
 */

/** One conversion of a format, which takes one value. */
export interface Conversion {
  readonly start: number;
  readonly end: number;
  readonly flags: string;
  readonly width: number;
  /** Of a number. */
  readonly bits: 32 | 64;
  readonly kind: 'd' | 'i' | 'u' | 'x' | 'X' | 'c' | 's' | 'p';
  /** What follows `p`: `i4`, `I6`, `ks`, `us`, `x` … */
  readonly pointer: string;
}

/** Values that a format may have (`MAX_BPRINTF_VARARGS`). */
export const MOST_VALUES = 12;

const UNKNOWN = 'the format has a conversion that is not known';
/** A space or a punctuation mark, or the end. */
const ENDS_WORD = /^(?:$|[\s!-/:-@[-`{-~])/;
const NUMBER = /^(l{0,2})([iduxX])/;
const WIDTH = /^([0+\- ]*)([1-9][0-9]*)?/;

/** The conversions of a format, or what is wrong with it. */
export function conversionsOf(format: string): readonly Conversion[] | string {
  const found: Conversion[] = [];
  for (let at = 0; at < format.length; ) {
    const code = format.charCodeAt(at);
    if ((code < 32 && (code < 9 || code > 13)) || code > 126)
      return 'the format has letters that cannot be printed';
    if (format[at] !== '%') at++;
    else if (format[at + 1] === '%') at += 2;
    else {
      const conversion = conversionAt(format, at);
      if (conversion === undefined) return UNKNOWN;
      found.push(conversion);
      at = conversion.end;
    }
  }
  return found;
}

function conversionAt(format: string, start: number): Conversion | undefined {
  const [before, flags = '', width = ''] = WIDTH.exec(format.slice(start + 1))!;
  const at = start + 1 + before.length;
  const rest = format.slice(at);
  const make = (length: number, kind: string, bits: 32 | 64 = 64, pointer = ''): Conversion => ({
    start,
    end: at + length,
    flags,
    width: Number(width),
    bits,
    kind: kind as Conversion['kind'],
    pointer,
  });
  if (rest[0] === 'p') return pointerAt(rest.slice(1), make);
  if (rest[0] === 's') return ENDS_WORD.test(rest.slice(1)) ? make(1, 's') : undefined;
  if (rest[0] === 'c') return make(1, 'c');
  const number = NUMBER.exec(rest);
  if (number === null) return undefined;
  const [whole, size, kind] = number;
  return make(whole.length, kind!, size === '' ? 32 : 64);
}

type Make = (length: number, kind: string, bits?: 32 | 64, pointer?: string) => Conversion;

/** `rest`: what follows the letter. */
function pointerAt(rest: string, make: Make): Conversion | undefined {
  // The kernel takes what stands directly behind for part of it.
  if (ENDS_WORD.test(rest)) return make(rest === '' ? 1 : 2, 'p');
  const [word] = /^[a-zA-Z0-9]*/.exec(rest)!;
  const isText = /^[ku]s/.test(word);
  if (isText && word.length > 2) return undefined;
  const [kind] = /^(?:[ku]s|[KxsSB]|[iI][46])/.exec(word) ?? [];
  return kind === undefined ? undefined : make(1 + word.length, 'p', 64, kind);
}

/** Why a format cannot do with so many values; `undefined` when it can. */
export function formatProblem(format: string, values: number): string | undefined {
  if (values > MOST_VALUES) return `a format takes at most ${MOST_VALUES} values`;
  const conversions = conversionsOf(format);
  if (typeof conversions === 'string') return conversions;
  if (conversions.length <= values) return undefined;
  return `the format asks for ${conversions.length} values, of ${values}`;
}

/** Text of a value; `bytesAt` gives what is at an address, up to a zero where no length is said. */
export type BytesAt = (address: bigint, length: number | undefined) => Uint8Array | undefined;

/** The text that a sound format makes of values, for a buffer of `size` bytes, which it may be longer than. */
export function formatText(
  format: string,
  values: readonly bigint[],
  bytesAt: BytesAt,
  size: number,
): string | undefined {
  const conversions = conversionsOf(format);
  if (typeof conversions === 'string' || conversions.length > values.length) return undefined;
  const plain = (text: string): string => text.replaceAll('%%', '%');
  let at = 0;
  let text = '';
  for (const [place, conversion] of conversions.entries()) {
    text += plain(format.slice(at, conversion.start));
    // What was made of addresses before does not count where the buffer is full (`bstr_printf`).
    if (!isPrepared(conversion) || text.length < size) text += converted(conversion, values[place]!, bytesAt);
    at = conversion.end;
    // What was taken along with a plain pointer stands for itself.
    if (conversion.kind === 'p' && conversion.pointer === '' && format[at - 1] !== 'p')
      text += format[at - 1];
  }
  return text + plain(format.slice(at));
}

const isPrepared = ({ pointer }: Conversion): boolean => /^[kuiI]/.test(pointer);

function converted(conversion: Conversion, value: bigint, bytesAt: BytesAt): string {
  const { kind, bits, flags, width } = conversion;
  const wide = BigInt.asUintN(bits, value);
  switch (kind) {
    case 'c':
      return padded(String.fromCharCode(Number(value & 0xffn)), '', flags.replace('0', ''), width);
    case 's':
      return padded(latin(bytesAt(value, undefined)), '', flags.replace('0', ''), width);
    case 'p':
      return pointed(conversion, value, bytesAt);
    case 'x':
      return padded(wide.toString(16), '', flags, width);
    case 'X':
      return padded(wide.toString(16).toUpperCase(), '', flags, width);
    case 'u':
      return padded(`${wide}`, '', flags, width);
    default: {
      const signed = BigInt.asIntN(bits, value);
      const sign = signed < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
      return padded(`${signed < 0n ? -signed : signed}`, sign, flags, width);
    }
  }
}

const latin = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : String.fromCharCode(...bytes);

function padded(digits: string, sign: string, flags: string, width: number): string {
  const length = digits.length + sign.length;
  if (length >= width) return sign + digits;
  if (flags.includes('-')) return (sign + digits).padEnd(width);
  return flags.includes('0')
    ? sign + digits.padStart(width - sign.length, '0')
    : (sign + digits).padStart(width);
}

/** An address, or what is there; no width is kept to. Addresses are what they are here, not hashed. */
function pointed({ pointer }: Conversion, value: bigint, bytesAt: BytesAt): string {
  if (pointer === 'ks' || pointer === 'us') return latin(bytesAt(value, undefined));
  if (pointer[0] !== 'i' && pointer[0] !== 'I') return value.toString(16).padStart(16, '0');
  const length = pointer[1] === '4' ? 4 : 16;
  const bytes = bytesAt(value, length) ?? new Uint8Array(length);
  return length === 4 ? dotted(bytes, pointer === 'i4') : colons(bytes, pointer === 'I6');
}

const dotted = (bytes: Uint8Array, isFull: boolean): string =>
  [...bytes].map((byte) => (isFull ? `${byte}`.padStart(3, '0') : `${byte}`)).join('.');

const colons = (bytes: Uint8Array, hasColons: boolean): string =>
  Array.from({ length: 8 }, (_, at) =>
    ((bytes[2 * at]! << 8) | bytes[2 * at + 1]!).toString(16).padStart(4, '0'),
  ).join(hasColons ? ':' : '');
