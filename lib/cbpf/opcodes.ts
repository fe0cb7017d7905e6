/**
 * The operations of the classic machine: one row each, read by assembler, disassembler, validator,
 * interpreter, optimizer, lift and JIT.
 *
 * An operation code is 16 bits of which the lower 8 are used:
 *
 *     7        5 4 3 2      0          7        4 3 2      0
 *    +----------+---+--------+        +----------+-+--------+
 *    |   mode   |siz| class  |        | operation|s| class  |
 *    +----------+---+--------+        +----------+-+--------+
 *     loads (LD, LDX)                  ALU, JMP, RET (s: operand is X, not k)
 *
 * Exactly 49 codes are defined: those of bpf(4) less `ret x` (0x0e), which neither libpcap's
 * interpreter nor Linux implements, and with MOD and XOR, which Linux 3.7 and libpcap 1.5 added.
 * Sources: libpcap `pcap/bpf.h`, Linux `net/core/filter.c` (`chk_code_allowed`).
 */

export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const RET = 0x06;
export const MISC = 0x07;

export const W = 0x00;
export const H = 0x08;
export const B = 0x10;

export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const LEN = 0x80;
export const MSH = 0xa0;

export const ADD = 0x00;
export const SUB = 0x10;
export const MUL = 0x20;
export const DIV = 0x30;
export const OR = 0x40;
export const AND = 0x50;
export const LSH = 0x60;
export const RSH = 0x70;
export const NEG = 0x80;
export const MOD = 0x90;
export const XOR = 0xa0;

export const JA = 0x00;
export const JEQ = 0x10;
export const JGT = 0x20;
export const JGE = 0x30;
export const JSET = 0x40;

/** Operand source: the constant k, or register X. */
export const K = 0x00;
export const X = 0x08;
/** RET's other source: the accumulator. */
export const A = 0x10;

export const TAX = 0x00;
export const TXA = 0x80;

/** Scratch memory cells, M[0]..M[15]. */
export const MEMORY_WORDS = 16;

/** The class of an operation code: LD, LDX, ST, STX, ALU, JMP, RET or MISC. */
export const classOf = (code: number): number => code & 0x07;
/** Bytes a load takes from the packet: 4, 2 or 1. */
export const sizeOf = (code: number): 1 | 2 | 4 => ((code & 0x18) === H ? 2 : (code & 0x18) === B ? 1 : 4);
export const modeOf = (code: number): number => code & 0xe0;
/** The operation bits of an ALU or JMP code. */
export const operationOf = (code: number): number => code & 0xf0;
export const usesX = (code: number): boolean => (code & X) !== 0;
export const isConditional = (code: number): boolean => classOf(code) === JMP && operationOf(code) !== JA;

/** Where an operation leaves plain u32 arithmetic. `b` is register X or the constant k. */
export type Edge = 'total' | 'zero-divisor' | 'wide-shift';

export interface AluRow {
  readonly bits: number;
  readonly name: string;
  readonly edge: Edge;
  /** How `tcpdump -d` writes the constant: decimal or hexadecimal. */
  readonly radix: 10 | 16;
  /** u32, u32 -> u32, away from the edge. */
  readonly eval: (a: number, b: number) => number;
}

// biome-ignore format: a table reads best with one row a line
export const ALU_ROWS: readonly AluRow[] = [
  { bits: ADD, name: 'add', edge: 'total',        radix: 10, eval: (a, b) => (a + b) >>> 0 },
  { bits: SUB, name: 'sub', edge: 'total',        radix: 10, eval: (a, b) => (a - b) >>> 0 },
  { bits: MUL, name: 'mul', edge: 'total',        radix: 10, eval: (a, b) => Math.imul(a, b) >>> 0 },
  { bits: DIV, name: 'div', edge: 'zero-divisor', radix: 10, eval: (a, b) => (a / b) >>> 0 },
  { bits: MOD, name: 'mod', edge: 'zero-divisor', radix: 10, eval: (a, b) => (a % b) >>> 0 },
  { bits: AND, name: 'and', edge: 'total',        radix: 16, eval: (a, b) => (a & b) >>> 0 },
  { bits: OR,  name: 'or',  edge: 'total',        radix: 16, eval: (a, b) => (a | b) >>> 0 },
  { bits: XOR, name: 'xor', edge: 'total',        radix: 16, eval: (a, b) => (a ^ b) >>> 0 },
  { bits: LSH, name: 'lsh', edge: 'wide-shift',   radix: 10, eval: (a, b) => (a << b) >>> 0 },
  { bits: RSH, name: 'rsh', edge: 'wide-shift',   radix: 10, eval: (a, b) => a >>> b },
];

export interface JumpRow {
  readonly bits: number;
  readonly name: string;
  /** u32, u32 -> whether the jump takes its true branch. */
  readonly eval: (a: number, b: number) => boolean;
}

