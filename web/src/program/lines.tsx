/** Lines of a program as a list for pointer and keyboard: what is pointed at lights up wherever it stands. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Span } from '../../../lib/compile.js';
import { covers, touches } from '../compiled.js';
import { lit } from '../state.js';

export interface Line {
  readonly key: string | number;
  readonly span: Span | undefined;
  readonly hue: number | undefined;
  /** Lit only where all of its words are pointed at. */
  readonly isWhole?: boolean;
  readonly content: ComponentChildren;
  /** More classes. */
  readonly look?: string;
}

interface LinesProps {
  readonly label: string;
  readonly lines: readonly Line[];
  /** The line that is to be in sight. */
  readonly current?: number;
  /** Called for a line that is pointed at. */
  readonly onPoint?: (line: number) => void;
  /** Called for a line that is clicked, or where Enter is pressed. */
  readonly onChoose?: (line: number) => void;
}

/** Lines above this number are laid out when they come into sight. */
const MANY = 200;

export function Lines({ label, lines, current, onPoint, onChoose }: LinesProps) {
  const active = useSignal(-1);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (current !== undefined) reveal(list.current!, current);
  }, [current]);
  const point = (at: number): void => {
    active.value = at;
    lit.value = lines[at]?.span;
    onPoint?.(at);
    reveal(list.current!, at);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = lines.length - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(last, active.value + 1),
      ArrowUp: Math.max(0, active.value - 1),
      Home: 0,
      End: last,
      PageDown: Math.min(last, active.value + 20),
      PageUp: Math.max(0, active.value - 20),
    };
    const to = steps[event.key];
    if (to !== undefined) point(to);
    else if (event.key === 'Enter' && active.value >= 0) onChoose?.(active.value);
    else return;
    event.preventDefault();
  };
  const id = `lines-${label.replace(/\W+/g, '-')}`;
  return (
    <div
      ref={list}
      class={`lines${lines.length > MANY ? ' many' : ''}`}
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={active.value >= 0 ? `${id}-${active.value}` : undefined}
      onKeyDown={onKeyDown}
      onMouseLeave={() => {
        lit.value = undefined;
      }}
      onBlur={() => {
        active.value = -1;
      }}
    >
      {lines.map((line, at) => (
        <Row
          key={line.key}
          id={`${id}-${at}`}
          line={line}
          active={active.value === at}
          onPoint={() => {
            lit.value = line.span;
            onPoint?.(at);
          }}
          onClick={() => {
            active.value = at;
            onChoose?.(at);
          }}
        />
      ))}
    </div>
  );
}

/** Scrolls a list, and nothing around it, until a line is in sight. */
export function reveal(list: HTMLElement, line: number): void {
  const child = list.children[line] as HTMLElement | undefined;
  if (child === undefined) return;
  const top = child.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + child.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top + child.offsetHeight - list.clientHeight;
}

interface RowProps {
  readonly id: string;
  readonly line: Line;
  readonly active: boolean;
  readonly onPoint: () => void;
  readonly onClick: () => void;
}

function Row({ id, line, active, onPoint, onClick }: RowProps) {
  const classes = ['line', line.hue === undefined ? 'hue-none' : `hue-${line.hue}`, line.look ?? ''];
  const isLit = line.isWhole === true ? covers(lit.value, line.span) : touches(lit.value, line.span);
  if (isLit) classes.push('lit');
  if (active) classes.push('active');
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys, as a listbox does
    // biome-ignore lint/a11y/useFocusableInteractive: it is the list's active descendant
    <div
      id={id}
      class={classes.join(' ')}
      role="option"
      aria-selected={active}
      onMouseEnter={onPoint}
      onClick={onClick}
    >
      {line.content}
    </div>
  );
}
