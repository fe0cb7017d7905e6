/**
 * The editor of the expression. It lives in a shadow root: there CodeMirror puts its styles into constructed sheets,
 * which a policy without inline styles allows.
 */

import { autocompletion, closeCompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { type Diagnostic, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Extension, Prec } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder, tooltips } from '@codemirror/view';
import { effect } from '@preact/signals';
import type { Compiled } from '../compiled.js';
import { complaintsOf, fixesOf } from '../fixes.js';
import { compiled, expression, lit } from '../state.js';
import { complete } from './completion.js';
import { colours, litField, setColours, setLit, spanAt, tokenColours } from './decorations.js';
import { theme } from './theme.js';

/** Puts the editor into an element. Gives what takes it away. */
export function mountEditor(place: HTMLElement): () => void {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: expression.peek(),
      selection: { anchor: expression.peek().length },
      extensions: extensions(),
    }),
  });
  let waiting = false;
  /** Marks follow when what was typed is done with: in the middle of it they would move the cursor. */
  const later = (): void => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      const now = compiled.peek();
      if (now.expression !== view.state.doc.toString()) return;
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(now)), {
        effects: [setColours.of(now.words), setLit.of(lit.peek())],
      });
    });
  };
  const stops = [
    effect(() => {
      const text = expression.value;
      if (text !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    }),
    effect(() => {
      void [compiled.value, lit.value];
      later();
    }),
  ];
  view.focus();
  return () => {
    for (const stop of stops) stop();
    view.destroy();
  };
}

function extensions(): Extension {
  return [
    history(),
    drawSelection(),
    EditorView.lineWrapping,
    EditorState.tabSize.of(2),
    placeholder('a tcpdump expression: tcp port 443'),
    EditorView.contentAttributes.of({
      'aria-label': 'Filter expression',
      'aria-describedby': 'status',
      autocapitalize: 'off',
    }),
    tokenColours,
    colours,
    litField,
    autocompletion({ override: [complete], icons: false, activateOnTyping: true }),
    tooltips({ position: 'fixed' }),
    Prec.high(keymap.of([{ key: 'Escape', run: closeCompletion }])),
    keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    EditorView.updateListener.of(({ docChanged, state, selectionSet, view }) => {
      if (docChanged) expression.value = state.doc.toString();
      if ((docChanged || selectionSet) && view.hasFocus) lit.value = spanAt(state, state.selection.main.head);
    }),
    EditorView.domEventHandlers({
      beforeinput: replaceSelection,
      mousemove: (event, view) => {
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        lit.value = at === null ? undefined : spanAt(view.state, at);
      },
      mouseleave: () => {
        lit.value = undefined;
      },
    }),
    theme,
  ];
}

/** Chromium keeps the look of what is typed over by a style in the text, which the policy refuses, and says so. */
function replaceSelection({ inputType, data }: InputEvent, view: EditorView): boolean {
  if (inputType !== 'insertText' || data === null || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
  return true;
}

function diagnosticsOf(compiled: Compiled): Diagnostic[] {
  const limit = compiled.expression.length;
  return complaintsOf(compiled).map((complaint) => {
    const { span, message, hint, severity } = complaint;
    const from = Math.min(span.start, Math.max(0, limit - 1));
    return {
      from,
      to: Math.min(limit, Math.max(from + 1, span.end)),
      severity,
      message: hint === '' ? message : `${message}\n${hint}`,
      actions: fixesOf(compiled, complaint).map((fix) => ({
        name: `Replace with ${fix.words}`,
        apply: (view) =>
          view.dispatch({
            changes: { from: fix.span.start, to: fix.span.end, insert: fix.words },
            selection: { anchor: fix.span.start + fix.words.length },
          }),
      })),
    };
  });
}
