/** How the editor looks: the page's colours, by its variables, which reach into the shadow root. */

import { EditorView } from '@codemirror/view';

const hues = Object.fromEntries(
  Array.from({ length: 8 }, (_, hue) => [`.hue-${hue}`, { textDecorationColor: `var(--hue-${hue})` }]),
);

export const theme = EditorView.theme({
  '&': { fontSize: 'var(--editor-size)', color: 'var(--ink)', background: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--mono)',
    lineHeight: '1.75',
    fontVariantLigatures: 'none',
    overflow: 'visible',
  },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 4px' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--selection)',
  },
  '.cm-placeholder': { color: 'var(--faint)' },
  '.tok-word': { color: 'var(--tok-word)' },
  '.tok-joint': { color: 'var(--tok-joint)', fontWeight: '600' },
  '.tok-number': { color: 'var(--tok-number)' },
  '.tok-named': { color: 'var(--tok-named)' },
  '.tok-operator': { color: 'var(--dim)' },
  '.words': {
    textDecorationLine: 'underline',
    textDecorationThickness: '2px',
    textUnderlineOffset: '6px',
    textDecorationSkipInk: 'none',
  },
  ...hues,
  '.lit': { background: 'var(--lit)', borderRadius: '3px', boxShadow: '0 0 0 3px var(--lit)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--error) 1.5px',
    textUnderlineOffset: '6px',
  },
  '.cm-lintRange-warning': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--warn) 1.5px',
    textUnderlineOffset: '6px',
  },
  '.cm-tooltip': {
    background: 'var(--raised)',
    border: '1px solid var(--line)',
    borderRadius: '8px',
    boxShadow: 'var(--shadow)',
    color: 'var(--ink)',
    overflow: 'hidden',
  },
  '.cm-diagnostic': {
    fontFamily: 'var(--sans)',
    fontSize: '13px',
    padding: '8px 12px',
    whiteSpace: 'pre-line',
    borderLeft: '3px solid var(--error)',
  },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnosticAction': {
    background: 'var(--accent)',
    color: 'var(--on-accent)',
    borderRadius: '5px',
    padding: '3px 8px',
    margin: '6px 6px 0 0',
    cursor: 'pointer',
    font: '600 12px var(--sans)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--mono)',
    fontSize: '13px',
    maxHeight: '18em',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 10px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    background: 'var(--lit)',
    color: 'var(--ink)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)', fontWeight: '600' },
  '.cm-completionDetail': { color: 'var(--dim)', fontStyle: 'normal', fontFamily: 'var(--sans)' },
  '.cm-completionInfo': {
    padding: '8px 12px',
    fontFamily: 'var(--sans)',
    fontSize: '13px',
    maxWidth: '26em',
  },
});
