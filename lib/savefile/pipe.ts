/**
 * Captures that come through a pipe or a socket.
 */

import * as fs from 'node:fs';
import type { SocketConstructorOpts } from 'node:net';
import { ioError } from './ioError.js';
import type { Source } from './source.js';
import type { Window } from './window.js';

const DOING = 'error reading dump file';
/** Milliseconds between two looks at a pipe that has nothing to read. */
const RETRY = 2;

/**
 * A source over an open pipe or socket.
 *
 * A Worker closes at its end every descriptor that it opened by `fs.open` and did not close by `fs.close`. A socket
 * closes its descriptor by other means: the Worker would close the same number again, by then perhaps another
 * thread's file. So what a Worker opened itself is read without a socket.
 *
 * @param descriptor - Open for reading; closed with the source.
 * @param input - What it was opened from: a path, or the descriptor itself.
 */
export async function pipeSource(descriptor: number, input: string | number, name: string): Promise<Source> {
  const { isMainThread } = await import('node:worker_threads');
  return isMainThread || typeof input === 'number'
    ? socketSource(descriptor, name)
    : polledSource(descriptor, input, name);
}

/** A source over a FIFO that asks again and again: nothing waits in read(2), so that the Worker can be ended. */
function polledSource(waited: number, path: string, name: string): Source {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    throw ioError(error, name);
  } finally {
    fs.closeSync(waited);
  }
  return {
    async read(window) {
      for (;;) {
        try {
          const count = fs.readSync(descriptor, window.bytes, window.end, window.room, null);
          window.end += count;
          return count;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw ioError(error, name, DOING);
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    },
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    close: () => fs.closeSync(descriptor),
  };
}

/** Bytes that a pipe hands on at once on Linux. */
const PIPE_CHUNK = 65_536;

/**
 * A source that waits for data as sockets do: with poll(2), not in a read(2) on another thread. Such a
 * read could not be interrupted, nor could the process end while nothing comes.
 *
 * The socket fills one buffer again and again, and is told to wait while that is being emptied.
 */
async function socketSource(descriptor: number, name: string): Promise<Source> {
  // Loaded only here: it would cost every start of the command more than reading a small file takes.
  const net = await import('node:net');
  const buffer = new Uint8Array(PIPE_CHUNK);
  let filledFrom = 0;
  let filledTo = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: () => void = () => {};
  const onread = {
    buffer,
    callback(count: number): boolean {
      filledFrom = 0;
      filledTo = count;
      wake();
      return false;
    },
  };
  const options = { fd: descriptor, readable: true, writable: false, onread };
  const socket = new net.Socket(options as SocketConstructorOpts);
  socket.on('error', (error) => {
    failure = error;
    wake();
  });
  socket.on('close', () => {
    ended = true;
    wake();
  });
  socket.on('end', () => {
    ended = true;
    wake();
  });
  const take = (window: Window): number => {
    const count = Math.min(filledTo - filledFrom, window.room);
    window.bytes.set(buffer.subarray(filledFrom, filledFrom + count), window.end);
    filledFrom += count;
    window.end += count;
    return count;
  };
  return {
    read(window) {
      if (filledFrom < filledTo) return take(window);
      return new Promise((resolve, reject) => {
        wake = () => {
          if (filledFrom < filledTo) resolve(take(window));
          else if (failure !== undefined) reject(ioError(failure, name, DOING));
          else if (ended) resolve(0);
        };
        wake();
        socket.resume();
      });
    },
    async close() {
      socket.destroy();
    },
  };
}
