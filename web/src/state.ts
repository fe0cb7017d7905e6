/** What the page is about: the expression and what it is compiled for, what is pointed at, which views are open. */

import { computed, effect, signal } from '@preact/signals';
import type { Span } from '../../lib/compile.js';
import type { Counts, Description } from '../../lib/see.js';
import { readAddress, writeAddress } from './address.js';
import { type Compiled, compileNow } from './compiled.js';

const at = readAddress(location.hash);

export const expression = signal(at.expression);
export const linkType = signal(at.linkType);
export const mode = signal(at.mode);
export const optimize = signal(at.optimize);
/** The part of the page that is shown. */
export const part = signal(at.part);
/** The views side by side, left and right. */
export const views = signal(at.views);
/** The project's capture that is open, '' for none. */
export const captureName = signal(at.capture);
/** Number of the chosen packet, from 1; 0 for none. */
export const chosen = signal(at.packet);
/** What the expression is compared with. */
export const other = signal(at.other);

/** Longer expressions are compiled when nobody has typed for a moment. */
const LONG = 1500;
/** The expression as it is compiled. */
const text = signal(at.expression);
let compiling: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const now = expression.value;
  clearTimeout(compiling);
  if (now.length <= LONG) text.value = now;
  else
    compiling = setTimeout(() => {
      text.value = now;
    }, 150);
});

export const compiled = computed<Compiled>(() =>
  compileNow(text.value, {
    linkType: linkType.value,
    mode: mode.value,
    optimize: optimize.value,
  }),
);

let good: Compiled | undefined;
/** The last that compiled: what the views go on to show while somebody types. */
export const shown = computed<Compiled | undefined>(() => {
  if (compiled.value.program !== undefined) good = compiled.value;
  return good;
});

/** That, once nobody has typed for a moment: for what takes longer than a key may. */
export const settled = signal(shown.peek());
let settling: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const now = shown.value;
  clearTimeout(settling);
  if (now !== settled.peek())
    settling = setTimeout(() => {
      settled.value = now;
    }, 150);
});

/** What the expression means, in words, and of which; said when nobody has typed for half a second. */
export const meaning = signal<{ readonly compiled: Compiled; readonly said: Description } | undefined>(
  undefined,
);
/** Longer expressions are too much for a sentence. */
const MOST_SAID = 300;
effect(() => {
  const now = settled.value;
  if (now === undefined || now.linkType !== 'EN10MB' || now.expression.length > MOST_SAID) return;
  const soon = setTimeout(async () => {
    const { meaningOf } = await import('./meaning.js');
    meaning.value = { compiled: now, said: meaningOf(now) };
  }, 350);
  return () => clearTimeout(soon);
});

/** How often each instruction ran over the open capture, for the expression that was counted. */
export const counted = signal<{ readonly compiled: Compiled; readonly counts: Counts } | undefined>(
  undefined,
);

/** The words that are pointed at, here or in a view. */
export const lit = signal<Span | undefined>(undefined);

effect(() =>
  writeAddress({
    expression: expression.value,
    linkType: linkType.value,
    mode: mode.value,
    optimize: optimize.value,
    part: part.value,
    views: views.value,
    capture: captureName.value,
    packet: chosen.value,
    other: other.value,
  }),
);

// By then the page may have put its own state into the address.
addEventListener('hashchange', ({ newURL }) => {
  const now = readAddress(new URL(newURL).hash);
  expression.value = now.expression;
  linkType.value = now.linkType;
  mode.value = now.mode;
  optimize.value = now.optimize;
  part.value = now.part;
  views.value = now.views;
  captureName.value = now.capture;
  chosen.value = now.packet;
  other.value = now.other;
});
