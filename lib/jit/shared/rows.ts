/** Bytes of a row of a batch: address, captured length, wire length, and the verdict. */
export const BATCH_ROW = 16;
