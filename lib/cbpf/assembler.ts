/**
 * Text to classic program. Two languages:
 *
 * - {@link assemble}: the assembly of Linux `tools/bpf/bpf_asm` (Documentation/networking/filter.rst),
 *   with labels, mnemonics such as `jne` and `jlt`, and ancillary loads by name. What that tool gets
 *   wrong is put right unless its exact dialect is asked for: labels of one letter, `[x+4]` without
 *   blanks, `ret 7` without `#`, negative hexadecimal numbers, labels defined twice.
 * - {@link parseListing}: what `tcpdump -d`, `-dd`, `-ddd` and `bpf_asm` print, back into a program.
 */

import { closest, FilterError, type Span } from '../source.js';
import { extensions, SKF_AD_OFF } from './extensions.js';
import type { Instruction, Program } from './instruction.js';
import {
  A,
  ABS,
  ALU,
  ALU_ROWS,
  B,
  H,
  IMM,
  IND,
  isConditional,
  JA,
  JEQ,
  JGE,
  JGT,
  JMP,
  JSET,
  K,
  LD,
  LDX,
  LEN,
  MEM,
  MEMORY_WORDS,
  MISC,
  MSH,
  NEG,
  RET,
  ST,
  STX,
  TAX,
  TXA,
  W,
  X,
} from './opcodes.js';

/** Whose assembly: that of the kernel's bpf_asm, or that of tcpdump -d. */
export type AssemblyDialect = 'weir' | 'bpf_asm';

/** How assembly is read. */
export interface AssembleOptions {
  /** `bpf_asm` refuses exactly what that tool refuses. Default `weir`. */
  readonly dialect?: AssemblyDialect;
}

type TokenKind = 'word' | 'number' | 'punctuation' | 'newline' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly span: Span;
}

const TOKEN =
  /(?<skip>[ \t\r]+|\/\*[\s\S]*?\*\/|;[^\n]*|#(?=[ \t!]|$)[^\n]*)|(?<newline>\n)|(?<number>-?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+))|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<punctuation>[:,#%[\]()+*&])/gy;

function tokenize(source: string, dialect: AssemblyDialect): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    // A `#` that opens a line is a comment; elsewhere it marks an immediate.
    const opensLine = tokens.length === 0 || tokens.at(-1)!.kind === 'newline';
    if (opensLine && source[at] === '#') {
      const newline = source.indexOf('\n', at);
      TOKEN.lastIndex = newline < 0 ? source.length : newline;
      continue;
    }
    const match = TOKEN.exec(source);
    if (match === null) {
      throw new FilterError(`unexpected character '${source[at]}'`, { start: at, end: at + 1 });
    }
    const [text] = match;
    const span = { start: at, end: at + text.length };
    const { newline, number, word, punctuation } = match.groups!;
    if (newline !== undefined) tokens.push({ kind: 'newline', text, span });
    else if (number !== undefined) {
      if (dialect === 'bpf_asm' && /^-0[xX]/.test(text))
        throw new FilterError(`'${text}' cannot be negative`, span);
      tokens.push({ kind: 'number', text, span });
    } else if (word !== undefined) tokens.push({ kind: 'word', text: wordOf(text), span });
    else if (text === '+' && dialect === 'bpf_asm' && /[1-9]/.test(source[TOKEN.lastIndex] ?? '')) {
      // Its lexer takes `+4` for a number, so that `[x+4]` lacks an operator.
      const digits = /[0-9]+/y;
      digits.lastIndex = TOKEN.lastIndex;
      const signed = text + digits.exec(source)![0];
      TOKEN.lastIndex = at + signed.length;
      tokens.push({ kind: 'number', text: signed, span: { start: at, end: at + signed.length } });
    } else if (punctuation !== undefined) tokens.push({ kind: 'punctuation', text, span });
  }
  tokens.push({ kind: 'end', text: '', span: { start: source.length, end: source.length } });
  return tokens;
}

const ALU_BITS = new Map(ALU_ROWS.map(({ name, bits }) => [name, bits]));

