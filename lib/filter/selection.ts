/** How a scan of a capture asks a filter: packet by packet and, where that is faster, many at once. */

import { scansInBatches } from '../engine/index.js';
import { createAccelerator, type FilterBody } from '../jit/index.js';
import type { CaptureInterface, Select, Selection } from '../savefile/index.js';
import type { Filter } from './family.js';

/** Tests for the interfaces of a capture. */
export function selectWith(filter: Filter): Select {
  return (source) => filter.for(source).test;
}

/** The packets that match, asked one by one and, where that is faster, many at once. For one capture. */
export function selectionOf(filter: Filter): Selection {
  const select = selectWith(filter);
  const { loader } = filter;
  if (!scansInBatches(loader)) return { select };
  return { select, accelerator: createAccelerator((source) => bodyOf(filter, source)) };
}

/** The filter as it stands in a loop over packets of an interface; `undefined` where its engine does not do that. */
export function bodyOf(filter: Filter, source: CaptureInterface): FilterBody | undefined {
  const { loader } = filter;
  return scansInBatches(loader) ? loader.body?.(filter.for(source).cbpf) : undefined;
}
