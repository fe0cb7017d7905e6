/** Which lines of C ran, how often; where the instructions went. */

import { readFileSync } from 'node:fs';
import type { ebpf, LoadedObject, LoadedProgram } from '../lib/command.js';

/** Counts the instructions of an object's programs as they run. */
export class InstructionCounts {
  private readonly counts = new Map<ebpf.Program, Float64Array>();
  private readonly readers = new Map<ebpf.Program, (() => Float64Array)[]>();

  /** One instruction ran. */
  readonly observe = (program: ebpf.Program, index: number): void => {
    let counts = this.counts.get(program);
    if (counts === undefined) {
      counts = new Float64Array(program.length);
      this.counts.set(program, counts);
    }
    counts[index]!++;
  };

  /** Compiled code counts for itself. */
  readonly add = (program: ebpf.Program, read: () => Float64Array): void => {
    this.readers.set(program, [...(this.readers.get(program) ?? []), read]);
  };

  /** How often each slot ran. */
  of({ instructions }: LoadedProgram): Float64Array {
    const sum = this.counts.get(instructions)?.slice() ?? new Float64Array(instructions.length);
    for (const read of this.readers.get(instructions) ?? [])
      for (const [slot, times] of read().entries()) sum[slot]! += times;
    return sum;
  }
}

interface FileCoverage {
  /** Hits by line. */
  readonly lines: Map<number, { hits: number; text: string }>;
  readonly functions: Map<string, { line: number; hits: number }>;
}

/** A line ran as often as the instruction of it that ran most. */
function coverageOf(
  programs: readonly LoadedProgram[],
  counts: InstructionCounts,
): ReadonlyMap<string, FileCoverage> {
  const files = new Map<string, FileCoverage>();
  for (const program of programs) {
    const hits = counts.of(program);
    // A function that several programs call is in each of them: what it ran adds up.
    const own = new Map<string, number>();
    for (const [slot, times] of hits.entries()) {
      const line = program.lineOf(slot);
      if (line === undefined) continue;
      const key = `${line.line} ${line.file}`;
      const file = fileIn(files, line.file);
      if (!file.lines.has(line.line)) file.lines.set(line.line, { hits: 0, text: line.text });
      own.set(key, Math.max(own.get(key) ?? 0, times));
      const entry = program.functions.find(({ start }) => start === slot);
      if (entry === undefined) continue;
      const known = file.functions.get(entry.name) ?? { line: line.line, hits: 0 };
      file.functions.set(entry.name, { line: known.line, hits: known.hits + times });
    }
    for (const [key, times] of own) {
      const space = key.indexOf(' ');
      files.get(key.slice(space + 1))!.lines.get(Number(key.slice(0, space)))!.hits += times;
    }
  }
  return files;
}

function fileIn(files: Map<string, FileCoverage>, name: string): FileCoverage {
  const known = files.get(name);
  if (known !== undefined) return known;
  const made: FileCoverage = { lines: new Map(), functions: new Map() };
  files.set(name, made);
  return made;
}

/** As `lcov` and its readers take it (geninfo(1), "TRACEFILE FORMAT"). */
export function lcovOf(programs: readonly LoadedProgram[], counts: InstructionCounts): string {
  const records = [...coverageOf(programs, counts)].map(([name, { lines, functions }]) => {
    const sorted = [...lines].sort(([a], [b]) => a - b);
    const reached = [...functions.values()].filter(({ hits }) => hits > 0).length;
    return [
      'TN:',
      `SF:${name}`,
      ...[...functions].map(([one, { line }]) => `FN:${line},${one}`),
      ...[...functions].map(([one, { hits }]) => `FNDA:${hits},${one}`),
      `FNF:${functions.size}`,
      `FNH:${reached}`,
      ...sorted.map(([line, { hits }]) => `DA:${line},${hits}`),
      `LF:${sorted.length}`,
      `LH:${sorted.filter(([, { hits }]) => hits > 0).length}`,
      'end_of_record',
      '',
    ].join('\n');
  });
  return records.join('');
}

/** The lines of C with how often each ran; those without code as well where the file can be read. */
export function coverageText(programs: readonly LoadedProgram[], counts: InstructionCounts): string {
  const parts = [...coverageOf(programs, counts)].map(([name, { lines }]) => {
    const rows = sourceLines(name) ?? [...lines].map(([line, { text }]) => [line, text] as const);
    const reached = [...lines.values()].filter(({ hits }) => hits > 0).length;
    const listed = [...rows]
      .sort(([a], [b]) => a - b)
      .map(([line, text]) => {
        const found = lines.get(line);
        const times = found === undefined ? '' : found.hits === 0 ? '-' : `${found.hits}`;
        return `${times.padStart(9)} ${`${line}`.padStart(5)}: ${text}`.trimEnd();
      });
    return `${name}: ${reached} of ${lines.size} lines ran\n${listed.join('\n')}\n`;
  });
  return parts.join('\n');
}

function sourceLines(name: string): readonly (readonly [number, string])[] | undefined {
  try {
    const lines = readFileSync(name, 'utf8').replace(/\n$/, '').split('\n');
    return lines.map((text, index) => [index + 1, text] as const);
  } catch {
    return undefined;
  }
}

const MOST_LINES = 10;

/** Instructions by packet, by function, and the lines that took most. */
export function profileText(object: LoadedObject, counts: InstructionCounts, packets: number): string {
  const functions = new Map<string, number>();
  const lines = new Map<string, number>();
  let total = 0;
  for (const program of object.programs) {
    let name = '';
    for (const [slot, times] of counts.of(program).entries()) {
      name = program.functions.find(({ start }) => start === slot)?.name ?? name;
      if (times === 0) continue;
      total += times;
      functions.set(name, (functions.get(name) ?? 0) + times);
      const line = program.lineOf(slot);
      const key =
        line === undefined ? `instruction ${slot} of ${program.name}` : `${line.line}: ${line.text.trim()}`;
      lines.set(key, (lines.get(key) ?? 0) + times);
    }
  }
  const row = ([name, times]: readonly [string, number]): string =>
    `${`${times}`.padStart(12)} ${((100 * times) / Math.max(1, total)).toFixed(1).padStart(5)} %  ${name}`;
  const most = (map: ReadonlyMap<string, number>): string[] =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_LINES)
      .map(row);
  const mean = (total / Math.max(1, packets)).toFixed(1);
  return [
    `${total} instructions, ${mean} a packet`,
    'by function:',
    ...most(functions),
    'by line:',
    ...most(lines),
    '',
  ].join('\n');
}
