/** Structured code (structure.ts) as WebAssembly; what stands in its nodes is the writer's. */

import type { CodeWriter } from '../../wasm/index.js';
import type { Jump, Structured } from './structure.js';

export interface StructuredWriter {
  readonly code: CodeWriter;
  /** Writes the statements of a node. */
  readonly node: (node: number) => void;
  /** Leaves on the stack whether the node's test has the value `when`. */
  readonly test: (node: number, when: boolean) => void;
  /** Writes what comes before a jump back to a loop. */
  readonly beforeJumpBack: (label: number) => void;
  /** Leaves the number of a switch's jump on the stack; the last jump is for all larger numbers. */
  readonly choose: (node: number) => void;
}

export function writeStructured(parts: readonly Structured[], writer: StructuredWriter): void {
  write(parts, writer, new Map());
}

/** @param depths - By label: the depth of its block or loop. */
function write(parts: readonly Structured[], writer: StructuredWriter, depths: Map<number, number>): void {
  const { code } = writer;
  for (const part of parts) {
    switch (part.kind) {
      case 'code':
        writer.node(part.node);
        break;
      case 'branch': {
        writer.test(part.node, part.when);
        const [only] = part.then;
        if (part.then.length === 1 && only?.kind === 'break') {
          code.op('br_if', code.depth - depths.get(only.label)!);
          break;
        }
        code.op('if');
        write(part.then, writer, depths);
        code.op('end');
        break;
      }
      case 'block':
      case 'loop':
        if (part.kind === 'loop' && isTight(part)) {
          writeTight(part, writer, depths);
          break;
        }
        code.op(part.kind);
        depths.set(part.label, code.depth);
        write(part.body, writer, depths);
        code.op('end');
        break;
      case 'switch':
        writeSwitch(part.node, part.jumps, writer, depths);
        break;
      case 'break':
      case 'continue':
        writeJump(part, writer, depths);
        break;
    }
  }
}

type Loop = Structured & { readonly kind: 'loop' };

/** Whether a loop is one node that jumps back to itself, and nothing behind it does. */
function isTight({ label, body: [code, branch, ...rest] }: Loop): boolean {
  if (code?.kind !== 'code' || code.node !== label) return false;
  if (branch?.kind !== 'branch' || branch.node !== label || branch.then.length !== 1) return false;
  const [back] = branch.then;
  return back?.kind === 'continue' && back.label === label && !goesOnWith(label, rest);
}

function goesOnWith(label: number, parts: readonly Structured[]): boolean {
  return parts.some((part) => {
    switch (part.kind) {
      case 'continue':
        return part.label === label;
      case 'branch':
        return goesOnWith(label, part.then);
      case 'block':
      case 'loop':
        return goesOnWith(label, part.body);
      case 'switch':
        return goesOnWith(label, part.jumps);
      default:
        return false;
    }
  });
}

/** Bytes of a node's code up to which it is written twice: a few instructions without a check, whose call costs more. */
const SHORT = 48;

/**
 * Writes such a loop with two turns between jumps back: a jump that is taken and V8's look at the stack, one for each,
 * are half of what a short turn takes.
 */
function writeTight({ label, body }: Loop, writer: StructuredWriter, depths: Map<number, number>): void {
  const { code, node, test, beforeJumpBack } = writer;
  const [, branch, ...rest] = body as [Structured, Structured & { readonly kind: 'branch' }, ...Structured[]];
  const back: Jump = { kind: 'continue', label };
  code.op('block');
  const outside = code.depth;
  code.op('loop');
  depths.set(label, code.depth);
  const before = code.bytes.length;
  node(label);
  if (code.bytes.length - before <= SHORT) {
    test(label, !branch.when);
    code.op('br_if', code.depth - outside);
    beforeJumpBack(label);
    node(label);
  }
  test(label, branch.when);
  code.op('if');
  writeJump(back, writer, depths);
  code.op('end').op('end').op('end');
  write(rest, writer, depths);
}

function writeJump(
  jump: Jump,
  { code, beforeJumpBack }: StructuredWriter,
  depths: ReadonlyMap<number, number>,
): void {
  if (jump.kind === 'continue') beforeJumpBack(jump.label);
  code.op('br', code.depth - depths.get(jump.label)!);
}

function writeSwitch(
  node: number,
  jumps: readonly Jump[],
  writer: StructuredWriter,
  depths: ReadonlyMap<number, number>,
): void {
  const { code } = writer;
  // Something is done before each jump back, so each gets a landing place of its own in front of the table.
  jumps.forEach(() => {
    code.op('block');
  });
  writer.choose(node);
  code.table(
    jumps.map((_, index) => index),
    jumps.length - 1,
  );
  for (const jump of jumps) {
    code.op('end');
    if (depths.has(jump.label)) writeJump(jump, writer, depths);
    else throw new Error(`dispatch node ${node} jumps to a place that is not open`);
  }
}
