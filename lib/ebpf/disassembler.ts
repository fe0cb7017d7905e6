/**
 * An eBPF program as text: as the kernel's verifier and bpftool list it (Linux kernel/bpf/disasm.c), as
 * the assembly of RFC 9669's test suites (bpf_conformance, uBPF), as hex, and as rows of a C array.
 * assembler.ts reads all of them back.
 */

import { decode } from './decode.js';
import { type Instruction, type Program, type Slot, slotsOf } from './instruction.js';
import { ALU_ROWS, ATOMIC_ROWS, BRANCH_ROWS, PSEUDO, type Width } from './opcodes.js';
import { signatureOf } from './signatures.js';

const aluByName = new Map(ALU_ROWS.map((row) => [row.name, row]));
const branchByName = new Map(BRANCH_ROWS.map((row) => [row.name, row]));
/** As C's compound assignment writes it; xchg and cmpxchg have no such form. */
const ATOMIC_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['add', '+='],
  ['or', '|='],
  ['and', '&='],
  ['xor', '^='],
]);

const name = (register: number, width: Width = 64): string => `${width === 64 ? 'r' : 'w'}${register}`;
const signed = (value: number): string => (value < 0 ? `${value}` : `+${value}`);
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
const wideValue = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/** How a wide immediate with a pseudo source is written; the numbers are its two halves. */
export const PSEUDO_FORMS: ReadonlyMap<number, (low: number, high: number) => string> = new Map([
  [PSEUDO.mapFd, (low) => `map[fd:${low}]`],
  [PSEUDO.mapValue, (low, high) => `map[fd:${low}][0]+${high}`],
  [PSEUDO.btfId, (low, high) => `btf[id:${low}]+${high}`],
  [PSEUDO.func, (low) => `subprog[${signed(low)}]`],
  [PSEUDO.mapIndex, (low) => `map[idx:${low}]`],
  [PSEUDO.mapIndexValue, (low, high) => `map[idx:${low}][0]+${high}`],
]);

/** One instruction as the kernel writes it: `r0 = *(u16 *)(r6 +12)`. Jumps are relative: `goto pc+4`. */
export function describe(instruction: Instruction): string {
  const address = (size: number, base: number, offset: number, sign = 'u'): string =>
    `(${sign}${size * 8} *)(r${base} ${signed(offset)})`;
  switch (instruction.kind) {
    case 'alu': {
      const { op, width, dst, operand } = instruction;
      const into = name(dst, width);
      if (op === 'neg') return `${into} = -${into}`;
      const value = 'register' in operand ? name(operand.register, width) : `${operand.constant}`;
      return `${into} ${aluByName.get(op)!.operator} ${value}`;
    }
    case 'movsx': {
      const { from, width, dst, src } = instruction;
      return `${name(dst, width)} = (s${from})${name(src, width)}`;
    }
    case 'swap':
      return `r${instruction.dst} = ${instruction.op}${instruction.bits} r${instruction.dst}`;
    case 'load': {
      const { size, signExtend, dst, base, offset } = instruction;
      return `r${dst} = *${address(size, base, offset, signExtend ? 's' : 'u')}`;
    }
    case 'store': {
      const { size, base, offset, operand } = instruction;
      const value = 'register' in operand ? `r${operand.register}` : `${operand.constant}`;
      return `*${address(size, base, offset)} = ${value}`;
    }
    case 'atomic': {
      const { op, fetch, size, base, offset, src } = instruction;
      const place = address(size, base, offset);
      const prefix = size === 8 ? 'atomic64' : 'atomic';
      if (op === 'cmpxchg') return `r0 = ${prefix}_cmpxchg(${place}, r0, r${src})`;
      if (op === 'xchg') return `r${src} = ${prefix}_xchg(${place}, r${src})`;
      if (fetch) return `r${src} = ${prefix}_fetch_${op}(${place}, r${src})`;
      return `lock *${place} ${ATOMIC_OPERATORS.get(op)} r${src}`;
    }
    case 'loadAcquire': {
      const { size, dst, base, offset } = instruction;
      return `r${dst} = load_acquire(${address(size, base, offset)})`;
    }
    case 'storeRelease': {
      const { size, base, offset, src } = instruction;
      return `store_release(${address(size, base, offset)}, r${src})`;
    }
    case 'mayGoto':
      return `may_goto pc${signed(instruction.distance)}`;
    case 'wide': {
      const { pseudo, dst, low, high } = instruction;
      const form = PSEUDO_FORMS.get(pseudo);
      if (form !== undefined) return `r${dst} = ${form(low, high)}`;
      return `r${dst} = 0x${wideValue(low, high).toString(16)}${pseudo === 0 ? '' : ` pseudo ${pseudo}`}`;
    }
    case 'packet': {
      const { size, index, offset } = instruction;
      const place = index === undefined ? `${offset}` : `r${index} + ${offset}`;
      return `r0 = *(u${size * 8} *)skb[${place}]`;
    }
    case 'jump':
      return `${instruction.long ? 'gotol' : 'goto'} pc${signed(instruction.distance)}`;
    case 'branch': {
      const { op, width, dst, operand, distance } = instruction;
      const value = 'register' in operand ? name(operand.register, width) : hex(operand.constant);
      return `if ${name(dst, width)} ${branchByName.get(op)!.operator} ${value} goto pc${signed(distance)}`;
    }
    case 'call': {
      const row = signatureOf(instruction.helper);
      return `call ${row === undefined ? 'unknown' : `bpf_${row.name}`}#${instruction.helper}`;
    }
    case 'callRegister':
      return `callx r${instruction.register}`;
    case 'callLocal':
      return `call pc${signed(instruction.distance)}`;
    case 'callKfunc':
      return `call kernel-function#${instruction.id}${instruction.offset === 0 ? '' : signed(instruction.offset)}`;
    case 'exit':
      return 'exit';
  }
}

