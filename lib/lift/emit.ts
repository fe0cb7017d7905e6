/**
 * What the verifiable forms have in common: A, X and the cells in registers or on the stack, arithmetic,
 * tests, returns and the bound on loops. The forms differ in how they load; see portable.ts, direct.ts.
 */

import { type Instruction, opcodes, type Personality } from '../cbpf/index.js';
import { type Block, type Graph, type Statement, successors } from '../cfg/index.js';
import { type BranchOperation, build, type Operand, type Program, type Slot } from '../ebpf/index.js';
import type { Order } from '../graph.js';
import { A, CELLS, isIn, isWriteLive, VARIABLES, X } from './dataflow.js';
import { HIDING_ROOM, hiddenConstants, setHidden } from './hide.js';
import { type CodeBlock, type CodeExit, layOut } from './layout.js';
import type { Piece } from './piece.js';
import type { Results } from './results.js';

const { constant, register } = build;

export interface Registers {
  readonly a: number;
  readonly x: number;
  /** Holds nothing from one statement to the next. */
  readonly scratch: number;
  /** Free for cells and the loop counter. */
  readonly free: readonly number[];
}

/** What every form is told. */
export interface Settings {
  readonly personality: Personality;
  /** Times that a program may go back before it rejects the packet. */
  readonly rounds: number;
  readonly results: Results;
}

/** What a form puts into the frame. */
export interface Form extends Settings {
  readonly registers: Registers;
  /** Bytes of stack, from the frame pointer down, that the form uses itself. */
  readonly stack: number;
  /** At the program's start. */
  readonly prologue: readonly Slot[];
  /** At a block's start. */
  readonly blockStart: (block: number) => readonly Piece[];
  /** A load from the packet or the context; `isLive`: whether its value is used. */
  readonly load: (statement: Statement, block: number, at: number, isLive: boolean) => readonly Piece[];
  /** After a statement. */
  readonly after: (block: number, at: number) => readonly Piece[];
  /** Constant of a bit operation or test on A, as A's value is held there. */
  readonly constant: (k: number, block: number, at: number) => number;
  /** Leaves A, or a constant, as the program's result. */
  readonly returns: (result: Operand) => readonly Slot[];
  /** Ends with the result of packets that are not accepted. */
  readonly reject: readonly Slot[];
}

const FRAME = 10;
const WORD = 8;

/** Number of the block that rejects: the first that is none of the graph's. */
export const rejectBlock = (graph: Graph): number => graph.blocks.length;

const isBackward = (order: Order, from: number, to: number): boolean =>
  order.position[to]! <= order.position[from]!;

/** Back edges get a block of their own, where the round is counted. */
export function splitBackEdges(graph: Graph, order: Order): Graph {
  const blocks: Block[] = [...graph.blocks];
  const detour = (target: number): number =>
    blocks.push({ statements: [], exit: { kind: 'goto', target } }) - 1;
  for (const [index, { statements, exit }] of graph.blocks.entries()) {
    if (exit.kind !== 'branch') continue;
    const through = (target: number): number => (isBackward(order, index, target) ? detour(target) : target);
    blocks[index] = {
      statements,
      exit: { ...exit, onTrue: through(exit.onTrue), onFalse: through(exit.onFalse) },
    };
  }
  return { entry: graph.entry, blocks };
}

export const hasLoop = (graph: Graph, order: Order): boolean =>
  order.nodes.some((index) =>
    successors(graph.blocks[index]!).some((next) => isBackward(order, index, next)),
  );

type Home = { readonly register: number } | { readonly stack: number };

/** Cells in registers, the most used first, then on the stack. */
function homesOf(graph: Graph, free: readonly number[], stack: number, loops: boolean): (Home | undefined)[] {
  const uses = new Array<number>(VARIABLES + 1).fill(0);
  for (const { statements } of graph.blocks) {
    for (const { code, k } of statements) {
      const kind = opcodes.classOf(code);
      const isLoad = (kind === opcodes.LD || kind === opcodes.LDX) && opcodes.modeOf(code) === opcodes.MEM;
      if (isLoad || kind === opcodes.ST || kind === opcodes.STX) uses[CELLS + k]!++;
    }
  }
  if (loops) uses[COUNTER] = Number.POSITIVE_INFINITY;
  const wanted = [...uses.keys()]
    .filter((variable) => uses[variable]! > 0)
    .sort((a, b) => uses[b]! - uses[a]!);
  const homes: (Home | undefined)[] = [];
  for (const [rank, variable] of wanted.entries()) {
    const held = free[rank];
    homes[variable] =
      held === undefined ? { stack: -stack - WORD * (rank - free.length + 1) } : { register: held };
  }
  return homes;
}

/** The loop counter is one variable more. */
const COUNTER = VARIABLES;

