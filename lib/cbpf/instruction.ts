/**
 * The classic BPF instruction as plain data: what codegen ends in, and every later stage starts from.
 *
 * In memory (Linux `struct sock_filter`, BSD `struct bpf_insn`), host byte order:
 *
 *      0        2    3    4          8
 *     +--------+----+----+----------+
 *     |  code  | jt | jf |    k     |
 *     +--------+----+----+----------+
 *
 * See McCanne and Jacobson, "The BSD Packet Filter" (USENIX 1993), and bpf(4).
 */

import type { Span } from '../source.js';

/** An instruction of classic BPF: struct bpf_insn, with the words of the expression that it came from. */
export interface Instruction {
  /** 16-bit operation code, see opcodes.ts. */
  readonly code: number;
  /** Conditional jumps: instructions to skip when the test holds, 0..255. */
  readonly jt: number;
  /** Conditional jumps: instructions to skip when it does not, 0..255. */
  readonly jf: number;
  /** The operand, an unsigned 32-bit number. */
  readonly k: number;
  /** The words of the expression this instruction came from. */
  readonly span?: Span | undefined;
}

/** A program of classic BPF. */
export type Program = readonly Instruction[];
