/**
 * Blocked gzip (BGZF, SAM specification §4.1, as `bgzip` writes it): members of 64 KiB that say how long they are, so that
 * several are inflated at once, on the threads of libuv.
 */

import * as zlib from 'node:zlib';
import { type ByteQueue, readU32 } from './byteQueue.js';

/** A header whose only extra field is the length of the member; and the checksum and length behind the data. */
const HEADER = 18;
const TRAILER = 8;
const MOST_CONTENTS = 65_536;
/** Members that are inflated at once or wait for their turn: two megabytes of contents. */
const AT_ONCE = 32;

/**
 * The contents of blocked members, as far as they follow each other and are sound. Any other stays in the queue: what is wrong
 * with it is told by who reads members one by one.
 */
export async function* blockedMembers(input: ByteQueue): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting: { readonly member: Uint8Array; readonly contents: Promise<Uint8Array | undefined> }[] = [];
  for (;;) {
    while (waiting.length < AT_ONCE) {
      const length = await lengthOf(input);
      if (length === undefined || !(await input.has(length))) break;
      const member = input.take(length);
      waiting.push({ member, contents: contentsOf(member) });
    }
    const contents = await waiting[0]?.contents;
    if (contents === undefined) break;
    waiting.shift();
    if (contents.length > 0) yield contents;
  }
  if (waiting.length > 0) input.unread(Buffer.concat(waiting.map(({ member }) => member)));
}

/** Bytes of the blocked member that comes next; `undefined` where something else does. */
async function lengthOf(input: ByteQueue): Promise<number | undefined> {
  if (!(await input.has(HEADER))) return undefined;
  const starts = [0x1f, 0x8b, 8, 4].every((byte, at) => input.peek(at) === byte);
  const says = [6, 0, 0x42, 0x43, 2, 0].every((byte, at) => input.peek(10 + at) === byte);
  const length = (input.peek(16) | (input.peek(17) << 8)) + 1;
  return starts && says && length > HEADER + TRAILER ? length : undefined;
}

/** `undefined` where the member is not sound. */
function contentsOf(member: Uint8Array): Promise<Uint8Array | undefined> {
  const data = member.subarray(HEADER, -TRAILER);
  const [crc, length] = [readU32(member, member.length - 8), readU32(member, member.length - 4)];
  return new Promise((resolve) => {
    const options = { maxOutputLength: MOST_CONTENTS, info: true };
    zlib.inflateRaw(data, options, (error, result) => {
      if (error !== null) return resolve(undefined);
      // With `info`, what inflated it comes as well.
      const { buffer, engine } = result as unknown as Inflated;
      const isSound = engine.bytesWritten === data.length && buffer.length === length;
      resolve(isSound && zlib.crc32(buffer) === crc ? buffer : undefined);
    });
  });
}

interface Inflated {
  readonly buffer: Buffer;
  /** Told how many bytes it was given that are of the data. */
  readonly engine: { readonly bytesWritten: number };
}
