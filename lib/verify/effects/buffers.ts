/** What memory holds that helpers and global functions were given. Linux `check_stack_range_initialized`. */

import type { Buffer, Use } from '../state/buffers.js';
import { byteAt, type Span, setByte, spanOf, stackOffset } from '../state/stack.js';
import type { Pointer } from '../state/value.js';
import type { Path } from './path.js';
import { noteDepth, readsBytes } from './stack.js';

/** Whoever was given bytes has used them; what other memory than the stack holds is not kept. */
export function useBuffer(path: Path, { value, size, use }: Buffer): void {
  if (value.kind !== 'pointer' || value.type !== 'stack') return;
  const span = spanOf(value, 0, size);
  noteDepth(path, value, span);
  useStack(path, value, span, use === 'fill' && stackOffset(value, 0) === undefined ? 'write' : use);
}

function useStack(path: Path, base: Pointer, { from, to }: Span, use: Use): void {
  const frame = path.state.frames[base.frame]!;
  if (use !== 'fill' && to > from) readsBytes(path, base, { from, to });
  for (let byte = from; byte < to; byte++) {
    if (byteAt(frame, byte) === 'none') path.notes.readUnwritten();
    if (use !== 'read') setByte(frame, byte, 'any');
  }
}
