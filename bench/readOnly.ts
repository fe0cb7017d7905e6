/**
 * The floor for any program in Node: `node dist/bench/readOnly.js FILE` reads a file and does nothing with it.
 */

import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 20;
const descriptor = openSync(process.argv[2]!, 'r');
const chunk = Buffer.allocUnsafeSlow(CHUNK);
while (readSync(descriptor, chunk, 0, CHUNK, null) > 0);
closeSync(descriptor);
