/** Why the filter takes the chosen packet, or does not: the words and the bytes that decided. */

import { lit } from '../state.js';
import { litBytes } from './hex.js';
import type { Explained } from './protocol.js';

interface Range {
  readonly start: number;
  readonly end: number;
  readonly fields: readonly string[];
  readonly value: string;
}

export function Why({
  reason,
  expression,
}: {
  readonly reason: Explained | undefined;
  readonly expression: string;
}) {
  if (reason === undefined)
    return <p class="why quiet">The expression has no meaning on the link type of this packet.</p>;
  const { matches, words, parts, change, needs, never } = reason;
  const deciding = parts.filter(({ decides }) => decides);
  const others = parts.filter(({ decides }) => !decides);
  return (
    <div class={`why ${matches ? 'yes' : 'no'}`} role="status">
      <strong>{matches ? 'Matches' : 'Does not match'}</strong>
      {words.map((span) => (
        <button
          key={span.start}
          type="button"
          class="chip words"
          onMouseEnter={() => {
            lit.value = span;
          }}
          onMouseLeave={() => {
            lit.value = undefined;
          }}
          onFocus={() => {
            lit.value = span;
          }}
        >
          {expression.slice(span.start, span.end)}
        </button>
      ))}
      {(deciding.length > 0 || needs !== undefined) && <span class="quiet">because</span>}
      {needs !== undefined && <span>it ends before byte {needs - 1}</span>}
      {deciding.map((part) => (
        <Chip key={`${part.start}-${part.end}`} part={part} look="decides" />
      ))}
      {others.length > 0 && <span class="quiet">where</span>}
      {others.map((part) => (
        <Chip key={`${part.start}-${part.end}`} part={part} look="needed" />
      ))}
      {change.length > 0 ? (
        <span class="quiet">{matches ? 'It would not with' : 'It would with'}</span>
      ) : (
        <span class="quiet">
          {!never
            ? 'No change was found that turns this round'
            : matches
              ? 'So does every packet that is long enough'
              : 'No packet of this link type does'}
        </span>
      )}
      {change.map((part) => (
        <Chip key={`${part.start}-${part.end}`} part={part} look="change" />
      ))}
    </div>
  );
}

function Chip({ part, look }: { readonly part: Range; readonly look: string }) {
  const { start, end, fields, value } = part;
  const place = start < 0 ? 'length' : end - start === 1 ? `byte ${start}` : `bytes ${start}–${end - 1}`;
  const point = (): void => {
    litBytes.value = start < 0 ? undefined : part;
  };
  return (
    <button
      type="button"
      class={`chip ${look}`}
      title={place}
      onMouseEnter={point}
      onFocus={point}
      onMouseLeave={() => {
        litBytes.value = undefined;
      }}
    >
      {fields.length > 0 ? shortened(fields.join(', ')) : place} <b>{shortened(value)}</b>
    </button>
  );
}

/** Names of many fields, numbers of many digits. */
const shortened = (text: string): string => (text.length > 44 ? `${text.slice(0, 43)}…` : text);
