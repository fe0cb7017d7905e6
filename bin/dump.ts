/** `-d`, `-dd`, `-ddd`, `--ebpf`, `--wasm`: prints the compiled filter instead of running it. */

import { type Filter, filterText, toCArray, toDecimal } from '../lib/index.js';
import { compileExpression, expressionOf, warnAbout } from './expression.js';
import { describeLifted } from './lifted.js';
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
  process.stdout.write(`${textOf(filter, options)}\n`);
}

function textOf(filter: Filter, { dump, ebpf, wasm }: Options): string {
  if (ebpf !== undefined) return describeLifted(filter, ebpf);
  if (wasm) return filterText(filter.cbpf).trimEnd();
  if (dump >= 3) return toDecimal(filter.cbpf);
  return dump === 2 ? toCArray(filter.cbpf) : String(filter);
}
