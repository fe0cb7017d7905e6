/**
 * The operations of the eBPF machine: class × operation × source, one row for each operation.
 *
 * The operation byte (RFC 9669 §3):
 *
 *     7            4  3     2      0          7      5 4    3 2      0
 *    +--------------+-----+--------+         +--------+------+--------+
 *    |  operation   |  s  | class  |         |  mode  | size | class  |
 *    +--------------+-----+--------+         +--------+------+--------+
 *     ALU, ALU64, JMP, JMP32                  LD, LDX, ST, STX
 *     (s: 0 immediate, 1 register)
 *
 * Assembler, disassembler, decoder, definition, interpreter, verifier and JIT read these rows.
 */

export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const JMP32 = 0x06;
export const ALU64 = 0x07;

/** Source: the immediate, or the source register. */
export const K = 0x00;
export const X = 0x08;

export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const MEMSX = 0x80;
export const ATOMIC = 0xc0;

export const W = 0x00;
export const H = 0x08;
export const B = 0x10;
export const DW = 0x18;

/** Registers: r0 result, r1–r5 arguments, r6–r9 kept over calls, r10 frame pointer (read only). */
export const REGISTERS = 11;
export const FRAME_POINTER = 10;
/** Bytes of stack in a frame (RFC 9669 leaves it to the runtime; Linux `MAX_BPF_STACK`). */
export const STACK_SIZE = 512;
/** Frames that program-local calls may nest to (Linux `MAX_CALL_FRAMES`). */
export const MAX_FRAMES = 8;
/** Rounds of a `may_goto` in one function, and of `bpf_loop` (Linux `BPF_MAX_LOOPS`). */
export const MAX_ROUNDS = 8 * 1024 * 1024;
/** Tail calls in one run (Linux `MAX_TAIL_CALL_CNT`). */
export const MAX_TAIL_CALLS = 33;

export type Width = 32 | 64;
export type Size = 1 | 2 | 4 | 8;

export type AluOperation =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'neg'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov'
  | 'arsh';

export interface AluRow {
  readonly bits: number;
  readonly name: AluOperation;
  /** Value of the offset field that tells signed from unsigned division. */
  readonly offset: 0 | 1;
  /** As the kernel's listings write it: `r1 += r2`; signed forms get an `s` before the operator. */
  readonly operator: string;
  /**
   * The operation on unsigned values of the width, giving a value that is cut to the width. Shift
   * counts are masked, division by zero gives 0, modulo by zero the dividend (RFC 9669 §4.1).
   */
  readonly eval: (a: bigint, b: bigint, width: Width) => bigint;
}

const shiftCount = (b: bigint, width: Width): bigint => b & BigInt(width - 1);
const signed = (a: bigint, width: Width): bigint => BigInt.asIntN(width, a);

// biome-ignore format: a table reads best with one row a line
export const ALU_ROWS: readonly AluRow[] = [
  { bits: 0x00, name: 'add',  offset: 0, operator: '+=',   eval: (a, b) => a + b },
  { bits: 0x10, name: 'sub',  offset: 0, operator: '-=',   eval: (a, b) => a - b },
  { bits: 0x20, name: 'mul',  offset: 0, operator: '*=',   eval: (a, b) => a * b },
  { bits: 0x30, name: 'div',  offset: 0, operator: '/=',   eval: (a, b) => (b === 0n ? 0n : a / b) },
  { bits: 0x30, name: 'sdiv', offset: 1, operator: 's/=',  eval: (a, b, w) => (b === 0n ? 0n : signed(a, w) / signed(b, w)) },
  { bits: 0x40, name: 'or',   offset: 0, operator: '|=',   eval: (a, b) => a | b },
  { bits: 0x50, name: 'and',  offset: 0, operator: '&=',   eval: (a, b) => a & b },
  { bits: 0x60, name: 'lsh',  offset: 0, operator: '<<=',  eval: (a, b, w) => a << shiftCount(b, w) },
  { bits: 0x70, name: 'rsh',  offset: 0, operator: '>>=',  eval: (a, b, w) => a >> shiftCount(b, w) },
  { bits: 0x80, name: 'neg',  offset: 0, operator: '= -',  eval: (a) => -a },
  { bits: 0x90, name: 'mod',  offset: 0, operator: '%=',   eval: (a, b) => (b === 0n ? a : a % b) },
  { bits: 0x90, name: 'smod', offset: 1, operator: 's%=',  eval: (a, b, w) => (b === 0n ? a : signed(a, w) % signed(b, w)) },
  { bits: 0xa0, name: 'xor',  offset: 0, operator: '^=',   eval: (a, b) => a ^ b },
  { bits: 0xb0, name: 'mov',  offset: 0, operator: '=',    eval: (_, b) => b },
  { bits: 0xc0, name: 'arsh', offset: 0, operator: 's>>=', eval: (a, b, w) => signed(a, w) >> shiftCount(b, w) },
];

/** Byte swaps share these bits of ALU and ALU64. */
export const END = 0xd0;

export type BranchOperation =
  | 'jeq'
  | 'jgt'
  | 'jge'
  | 'jset'
  | 'jne'
  | 'jsgt'
  | 'jsge'
  | 'jlt'
  | 'jle'
  | 'jslt'
  | 'jsle';

