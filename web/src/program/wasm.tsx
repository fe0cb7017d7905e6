/** The filter as WebAssembly text, as `weir -d --wasm` prints it. */

import { filterText } from '../../../lib/playground.js';
import { settled } from '../state.js';
import { Lines } from './lines.js';

export default function WebAssemblyText() {
  const { program } = settled.value ?? {};
  const text = program === undefined ? '' : filterText(program).trimEnd();
  const lines = text.split('\n').map((line, at) => ({
    key: at,
    span: undefined,
    hue: undefined,
    content: <span class="source">{line}</span>,
  }));
  return <Lines label="WebAssembly" lines={lines} />;
}
