/** The command's own code. */
export const program = {
  /** Reads what of it has not been read yet, for who may lose the right to. */
  keep(): void {},
};
