/** `-d`, `-dd`, `-ddd`, `--ebpf`, `--wasm`: prints the compiled filter instead of running it. */

import { toCArray, toDecimal } from '../lib/cbpf.js';
import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import type { LinkFilter } from '../lib/index.js';
import { expressionOf, filterFor, filterOf, warnAbout } from './expression.js';
import type { Options } from './options.js';
import { warn } from './report.js';
import { writeOutput } from './standard.js';

/** Without a file or an interface: for the link type of `-y`, or Ethernet. */
export async function dumpExpression(options: Options): Promise<void> {
  // Programs of cgroups see packets from the network header on.
  const usual = options.ebpf === 'cgroup' ? 'RAW' : 'EN10MB';
  if (options.linkType === undefined && usual === 'EN10MB') warn('assuming Ethernet');
  const linkType = options.linkType ?? usual;
  const source = await expressionOf(options);
  const snapLength = options.snapLength ?? SNAP_LENGTH;
  const filter = filterFor(filterOf(source, options, NO_LOADER, snapLength), linkType);
  warnAbout(filter, options);
  await printProgram(filter, options);
}

export async function printProgram(filter: LinkFilter, options: Options): Promise<void> {
  writeOutput(`${await textOf(filter, options)}\n`);
}

async function textOf(filter: LinkFilter, options: Options): Promise<string> {
  const { dump, ebpf, wasm } = options;
  // Loaded only here: compilers that a listing of the classic program has no use for.
  if (ebpf !== undefined) return (await import('./lifted.js')).describeLifted(filter, ebpf, options);
  if (wasm) return (await import('./moduleText.js')).describeModule(filter);
  if (dump >= 3) return toDecimal(filter.cbpf);
  return dump === 2 ? toCArray(filter.cbpf) : String(filter);
}
