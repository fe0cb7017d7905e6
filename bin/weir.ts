#!/usr/bin/env node

/**
 * Starts the command in the quickest way there is. No `await` at the top: the build makes this a CommonJS
 * module, which Node starts some milliseconds sooner.
 */

import { loadCached } from './codeCache.js';

const cached = loadCached(import.meta.dirname);
const words = process.argv.slice(2);
if (cached === undefined) void import('./command.js').then(({ runCommand }) => runCommand(words));
else void cached.runCommand(words);
