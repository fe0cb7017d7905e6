/**
 * The classic machine compiled to JavaScript: the engine behind `filter.matches(buffer)`.
 *
 * A program becomes one function over a buffer it does not copy. Control flow is structured (see
 * structure.ts), registers are local variables. There are two functions: where the packet holds the
 * largest constant offset that the program reads, one comparison has settled all those reads; else another
 * function checks each read, unless a dominating read went as far. In one function they would be too long for
 * V8 to inline, and a call takes as long as a filter.
 */

import {
  assertValid,
  type FilterFunction,
  type Instruction,
  LOOP_BUDGET,
  type LoadOptions,
  loadInterpreter,
  NO_DEVICE,
  OUT_OF_BOUNDS,
  opcodes,
  type Personality,
  type Program,
  type SpecialLoad,
  specialLoad,
} from '../../cbpf/index.js';
import { canGenerateCode } from '../shared/permission.js';
import { type Structured, structure } from '../shared/structure.js';
import { byteTests } from './byteTests.js';
import { countEntry, countHeld, countTraps } from './counting.js';
import { type Flow, flowOf } from './flow.js';
import { constantRead, furthestConstantRead, knownLengths, usedCells } from './packetReads.js';

const { ABS, ALU, IMM, IND, JEQ, JGE, JGT, JSET, LD, LDX, LEN, MEM, MISC, MSH, NEG, RET, ST, STX, TXA } =
  opcodes;

/** Above this the emitted function is more than V8 would optimize, and the interpreter does better. */
const MAX_INSTRUCTIONS = 8192;

/**
 * Compiles a program to a JavaScript function; falls back to the interpreter where code generation is
 * forbidden, and for irreducible or very long programs.
 *
 * @throws ProgramError when the program is not valid.
 */
export const loadJavaScript = (program: Program, options: LoadOptions = {}): FilterFunction =>
  compileJavaScript(program, options) ?? loadInterpreter(program, options);

/** {@link loadJavaScript} without the interpreter to fall back to: `undefined` where that would be taken. */
export function compileJavaScript(program: Program, options: LoadOptions = {}): FilterFunction | undefined {
  const source = canGenerateCode() ? toJavaScript(program, options) : undefined;
  if (source === undefined) return undefined;
  const make = new Function('specials', source.text) as (specials: readonly SpecialLoad[]) => FilterFunction;
  return make(source.specials);
}

export interface JavaScriptSource {
  /** Body of a function that takes the special loads and returns the filter. */
  readonly text: string;
  readonly specials: readonly SpecialLoad[];
}

/**
 * The emitted source, `undefined` for programs that are irreducible or too long.
 *
 * @param counts - Whether it counts what runs, in an array `counts` ({@link file://./counting.ts}).
 */
export function toJavaScript(
  program: Program,
  options: LoadOptions = {},
  counts = false,
): JavaScriptSource | undefined {
  const personality = options.personality ?? 'libpcap';
  assertValid(program, { personality, loops: 'bounded' });
  if (program.length > MAX_INSTRUCTIONS) return undefined;
  const flow = flowOf(program);
  const isCopied = (node: number): boolean => {
    const { start, end } = flow.blocks[node]!;
    return end - start === 1;
  };
  const code = structure(flow, { isCopied });
  if (code === undefined) return undefined;

  const specials: SpecialLoad[] = [];
  const emitter: Emitter = {
    program,
    flow,
    personality,
    specials,
    specialAt: new Map(),
    byByte: byteTests(program, flow, personality),
    known: [],
    counts,
  };
  const furthest = furthestConstantRead(program, personality);
  const variables = ['a = 0', 'x = 0', 't = 0', ...usedCells(program).map((cell) => `m${cell} = 0`)];
  if (program.some(({ code: op, k }) => op === opcodes.JMP && (k | 0) < 0))
    variables.push(`loops = ${LOOP_BUDGET}`);
  const functionOf = (known: readonly number[], ...first: readonly string[]): string[] => {
    emitter.known = known;
    return [
      '(b, s, n, wire, metadata) => {',
      ...first,
      `let ${variables.join(', ')};`,
      ...emit(code, emitter),
      '};',
    ];
  };
  const [head, ...rest] = functionOf(knownLengths(program, flow, personality));
  const lines = ['"use strict";', `const checked = ${head}`, ...rest];
  if (furthest === 0) lines.push('return checked;');
  else {
    const short = `if (n < ${furthest}) return checked(b, s, n, wire, metadata);`;
    const [opening, ...body] = functionOf(
      flow.blocks.map(() => furthest),
      short,
    );
    lines.push(`return ${opening}`, ...body);
  }
  return { text: lines.join('\n'), specials };
}

