/** The headers of a packet and their fields, by Wireshark's names. */

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { reveal } from '../program/lines.js';
import { litBytes } from './hex.js';
import type { FieldRow, LayerRow, Shown } from './protocol.js';

type Entry = { readonly layer: LayerRow; readonly field: FieldRow | undefined };

export function Fields({ shown }: { readonly shown: Shown }) {
  const closed = useSignal<ReadonlySet<string>>(new Set());
  const active = useSignal(-1);
  const tree = useRef<HTMLDivElement>(null);
  const entries = shown.layers.flatMap((layer): Entry[] => [
    { layer, field: undefined },
    ...(closed.value.has(layer.protocol) ? [] : layer.fields.map((field) => ({ layer, field }))),
  ]);
  const toggle = ({ layer: { protocol } }: Entry, open: boolean): void => {
    const now = new Set(closed.value);
    if (open) now.delete(protocol);
    else now.add(protocol);
    closed.value = now;
  };
  const point = (at: number): void => {
    active.value = at;
    const { layer, field } = entries[at]!;
    litBytes.value = field ?? layer;
    reveal(tree.current!, at);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = active.value;
    const last = entries.length - 1;
    if (event.key === 'ArrowDown') point(Math.min(last, at + 1));
    else if (event.key === 'ArrowUp') point(Math.max(0, at - 1));
    else if (event.key === 'Home') point(0);
    else if (event.key === 'End') point(last);
    else if (event.key === 'ArrowLeft' && at >= 0) toggle(entries[at]!, false);
    else if (event.key === 'ArrowRight' && at >= 0) toggle(entries[at]!, true);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={tree}
      class="fields"
      role="tree"
      aria-label="Fields"
      tabIndex={0}
      aria-activedescendant={active.value >= 0 ? `field-${active.value}` : undefined}
      onKeyDown={onKeyDown}
      onMouseLeave={() => {
        litBytes.value = undefined;
      }}
    >
      {entries.map((entry, at) => (
        <Entry
          key={at}
          entry={entry}
          at={at}
          open={!closed.value.has(entry.layer.protocol)}
          active={active.value === at}
          onToggle={(open) => toggle(entry, open)}
        />
      ))}
    </div>
  );
}

interface EntryProps {
  readonly entry: Entry;
  readonly at: number;
  readonly open: boolean;
  readonly active: boolean;
  readonly onToggle: (open: boolean) => void;
}

function Entry({ entry: { layer, field }, at, open, active, onToggle }: EntryProps) {
  const row = field ?? layer;
  const range = litBytes.value;
  const lit = range !== undefined && row.start === range.start && row.end === range.end;
  const level = field === undefined ? 1 : 2 + field.depth;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: it is the tree's active descendant
    <div
      id={`field-${at}`}
      class={`field level-${Math.min(level, 5)}${lit ? ' lit' : ''}${active ? ' active' : ''}`}
      role="treeitem"
      aria-level={level}
      aria-selected={active}
      aria-expanded={field === undefined ? open : undefined}
      onMouseEnter={() => {
        litBytes.value = row.start < 0 ? undefined : row;
      }}
      onClick={() => field === undefined && onToggle(!open)}
    >
      {field === undefined ? (
        <>
          <span class="twist">{open ? '▾' : '▸'}</span>
          <span class="protocol">{layer.protocol}</span>
          <span class="range">{layer.end > layer.start ? `${layer.start}–${layer.end - 1}` : ''}</span>
        </>
      ) : (
        <>
          <span class="name">{field.name}</span>
          <span class="value">{field.text}</span>
        </>
      )}
    </div>
  );
}
