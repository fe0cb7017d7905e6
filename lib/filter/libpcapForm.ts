/** Expressions with scopes, lists and ready-made filters in libpcap's own language. */

import { equivalent } from '../ask/index.js';
import type { Program } from '../cbpf/index.js';
import { parseChecked } from '../codegen/index.js';
import { FilterError } from '../source.js';
import { unscoped } from '../syntax/index.js';
import { withReadyMade } from './helped.js';
import type { CompileOptions } from './options.js';
import { programOf } from './program.js';

/**
 * The same in libpcap's own language, proved equal on whole packets of the link type; `undefined` where none is found.
 *
 * @throws FilterError where the expression is wrong.
 */
export function libpcapForm(expression: string, options: CompileOptions = {}): string | undefined {
  const settings = { ...options, ...withReadyMade(options), optimize: false };
  const tree = parseChecked(expression, settings);
  if (tree === undefined) return '';
  const form = unscoped(tree);
  // Lists of tags and labels, which are nowhere in it.
  if (/[{}]/.test(form)) return undefined;
  let found: Program;
  try {
    found = programOf(form, settings, () => undefined)!;
  } catch (error) {
    // Tunnels that it has no word for.
    if (error instanceof FilterError) return undefined;
    throw error;
  }
  const meant = programOf(expression, settings, () => undefined)!;
  return equivalent(meant, found, { whole: true }).verdict === 'equal' ? form : undefined;
}