interface Emitter {
  readonly program: Program;
  readonly flow: Flow;
  readonly personality: Personality;
  readonly specials: SpecialLoad[];
  /** Instruction index to index in `specials`. */
  readonly specialAt: Map<number, number>;
  /** Blocks whose last load only their test needs, byte by byte. */
  readonly byByte: ReadonlySet<number>;
  /** By block: bytes that the packet is known to have when control enters it. */
  known: readonly number[];
  readonly counts: boolean;
}

function emit(parts: readonly Structured[], emitter: Emitter): string[] {
  return parts.flatMap((part): string[] => {
    switch (part.kind) {
      case 'code':
        return emitBlock(part.node, emitter);
      case 'branch':
        return emitBranch(part, emitter);
      case 'block':
        return [`L${part.label}: {`, ...emit(part.body, emitter), '}'];
      case 'loop':
        return [`C${part.label}: for (;;) {`, ...emit(part.body, emitter), '}'];
      case 'switch':
        throw new RangeError('no classic instruction chooses between more than two');
      case 'break':
        return [`break L${part.label};`];
      case 'continue':
        return ['if (--loops < 0) return 0;', `continue C${part.label};`];
    }
  });
}

function emitBranch(part: Extract<Structured, { kind: 'branch' }>, emitter: Emitter): string[] {
  const lines = [`if (${emitTest(part.node, part.when, emitter)}) {`, ...emit(part.then, emitter), '}'];
  const last = emitter.flow.blocks[part.node]!.end - 1;
  return emitter.counts ? countHeld(lines, last, part.when, emitter.program.length) : lines;
}

function emitBlock(node: number, emitter: Emitter): string[] {
  const { start, end } = emitter.flow.blocks[node]!;
  let known = emitter.known[node]!;
  const lines: string[] = emitter.counts ? [countEntry(start)] : [];
  for (let index = start; index < end; index++) {
    const instruction = emitter.program[index]!;
    const emitted = emitInstruction(instruction, index, known, emitter);
    // The last line puts the value together; what comes before it are checks and the place.
    const kept = index === end - 2 && emitter.byByte.has(node) ? emitted.slice(0, -1) : emitted;
    lines.push(...(emitter.counts ? countTraps(kept, instruction, index, emitter.program.length) : kept));
    if (specialLoad(instruction, emitter.personality) === undefined)
      known = Math.max(known, constantRead(instruction));
  }
  return lines;
}

const unsigned = (value: string): string => `(${value} >>> 0)`;

/** The test of the conditional jump that ends a block. */
function emitTest(node: number, when: boolean, { program, flow, byByte }: Emitter): string {
  const { end } = flow.blocks[node]!;
  const { code, k } = program[end - 1]!;
  if (byByte.has(node)) return emitByteTest(program[end - 2]!, program[end - 1]!, when);
  const operand = opcodes.usesX(code) ? 'x' : `${k | 0}`;
  const wide = opcodes.usesX(code) ? unsigned('x') : `${k}`;
  switch (opcodes.operationOf(code)) {
    case JEQ:
      return `a ${when ? '===' : '!=='} ${operand}`;
    case JGT:
      return `${unsigned('a')} ${when ? '>' : '<='} ${wide}`;
    case JGE:
      return `${unsigned('a')} ${when ? '>=' : '<'} ${wide}`;
    case JSET:
      return `(a & ${operand}) ${when ? '!==' : '==='} 0`;
  }
  throw new RangeError(`operation code 0x${code.toString(16)} is not a test`);
}

/** Big-endian bytes at an index of the buffer, as a signed 32-bit expression. */
function bytesAt(base: string, offset: number, size: number): string {
  const byte = (i: number): string => `b[${base}${offset + i === 0 ? '' : ` + ${offset + i}`}]`;
  if (size === 1) return byte(0);
  if (size === 2) return `(${byte(0)} << 8) | ${byte(1)}`;
  return `(${byte(0)} << 24) | (${byte(1)} << 16) | (${byte(2)} << 8) | ${byte(3)}`;
}

/** Whether loaded bytes equal a constant, or share a bit with it; the last byte, which differs most, first. */
function emitByteTest(load: Instruction, { code, k }: Instruction, when: boolean): string {
  const size = opcodes.sizeOf(load.code);
  const isEquality = opcodes.operationOf(code) === JEQ;
  if (isEquality && size < 4 && k >= 2 ** (8 * size)) return `${!when}`;
  const [base, offset] = opcodes.modeOf(load.code) === IND ? ['t', 0] : ['s', load.k];
  const bytes = Array.from({ length: size }, (_, i) => size - 1 - i).map((i) => ({
    byte: bytesAt(base, offset + i, 1),
    part: (k >>> (8 * (size - 1 - i))) & 0xff,
  }));
  if (isEquality) {
    const [operator, joint] = when ? ['===', ' && '] : ['!==', ' || '];
    return bytes.map(({ byte, part }) => `${byte} ${operator} ${part}`).join(joint);
  }
  const [operator, joint] = when ? ['!==', ' || '] : ['===', ' && '];
  const tested = bytes.filter(({ part }) => part !== 0);
  if (tested.length === 0) return `${!when}`;
  return tested
    .map(({ byte, part }) => `${part === 0xff ? byte : `(${byte} & ${part})`} ${operator} 0`)
    .join(joint);
}