/** Comparisons as written; `swap`: the machine has only the opposite test. */
const JUMPS = new Map<string, { readonly bits: number; readonly swap: boolean }>([
  ['jeq', { bits: JEQ, swap: false }],
  ['jgt', { bits: JGT, swap: false }],
  ['jge', { bits: JGE, swap: false }],
  ['jset', { bits: JSET, swap: false }],
  ['jne', { bits: JEQ, swap: true }],
  ['jneq', { bits: JEQ, swap: true }],
  ['jlt', { bits: JGE, swap: true }],
  ['jle', { bits: JGT, swap: true }],
]);
const LOADS = new Map([
  ['ld', W],
  ['ldh', H],
  ['ldb', B],
]);
/** Words for the packet length: `#len` in bpf_asm, `#pktlen` in tcpdump's listings. */
const LENGTH_WORDS = new Set(['len', 'pktlen']);
const EXTENSION_WORDS = new Map(
  extensions().flatMap(({ name, listed, number }) => [
    [name, number] as const,
    ...(listed === undefined ? [] : [[listed, number] as const]),
  ]),
).set('vlan_pr', 48);

export const MNEMONICS: readonly string[] = [
  ...LOADS.keys(),
  ...ALU_BITS.keys(),
  ...JUMPS.keys(),
  ...['ldi', 'ldx', 'ldxi', 'ldxb', 'st', 'stx', 'neg', 'ja', 'jmp', 'ret', 'tax', 'txa'],
];

const WORDS: ReadonlySet<string> = new Set([
  ...MNEMONICS,
  ...LENGTH_WORDS,
  ...EXTENSION_WORDS.keys(),
  ...['a', 'x'],
]);

/** Words of the language are so in any case, as in bpf_asm; labels are as they are written. */
function wordOf(text: string): string {
  const lower = text.toLowerCase();
  return lower === 'm' ? 'M' : WORDS.has(lower) ? lower : text;
}

/** An instruction whose jumps still name labels. */
interface Line {
  readonly code: number;
  readonly k: number;
  readonly whenTrue?: Token | undefined;
  readonly whenFalse?: Token | undefined;
  readonly span: Span;
}

/**
 * Assembles a program.
 *
 * @throws FilterError with the span of the words at fault.
 */
export function assemble(source: string, options: AssembleOptions = {}): Program {
  const { lines, labels } = new Listing(source, options.dialect ?? 'weir').parse();
  return lines.map((line, index) => resolveJumps(line, index, labels, lines.length));
}

type Operation = Omit<Line, 'span'>;

/** A listing on its way to lines and labels, word by word. */
class Listing {
  private readonly dialect: AssemblyDialect;
  private readonly tokens: readonly Token[];
  readonly labels = new Map<string, number>();
  readonly lines: Line[] = [];
  private position = 0;

  constructor(source: string, dialect: AssemblyDialect) {
    this.dialect = dialect;
    this.tokens = tokenize(source, dialect);
  }

  parse(): this {
    while (this.peek().kind !== 'end') {
      if (this.accept('\n')) continue;
      if (this.peek().kind === 'word' && this.peek(1).text === ':') this.define();
      else this.line();
    }
    if (this.lines.length === 0) this.fail(this.peek(), 'at least one instruction');
    return this;
  }

  private define(): void {
    const { text, span } = this.next();
    this.position++;
    if (this.dialect === 'bpf_asm' && text.length < 2)
      throw this.unexpected({ kind: 'word', text, span }, 'a label of two characters or more');
    const known = this.labels.has(text);
    if (known && this.dialect === 'weir') throw new FilterError(`label '${text}' is defined twice`, span);
    if (!known) this.labels.set(text, this.lines.length);
  }

  private line(): void {
    const { start } = this.peek().span;
    const operation = this.operation(this.next());
    this.lines.push({ ...operation, span: { start, end: this.tokens[this.position - 1]!.span.end } });
    const { kind } = this.peek();
    if (kind !== 'end' && kind !== 'newline') this.fail(this.peek(), 'the end of the line');
  }

