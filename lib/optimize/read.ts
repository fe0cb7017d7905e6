/**
 * Flow graph → decision graph: runs each block on values instead of numbers.
 *
 * Where ways meet and a register holds different values on them, it becomes a variable, assigned at the
 * end of each block before; registers that hold the same pair of values share one. A scratch cell that
 * is read in later blocks becomes a variable too, if computing its value again would take long.
 * Preserves verdicts and traps exactly: every executed load is a touch unless it is part of what
 * follows. Steps are as many as blocks.
 */

import { opcodes, SKF_AD, SKF_AD_OFF } from '../cbpf/index.js';
import { type Block, type Graph, type Statement, successors } from '../cfg/index.js';
import { predecessors, reversePostorder } from '../graph.js';
import {
  type Assignment,
  type Decisions,
  HOME_A,
  HOME_X,
  type Step,
  type StepExit,
  uses,
} from './decision.js';
import { HUGE, type Value, Values } from './value.js';

const {
  A,
  ABS,
  ADD,
  ALU,
  DIV,
  IMM,
  IND,
  LD,
  LDX,
  LEN,
  LSH,
  AND,
  MEM,
  MEMORY_WORDS,
  MISC,
  MOD,
  MSH,
  NEG,
  RET,
  ST,
} = opcodes;
const { STX, TXA, classOf, modeOf, operationOf, sizeOf, usesX } = opcodes;

/** Places that hold values: A, X, then M[]. */
const PLACES = MEMORY_WORDS + 2;
const A_PLACE = 0;
const X_PLACE = 1;
const homeOf = (place: number): number =>
  place === A_PLACE ? HOME_A : place === X_PLACE ? HOME_X : place - 2;
const UNKNOWN = -1;
const NOTHING_READ: Value[] = new Array<Value>(PLACES).fill(UNKNOWN);

/** `undefined` for a graph with a loop, or with loads that are no function of the packet. */
export function read(graph: Graph, values = new Values()): Decisions | undefined {
  const whole = nodesOf(graph.blocks, graph.entry);
  for (const node of whole.order.nodes) {
    for (const to of whole.nodes.successors(node)) {
      if (whole.order.position[to]! <= whole.order.position[node]!) return undefined;
    }
  }
  const { blocks, entry } = splitAtStores(graph, liveAtEntry(graph.blocks, whole.order.nodes));
  const { nodes, order } = blocks === graph.blocks ? whole : nodesOf(blocks, entry);
  const before = predecessors(nodes, order);
  const live = liveAtEntry(blocks, order.nodes);

  const homes = new Map<Value, number>();
  const leaving = new Array<Value[]>(blocks.length + 1);
  leaving[0] = new Array<Value>(PLACES).fill(values.constant(0));
  const results = new Map<number, Executed>();
  for (const node of order.nodes.slice(1)) {
    const isRead = live[node] !== 0;
    const entering = isRead ? new Array<Value>(PLACES).fill(UNKNOWN) : NOTHING_READ;
    const joins = new Map<string, Value>();
    for (let place = 0; isRead && place < PLACES; place++) {
      if ((live[node]! & (1 << place)) === 0) continue;
      const incoming = before[node]!.map((from) => leaving[from]![place]!);
      if (incoming.every((value) => value === incoming[0])) entering[place] = incoming[0]!;
      else {
        const key = incoming.join();
        let variable = joins.get(key);
        if (variable === undefined) {
          variable = join(values, incoming);
          joins.set(key, variable);
          homes.set(variable, homeOf(place));
          for (const [index, from] of before[node]!.entries()) {
            const sets = results.get(from)?.sets;
            // All assignments of a step are made at once, from what held before it.
            const own = sets?.find((set) => set.variable === incoming[index]);
            sets?.push({ variable, value: own?.value ?? incoming[index]! });
          }
        }
        entering[place] = variable;
      }
    }
    // The entry has values too; a block that is entered first and again later would need a step of its own.
    if (joins.size > 0 && before[node]!.includes(0)) return undefined;
    const executed = execute(values, blocks[node - 1]!, entering);
    if (executed === undefined) return undefined;
    const { state } = executed;
    const after = successors(blocks[node - 1]!).reduce((all, to) => all | live[to + 1]!, 0);
    for (const place of [X_PLACE, ...executed.stored]) {
      const value = state[place]!;
      if (values.literal || (after & (1 << place)) === 0 || isCheap(values, value)) continue;
      const variable = values.variable(values.min[value], values.max[value], values.bits[value]);
      homes.set(variable, homeOf(place));
      executed.sets.push({ variable, value });
      for (let other = 0; other < PLACES; other++) if (state[other] === value) state[other] = variable;
    }
    leaving[node] = state;
    results.set(node, executed);
  }
  const place = (block: number) => order.position[block + 1]! - 1;
  const steps = order.nodes.slice(1).map((node): Step => {
    const { touches, sets, value, right } = results.get(node)!;
    const step = { touches: [], sets, exit: exitOf(blocks[node - 1]!, value, right, place) };
    return { ...step, touches: unimplied(values, touches, uses(step)) };
  });
  return { values, steps, entry: 0, homes };
}

