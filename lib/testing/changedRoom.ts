/** Test support: a room of the library with one change, to see whether anything notices. */

import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** `scalar` -> `numbers/scalar.js`: a file of a room, in whichever folder of it; with the folder where two have one. */
export function fileOf(room: string, name: string): string {
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' });
  return files.find((file) => file === `${name}.js` || basename(file) === `${name}.js`)!;
}

/**
 * A copy of a room, among links to its siblings.
 *
 * @param room - Its compiled folder.
 * @param folder - Where the copy goes; made here.
 * @param file - Of the room, in any folder within it; `right` is replaced by `wrong` once.
 * @returns The copy's folder.
 */
export function changedRoom(
  room: string,
  folder: string,
  file: string,
  right: string,
  wrong: string,
): string {
  const copy = join(folder, basename(room));
  cpSync(room, copy, { recursive: true, filter: (path) => !/\.(test\..*|map|d\.ts)$/.test(path) });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of readdirSync(join(room, '..')).filter((entry) => entry !== basename(room)))
    symlinkSync(join(room, '..', name), join(folder, name));
  const path = join(copy, fileOf(room, file));
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(right, () => wrong);
  if (changed === text) throw new Error(`${file} has no '${right}'`);
  writeFileSync(path, changed);
  return copy;
}
