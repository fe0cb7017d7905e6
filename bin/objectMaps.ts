/** Maps of objects as the command's users fill and see them. */

import { readFileSync } from 'node:fs';
import { type Json, type LoadedMap, type LoadedObject, MapValueError, ObjectError } from '../lib/command.js';
import { reasonOf } from './expression.js';
import { UsageError } from './getopt.js';
import { CommandError } from './report.js';

/** `NAME=FILE.json`, or the JSON itself. */
export function fillMap(object: LoadedObject, word: string): void {
  const equals = word.indexOf('=');
  if (equals < 0) throw new UsageError(`--map takes NAME=FILE.json, not '${word}'`);
  const [name, place] = [word.slice(0, equals), word.slice(equals + 1)];
  let json: Json;
  try {
    json = JSON.parse(/^[[{]/.test(place) ? place : readFileSync(place, 'utf8')) as Json;
  } catch (error) {
    throw new CommandError(
      error instanceof SyntaxError ? `${place}: ${error.message}` : `${place}: ${reasonOf(error)}`,
    );
  }
  orCommandError(() => object.map(name).fill(json));
}

/** What is wrong with an object, or with a value, is told without more ado. */
export function orCommandError<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof ObjectError || error instanceof MapValueError) throw new CommandError(error.message);
    throw error;
  }
}

/** All maps: what each is, and its elements, one a line. */
export function mapsText({ maps }: LoadedObject, elements: (map: LoadedMap) => readonly Json[]): string {
  const parts = maps.map((map) => {
    const { name, type, keySize, valueSize, maxEntries } = map.definition;
    const sizes = [
      keySize > 0 ? `keys of ${keySize} bytes` : '',
      valueSize > 0 ? `values of ${valueSize}` : '',
    ];
    const most = keySize + valueSize > 0 ? `${maxEntries} at most` : `${maxEntries} bytes`;
    const shape = [type, ...sizes.filter(Boolean), most].join(', ');
    return [`${name}: ${shape}`, ...elements(map).map((row) => `  ${JSON.stringify(row)}`), ''].join('\n');
  });
  return parts.join('');
}
