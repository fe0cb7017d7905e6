/** `--libpcap`: an expression for tools that read libpcap's language only. */

import { libpcapForm } from '../lib/ask.js';
import { expressionOf } from './expression.js';
import type { Options } from './options.js';
import { CommandError, warn } from './report.js';
import { writeOutput } from './standard.js';

/** @throws FilterError for a wrong expression; CommandError where there is none of the same meaning, or none is found. */
export async function printLibpcapForm(options: Options): Promise<void> {
  if (options.linkType === undefined) warn('assuming Ethernet');
  const form = libpcapForm(await expressionOf(options), { linkType: options.linkType ?? 'EN10MB' });
  if (form === undefined)
    throw new CommandError("no expression of libpcap's own language was found that is proved to mean this");
  writeOutput(`${form}\n`);
}
