/**
 * The log of a walk, as the kernel's verifier writes it (Linux `kernel/bpf/verifier.c`: `do_check`).
 *
 * Level 2 has every path with all that is known; level 1 the path that was refused, as the paths before
 * are taken out again when they end well. What a refusal says is in this verifier's own words.
 */

import { describe, type Program } from '../../ebpf/index.js';
import type { VerifyOptions } from '../rules/options.js';
import type { Verdict } from '../rules/report.js';
import { slotOfFrame } from '../state/history.js';
import { touchedRegisters } from '../state/liveness.js';
import { hasAnything, printState } from '../state/print.js';
import type { State } from '../state/state.js';
import { BUDGET, type WalkEvent } from '../walk/explore.js';
import { verifyObserved } from '../walk/verifier.js';

/** 1: the path that is refused; 2: all paths, as the kernel's verifier writes them. */
export type LogLevel = 1 | 2;

/** Column at which the state after an instruction begins, and steps from there on (`vlog_alignment`). */
const COLUMN = 40;
const STEP = 8;

/** Decides whether a program may run, and writes down how it was found out. */
export function verifyLogged(
  program: Program,
  options: VerifyOptions,
  level: LogLevel,
): { readonly verdict: Verdict; readonly log: string } {
  const writer = new Writer(program, level);
  const verdict = verifyObserved(program, options, { observe: (event) => writer.write(event) });
  return { verdict, log: writer.finish(verdict, options.budget ?? BUDGET) };
}

class Writer {
  private readonly program: Program;
  private readonly level: LogLevel;
  private readonly lines: string[] = [];
  /** Lines there were when a path was left for later. */
  private readonly marks: number[] = [];
  /** The instruction being looked at, until what it did is known. */
  private current: { readonly index: number; readonly text: string; readonly depth: number } | undefined;
  private touched = 0;
  private isFirst = true;

  constructor(program: Program, level: LogLevel) {
    this.program = program;
    this.level = level;
  }

  write(event: WalkEvent): void {
    switch (event.kind) {
      case 'instruction': {
        const { index, instruction, state } = event;
        if (this.isFirst) this.lines.push(`${index}: ${printState(state)}`);
        this.isFirst = false;
        const opcode = this.program[index]!.opcode.toString(16).padStart(2, '0');
        const text = `${index}: (${opcode}) ${describe(instruction)}`;
        this.current = { index, text, depth: state.frames.length };
        this.touched = touchedRegisters(instruction);
        return;
      }
      case 'done': {
        const { state, next, marks } = event;
        const { index, text, depth } = this.current!;
        this.current = undefined;
        if (state.frames.length !== depth) {
          this.lines.push(text);
          this.writeCall(depth, index, next, state);
          return;
        }
        const slot = slotOfFrame(marks, depth - 1);
        const shown = printState(state, depth - 1, { registers: this.touched, slot });
        this.lines.push(withState(text, shown === `frame${depth - 1}:` ? '' : shown));
        return;
      }
      case 'leave':
        this.marks.push(this.lines.length);
        return;
      case 'resume': {
        this.flush();
        const mark = this.marks.pop()!;
        if (this.level === 1) this.lines.length = mark;
        else {
          const state = printState(event.state);
          this.lines.push('', `from ${event.from} to ${event.index}: ${state}`, `${event.index}: ${state}`);
        }
        return;
      }
      case 'known':
        if (this.level === 2) this.lines.push(`${event.index}: safe`);
        return;
    }
  }

  /** An instruction whose path ended with it. */
  private flush(): void {
    if (this.current !== undefined) this.lines.push(this.current.text);
    this.current = undefined;
  }

  private writeCall(depth: number, index: number, next: number, state: State): void {
    const { frames } = state;
    if (frames.length > depth) {
      this.lines.push('caller:', ` ${printState(state, depth - 1)}`, 'callee:', ` ${printState(state)}`);
      this.lines.push(`${next}: ${printState(state)}`);
    } else if (hasAnything(frames.at(-1)!)) {
      this.lines.push(`to caller at ${next}:`, ` ${printState(state)}`);
      if (this.level === 2) this.lines.push('', `from ${index} to ${next}: ${printState(state)}`);
    }
  }

  finish({ accepted, rejection, processed }: Verdict, budget: number): string {
    this.flush();
    if (accepted && this.level === 1) this.lines.length = 0;
    if (rejection !== undefined) {
      const { kind, message, remedy } = rejection;
      this.lines.push(`${message} [${kind}]`, ...(remedy === '' ? [] : [`remedy: ${remedy}`]));
    }
    return `${[...this.lines, `processed ${processed} insns (limit ${budget})`].join('\n')}\n`;
  }
}

function withState(text: string, state: string): string {
  if (state === '') return text;
  const column = Math.ceil(Math.max(text.length + STEP / 2, COLUMN) / STEP) * STEP;
  return `${text.padEnd(column - 2)}; ${state}`;
}
