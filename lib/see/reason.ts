/** What is told of a packet and a filter. Plain data, as `--json` writes it. */

import type { Span } from '../source.js';

/** Bytes of a packet, or its length on the wire. */
export interface Part {
  /** The first byte; -1 for the packet's length on the wire. */
  readonly start: number;
  /** The byte behind the last. */
  readonly end: number;
  /** What they are, by Wireshark's names; none where no header has them. */
  readonly fields: readonly string[];
}

/** Bytes that a verdict hangs on. */
export interface ReasonPart extends Part {
  /** Their value: as tshark writes the field where they are one, else a number in hexadecimal. */
  readonly value: string;
  /**
   * Whether a test of them alone, had it come out the other way, turns the verdict round; of the others the verdict needs
   * that they are what they are, because they say where fields lie or which tests are made.
   */
  readonly decides: boolean;
}

/** Bytes as they would have to be. */
export interface ChangedPart extends Part {
  /** The bytes to put there, which may lie behind the last that was captured; none for the length on the wire. */
  readonly bytes: Uint8Array;
  /** What they are then, as {@link ReasonPart.value}. */
  readonly value: string;
}

/** Why a filter matches a packet, or does not. */
export interface Reason {
  readonly matches: boolean;
  /** What the program returned: bytes to keep, or 0. */
  readonly result: number;
  /** The words that decided: whatever the others said, the verdict would be the same. In the order of the expression. */
  readonly words: readonly (Span & { readonly text: string })[];
  /**
   * What the verdict hangs on: on every packet of the same length that has these bytes, whatever its others are, it is
   * the same. In the order of the packet.
   */
  readonly parts: readonly ReasonPart[];
  /** Whether `parts` was looked through for what can be left out. Where the program has a loop it was not. */
  readonly isShort: boolean;
  /** Where the packet is too short for the program, and is rejected for that: bytes it would have to have. */
  readonly needs: number | undefined;
  /** What would have to be otherwise for the other verdict, as few bytes as were found; none where none were. */
  readonly change: readonly ChangedPart[];
  /** Whether it is proved that there is none: every packet of the link type that has all bytes looked at gets this verdict. */
  readonly never: boolean;
}
