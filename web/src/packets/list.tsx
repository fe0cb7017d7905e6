/** The packets as a list of any length: only rows in sight exist. */

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { chosen } from '../state.js';
import { ask, capture, filtered } from './client.js';
import type { Row } from './protocol.js';

/** Pixels; as the sheet has it. */
const ROW = 22;
/** Browsers draw nothing higher than some 17 million pixels: a longer list is scrolled in proportion. */
const HIGHEST = 12_000_000;
/** Rows that are asked for together. */
const PAGE = 64;
/** Pages that are kept. */
const MOST_PAGES = 200;

interface ListProps {
  /** Whether only packets that match are listed. */
  readonly matching: Signal<boolean>;
}

export function PacketList({ matching }: ListProps) {
  const place = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(400);
  const pages = usePages(matching);
  const count = (matching.value ? filtered.value?.matched : capture.value?.count) ?? 0;
  const whole = Math.min(count * ROW, HIGHEST);
  const inSight = Math.max(1, Math.floor(height.value / ROW));
  const mostFirst = Math.max(0, count - inSight);
  const squeezed = count * ROW > HIGHEST;
  /** Rows for each pixel that is scrolled. */
  const pace = squeezed ? mostFirst / (whole - height.value) : 1 / ROW;
  const first = Math.min(mostFirst, Math.floor(top.value * pace));
  const last = Math.min(count, first + inSight + 2);
  pages.want(first, last);
  const shift = squeezed ? top.value : first * ROW;

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height;
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  const reveal = (at: number): void => {
    const from = Math.floor(place.current!.scrollTop * pace);
    if (at < from) place.current!.scrollTop = at / pace;
    else if (at >= from + inSight) place.current!.scrollTop = Math.ceil((at - inSight + 1) / pace);
  };
  const rows = Array.from({ length: last - first }, (_, at) => pages.row(first + at));
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, inSight - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const by = steps[event.key];
    if (by === undefined || count === 0) return;
    event.preventDefault();
    void pages.step(by, count).then(reveal);
  };
  return (
    <div
      ref={place}
      class="packets-list"
      role="listbox"
      aria-label="Packets"
      tabIndex={0}
      aria-activedescendant={
        rows.some((row) => row?.index === chosen.value - 1) ? `packet-${chosen.value}` : undefined
      }
      onScroll={({ currentTarget }) => {
        top.value = currentTarget.scrollTop;
      }}
      onKeyDown={onKeyDown}
    >
      <div class="packets-space" role="presentation" style={{ height: `${whole}px` }}>
        <div class="packets-rows" role="presentation" style={{ transform: `translateY(${shift}px)` }}>
          {rows.map((row, at) => (
            <PacketRow key={first + at} row={row} position={first + at} count={count} />
          ))}
        </div>
      </div>
    </div>
  );
}

interface PacketRowProps {
  readonly row: Row | undefined;
  readonly position: number;
  readonly count: number;
}

function PacketRow({ row, position, count }: PacketRowProps) {
  if (row === undefined) return <div class="packet waiting" role="presentation" />;
  const number = row.index + 1;
  const isChosen = chosen.value === number;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys, as a listbox does
    // biome-ignore lint/a11y/useFocusableInteractive: it is the list's active descendant
    <div
      id={`packet-${number}`}
      class={`packet${row.matches ? ' matches' : ''}${isChosen ? ' chosen' : ''}`}
      role="option"
      aria-selected={isChosen}
      aria-setsize={count}
      aria-posinset={position + 1}
      onClick={() => {
        chosen.value = number;
      }}
    >
      <span class="mark" title={row.matches ? 'matches' : 'does not match'}>
        {row.matches ? '●' : '○'}
      </span>
      <span class="number">{number}</span>
      <span class="text">{row.text}</span>
    </div>
  );
}

/** Rows in pages, asked for when they are wanted; forgotten when the filter, the capture or the choice of rows changes. */
function usePages(matching: Signal<boolean>): Pages {
  const changed = useSignal(0);
  const pages = useRef<Pages>(undefined);
  pages.current ??= new Pages(() => {
    changed.value = changed.peek() + 1;
  }, matching);
  void changed.value;
  pages.current.hold(filtered.value, capture.value, matching.value);
  return pages.current;
}

class Pages {
  private readonly pages = new Map<number, readonly Row[] | undefined>();
  private readonly changed: () => void;
  private readonly matching: Signal<boolean>;
  private age = 0;
  private of: readonly unknown[] = [];
  /** Keys may come faster than rows. */
  private stepping = Promise.resolve(0);

  constructor(changed: () => void, matching: Signal<boolean>) {
    this.changed = changed;
    this.matching = matching;
  }

  /** Forgets rows of other things than these. */
  hold(...of: readonly unknown[]): void {
    if (of.every((thing, at) => thing === this.of[at])) return;
    this.of = of;
    this.age++;
    this.pages.clear();
  }

  row(at: number): Row | undefined {
    return this.pages.get(Math.floor(at / PAGE))?.[at % PAGE];
  }

  want(first: number, last: number): void {
    if (filtered.peek() === undefined) return;
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++)
      if (!this.pages.has(page)) void this.load(page);
  }

  /** Chooses the packet so many rows behind the chosen one. Gives its place in the list. */
  step(by: number, count: number): Promise<number> {
    const step = async (): Promise<number> => {
      const from = await ask('place', { index: chosen.peek() - 1, matching: this.matching.peek() });
      const at = Math.min(count - 1, Math.max(0, from + by));
      const row = this.row(at) ?? (await this.load(Math.floor(at / PAGE)))[at % PAGE]!;
      chosen.value = row.index + 1;
      return at;
    };
    this.stepping = this.stepping.then(step, step);
    return this.stepping;
  }

  private async load(page: number): Promise<readonly Row[]> {
    const { age } = this;
    if (this.pages.size > MOST_PAGES) this.pages.clear();
    this.pages.set(page, undefined);
    const rows = await ask('rows', {
      from: page * PAGE,
      to: (page + 1) * PAGE,
      matching: this.matching.peek(),
    });
    if (age === this.age) {
      this.pages.set(page, rows);
      this.changed();
    }
    return rows;
  }
}
