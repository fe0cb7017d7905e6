/**
 * Weir, the face that runs anywhere: expressions, programs, engines, capture formats, packet text.
 * Uses no Node API; what needs Node is in node.ts.
 *
 * @packageDocumentation
 */

export * from './savefile/index.js';
