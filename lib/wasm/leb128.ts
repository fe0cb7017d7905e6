/** LEB128, the variable-length integers of the WebAssembly binary format (core specification §5.2.2). */

/** Appends an unsigned number below 2^32. */
export function writeUnsigned(bytes: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

/** Appends a signed 32-bit number. */
export function writeSigned(bytes: number[], value: number): void {
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
}

/** Appends a signed 64-bit number. */
export function writeSigned64(bytes: number[], value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  while (rest < -0x40n || rest > 0x3fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest & 0x7fn));
}

/** A place in bytes that are read. */
export interface Cursor {
  readonly bytes: ArrayLike<number>;
  at: number;
}

export const readUnsigned = (cursor: Cursor): number => Number(BigInt.asUintN(32, readBits(cursor).value));

export function readSigned64(cursor: Cursor): bigint {
  const { value, bits } = readBits(cursor);
  return BigInt.asIntN(Math.min(bits, 64), value);
}

function readBits(cursor: Cursor): { readonly value: bigint; readonly bits: number } {
  let value = 0n;
  for (let bits = 0; ; ) {
    const byte = cursor.bytes[cursor.at++]!;
    value |= BigInt(byte & 0x7f) << BigInt(bits);
    bits += 7;
    if ((byte & 0x80) === 0) return { value, bits };
  }
}