export interface BranchRow {
  readonly bits: number;
  readonly name: BranchOperation;
  readonly operator: string;
  /** The row that holds exactly when this one does not; none for `jset`. */
  readonly negation: BranchOperation | undefined;
  /** Whether the operands are taken as signed. */
  readonly isSigned: boolean;
  /** The test on values of the width, already signed where `isSigned`. */
  readonly eval: (a: bigint, b: bigint) => boolean;
}

// biome-ignore format: a table reads best with one row a line
export const BRANCH_ROWS: readonly BranchRow[] = [
  { bits: 0x10, name: 'jeq',  operator: '==',  negation: 'jne',     isSigned: false, eval: (a, b) => a === b },
  { bits: 0x20, name: 'jgt',  operator: '>',   negation: 'jle',     isSigned: false, eval: (a, b) => a > b },
  { bits: 0x30, name: 'jge',  operator: '>=',  negation: 'jlt',     isSigned: false, eval: (a, b) => a >= b },
  { bits: 0x40, name: 'jset', operator: '&',   negation: undefined, isSigned: false, eval: (a, b) => (a & b) !== 0n },
  { bits: 0x50, name: 'jne',  operator: '!=',  negation: 'jeq',     isSigned: false, eval: (a, b) => a !== b },
  { bits: 0x60, name: 'jsgt', operator: 's>',  negation: 'jsle',    isSigned: true,  eval: (a, b) => a > b },
  { bits: 0x70, name: 'jsge', operator: 's>=', negation: 'jslt',    isSigned: true,  eval: (a, b) => a >= b },
  { bits: 0xa0, name: 'jlt',  operator: '<',   negation: 'jge',     isSigned: false, eval: (a, b) => a < b },
  { bits: 0xb0, name: 'jle',  operator: '<=',  negation: 'jgt',     isSigned: false, eval: (a, b) => a <= b },
  { bits: 0xc0, name: 'jslt', operator: 's<',  negation: 'jsge',    isSigned: true,  eval: (a, b) => a < b },
  { bits: 0xd0, name: 'jsle', operator: 's<=', negation: 'jsgt',    isSigned: true,  eval: (a, b) => a <= b },
];

/** Jump operations without a test. */
export const JA = 0x00;
/** With a test of the runtime's own: `may_goto` (Linux `BPF_JCOND`). */
export const COND = 0xe0;
export const CALL = 0x80;
export const EXIT = 0x90;

export type AtomicOperation = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

export interface AtomicRow {
  /** Immediate field, without the fetch bit. */
  readonly bits: number;
  readonly name: AtomicOperation;
  /** Whether the old value is always fetched: the immediate then has the fetch bit set. */
  readonly alwaysFetches: boolean;
  /** New memory value from the old one and the source register; `cmpxchg` also needs r0. */
  readonly eval: (old: bigint, source: bigint, r0: bigint) => bigint;
}

/** Bit of the immediate: leave the old value in the source register (r0 for `cmpxchg`). */
export const FETCH = 0x01;

// biome-ignore format: a table reads best with one row a line
export const ATOMIC_ROWS: readonly AtomicRow[] = [
  { bits: 0x00, name: 'add',     alwaysFetches: false, eval: (old, source) => old + source },
  { bits: 0x40, name: 'or',      alwaysFetches: false, eval: (old, source) => old | source },
  { bits: 0x50, name: 'and',     alwaysFetches: false, eval: (old, source) => old & source },
  { bits: 0xa0, name: 'xor',     alwaysFetches: false, eval: (old, source) => old ^ source },
  { bits: 0xe0, name: 'xchg',    alwaysFetches: true,  eval: (_, source) => source },
  { bits: 0xf0, name: 'cmpxchg', alwaysFetches: true,  eval: (old, source, r0) => (old === r0 ? source : old) },
];

/** Immediates of ordered loads and stores, in the encoding of atomic operations (Linux `BPF_LOAD_ACQ`, `BPF_STORE_REL`). */
export const LOAD_ACQUIRE = 0x100;
export const STORE_RELEASE = 0x110;

/** What the source field of a wide immediate makes of its value (RFC 9669 §5.4, Linux `BPF_PSEUDO_*`). */
export const PSEUDO = {
  none: 0,
  mapFd: 1,
  mapValue: 2,
  btfId: 3,
  func: 4,
  mapIndex: 5,
  mapIndexValue: 6,
} as const;
/** What the source field of a call makes of its immediate. */
export const CALL_SOURCE = { helper: 0, local: 1, kfunc: 2 } as const;

export const classOf = (opcode: number): number => opcode & 0x07;
export const modeOf = (opcode: number): number => opcode & 0xe0;
export const operationOf = (opcode: number): number => opcode & 0xf0;
export const sizeOf = (opcode: number): Size => SIZES[(opcode & 0x18) >> 3]!;
const SIZES: readonly Size[] = [4, 2, 1, 8];
/** The size bits of an operand of so many bytes. */
export const sizeBits = (size: Size): number => SIZES.indexOf(size) << 3;