/** A graph as a program of the form. */
export const emit = (graph: Graph, order: Order, live: Int32Array, form: Form): Program =>
  new Emitter(graph, order, live, form).program();

class Emitter {
  private readonly graph: Graph;
  private readonly order: Order;
  private readonly live: Int32Array;
  private readonly form: Form;
  private readonly loops: boolean;
  private readonly homes: readonly (Home | undefined)[];
  private readonly reject: number;

  constructor(graph: Graph, order: Order, live: Int32Array, form: Form) {
    this.graph = graph;
    this.order = order;
    this.live = live;
    this.form = form;
    this.loops = hasLoop(graph, order);
    this.homes = homesOf(graph, form.registers.free, form.stack + HIDING_ROOM, this.loops);
    this.reject = rejectBlock(graph);
  }

  program(): Program {
    const { graph, form } = this;
    const hidden = hiddenConstants(graph, this.live);
    const code = graph.blocks.map((block, index): CodeBlock => {
      const isLive = isWriteLive(block, this.live);
      const pieces: Piece[] = [...form.blockStart(index)];
      for (const [at, statement] of block.statements.entries()) {
        const place = { block: index, at, isLive: isLive[at]!, isHidden: hidden[index]![at]! };
        const own = [...this.statement(statement, place), ...form.after(index, at)];
        pieces.push(...withSpan(statement.span, own));
      }
      const ending = this.exit(index);
      return { pieces: [...pieces, ...ending.pieces], exit: ending.exit };
    });
    code.push({ pieces: form.reject, exit: { kind: 'end' } });
    const start = [...form.prologue, ...this.initial()];
    code.push({ pieces: start, exit: { kind: 'goto', target: graph.entry } });
    return layOut(code, code.length - 1, this.reject);
  }

  private read(variable: number, into: number): Slot {
    const home = this.homes[variable]!;
    return 'register' in home ? build.move(into, home.register) : build.load(WORD, into, FRAME, home.stack);
  }

  private write(variable: number, from: number): Slot {
    const home = this.homes[variable]!;
    return 'register' in home ? build.move(home.register, from) : build.store(WORD, FRAME, home.stack, from);
  }

  private statement(statement: Statement, place: Place): readonly Piece[] {
    const { code, k } = statement;
    const { form } = this;
    const { a, x } = form.registers;
    const into = opcodes.classOf(code) === opcodes.LD ? a : x;
    switch (opcodes.classOf(code)) {
      case opcodes.LD:
      case opcodes.LDX:
        if (opcodes.modeOf(code) === opcodes.IMM)
          return place.isHidden ? setHidden(into, k, FRAME, form.stack) : [build.set(into, k)];
        if (opcodes.modeOf(code) === opcodes.MEM) return [this.read(CELLS + k, into)];
        return form.load(statement, place.block, place.at, place.isLive);
      case opcodes.ST:
        return [this.write(CELLS + k, a)];
      case opcodes.STX:
        return [this.write(CELLS + k, x)];
      case opcodes.ALU:
        return this.alu(statement, form.constant(k, place.block, place.at));
      default:
        return [opcodes.operationOf(code) === opcodes.TXA ? build.move(a, x) : build.move(x, a)];
    }
  }

  private alu({ code }: Statement, k: number): readonly Piece[] {
    const { a, x } = this.form.registers;
    const row = opcodes.aluRowOf(code);
    if (row === undefined) return [build.alu(32, 'neg', a, constant(0))];
    const usesX = opcodes.usesX(code);
    const operation = build.alu(32, row.name as 'add', a, usesX ? register(x) : constant(k));
    if (usesX && row.edge === 'zero-divisor')
      return [{ ...build.branch(32, 'jeq', x, constant(0)), target: this.reject }, operation];
    if (row.edge !== 'wide-shift' || this.form.personality === 'kernel') return [operation];
    // libpcap: a count of 32 or more leaves nothing; the machine would mask it.
    if (!usesX) return k > 31 ? [build.set(a, 0)] : [operation];
    return [operation, build.branch(32, 'jlt', x, constant(32), 1), build.set(a, 0)];
  }

  private exit(index: number): { readonly pieces: readonly Piece[]; readonly exit: CodeExit } {
    const { exit } = this.graph.blocks[index]!;
    switch (exit.kind) {
      case 'return': {
        if (isRefusal(exit)) return { pieces: [], exit: { kind: 'goto', target: this.reject } };
        const pieces = withSpan(exit.span, this.returned(exit));
        // Where rejecting is nothing but `exit`, accepting falls into it.
        return this.form.reject.length === 1
          ? { pieces, exit: { kind: 'goto', target: this.reject } }
          : { pieces: [...pieces, build.exit], exit: { kind: 'end' } };
      }
      case 'goto':
        return {
          pieces: isBackward(this.order, index, exit.target) ? this.countRound(exit.target) : [],
          exit: { kind: 'goto', target: this.target(exit.target) },
        };
      case 'branch':
        return { pieces: [], exit: this.branch(index, exit) };
    }
  }

