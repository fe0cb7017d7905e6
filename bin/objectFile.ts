/** Object files of clang, as the command's users name them and their programs. */

import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import {
  type HookName,
  isElf,
  type LoadedObject,
  type LoadedProgram,
  type LoadObjectOptions,
  loadObject,
  ObjectError,
} from '../lib/command.js';
import { reasonOf } from './expression.js';
import { didYouMean, UsageError } from './getopt.js';
import { CommandError } from './report.js';

/** Options that all commands on objects have. */
export const OBJECT_ROWS = [
  { long: ['section'], value: 'required' },
  { long: ['program'], value: 'required' },
  { long: ['type'], value: 'required' },
  { long: ['btf'], value: 'required' },
  { long: ['kconfig'], value: 'required' },
  { long: ['entries'], value: 'required' },
] as const;

export const OBJECT_USAGE = `Of an object, --program NAME or --section NAME chooses programs. --type xdp | tc | action | socket | cgroup is the hook of
those whose section says none. CO-RE takes the kernel's types from --btf FILE, default this system's; --btf=compiled those
that the compiler saw. --kconfig NAME=NUMBER gives the value of a __kconfig variable, --entries MAP=NUMBER a
map the size that its loader would set.
`;

/** The hooks by the command's names. */
const HOOKS: Readonly<Record<string, HookName>> = {
  xdp: 'xdp',
  tc: 'sched_cls',
  action: 'sched_act',
  socket: 'socket_filter',
  cgroup: 'cgroup_skb',
};

export interface ObjectWords {
  /** The last value of an option. */
  readonly given: (name: string) => string | undefined;
  /** All of them. */
  readonly all: (name: string) => readonly string[];
}

/** What was asked for: whether an option is there, its values, and the other words. */
export interface Asked extends ObjectWords {
  readonly has: (name: string) => boolean;
  readonly operands: readonly string[];
}

const SYSTEM_TYPES = '/sys/kernel/btf/vmlinux';

/** @throws CommandError where the file is no object, UsageError where an option is wrong. */
export function openObject(
  file: string,
  bytes: Uint8Array,
  words: ObjectWords,
  more: LoadObjectOptions = {},
): LoadedObject {
  const hook = words.given('type');
  const type = hook === undefined ? undefined : HOOKS[hook];
  if (hook !== undefined && type === undefined)
    throw new UsageError(
      `no type '${hook}': there are ${Object.keys(HOOKS).join(', ')}${didYouMean(hook ?? '', Object.keys(HOOKS))}`,
    );
  const options: LoadObjectOptions = {
    ...more,
    kconfig: kconfigOf(words.all('kconfig')),
    entries: Object.fromEntries(words.all('entries').map((word) => entriesOf(word))),
    type,
  };
  const named = words.given('btf');
  try {
    if (named !== undefined)
      return loadObject(bytes, { ...options, btf: named === 'compiled' ? named : readBytes(named) });
    const object = loadObject(bytes, options);
    // Millions of bytes that few programs need.
    const needsTypes = object.programs.some(({ missing }) =>
      missing.some((one) => one.includes("kernel's types")),
    );
    if (!needsTypes || !existsSync(SYSTEM_TYPES)) return object;
    return loadObject(bytes, { ...options, btf: readBytes(SYSTEM_TYPES) });
  } catch (error) {
    if (error instanceof ObjectError || error instanceof RangeError)
      throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}

export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
}

/** The bytes, where they are those of an object. */
export const asObject = (bytes: Uint8Array): Uint8Array | undefined => (isElf(bytes) ? bytes : undefined);

function entriesOf(word: string): readonly [string, number] {
  const [, name, number] = /^(.+)=([1-9]\d*)$/.exec(word) ?? [];
  if (name === undefined) throw new UsageError(`--entries takes MAP=NUMBER, not '${word}'`);
  return [name, Number(number)];
}

function kconfigOf(words: readonly string[]): Readonly<Record<string, number | bigint>> {
  const [major = 0, minor = 0, patch = 0] = release().split(/[.-]/).map(Number);
  const values: Record<string, number | bigint> = {
    LINUX_KERNEL_VERSION: (major << 16) | (minor << 8) | Math.min(patch || 0, 255),
  };
  for (const word of words) {
    const [, name, text] = /^(\w+)=(.*)$/.exec(word) ?? [];
    if (name === undefined) throw new UsageError(`--kconfig takes NAME=NUMBER, not '${word}'`);
    const number =
      text === 'y' ? 1n : text === 'n' ? 0n : /^(?:0x[\da-f]+|\d+)$/i.test(text!) ? BigInt(text!) : undefined;
    if (number === undefined) throw new UsageError(`--kconfig ${name}: '${text}' is no number`);
    values[name] = number;
  }
  return values;
}

/** The programs that the options name, or all. @throws CommandError where there are none. */
export function chosenPrograms(object: LoadedObject, words: ObjectWords): readonly LoadedProgram[] {
  const [program, section] = [words.given('program'), words.given('section')];
  const chosen = object.programs.filter(
    (one) =>
      (program === undefined || one.name === program) && (section === undefined || one.section === section),
  );
  if (chosen.length > 0) return chosen;
  const there = object.programs.map((one) => `${one.name} (${one.section})`).join(', ');
  const hint =
    program === undefined
      ? didYouMean(
          section ?? '',
          object.programs.map((one) => one.section),
        )
      : didYouMean(
          program,
          object.programs.map(({ name }) => name),
        );
  throw new CommandError(`no such program: there are ${there || 'none'}${hint}`);
}

/** The one program that runs. @throws CommandError where several could. */
export function chosenProgram(object: LoadedObject, words: ObjectWords): LoadedProgram {
  const chosen = chosenPrograms(object, words);
  // What others call in the tail runs by itself only where it is asked for.
  const called = new Set(object.maps.flatMap(({ definition }) => definition.slots.map(({ name }) => name)));
  const entries = chosen.filter(({ name }) => !called.has(name));
  const [first, ...others] = entries.length === 0 ? chosen : entries;
  if (others.length === 0) return first!;
  const names = [first!, ...others].map((one) => `${one.name} (${one.section})`).join(', ');
  throw new CommandError(
    `which program? --program NAME, --section NAME, or --chain NAME,…: there are ${names}`,
  );
}
