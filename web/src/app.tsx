/** The page: the expression above, and one of its parts below. */

import { useEffect, useRef } from 'preact/hooks';
import { LINK_TYPES } from '../../lib/playground.js';
import type { PartName } from './address.js';
import { MODES, type Mode } from './compiled.js';
import { mountEditor } from './editor/editor.js';
import { complaintsOf, fixesOf, written } from './fixes.js';
import { lazily } from './lazy.js';
import { ProgramPart } from './program/program.js';
import { compiled, expression, linkType, meaning, mode, optimize, part } from './state.js';
import { Tabs } from './tabs.js';

const TITLES: readonly { readonly name: PartName; readonly title: string }[] = [
  { name: 'program', title: 'Program' },
  { name: 'packets', title: 'Packets' },
  { name: 'debug', title: 'Debugger' },
  { name: 'ask', title: 'Questions' },
  { name: 'ebpf', title: 'eBPF' },
];

export function App() {
  return (
    <>
      <header class="bar">
        <h1>
          <img src="./weir.svg" alt="" width="24" height="24" />
          Weir <span>playground</span>
        </h1>
        <Tabs
          id="part"
          label="Parts"
          look="parts"
          tabs={TITLES}
          chosen={part.value}
          onChoose={(name) => {
            part.value = name;
          }}
        />
        <Settings />
      </header>
      <section class="expression" aria-label="Expression">
        <Editor />
        <Status />
      </section>
      <main>
        <div class="part" role="tabpanel" id="part-panel" aria-labelledby={`part-${part.value}`}>
          <Part name={part.value} />
        </div>
      </main>
    </>
  );
}

const Packets = lazily(() => import('./packets/packets.js'));
const Ask = lazily(() => import('./ask/ask.js'));
const Lab = lazily(() => import('./lab/lab.js'));
const Debug = lazily(() => import('./debug/debug.js'));

function Part({ name }: { readonly name: PartName }) {
  switch (name) {
    case 'packets':
      return <Packets />;
    case 'debug':
      return <Debug />;
    case 'ebpf':
      return <Lab />;
    case 'ask':
      return <Ask />;
    case 'program':
      return <ProgramPart />;
  }
}

function Editor() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => mountEditor(place.current!), []);
  return <div class="editor" ref={place} />;
}

const MODE_TITLES: Readonly<Record<Mode, string>> = {
  dead: 'any packets',
  savefile: 'savefile',
  'savefile-swapped': 'savefile, other byte order',
  'linux-live': 'Linux socket',
};

function Settings() {
  return (
    <div class="settings">
      <label>
        <span class="sr">Link type</span>
        <select
          value={linkType.value}
          onChange={({ currentTarget }) => {
            linkType.value = currentTarget.value;
          }}
        >
          {LINK_TYPES.map(({ name, description }) => (
            <option key={name} value={name}>
              {description} ({name})
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="sr">Mode</span>
        <select
          value={mode.value}
          onChange={({ currentTarget }) => {
            mode.value = currentTarget.value as Mode;
          }}
        >
          {MODES.map((name) => (
            <option key={name} value={name}>
              {MODE_TITLES[name]}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={optimize.value}
          onChange={({ currentTarget }) => {
            optimize.value = currentTarget.checked;
          }}
        />
        optimize
      </label>
    </div>
  );
}

const first = compiled.peek();

/** What is wrong, or how long the program is. Said to screen readers when it changes. */
function Status() {
  const now = compiled.value;
  const [complaint] = complaintsOf(now);
  return (
    <div class={`status ${complaint?.severity ?? 'good'}`}>
      <p id="status" role="status">
        {complaint === undefined ? (
          <>
            <b>{now.program!.length}</b> {now.program!.length === 1 ? 'instruction' : 'instructions'}
            {/* The first time the compiler itself is compiled. */}
            {now !== first && <span class="quiet"> · compiled in {now.milliseconds.toFixed(1)} ms</span>}
          </>
        ) : (
          <>
            <strong>{complaint.message}</strong> {complaint.hint}
          </>
        )}
      </p>
      {complaint === undefined && <Meaning />}
      {complaint !== undefined &&
        fixesOf(now, complaint).map((fix) => (
          <button
            key={fix.words}
            type="button"
            class="small"
            onClick={() => {
              expression.value = written(expression.value, fix);
            }}
          >
            Replace with <code>{fix.words}</code>
          </button>
        ))}
    </div>
  );
}

/** What the expression means, and what may surprise. */
function Meaning() {
  const { compiled: of, said } = meaning.value ?? {};
  if (said === undefined || of !== compiled.value || !said.isExact) return null;
  return (
    <p class="meaning">
      {said.sentence}.
      {said.notes.length > 0 && <span class="quiet"> {said.notes.map(asSentence).join(' ')}</span>}
    </p>
  );
}

const asSentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
