/**
 * The facade: an expression in, something that tells matching packets from others out.
 *
 * @example
 * const filter = compile('tcp port 443 and not host 10.0.0.1');
 * for await (const packet of capture) if (filter.matches(packet)) use(packet);
 */

import { loaderOf } from '../engine/index.js';
import { builtinResolver } from '../names/index.js';
import { Filter } from './family.js';
import { withReadyMade } from './helped.js';
import { type CompileOptions, checkCompileOptions } from './options.js';

/**
 * Compiles an expression of pcap-filter(7), with `@name` for ready-made filters. The filter is right for packets of
 * every link type: it is compiled for each when the first comes. For bare bytes name the link type in the options.
 *
 * @throws FilterError where the expression is wrong: with the place, what was expected, and a hint.
 * @throws RangeError for a link type or engine that does not exist, and for options out of range.
 * @throws TypeError for options of a wrong type, and for options that do not exist.
 */
export function compile(expression: string, options: CompileOptions = {}): Filter {
  checkCompileOptions('compile()', expression, options);
  const { engine = 'auto', resolver = builtinResolver } = options;
  const filter = new Filter(expression, withReadyMade({ ...options, resolver }), loaderOf(engine));
  filter.typical();
  return filter;
}