  private operation(mnemonic: Token): Operation {
    const name = mnemonic.text;
    const size = LOADS.get(name);
    if (size !== undefined) return this.load(name, size);
    const alu = ALU_BITS.get(name);
    if (alu !== undefined)
      return this.register('x')
        ? { code: ALU | alu | X, k: 0 }
        : { code: ALU | alu | K, k: this.immediate(name) };
    const jump = JUMPS.get(name);
    if (jump !== undefined) return this.jump(name, jump);
    switch (name) {
      case 'ldi':
        return { code: LD | IMM, k: this.immediate(name) };
      case 'ldxi':
        return { code: LDX | IMM, k: this.immediate(name) };
      case 'ldx':
        return this.loadX();
      case 'ldxb':
        return { code: LDX | B | MSH, k: this.headerLength() };
      case 'st':
        return { code: ST, k: this.memory() };
      case 'stx':
        return { code: STX, k: this.memory() };
      case 'neg':
        return { code: ALU | NEG, k: 0 };
      case 'tax':
        return { code: MISC | TAX, k: 0 };
      case 'txa':
        return { code: MISC | TXA, k: 0 };
      case 'ja':
      case 'jmp':
        return { code: JMP | JA, k: 0, whenTrue: this.label() };
      case 'ret':
        if (this.register('a')) return { code: RET | A, k: 0 };
        // bpf_asm writes `ret x` although no machine runs it; validators refuse it.
        if (this.dialect === 'bpf_asm' && this.register('x')) return { code: RET | X, k: 0 };
        return { code: RET | K, k: this.immediate(name) };
      default:
        return this.fail(mnemonic, 'an instruction', closest(name, MNEMONICS));
    }
  }

  private load(name: string, size: number): Operation {
    if (this.peek().text === '[') {
      const { mode, k } = this.bracket();
      return { code: LD | size | mode, k };
    }
    if (this.peek().text === 'M')
      return name === 'ld' ? { code: LD | MEM, k: this.memory() } : this.fail(this.peek(), "'['");
    const word = this.wordOperand();
    if (word !== undefined) {
      if (LENGTH_WORDS.has(word.text)) return { code: LD | size | LEN, k: 0 };
      const extension = EXTENSION_WORDS.get(word.text);
      if (extension !== undefined) return { code: LD | size | ABS, k: (SKF_AD_OFF + extension) >>> 0 };
      this.fail(
        word,
        'an operand of a load',
        closest(word.text, [...EXTENSION_WORDS.keys(), ...LENGTH_WORDS]),
      );
    }
    if (name !== 'ld') this.fail(this.peek(), "'['");
    return { code: LD | IMM, k: this.immediate(name) };
  }

  private loadX(): Operation {
    if (this.peek().text === 'M') return { code: LDX | MEM, k: this.memory() };
    if (this.peek().kind === 'number' && this.peek(1).text === '*')
      return { code: LDX | B | MSH, k: this.headerLength() };
    const before = this.position;
    const word = this.wordOperand();
    if (word !== undefined && LENGTH_WORDS.has(word.text)) return { code: LDX | LEN, k: 0 };
    this.position = before;
    return { code: LDX | IMM, k: this.immediate('ldx') };
  }

  private jump(name: string, { bits, swap }: { readonly bits: number; readonly swap: boolean }): Operation {
    const source = this.register('x') ? X : K;
    const k = source === X ? 0 : this.immediate(name);
    const code = JMP | bits | source;
    const first = this.target();
    if (swap) return { code, k, whenFalse: first };
    return { code, k, whenTrue: first, whenFalse: this.peek().text === ',' ? this.target() : undefined };
  }

  /** `[k]`, `[x + k]` or `[name]`; the mode of the load and its k. */
  private bracket(): { readonly mode: number; readonly k: number } {
    this.expect('[');
    let result: { mode: number; k: number };
    if (this.register('x')) {
      const { kind, text } = this.peek();
      const isSigned = this.dialect === 'weir' && kind === 'number' && text.startsWith('-');
      if (!isSigned) this.expect('+');
      result = { mode: IND, k: this.number() };
    } else if (this.peek().kind === 'word' && EXTENSION_WORDS.has(this.peek().text)) {
      result = { mode: ABS, k: (SKF_AD_OFF + EXTENSION_WORDS.get(this.next().text)!) >>> 0 };
    } else result = { mode: ABS, k: this.number("an offset or 'x'") };
    this.expect(']');
    return result;
  }

