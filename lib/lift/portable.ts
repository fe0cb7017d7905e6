/**
 * The portable form: an eBPF socket filter that any kernel's verifier takes. The packet is read with
 * `LD_ABS` and `LD_IND`, which end the program with 0 where they are out of bounds, the context is
 * `struct __sk_buff`. (Linux rewrites these loads at load time; RFC 9669 §5.5 calls them legacy.)
 */

import { extensionAt, opcodes } from '../cbpf/index.js';
import type { Graph, Statement } from '../cfg/index.js';
import { build, type Program, SKB } from '../ebpf/index.js';
import type { Order } from '../graph.js';
import { HELPER_EXTENSIONS, SKB_EXTENSIONS } from './context.js';
import { A, isIn, liveAfter, X } from './dataflow.js';
import { emit, rejectBlock, type Settings } from './emit.js';
import { LiftError } from './error.js';
import type { Piece } from './piece.js';
import { type Bounds, boundsInside } from './ranges.js';

const { constant } = build;

const RESULT = 0;
const CONTEXT = 6;
const REGISTER_X = 7;
const KEEP = 8;
const SCRATCH = 2;
const LAST_OFFSET = 0x7fff_ffff;

export function emitPortable(graph: Graph, order: Order, live: Int32Array, settings: Settings): Program {
  const { personality } = settings;
  const before = boundsInside(graph, order, { afterSwaps: true });
  const reject = rejectBlock(graph);
  const liveBehind = graph.blocks.map((block) => liveAfter(block, live));

  const indirect = (size: 1 | 2 | 4, k: number, known: Bounds): readonly Piece[] => {
    const load = build.packetLoad(size, k, REGISTER_X);
    // The kernel adds as signed 32 bits; to libpcap the sum is unsigned and does not wrap.
    if (personality === 'kernel' || known[X]! <= LAST_OFFSET - k) return [load];
    return [{ ...build.branch(32, 'jgt', REGISTER_X, constant(LAST_OFFSET - k)), target: reject }, load];
  };

  const load = (statement: Statement, block: number, at: number): readonly Piece[] => {
    const { code, k } = statement;
    const into = opcodes.classOf(code) === opcodes.LD ? RESULT : REGISTER_X;
    switch (opcodes.modeOf(code)) {
      case opcodes.LEN:
        return [build.load(4, into, CONTEXT, SKB.len)];
      case opcodes.MSH: {
        // The load goes through r0, where A may still be wanted.
        const keeps = isIn(A, liveBehind[block]![at]!);
        return [
          ...(keeps ? [build.move(KEEP, RESULT)] : []),
          build.packetLoad(1, k),
          build.move(REGISTER_X, RESULT),
          build.alu(32, 'and', REGISTER_X, constant(0xf)),
          build.alu(32, 'lsh', REGISTER_X, constant(2)),
          ...(keeps ? [build.move(RESULT, KEEP)] : []),
        ];
      }
      case opcodes.IND:
        return indirect(opcodes.sizeOf(code), k, before[block]![at]!);
      default: {
        const extension = extensionAt(k);
        if (extension === undefined) return [build.packetLoad(opcodes.sizeOf(code), k)];
        const helper = HELPER_EXTENSIONS.get(extension.name);
        if (helper !== undefined) return [build.call(helper)];
        const emitField = SKB_EXTENSIONS.get(extension.name);
        if (emitField === undefined)
          throw new LiftError('no-equivalent', at, `struct __sk_buff has nothing for '${extension.name}'`);
        return emitField({ a: RESULT, x: REGISTER_X, context: CONTEXT });
      }
    }
  };

  return emit(graph, order, live, {
    ...settings,
    registers: { a: RESULT, x: REGISTER_X, scratch: SCRATCH, free: [9] },
    stack: 0,
    prologue: [build.move(CONTEXT, 1)],
    blockStart: () => [],
    load,
    after: () => [],
    constant: (k) => k,
    returns: (result) => ('register' in result ? [] : [build.alu(32, 'mov', RESULT, result)]),
    reject: [build.set(RESULT, 0), build.exit],
  });
}
