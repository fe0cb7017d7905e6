/** An editor of a program's text, with the numbers of its lines; in a shadow root as that of the expression is. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { effect, type Signal } from '@preact/signals';
import { theme } from './theme.js';

export interface Problem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

const look = EditorView.theme({
  '&': { height: '100%' },
  '.cm-scroller': { overflow: 'auto' },
  '.cm-gutters': { background: 'transparent', border: 'none', color: 'var(--faint)', paddingRight: '8px' },
});

/** Puts an editor of `text` into an element. Gives what takes it away. */
export function mountSource(
  place: HTMLElement,
  label: string,
  text: Signal<string>,
  problem: Signal<Problem | undefined>,
): () => void {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text.peek(),
      extensions: [
        history(),
        lineNumbers(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) text.value = state.doc.toString();
        }),
        theme,
        look,
      ],
    }),
  });
  const stops = [
    effect(() => {
      const now = text.value;
      if (now !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now } });
    }),
    effect(() => {
      const now = problem.value;
      const limit = view.state.doc.length;
      const marks =
        now === undefined || now.start >= limit
          ? []
          : [
              {
                from: now.start,
                to: Math.min(limit, Math.max(now.end, now.start + 1)),
                message: now.message,
              },
            ];
      view.dispatch(
        setDiagnostics(
          view.state,
          marks.map((mark) => ({ ...mark, severity: 'error' })),
        ),
      );
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    view.destroy();
  };
}