export interface ListOptions {
  /** Accept non-zero unused fields, as the kernel's converter leaves them. */
  readonly lenient?: boolean;
}

/** The lines of a listing, with the slot each is about. */
export function listInstructions(
  program: Program,
  options: ListOptions = {},
): { readonly index: number; readonly text: string }[] {
  const lines: { index: number; text: string }[] = [];
  for (let index = 0; index < program.length; ) {
    const instruction = decode(program, index, options);
    const opcode = program[index]!.opcode.toString(16).padStart(2, '0');
    lines.push({ index, text: `${String(index).padStart(4)}: (${opcode}) ${describe(instruction)}` });
    index += slotsOf(instruction);
  }
  return lines;
}

/** As `bpftool prog dump xlated` lists a program. @throws DecodeError */
export const disassemble = (program: Program, options: ListOptions = {}): string =>
  listInstructions(program, options)
    .map(({ text }) => text)
    .join('\n');

const SIZE_LETTERS: ReadonlyMap<number, string> = new Map([
  [1, 'b'],
  [2, 'h'],
  [4, 'w'],
  [8, 'dw'],
]);

/** As bpf_conformance's assembly, with labels. @throws DecodeError */
export function toAssembly(program: Program): string {
  const targets = new Set<number>();
  const instructions: { index: number; instruction: Instruction }[] = [];
  for (let index = 0; index < program.length; ) {
    const instruction = decode(program, index);
    instructions.push({ index, instruction });
    if ('distance' in instruction) targets.add(index + 1 + instruction.distance);
    index += slotsOf(instruction);
  }
  const starts = new Set(instructions.map(({ index }) => index));
  return instructions
    .flatMap(({ index, instruction }) => {
      const to = (distance: number): string =>
        starts.has(index + 1 + distance) ? `L${index + 1 + distance}` : signed(distance);
      const line = `    ${assemblyLine(instruction, to)}`;
      return targets.has(index) ? [`L${index}:`, line] : [line];
    })
    .join('\n');
}

