/**
 * Loads off the plain path: ancillary data, and the kernel's signed offsets. Engines inline the plain
 * loads and call these.
 */

import { extensionAt, headerRelative, type PacketMetadata } from './extensions.js';
import type { Instruction } from './instruction.js';
import { ABS, classOf, IND, LD, LDX, MSH, modeOf, type Personality, sizeOf } from './opcodes.js';

/** The load lies outside the packet: the program ends and returns 0. */
export const OUT_OF_BOUNDS = -1;
/** The packet came through no device: the program ends and returns A. */
export const NO_DEVICE = -2;

/** The loaded value, an unsigned 32-bit number, or one of the two marks. */
export type SpecialLoad = (
  a: number,
  x: number,
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  metadata: PacketMetadata | undefined,
) => number;

/**
 * How an instruction loads, `undefined` when it does so as every engine knows: at an unsigned offset in
 * the captured bytes. (`ldxb 4*([k]&0xf)` gives the whole byte; the caller masks it.)
 */
export function specialLoad(instruction: Instruction, personality: Personality): SpecialLoad | undefined {
  const { code, k } = instruction;
  const mode = modeOf(code);
  const fromPacket =
    (classOf(code) === LD && (mode === ABS || mode === IND)) || (classOf(code) === LDX && mode === MSH);
  if (!fromPacket) return undefined;
  const extension = classOf(code) === LD && mode === ABS ? extensionAt(k) : undefined;
  const signed = personality === 'kernel' && (mode === IND || (k | 0) < 0);
  if (extension === undefined && !signed) return undefined;
  const size = mode === MSH ? 1 : sizeOf(code);
  const relativeToX = mode === IND;

  return (a, x, bytes, start, capturedLength, metadata) => {
    if (extension !== undefined && metadata !== undefined) {
      return extension.read({ a, x, bytes, start, capturedLength, metadata }) ?? NO_DEVICE;
    }
    if (!signed) return OUT_OF_BOUNDS;
    const offset = (relativeToX ? x + k : k) | 0;
    const at = offset < 0 ? headerRelative(offset, metadata ?? {}) : offset;
    if (at < 0 || at + size > capturedLength) return OUT_OF_BOUNDS;
    let value = 0;
    for (let i = 0; i < size; i++) value = ((value << 8) | bytes[start + at + i]!) >>> 0;
    return value;
  };
}
