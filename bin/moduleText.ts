/** `--wasm`: the filter as WebAssembly text. */

import { filterText } from '../lib/command.js';
import type { LinkFilter } from '../lib/index.js';

export const describeModule = (filter: LinkFilter): string => filterText(filter.cbpf).trimEnd();
