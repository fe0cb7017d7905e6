/** The catalogue of fields: every name that a packet can be asked for. */

import { closest } from '../source.js';
import { ItemsField } from './frame/kinds.js';
import type { Field, Kind, Layout } from './frame/layout.js';
import { LAYOUTS } from './tables/next.js';
import { isUsual } from './usual.js';

/** One place where a field can be: in a header, or in an item of a list in one. */
export interface FieldSite {
  readonly field: Field;
  /** The header's layout. */
  readonly layout: Layout;
  /** The lists that lead to the item, from the header on; none where the header itself has the field. */
  readonly path: readonly ItemsField[];
}

/** A field that packets can have. */
export interface FieldEntry {
  /** Wireshark's name. */
  readonly name: string;
  /** What its values are. */
  readonly kind: Kind;
  /** Whether a header may have several values of it. */
  readonly several: boolean;
}

/** A field with the places where it can be. */
export interface FieldPlaces extends FieldEntry {
  readonly sites: readonly FieldSite[];
  /** Whether its header need not be walked to in most packets: see usual.ts. */
  readonly usual: boolean;
}

/** There is no field of that name; the message has the nearest one, if one is near. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** Lists in lists in lists: bounds a layout that would hold itself. */
const MOST_DEPTH = 8;

interface Growing extends FieldPlaces {
  sites: FieldSite[];
  several: boolean;
  usual: boolean;
}
let entries: Map<string, Growing> | undefined;

function catalogue(): ReadonlyMap<string, FieldPlaces> {
  if (entries !== undefined) return entries;
  const found = new Map<string, Growing>();
  const add = (layout: Layout, of: Layout, path: readonly ItemsField[]): void => {
    for (const field of of.list) {
      if (field instanceof ItemsField) {
        if (path.length < MOST_DEPTH && !path.includes(field))
          for (const inner of field.layouts) add(layout, inner, [...path, field]);
        continue;
      }
      const { name, reading } = field;
      const entry = found.get(name) ?? { name, kind: reading.kind, several: false, sites: [], usual: false };
      entry.several ||= field.several || path.length > 0;
      entry.sites.push({ field, layout, path });
      found.set(name, entry);
    }
  };
  for (const layout of LAYOUTS) add(layout, layout, []);
  for (const entry of found.values()) entry.usual = isUsual(entry.sites);
  entries = found;
  return found;
}

/** All fields whose names begin so, by name. */
export function listFields(prefix = ''): FieldEntry[] {
  return [...catalogue().values()]
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, kind, several }) => ({ name, kind, several }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What was asked for last: who asks for a field asks for it of one packet after the other. */
let last: FieldPlaces | undefined;

/** What a name stands for. @throws FieldError where there is none. */
export function fieldNamed(name: string): FieldPlaces {
  if (last !== undefined && last.name === name) return last;
  const entry = catalogue().get(name);
  if (entry !== undefined) return (last = entry);
  const near = closest(name, catalogue().keys());
  throw new FieldError(`no field '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
}
