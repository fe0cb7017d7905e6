/**
 * System errors in the words of the C library.
 */

import { getSystemErrorMap } from 'node:util';
import { CaptureError } from './error.js';

/** Where libuv's words are others: "illegal operation on a directory", "i/o error". */
const GLIBC: Readonly<Record<string, string>> = { EISDIR: 'is a directory', EIO: 'input/output error' };

/** A system error in the words that the C library, and so tcpdump, has for it. */
export function ioError(error: unknown, path: string, doing = ''): CaptureError {
  const { errno, message } = error as NodeJS.ErrnoException;
  const [code, text] = getSystemErrorMap().get(errno ?? 0) ?? ['', message];
  const words = GLIBC[code] ?? text;
  const reason = words.charAt(0).toUpperCase() + words.slice(1);
  return new CaptureError('io', doing === '' ? reason : `${doing}: ${reason}`, { path, cause: error });
}
