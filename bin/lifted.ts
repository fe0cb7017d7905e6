/** `-d --ebpf`: the classic program with what each of its instructions becomes in eBPF. */

import { disassemble } from '../lib/cbpf.js';
import { ebpf, type LiftForm, liftTraced } from '../lib/command.js';
import type { LinkFilter } from '../lib/index.js';

const WORDS_COLUMN = 50;
/** eBPF lines stand under their classic line, a little to the right. */
const INDENT = '      ';

/** Lines for a terminal. @throws LiftError where the program has no such form. */
export function describeLifted(filter: LinkFilter, form: LiftForm): string {
  const { program, origins } = liftTraced(filter.cbpf, { form });
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
