/** The index beside a capture: what of it a filter has to read. */

export { buildIndex, FollowingIndex, type IndexResult } from './build.js';
export type { Stretch } from './chunk.js';
export { indexPathOf } from './format.js';
export { type OpenedIndex, openIndex, SeekIndex, type TimeWindow } from './plan.js';
export { type SeekSource, seekSource } from './source.js';
