/** Flow graphs of the classic machine. */

export * from './block.js';
export { linearize } from './linearize.js';
export { split } from './split.js';
