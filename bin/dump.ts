/** `-d`, `-dd`, `-ddd`: prints the compiled filter instead of running it. */

import { type Filter, toCArray, toDecimal } from '../lib/index.js';
import { compileExpression, expressionOf, warnAbout } from './expression.js';
import type { Options } from './options.js';
import { warn } from './report.js';

const DEFAULT_SNAPLEN = 262144;

/** Without a file or an interface: for the link type of `-y`, or Ethernet. */
export function dumpExpression(options: Options): void {
  if (options.linkType === undefined) warn('assuming Ethernet');
  const linkType = options.linkType ?? 'EN10MB';
  const source = expressionOf(options);
  const snapLength = options.snapLength ?? DEFAULT_SNAPLEN;
  const filter = compileExpression(source, { linkType, snapLength, mode: 'dead' }, options);
  warnAbout(source, linkType, options);
  printProgram(filter, options);
}

export function printProgram(filter: Filter, options: Options): void {
  const text =
    options.dump >= 3 ? toDecimal(filter.cbpf) : options.dump === 2 ? toCArray(filter.cbpf) : String(filter);
  process.stdout.write(`${text}\n`);
}
