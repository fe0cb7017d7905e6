#!/usr/bin/env node

/**
 * Starts the command from the chunks that the build made: it becomes dist/command/weir.js, as a CommonJS module, which
 * Node starts some milliseconds sooner.
 */

import { Chunks } from './chunks.js';

const chunks = new Chunks(import.meta.dirname);
const { runCommand } = chunks.load('command.cjs') as typeof import('./command.js');
// Everything is written by now. To end by itself Node would take its heap apart, and a pipe that is still being read
// would keep it waiting.
void runCommand(process.argv.slice(2), () => chunks.keep()).then(() => process.exit());
