/** What the verifier says, and the program with what registers hold behind each instruction. */

import { useSignal } from '@preact/signals';
import { Lines } from '../program/lines.js';
import type { ListedLine, Verified } from './protocol.js';

export function VerdictPane({ verified }: { readonly verified: Verified }) {
  const { lines, rejection, problem } = verified;
  const pointed = useSignal(-1);
  const slice = new Map(rejection?.slice.map(({ index, note }) => [index, note]));
  const at = pointed.value >= 0 ? pointed.value : lines.findIndex(({ index }) => index === rejection?.index);
  const shown = lines[at];
  if (problem !== '')
    return (
      <div class="verdict refused" role="status">
        <h2>No program</h2>
        <p>{problem}</p>
      </div>
    );
  return (
    <>
      <Verdict verified={verified} />
      <Lines
        label="Verified program"
        current={lines.findIndex(({ index }) => index === rejection?.index)}
        onPoint={(line) => {
          pointed.value = line;
        }}
        lines={lines.map((line) => ({
          key: line.index,
          span: undefined,
          hue: undefined,
          look: line.index === rejection?.index ? 'refused' : slice.has(line.index) ? 'in-slice' : '',
          content: <ProgramLine line={line} note={slice.get(line.index) ?? ''} />,
        }))}
      />
      <Registers line={shown} />
    </>
  );
}

function Verdict({ verified: { accepted, processed, rejection, type } }: { readonly verified: Verified }) {
  if (accepted || rejection === undefined)
    return (
      <div class="verdict accepted" role="status">
        <h2>Linux would run it</h2>
        <p class="quiet">
          as {type}; {processed.toLocaleString('en')} instructions looked at, over all paths
        </p>
      </div>
    );
  const { message, values, example, remedy, text, index } = rejection;
  return (
    <div class="verdict refused" role="status">
      <h2>Linux would refuse it</h2>
      <p>
        <code>
          {index}: {text}
        </code>{' '}
        {message}
      </p>
      {values.map(({ register, holds }) => (
        <p key={register} class="quiet">
          <code>r{register}</code> is {holds}
        </p>
      ))}
      {example !== '' && <p class="quiet">{example}</p>}
      {remedy !== '' && (
        <p class="remedy">
          <b>Remedy:</b> {remedy}
        </p>
      )}
    </div>
  );
}

function ProgramLine({
  line: { index, text, c },
  note,
}: {
  readonly line: ListedLine;
  readonly note: string;
}) {
  return (
    <>
      <span class="at">{index}</span>
      <span class="source">{text}</span>
      <span class="of">{note !== '' ? note : c}</span>
    </>
  );
}

/** What registers hold behind the instruction that is pointed at. */
function Registers({ line }: { readonly line: ListedLine | undefined }) {
  return (
    <section class="registers" aria-label="Registers">
      {line === undefined ? (
        <p class="quiet">Point at an instruction to see what registers hold behind it.</p>
      ) : (
        <>
          <p class="quiet">
            behind {line.index}: <code>{line.text}</code>
          </p>
          {line.states.map((state) => (
            <p key={state} class="state">
              {state.split(/ (?=R\d+=|fp-?\d+=)/).map((register) => (
                <code key={register}>{register}</code>
              ))}
            </p>
          ))}
          {line.states.length === 0 && <p class="quiet">nothing is told: no path goes on from here</p>}
        </>
      )}
    </section>
  );
}