/** Node 0 stands for the entry, block + 1 for a block. */
function nodesOf(blocks: readonly Block[], entry: number) {
  const lists = [[entry + 1], ...blocks.map((block) => successors(block).map((to) => to + 1))];
  const nodes = { size: lists.length, successors: (node: number) => lists[node]! };
  return { nodes, order: reversePostorder(nodes) };
}

/**
 * Ends a block behind the last store to a cell that later blocks read, so that what follows in it can be
 * told from the variable that the cell may become.
 */
function splitAtStores(graph: Graph, live: Int32Array): Graph {
  const result = [...graph.blocks];
  for (let index = 0; index < graph.blocks.length; index++) {
    const block = graph.blocks[index]!;
    const { statements, exit } = block;
    if (statements.every(({ code }) => classOf(code) !== ST && classOf(code) !== STX)) continue;
    const after = successors(block).reduce((all, to) => all | live[to + 1]!, 0);
    const isKept = ({ code, k }: Statement) =>
      (classOf(code) === ST || classOf(code) === STX) && (after & (1 << (k + 2))) !== 0;
    const last = statements.findLastIndex(isKept);
    if (last < 0 || last + 1 === statements.length) continue;
    result[index] = {
      statements: statements.slice(0, last + 1),
      exit: { kind: 'goto', target: result.length },
    };
    result.push({ statements: statements.slice(last + 1), exit });
  }
  return result.length === graph.blocks.length ? graph : { blocks: result, entry: graph.entry };
}

function join(values: Values, incoming: readonly Value[]): Value {
  const min = Math.min(...incoming.map((value) => values.min[value]!));
  const max = Math.max(...incoming.map((value) => values.max[value]!));
  const bits = incoming.reduce((all, value) => all | values.bits[value]!, 0);
  return values.variable(min, max, bits >>> 0);
}

/** Whether computing a value anew takes about as long as reading it from a scratch cell. */
function isCheap(values: Values, value: Value): boolean {
  const kind = values.kinds[value]!;
  switch (kind.kind) {
    case 'alu':
      return kind.op === ADD && values.constantOf(kind.right) !== undefined && isVariable(values, kind.left);
    case 'load':
      return kind.base === undefined || isVariable(values, kind.base);
    case 'negate':
      return false;
    default:
      return true;
  }
}

const isVariable = (values: Values, value: Value): boolean => values.kinds[value]!.kind === 'variable';

interface Executed {
  /** Each once. */
  readonly touches: readonly Value[];
  readonly sets: Assignment[];
  /** Places behind the block's statements. */
  readonly state: Value[];
  /** Scratch cells that were written, each once. */
  readonly stored: readonly number[];
  /** A and the other operand, at the exit. */
  readonly value: Value;
  readonly right: Value;
}

function execute(
  values: Values,
  { statements, exit }: Block,
  entering: readonly Value[],
): Executed | undefined {
  const state = [...entering];
  const touches: Value[] = [];
  const stored: number[] = [];
  for (const statement of statements) {
    const place = destination(statement);
    const value = evaluate(values, statement, state);
    if (value === undefined || (value.result >= 0 && values.weight[value.result]! >= HUGE)) return undefined;
    if (values.traps[value.trap] && !touches.includes(value.trap)) touches.push(value.trap);
    state[place] = value.result;
    if (place > X_PLACE && !stored.includes(place)) stored.push(place);
  }
  let value = state[A_PLACE]!;
  let right = UNKNOWN;
  if (exit.kind === 'branch') right = usesX(exit.code) ? state[X_PLACE]! : values.constant(exit.k);
  if (exit.kind === 'return' && exit.code !== (RET | A)) value = values.constant(exit.k);
  return { touches, sets: [], state, stored, value, right };
}

function destination({ code, k }: Statement): number {
  switch (classOf(code)) {
    case LDX:
      return X_PLACE;
    case ST:
    case STX:
      return k + 2;
    case MISC:
      return operationOf(code) === TXA ? A_PLACE : X_PLACE;
    default:
      return A_PLACE;
  }
}

/** What a statement computes, and what of it may trap. */
function evaluate(
  values: Values,
  { code, k }: Statement,
  state: readonly Value[],
): { result: Value; trap: Value } | undefined {
  const plain = (value: Value) => ({ result: value, trap: value });
  const a = state[A_PLACE]!;
  const x = state[X_PLACE]!;
  switch (classOf(code)) {
    case ALU: {
      if (operationOf(code) === NEG) return { result: values.negate(a), trap: values.constant(0) };
      const right = usesX(code) ? x : values.constant(k);
      const result = values.alu(operationOf(code), a, right);
      // A quotient is touched for its divisor. Loads in the operands were touched when they were made.
      const divides = operationOf(code) === DIV || operationOf(code) === MOD;
      return { result, trap: divides ? result : values.constant(0) };
    }
    case ST:
      return { result: a, trap: values.constant(0) };
    case STX:
      return { result: x, trap: values.constant(0) };
    case MISC:
      return { result: operationOf(code) === TXA ? x : a, trap: values.constant(0) };
  }
  switch (modeOf(code)) {
    case IMM:
      return plain(values.constant(k));
    case LEN:
      return plain(values.length());
    case MEM:
      return { result: state[k + 2]!, trap: values.constant(0) };
    case IND:
      return plain(values.load(sizeOf(code), x, k));
    case MSH: {
      const byte = values.load(1, undefined, k);
      const length = values.alu(LSH, values.alu(AND, byte, values.constant(0xf)), values.constant(2));
      return { result: length, trap: byte };
    }
    case ABS: {
      const special = values.ancillary(code, k);
      if (special === undefined) return plain(values.load(sizeOf(code), undefined, k));
      return isPlainAncillary(values, special, k, a) ? plain(special) : undefined;
    }
  }
  return undefined;
}