// biome-ignore format: a table reads best with one row a line
export const JUMP_ROWS: readonly JumpRow[] = [
  { bits: JEQ,  name: 'jeq',  eval: (a, b) => a === b },
  { bits: JGT,  name: 'jgt',  eval: (a, b) => a > b },
  { bits: JGE,  name: 'jge',  eval: (a, b) => a >= b },
  { bits: JSET, name: 'jset', eval: (a, b) => (a & b) !== 0 },
];

/** How an operand is written, and what `k` means. */
export type Operand =
  | 'none' // tax
  | 'immediate' // #k
  | 'absolute' // [k]
  | 'indirect' // [x + k]
  | 'headerLength' // 4*([k]&0xf)
  | 'memory' // M[k]
  | 'length' // #pktlen
  | 'x'
  | 'a'
  | 'target'; // of ja: k instructions further on

export interface Opcode {
  readonly code: number;
  /** As `tcpdump -d` prints it. */
  readonly name: string;
  readonly operand: Operand;
  /** How the constant is written. */
  readonly radix: 10 | 16;
}

const opcode = (code: number, name: string, operand: Operand, radix: 10 | 16 = 10): Opcode => ({
  code,
  name,
  operand,
  radix,
});

/** Every defined operation. */
export const OPCODES: readonly Opcode[] = [
  opcode(LD | W | ABS, 'ld', 'absolute'),
  opcode(LD | H | ABS, 'ldh', 'absolute'),
  opcode(LD | B | ABS, 'ldb', 'absolute'),
  opcode(LD | W | IND, 'ld', 'indirect'),
  opcode(LD | H | IND, 'ldh', 'indirect'),
  opcode(LD | B | IND, 'ldb', 'indirect'),
  opcode(LD | W | LEN, 'ld', 'length'),
  opcode(LD | IMM, 'ld', 'immediate', 16),
  opcode(LD | MEM, 'ld', 'memory'),
  opcode(LDX | IMM, 'ldx', 'immediate', 16),
  opcode(LDX | MEM, 'ldx', 'memory'),
  opcode(LDX | W | LEN, 'ldx', 'length'),
  opcode(LDX | B | MSH, 'ldxb', 'headerLength'),
  opcode(ST, 'st', 'memory'),
  opcode(STX, 'stx', 'memory'),
  ...ALU_ROWS.flatMap(({ bits, name, radix }) => [
    opcode(ALU | bits | K, name, 'immediate', radix),
    opcode(ALU | bits | X, name, 'x'),
  ]),
  opcode(ALU | NEG, 'neg', 'none'),
  opcode(JMP | JA, 'ja', 'target'),
  ...JUMP_ROWS.flatMap(({ bits, name }) => [
    opcode(JMP | bits | K, name, 'immediate', 16),
    opcode(JMP | bits | X, name, 'x'),
  ]),
  opcode(RET | K, 'ret', 'immediate'),
  opcode(RET | A, 'ret', 'a'),
  opcode(MISC | TAX, 'tax', 'none'),
  opcode(MISC | TXA, 'txa', 'none'),
];

const byCode = new Map(OPCODES.map((row) => [row.code, row]));
const aluByBits = new Map(ALU_ROWS.map((row) => [row.bits, row]));
const jumpByBits = new Map(JUMP_ROWS.map((row) => [row.bits, row]));

/** The row of a 16-bit operation code, `undefined` where none is defined. */
export const opcodeOf = (code: number): Opcode | undefined => byCode.get(code);
/** The arithmetic of an ALU code other than NEG. */
export const aluRowOf = (code: number): AluRow | undefined => aluByBits.get(operationOf(code));
/** The comparison of a conditional jump. */
export const jumpRowOf = (code: number): JumpRow | undefined => jumpByBits.get(operationOf(code));

/**
 * Two machines run this instruction set, and differ where a program leaves ordinary arithmetic:
 *
 * | | `libpcap` (bpf_filter.c) | `kernel` (Linux net/core/filter.c) |
 * | --- | --- | --- |
 * | `lsh x`, `rsh x`, X ≥ 32 | 0 | count taken modulo 32 |
 * | `[x + k]` | unsigned sum, no wrap | signed 32-bit sum |
 * | `[k]`, k negative | beyond the packet | header-relative areas and ancillary data |
 */
export type Personality = 'libpcap' | 'kernel';

/** The whole meaning of `A <- A op b`. `undefined`: the filter stops and returns 0. */
export function evalAlu(
  row: AluRow,
  a: number,
  b: number,
  personality: Personality = 'libpcap',
): number | undefined {
  if (row.edge === 'zero-divisor' && b === 0) return undefined;
  if (row.edge === 'wide-shift' && b > 31 && personality === 'libpcap') return 0;
  return row.eval(a, b);
}
