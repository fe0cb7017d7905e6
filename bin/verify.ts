/** `weir verify`: whether an eBPF program, or a lifted filter, may run; and if not, where and why. */

import { readFileSync } from 'node:fs';
import {
  type Complexity,
  compile,
  ebpf,
  type Filter,
  FilterError,
  type LogLevel,
  lift,
  verify,
  verifyLogged,
} from '../lib/index.js';
import { reasonOf } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { CommandError, ExpressionError } from './report.js';

const ROWS = [
  { long: ['filter'], value: 'required' },
  { long: ['type'], value: 'required' },
  { long: ['unprivileged'], value: 'none' },
  { long: ['strict-alignment'], value: 'none' },
  { long: ['log'], value: 'optional' },
  { long: ['json'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

/** By name: the type verified for, and the form a filter is lifted to. */
const TYPES = {
  socket: { type: 'socket_filter', form: 'portable' },
  xdp: { type: 'xdp', form: 'xdp' },
  tc: { type: 'sched_cls', form: 'tc' },
  cgroup: { type: 'cgroup_skb', form: 'portable' },
} as const;

const USAGE = `Usage: weir verify [--type ${Object.keys(TYPES).join(' | ')}] [--unprivileged] [--strict-alignment]
                   [--log[=1|2]] [--json] FILE
       weir verify [options] --filter EXPRESSION

Says whether a program may run, by the rules of Linux: FILE holds it as hex, raw bytes or assembly; - is standard
input. With --filter the expression is compiled and lifted first. --log writes what is known on the path that
is refused, --log=2 on all paths, as the kernel's verifier does. Exit status: 0 when it may, 1 when it may not.
`;

/** @throws UsageError, CommandError */
export function runVerifier(words: readonly string[]): void {
  const { options, operands } = parseLine(words, ROWS);
  const has = (name: string): boolean => options.some(({ row }) => row.long[0] === name);
  const given = (name: string): string | undefined =>
    options.findLast(({ row }) => row.long[0] === name)?.value;
  if (has('help')) {
    process.stdout.write(USAGE);
    return;
  }
  const name = given('type') ?? 'socket';
  const chosen = TYPES[name as keyof typeof TYPES];
  if (chosen === undefined)
    throw new UsageError(`no type '${name}': there are ${Object.keys(TYPES).join(', ')}`);
  const expression = given('filter');
  if ((expression === undefined) === (operands.length !== 1))
    throw new UsageError('verify takes one file, or --filter EXPRESSION');
  const program =
    expression === undefined
      ? readProgram(operands[0]!)
      : lift(compiled(expression).cbpf, { form: chosen.form, unverified: true });

  const rules = {
    type: chosen.type,
    privileged: !has('unprivileged'),
    strictAlignment: has('strict-alignment'),
  };
  const { verdict, log } = has('log')
    ? verifyLogged(program, rules, logLevel(given('log')))
    : { verdict: verify(program, rules), log: undefined };
  const { accepted, rejection, processed, complexity } = verdict;
  if (!accepted) process.exitCode = 1;
  if (has('json')) {
    process.stdout.write(`${JSON.stringify({ accepted, processed, rejection, complexity, log })}\n`);
    return;
  }
  if (log !== undefined) process.stdout.write(log);
  const size = `${program.length} instructions, ${processed} looked at`;
  if (rejection === undefined) {
    process.stdout.write(`accepted: ${size}\n`);
    return;
  }
  const { index, kind, message, remedy } = rejection;
  const lines = ebpf.disassemble(program, { lenient: true }).split('\n');
  const around = lines.filter((line) => Math.abs(Number.parseInt(line.trim(), 10) - index) <= 2);
  process.stdout.write(`rejected: ${size}\n`);
  for (const line of around) {
    const here = Number.parseInt(line.trim(), 10) === index;
    process.stdout.write(`${here ? '>' : ' '} ${line}\n`);
  }
  process.stdout.write(
    `instruction ${index}: ${message} [${kind}]\n${remedy === '' ? '' : `remedy: ${remedy}\n`}`,
  );
  if (complexity !== undefined) process.stdout.write(spent(complexity));
}

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

function compiled(expression: string): Filter {
  try {
    return compile(expression);
  } catch (error) {
    if (error instanceof FilterError) throw new ExpressionError(expression, error);
    throw error;
  }
}

function readProgram(file: string): ebpf.Program {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
  try {
    const isText = bytes.every(
      (byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127),
    );
    return isText ? ebpf.parseProgram(bytes.toString('latin1')) : ebpf.fromBytes(new Uint8Array(bytes));
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
}
