/** Files that hold a program, as text or as the bytes of eBPF instructions. */

import { readFileSync } from 'node:fs';
import { reasonOf } from './expression.js';
import { CommandError } from './report.js';

const ELF_MAGIC = 0x7f454c46;

/**
 * What a file holds; `-` is standard input.
 *
 * @throws CommandError where it cannot be read, and for an object file, of which one section is a program.
 */
export function readProgramFile(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CommandError(`${file}: ${reasonOf(error)}`);
  }
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === ELF_MAGIC)
    throw new CommandError(
      `${file}: is an ELF object, of which a section is the program; take it out, where it uses no maps:\n  llvm-objcopy -O binary --only-section=SECTION ${file} program.bin   (llvm-readelf -S lists the sections)`,
    );
  return bytes;
}

/** Whether bytes are text of a program, which is of ASCII. */
export const isText = (bytes: Buffer): boolean =>
  bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
