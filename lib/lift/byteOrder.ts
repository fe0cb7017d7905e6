/**
 * Which values of the packet may stay in network byte order.
 *
 * A two- or four-byte load needs a byte swap, unless all that becomes of the value are comparisons for
 * equality, bit tests and bit operations with constants: then the constants are swapped instead, for
 * nothing.
 */

import { extensionAt, opcodes } from '../cbpf/index.js';
import type { Graph, Statement } from '../cfg/index.js';
import { A, effectsOf } from './dataflow.js';
import { forEachUse, type Webs, websOf } from './webs.js';

export interface ByteOrder {
  readonly webs: Webs;
  /** Bytes of the values of a web that are left in network order; `undefined` for host order. */
  readonly rawSize: (web: number) => 2 | 4 | undefined;
}

const { ABS, ALU, AND, IND, LD, OR, XOR, JEQ, JSET, K } = opcodes;

const isBitwise = ({ code }: Statement): boolean =>
  opcodes.classOf(code) === ALU && !opcodes.usesX(code) && [AND, OR, XOR].includes(opcodes.operationOf(code));

function loadedSize({ code, k }: Statement): number | undefined {
  if (opcodes.classOf(code) !== LD) return undefined;
  const mode = opcodes.modeOf(code);
  return mode === IND || (mode === ABS && extensionAt(k) === undefined) ? opcodes.sizeOf(code) : undefined;
}

const fits = (size: 2 | 4, k: number): boolean => size === 4 || k <= 0xffff;

export function byteOrder(graph: Graph, live: Int32Array): ByteOrder {
  const webs = websOf(graph, A, live, isBitwise);
  const sizes = new Map<number, 2 | 4 | undefined>();
  const forbid = (web: number): void => {
    sizes.set(web, undefined);
  };
  for (const [block, { statements }] of graph.blocks.entries()) {
    for (const [at, statement] of statements.entries()) {
      if (effectsOf(statement).writes !== A || isBitwise(statement)) continue;
      const web = webs.after(block, at);
      const size = loadedSize(statement);
      if ((size !== 2 && size !== 4) || (sizes.has(web) && sizes.get(web) !== size)) forbid(web);
      else sizes.set(web, size);
    }
  }
  for (const web of sizes.keys()) if (webs.hasInitial(web)) forbid(web);
  forEachUse(graph, A, webs, (web, use, block) => {
    const size = sizes.get(web);
    if (size === undefined) return;
    if (use !== undefined) {
      if (!isBitwise(use) || !fits(size, use.k)) forbid(web);
      return;
    }
    const { exit } = graph.blocks[block]!;
    const operation = exit.kind === 'branch' ? opcodes.operationOf(exit.code) : undefined;
    const swappable =
      exit.kind === 'branch' && (exit.code & opcodes.X) === K && (operation === JEQ || operation === JSET);
    if (!swappable || !fits(size, exit.k)) forbid(web);
  });
  return { webs, rawSize: (web) => sizes.get(web) };
}

/** A constant as it compares with values left in network order. */
export function swapConstant(k: number, size: 2 | 4): number {
  const swapped16 = ((k & 0xff) << 8) | ((k >>> 8) & 0xff);
  if (size === 2) return swapped16;
  return ((swapped16 << 16) | (((k >>> 16) & 0xff) << 8) | (k >>> 24)) >>> 0;
}
