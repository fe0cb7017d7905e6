/**
 * Test support: BTF as small as can be, for a kernel that wants to know what functions of a program are, or where in a map's
 * values a lock is. Linux `Documentation/bpf/btf.rst`.
 */

const MAGIC = 0xeb9f;
const HEADER = 24;
const [INT, POINTER, STRUCT, FUNCTION, PROTOTYPE] = [1, 2, 4, 12, 13];
const SIGNED_32 = (1 << 24) | 32;
/** `void`. */
const NO_TYPE = 0;

/** What a function takes: the context, whose structure has a name; a number; the address of so many bytes. */
export type BtfParameter = { readonly context: string } | 'number' | { readonly bytes: number };

export interface BtfFunction {
  /** The first slot. */
  readonly slot: number;
  readonly linkage: 'static' | 'global';
  readonly parameters?: readonly BtfParameter[];
  /** Default: an `int`. */
  readonly returnsNothing?: boolean;
}

export interface Btf {
  readonly bytes: Uint8Array;
  /** Records of `struct bpf_func_info`: the slot, and the type. */
  readonly functions: Uint8Array;
  /** Types of the key and the value of a map with a lock. */
  readonly key: number;
  readonly value: number;
}

/** @param lock - Where in a value of `valueSize` bytes a `struct bpf_spin_lock` is, or a `struct bpf_timer`. */
export function makeBtf(
  functions: readonly BtfFunction[],
  lock?: number,
  valueSize = 0,
  isTimer = false,
): Btf {
  const words: number[] = [];
  let text = '\0';
  const name = (of: string): number => {
    const at = text.length;
    text += `${of}\0`;
    return at;
  };
  let types = 0;
  const type = (called: string, kind: number, count: number, third: number, ...rest: number[]): number => {
    words.push(called === '' ? 0 : name(called), ((kind << 24) | count) >>> 0, third, ...rest);
    return ++types;
  };
  const int = type('int', INT, 0, 4, SIGNED_32);
  const pointerTo = (called: string, size: number): number =>
    type('', POINTER, 0, type(called, STRUCT, 0, size));
  const parameterType = (parameter: BtfParameter): number => {
    if (parameter === 'number') return int;
    return 'context' in parameter
      ? pointerTo(parameter.context, 0)
      : pointerTo(`bytes${parameter.bytes}`, parameter.bytes);
  };
  const records = functions.flatMap(({ slot, linkage, parameters = [], returnsNothing }, at) => {
    const taken = parameters.flatMap((parameter) => {
      const of = parameterType(parameter);
      return [name('argument'), of];
    });
    const prototype = type(
      '',
      PROTOTYPE,
      parameters.length,
      returnsNothing === true ? NO_TYPE : int,
      ...taken,
    );
    return [slot, type(`f${at}`, FUNCTION, linkage === 'global' ? 1 : 0, prototype)];
  });
  let value = 0;
  if (lock !== undefined) {
    const [called, size] = isTimer ? (['bpf_timer', 16] as const) : (['bpf_spin_lock', 4] as const);
    const field = type(called, STRUCT, 1, size, name('val'), int, 0);
    value = type('value', STRUCT, 1, valueSize, name('field'), field, lock * 8);
  }
  const bytes = new Uint8Array(HEADER + 4 * words.length + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, 1);
  [HEADER, 0, 4 * words.length, 4 * words.length, text.length].forEach((field, at) => {
    view.setUint32(4 + 4 * at, field, true);
  });
  words.forEach((word, at) => {
    view.setUint32(HEADER + 4 * at, word, true);
  });
  bytes.set(
    Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
    HEADER + 4 * words.length,
  );
  return {
    bytes,
    functions: new Uint8Array(Uint32Array.from(records).buffer),
    key: int,
    value,
  };
}
