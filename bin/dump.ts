/** `-d`, `-dd`, `-ddd`, `--ebpf`, `--wasm`: prints the compiled filter instead of running it. */

import { type Filter, toCArray, toDecimal } from '../lib/index.js';
import { compileExpression, expressionOf, loadNothing, warnAbout } from './expression.js';
import type { Options } from './options.js';
import { warn } from './report.js';
import { writeOutput } from './standard.js';

const DEFAULT_SNAPLEN = 262144;

/** Without a file or an interface: for the link type of `-y`, or Ethernet. */
export async function dumpExpression(options: Options): Promise<void> {
  if (options.linkType === undefined) warn('assuming Ethernet');
  const linkType = options.linkType ?? 'EN10MB';
  const source = await expressionOf(options);
  const snapLength = options.snapLength ?? DEFAULT_SNAPLEN;
  const filter = compileExpression(source, { linkType, snapLength, mode: 'dead' }, options, loadNothing);
  warnAbout(filter, options);
  await printProgram(filter, options);
}

export async function printProgram(filter: Filter, options: Options): Promise<void> {
  writeOutput(`${await textOf(filter, options)}\n`);
}

async function textOf(filter: Filter, { dump, ebpf, wasm }: Options): Promise<string> {
  // Loaded only here: compilers that a listing of the classic program has no use for.
  if (ebpf !== undefined) return (await import('./lifted.js')).describeLifted(filter, ebpf);
  if (wasm) return (await import('./moduleText.js')).describeModule(filter);
  if (dump >= 3) return toDecimal(filter.cbpf);
  return dump === 2 ? toCArray(filter.cbpf) : String(filter);
}
