/** Filtering whole captures, file to file. */

import { AUTO, scansInBatches } from './auto.js';
import type { Filter } from './compile.js';
import { engineOf } from './engine.js';
import { compile } from './filter.js';
import { createAccelerator } from './jit/index.js';
import type { Accelerator, CaptureInterface, Select } from './savefile/index.js';
import { FileSink, openCapture } from './savefile/node.js';

export interface FilterFileOptions {
  /** Stop after this many matches. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface FilterFileResult {
  /** Packets read. */
  readonly read: number;
  /** Packets written. */
  readonly matched: number;
}

/**
 * Tests for the interfaces of a capture. A filter is for one link type: where a packet comes from an
 * interface of another, the expression is compiled for that one.
 */
export function selectWith(filter: Filter): Select {
  const filterFor = filtersLike(filter);
  return (source) => filterFor(source).test;
}

function filtersLike(filter: Filter): (source: CaptureInterface) => Filter {
  const byLinkType = new Map<number, Filter>();
  return ({ linkType, bigEndian }) => {
    let same = byLinkType.get(linkType);
    if (same === undefined) {
      const mode = bigEndian === true ? 'savefile-swapped' : 'savefile';
      same = compile(filter.expression, { ...filter.options, linkType, mode });
      byLinkType.set(linkType, same);
    }
    return same;
  };
}

/** What a scan for a filter is called with: tests one by one, and many at once where that is faster. */
export function scanFor(filter: Filter): { readonly select: Select; readonly accelerator?: Accelerator } {
  const filterFor = filtersLike(filter);
  const select: Select = (source) => filterFor(source).test;
  const { engine = 'auto' } = filter.options;
  const loader = engine === 'auto' ? AUTO : engineOf(engine);
  if (!scansInBatches(loader)) return { select };
  return { select, accelerator: createAccelerator((source) => loader.body?.(filterFor(source).cbpf)) };
}

/**
 * Copies the packets of a capture that match, byte for byte and in the container they came in; with
 * pcapng, everything that is not a packet is kept as well. Reads compressed captures, writes plain ones.
 *
 * @throws CaptureError for a file that cannot be read or written; what was readable has been written.
 * @throws FilterError where the file has a link type that the expression cannot be compiled for.
 */
export async function filterFile(
  input: string,
  output: string,
  filter: Filter,
  options: FilterFileOptions = {},
): Promise<FilterFileResult> {
  const { limit, signal } = options;
  await using capture = await openCapture(input, signal === undefined ? {} : { signal });
  using sink = new FileSink(output, input);
  await capture.scan({ ...scanFor(filter), sink, ...(limit === undefined ? {} : { limit }) });
  return { read: capture.packetsRead, matched: capture.packetsMatched };
}
