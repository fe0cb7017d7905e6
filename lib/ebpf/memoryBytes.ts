/** Bytes of memory as numbers, for the definition: plain and slow. */

import type { Region } from './memory.js';

/** Reads a little-endian value of `size` bytes. */
export function readMemory(region: Region, low: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--)
    value = (value << 8n) | BigInt(region.bytes[region.start + low - region.base + i]!);
  return value;
}

export function writeMemory(region: Region, low: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) {
    region.bytes[region.start + low - region.base + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}

export function swapBytes(value: bigint, bits: number): bigint {
  let swapped = 0n;
  for (let i = 0; i < bits; i += 8) swapped = (swapped << 8n) | ((value >> BigInt(i)) & 0xffn);
  return swapped;
}
