/**
 * Standard output and standard error, written at once and whole. `process.stdout` and `process.stderr` would load
 * Node's streams for it, which takes longer than compiling a filter does.
 */

import { fstatSync } from 'node:fs';
import { FileSink } from '../lib/node.js';

/** Linux and tcpdump's name for standard input and output. */
export const STDIO = '-';
export const STDOUT = 1;
export const STDERR = 2;

const output = new FileSink(STDOUT);
const messages = new FileSink(STDERR);

/** @throws CaptureError when standard output cannot be written: a full disk, or a reader that has gone. */
export function writeOutput(text: string): void {
  output.write(Buffer.from(text, 'utf8'));
}

/** A line or more for the user. Where nobody can be told, nothing is said. */
export function writeMessage(text: string): void {
  try {
    messages.write(Buffer.from(text, 'utf8'));
  } catch {}
}

/** Whether somebody is looking. What is no character device is no terminal, and most often it is none. */
export function isTerminal(descriptor: number): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}
