/** The debugger: a program on the chosen packet, step by step, forth and back. */

import { batch, computed, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Span } from '../../../lib/compile.js';
import { liftTraced } from '../../../lib/playground.js';
import { compileNow, hueOf } from '../compiled.js';
import { ask, capture, openState, packet } from '../packets/client.js';
import { Fields } from '../packets/fields.js';
import { Hex, litBytes } from '../packets/hex.js';
import { Opening } from '../packets/packets.js';
import type { Opened, Shown } from '../packets/protocol.js';
import { extendedLines } from '../program/extended.js';
import { Lines } from '../program/lines.js';
import { linesOf } from '../program/listing.js';
import { captureName, chosen, lit, settled } from '../state.js';
import { Cells, Reads, Stack } from './cells.js';
import './debug.css';
import { type DebugForm, type Run, runClassic, runExtended } from './trace.js';

const MACHINES = ['classic', 'portable', 'xdp', 'tc', 'kernel'] as const;
type Machine = (typeof MACHINES)[number];
const TITLES: Readonly<Record<Machine, string>> = {
  classic: 'classic BPF',
  portable: 'eBPF, for sockets',
  xdp: 'eBPF, XDP',
  tc: 'eBPF, tc',
  kernel: 'eBPF, as Linux converts',
};

export default function Debug() {
  useEffect(() => {
    if (capture.peek() === undefined && !openState.peek().busy) captureName.value ||= 'http.pcap';
  }, []);
  return capture.value === undefined || packet.value === undefined ? (
    <section class="pane welcome" aria-label="Debugger">
      <p class="quiet">The debugger runs the program on a packet.</p>
      <Opening />
    </section>
  ) : (
    <Debugger />
  );
}

/** The chosen packet; the same object as long as it is the same packet, whatever filter it is shown under. */
let last: { readonly packet: Shown; readonly capture: Opened | undefined } | undefined;
const subjectPacket = computed(() => {
  const [now, of] = [packet.value, capture.value];
  if (now === undefined) return undefined;
  if (last?.packet.index !== now.index || last.capture !== of) last = { packet: now, capture: of };
  return last.packet;
});

