/**
 * Filtering a capture as a stream in a pipeline. Apart from files.ts, because Node's streams take longer to load
 * than a small file takes to filter.
 */

import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import type { Filter } from '../filter/index.js';
import { openCapture } from './files.js';

/**
 * A stream that takes a capture and gives the same with the matching packets only, for
 * `pipeline(process.stdin, filterStream(filter), process.stdout)`.
 */
export function filterStream(filter: Filter): Duplex {
  const input = new PassThrough();
  const output = new PassThrough();
  const sink = {
    write: async (bytes: Uint8Array, start: number, end: number): Promise<void> => {
      if (!output.write(bytes.slice(start, end))) await once(output, 'drain');
    },
  };
  const run = async (): Promise<void> => {
    await using capture = await openCapture(input, { filter });
    await capture.scan({ sink });
  };
  run().then(
    () => output.end(),
    (error: Error) => output.destroy(error),
  );
  return Duplex.from({ writable: input, readable: output });
}
