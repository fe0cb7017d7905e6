/** How failures reach the user: one message on stderr, a status, never a stack trace. */

import { renderSpan } from '../lib/command.js';
import { CaptureError, FilterError, type Span } from '../lib/index.js';
import { DeviceError } from '../lib/node.js';
import { writeMessage } from './standard.js';

/** Something the user can put right; the message says all there is to say. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Linux and tcpdump's name for standard input and output. */
const STDIO = '-';

const indent = (text: string): string => text.replace(/^/gm, '  ');

/** What is wrong with an expression, and where. */
export const describeFilterError = (error: FilterError): string =>
  `the filter expression cannot be compiled\n${indent(error.render())}`;

export function warn(message: string): void {
  writeMessage(`weir: warning: ${message}\n`);
}

/** A warning about some words of the expression. */
export function warnOf(source: string, span: Span, message: string, hint: string): void {
  writeMessage(`weir: warning:\n${indent(renderSpan(source, span, message, hint))}\n`);
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? codeOf(error.cause)) : undefined;

/**
 * Reports a failure and sets the exit status. Errors that only we can fix keep their stack trace in `cause`.
 *
 * @param written - The file that is written, where its reader may go: that the reader of standard output has gone is no
 *   failure, as after `| head`.
 */
export function fail(error: unknown, written: { readonly output?: string | undefined } = {}): void {
  process.exitCode = 1;
  const { output = STDIO } = written;
  if (causeCode(error) === 'EPIPE' && output === STDIO) {
    process.exitCode = 0;
    return;
  }
  if (error instanceof FilterError) writeMessage(`weir: ${describeFilterError(error)}\n`);
  else if (error instanceof DeviceError)
    writeMessage(`weir: ${error.message}${error.hint === '' ? '' : `\n(${error.hint})`}\n`);
  else if (error instanceof CommandError || error instanceof CaptureError || isOfObject(error))
    writeMessage(`weir: ${error.message}\n`);
  else
    writeMessage(`weir: ${error instanceof Error ? error.message : String(error)} (this is a bug in weir)\n`);
  if (process.env.WEIR_DEBUG !== undefined && error instanceof Error) writeMessage(`${error.stack}\n`);
}

/** What is wrong with an object file, found late; loading the class would cost every run. */
const isOfObject = (error: unknown): error is Error =>
  error instanceof Error && (error.name === 'ObjectError' || error.name === 'MapValueError');

const causeCode = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? codeOf(error.cause) : codeOf(error);
