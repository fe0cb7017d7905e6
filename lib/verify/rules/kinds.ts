/**
 * The kinds of rejection: stable names for programs that read a verdict, each with what it means.
 *
 * Linux has some ninety wordings; one kind here stands for those that say the same (which for which:
 * `lib/testing/kernelMessages.ts`). A name, once published, keeps its meaning.
 */

export const REJECTION_KINDS = {
  // Form: found before any path is followed.
  empty: 'the program has no instructions',
  'too-long': 'more instructions than the user may load',
  'unknown-opcode': 'no instruction has this encoding',
  'reserved-field': 'a field that the instruction does not use is not zero',
  'bad-register': 'there is no such register',
  'bad-immediate': 'a 64-bit immediate is cut, or of a kind that is not known',
  'bad-jump': 'a jump leaves its function, or lands inside a 64-bit immediate',
  'falls-off-end': 'the last instruction is neither exit nor a jump',
  'unreachable-code': 'no path leads to the instruction',
  'back-edge': 'unprivileged programs may not jump back',
  'call-depth': 'calls nest too deep, or without end',
  'stack-depth': 'the frames of a chain of calls need more than 512 bytes together',
  // Numbers.
  'division-by-zero': 'the divisor is the constant 0',
  'bad-shift': 'a shift by a constant that is negative or not below the width',
  // Registers.
  'uninitialized-register': 'the register holds nothing on some path',
  'frame-pointer-write': 'r10 is read only',
  'not-a-pointer': 'the register is no address, or one of something without bytes',
  'null-pointer': 'the address may be null',
  'pointer-arithmetic': 'this operation on an address is not allowed',
  'unbounded-offset': 'an address is moved by an amount without limit',
  'pointer-leak': 'an unprivileged program would learn an address',
  'privileged-only': 'only privileged users may do this',
  // Memory.
  'outside-packet': 'bytes that were not compared with the end of the packet',
  'outside-stack': 'bytes outside the 512 of the frame',
  'uninitialized-stack': 'stack bytes that hold nothing on some path',
  'partial-address': 'part of an address that lies on the stack',
  'outside-map-value': 'bytes outside the value of a map',
  'map-access': 'the map does not allow this access',
  'invalid-context-access': 'the context has no such field, or not for this access',
  misaligned: 'the address is no multiple of the size of the access',
  'mixed-pointers': 'one instruction reaches different kinds of memory on different paths',
  'bad-atomic': 'atomic operations on this kind of memory are not allowed',
  'packet-load': 'LD_ABS and LD_IND cannot be used like this',
  // Calls and the end.
  'unknown-helper': 'this type of program has no such helper',
  'bad-argument': 'an argument is not what the helper declares',
  'bad-size': 'the size given to a helper may be negative, zero or without limit',
  'bad-return': 'r0 at exit is not what the caller may get',
  'unreleased-reference': 'something that was acquired is not given back, or not there to be given back',
  locked: 'this may not be done while a lock is held, or not without it',
  'infinite-loop': 'a path comes back to where it was with nothing changed',
  'too-complex': 'the paths together are longer than the budget',
} as const;

/** Kinds of rejections; stable. */
export type RejectionKind = keyof typeof REJECTION_KINDS;
