/**
 * Text to eBPF: the kernel's listing syntax, bpf_conformance's assembly, hex and C arrays, as
 * disassembler.ts writes them and as people do. Each line may be in either assembly syntax; labels
 * stand before or on a line, `label:`.
 */

import { FilterError, type Span } from '../source.js';
import { encode } from './encode.js';
import {
  fromBytes,
  type Instruction,
  type Operand,
  type Program,
  type Slot,
  slotsOf,
} from './instruction.js';
import {
  ALU_ROWS,
  type AluOperation,
  ATOMIC_ROWS,
  type AtomicOperation,
  BRANCH_ROWS,
  type BranchOperation,
  PSEUDO,
  type Size,
  type Width,
} from './opcodes.js';
import { SIGNATURES } from './signatures.js';

interface Line {
  readonly instruction: Instruction;
  /** A label that the instruction's distance leads to. */
  readonly label: string | undefined;
  readonly span: Span;
}

/**
 * Assembles a program.
 *
 * @throws FilterError with the place in the text.
 */
export function assemble(source: string): Program {
  const lines: Line[] = [];
  const labels = new Map<string, number>();
  let slots = 0;
  for (const match of source.matchAll(/[^\n]+/g)) {
    // Comments: `#` not before a helper's number, `;`, `//`.
    let text = match[0].replace(/(^|\s)#.*$|;.*$|\/\/.*$/, '');
    let start = match.index;
    const strip = (pattern: RegExp): RegExpExecArray | null => {
      const found = pattern.exec(text);
      if (found === null) return null;
      text = text.slice(found[0].length);
      start += found[0].length;
      return found;
    };
    strip(/^\s+/);
    strip(/^\d+:\s*(\([0-9a-f]{2}\)\s*)?/);
    for (let label = strip(/^([A-Za-z_.]\w*):\s*/); label !== null; label = strip(/^([A-Za-z_.]\w*):\s*/)) {
      if (labels.has(label[1]!))
        throw new FilterError(`label '${label[1]}' is defined twice`, { start, end: start });
      labels.set(label[1]!, slots);
    }
    text = text.trimEnd();
    if (text === '') continue;
    const span = { start, end: start + text.length };
    const parsed = parseLine(text, span);
    // bpf_conformance: the first exit can be jumped to by name.
    if (parsed.instruction.kind === 'exit' && !labels.has('exit')) labels.set('exit', slots);
    lines.push({ ...parsed, span });
    slots += slotsOf(parsed.instruction);
  }
  const program: Slot[] = [];
  for (const { instruction, label, span } of lines) {
    program.push(
      ...encode(
        label === undefined ? instruction : resolve(instruction, label, program.length, labels, span),
      ),
    );
  }
  return program;
}

function resolve(
  instruction: Instruction,
  label: string,
  index: number,
  labels: ReadonlyMap<string, number>,
  span: Span,
): Instruction {
  const at = labels.get(label);
  if (at === undefined) throw new FilterError(`no label '${label}'`, span);
  const distance = at - index - 1;
  const isShort =
    instruction.kind === 'branch' ||
    instruction.kind === 'mayGoto' ||
    (instruction.kind === 'jump' && !instruction.long);
  if (isShort && distance !== (distance << 16) >> 16)
    throw new FilterError(`'${label}' is ${distance} instructions away, more than 16 bits hold`, span, {
      hint: "jump with 'gotol' (ja32)",
    });
  return 'distance' in instruction ? { ...instruction, distance } : instruction;
}

type Parsed = Pick<Line, 'instruction' | 'label'>;
type Groups = Readonly<Record<string, string | undefined>>;

/** One form of a line: a pattern, and what it means. */
interface Form {
  readonly pattern: RegExp;
  readonly build: (groups: Groups, span: Span) => Parsed;
}

function parseLine(text: string, span: Span): Parsed {
  for (const { pattern, build } of FORMS) {
    const match = pattern.exec(text);
    if (match !== null) return build(match.groups ?? {}, span);
  }
  throw new FilterError(`cannot read '${text}'`, span, {
    hint: "write 'r0 = 1', 'if r1 == 0 goto +2' as the kernel lists it, or 'mov r0, 1', 'jeq r1, 0, label'",
  });
}

const plain = (instruction: Instruction): Parsed => ({ instruction, label: undefined });

/** In patterns a space stands for optional white space, `~` for some. */
const NUMBER = '[-+]?(?:0[xX][0-9a-fA-F]+|\\d+)';
const REGISTER = '%?[rw](?:10|\\d)';
/** A distance, `pc+1` or `+1`, or a label. */
const TARGET = '(?:pc)?[-+]\\d+|(?:pc)?[-+]0[xX][0-9a-fA-F]+|[A-Za-z_.]\\w*';

const registerOf = (text: string): number => Number(/\d+$/.exec(text)![0]);
const widthOf = (text: string): Width => (text.replace('%', '').startsWith('w') ? 32 : 64);

function numberOf(text: string): bigint {
  const negative = text.startsWith('-');
  const value = BigInt(text.replace(/^[-+]/, ''));
  return negative ? -value : value;
}

/** A number that fits 32 bits, signed or unsigned, as a signed one. */
function immediate(text: string, span: Span): number {
  const value = numberOf(text);
  const isSignExtended = value >= 0xffff_ffff_8000_0000n && value <= 0xffff_ffff_ffff_ffffn;
  if ((value > 0xffff_ffffn || value < -0x8000_0000n) && !isSignExtended)
    throw new FilterError(`${text} does not fit 32 bits`, span);
  return Number(BigInt.asIntN(32, value));
}

function offsetOf(text: string | undefined, span: Span): number {
  if (text === undefined || text === '') return 0;
  const value = Number(numberOf(text.replace(/\s+/g, '')));
  if (value !== (value << 16) >> 16) throw new FilterError(`offset ${text} does not fit 16 bits`, span);
  return value;
}

const operandOf = (text: string, span: Span): Operand =>
  new RegExp(`^${REGISTER}$`).test(text)
    ? { register: registerOf(text) }
    : { constant: immediate(text, span) };

function jumpTo(instruction: Instruction, target: string, span: Span): Parsed {
  const relative = /^(?:pc)?([-+].+)$/.exec(target);
  if (relative === null) return { instruction, label: target };
  const distance = immediate(relative[1]!, span);
  return plain('distance' in instruction ? { ...instruction, distance } : instruction);
}

const literally = (text: string): string => text.replace(/[|&^*+/\-<>=%$().]/g, '\\$&');
const longestFirst = (words: readonly string[]): string =>
  [...words]
    .sort((a, b) => b.length - a.length)
    .map(literally)
    .join('|');
const line = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(' ', '\\s*').replaceAll('~', '\\s+')}$`);

const aluByOperator = new Map(
  ALU_ROWS.filter(({ name }) => name !== 'neg').map((row) => [row.operator, row.name]),
);
const branchByOperator = new Map(BRANCH_ROWS.map((row) => [row.operator, row.name]));
const atomicByOperator = new Map<string, AtomicOperation>([
  ['+=', 'add'],
  ['|=', 'or'],
  ['&=', 'and'],
  ['^=', 'xor'],
]);
const SIZES: ReadonlyMap<string, Size> = new Map<string, Size>([
  ['b', 1],
  ['h', 2],
  ['w', 4],
  ['dw', 8],
]);
const helperByName = new Map(SIGNATURES.map((row) => [row.name, row.number]));
const bytesOf = (bits: string): Size => (Number(bits) / 8) as Size;
const packetSize = (size: Size, span: Span): 1 | 2 | 4 => {
  if (size === 8) throw new FilterError('packet loads are of 1, 2 or 4 bytes', span);
  return size;
};

const KERNEL_PLACE = `\\( u(?<bits>8|16|32|64) \\* \\) \\( r(?<base>10|\\d) (?<offset>[-+] (?:0x[0-9a-fA-F]+|\\d+))? \\)`;
const PLACE = `\\[ (?<base>${REGISTER}) (?<offset>[-+] (?:0x[0-9a-fA-F]+|\\d+))? \\]`;
const wide = (dst: number, value: bigint, pseudo = 0): Instruction => ({
  kind: 'wide',
  pseudo,
  dst,
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});
const PSEUDO_PATTERNS: readonly (readonly [number, RegExp])[] = [
  [PSEUDO.mapFd, /^map\[fd:(?<low>-?\d+)\]$/],
  [PSEUDO.mapValue, /^map\[fd:(?<low>-?\d+)\]\[0\]\+(?<high>-?\d+)$/],
  [PSEUDO.btfId, /^btf\[id:(?<low>-?\d+)\]\+(?<high>-?\d+)$/],
  [PSEUDO.func, /^subprog\[(?<low>[-+]\d+)\]$/],
  [PSEUDO.mapIndex, /^map\[idx:(?<low>-?\d+)\]$/],
  [PSEUDO.mapIndexValue, /^map\[idx:(?<low>-?\d+)\]\[0\]\+(?<high>-?\d+)$/],
];
function pseudoWide(dst: number, text: string, span: Span): Parsed {
  for (const [pseudo, pattern] of PSEUDO_PATTERNS) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) continue;
    return plain({
      kind: 'wide',
      pseudo,
      dst,
      low: immediate(groups.low!, span),
      high: immediate(groups.high ?? '0', span),
    });
  }
  throw new FilterError(`cannot read '${text}'`, span);
}

/** The kernel's syntax (kernel/bpf/disasm.c), then bpf_conformance's. The first that fits is taken. */
const FORMS: readonly Form[] = [
  { pattern: /^exit$/, build: () => plain({ kind: 'exit' }) },
  {
    pattern: line(
      `if~(?<dst>${REGISTER}) (?<op>${longestFirst(BRANCH_ROWS.map((row) => row.operator))}) (?<value>${REGISTER}|${NUMBER})~goto~(?<target>${TARGET})`,
    ),
    build: ({ dst, op, value, target }, span) =>
      jumpTo(
        {
          kind: 'branch',
          op: branchByOperator.get(op!)!,
          width: widthOf(dst!),
          dst: registerOf(dst!),
          operand: operandOf(value!, span),
          distance: 0,
        },
        target!,
        span,
      ),
  },
  {
    pattern: line(`(?<long>gotol|goto)~(?<target>${TARGET})`),
    build: ({ long, target }, span) =>
      jumpTo({ kind: 'jump', distance: 0, long: long === 'gotol' }, target!, span),
  },
  {
    pattern: line(`may_goto~(?<target>${TARGET})`),
    build: ({ target }, span) => jumpTo({ kind: 'mayGoto', distance: 0 }, target!, span),
  },
  {
    pattern: line(`(?<dst>${REGISTER}) = load_acquire \\( ${KERNEL_PLACE} \\)`),
    build: ({ dst, bits, base, offset }, span) =>
      plain({
        kind: 'loadAcquire',
        size: bytesOf(bits!),
        dst: registerOf(dst!),
        base: Number(base),
        offset: offsetOf(offset, span),
      }),
  },
  {
    pattern: line(`store_release \\( ${KERNEL_PLACE} , (?<src>${REGISTER}) \\)`),
    build: ({ bits, base, offset, src }, span) =>
      plain({
        kind: 'storeRelease',
        size: bytesOf(bits!),
        base: Number(base),
        offset: offsetOf(offset, span),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`lock~load(?<size>dw|b|h|w)~(?<dst>${REGISTER}) , ${PLACE}`),
    build: ({ size, dst, base, offset }, span) =>
      plain({
        kind: 'loadAcquire',
        size: SIZES.get(size!)!,
        dst: registerOf(dst!),
        base: registerOf(base!),
        offset: offsetOf(offset, span),
      }),
  },
  {
    pattern: line(`lock~store(?<size>dw|b|h|w)~${PLACE} , (?<src>${REGISTER})`),
    build: ({ size, base, offset, src }, span) =>
      plain({
        kind: 'storeRelease',
        size: SIZES.get(size!)!,
        base: registerOf(base!),
        offset: offsetOf(offset, span),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`call~(?:bpf_)?(?<name>[a-z][a-z0-9_]*)?#(?<number>\\d+)`),
    build: ({ number }) => plain({ kind: 'call', helper: Number(number) }),
  },
  {
    pattern: line('call~kernel-function#(?<id>-?\\d+)(?<offset>[-+]\\d+)?'),
    build: ({ id, offset }, span) =>
      plain({ kind: 'callKfunc', id: Number(id), offset: offsetOf(offset, span) }),
  },
  {
    pattern: line('call~(?<target>pc[-+]\\d+)'),
    build: ({ target }, span) => jumpTo({ kind: 'callLocal', distance: 0 }, target!, span),
  },
  {
    pattern: line(`callx~(?<register>${REGISTER})`),
    build: ({ register }) => plain({ kind: 'callRegister', register: registerOf(register!) }),
  },
  {
    pattern: line(`(?<dst>${REGISTER}) = - (?<src>${REGISTER})`),
    build: ({ dst, src }, span) => {
      if (dst !== src) throw new FilterError('negation is of one register', span);
      return plain({
        kind: 'alu',
        op: 'neg',
        width: widthOf(dst!),
        dst: registerOf(dst!),
        operand: { constant: 0 },
      });
    },
  },
  {
    pattern: line(`(?<dst>${REGISTER}) = \\( s(?<from>8|16|32) \\) (?<src>${REGISTER})`),
    build: ({ dst, from, src }) =>
      plain({
        kind: 'movsx',
        from: Number(from) as 8,
        width: widthOf(dst!),
        dst: registerOf(dst!),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`(?<dst>${REGISTER}) = (?<op>le|be|bswap)(?<bits>16|32|64)~(?<src>${REGISTER})`),
    build: ({ dst, op, bits, src }, span) => {
      if (dst !== src) throw new FilterError('a byte swap is of one register', span);
      return plain({ kind: 'swap', op: op as 'le', bits: Number(bits) as 16, dst: registerOf(dst!) });
    },
  },
  {
    pattern: line(
      `r0 = \\* \\( u(?<bits>8|16|32) \\* \\) skb \\[ (?:r(?<index>10|\\d) \\+ )?(?<offset>${NUMBER}) \\]`,
    ),
    build: ({ bits, index, offset }, span) =>
      plain({
        kind: 'packet',
        size: packetSize(bytesOf(bits!), span),
        index: index === undefined ? undefined : Number(index),
        offset: immediate(offset!, span),
      }),
  },
  {
    pattern: line(
      `(?<dst>${REGISTER}) = \\* \\( (?<sign>[us])(?<bits>8|16|32|64) \\* \\) \\( r(?<base>10|\\d) (?<offset>[-+] (?:0x[0-9a-fA-F]+|\\d+))? \\)`,
    ),
    build: ({ dst, sign, bits, base, offset }, span) =>
      plain({
        kind: 'load',
        size: bytesOf(bits!),
        signExtend: sign === 's',
        dst: registerOf(dst!),
        base: Number(base),
        offset: offsetOf(offset, span),
      }),
  },
  {
    pattern: line(`lock~\\* ${KERNEL_PLACE} (?<op>[+|&^]=) (?<src>${REGISTER})`),
    build: ({ bits, base, offset, op, src }, span) =>
      plain({
        kind: 'atomic',
        op: atomicByOperator.get(op!)!,
        fetch: false,
        size: bytesOf(bits!) as 4,
        base: Number(base),
        offset: offsetOf(offset, span),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`\\* ${KERNEL_PLACE} = (?<value>${REGISTER}|${NUMBER})`),
    build: ({ bits, base, offset, value }, span) =>
      plain({
        kind: 'store',
        size: bytesOf(bits!),
        base: Number(base),
        offset: offsetOf(offset, span),
        operand: operandOf(value!, span),
      }),
  },
  {
    pattern: line(
      `r\\d+ = atomic(?:64)?_(?<fetch>fetch_)?(?<op>add|or|and|xor|xchg|cmpxchg) \\( ${KERNEL_PLACE} , (?:r0 , )?(?<src>${REGISTER}) \\)`,
    ),
    build: ({ bits, base, offset, op, src }, span) =>
      plain({
        kind: 'atomic',
        op: op as AtomicOperation,
        fetch: true,
        size: bytesOf(bits!) as 4,
        base: Number(base),
        offset: offsetOf(offset, span),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`(?<dst>${REGISTER}) = (?<pseudo>(?:map|btf|subprog)\\[.*)`),
    build: ({ dst, pseudo }, span) => pseudoWide(registerOf(dst!), pseudo!, span),
  },
  {
    // A hexadecimal constant is how the kernel lists 64-bit immediates.
    pattern: line(`(?<dst>%?r(?:10|\\d)) = (?<value>0[xX][0-9a-fA-F]+)(?: ll)?`),
    build: ({ dst, value }, span) => plain(wide(registerOf(dst!), wideNumber(value!, span))),
  },
  {
    pattern: line(`(?<dst>%?r(?:10|\\d)) = (?<value>${NUMBER}) ll`),
    build: ({ dst, value }, span) => plain(wide(registerOf(dst!), wideNumber(value!, span))),
  },
  {
    pattern: line(
      `(?<dst>${REGISTER}) (?<op>${longestFirst([...aluByOperator.keys()])}) (?<value>${REGISTER}|${NUMBER})`,
    ),
    build: ({ dst, op, value }, span) =>
      plain({
        kind: 'alu',
        op: aluByOperator.get(op!)!,
        width: widthOf(dst!),
        dst: registerOf(dst!),
        operand: operandOf(value!, span),
      }),
  },

  {
    pattern: line(
      `(?<op>${longestFirst(ALU_ROWS.map((row) => row.name).filter((name) => name !== 'neg'))})(?<narrow>32)?~(?<dst>${REGISTER}) , (?<value>${REGISTER}|${NUMBER})`,
    ),
    build: ({ op, narrow, dst, value }, span) =>
      plain({
        kind: 'alu',
        op: op as AluOperation,
        width: narrow === undefined ? 64 : 32,
        dst: registerOf(dst!),
        operand: operandOf(value!, span),
      }),
  },
  {
    pattern: line(`neg(?<narrow>32)?~(?<dst>${REGISTER})`),
    build: ({ narrow, dst }) =>
      plain({
        kind: 'alu',
        op: 'neg',
        width: narrow === undefined ? 64 : 32,
        dst: registerOf(dst!),
        operand: { constant: 0 },
      }),
  },
  {
    pattern: line(`movsx(?<from>8|16|32)(?<width>32|64)~(?<dst>${REGISTER}) , (?<src>${REGISTER})`),
    build: ({ from, width, dst, src }) =>
      plain({
        kind: 'movsx',
        from: Number(from) as 8,
        width: Number(width) as Width,
        dst: registerOf(dst!),
        src: registerOf(src!),
      }),
  },
  {
    pattern: line(`(?<op>le|be|bswap|swap)(?<bits>16|32|64)~(?<dst>${REGISTER})`),
    build: ({ op, bits, dst }) =>
      plain({
        kind: 'swap',
        op: op === 'swap' ? 'bswap' : (op as 'le'),
        bits: Number(bits) as 16,
        dst: registerOf(dst!),
      }),
  },
  {
    pattern: line(`ldx(?<sign>s)?(?<size>b|h|w|dw)~(?<dst>${REGISTER}) , ${PLACE}`),
    build: ({ sign, size, dst, base, offset }, span) =>
      plain({
        kind: 'load',
        size: SIZES.get(size!)!,
        signExtend: sign !== undefined,
        dst: registerOf(dst!),
        base: registerOf(base!),
        offset: offsetOf(offset, span),
      }),
  },
  {
    pattern: line(`stx?(?<size>b|h|w|dw)~${PLACE} , (?<value>${REGISTER}|${NUMBER})`),
    build: ({ size, base, offset, value }, span) =>
      plain({
        kind: 'store',
        size: SIZES.get(size!)!,
        base: registerOf(base!),
        offset: offsetOf(offset, span),
        operand: operandOf(value!, span),
      }),
  },
  {
    pattern: line(
      `lock~(?<fetch>fetch)?\\s*(?<op>${longestFirst(ATOMIC_ROWS.map((row) => row.name))})(?<narrow>32)?~${PLACE} , (?<src>${REGISTER})`,
    ),
    build: ({ fetch, op, narrow, base, offset, src }, span) => {
      const row = ATOMIC_ROWS.find(({ name }) => name === op)!;
      return plain({
        kind: 'atomic',
        op: row.name,
        fetch: fetch !== undefined || row.alwaysFetches,
        size: narrow === undefined ? 8 : 4,
        base: registerOf(base!),
        offset: offsetOf(offset, span),
        src: registerOf(src!),
      });
    },
  },
  {
    pattern: line(`lddw~(?<dst>${REGISTER}) , (?<pseudo>(?:map|btf|subprog)\\[.*)`),
    build: ({ dst, pseudo }, span) => pseudoWide(registerOf(dst!), pseudo!, span),
  },
  {
    pattern: line(`lddw~(?<dst>${REGISTER}) , (?<value>${NUMBER})`),
    build: ({ dst, value }, span) => plain(wide(registerOf(dst!), wideNumber(value!, span))),
  },
  {
    pattern: line(`ldabs(?<size>b|h|w)~(?<offset>${NUMBER})`),
    build: ({ size, offset }, span) =>
      plain({
        kind: 'packet',
        size: packetSize(SIZES.get(size!)!, span),
        index: undefined,
        offset: immediate(offset!, span),
      }),
  },
  {
    pattern: line(`ldind(?<size>b|h|w)~(?<index>${REGISTER}) , (?<offset>${NUMBER})`),
    build: ({ size, index, offset }, span) =>
      plain({
        kind: 'packet',
        size: packetSize(SIZES.get(size!)!, span),
        index: registerOf(index!),
        offset: immediate(offset!, span),
      }),
  },
  {
    pattern: line(`ja(?<long>32)?~(?<target>${TARGET})`),
    build: ({ long, target }, span) =>
      jumpTo({ kind: 'jump', distance: 0, long: long !== undefined }, target!, span),
  },
  {
    pattern: line(
      `(?<op>${longestFirst(BRANCH_ROWS.map((row) => row.name))})(?<narrow>32)?~(?<dst>${REGISTER}) , (?<value>${REGISTER}|${NUMBER}) , (?<target>${TARGET})`,
    ),
    build: ({ op, narrow, dst, value, target }, span) =>
      jumpTo(
        {
          kind: 'branch',
          op: op as BranchOperation,
          width: narrow === undefined ? 64 : 32,
          dst: registerOf(dst!),
          operand: operandOf(value!, span),
          distance: 0,
        },
        target!,
        span,
      ),
  },
  {
    pattern: line(`call~local~(?<target>${TARGET})`),
    build: ({ target }, span) => jumpTo({ kind: 'callLocal', distance: 0 }, target!, span),
  },
  {
    pattern: line(`call~(?<register>${REGISTER})`),
    build: ({ register }) => plain({ kind: 'callRegister', register: registerOf(register!) }),
  },
  {
    pattern: line('call~(?<number>-?\\d+|0x[0-9a-fA-F]+)'),
    build: ({ number }, span) => plain({ kind: 'call', helper: immediate(number!, span) }),
  },
  {
    pattern: line('call~(?<name>[a-z][a-z0-9_]*)'),
    build: ({ name }, span) => {
      const number = helperByName.get(name!.replace(/^bpf_/, ''));
      if (number === undefined) throw new FilterError(`no helper '${name}'`, span);
      return plain({ kind: 'call', helper: number });
    },
  },
];

function wideNumber(text: string, span: Span): bigint {
  const value = numberOf(text);
  if (value > 0xffff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n)
    throw new FilterError(`${text} does not fit 64 bits`, span);
  return BigInt.asUintN(64, value);
}

/**
 * Reads a program in any of its text forms: hex (with or without spaces and line breaks), rows of a C
 * array, or assembly. Which one is told from the first characters.
 *
 * @throws FilterError
 */
export function parseProgram(source: string): Program {
  const trimmed = source.trim();
  if (/^[0-9a-fA-F\s]+$/.test(trimmed)) {
    const digits = trimmed.replace(/\s+/g, '');
    if (digits.length % 16 !== 0)
      throw new FilterError(`${digits.length} hex digits are no whole instructions of 16`, {
        start: 0,
        end: source.length,
      });
    return fromBytes(Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
  }
  if (trimmed.startsWith('{'))
    return [...source.matchAll(/\{([^}]*)\}/g)].map(({ 1: row, index }) => parseRow(row!, index));
  return assemble(source);
}

function parseRow(row: string, index: number): Slot {
  const numbers = row
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const [opcode, dst, src, offset, imm] = numbers;
  const limits: readonly (readonly [number, number])[] = [
    [0, 0xff],
    [0, 15],
    [0, 15],
    [-0x8000, 0x7fff],
    [-0x8000_0000, 0xffff_ffff],
  ];
  const sound =
    numbers.length === 5 &&
    numbers.every(
      (value, at) => Number.isInteger(value) && value >= limits[at]![0] && value <= limits[at]![1],
    );
  if (!sound)
    throw new FilterError("expected '{ code, dst, src, offset, imm }'", {
      start: index,
      end: index + row.length + 2,
    });
  return { opcode: opcode!, dst: dst!, src: src!, offset: offset!, imm: imm! | 0 };
}
