/**
 * A classic program as text, in the forms that `tcpdump -d`, `-dd` and `-ddd` print, and as assembly
 * source that {@link assemble} and the kernel's `bpf_asm` read back.
 *
 * Source of the listing's layout: libpcap `bpf_image.c`.
 */

import { extensionAt } from './extensions.js';
import type { Instruction, Program } from './instruction.js';
import { isConditional, type Opcode, opcodeOf } from './opcodes.js';

const signed = (k: number): number => k | 0;
const hex = (k: number): string => `0x${k.toString(16)}`;

/** Listing text of the operand; `target` is the absolute index a `ja` goes to. */
function listOperand(row: Opcode, k: number, target: number): string {
  switch (row.operand) {
    case 'none':
    case 'a':
      return '';
    case 'immediate':
      return row.radix === 16 ? `#${hex(k)}` : `#${signed(k)}`;
    case 'absolute': {
      const extension = extensionAt(k);
      return `[${extension?.listed ?? extension?.name ?? signed(k)}]`;
    }
    case 'indirect':
      return `[x + ${signed(k)}]`;
    case 'headerLength':
      return `4*([${signed(k)}]&0xf)`;
    case 'memory':
      return `M[${signed(k)}]`;
    case 'length':
      return '#pktlen';
    case 'x':
      return 'x';
    case 'target':
      return `${signed(target)}`;
  }
}

/** One line of a listing, as `bpf_image()` gives it. `index` is the instruction's place in the program. */
export function listInstruction(instruction: Instruction, index: number): string {
  const { code, jt, jf, k } = instruction;
  const row = opcodeOf(code);
  const label = `(${String(index).padStart(3, '0')})`;
  if (row === undefined) return `${label} unimp    ${hex(code)}`;
  const operand = listOperand(row, k, index + 1 + k);
  const line = `${label} ${row.name.padEnd(8)} ${operand}`;
  return isConditional(code) ? `${line.padEnd(31)} jt ${index + 1 + jt}\tjf ${index + 1 + jf}` : line;
}

/** `tcpdump -d`: one line an instruction, jump targets as absolute indexes. */
export function disassemble(program: Program): string {
  return program.map(listInstruction).join('\n');
}

/** `tcpdump -dd`: rows of a C array of `struct bpf_insn`. */
export function toCArray(program: Program): string {
  return program
    .map(({ code, jt, jf, k }) => `{ ${hex(code)}, ${jt}, ${jf}, 0x${k.toString(16).padStart(8, '0')} },`)
    .join('\n');
}

/** `tcpdump -ddd`: the number of instructions, then `code jt jf k` in decimal, one a line. */
export function toDecimal(program: Program): string {
  return [program.length, ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)].join('\n');
}

/** `bpf_asm`'s output, which iptables and tc read: `length,code jt jf k,…` on one line. */
export function toCommaList(program: Program): string {
  return [program.length, ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`), ''].join(',');
}

/** Assembly source with labels, which `bpf_asm` accepts and {@link assemble} turns back into the program. */
export function toAssembly(program: Program): string {
  const label = (index: number): string => `L${String(index).padStart(2, '0')}`;
  const targets = new Set<number>();
  program.forEach(({ code, jt, jf, k }, index) => {
    if (isConditional(code)) targets.add(index + 1 + jt).add(index + 1 + jf);
    else if (opcodeOf(code)?.operand === 'target') targets.add((index + 1 + k) | 0);
  });
  const line = ({ code, jt, jf, k }: Instruction, index: number): string => {
    const row = opcodeOf(code);
    if (row === undefined)
      throw new RangeError(`instruction ${index}: operation code ${hex(code)} is not defined`);
    return `${row.name} ${assemblyOperand(row, k, label((index + 1 + k) | 0))}${isConditional(code) ? `, ${label(index + 1 + jt)}, ${label(index + 1 + jf)}` : ''}`.trimEnd();
  };
  return program
    .map(
      (instruction, index) => `${targets.has(index) ? `${label(index)}:` : ''}\t${line(instruction, index)}`,
    )
    .join('\n');
}

function assemblyOperand(row: Opcode, k: number, target: string): string {
  switch (row.operand) {
    case 'a':
      return 'a';
    case 'length':
      return '#len';
    case 'immediate':
      return row.radix === 16 ? `#${hex(k)}` : `#${k}`;
    case 'absolute':
      return extensionAt(k)?.name ?? `[${signed(k)}]`;
    case 'target':
      return target;
    default:
      return listOperand(row, k, 0);
  }
}
