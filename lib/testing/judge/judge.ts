/**
 * Test support: offers programs to both verifiers, and sorts what only one of them admits into classes.
 *
 * A class is which of the two refused, and why in its words with all numbers taken out; it keeps a count and
 * the shortest example. Examples are shrunk when they are printed.
 */

import { readFileSync } from 'node:fs';
import { toAssembly } from '../../ebpf/disassembler.js';
import { type FunctionInfo, type Verdict, type VerifyOptions, verify } from '../../verify/index.js';
import { ENDS_EARLY } from '../../verify/rules/packetLoads.js';
import { generator } from '../random.js';
import { generate, type Sample } from './generator.js';
import { functionsOfProgram, mapsOfProgram } from './maps.js';
import type { Oracle } from './oracle.js';
import { shrink } from './shrink.js';

/** Which verifier admitted what the other refused. */
export type Side = 'only weir admits' | 'only the kernel admits';

export interface DifferenceClass {
  readonly side: Side;
  /** The refusal, without numbers. */
  readonly reason: string;
  count: number;
  example: Sample;
  /** Which program of the run the example is, from 0. */
  number: number;
}

export interface JudgeReport {
  programs: number;
  kernelAdmits: number;
  bothAdmit: number;
  bothRefuse: number;
  /** Refused by both, and the kind is not the kernel's. */
  readonly classes: Map<string, DifferenceClass>;
}

export interface JudgeOptions {
  readonly programs: number;
  readonly seed: number;
  /** How many programs of the seed to leave out first; default none. */
  readonly from?: number;
  readonly privileged?: boolean | undefined;
  /** Called with programs that both admit. */
  readonly onAdmitted?: (sample: Sample, seed: number) => void;
  /** Called now and then. */
  readonly onProgress?: (report: JudgeReport) => void;
}

/** Processors that the running machine may have (`nr_cpu_ids`). */
const PROCESSORS = ((): number => {
  try {
    return Number(/\d+$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim())![0]) + 1;
  } catch {
    return 1;
  }
})();

export const optionsOf = (
  { program, type, egress, strict, typed, globals, license }: Sample,
  privileged = true,
): VerifyOptions => ({
  type,
  privileged,
  strictAlignment: strict,
  attach: egress ? 'egress' : 'ingress',
  maps: mapsOfProgram(program),
  processors: PROCESSORS,
  gpl: license === undefined,
  ...(typed === true
    ? {
        functions: new Map(
          functionsOfProgram(program).map((slot, number): [number, FunctionInfo] => {
            const global = globals?.get(number);
            if (global === undefined)
              return [slot, { linkage: slot === 0 ? 'global' : 'static', returns: 'number' }];
            const { parameters, returnsNothing } = global;
            return [slot, { linkage: 'global', returns: returnsNothing ? 'other' : 'number', parameters }];
          }),
        ),
      }
    : {}),
});

export const verdictOf = (sample: Sample, privileged = true): Verdict =>
  verify(sample.program, optionsOf(sample, privileged));

/** The sample of one place in a run: programs can be made again one by one. */
export const sampleOf = (
  seed: number,
  number: number,
  privileged = true,
): { readonly sample: Sample; readonly seed: number } => {
  const own = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) | 1;
  return { sample: generate(generator(own), privileged), seed: own };
};

/** A text without its numbers. */
export const withoutNumbers = (text: string): string =>
  text.replace(/-?(0x[0-9a-f]+|\d+)/g, 'N').replace(/\s+/g, ' ');

/** The line of the kernel's log that says why a program was refused. */
export function reasonInLog(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !/^(processed|verification time|max_states|stack depth)/.test(line));
  return lines.at(-1) ?? text;
}

export function reasonOf(sample: Sample, side: Side, oracle: Oracle, privileged: boolean): string {
  if (side === 'only weir admits') return withoutNumbers(reasonInLog(oracle.log(sample).text));
  const { rejection } = verdictOf(sample, privileged);
  return rejection === undefined ? 'admitted' : withoutNumbers(`[${rejection.kind}] ${rejection.message}`);
}

/** What may harm the running kernel it is not asked about. */
const admittedByKernel = (sample: Sample, { rejection }: Verdict, oracle: Oracle): boolean =>
  rejection?.message !== ENDS_EARLY && oracle.admits(sample);

