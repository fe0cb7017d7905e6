/** `weir asm` and `weir disasm`: programs of both machines, from text to text. */

import {
  assemble,
  disassemble,
  parseListing,
  toAssembly,
  toCArray,
  toCommaList,
  toDecimal,
} from '../lib/cbpf.js';
import { ebpf } from '../lib/command.js';
import { FilterError } from '../lib/index.js';
import { parseLine, UsageError } from './getopt.js';
import { OBJECT_ROWS } from './objectFile.js';
import { isObject, isText, readProgramFile } from './programFile.js';
import { CommandError } from './report.js';
import { writeOutput } from './standard.js';

const ROWS = [
  { short: 'm', long: ['machine'], value: 'required' },
  { short: 'f', long: ['format'], value: 'required' },
  ...OBJECT_ROWS,
  { short: 'h', long: ['help'], value: 'none' },
] as const;

type Writers = Readonly<Record<string, (source: string) => string>>;

/** By machine: reads a program in any of its text forms, gives it in the one asked for. */
const MACHINES: Readonly<Record<string, { readonly asm: Writers; readonly disasm: Writers }>> = {
  ebpf: {
    asm: {
      hex: (source) => ebpf.toHex(ebpf.parseProgram(source)),
      c: (source) => ebpf.toCArray(ebpf.parseProgram(source)),
    },
    disasm: {
      kernel: (source) => ebpf.disassemble(ebpf.parseProgram(source), { lenient: true }),
      rfc: (source) => ebpf.toAssembly(ebpf.parseProgram(source)),
    },
  },
  cbpf: {
    asm: {
      decimal: (source) => toDecimal(assemble(source)),
      comma: (source) => toCommaList(assemble(source)),
      c: (source) => toCArray(assemble(source)),
    },
    disasm: {
      listing: (source) => disassemble(parseListing(source)),
      asm: (source) => toAssembly(parseListing(source)),
    },
  },
};

/** The first format of each list is what comes without `-f`. */
export function usage(command: 'asm' | 'disasm'): string {
  const formats = Object.entries(MACHINES).map(
    ([machine, writers]) => `  -m ${machine}  -f ${Object.keys(writers[command]).join(' | ')}`,
  );
  return `Usage: weir ${command} [-m MACHINE] [-f FORMAT] [FILE]\n\nThe machine is ebpf unless told; without FILE, or with -, standard input is read.\n${formats.join('\n')}\n${command === 'disasm' ? `FILE may be an object of clang: instructions stand under their lines of C; --program NAME or --section NAME\nchooses programs.\n` : ''}`;
}

/** @throws UsageError, CommandError */
export async function runAssembler(command: 'asm' | 'disasm', words: readonly string[]): Promise<void> {
  const { options, operands } = parseLine(words, ROWS);
  const given = (name: string): string | undefined =>
    options.findLast(({ row }) => row.long[0] === name)?.value;
  if (options.some(({ row }) => row.long[0] === 'help')) {
    writeOutput(usage(command));
    return;
  }
  const machine = given('machine') ?? 'ebpf';
  const writers = MACHINES[machine]?.[command];
  if (writers === undefined)
    throw new UsageError(`no machine '${machine}': there are ${Object.keys(MACHINES).join(', ')}`);
  const format = given('format') ?? Object.keys(writers)[0]!;
  const write = writers[format];
  if (write === undefined)
    throw new UsageError(`no format '${format}': there are ${Object.keys(writers).join(', ')}`);
  if (operands.length > 1) throw new UsageError('one file at a time');
  const [file = '-'] = operands;
  const bytes = readProgramFile(file);
  if (command === 'disasm' && machine === 'ebpf' && isObject(bytes)) {
    const all = (name: string): string[] =>
      options.flatMap(({ row, value }) => (row.long[0] === name && value !== undefined ? [value] : []));
    const { disassembleObject } = await import('./verifyObject.js');
    writeOutput(disassembleObject(file, bytes, { given, all }, format === 'rfc' ? 'rfc' : 'kernel'));
    return;
  }
  if (isObject(bytes)) throw new CommandError(`${file}: is an object of clang, not text`);
  // Instructions of eBPF may come as they are.
  const isBinary = machine === 'ebpf' && !isText(bytes) && command === 'disasm';
  const source = isBinary ? '' : bytes.toString('utf8');
  try {
    writeOutput(`${write(isBinary ? ebpf.toHex(ebpf.fromBytes(new Uint8Array(bytes))) : source)}\n`);
  } catch (error) {
    if (error instanceof FilterError)
      throw new CommandError(
        `${file === '-' ? 'standard input' : file}: ${error.message}\n${caret(source, error)}`,
      );
    throw new CommandError(`${file === '-' ? 'standard input' : file}: ${(error as Error).message}`);
  }
}

/** The line at fault with a mark under it. */
function caret(source: string, error: FilterError): string {
  const start = source.lastIndexOf('\n', error.span.start - 1) + 1;
  const end = source.indexOf('\n', error.span.start);
  const text = source.slice(start, end < 0 ? undefined : end);
  const mark =
    ' '.repeat(error.span.start - start) +
    '^'.padEnd(Math.min(error.span.end - error.span.start, text.length), '~');
  return [text, mark, error.hint].filter((line) => line !== '').join('\n');
}
