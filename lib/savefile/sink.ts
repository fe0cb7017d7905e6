/** Where the bytes of what is kept go. */

/** Takes kept bytes of a scan, as indexes into a buffer that is reused once the result has settled. */
export interface Sink {
  write(bytes: Uint8Array, start: number, end: number): void | Promise<void>;
  /** Hands on what it has kept back: called where a scan may have to wait for bytes, and where it ends or fails. */
  flush?(): void | Promise<void>;
}
