/** Colours in the editor: of tokens, of the words that instructions come from, and of what is pointed at. */

import { type EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import type { Span } from '../../../lib/compile.js';
import { tokenize } from '../../../lib/playground.js';
import { HUES } from '../compiled.js';

export const setColours = StateEffect.define<readonly Span[]>();
export const setLit = StateEffect.define<Span | undefined>();

const CLASSES: Readonly<Record<string, string>> = {
  number: 'number',
  dotted: 'number',
  ipv6: 'number',
  mac: 'number',
  mac8: 'number',
  name: 'name',
  named: 'named',
  operator: 'operator',
  and: 'joint',
  or: 'joint',
  not: 'joint',
};

function tokensOf(state: EditorState): DecorationSet {
  const text = state.doc.toString();
  const marks = [];
  for (const { kind, span } of safely(() => tokenize(text)) ?? []) {
    if (span.end > span.start && kind !== 'error' && kind !== 'end')
      marks.push(Decoration.mark({ class: `tok-${CLASSES[kind] ?? 'word'}` }).range(span.start, span.end));
  }
  return Decoration.set(marks, true);
}

function safely<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

export const tokenColours = StateField.define<DecorationSet>({
  create: tokensOf,
  update: (marks, { docChanged, state }) => (docChanged ? tokensOf(state) : marks),
  provide: (field) => EditorView.decorations.from(field),
});

/** The words of instructions: underlined in their colours. */
export const colours = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { effects, changes, state }) {
    let now = marks.map(changes);
    for (const effect of effects)
      if (effect.is(setColours))
        now = Decoration.set(
          effect.value.flatMap(({ start, end }, at) =>
            end > start && end <= state.doc.length
              ? [Decoration.mark({ class: `words hue-${at % HUES}` }).range(start, end)]
              : [],
          ),
          true,
        );
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const litField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { effects, changes, state }) {
    let now = marks.map(changes);
    for (const effect of effects) {
      if (!effect.is(setLit)) continue;
      const { start, end } = effect.value ?? { start: 0, end: 0 };
      const there = end > start && end <= state.doc.length;
      now = there ? Decoration.set([Decoration.mark({ class: 'lit' }).range(start, end)]) : Decoration.none;
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The words of instructions that a place is in: the fewest. */
export function spanAt(state: EditorState, at: number): Span | undefined {
  let found: Span | undefined;
  state.field(colours).between(at, at, (from, to) => {
    if (found === undefined || to - from < found.end - found.start) found = { start: from, end: to };
  });
  return found;
}
