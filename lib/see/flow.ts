/** Flow graphs of programs of either machine, as plain data: what pictures are drawn of, and what a page can lay out itself. */

import { type Program as Classic, disassemble, opcodes } from '../cbpf/index.js';
import { decode, describe, type Program as Extended, slotsOf, targetsOf } from '../ebpf/index.js';
import type { Span } from '../source.js';

/** Words of an expression, with their place. */
export interface Words extends Span {
  readonly text: string;
}

/** How often things ran. */
export interface Counts {
  /** Of each instruction. */
  readonly ran: ArrayLike<number>;
  /** Of each conditional jump, how often its test held; without it, of those where it follows from what ran. */
  readonly held?: ArrayLike<number> | undefined;
}

/** A basic block. */
export interface FlowNode {
  /** Its place in {@link FlowGraph.nodes}. */
  readonly id: number;
  /** Its first instruction, and the one behind its last. */
  readonly start: number;
  readonly end: number;
  /** What they are, one a line; jumps without where they go. */
  readonly lines: readonly string[];
  /** The words that they came from, each once. */
  readonly words: readonly Words[];
  /** What a block that only returns does. */
  readonly returns: 'accept' | 'reject' | 'result' | undefined;
  /** How often it was entered, where that was counted. */
  readonly ran: number | undefined;
}

/** A way from one block to another. */
export interface FlowEdge {
  readonly from: number;
  readonly to: number;
  /** Whether the test held, or there was none. */
  readonly kind: 'yes' | 'no' | 'next';
  /** How often it was gone, where that was counted. */
  readonly ran: number | undefined;
}

/** A program as blocks and the ways between them; the first node is where it starts. */
export interface FlowGraph {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

/** What is known of an instruction. */
interface Line {
  readonly index: number;
  readonly text: string;
  readonly span: Span | undefined;
  /** Where it goes on, the branch that is taken first; one that only falls through is no jump. */
  readonly targets: readonly number[];
  readonly ends: boolean;
  readonly returns: FlowNode['returns'];
}

/**
 * The flow graph of a classic program.
 *
 * @param expression - What its spans point into.
 * @param counts - What {@link profile} counted.
 */
export function flowGraph(program: Classic, expression = '', counts?: Counts): FlowGraph {
  const texts = disassemble(program).split('\n');
  const lines = program.map(({ code, jt, jf, k, span }, index): Line => {
    const kind = opcodes.classOf(code);
    const next = index + 1;
    const text = texts[index]!.slice(6)
      .replace(/\s+jt \d+\tjf \d+$/, '')
      .replace(/\s+/g, ' ')
      .trim();
    const rest = { index, text, span, ends: kind === opcodes.JMP || kind === opcodes.RET };
    if (kind === opcodes.RET) {
      const returns = code === (opcodes.RET | opcodes.A) ? 'result' : k === 0 ? 'reject' : 'accept';
      return { ...rest, targets: [], returns };
    }
    const jumps = kind === opcodes.JMP;
    const targets = !jumps ? [next] : opcodes.isConditional(code) ? [next + jt, next + jf] : [next + (k | 0)];
    return { ...rest, targets, returns: undefined };
  });
  return graphOf(lines, expression, counts);
}

/** The flow graph of an eBPF program; functions that it calls are blocks of their own. @throws DecodeError */
export function flowGraphOfEbpf(program: Extended, expression = '', counts?: Counts): FlowGraph {
  const lines: Line[] = [];
  for (let index = 0; index < program.length; ) {
    const instruction = decode(program, index, { lenient: true });
    const { kind } = instruction;
    const ends = kind === 'exit' || kind === 'jump' || kind === 'branch' || kind === 'mayGoto';
    lines.push({
      index,
      text: describe(instruction).replace(/ goto pc[+-]\d+$/, ''),
      span: program[index]!.span,
      targets: targetsOf(instruction, index),
      ends,
      returns: kind === 'exit' ? 'result' : undefined,
    });
    index += slotsOf(instruction);
  }
  return graphOf(lines, expression, counts);
}

function graphOf(lines: readonly Line[], expression: string, counts: Counts | undefined): FlowGraph {
  const first = lines[0]?.index ?? 0;
  const starts = new Set([first]);
  for (const [place, { targets, ends }] of lines.entries()) {
    if (!ends) continue;
    for (const to of targets) starts.add(to);
    const next = lines[place + 1];
    if (next !== undefined) starts.add(next.index);
  }
  const blocks: Line[][] = [];
  for (const line of lines) {
    if (starts.has(line.index)) blocks.push([]);
    blocks.at(-1)!.push(line);
  }
  const idAt = new Map(blocks.map(([head], id) => [head!.index, id]));
  const nodes = blocks.map((block, id) => nodeOf(block, id, expression, counts));
  const edges = blocks.flatMap((block, from) => edgesOf(block.at(-1)!, from, idAt, counts));
  return {
    nodes,
    edges: counts === undefined || counts.held !== undefined ? edges : filledIn(nodes, edges, counts.ran),
  };
}

/** Counts of edges that alone lead to their block, and of the other ways out of where they come from. */
function filledIn(nodes: readonly FlowNode[], edges: readonly FlowEdge[], ran: Counts['ran']): FlowEdge[] {
  const entering = new Map<number, number>();
  for (const { to } of edges) entering.set(to, (entering.get(to) ?? 0) + 1);
  const alone = edges.map((edge) => {
    const isAlone = edge.ran === undefined && entering.get(edge.to) === 1 && edge.to !== 0;
    return isAlone ? { ...edge, ran: nodes[edge.to]!.ran } : edge;
  });
  return alone.map((edge) => {
    const other = alone.find(({ from, kind }) => from === edge.from && kind !== edge.kind);
    if (edge.ran !== undefined || other?.ran === undefined) return edge;
    // A load may have ended the program before the block's end.
    return { ...edge, ran: ran[nodes[edge.from]!.end - 1]! - other.ran };
  });
}

function nodeOf(
  block: readonly Line[],
  id: number,
  expression: string,
  counts: Counts | undefined,
): FlowNode {
  const last = block.at(-1)!;
  const words = new Map<string, Words>();
  for (const { span } of block)
    if (span !== undefined)
      words.set(`${span.start} ${span.end}`, { ...span, text: expression.slice(span.start, span.end) });
  return {
    id,
    start: block[0]!.index,
    end: last.index + 1,
    lines: block.map(({ text }) => text),
    words: [...words.values()],
    returns: block.length > 1 && last.returns !== 'result' ? undefined : last.returns,
    ran: counts?.ran[block[0]!.index],
  };
}

function edgesOf(
  { index, targets }: Line,
  from: number,
  idAt: ReadonlyMap<number, number>,
  counts: Counts | undefined,
): FlowEdge[] {
  const ran = counts?.ran[index];
  const held = counts?.held?.[index];
  return targets.flatMap((target, place): FlowEdge[] => {
    const to = idAt.get(target);
    if (to === undefined) return [];
    if (targets.length === 1) return [{ from, to, kind: 'next', ran }];
    const isYes = place === 0;
    const times = ran === undefined || held === undefined ? undefined : isYes ? held : ran - held;
    return [{ from, to, kind: isYes ? 'yes' : 'no', ran: times }];
  });
}
