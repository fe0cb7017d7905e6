/** The program in eBPF, in one of the forms that it is lifted to. */

import { useComputed, useSignal } from '@preact/signals';
import type { Program } from '../../../lib/ebpf.js';
import { LIFT_FORMS, type LiftForm, liftTraced, listInstructions } from '../../../lib/playground.js';
import { type Compiled, hueOf } from '../compiled.js';
import { settled } from '../state.js';
import { type Line, Lines } from './lines.js';

const WHAT: Readonly<Record<LiftForm, string>> = {
  kernel: 'what Linux makes of an attached filter',
  portable: 'for sockets: LD_ABS and __sk_buff',
  xdp: 'at the driver: direct access, bounds proved',
  tc: 'at the queue: direct access, bounds proved',
  cgroup: 'at a group of processes, from the network header on',
};

export default function Extended() {
  const form = useSignal<LiftForm>('xdp');
  const lines = useComputed(() => liftedLines(settled.value, form.value));
  return (
    <>
      <div class="pane-tools">
        <label>
          Form{' '}
          <select
            value={form.value}
            onChange={({ currentTarget }) => {
              form.value = currentTarget.value as LiftForm;
            }}
          >
            {LIFT_FORMS.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <span class="quiet">{WHAT[form.value]}</span>
      </div>
      {typeof lines.value === 'string' ? (
        <p class="notice">{lines.value}</p>
      ) : (
        <Lines label="eBPF" lines={lines.value} />
      )}
    </>
  );
}

function liftedLines(compiled: Compiled | undefined, form: LiftForm): readonly Line[] | string {
  if (compiled?.program === undefined) return [];
  const { mode } = compiled;
  try {
    const personality = mode === 'linux-live' ? 'kernel' : 'libpcap';
    const { program } = liftTraced(compiled.program, { form, personality });
    return extendedLines(program, compiled);
  } catch (error) {
    return `There is no such form of this filter: ${(error as Error).message}`;
  }
}

/** The lines of an eBPF program, with the words that each comes from. */
export function extendedLines(program: Program, { words, expression }: Compiled): Line[] {
  return listInstructions(program, { lenient: true }).map(({ index, text }) => {
    const { span } = program[index]!;
    return {
      key: index,
      span,
      hue: hueOf(words, span),
      content: (
        <>
          <span class="at">{index}</span>
          <span class="source">{text.replace(/^\s*\d+: (\(..\) )?/, '')}</span>
          <span class="of">{span === undefined ? '' : expression.slice(span.start, span.end)}</span>
        </>
      ),
    };
  });
}
