/**
 * The command as one script, with the code that V8 made of it earlier.
 *
 * Reading source is most of what a short run takes. The build runs the command once and keeps the code
 * that V8 compiled on the way (scripts/codeCache.mjs). That code is for one version of Node on one
 * architecture; under any other the command is loaded as modules.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';

const SCRIPT = 'command.cjs';
/** What a module in CommonJS finds in scope, and what scripts/bundle.mjs refers to besides. */
const PARAMETERS = 'require, exports, module, scriptUrl, importPackage';

export interface LoadedScript {
  readonly script: vm.Script;
  readonly exports: { readonly runCommand: (words: readonly string[]) => Promise<void> };
}

/** Where the build keeps the code for this Node. */
export const codeCachePath = (folder: string): string =>
  join(folder, `command-${process.version}-${process.platform}-${process.arch}.cache`);

/** Runs the script that the build left in a folder, with code compiled earlier if its path is given. */
export function loadScript(folder: string, cache?: string): LoadedScript {
  const filename = join(folder, SCRIPT);
  // The bundler escapes what is not ASCII, so that every byte is a character.
  const source = `(function (${PARAMETERS}) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new vm.Script(source, {
    filename,
    ...(cache === undefined ? {} : { cachedData: readFileSync(cache) }),
  });
  const module = { exports: {} as LoadedScript['exports'] };
  const importPackage = (name: string): Promise<unknown> => import(name);
  const url = pathToFileURL(filename).href;
  script.runInThisContext()(createRequire(filename), module.exports, module, url, importPackage);
  return { script, exports: module.exports };
}

/** The command from its script, where there is code for this Node. */
export function loadCached(folder: string): LoadedScript['exports'] | undefined {
  const path = codeCachePath(folder);
  return existsSync(path) ? loadScript(folder, path).exports : undefined;
}
