/** Helpers that make text. Linux `bpf_trace.c`, `bpf_bprintf_prepare`. */

import { answer, bytesAt, type HelperServices } from '../helpers.js';
import { ERROR, type MakeHelper, unsigned, wide } from './arguments.js';

const { E2BIG, EINVAL } = ERROR;
const MOST_TEXT = 1024;

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes).replace(/\0.*$/s, '');

/** The format with values in place; what has no value stays as it is. */
function formatted(format: string, values: readonly bigint[]): string {
  let next = 0;
  return format.replace(/%(?:l{0,2})([diuxX%])/g, (whole, kind: string) => {
    if (kind === '%') return '%';
    const value = values[next];
    if (value === undefined) return whole;
    next++;
    const bits = whole.includes('l') ? 64 : 32;
    if (kind === 'd' || kind === 'i') return `${BigInt.asIntN(bits, value)}`;
    const unsignedValue = BigInt.asUintN(bits, value);
    return kind === 'u' ? `${unsignedValue}` : unsignedValue.toString(16);
  });
}

function put({ trace }: HelperServices, text: string): number {
  trace?.(text);
  return text.length;
}

/** The format in r1, its length in r2, up to three values in r3 to r5. */
const tracePrintk: MakeHelper = (services) => (machine) => {
  const length = unsigned(machine, 2);
  if (length > MOST_TEXT) return answer(machine, -E2BIG);
  const format = textOf(bytesAt(machine, 1, length, false));
  return answer(
    machine,
    put(
      services,
      formatted(
        format,
        [3, 4, 5].map((register) => wide(machine, register)),
      ),
    ),
  );
};

/** The same with values of 8 bytes each at r3, as many bytes as r4 says. */
const MOST_VALUES = 12;
const traceVprintk: MakeHelper = (services) => (machine) => {
  const [length, size] = [unsigned(machine, 2), unsigned(machine, 4)];
  if ((size & 7) !== 0 || size > MOST_VALUES * 8) return answer(machine, -EINVAL);
  const data = size === 0 ? new Uint8Array(0) : bytesAt(machine, 3, size, false).slice();
  const view = new DataView(data.buffer);
  const values = Array.from({ length: size / 8 }, (_, at) => view.getBigUint64(8 * at, true));
  return answer(machine, put(services, formatted(textOf(bytesAt(machine, 1, length, false)), values)));
};

export const TEXT: readonly (readonly [number: number, make: MakeHelper])[] = [
  [6, tracePrintk],
  [177, traceVprintk],
];
