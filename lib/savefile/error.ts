/**
 * What can go wrong with a capture file, as one error class that names file, byte offset and reason.
 */

export type CaptureErrorCode =
  /** The file ends inside a header, record or block. */
  | 'truncated'
  /** A length or field contradicts the format; nothing after it can be trusted. */
  | 'corrupt'
  /** The first bytes belong to no capture format Weir knows. */
  | 'unknown-format'
  /** A format, version or conversion that Weir recognises and does not handle. */
  | 'unsupported'
  /** The operating system refused to open, read or write; see `cause`. */
  | 'io';

export interface CaptureErrorOptions {
  /** The file, as the user named it; `''` where there is none. */
  readonly path?: string | undefined;
  /** Byte in the (decompressed) file where the record or block in question starts. */
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A capture cannot be read or written. What was readable before `offset` has been delivered.
 *
 * `message` is one line for people: file, reason, offset. `reason` is the reason alone, in libpcap's
 * words where libpcap has the same complaint.
 */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;
  readonly reason: string;
  readonly path: string;
  readonly offset: number | undefined;

  constructor(code: CaptureErrorCode, reason: string, options: CaptureErrorOptions = {}) {
    const { path = '', offset, cause } = options;
    const where = offset === undefined ? '' : ` (at byte ${offset})`;
    super(`${path === '' ? '' : `${path}: `}${reason}${where}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.reason = reason;
    this.path = path;
    this.offset = offset;
  }

  /** The same error about a named file. */
  in(path: string): CaptureError {
    if (path === this.path) return this;
    return new CaptureError(this.code, this.reason, { path, offset: this.offset, cause: this.cause });
  }
}
