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
export function emit(graph: Graph, order: Order, live: Int32Array, form: Form): Program {
  const { registers, personality } = form;
  const loops = hasLoop(graph, order);
  const hidden = hiddenConstants(graph, live);
  const homes = homesOf(graph, registers.free, form.stack + HIDING_ROOM, loops);
  const reject = rejectBlock(graph);
  const read = (variable: number, into: number): Slot => {
    const home = homes[variable]!;
    return 'register' in home ? build.move(into, home.register) : build.load(WORD, into, FRAME, home.stack);
  };
  const write = (variable: number, from: number): Slot => {
    const home = homes[variable]!;
    return 'register' in home ? build.move(home.register, from) : build.store(WORD, FRAME, home.stack, from);
  };

  const statementPieces = (
    statement: Statement,
    block: number,
    at: number,
    isLive: boolean,
  ): readonly Piece[] => {
    const { code, k } = statement;
    const into = opcodes.classOf(code) === opcodes.LD ? registers.a : registers.x;
    switch (opcodes.classOf(code)) {
      case opcodes.LD:
      case opcodes.LDX:
        if (opcodes.modeOf(code) === opcodes.IMM)
          return hidden[block]![at]! ? setHidden(into, k, FRAME, form.stack) : [build.set(into, k)];
        if (opcodes.modeOf(code) === opcodes.MEM) return [read(CELLS + k, into)];
        return form.load(statement, block, at, isLive);
      case opcodes.ST:
        return [write(CELLS + k, registers.a)];
      case opcodes.STX:
        return [write(CELLS + k, registers.x)];
      case opcodes.ALU:
        return aluPieces(statement, form.constant(k, block, at));
      default:
        return opcodes.operationOf(code) === opcodes.TXA
          ? [build.move(registers.a, registers.x)]
          : [build.move(registers.x, registers.a)];
    }
  };
  const aluPieces = ({ code }: Statement, k: number): readonly Piece[] => {
    const row = opcodes.aluRowOf(code);
    if (row === undefined) return [build.alu(32, 'neg', registers.a, constant(0))];
    const usesX = opcodes.usesX(code);
    const operation = build.alu(
      32,
      row.name as 'add',
      registers.a,
      usesX ? register(registers.x) : constant(k),
    );
    if (usesX && row.edge === 'zero-divisor')
      return [{ ...build.branch(32, 'jeq', registers.x, constant(0)), target: reject }, operation];
    if (row.edge !== 'wide-shift' || personality === 'kernel') return [operation];
    // libpcap: a count of 32 or more leaves nothing; the machine would mask it.
    if (!usesX) return k > 31 ? [build.set(registers.a, 0)] : [operation];
    return [operation, build.branch(32, 'jlt', registers.x, constant(32), 1), build.set(registers.a, 0)];
  };

  const spanOf = (span: Instruction['span'], pieces: readonly Piece[]): readonly Piece[] =>
    span === undefined ? pieces : pieces.map((piece) => ({ ...piece, span }));

  const exitOf = (index: number): { readonly pieces: readonly Piece[]; readonly exit: CodeExit } => {
    const { exit, statements } = graph.blocks[index]!;
    const to = (target: number): number => {
      const { statements: none, exit: ending } = graph.blocks[target]!;
      const rejects =
        none.length === 0 &&
        ending.kind === 'return' &&
        ending.code === (opcodes.RET | opcodes.K) &&
        ending.k === 0;
      return rejects ? reject : target;
    };
    switch (exit.kind) {
      case 'return': {
        if (exit.code === (opcodes.RET | opcodes.K) && exit.k === 0)
          return { pieces: [], exit: { kind: 'goto', target: reject } };
        const pieces = spanOf(exit.span, returned(exit));
        // Where rejecting is nothing but `exit`, accepting falls into it.
        return form.reject.length === 1
          ? { pieces, exit: { kind: 'goto', target: reject } }
          : { pieces: [...pieces, build.exit], exit: { kind: 'end' } };
      }
      case 'goto':
        return {
          pieces: isBackward(order, index, exit.target) ? countRound(exit.target) : [],
          exit: { kind: 'goto', target: to(exit.target) },
        };
      case 'branch': {
        const op = BRANCH_NAMES.get(opcodes.operationOf(exit.code))!;
        const usesX = opcodes.usesX(exit.code);
        const operand = usesX
          ? register(registers.x)
          : constant(form.constant(exit.k, index, statements.length));
        const span = exit.span === undefined ? {} : { span: exit.span };
        const branch: CodeExit = {
          kind: 'branch',
          op,
          register: registers.a,
          operand,
          onTrue: to(exit.onTrue),
          onFalse: to(exit.onFalse),
          ...span,
        };
        return { pieces: [], exit: branch };
      }
    }
  };
  const returned = ({ code, k }: { readonly code: number; readonly k: number }): readonly Piece[] => {
    const isConstant = code === (opcodes.RET | opcodes.K);
    const result = isConstant ? constant(k) : register(registers.a);
    const { accept, reject: refused } = form.results;
    if (isConstant && accept === undefined) return form.returns(result);
    // A may be 0, which rejects.
    const isRefused: Piece = { ...build.branch(32, 'jeq', registers.a, constant(0)), target: reject };
    const chosen = form.returns(accept === undefined ? result : constant(accept));
    return isConstant || (accept === undefined && refused === 0) ? chosen : [isRefused, ...chosen];
  };
  const countRound = (header: number): readonly Piece[] => {
    const home = homes[COUNTER]!;
    const held = 'register' in home ? home.register : registers.scratch;
    return [
      ...('register' in home ? [] : [build.load(WORD, held, FRAME, home.stack)]),
      build.alu(64, 'add', held, constant(-1)),
      ...('register' in home ? [] : [build.store(WORD, FRAME, home.stack, held)]),
      { ...build.branch(64, 'jeq', held, constant(0)), target: reject },
      ...[...Array(VARIABLES).keys()].filter((variable) => isIn(variable, live[header]!)).flatMap(forget),
    ];
  };
  /**
   * Swaps a variable's bytes, and back. A verifier loses its bounds by that, and so finds every round
   * equal to the one before: with bounds it would follow each way through each round on its own.
   */
  const forget = (variable: number): readonly Slot[] => {
    const swapped = (held: number): readonly Slot[] => [build.swapBytes(held), build.swapBytes(held)];
    if (variable === A) return swapped(registers.a);
    if (variable === X) return swapped(registers.x);
    const home = homes[variable]!;
    if ('register' in home) return swapped(home.register);
    return [
      build.load(WORD, registers.scratch, FRAME, home.stack),
      ...swapped(registers.scratch),
      build.store(WORD, FRAME, home.stack, registers.scratch),
    ];
  };

  const code = graph.blocks.map((block, index): CodeBlock => {
    const isLive = isWriteLive(block, live);
    const pieces: Piece[] = [...form.blockStart(index)];
    for (const [at, statement] of block.statements.entries()) {
      pieces.push(
        ...spanOf(statement.span, [
          ...statementPieces(statement, index, at, isLive[at]!),
          ...form.after(index, at),
        ]),
      );
    }
    const ending = exitOf(index);
    return { pieces: [...pieces, ...ending.pieces], exit: ending.exit };
  });
  code.push({ pieces: form.reject, exit: { kind: 'end' } });
  code.push({ pieces: [...form.prologue, ...initial()], exit: { kind: 'goto', target: graph.entry } });
  return layOut(code, code.length - 1, reject);

  /** Zeroes what is read before it is written, and sets the loop counter. */
  function initial(): readonly Slot[] {
    const start = live[graph.entry]!;
    const slots: Slot[] = [];
    if (isIn(A, start)) slots.push(build.set(registers.a, 0));
    if (isIn(X, start)) slots.push(build.set(registers.x, 0));
    const clear = (variable: number, value: number): void => {
      const home = homes[variable];
      if (home === undefined) return;
      if ('register' in home) slots.push(build.set(home.register, value));
      else
        slots.push(
          build.set(registers.scratch, value),
          build.store(WORD, FRAME, home.stack, registers.scratch),
        );
    };
    for (let variable = CELLS; variable < VARIABLES; variable++)
      if (isIn(variable, start)) clear(variable, 0);
    if (loops) clear(COUNTER, form.rounds + 1);
    return slots;
  }
}

const BRANCH_NAMES: ReadonlyMap<number, BranchOperation> = new Map(
  opcodes.JUMP_ROWS.map((row): [number, BranchOperation] => [row.bits, row.name as BranchOperation]),
);
