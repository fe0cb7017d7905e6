/**
 * Weir, the face that needs Node: files, pipes, compression, the system's names, live capture.
 *
 * @packageDocumentation
 */

export * from './savefile/node.js';
