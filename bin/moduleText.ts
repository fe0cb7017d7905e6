/** `--wasm`: the filter as WebAssembly text. */

import { type Filter, filterText } from '../lib/index.js';

export const describeModule = (filter: Filter): string => filterText(filter.cbpf).trimEnd();
