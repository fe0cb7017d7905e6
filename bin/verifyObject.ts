/** `weir verify` and `weir disasm` of objects: each program with its lines of C. */

import {
  ebpf,
  explain,
  type LoadedProgram,
  type SourceLine,
  type VerifyOptions,
  verifyLogged,
} from '../lib/command.js';
import { chosenPrograms, type ObjectWords, openObject } from './objectFile.js';
import { placeOf, renderObjectRejection } from './objectReport.js';
import { CommandError } from './report.js';
import { writeOutput } from './standard.js';

export interface VerifyWishes {
  readonly rules: Pick<VerifyOptions, 'rules' | 'privileged' | 'strictAlignment'>;
  readonly attach: 'egress' | undefined;
  readonly json: boolean;
  readonly log: 1 | 2 | undefined;
}

/** Tells of each program whether it may run; the exit status is 1 where one may not. */
export function verifyObject(
  file: string,
  bytes: Uint8Array,
  words: ObjectWords,
  wishes: VerifyWishes,
): void {
  const object = openObject(file, bytes, words);
  const { rules, attach, json, log } = wishes;
  for (const program of chosenPrograms(object, words)) {
    const options = orRefuse(file, () => program.verifyOptions({ ...rules, attach }));
    const { verdict, log: text } =
      log === undefined
        ? { verdict: program.verify(options), log: '' }
        : verifyLogged(program.instructions, options, log);
    const { missing, unresolved } = program;
    const { accepted, rejection, processed } = verdict;
    if (!accepted || unresolved.length > 0) process.exitCode = 1;
    const head = `${program.name} (${program.section})`;
    if (json) {
      const explained = rejection && explain(program.instructions, options, rejection);
      const line = rejection && program.lineOf(rejection.index);
      writeOutput(
        `${JSON.stringify({ program: program.name, section: program.section, accepted, processed, missing, rejection: explained, line })}\n`,
      );
      continue;
    }
    if (text !== '') writeOutput(text);
    const size = `${program.instructions.length} instructions, ${processed} looked at`;
    const by = options.rules === 'sound' ? 'what is known to be safe' : 'the rules of Linux';
    writeOutput(
      rejection === undefined
        ? `${head}: accepted by ${by}: ${size}\n`
        : `${head}: rejected by ${by}: ${size}\n${renderObjectRejection(program, explain(program.instructions, options, rejection))}`,
    );
    if (missing.length > 0) {
      const what = unresolved.length > 0 ? 'loaded' : 'run';
      writeOutput(`${head}: cannot be ${what} here: it needs ${missing.join('; ')}\n`);
    }
  }
}

function orRefuse<Value>(file: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}; --type says which`);
  }
}

/** Why a program is refused, in terms of C; empty where it is not. */
export function rejectionOf(program: LoadedProgram, more: Partial<VerifyOptions>): string {
  const options = program.verifyOptions(more);
  const { rejection } = program.verify(more);
  return rejection === undefined
    ? ''
    : renderObjectRejection(program, explain(program.instructions, options, rejection));
}

/** Listings of an object's programs, each instruction under its line of C. */
export function disassembleObject(
  file: string,
  bytes: Uint8Array,
  words: ObjectWords,
  format: 'kernel' | 'rfc',
): string {
  const object = openObject(file, bytes, words);
  return chosenPrograms(object, words)
    .map((program) => {
      const head = `${program.name} (${program.section}): ${program.instructions.length} instructions`;
      if (format === 'rfc') return `; ${head}\n${ebpf.toAssembly(program.instructions)}\n`;
      return `${head}\n${listing(program)}\n`;
    })
    .join('\n');
}

function listing(program: LoadedProgram): string {
  const names = new Map(program.maps.map(({ name, definition }) => [definition.handle, name]));
  let last: SourceLine | undefined;
  return ebpf
    .listInstructions(program.instructions, { lenient: true })
    .flatMap(({ index, text }) => {
      const entry = program.functions.find(({ start }) => start === index);
      const line = program.lineOf(index);
      const isNew =
        line !== undefined && line.line > 0 && (last?.line !== line.line || last.file !== line.file);
      last = line ?? last;
      return [
        ...(entry === undefined ? [] : [`${entry.name}:`]),
        ...(isNew ? [`; ${line.text.trim()} @ ${placeOf(line)}`] : []),
        text.replace(/map\[fd:(\d+)\]/, (whole, handle: string) => {
          const name = names.get(Number(handle));
          return name === undefined ? whole : `map[${name}]`;
        }),
      ];
    })
    .join('\n');
}
