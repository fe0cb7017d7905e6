/**
 * Test support: the C programs of this folder, built with clang for the machine: loops as compilers leave them.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBytes, type Program } from '../../ebpf/instruction.js';
import type { VerifiedType } from '../../verify/index.js';
import { projectRoot } from '../vectors.js';

export interface Build {
  /** `scan-pair -O2 v3`. */
  readonly name: string;
  readonly type: VerifiedType;
  readonly program: Program;
}

const SOURCES = join(projectRoot, 'lib/testing/loops');
const LEVELS = ['-O1', '-O2', '-Os'];
const MACHINES = ['v1', 'v2', 'v3'];
const SECTIONS = { xdp: 'xdp', tc: 'sched_cls' } as const;

/**
 * Every source at every level for every machine; why not, where there is no clang for it.
 *
 * @param step - Builds one of so many of them.
 */
export function buildLoops(step: number): readonly Build[] | string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-loops-'));
  try {
    const sources = readdirSync(SOURCES).filter((file) => file.endsWith('.c'));
    return sources
      .flatMap((source) =>
        LEVELS.flatMap((level) => MACHINES.map((machine) => [source, level, machine] as const)),
      )
      .filter((_, place) => place % step === 0)
      .map((how) => build(folder, ...how));
  } catch (error) {
    return `clang does not build for bpf: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function build(folder: string, source: string, level: string, machine: string): Build {
  const object = join(folder, 'object.o');
  const options = ['-target', 'bpf', level, `-mcpu=${machine}`, '-c', join(SOURCES, source), '-o', object];
  execFileSync('clang', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const file = readFileSync(object);
  for (const [section, type] of Object.entries(SECTIONS)) {
    const bytes = sectionOf(file, section);
    if (bytes !== undefined)
      return { name: `${source.replace('.c', '')} ${level} ${machine}`, type, program: fromBytes(bytes) };
  }
  throw new Error(`${source} has no section of a known type`);
}

/** The bytes of a section of a 64-bit little-endian ELF file. */
function sectionOf(file: Buffer, wanted: string): Uint8Array | undefined {
  const table = Number(file.readBigUInt64LE(0x28));
  const [entrySize, count, names] = [0x3a, 0x3c, 0x3e].map((at) => file.readUInt16LE(at)) as [
    number,
    number,
    number,
  ];
  const field = (section: number, at: number): number =>
    Number(file.readBigUInt64LE(table + section * entrySize + at));
  const namesAt = field(names, 0x18);
  for (let section = 0; section < count; section++) {
    const nameAt = namesAt + file.readUInt32LE(table + section * entrySize);
    const name = file.toString('latin1', nameAt, file.indexOf(0, nameAt));
    const [start, size] = [field(section, 0x18), field(section, 0x20)];
    if (name === wanted && size > 0) return file.subarray(start, start + size);
  }
  return undefined;
}