function assemblyLine(instruction: Instruction, to: (distance: number) => string): string {
  const suffix = (width: Width): string => (width === 32 ? '32' : '');
  const place = (base: number, offset: number): string => `[%r${base}${offset === 0 ? '' : signed(offset)}]`;
  switch (instruction.kind) {
    case 'alu': {
      const { op, width, dst, operand } = instruction;
      if (op === 'neg') return `neg${suffix(width)} %r${dst}`;
      const value = 'register' in operand ? `%r${operand.register}` : `${operand.constant}`;
      return `${op}${suffix(width)} %r${dst}, ${value}`;
    }
    case 'movsx': {
      const { from, width, dst, src } = instruction;
      return `movsx${from}${width} %r${dst}, %r${src}`;
    }
    case 'swap':
      return `${instruction.op}${instruction.bits} %r${instruction.dst}`;
    case 'load': {
      const { size, signExtend, dst, base, offset } = instruction;
      return `ldx${signExtend ? 's' : ''}${SIZE_LETTERS.get(size)} %r${dst}, ${place(base, offset)}`;
    }
    case 'store': {
      const { size, base, offset, operand } = instruction;
      const value = 'register' in operand ? `%r${operand.register}` : `${operand.constant}`;
      return `st${'register' in operand ? 'x' : ''}${SIZE_LETTERS.get(size)} ${place(base, offset)}, ${value}`;
    }
    case 'atomic': {
      const { op, fetch, size, base, offset, src } = instruction;
      const always = ATOMIC_ROWS.find((row) => row.name === op)!.alwaysFetches;
      return `lock ${fetch && !always ? 'fetch ' : ''}${op}${size === 4 ? '32' : ''} ${place(base, offset)}, %r${src}`;
    }
    case 'loadAcquire': {
      const { size, dst, base, offset } = instruction;
      return `lock load${SIZE_LETTERS.get(size)} %r${dst}, ${place(base, offset)}`;
    }
    case 'storeRelease': {
      const { size, base, offset, src } = instruction;
      return `lock store${SIZE_LETTERS.get(size)} ${place(base, offset)}, %r${src}`;
    }
    case 'mayGoto':
      return `may_goto ${to(instruction.distance)}`;
    case 'wide': {
      const { pseudo, dst, low, high } = instruction;
      const value = PSEUDO_FORMS.get(pseudo)?.(low, high) ?? `0x${wideValue(low, high).toString(16)}`;
      return `lddw %r${dst}, ${value}`;
    }
    case 'packet': {
      const { size, index, offset } = instruction;
      const letter = SIZE_LETTERS.get(size);
      return index === undefined ? `ldabs${letter} ${offset}` : `ldind${letter} %r${index}, ${offset}`;
    }
    case 'jump':
      return `ja${instruction.long ? '32' : ''} ${to(instruction.distance)}`;
    case 'branch': {
      const { op, width, dst, operand, distance } = instruction;
      const value = 'register' in operand ? `%r${operand.register}` : `${operand.constant}`;
      return `${op}${suffix(width)} %r${dst}, ${value}, ${to(distance)}`;
    }
    case 'call':
      return `call ${instruction.helper}`;
    case 'callRegister':
      return `call %r${instruction.register}`;
    case 'callLocal':
      return `call local ${to(instruction.distance)}`;
    case 'callKfunc':
      return describe(instruction);
    case 'exit':
      return 'exit';
  }
}

/** Eight bytes a slot in hex, little-endian, one slot a line. */
export const toHex = (program: Program): string => program.map(slotHex).join('\n');

function slotHex({ opcode, dst, src, offset, imm }: Slot): string {
  const bytes = [
    opcode,
    dst | (src << 4),
    offset & 0xff,
    (offset >> 8) & 0xff,
    imm & 0xff,
    (imm >> 8) & 0xff,
    (imm >> 16) & 0xff,
    imm >>> 24,
  ];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Rows of a C array of `struct bpf_insn`: code, registers, offset, immediate. */
export const toCArray = (program: Program): string =>
  program
    .map(
      ({ opcode, dst, src, offset, imm }) =>
        `{ 0x${opcode.toString(16).padStart(2, '0')}, ${dst}, ${src}, ${offset}, ${imm} },`,
    )
    .join('\n');
