/** What is wrong with an object file, and where. */

/** The bytes are no object that can be read, or ask for what is not there. */
export class ObjectError extends Error {
  override readonly name = 'ObjectError';
  /** Offset in the file, where the fault has a place. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(offset === undefined ? message : `offset ${offset}: ${message}`);
    this.offset = offset;
  }
}