/** SKF_AD_ numbers that are values of the packet, whatever the registers hold. */
const PLAIN_ANCILLARY: ReadonlySet<number> = new Set([
  SKF_AD.protocol,
  SKF_AD.packetType,
  SKF_AD.mark,
  SKF_AD.queue,
  SKF_AD.receiveHash,
  SKF_AD.cpu,
  SKF_AD.vlanTci,
  SKF_AD.vlanPresent,
  SKF_AD.vlanProtocol,
]);
/** Those that return A where the packet came through no device. */
export const DEVICE_ANCILLARY: ReadonlySet<number> = new Set([SKF_AD.interfaceIndex, SKF_AD.hardwareType]);

function isPlainAncillary(values: Values, special: Value, k: number, a: Value): boolean {
  const number = k - SKF_AD_OFF;
  if (PLAIN_ANCILLARY.has(number)) return true;
  return DEVICE_ANCILLARY.has(number) && (values.constantOf(a) === 0 || a === special);
}

function exitOf({ exit }: Block, value: Value, right: Value, place: (block: number) => number): StepExit {
  switch (exit.kind) {
    case 'goto':
      return { kind: 'goto', target: place(exit.target) };
    case 'return':
      return { kind: 'return', value, ...spanOf(exit) };
    case 'branch': {
      const onTrue = place(exit.onTrue);
      const onFalse = place(exit.onFalse);
      return {
        kind: 'test',
        op: operationOf(exit.code),
        left: value,
        right,
        onTrue,
        onFalse,
        ...spanOf(exit),
      };
    }
  }
}

const spanOf = ({ span }: { readonly span?: Statement['span'] }) => (span === undefined ? {} : { span });

/** Touches that are not computed anyway for one of `needed` or for another touch. */
export function unimplied(values: Values, touches: readonly Value[], needed: readonly Value[]): Value[] {
  if (touches.length === 0) return [];
  const computed = new Set<Value>();
  const visit = (root: Value) => {
    const stack = [root];
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      if (computed.has(value)) continue;
      computed.add(value);
      stack.push(...values.operands(value));
    }
  };
  for (const value of needed) visit(value);
  const left: Value[] = [];
  // What was computed last may contain what came before.
  for (const value of [...touches].reverse()) {
    if (computed.has(value)) continue;
    visit(value);
    left.push(value);
  }
  return left.reverse();
}

/** Bit set of the places that are read before they are written, for each node (block + 1). */
function liveAtEntry(blocks: readonly Block[], nodes: readonly number[]): Int32Array {
  const live = new Int32Array(blocks.length + 1);
  for (let at = nodes.length - 1; at > 0; at--) {
    const node = nodes[at]!;
    const block = blocks[node - 1]!;
    live[node] = liveBeforeBlock(
      block,
      successors(block).reduce((all, to) => all | live[to + 1]!, 0),
    );
  }
  return live;
}

/** Bit set of the places that a block, or what comes behind it, reads before they are written. */
export function liveBeforeBlock({ statements, exit }: Block, after: number): number {
  let set = after;
  if (exit.kind === 'branch') set |= usesX(exit.code) ? 3 : 1;
  if (exit.kind === 'return' && exit.code === (RET | A)) set |= 1;
  for (let index = statements.length - 1; index >= 0; index--) {
    const statement = statements[index]!;
    set = (set & ~(1 << destination(statement))) | reads(statement);
  }
  return set;
}

function reads({ code, k }: Statement): number {
  switch (classOf(code)) {
    case LD:
    case LDX:
      if (modeOf(code) === MEM) return 1 << (k + 2);
      if (modeOf(code) === IND) return 1 << X_PLACE;
      // Some ancillary loads look at A; reading decides which.
      return modeOf(code) === ABS && k >= SKF_AD_OFF ? 1 << A_PLACE : 0;
    case ST:
      return 1 << A_PLACE;
    case STX:
      return 1 << X_PLACE;
    case ALU:
      return operationOf(code) !== NEG && usesX(code) ? 3 : 1;
    case MISC:
      return operationOf(code) === TXA ? 1 << X_PLACE : 1 << A_PLACE;
    default:
      return 0;
  }
}
