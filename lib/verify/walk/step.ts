/** One instruction on one path: first what it requires, then what it does. */

import type { Instruction } from '../../ebpf/index.js';
import { apply } from '../effects/apply.js';
import type { Path } from '../effects/path.js';

/**
 * The slot to go on with, `undefined` at the end of the path.
 *
 * @throws Rejected where a requirement does not hold; the state is then as it was
 */
export function step(path: Path, instruction: Instruction): number | undefined {
  const checks = path.checksAt(path.index);
  for (let at = 0; at < checks.length; at++) checks[at]!(path);
  return apply(path, instruction);
}
