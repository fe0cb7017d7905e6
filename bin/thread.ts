/** Starts a thread of `--jobs` from the chunks that the build made: it becomes dist/command/filterThread.js. */

import { Chunks } from './chunks.js';

new Chunks(import.meta.dirname).load('filterThread.cjs');
