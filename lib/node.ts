/**
 * Weir, the face that needs Node: files, pipes, compression, the system's names, live capture.
 *
 * @packageDocumentation
 */

export * from './capture/index.js';
export { type OpenDeviceOptions, openDevice } from './capture/index.js';
export * from './host/index.js';
// All but `openDevice`, of which the one above takes filters.
export * from './live/index.js';
export * from './savefile/node.js';
