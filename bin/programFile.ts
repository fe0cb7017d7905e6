/** Files that hold a program, as text or as the bytes of eBPF instructions. */

import { readFileSync } from 'node:fs';
import { reasonOf } from './expression.js';
import { CommandError } from './report.js';

const ELF_MAGIC = 0x7f454c46;

/** What a file holds; `-` is standard input. @throws CommandError where it cannot be read. */
export function readProgramFile(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
}

/** Whether bytes are an object of clang, which holds programs and what they use. */
export const isObject = (bytes: Buffer): boolean => bytes.length >= 4 && bytes.readUInt32BE(0) === ELF_MAGIC;

/** Whether bytes are text of a program, which is of ASCII. */
export const isText = (bytes: Buffer): boolean =>
  bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
