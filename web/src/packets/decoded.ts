/** A packet's headers and fields as rows, with the bytes that each has. */

import { decode, fieldSpans, type Packet } from '../../../lib/decode.js';
import type { FieldRow, LayerRow } from './protocol.js';

export function layersOf(packet: Packet): LayerRow[] {
  const { layers } = decode(packet);
  const rows = layers.map(({ protocol, start, end }) => ({ protocol, start, end, fields: [] as FieldRow[] }));
  let at = 0;
  for (const { name, start, end, text } of fieldSpans(packet)) {
    while (at + 1 < rows.length && start >= rows[at + 1]!.start) at++;
    const fields = rows[at]?.fields;
    if (fields === undefined) continue;
    const above = fields.findLast((field) => name.startsWith(`${field.name}.`));
    fields.push({ name, text, start, end, depth: above === undefined ? 0 : above.depth + 1 });
  }
  layers.forEach((layer, index) => {
    for (const [name, value] of Object.entries(layer.values()))
      if (Array.isArray(value) && value.some(isItem)) addItems(rows[index]!.fields, name, value, 0);
  });
  return rows;
}

type Item = Readonly<Record<string, unknown>>;

const isItem = (value: unknown): value is Item =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

/** Options and records: lists of items with fields of their own. */
function addItems(fields: FieldRow[], name: string, items: readonly unknown[], depth: number): void {
  items.filter(isItem).forEach((item, index) => {
    fields.push({ name: `${name}[${index}]`, text: '', depth, start: -1, end: -1 });
    for (const [inner, value] of Object.entries(item)) {
      if (Array.isArray(value) && value.some(isItem)) addItems(fields, inner, value, depth + 1);
      else fields.push({ name: inner, text: textOf(value), depth: depth + 1, start: -1, end: -1 });
    }
  });
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array)
    return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(':');
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return String(value);
}
