/** Registers, cells and stack at a moment; what the last step changed stands out. */

import type { LayerRow } from '../packets/protocol.js';
import type { Moment } from './trace.js';

interface CellsProps {
  readonly moment: Moment;
  readonly before: Moment | undefined;
}

export function Cells({ moment, before }: CellsProps) {
  return (
    <dl class="cells" aria-label="Registers">
      {moment.cells.map(({ name, value, note }) => {
        const was = before?.cells.find((cell) => cell.name === name)?.value;
        const changed = before !== undefined && was !== value;
        return (
          <div key={name} class={`cell${changed ? ' changed' : ''}`}>
            <dt>{name}</dt>
            <dd>
              <span class="value">{note.startsWith('the ') ? note : value}</span>
              {!note.startsWith('the ') && <span class="note">{note}</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** The stack in words of eight bytes, from its top as far down as something is in it. */
export function Stack({ moment: { stack } }: { readonly moment: Moment }) {
  if (stack === undefined) return null;
  const lowest = stack.findIndex((byte) => byte !== 0);
  if (lowest < 0) return null;
  const words: number[] = [];
  for (let at = lowest & ~7; at < stack.length; at += 8) words.push(at);
  return (
    <dl class="cells" aria-label="Stack">
      {words.map((at) => (
        <div key={at} class="cell">
          <dt>r10 − {stack.length - at}</dt>
          <dd class="value">
            {Array.from(stack.subarray(at, at + 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface ReadsProps {
  readonly moment: Moment;
  readonly layers: readonly LayerRow[];
}

/** What the instruction reads of the packet, by the names of the fields that lie there. */
export function Reads({ moment: { reads }, layers }: ReadsProps) {
  if (reads === undefined) return null;
  const { start, end } = reads;
  const there = layers
    .flatMap(({ fields }) => fields)
    .filter((field) => field.depth === 0 && field.start < end && start < field.end);
  return (
    <p class="reads">
      reads {end - start === 1 ? `byte ${start}` : `bytes ${start}–${end - 1}`}
      {there.map(({ name, text, start: at }) => (
        <span key={`${name}${at}`}>
          {' '}
          {name} <b>{text}</b>
        </span>
      ))}
    </p>
  );
}