  private branch(index: number, exit: Extract<Block['exit'], { readonly kind: 'branch' }>): CodeExit {
    const { registers, constant: constantOf } = this.form;
    const at = this.graph.blocks[index]!.statements.length;
    return {
      kind: 'branch',
      op: BRANCH_NAMES.get(opcodes.operationOf(exit.code))!,
      register: registers.a,
      operand: opcodes.usesX(exit.code) ? register(registers.x) : constant(constantOf(exit.k, index, at)),
      onTrue: this.target(exit.onTrue),
      onFalse: this.target(exit.onFalse),
      span: exit.span,
    };
  }

  /** A block that does nothing but reject is the one that all share. */
  private target(block: number): number {
    const { statements, exit } = this.graph.blocks[block]!;
    return statements.length === 0 && exit.kind === 'return' && isRefusal(exit) ? this.reject : block;
  }

  private returned({ code, k }: Returned): readonly Piece[] {
    const { registers, results, returns } = this.form;
    const isConstant = code === (opcodes.RET | opcodes.K);
    const result = isConstant ? constant(k) : register(registers.a);
    const { accept, reject: refused } = results;
    if (isConstant && accept === undefined) return returns(result);
    // A may be 0, which rejects.
    const isRefused: Piece = { ...build.branch(32, 'jeq', registers.a, constant(0)), target: this.reject };
    const chosen = returns(accept === undefined ? result : constant(accept));
    return isConstant || (accept === undefined && refused === 0) ? chosen : [isRefused, ...chosen];
  }

  private countRound(header: number): readonly Piece[] {
    const home = this.homes[COUNTER]!;
    const held = 'register' in home ? home.register : this.form.registers.scratch;
    const variables = [...Array(VARIABLES).keys()].filter((variable) => isIn(variable, this.live[header]!));
    return [
      ...('register' in home ? [] : [build.load(WORD, held, FRAME, home.stack)]),
      build.alu(64, 'add', held, constant(-1)),
      ...('register' in home ? [] : [build.store(WORD, FRAME, home.stack, held)]),
      { ...build.branch(64, 'jeq', held, constant(0)), target: this.reject },
      ...variables.flatMap((variable) => this.forget(variable)),
    ];
  }

  /**
   * Swaps a variable's bytes, and back. A verifier loses its bounds by that, and so finds every round
   * equal to the one before: with bounds it would follow each way through each round on its own.
   */
  private forget(variable: number): readonly Slot[] {
    const { a, x, scratch } = this.form.registers;
    const swapped = (held: number): readonly Slot[] => [build.swapBytes(held), build.swapBytes(held)];
    if (variable === A) return swapped(a);
    if (variable === X) return swapped(x);
    const home = this.homes[variable]!;
    if ('register' in home) return swapped(home.register);
    return [
      build.load(WORD, scratch, FRAME, home.stack),
      ...swapped(scratch),
      build.store(WORD, FRAME, home.stack, scratch),
    ];
  }

  /** Zeroes what is read before it is written, and sets the loop counter. */
  private initial(): readonly Slot[] {
    const { a, x } = this.form.registers;
    const start = this.live[this.graph.entry]!;
    const slots: Slot[] = [];
    if (isIn(A, start)) slots.push(build.set(a, 0));
    if (isIn(X, start)) slots.push(build.set(x, 0));
    for (let variable = CELLS; variable < VARIABLES; variable++)
      if (isIn(variable, start)) slots.push(...this.setTo(variable, 0));
    if (this.loops) slots.push(...this.setTo(COUNTER, this.form.rounds + 1));
    return slots;
  }

  private setTo(variable: number, value: number): readonly Slot[] {
    const home = this.homes[variable];
    if (home === undefined) return [];
    if ('register' in home) return [build.set(home.register, value)];
    const { scratch } = this.form.registers;
    return [build.set(scratch, value), build.store(WORD, FRAME, home.stack, scratch)];
  }
}

/** Where a statement stands, and what is known of it. */
interface Place {
  readonly block: number;
  readonly at: number;
  /** What it writes is read later. */
  readonly isLive: boolean;
  /** Its constant is kept from the verifier. */
  readonly isHidden: boolean;
}

interface Returned {
  readonly code: number;
  readonly k: number;
}

const isRefusal = ({ code, k }: Returned): boolean => code === (opcodes.RET | opcodes.K) && k === 0;

const withSpan = (span: Instruction['span'], pieces: readonly Piece[]): readonly Piece[] =>
  span === undefined ? pieces : pieces.map((piece) => ({ ...piece, span }));

const BRANCH_NAMES: ReadonlyMap<number, BranchOperation> = new Map(
  opcodes.JUMP_ROWS.map((row): [number, BranchOperation] => [row.bits, row.name as BranchOperation]),
);
