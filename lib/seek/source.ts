/** Reading a capture with gaps: only the stretches that may matter. */

import * as fs from 'node:fs';
import type { Source } from '../savefile/index.js';
import { ioError } from '../savefile/node.js';
import type { Stretch } from './chunk.js';
import { ReadAhead } from './readAhead.js';

/** A capture's source, and how much was read of it. */
export interface SeekSource extends Source {
  readonly bytesTaken: number;
}

/** Bytes of stretches that are put one behind the other: to walk over each on its own takes longer than to read it. */
const GATHERED = 131_072;
/** Stretches that are read ahead. */
const MOST_WAITING = 64;

/**
 * @param name - The capture.
 * @param stretches - Begin and end where records do.
 */
export function seekSource(name: string, stretches: Iterable<Stretch>): SeekSource {
  const descriptor = fs.openSync(name, 'r');
  const rest = stretches[Symbol.iterator]();
  const ahead = new ReadAhead(descriptor);
  const waiting: Stretch[] = [];
  /** The stretch that comes next, which stays; where reads wait, those behind it are on their way. */
  const next = (): Stretch | undefined => {
    while (waiting.length < (ahead.isOn ? MOST_WAITING : 1)) {
      const { value, done } = rest.next();
      if (done === true) break;
      waiting.push(value);
      if (value.to !== Number.POSITIVE_INFINITY) ahead.touch(value.from, value.to - value.from);
    }
    return waiting[0];
  };
  let [at, to] = [0, 0];
  let bytesTaken = 0;
  const readAt = (bytes: Uint8Array, start: number, length: number, from: number) => {
    try {
      return ahead.timed(() => fs.readSync(descriptor, bytes, start, length, from));
    } catch (error) {
      throw ioError(error, name, 'error reading dump file');
    }
  };
  return {
    size: fs.fstatSync(descriptor).size,
    get bytesTaken() {
      return bytesTaken;
    },
    read(window) {
      let taken = 0;
      while (taken < GATHERED && window.room > 0) {
        if (at === to) {
          const stretch = next();
          // Offsets are those of what was read first: they are right where damage may be.
          if (stretch === undefined || (taken > 0 && stretch.to === Number.POSITIVE_INFINITY)) break;
          waiting.shift();
          ({ from: at, to } = stretch);
          if (taken === 0) window.moveOn(at);
        }
        const count = readAt(window.bytes, window.end, Math.min(window.room, to - at), at);
        if (count === 0) break;
        window.end += count;
        at += count;
        taken += count;
      }
      bytesTaken += taken;
      return taken;
    },
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    close() {
      fs.closeSync(descriptor);
    },
  };
}
