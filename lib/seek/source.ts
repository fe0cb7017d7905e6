/** Reading a capture with gaps: only the stretches that may matter. */

import * as fs from 'node:fs';
import type { Source } from '../savefile/index.js';
import { ioError } from '../savefile/node.js';
import type { Stretch } from './chunk.js';

/** A capture's source, and how much was read of it. */
export interface SeekSource extends Source {
  readonly bytesTaken: number;
}

/**
 * @param name - The capture.
 * @param stretches - Begin and end where records do.
 */
export function seekSource(name: string, stretches: Iterable<Stretch>): SeekSource {
  const descriptor = fs.openSync(name, 'r');
  const rest = stretches[Symbol.iterator]();
  let [at, to] = [0, 0];
  let bytesTaken = 0;
  return {
    size: fs.fstatSync(descriptor).size,
    get bytesTaken() {
      return bytesTaken;
    },
    read(window) {
      if (at === to) {
        const next = rest.next();
        if (next.done === true) return 0;
        ({ from: at, to } = next.value);
        window.moveOn(at);
      }
      try {
        const count = fs.readSync(descriptor, window.bytes, window.end, Math.min(window.room, to - at), at);
        window.end += count;
        at += count;
        bytesTaken += count;
        return count;
      } catch (error) {
        throw ioError(error, name, 'error reading dump file');
      }
    },
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    close() {
      fs.closeSync(descriptor);
    },
  };
}