  private memory(): number {
    this.expect('M');
    this.expect('[');
    const cell = this.peek();
    const k = this.number('a cell number');
    this.expect(']');
    if (k >= MEMORY_WORDS)
      throw new FilterError(`there are ${MEMORY_WORDS} cells, M[0] to M[${MEMORY_WORDS - 1}]`, cell.span);
    return k;
  }

  /** `4*([k]&0xf)`: the header length idiom, which has an operation of its own. */
  private headerLength(): number {
    const factor = this.peek();
    if (this.number() !== 4) this.fail(factor, '4');
    for (const text of ['*', '(', '[']) this.expect(text);
    const k = this.number('an offset');
    for (const text of [']', '&']) this.expect(text);
    const mask = this.peek();
    if (this.number() !== 0xf) throw this.unexpected(mask, '0xf', 'the machine can only mask with 0xf here');
    this.expect(')');
    return k;
  }

  private immediate(mnemonic: string): number {
    const bare = this.dialect === 'weir' || mnemonic.endsWith('i');
    if (!this.accept('#') && !bare) this.fail(this.peek(), "'#'");
    return this.number('a constant');
  }

  private target(): Token {
    this.expect(',');
    return this.label();
  }

  private label(): Token {
    const token = this.next();
    return token.kind === 'word' ? token : this.fail(token, 'a label');
  }

  private number(expected = 'a number'): number {
    const token = this.next();
    if (token.kind !== 'number') this.fail(token, expected);
    return numberOf(token);
  }

  /** `x` or `%x`, `a` or `%a`. */
  private register(name: string): boolean {
    const marked = this.peek().text === '%';
    if (this.peek(marked ? 1 : 0).text !== name) return false;
    this.position += marked ? 2 : 1;
    return true;
  }

  /** `#len`, `#proto`, `len`, `proto`, … Where there is none, nothing is taken. */
  private wordOperand(): Token | undefined {
    const marked = this.peek().text === '#';
    const token = this.peek(marked ? 1 : 0);
    if (token.kind !== 'word') return undefined;
    this.position += marked ? 2 : 1;
    return token;
  }

  private expect(text: string): void {
    if (!this.accept(text)) this.fail(this.peek(), `'${text}'`);
  }

  private accept(text: string): boolean {
    if (this.peek().text !== text) return false;
    this.position++;
    return true;
  }

  private next(): Token {
    return this.tokens[Math.min(this.position++, this.tokens.length - 1)]!;
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)]!;
  }

  /** @param likely - What may have been meant. */
  private fail(token: Token, expected: string, likely?: string): never {
    throw this.unexpected(token, expected, likely === undefined ? undefined : `did you mean '${likely}'?`);
  }

  private unexpected({ kind, text, span }: Token, expected: string, hint?: string): FilterError {
    const found = kind === 'end' ? 'the end' : kind === 'newline' ? 'the end of the line' : `'${text}'`;
    return new FilterError(`expected ${expected}, found ${found}`, span, { hint });
  }
}

const numberOf = ({ text, span }: Token): number => {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const octal = /^0[0-7]+$/.test(digits);
  const value = Number.parseInt(
    octal || /^0[xXbB]/.test(digits) ? digits.replace(/^0[xXbB]?/, '') : digits,
    octal ? 8 : /^0[xX]/.test(digits) ? 16 : /^0[bB]/.test(digits) ? 2 : 10,
  );
  if (value > 0xffff_ffff || (negative && value > 0x8000_0000))
    throw new FilterError(`${text} does not fit 32 bits`, span);
  return (negative ? -value : value) >>> 0;
};

