/**
 * Domain names as DNS and neighbour discovery carry them (RFC 1035 §4.1.4), with the bit labels of RFC 2673.
 *
 * Time is bounded: a pointer must lead before every earlier one, and a compressed name stops at 255
 * characters.
 */

import type { Dissection } from '../frame/dissection.js';
import { hex2, visible } from '../frame/text.js';

/** Longest name (RFC 1035 §2.3.4). */
const MOST_CHARACTERS = 255;
const KIND = 0xc0;
const POINTER = 0xc0;
const EXTENDED = 0x40;
const LABEL = 0x00;
const BIT_LABEL = 1;

/** Offset behind the name at `start`, or -1 where it is cut or wrong. */
export function skipDomainName(d: Dissection, start: number): number {
  for (let at = start; d.has(at, 1); ) {
    const head = d.u8(at);
    at++;
    if (head === 0) return at;
    switch (head & KIND) {
      case POINTER:
        return at + 1;
      case LABEL:
        at += head;
        break;
      case EXTENDED:
        if ((head & ~KIND) !== BIT_LABEL || !d.has(at, 1)) return -1;
        at += 1 + bitLabelBytes(d, at);
        break;
      default:
        return -1;
    }
  }
  return -1;
}

/**
 * Prints the name at `start`, whose pointers count from `message`.
 *
 * @returns the offset behind the name (behind its first pointer), or -1 where it is cut or wrong.
 */
export function printDomainName(d: Dissection, start: number, message: number): number {
  let length = labelLength(d, start);
  if (length < 0) return -1;
  let head = d.u8(start);
  let at = start + 1;
  let after = (head & KIND) === POINTER ? -1 : at + length;
  let compressed = false;
  let lowest = (start - message) >>> 0; // no limit for a name in front of its message
  let characters = 0;
  if (head === 0) {
    d.out += '.';
    return after;
  }
  while (head !== 0 && at < d.end) {
    if ((head & KIND) === POINTER) {
      if (!compressed) {
        after = at + 1;
        compressed = true;
      }
      if (!d.has(at, 1)) return -1;
      const target = ((head << 8) | d.u8(at)) & 0x3fff;
      if (target >= lowest) {
        d.out += '<BAD PTR>';
        return -1;
      }
      lowest = target;
      at = message + target;
      if (!d.has(at, 1)) return -1;
      head = d.u8(at);
      length = labelLength(d, at);
      if (length < 0) return -1;
      at++;
      continue;
    }
    if ((head & KIND) === LABEL) {
      if (!printLabel(d, at, Math.min(length, MOST_CHARACTERS - characters))) return -1;
      characters += length;
    } else if (!printBitLabel(d, at)) {
      return -1;
    }
    at += length;
    if (characters <= MOST_CHARACTERS) d.out += '.';
    characters++;
    if (compressed && characters > MOST_CHARACTERS) break;
    if (!d.has(at, 1)) return -1;
    head = d.u8(at);
    length = labelLength(d, at);
    if (length < 0) return -1;
    at++;
    if (!compressed) after += length + 1;
  }
  if (characters > MOST_CHARACTERS) d.out += '<DOMAIN NAME TOO LONG>';
  return after;
}

/** Bytes behind a label's first one; -1, having said so, for an unknown kind. A pointer counts as its first byte. */
function labelLength(d: Dissection, at: number): number {
  if (!d.has(at, 1)) return -1;
  const head = d.u8(at);
  switch (head & KIND) {
    case EXTENDED:
      if ((head & ~KIND) !== BIT_LABEL) {
        d.out += `<ELT ${head & ~KIND}>`;
        return -1;
      }
      return d.has(at + 1, 1) ? bitLabelBytes(d, at + 1) + 1 : -1;
    case POINTER:
    case LABEL:
      return head;
    default:
      d.out += '<BAD LABEL TYPE>';
      return -1;
  }
}

function bitLabelBytes(d: Dissection, at: number): number {
  return ((d.u8(at) || 256) + 7) >> 3;
}

/** False where the packet ends inside the label. */
function printLabel(d: Dissection, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (at + i >= d.end) return false;
    d.out += visible(d.data[at + i]!);
  }
  return true;
}

function printBitLabel(d: Dissection, at: number): boolean {
  if (!d.has(at, 1)) return false;
  const count = d.u8(at) || 256;
  d.out += '\\[x';
  let bits = count;
  let cursor = at + 1;
  for (; bits > 7; bits -= 8) d.out += hex2(d.u8(cursor++));
  if (bits > 4) d.out += hex2(d.u8(cursor) & (0xff << (8 - bits)));
  else if (bits > 0) d.out += ((d.u8(cursor) >> 4) & (0x0f << (4 - bits)) & 0x0f).toString(16);
  d.out += `/${count}]`;
  return true;
}
