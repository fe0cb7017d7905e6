/** Questions: is A the same as B, does one imply the other; and packets that show it. */

import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Fields } from '../packets/fields.js';
import { Hex } from '../packets/hex.js';
import '../packets/packets.css';
import { compiled, linkType, mode, other, settled } from '../state.js';
import './ask.css';
import type { Answers, Question, Relation } from './questions.js';

const answers = signal<Answers | undefined>(undefined);
const busy = signal(false);

export default function Ask() {
  const chosen = useSignal(0);
  useAnswers(() => {
    chosen.value = 0;
  });
  const { relations = [], witnesses = [], problem = '' } = answers.value ?? {};
  const witness = witnesses[Math.min(chosen.value, witnesses.length - 1)];
  return (
    <div class="panes ask">
      <section class="pane" aria-label="Questions">
        <div class="ask-with">
          <label for="other">
            A is the expression above
            {compiled.value.error !== undefined && ', as it was when it was last right'}.{' '}
            <b>Compare it with B:</b>
          </label>
          <input
            id="other"
            type="text"
            spellcheck={false}
            autocomplete="off"
            placeholder="tcp port 80 or tcp port 8080"
            value={other.value}
            onInput={({ currentTarget }) => {
              other.value = currentTarget.value;
            }}
          />
        </div>
        <div class="relations" role="status" aria-busy={busy.value}>
          {relations.map((relation) => (
            <Answer key={relation.question} relation={relation} onShow={(at) => (chosen.value = at)} />
          ))}
          {problem !== '' && <p class="problem">{problem}</p>}
        </div>
        <ul class="witnesses" aria-label="Packets">
          {witnesses.map(({ title, line }, at) => (
            <li key={`${at}${title}`}>
              <button
                type="button"
                aria-pressed={witnesses[at] === witness}
                onClick={() => {
                  chosen.value = at;
                }}
              >
                <span class="title">{title}</span>
                <code>{line}</code>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section class="pane" aria-label="Packet">
        {witness === undefined ? (
          <p class="notice">{busy.value ? 'Looking for packets…' : 'No packet to show.'}</p>
        ) : (
          <>
            <p class="witness-line">
              <code>{witness.line}</code>
            </p>
            <Hex shown={witness} />
            <Fields key={witness.line} shown={witness} />
          </>
        )}
      </section>
    </div>
  );
}

const QUESTIONS: Readonly<Record<Relation['question'], string>> = {
  same: 'A and B match the same packets',
  implies: 'A implies B',
  implied: 'B implies A',
  disjoint: 'no packet matches both',
};
const VERDICTS: Readonly<Record<Relation['verdict'], string>> = {
  yes: 'yes, proved',
  no: 'no',
  whole: 'yes on whole packets, not on cut ones',
  undecided: 'not decided',
};

interface AnswerProps {
  readonly relation: Relation;
  readonly onShow: (witness: number) => void;
}

function Answer({ relation: { question, verdict, witness }, onShow }: AnswerProps) {
  return (
    <div class={`relation ${verdict}`} data-question={question}>
      <span>{QUESTIONS[question]}</span>
      <strong>{VERDICTS[verdict]}</strong>
      {witness >= 0 && (
        <button type="button" class="small" onClick={() => onShow(witness)}>
          see one
        </button>
      )}
    </div>
  );
}

/** Asks again when the question changes; what is still being answered then is given up. */
function useAnswers(changed: () => void): void {
  const worker = useRef<Worker>(undefined);
  const asked = useRef(0);
  const ask = (question: Question): void => {
    worker.current?.terminate();
    worker.current = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const id = ++asked.current;
    busy.value = true;
    worker.current.addEventListener('message', ({ data }: MessageEvent<{ id: number; answers: Answers }>) => {
      if (data.id !== asked.current) return;
      busy.value = false;
      answers.value = data.answers;
      changed();
    });
    worker.current.postMessage({ id, question });
  };
  useSignalEffect(() => {
    const question = {
      first: settled.value?.expression ?? '',
      second: other.value,
      linkType: linkType.value,
      mode: mode.value,
    };
    const soon = setTimeout(() => ask(question), 250);
    return () => clearTimeout(soon);
  });
  useEffect(() => () => worker.current?.terminate(), []);
}