function emitSpecial(instruction: Instruction, index: number, load: SpecialLoad, emitter: Emitter): string[] {
  const at = emitter.specialAt.get(index) ?? emitter.specials.push(load) - 1;
  emitter.specialAt.set(index, at);
  const intoX = opcodes.classOf(instruction.code) === LDX;
  return [
    `t = specials[${at}](a >>> 0, x >>> 0, b, s, n, metadata);`,
    `if (t === ${OUT_OF_BOUNDS}) return 0;`,
    `if (t === ${NO_DEVICE}) return a >>> 0;`,
    intoX ? 'x = (t & 15) << 2;' : 'a = t | 0;',
  ];
}

function emitInstruction(instruction: Instruction, index: number, known: number, emitter: Emitter): string[] {
  const { code, k } = instruction;
  switch (opcodes.classOf(code)) {
    case LD:
    case LDX: {
      const special = specialLoad(instruction, emitter.personality);
      return special === undefined
        ? emitLoad(instruction, known)
        : emitSpecial(instruction, index, special, emitter);
    }
    case ST:
      return [`m${k} = a;`];
    case STX:
      return [`m${k} = x;`];
    case ALU:
      return emitAlu(instruction, emitter.personality);
    case RET:
      return [code === (RET | opcodes.A) ? 'return a >>> 0;' : `return ${k};`];
    case MISC:
      return [opcodes.operationOf(code) === TXA ? 'a = x;' : 'x = a;'];
    default:
      return []; // jumps: structure() has placed their targets
  }
}

function emitLoad(instruction: Instruction, known: number): string[] {
  const { code, k } = instruction;
  const register = opcodes.classOf(code) === LD ? 'a' : 'x';
  const needed = constantRead(instruction);
  const guard = needed > known ? [`if (n < ${needed}) return 0;`] : [];
  switch (opcodes.modeOf(code)) {
    case IMM:
      return [`${register} = ${k | 0};`];
    case MEM:
      return [`${register} = m${k};`];
    case LEN:
      return [`${register} = wire | 0;`];
    case MSH:
      return [...guard, `x = (${bytesAt('s', k, 1)} & 15) << 2;`];
    case ABS:
      return [...guard, `a = ${bytesAt('s', k, opcodes.sizeOf(code))};`];
    case IND: {
      const size = opcodes.sizeOf(code);
      return [
        `t = (x >>> 0) + ${k};`,
        `if (t + ${size} > n) return 0;`,
        't = t + s | 0;',
        `a = ${bytesAt('t', 0, size)};`,
      ];
    }
  }
  throw new RangeError(`operation code 0x${code.toString(16)} is not defined`);
}

function emitAlu({ code, k }: Instruction, personality: Personality): string[] {
  const x = opcodes.usesX(code);
  const operand = x ? 'x' : `${k | 0}`;
  const wide = x ? unsigned('x') : `${k}`;
  const guard = x ? ['if (x === 0) return 0;'] : [];
  switch (opcodes.operationOf(code)) {
    case NEG:
      return ['a = -a | 0;'];
    case opcodes.ADD:
      return [`a = a + ${operand} | 0;`];
    case opcodes.SUB:
      return [`a = a - ${x || (k | 0) >= 0 ? operand : `(${operand})`} | 0;`];
    case opcodes.MUL:
      return [`a = Math.imul(a, ${operand});`];
    case opcodes.DIV:
      return [...guard, `a = ((a >>> 0) / ${wide} >>> 0) | 0;`];
    case opcodes.MOD:
      return [...guard, `a = ((a >>> 0) % ${wide} >>> 0) | 0;`];
    case opcodes.AND:
      return [`a &= ${operand};`];
    case opcodes.OR:
      return [`a |= ${operand};`];
    case opcodes.XOR:
      return [`a ^= ${operand};`];
    case opcodes.LSH:
      return [emitShift('a << x', `a << ${k}`, x, k, personality)];
    case opcodes.RSH:
      return [emitShift('a >>> x | 0', `a >>> ${k} | 0`, x, k, personality)];
  }
  throw new RangeError(`operation code 0x${code.toString(16)} is not defined`);
}

function emitShift(byX: string, byK: string, usesX: boolean, k: number, personality: Personality): string {
  if (!usesX) return k > 31 ? 'a = 0;' : `a = ${byK};`;
  return personality === 'kernel' ? `a = ${byX};` : `a = x >>> 0 > 31 ? 0 : ${byX};`;
}
