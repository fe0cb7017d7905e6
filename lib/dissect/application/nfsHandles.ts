/** File handles of NFS, which each system fills as it likes: whose it is is guessed from its zeros. */

import type { Dissection } from '../frame/dissection.js';
import { visible } from '../frame/text.js';

/** What systems put where: file system (major, minor), file. */
type Parts = readonly [major: number, minor: number, file: number];

const big = (b: Uint8Array, at: number, size = 4): number => {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + b[at + i]!;
  return value;
};
const little = (b: Uint8Array, at: number): number =>
  ((b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0) as number;

const osf = (b: Uint8Array): Parts => [little(b, 0) >>> 20, little(b, 0) & 0xfffff, little(b, 12)];
const sun4 = (b: Uint8Array): Parts => [b[2]!, b[3]!, big(b, 12)];
const sun5 = (b: Uint8Array): Parts => [big(b, 0, 2) >> 2, big(b, 1, 3) & 0x3ffff, big(b, 12)];

/** A name of printing characters, then zeros only. */
function isNamed(b: Uint8Array): boolean {
  if (b.length < 28) return false;
  let ended = false;
  for (let i = 1; i < 14; i++) {
    const c = b[i]!;
    if (c === 0) ended = true;
    else if (c < 0x20 || c > 0x7e || ended) return false;
  }
  return true;
}

function partsOf(b: Uint8Array): Parts | 'named' | undefined {
  if (b.length < 16) return undefined;
  const zero = (...places: number[]): boolean => places.every((i) => b[i] === 0);
  const isOsf = b[8] === 12 && b[9] === 0;
  if (zero(0, 1)) {
    if (zero(2, 3)) return [b[6]!, b[7]!, big(b, 12)];
    if (b[4] !== 0 && b[5] === 0 && isOsf) return osf(b);
    if (zero(4, 6, 7) && b[5] === 8) return [b[2]!, b[3]!, big(b, 8)];
    return sun4(b);
  }
  if (zero(2, 3)) {
    if (zero(6, 7)) return [b[1]!, b[0]!, little(b, 12)];
    if (b.length >= 24 && zero(21, 23)) return [b[1]!, b[0]!, little(b, 4)];
    return b[9] === 10 ? sun5(b) : undefined;
  }
  if (isOsf) return osf(b);
  if (b[8] === 0 && b[9] === 10) return zero(4, 5, 6, 7) ? [b[0]!, big(b, 1, 3), big(b, 12)] : sun5(b);
  return isNamed(b) ? 'named' : undefined;
}

const shown = (b: Uint8Array): string => Array.from(b, visible).join('');

/** `size` in words. */
export function sayHandle(d: Dissection, at: number, size: number): void {
  const b = d.data.subarray(at, at + size * 4);
  if (d.rawHandles) {
    d.out += ` fh[${Array.from({ length: size }, (_, i) => big(b, i * 4).toString(16)).join(':')}]`;
    return;
  }
  const parts = partsOf(b);
  if (parts === undefined) {
    const hex = Array.from(b.subarray(0, 32), (c) => c.toString(16).toUpperCase().padStart(2, '0')).join('');
    d.out += ` fh ${'Unknown'.slice(0, size)}/${hex}`;
  } else if (parts === 'named') {
    const name = b.subarray(1, 1 + Math.min(size, 64));
    const end = name.findIndex((c) => c === 0 || c === 0x20);
    const file = ((b[26]! << 24) | (b[27]! << 16) | (b[23]! << 8) | b[22]!) >>> 0;
    d.out += ` fh ${shown(end < 0 ? name : name.subarray(0, end))}/${file}`;
  } else d.out += ` fh ${parts[0]},${parts[1]}/${parts[2]}`;
}
