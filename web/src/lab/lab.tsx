/** Programs of eBPF: assembly or an object of clang, what the verifier says, and what they do to a capture. */

import { signal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { liftTraced, listInstructions } from '../../../lib/playground.js';
import { mountSource, type Problem } from '../editor/source.js';
import { ask } from '../packets/client.js';
import '../packets/packets.css';
import { settled } from '../state.js';
import './lab.css';
import { type LabType, type ProgramRequest, TYPES, type Verified } from './protocol.js';
import { OnCapture } from './run.js';
import { SAMPLES } from './samples.js';
import { VerdictPane } from './verdict.js';

const text = signal(SAMPLES[0]!.text);
const type = signal<LabType>('xdp');
const object = signal<{ readonly name: string; readonly bytes: Uint8Array } | undefined>(undefined);
const program = signal('');
const problem = signal<Problem | undefined>(undefined);
const verified = signal<Verified | undefined>(undefined);

const request = (): ProgramRequest => ({
  source: object.value?.bytes ?? text.value,
  program: program.value,
  type: type.value,
});

/** Opens an object of clang. */
export async function openObject(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  program.value = '';
  object.value = { name: file.name, bytes };
}

export default function Lab() {
  useSignalEffect(() => {
    const asked = request();
    const soon = setTimeout(() => {
      void ask('verify', asked).then((now) => {
        verified.value = now;
        const { span } = now;
        problem.value = span === undefined ? undefined : { message: now.problem, ...span };
      });
    }, 120);
    return () => clearTimeout(soon);
  });
  const now = verified.value;
  return (
    <div class="panes lab">
      <section class="pane" aria-label="Source">
        <div class="pane-tools">
          <Sources />
        </div>
        {object.value === undefined ? <Source /> : <ObjectSource />}
        <OnCapture request={request} accepted={now?.accepted === true} />
      </section>
      <section class="pane" aria-label="Verifier">
        {now === undefined ? <p class="notice">Verifying…</p> : <VerdictPane verified={now} />}
      </section>
    </div>
  );
}

function Sources() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <label>
        <span class="sr">Program type</span>
        <select
          value={type.value}
          onChange={({ currentTarget }) => {
            type.value = currentTarget.value as LabType;
          }}
        >
          {TYPES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="sr">Programs to begin with</span>
        <select
          value=""
          onChange={({ currentTarget }) => {
            const sample = SAMPLES[Number(currentTarget.value)]!;
            object.value = undefined;
            type.value = sample.type;
            text.value = sample.text;
            currentTarget.value = '';
          }}
        >
          <option value="">Samples</option>
          {SAMPLES.map(({ title }, at) => (
            <option key={title} value={String(at)}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={fromExpression}>
        From the expression
      </button>
      <button type="button" onClick={() => input.current!.click()}>
        Open an object…
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="Object file"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) void openObject(file);
          currentTarget.value = '';
        }}
      />
    </>
  );
}

/** The filter above as a program of XDP. */
function fromExpression(): void {
  const classic = settled.peek()?.program;
  if (classic === undefined) return;
  object.value = undefined;
  type.value = 'xdp';
  try {
    const lifted = liftTraced(classic, { form: 'xdp', accept: 'XDP_DROP', reject: 'XDP_PASS' }).program;
    const lines = listInstructions(lifted).map((line) => line.text.replace(/^\s*\d+: (\(..\) )?/, ''));
    text.value = `${lines.join('\n')}\n`;
  } catch (error) {
    problem.value = { message: (error as Error).message, start: 0, end: 1 };
  }
}

function Source() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => mountSource(place.current!, 'Assembly', text, problem), []);
  return <div class="source-editor" ref={place} />;
}

function ObjectSource() {
  const { programs = [], program: shown = '' } = verified.value ?? {};
  return (
    <div class="object">
      <h2>{object.value!.name}</h2>
      <p class="quiet">{object.value!.bytes.length.toLocaleString('en')} bytes</p>
      <label>
        Program{' '}
        <select
          value={shown}
          onChange={({ currentTarget }) => {
            program.value = currentTarget.value;
          }}
        >
          {programs.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={() => {
          object.value = undefined;
        }}
      >
        Close
      </button>
    </div>
  );
}
