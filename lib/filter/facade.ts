/**
 * The facade: an expression in, something that tells matching packets from others out.
 *
 * @example
 * const filter = compile('tcp port 443 and not host 10.0.0.1');
 * filter.matches(packet); // packet: Uint8Array, starting with the Ethernet header
 */

import { engineOf, loadAuto } from '../engine/index.js';
import { type CompileOptions, compileWith, type Filter, type Load, loadOnce } from './compile.js';

/**
 * Compiles an expression of pcap-filter(7).
 *
 * @throws FilterError where the expression is wrong: with the place, what was expected, and a hint.
 * @throws RangeError for a link type or engine that does not exist.
 */
export function compile(expression: string, options: CompileOptions = {}): Filter {
  const { engine = 'auto' } = options;
  const load: Load = engine === 'auto' ? loadAuto : loadOnce(engineOf(engine).load);
  return compileWith(load, expression, options);
}
