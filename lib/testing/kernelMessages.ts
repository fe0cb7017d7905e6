/**
 * Test support: what the messages of the kernel's verifier mean, as kinds of rejection.
 *
 * Wordings of Linux 6.18 `kernel/bpf/verifier.c`; the first row that matches a line of the log decides.
 */

import type { RejectionKind } from '../verify/rules/kinds.js';

// biome-ignore format: one row a line
const MESSAGES: readonly (readonly [RegExp, RejectionKind])[] = [
  [/^unknown opcode|^BPF_ATOMIC uses invalid atomic opcode/, 'unknown-opcode'],
  [/uses reserved fields/, 'reserved-field'],
  [/^R\d+ is invalid$/, 'bad-register'],
  [/^(invalid|unrecognized) bpf_ld_imm64 insn/, 'bad-immediate'],
  [/^jump out of range|^jump into the middle/, 'bad-jump'],
  [/^last insn is not an exit or jmp/, 'falls-off-end'],
  [/^unreachable insn/, 'unreachable-code'],
  [/^back-edge/, 'back-edge'],
  [/^the call stack of \d+ frames is too deep/, 'call-depth'],
  [/^combined stack size/, 'stack-depth'],
  [/^div by zero/, 'division-by-zero'],
  [/^invalid shift/, 'bad-shift'],
  [/!read_ok$/, 'uninitialized-register'],
  [/^frame pointer is read only/, 'frame-pointer-write'],
  [/invalid mem access '.*_or_null'/, 'null-pointer'],
  [/pointer arithmetic on map_value_or_null prohibited/, 'null-pointer'],
  [/invalid mem access '/, 'not-a-pointer'],
  [/^R\d+ (32-bit pointer arithmetic|bitwise operator|pointer (\+|-)= pointer|pointer arithmetic on|subtraction from stack pointer|tried to subtract pointer)/, 'pointer-arithmetic'],
  [/pointer arithmetic with it prohibited for !root|variable stack access prohibited for !root/, 'pointer-arithmetic'],
  [/^math between .* is not allowed|pointer offset -?\d+ is not allowed/, 'unbounded-offset'],
  [/unbounded memory access, make sure/, 'unbounded-offset'],
  [/leaks addr|pointer comparison prohibited|partial copy of pointer|sign-extension part of pointer|corrupt spilled pointer/, 'pointer-leak'],
  [/^R\d+ pointer arithmetic prohibited/, 'pointer-leak'],
  [/are allowed (only )?(for|to) CAP_|allowed only to CAP_/, 'privileged-only'],
  [/is outside of the packet|^invalid access to packet|^helper access to the packet|^cannot write into packet/, 'outside-packet'],
  [/^invalid read from stack R\d+ off=-([1-9]|[1-9]\d|[1-4]\d\d|50\d|51[0-2]) size=\d+$/, 'uninitialized-stack'],
  [/^invalid (read from|write to) stack R\d+ off=-?\d+ size=\d+$/, 'outside-stack'],
  [/stack pointer arithmetic goes out of range/, 'outside-stack'],
  [/^invalid (indirect )?read from stack (R\d+ )?off -?\d+\+\d+ size \d+/, 'uninitialized-stack'],
  [/^invalid size of register fill|^invalid size of register spill/, 'partial-address'],
  [/^direct value offset|^invalid access to map value|^R\d+ min value is (negative, either use unsigned index|outside)|^R\d+ max value is outside/, 'outside-map-value'],
  [/(read from|write into) map forbidden|only read from bpf_array|bpf_array invalid negative access|^access beyond struct bpf_/, 'map-access'],
  [/^(dereference of modified|negative offset) ctx ptr|^invalid (bpf_context|sock_common|sock|sk) access|invalid sock_common access/, 'invalid-context-access'],
  [/^misaligned/, 'misaligned'],
  [/^same insn cannot be used with different pointers/, 'mixed-pointers'],
  [/^BPF_ATOMIC stores into/, 'bad-atomic'],
  [/^BPF_LD_\[ABS\|IND\]|^at the time of BPF_LD_ABS/, 'packet-load'],
  [/^(invalid func|unknown func|program of this type cannot use helper)/, 'unknown-helper'],
  [/min value is negative, either use unsigned or 'var &= const'|unbounded memory access, use 'var &= const'|invalid zero-sized read/, 'bad-size'],
  [/^R\d+ type=\S+ expected=|^tail_call abusing map_ptr|^cannot pass map_type/, 'bad-argument'],
  [/^cannot return stack pointer|^At program exit the register R0/, 'bad-return'],
  [/^infinite loop detected/, 'infinite-loop'],
  [/^BPF program is too large|^The sequence of \d+ jumps is too complex/, 'too-complex'],
];

/** The kind of a rejection with this message; `undefined` when the message is not known. */
export function kindOfMessage(message: string): RejectionKind | undefined {
  for (const line of message.split('\n')) {
    const row = MESSAGES.find(([pattern]) => pattern.test(line));
    if (row !== undefined) return row[1];
  }
  return undefined;
}
