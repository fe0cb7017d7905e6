/** `-d --ebpf`: the classic program with what each of its instructions becomes in eBPF. */

import { disassemble } from '../lib/cbpf.js';
import { ebpf, type LiftForm, liftTraced, type TracedLift } from '../lib/command.js';
import { LiftError, type LiftOptions, type ResultValue } from '../lib/ebpf.js';
import type { LinkFilter } from '../lib/index.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';

const WORDS_COLUMN = 50;
/** eBPF lines stand under their classic line, a little to the right. */
const INDENT = '      ';

/** A filter's program in a form. @throws CommandError where it has none, or the form has no such result. */
export function liftedProgram(filter: LinkFilter, options: LiftOptions): TracedLift {
  // Filters for sockets of this system ask for what the kernel keeps beside a packet.
  const personality = filter.options.mode === 'linux-live' ? 'kernel' : 'libpcap';
  try {
    return liftTraced(filter.cbpf, { personality, ...options });
  } catch (error) {
    if (error instanceof LiftError)
      throw new CommandError(`the filter has no form ${options.form}: ${error.message}`);
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

const NUMBER = /^-?(?:0x[0-9a-f]+|\d+)$/i;
const resultOf = (text: string): ResultValue =>
  NUMBER.test(text) ? Number(text.replace('-', '')) * (text.startsWith('-') ? -1 : 1) : (text as ResultValue);

/** Lines for a terminal. @throws CommandError as {@link liftedProgram} does. */
export function describeLifted(filter: LinkFilter, form: LiftForm, { accept, reject }: Options): string {
  const { program, origins } = liftedProgram(filter, {
    form,
    accept: accept === undefined ? undefined : resultOf(accept),
    reject: reject === undefined ? undefined : resultOf(reject),
  });
  const under = new Map<number, string[]>();
  // What belongs to no instruction, such as a comparison with the packet's end, goes with the next that does.
  let waiting: string[] = [];
  for (const { index, text } of ebpf.listInstructions(program, { lenient: true })) {
    waiting.push(INDENT + text);
    const origin = origins[index];
    if (origin === undefined) continue;
    under.set(origin, [...(under.get(origin) ?? []), ...waiting]);
    waiting = [];
  }
  const lines = disassemble(filter.cbpf)
    .split('\n')
    .flatMap((line, index) => {
      const { span } = filter.cbpf[index]!;
      const words =
        span === undefined ? '' : filter.expression.slice(span.start, span.end).replace(/\s+/g, ' ');
      const head = line.replaceAll('\t', ' ');
      return [words === '' ? head : `${head.padEnd(WORDS_COLUMN)} ; ${words}`, ...(under.get(index) ?? [])];
    });
  return [...lines, ...(waiting.length === 0 ? [] : ['(all)', ...waiting])].join('\n');
}
