/** Which release this is. */

import { readFileSync } from 'node:fs';

let known: string | undefined;

/** The version in package.json. */
export function packageVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  known ??= (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  return known;
}
