/** Test support: C programs of our own as objects, built by clang. */

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './vectors.js';

const run = promisify(execFile);
const folder = join(projectRoot, 'lib', 'testing', 'objects');

export interface Build {
  /** Without `.c`. */
  readonly name: string;
  /** Which check is left out; 0: none. */
  readonly mutant?: number;
  readonly optimize?: 'O1' | 'O2';
  readonly machine?: 'v1' | 'v2' | 'v3';
  readonly target?: 'bpf' | 'bpfeb';
  readonly flags?: readonly string[];
}

/** Why objects cannot be built here, or `undefined`. */
export function whyNoClang(): string | undefined {
  try {
    execFileSync('clang', ['--print-targets'], { stdio: 'ignore' });
  } catch {
    return 'there is no clang';
  }
  return existsSync('/usr/include/bpf/bpf_helpers.h')
    ? undefined
    : 'there is no bpf/bpf_helpers.h (libbpf-dev)';
}

/** Names of all programs. */
export const programNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => name.slice(0, -2))
    .sort();

/** The numbers of checks that a program's source can leave out. */
export function mutantsOf(name: string): readonly number[] {
  const text = readFileSync(join(folder, `${name}.c`), 'utf8');
  const numbers = [...text.matchAll(/MUTANT\s*[!=]=\s*(\d+)/g)].map(([, number]) => Number(number));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** What else a source is built as: with other kinds of maps, where it leaves the kind open. */
export function familyOf(name: string): readonly (readonly string[])[] {
  const text = readFileSync(join(folder, `${name}.c`), 'utf8');
  const [, usual] = /^#define KIND BPF_MAP_TYPE_(\w+)$/m.exec(text) ?? [];
  if (usual === undefined) return [[]];
  const kinds = usual.endsWith('ARRAY')
    ? ['ARRAY', 'PERCPU_ARRAY']
    : ['HASH', 'LRU_HASH', 'PERCPU_HASH', 'LRU_PERCPU_HASH'];
  return kinds.map((kind) => [`-DKIND=BPF_MAP_TYPE_${kind}`]);
}

const includes = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((triple) => `/usr/include/${triple}`)
  .filter((path) => existsSync(path));

/** Builds an object; rejects with what clang says. */
export async function build({
  name,
  mutant = 0,
  optimize = 'O2',
  machine = 'v3',
  target = 'bpf',
  flags = [],
}: Build): Promise<Uint8Array> {
  const place = mkdtempSync(join(tmpdir(), 'weir-object-'));
  const output = join(place, 'program.o');
  try {
    await run('clang', [
      `-${optimize}`,
      '-g',
      // A check that is left out is warned of now and then.
      ...(mutant === 0 ? ['-Wall', '-Werror'] : ['-w']),
      '-target',
      target,
      `-mcpu=${machine}`,
      `-DMUTANT=${mutant}`,
      ...includes.flatMap((path) => ['-I', path]),
      ...flags,
      '-c',
      join(folder, `${name}.c`),
      '-o',
      output,
    ]);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
