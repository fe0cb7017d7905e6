/** Verifies programs of eBPF, and runs them over the open capture. In the worker. */

import {
  explainRejection,
  type LoadedProgram,
  load as loadEbpf,
  loadObject,
  type Program,
  parseProgram,
  type VerifyOptions,
  verifyLogged,
} from '../../../lib/ebpf.js';
import { FilterError } from '../../../lib/index.js';
import { type LocatedCapture, listInstructions } from '../../../lib/playground.js';
import type { LabType, ListedLine, ProgramRequest, Ran, Verified } from './protocol.js';

/** Paths that an instruction tells of. */
const MOST_STATES = 5;

const NOTHING: Verified = {
  programs: [],
  program: '',
  type: '',
  lines: [],
  accepted: false,
  processed: 0,
  rejection: undefined,
  problem: '',
  span: undefined,
};

interface Subject {
  readonly program: Program;
  readonly options: VerifyOptions;
  readonly loaded: LoadedProgram | undefined;
  readonly names: readonly string[];
}

export function verifyProgram(request: ProgramRequest): Verified {
  try {
    const { program, options, loaded, names } = subjectOf(request);
    const { verdict, log } = verifyLogged(program, options, 2);
    const { accepted, processed, rejection } = verdict;
    return {
      ...NOTHING,
      programs: names,
      program: loaded?.name ?? '',
      type: options.type,
      lines: listed(program, log, loaded),
      accepted,
      processed,
      rejection: rejection === undefined ? undefined : explainRejection(program, options, rejection),
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, problem, span: error instanceof FilterError ? error.span : undefined };
  }
}

function subjectOf({ source, program: name, type }: ProgramRequest): Subject {
  if (typeof source === 'string')
    return { program: parseProgram(source), options: { type }, loaded: undefined, names: [] };
  const object = loadObject(source, { btf: 'compiled', type, engine: 'interpreter' });
  const names = object.programs.map((one) => one.name);
  const loaded = name === '' ? object.programs[0] : object.program(name);
  if (loaded === undefined) throw new Error('there is no program in this object');
  return { program: loaded.instructions, options: loaded.verifyOptions(), loaded, names };
}

function listed(program: Program, log: string, loaded: LoadedProgram | undefined): ListedLine[] {
  const states = statesIn(log);
  let before = '';
  return listInstructions(program, { lenient: true }).map(({ index, text }) => {
    const line = loaded?.lineOf(index);
    const c = line === undefined ? '' : `${line.line}: ${line.text.trim()}`;
    const shown = c === before ? '' : c;
    before = c;
    return {
      index,
      text: text.replace(/^\s*\d+: (\(..\) )?/, ''),
      c: shown,
      states: states.get(index) ?? [],
    };
  });
}

/** What the log says of registers behind each instruction: `7: (71) r5 = …  ; R2=pkt(r=14) R5=scalar(…)`. */
function statesIn(log: string): ReadonlyMap<number, readonly string[]> {
  const states = new Map<number, string[]>();
  for (const line of log.split('\n')) {
    const [, slot, state] = /^(\d+): \(..\) .*?;\s*(.+)$/.exec(line) ?? [];
    if (slot === undefined) continue;
    const known = states.get(Number(slot)) ?? [];
    if (known.length < MOST_STATES && !known.includes(state!)) known.push(state!);
    states.set(Number(slot), known);
  }
  return states;
}

const NAMES: Readonly<Record<LabType, Readonly<Record<number, string>>>> = {
  xdp: { 0: 'XDP_ABORTED', 1: 'XDP_DROP', 2: 'XDP_PASS', 3: 'XDP_TX', 4: 'XDP_REDIRECT' },
  sched_cls: { 0: 'TC_ACT_OK', 2: 'TC_ACT_SHOT', 7: 'TC_ACT_REDIRECT', 4294967295: 'TC_ACT_UNSPEC' },
  socket_filter: { 0: 'rejected' },
  cgroup_skb: { 0: 'dropped', 1: 'passed' },
};

/** Runs a program over every packet of a capture. */
export function runProgram(request: ProgramRequest, capture: LocatedCapture): Ran {
  const begun = performance.now();
  const counts = new Map<number, number>();
  let maps = '';
  let problem = '';
  try {
    const { program, options, loaded } = subjectOf(request);
    const type = options.type as LabType;
    const attached = loaded?.attach() ?? loadEbpf(program, { type, engine: 'interpreter' });
    const { bytes, starts, lengths, wireLengths, count } = capture;
    for (let at = 0; at < count; at++) {
      const verdict = attached(bytes, starts[at]!, lengths[at]!, wireLengths[at]!) >>> 0;
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    if (loaded !== undefined && loaded.maps.length > 0)
      maps = JSON.stringify(
        Object.fromEntries(loaded.maps.map((map) => [map.name, map.toJSON()])),
        (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
        1,
      );
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const names = NAMES[request.type];
  return {
    counts: [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([verdict, packets]) => ({
        verdict: names[verdict] === undefined ? String(verdict) : `${names[verdict]} (${verdict})`,
        packets,
      })),
    maps,
    milliseconds: performance.now() - begun,
    problem,
  };
}
