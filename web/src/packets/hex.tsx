/** The bytes of a packet; those of what is pointed at are lit, and pointing at one lights up its field. */

import { signal } from '@preact/signals';
import type { LayerRow, Shown } from './protocol.js';

/** The bytes that are pointed at. */
export const litBytes = signal<{ readonly start: number; readonly end: number } | undefined>(undefined);

/** A row of the dump. */
const WIDTH = 16;
/** Longer packets are cut here. */
const MOST = 4096;

export function Hex({ shown }: { readonly shown: Shown }) {
  const { bytes, layers, reason, wireLength } = shown;
  const size = Math.min(bytes.length, MOST);
  const rows = Array.from({ length: Math.ceil(size / WIDTH) }, (_, row) => row * WIDTH);
  const looked = new Map<number, 'needed' | 'decides'>();
  for (const { start, end, decides } of reason?.parts ?? [])
    for (let at = Math.max(0, start); at < end; at++)
      if (decides || !looked.has(at)) looked.set(at, decides ? 'decides' : 'needed');
  const range = litBytes.value;
  const look = (at: number): string => {
    const why = looked.get(at);
    const lit = range !== undefined && at >= range.start && at < range.end;
    return `byte${why === undefined ? '' : ` ${why}`}${lit ? ' lit' : ''}`;
  };
  const point = (at: number): void => {
    litBytes.value = fieldAt(layers, at);
  };
  return (
    <section
      class="hex"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who scrolls by keyboard has to get there
      tabIndex={0}
      aria-label="Bytes"
      onMouseLeave={() => {
        litBytes.value = undefined;
      }}
    >
      {rows.map((from) => (
        <div class="hex-row" key={from}>
          <span class="offset">{from.toString(16).padStart(4, '0')}</span>
          {['hexes', 'text'].map((kind) => (
            <span class={kind} key={kind}>
              {Array.from(bytes.subarray(from, Math.min(size, from + WIDTH)), (byte, column) => (
                // biome-ignore lint/a11y/noStaticElementInteractions: the fields say the same to keys
                <span
                  key={`${kind}${from + column}`}
                  class={look(from + column)}
                  onMouseEnter={() => point(from + column)}
                >
                  {kind === 'hexes' ? byte.toString(16).padStart(2, '0') : printable(byte)}
                </span>
              ))}
            </span>
          ))}
        </div>
      ))}
      {size < bytes.length && (
        <p class="quiet">
          The first {MOST} of {bytes.length} bytes.
        </p>
      )}
      {bytes.length < wireLength && (
        <p class="quiet">
          {bytes.length} of {wireLength} bytes were captured.
        </p>
      )}
    </section>
  );
}

const printable = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·');

/** The smallest field that a byte is in, or its layer. */
function fieldAt(
  layers: readonly LayerRow[],
  at: number,
): { readonly start: number; readonly end: number } | undefined {
  let found: { readonly start: number; readonly end: number } | undefined;
  for (const layer of layers)
    for (const row of [layer, ...layer.fields])
      if (
        row.start <= at &&
        at < row.end &&
        (found === undefined || row.end - row.start <= found.end - found.start)
      )
        found = row;
  return found;
}