function resolveJumps(
  line: Line,
  index: number,
  labels: ReadonlyMap<string, number>,
  length: number,
): Instruction {
  const { code, span } = line;
  const distance = (label: Token | undefined): number => {
    if (label === undefined) return 0;
    const at = labels.get(label.text);
    if (at === undefined) {
      const hint = closest(label.text, labels.keys());
      throw new FilterError(`no label '${label.text}'`, label.span, {
        hint: hint === undefined ? undefined : `did you mean '${hint}'?`,
      });
    }
    if (at >= length) throw new FilterError(`label '${label.text}' has no instruction after it`, label.span);
    return at - index - 1;
  };
  if (code === (JMP | JA)) return { code, jt: 0, jf: 0, k: distance(line.whenTrue) >>> 0, span };
  if (!isConditional(code)) return { code, jt: 0, jf: 0, k: line.k, span };
  const [jt, jf] = [distance(line.whenTrue), distance(line.whenFalse)];
  const far = jt < 0 || jt > 255 ? line.whenTrue : jf < 0 || jf > 255 ? line.whenFalse : undefined;
  if (far !== undefined) {
    const message = `instruction ${index} cannot reach '${far.text}': a conditional jump skips 0 to 255 instructions`;
    throw new FilterError(message, far.span, { hint: "jump to a nearby 'ja' instead" });
  }
  return { code, jt, jf, k: line.k, span };
}

const LISTING_LINE = /^\s*\((\d+)\)\s+(\w+)\s*(.*?)(?:\s+jt\s+(\d+)\s+jf\s+(\d+))?\s*$/;

/**
 * Reads back what a disassembler printed: a `-d` listing, `-dd` C rows, `-ddd` decimals, or
 * `bpf_asm`'s comma-separated line. Which of them is told from the first line.
 *
 * @throws FilterError with the span of the line at fault.
 */
export function parseListing(source: string): Program {
  const rows = [...source.matchAll(/[^\n]+/g)]
    .map(({ 0: text, index }) => ({ text, span: { start: index, end: index + text.length } }))
    .filter(({ text }) => text.trim() !== '');
  const first = rows[0]?.text ?? '';
  if (/^\s*\(\d+\)/.test(first))
    return rows.map(({ text, span }, index) => parseListedLine(text, span, index));
  if (/^\s*\{/.test(first))
    return rows.map(({ text, span }) => parseQuadruple(text.replace(/[{},]/g, ' '), span));
  const [count, ...quadruples] = first.includes(',')
    ? first
        .split(',')
        .filter((part) => part.trim() !== '')
        .map((text) => ({ text, span: rows[0]!.span }))
    : rows;
  if (count === undefined || Number(count.text) !== quadruples.length) {
    const span = count?.span ?? { start: 0, end: 0 };
    throw new FilterError(`expected the number of instructions, which is ${quadruples.length}`, span);
  }
  return quadruples.map(({ text, span }) => parseQuadruple(text, span));
}

function parseQuadruple(text: string, span: Span): Instruction {
  const numbers = text.trim().split(/\s+/).map(Number);
  const limits = [0xffff, 0xff, 0xff, 0xffff_ffff];
  const sound =
    numbers.length === 4 && numbers.every((n, i) => Number.isInteger(n) && n >= 0 && n <= limits[i]!);
  if (!sound) throw new FilterError("expected 'code jt jf k'", span);
  const [code, jt, jf, k] = numbers as [number, number, number, number];
  return { code, jt, jf, k };
}

function parseListedLine(text: string, span: Span, index: number): Instruction {
  const match = LISTING_LINE.exec(text);
  if (match === null || Number(match[1]) !== index)
    throw new FilterError(`expected the line of instruction ${index}`, span);
  const [, , name, operand, jt, jf] = match;
  if (name === 'unimp') return { code: Number(operand), jt: 0, jf: 0, k: 0 };
  const skip = (to: string): number => Number(to) - index - 1;
  if (name === 'ja') return { code: JMP | JA, jt: 0, jf: 0, k: skip(operand!) >>> 0 };
  // A register operand of `ret` is not printed; `ret` alone is `ret a`.
  const words = name === 'ret' && operand === '' ? 'ret a' : `${name} ${operand}`;
  const labels = jt === undefined ? '' : ', here, here\nhere: ret #0';
  let code: number;
  let k: number;
  try {
    ({ code, k } = assemble(words + labels)[0]!);
  } catch (error) {
    throw new FilterError(
      `cannot read '${text.trim()}'`,
      span,
      error instanceof FilterError ? { hint: error.message } : {},
    );
  }
  if (jt === undefined) return { code, jt: 0, jf: 0, k };
  const distances = [skip(jt), skip(jf!)] as const;
  if (distances.some((distance) => distance < 0 || distance > 255))
    throw new FilterError('jump out of range', span);
  return { code, jt: distances[0], jf: distances[1], k };
}