/** Which side admitted alone; `undefined` where they agree. */
export function sideOf(sample: Sample, oracle: Oracle, privileged: boolean): Side | undefined {
  const verdict = verdictOf(sample, privileged);
  const ours = verdict.accepted;
  const theirs = admittedByKernel(sample, verdict, oracle);
  if (ours === theirs) return undefined;
  return ours ? 'only weir admits' : 'only the kernel admits';
}

export function judge(oracle: Oracle, options: JudgeOptions): JudgeReport {
  const { programs, seed, from = 0, privileged = true, onAdmitted, onProgress } = options;
  const report: JudgeReport = {
    programs: 0,
    kernelAdmits: 0,
    bothAdmit: 0,
    bothRefuse: 0,
    classes: new Map(),
  };
  for (let number = from; number < from + programs; number++) {
    const { sample, seed: own } = sampleOf(seed, number, privileged);
    const verdict = verdictOf(sample, privileged);
    const ours = verdict.accepted;
    const theirs = admittedByKernel(sample, verdict, oracle);
    report.programs++;
    if (theirs) report.kernelAdmits++;
    if (ours && theirs) {
      report.bothAdmit++;
      onAdmitted?.(sample, own);
    } else if (!ours && !theirs) report.bothRefuse++;
    else
      note(report, sample, number, ours ? 'only weir admits' : 'only the kernel admits', oracle, privileged);
    if (report.programs % 10_000 === 0) onProgress?.(report);
  }
  return report;
}

function note(
  report: JudgeReport,
  sample: Sample,
  number: number,
  side: Side,
  oracle: Oracle,
  privileged: boolean,
): void {
  const reason = reasonOf(sample, side, oracle, privileged);
  const key = `${side}: ${reason}`;
  const known = report.classes.get(key);
  if (known === undefined) {
    report.classes.set(key, { side, reason, count: 1, example: sample, number });
    return;
  }
  known.count++;
  if (sample.program.length >= known.example.program.length) return;
  known.example = sample;
  known.number = number;
}

/** How often one side alone admitted. */
export const countOf = ({ classes }: JudgeReport, side: Side): number =>
  [...classes.values()].reduce((sum, row) => sum + (row.side === side ? row.count : 0), 0);

export function summary(report: JudgeReport): string {
  const { programs, kernelAdmits, bothAdmit, bothRefuse } = report;
  const share = (part: number, whole: number): string =>
    `${((100 * part) / Math.max(1, whole)).toFixed(3)} %`;
  const [falseAccepts, falseRefusals] = [
    countOf(report, 'only weir admits'),
    countOf(report, 'only the kernel admits'),
  ];
  return [
    `${programs} programs: the kernel admits ${kernelAdmits} (${share(kernelAdmits, programs)})`,
    `both admit ${bothAdmit}, both refuse ${bothRefuse}`,
    `only weir admits ${falseAccepts}; only the kernel admits ${falseRefusals} (${share(falseRefusals, kernelAdmits)} of those it admits)`,
  ].join('\n');
}

/** The shrunk example of a class: assembly, and both verdicts. */
export function explained(row: DifferenceClass, oracle: Oracle, privileged: boolean): string {
  const differs = (sample: Sample): boolean =>
    sideOf(sample, oracle, privileged) === row.side &&
    reasonOf(sample, row.side, oracle, privileged) === row.reason;
  const { program, ...how } = row.example;
  const least = shrink(program, (candidate) => differs({ program: candidate, ...how }));
  const sample = { program: least, ...how };
  const { rejection, accepted } = verdictOf(sample, privileged);
  const log = oracle.log(sample).text.trimEnd().split('\n');
  return [
    `${how.type}${how.egress ? ' egress' : ''}${how.strict ? ' strict' : ''}, program ${row.number}`,
    listed(sample),
    accepted ? 'weir: admitted' : `weir: at ${rejection!.index}: ${rejection!.message} [${rejection!.kind}]`,
    'kernel:',
    ...log.slice(-24).map((line) => `  ${line}`),
  ].join('\n');
}

function listed({ program }: Sample): string {
  try {
    return toAssembly(program);
  } catch {
    return JSON.stringify(program);
  }
}
