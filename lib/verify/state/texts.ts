/** Text in a map that nobody changes any more. */

import { stackOffset } from './stack.js';
import type { Value } from './value.js';

/** Up to the byte that ends it; `undefined` where that is not known. */
export function constantText(value: Value): string | undefined {
  if (value.kind !== 'pointer') return undefined;
  const contents = value.map?.contents;
  const at = stackOffset(value, 0);
  const end = at === undefined ? -1 : (contents?.indexOf(0, at) ?? -1);
  return end < 0 ? undefined : String.fromCharCode(...contents!.subarray(at, end));
}