function Debugger() {
  const machine = useSignal<Machine>('classic');
  const position = useSignal(0);
  const breaks = useSignal<ReadonlySet<number>>(new Set());
  const message = useSignal('');
  const subject = useComputed(() => {
    const now = settled.value;
    const on = subjectPacket.value;
    if (now === undefined || on === undefined) return undefined;
    const compiled =
      on.linkType === now.linkType ? now : compileNow(now.expression, { ...now, linkType: on.linkType });
    if (compiled.program === undefined) return undefined;
    if (machine.value === 'classic')
      return { compiled, run: runClassic(compiled.program, on), lines: linesOf(compiled) };
    try {
      const form: DebugForm = machine.value;
      const { program } = liftTraced(compiled.program, { form });
      return { compiled, run: runExtended(program, form, on), lines: extendedLines(program, compiled) };
    } catch {
      return undefined;
    }
  });
  useSignalEffect(() => {
    void subject.value;
    position.value = 0;
  });
  useSignalEffect(() => {
    // Lines are others then.
    void [settled.value, machine.value];
    breaks.value = new Set();
  });
  useSignalEffect(() => {
    const { run, lines } = subject.value ?? {};
    const moment = run?.moments[position.value];
    litBytes.value = moment?.reads;
    lit.value = lines?.find(({ key }) => key === moment?.at)?.span;
  });
  if (subject.value === undefined)
    return (
      <section class="pane" aria-label="Debugger">
        <Choice machine={machine.value} onChoose={(to) => (machine.value = to)} />
        <p class="notice">There is no such form of this filter for the packet.</p>
      </section>
    );
  const { compiled, run, lines } = subject.value;
  const at = Math.min(position.value, run.moments.length - 1);
  const moment = run.moments[at]!;
  const ran = new Set(run.moments.slice(0, at).map(({ at: line }) => line));
  const isBreak = (line: number): boolean => breaks.value.has(line);
  const toggle = (among: readonly number[]): void => {
    const now = new Set(breaks.value);
    const all = among.every((line) => now.has(line));
    for (const line of among) all ? now.delete(line) : now.add(line);
    breaks.value = now;
  };
  const go = (to: number): void => {
    position.value = Math.max(0, Math.min(run.moments.length - 1, to));
  };
  /** To the next moment in a direction at an instruction with a breakpoint, else to the end. */
  const runOn = (direction: 1 | -1): void => {
    let to = at + direction;
    while (to > 0 && to < run.moments.length - 1 && !isBreak(slotOf(lines, run, to))) to += direction;
    go(to);
  };
  const otherwise = async (step: 1 | -1): Promise<void> => {
    const found = await ask('otherwise', { index: packet.peek()!.index, step });
    message.value =
      found < 0 ? `No packet ${step > 0 ? 'behind' : 'before'} this one is decided otherwise.` : '';
    if (found >= 0) batch(() => (chosen.value = found + 1));
  };
  const keys: Readonly<Record<string, () => void>> = {
    n: () => go(at + 1),
    p: () => go(at - 1),
    c: () => runOn(1),
    b: () => runOn(-1),
    o: () => void otherwise(1),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const key = keys[event.key];
    if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLSelectElement) return;
    event.preventDefault();
    key();
  };
  const wordLines = (span: Span): number[] =>
    lines.flatMap((line, index) =>
      line.span?.start === span.start && line.span.end === span.end ? [index] : [],
    );
  const here = lines.findIndex(({ key }) => key === moment.at);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys for what the buttons do
    <div class="debug" onKeyDown={onKeyDown}>
      <section class="pane" aria-label="Program">
        <div class="pane-tools">
          <Choice machine={machine.value} onChoose={(to) => (machine.value = to)} />
          <div class="steps" role="toolbar" aria-label="Steps">
            <Button label="To the start" sign="start" onClick={() => go(0)} />
            <Button label="Back to a breakpoint (b)" sign="back" onClick={() => runOn(-1)} />
            <Button label="Step back (p)" sign="previous" onClick={() => go(at - 1)} />
            <Button label="Step (n)" sign="next" onClick={() => go(at + 1)} />
            <Button label="On to a breakpoint (c)" sign="on" onClick={() => runOn(1)} />
            <Button label="To the end" sign="end" onClick={() => go(run.moments.length - 1)} />
          </div>
          <input
            type="range"
            aria-label="Step"
            min={0}
            max={run.moments.length - 1}
            value={at}
            onInput={({ currentTarget }) => go(Number(currentTarget.value))}
          />
          <span class="quiet count" role="status">
            step {at} of {run.moments.length - 1}
          </span>
        </div>
        <div class="pane-tools breaks">
          <span class="quiet">Stop at</span>
          {compiled.words.map((span) => (
            <button
              key={`${span.start}-${span.end}`}
              type="button"
              class={`chip hue-${hueOf(compiled.words, span)}`}
              aria-pressed={wordLines(span).length > 0 && wordLines(span).every(isBreak)}
              onClick={() => toggle(wordLines(span))}
            >
              {compiled.expression.slice(span.start, span.end)}
            </button>
          ))}
        </div>
        <Lines
          label="Program"
          current={here}
          lines={lines.map((line, index) => ({
            ...line,
            look: [
              index === here ? 'now' : ran.has(Number(line.key)) ? 'ran' : 'not-yet',
              isBreak(index) ? 'breakpoint' : '',
            ].join(' '),
          }))}
          onChoose={(index) => toggle([index])}
        />
      </section>
      <section class="pane" aria-label="Machine and packet">
        <div class="pane-tools">
          <button type="button" class="small" title="(o)" onClick={() => void otherwise(1)}>
            Run to the packet that decides otherwise
          </button>
          <span class="quiet">
            packet {packet.value!.index + 1} of {capture.value!.count} in {capture.value!.name}
          </span>
          <span class="problem" role="status">
            {message.value}
          </span>
        </div>
        <Cells moment={moment} before={run.moments[at - 1]} />
        {at === run.moments.length - 1 && (
          <p class={`outcome ${run.accepts ? 'yes' : 'no'}`} role="status">
            {run.outcome}
          </p>
        )}
        <Stack moment={moment} />
        <Reads moment={moment} layers={packet.value!.layers} />
        <Hex shown={{ ...packet.value!, reason: undefined }} />
        <Fields key={packet.value!.index} shown={packet.value!} />
      </section>
    </div>
  );
}

const slotOf = (lines: readonly { readonly key: string | number }[], run: Run, to: number): number =>
  lines.findIndex(({ key }) => key === run.moments[to]!.at);

interface ChoiceProps {
  readonly machine: Machine;
  readonly onChoose: (machine: Machine) => void;
}

function Choice({ machine, onChoose }: ChoiceProps) {
  return (
    <label>
      <span class="sr">Machine</span>
      <select value={machine} onChange={({ currentTarget }) => onChoose(currentTarget.value as Machine)}>
        {MACHINES.map((name) => (
          <option key={name} value={name}>
            {TITLES[name]}
          </option>
        ))}
      </select>
    </label>
  );
}

const SIGNS = {
  start: 'M3 3h2v10H3zM13 3v10L6 8z',
  back: 'M8 3v10L1 8zM15 3v10L8 8z',
  previous: 'M12 3v10L4 8z',
  next: 'M4 3v10l8-5z',
  on: 'M1 3v10l7-5zM8 3v10l7-5z',
  end: 'M3 3v10l7-5zM11 3h2v10h-2z',
};

interface ButtonProps {
  readonly label: string;
  readonly sign: keyof typeof SIGNS;
  readonly onClick: () => void;
}

function Button({ label, sign, onClick }: ButtonProps) {
  return (
    <button type="button" class="small" aria-label={label} title={label} onClick={onClick}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SIGNS[sign]} />
      </svg>
    </button>
  );
}
