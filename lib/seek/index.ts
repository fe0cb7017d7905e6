/** The index beside a capture: what of it a filter has to read. */

export { buildIndex, FollowingIndex, type IndexResult } from './build.js';
export { indexPathOf } from './format.js';
export { type OpenedIndex, openIndex, SeekIndex, type Stretch, type TimeWindow } from './plan.js';
export { type SeekSource, seekSource } from './source.js';
