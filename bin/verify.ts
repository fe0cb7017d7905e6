/** `weir verify`: whether an eBPF program, or a lifted filter, may run; and if not, where and why. */

import {
  type Complexity,
  ebpf,
  explain,
  type InstructionRequirements,
  type LogLevel,
  requirementsOfProgram,
  type VerifyOptions,
  verify,
  verifyLogged,
} from '../lib/command.js';
import { compile } from '../lib/index.js';
import { parseLine, UsageError } from './getopt.js';
import { liftedProgram } from './lifted.js';
import { OBJECT_ROWS } from './objectFile.js';
import { isObject, isText, readProgramFile } from './programFile.js';
import { renderRejection } from './rejection.js';
import { CommandError } from './report.js';
import { writeOutput } from './standard.js';

const ROWS = [
  { long: ['filter'], value: 'required' },
  ...OBJECT_ROWS,
  { long: ['unprivileged'], value: 'none' },
  { long: ['strict-alignment'], value: 'none' },
  { long: ['rules'], value: 'required' },
  { long: ['egress'], value: 'none' },
  { long: ['log'], value: 'optional' },
  { long: ['requirements'], value: 'none' },
  { long: ['json'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

/** By name: the type verified for, the form a filter is lifted to, and the link type of the packets it sees. */
const TYPES = {
  socket: { type: 'socket_filter', form: 'portable', linkType: 'EN10MB' },
  xdp: { type: 'xdp', form: 'xdp', linkType: 'EN10MB' },
  tc: { type: 'sched_cls', form: 'tc', linkType: 'EN10MB' },
  // Programs of cgroups see no link header.
  cgroup: { type: 'cgroup_skb', form: 'cgroup', linkType: 'RAW' },
} as const;

const RULES = { linux: 'the rules of Linux', sound: 'what is known to be safe' } as const;

export const USAGE = `Usage: weir verify [--type ${Object.keys(TYPES).join(' | ')}] [--unprivileged] [--strict-alignment]
                   [--egress] [--rules linux | sound] [--log[=1|2]] [--requirements]
                   [--program NAME] [--section NAME] [--json] FILE
       weir verify [options] --filter EXPRESSION

Says whether a program may run, by the rules of Linux 6.18: FILE holds it as hex, raw bytes or assembly; - is standard
input. Of an object that clang made each program is told of, on the hook of its section, with lines of C; --program or
--section chooses one. --btf FILE has the kernel's types for CO-RE, default this system's; --kconfig NAME=NUMBER a value.
--rules sound admits what is known to be safe, for engines other than the kernel. --egress is for cgroup programs that see
what leaves. With --filter the expression is compiled and lifted first. --log writes what is known on the path that
is refused, --log=2 on all paths, as the kernel's verifier does. --requirements lists what must hold before
each instruction. Exit status: 0 when it may, 1 when it may not.
`;

/** @throws UsageError, CommandError */
export async function runVerifier(words: readonly string[]): Promise<void> {
  const { options, operands } = parseLine(words, ROWS);
  const has = (name: string): boolean => options.some(({ row }) => row.long[0] === name);
  const given = (name: string): string | undefined =>
    options.findLast(({ row }) => row.long[0] === name)?.value;
  if (has('help')) {
    writeOutput(USAGE);
    return;
  }
  const name = given('type') ?? 'socket';
  const chosen = TYPES[name as keyof typeof TYPES];
  if (chosen === undefined)
    throw new UsageError(`no type '${name}': there are ${Object.keys(TYPES).join(', ')}`);
  const expression = given('filter');
  if ((expression === undefined) === (operands.length !== 1))
    throw new UsageError('verify takes one file, or --filter EXPRESSION');
  const filter = expression === undefined ? undefined : compile(expression).for(chosen.linkType);
  const bytes = filter === undefined ? readProgramFile(operands[0]!) : undefined;
  const chosenRules = given('rules') ?? 'linux';
  if (chosenRules !== 'linux' && chosenRules !== 'sound')
    throw new UsageError(`no rules '${chosenRules}': there are linux, sound`);
  const rules: VerifyOptions = {
    type: chosen.type,
    rules: chosenRules,
    attach: has('egress') ? 'egress' : 'ingress',
    privileged: !has('unprivileged'),
    strictAlignment: has('strict-alignment'),
  };
  if (bytes !== undefined && isObject(bytes)) {
    if (has('requirements')) throw new UsageError('--requirements are of a program, not of an object');
    const all = (wanted: string): string[] =>
      options.flatMap(({ row, value }) => (row.long[0] === wanted && value !== undefined ? [value] : []));
    const { verifyObject } = await import('./verifyObject.js');
    verifyObject(
      operands[0]!,
      bytes,
      { given, all },
      {
        rules: {
          rules: chosenRules,
          privileged: !has('unprivileged'),
          strictAlignment: has('strict-alignment'),
        },
        attach: has('egress') ? 'egress' : undefined,
        json: has('json'),
        log: has('log') ? logLevel(given('log')) : undefined,
      },
    );
    return;
  }
  const program =
    filter === undefined
      ? readProgram(operands[0]!, bytes!)
      : liftedProgram(filter, { form: chosen.form }).program;
  const { verdict, log } = has('log')
    ? verifyLogged(program, rules, logLevel(given('log')))
    : { verdict: verify(program, rules), log: undefined };
  const { accepted, rejection, processed, complexity } = verdict;
  if (!accepted) process.exitCode = 1;
  const explained = rejection === undefined ? undefined : explain(program, rules, rejection);
  const wordsOf = (index: number): string => {
    const span = program[index]?.span;
    return span === undefined || filter === undefined ? '' : filter.expression.slice(span.start, span.end);
  };
  const requirements = has('requirements') ? requirementsOfProgram(program, chosen.type) : undefined;
  if (has('json')) {
    const withWords =
      explained === undefined || filter === undefined
        ? explained
        : {
            ...explained,
            words: wordsOf(explained.index),
            slice: explained.slice.map((step) => ({ ...step, words: wordsOf(step.index) })),
          };
    writeOutput(
      `${JSON.stringify({ accepted, rules: chosenRules, processed, rejection: withWords, complexity, log, requirements })}\n`,
    );
    return;
  }
  if (requirements !== undefined) writeOutput(requirements.map(listed).join(''));
  if (log !== undefined) writeOutput(log);
  const size = `${program.length} instructions, ${processed} looked at`;
  writeOutput(
    explained === undefined
      ? `accepted by ${RULES[chosenRules]}: ${size}\n`
      : `rejected by ${RULES[chosenRules]}: ${size}\n${renderRejection(explained, wordsOf)}`,
  );
  if (complexity !== undefined) writeOutput(spent(complexity));
}

const listed = ({ index, text, requirements }: InstructionRequirements): string =>
  [`${String(index).padStart(4)}: ${text}`, ...requirements.map((one) => `        ${one.text}`), ''].join(
    '\n',
  );

function logLevel(text = '1'): LogLevel {
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new UsageError(`--log has levels 1 and 2, not '${text}'`);
}

/** Where the budget went. */
function spent({ hottest, apart }: Complexity): string {
  const instructions = hottest.map(
    ({ index, times }) => `  ${String(times).padStart(8)} times instruction ${index}`,
  );
  const places = apart.map(
    ({ index, place, times }) => `  ${String(times).padStart(8)} times ${place} at ${index}`,
  );
  return ['most looked at:', ...instructions, 'what kept states apart:', ...places, ''].join('\n');
}

function readProgram(file: string, bytes: Buffer): ebpf.Program {
  try {
    return isText(bytes)
      ? ebpf.parseProgram(bytes.toString('latin1'))
      : ebpf.fromBytes(new Uint8Array(bytes));
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
}
