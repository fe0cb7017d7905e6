/**
 * The direct forms: programs for XDP, tc and cgroups that read the packet through pointers, which the kernel's
 * verifier accepts because each was compared with the packet's end.
 *
 * | register | holds | around helper calls |
 * | --- | --- | --- |
 * | r0 | the result: that of rejected packets until something accepts, so that rejecting is one jump to `exit` | |
 * | r1 | the context | on the stack |
 * | base | an address in the packet: comparisons move it, loads are relative to it | r6 |
 * | end | the packet's end | r7 |
 * | A, X | | r4, r8 |
 * | index | base + X, where X is needed besides | r9 |
 *
 * On XDP and tc the link header is taken to start the packet and the network header to follow the 14 bytes of an
 * Ethernet header, which is what the kernel's header-relative loads see on these hooks.
 */

import { extensionAt, opcodes } from '../cbpf/index.js';
import { type Graph, type Statement, successors } from '../cfg/index.js';
import { build, type Program, SKB, type Slot, XDP_MD } from '../ebpf/index.js';
import { dominance, immediateDominators, type Order } from '../graph.js';
import { byteOrder, swapConstant } from './byteOrder.js';
import { HELPER_EXTENSIONS, SKB_EXTENSIONS, XDP_EXTENSIONS } from './context.js';
import { effectsOf, X } from './dataflow.js';
import { emit, rejectBlock, type Settings } from './emit.js';
import { LiftError } from './error.js';
import {
  constantExtent,
  constantGuards,
  type IndexGuards,
  indexGuards,
  indirectExtent,
  isConstantLoad,
} from './guards.js';
import type { Piece } from './piece.js';
import { boundsInside } from './ranges.js';
import { forEachUse, type Webs, websOf } from './webs.js';

const { constant, register } = build;

/** What a hook has for programs that read the packet through pointers. */
export interface DirectHook {
  readonly name: string;
  /** Offsets in its context. */
  readonly data: number;
  readonly dataEnd: number;
  /** Of the packet's length on the wire; without it that is what is between the pointers. */
  readonly length?: number;
  readonly extensions: typeof SKB_EXTENSIONS;
  /** Where in the packet the network header lies, and the link header, if it is there. */
  readonly networkOffset: number;
  readonly linkOffset?: number | undefined;
}

/** Bytes of the Ethernet header. */
const ETHERNET = 14;
const SKB_HOOK = { data: SKB.data, dataEnd: SKB.dataEnd, length: SKB.len, extensions: SKB_EXTENSIONS };

/** Those of cgroups get packets from the network header on. */
export const HOOKS: Readonly<Record<'xdp' | 'tc' | 'cgroup', DirectHook>> = {
  xdp: {
    name: 'xdp',
    data: XDP_MD.data,
    dataEnd: XDP_MD.dataEnd,
    extensions: XDP_EXTENSIONS,
    networkOffset: ETHERNET,
    linkOffset: 0,
  },
  tc: { name: 'tc', ...SKB_HOOK, networkOffset: ETHERNET, linkOffset: 0 },
  cgroup: { name: 'cgroup', ...SKB_HOOK, networkOffset: 0 },
};
/** Offsets in a packet that the kernel's verifier follows (`MAX_PACKET_OFF`). */
const MAX_OFFSET = 0xffff;

interface Registers {
  readonly base: number;
  readonly end: number;
  readonly a: number;
  readonly x: number;
  readonly index: number;
  readonly scratch: number;
}
const PLAIN: Registers = { base: 2, end: 3, a: 4, x: 5, index: 6, scratch: 7 };
const AROUND_CALLS: Registers = { base: 6, end: 7, a: 4, x: 8, index: 9, scratch: 5 };
const RESULT = 0;
const CONTEXT = 1;
const FRAME = 10;
/** Where the context lies on the stack around calls. */
const CONTEXT_SLOT = -8;

export function emitDirect(
  graph: Graph,
  order: Order,
  live: Int32Array,
  settings: Settings,
  hook: DirectHook,
): Program {
  const { personality, results } = settings;
  const calls = graph.blocks.some(({ statements }) =>
    statements.some((statement) => helperOf(statement) !== undefined),
  );
  const registers = calls ? AROUND_CALLS : PLAIN;
  const rejecting = build.set(RESULT, results.reject);
  const { base, end, a, x, index, scratch } = registers;
  const reject = rejectBlock(graph);

  const before = boundsInside(graph, order);
  const extents = graph.blocks.map(({ statements }, block) =>
    statements.map((statement, at) => indirectExtent(statement, personality, before[block]![at]!)),
  );
  const guards = constantGuards(graph, order);
  const indexed = indexGuards(graph, order, extents);
  const webs = websOf(graph, X, live);
  const pointers = pointerWebs(graph, webs, indexed);
  const raw = byteOrder(graph, live);
  const usesBase = graph.blocks.map(({ statements }, block) => {
    const addresses = ({ code, k }: Statement): boolean =>
      opcodes.modeOf(code) === opcodes.LEN ||
      opcodes.modeOf(code) === opcodes.IND ||
      isConstantLoad({ code, k });
    const loads = statements.some(
      (statement) =>
        [opcodes.LD, opcodes.LDX].includes(opcodes.classOf(statement.code) as 0) && addresses(statement),
    );
    return loads || guards.atStart[block]! > 0 || indexed.at[block]!.some((extent) => extent > 0);
  });
  const bases = baseOffsets(graph, order, guards.atStart, usesBase);
  const needsIndex = indexed.at.some((places, block) =>
    places.some((extent, place) => extent > 0 && !pointers.has(webAt(webs, block, place))),
  );

  const pastEnd = (pointer: number): Piece => ({
    ...build.branch(64, 'jgt', pointer, register(end)),
    target: reject,
  });
  const add = (to: number, value: number): readonly Slot[] =>
    value === 0 ? [] : [build.alu(64, 'add', to, constant(value))];
  /** Compares a pointer that is `distance` bytes before the extent wanted. */
  const compare = (pointer: number, distance: number): readonly Piece[] =>
    distance === 0
      ? [pastEnd(pointer)]
      : [build.move(scratch, pointer), ...add(scratch, distance), pastEnd(scratch)];

  /** Largest extent of the loads at each web of X. */
  const furthest = new Map<number, number>();
  for (const [block, row] of extents.entries()) {
    for (const [at, extent] of row.entries()) {
      const web = webs.before(block, at);
      if (extent > 0) furthest.set(web, Math.max(furthest.get(web) ?? 0, extent));
    }
  }
  /** What the index register is ahead of base + X where the packet starts: the same everywhere. */
  const indexOffset = bases.after[graph.entry]!;

  const indexGuard = (block: number, place: number): readonly Piece[] => {
    const extent = indexed.at[block]![place]!;
    if (extent === 0) return [];
    const web = webAt(webs, block, place);
    const here = bases.after[block]!;
    const limit = MAX_OFFSET - (furthest.get(web) ?? extent) - indexOffset;
    const bound = before[block]![place]!;
    const inRange: readonly Piece[] =
      bound[X]! <= limit ? [] : [{ ...build.branch(64, 'jgt', x, constant(limit)), target: reject }];
    const ahead = pointers.get(web);
    if (ahead === undefined) {
      return [
        ...inRange,
        build.move(index, base),
        build.alu(64, 'add', index, register(x)),
        ...add(index, indexOffset - here),
        ...compare(index, extent - indexOffset),
      ];
    }
    // Right after X was set it becomes a pointer; later comparisons find one.
    const isDefinition = place > 0;
    return [
      ...(isDefinition ? [...inRange, build.alu(64, 'add', x, register(base)), ...add(x, ahead - here)] : []),
      ...compare(x, extent - ahead),
    ];
  };

  const constantGuard = (block: number): readonly Piece[] => {
    const extent = guards.atStart[block]!;
    if (extent === 0) return [];
    const distance = extent - bases.before[block]!;
    return bases.after[block] === extent ? [...add(base, distance), pastEnd(base)] : compare(base, distance);
  };

  const isRaw = (block: number, at: number): boolean => raw.rawSize(raw.webs.after(block, at)) !== undefined;
  /** A load into A, in the byte order its web has. */
  const loadA = (
    size: 1 | 2 | 4,
    pointer: number,
    offset: number,
    block: number,
    at: number,
  ): readonly Slot[] => [
    build.load(size, a, pointer, offset),
    ...(size === 1 || isRaw(block, at) ? [] : [build.fromBigEndian(a, size === 2 ? 16 : 32)]),
  ];
  const loadSized = (
    { code }: Statement,
    pointer: number,
    offset: number,
    block: number,
    at: number,
  ): readonly Slot[] =>
    opcodes.classOf(code) === opcodes.LD
      ? loadA(opcodes.sizeOf(code), pointer, offset, block, at)
      : [
          build.load(1, x, pointer, offset),
          build.alu(32, 'and', x, constant(0xf)),
          build.alu(32, 'lsh', x, constant(2)),
        ];

  /** A load whose address is in `scratch`, relative to the packet's start: compared on its own. */
  const loadAlone = (statement: Statement, block: number, at: number, isLive: boolean): readonly Piece[] => {
    const size = opcodes.sizeOf(statement.code);
    return [
      build.alu(64, 'add', scratch, register(base)),
      ...add(scratch, size - bases.after[block]!),
      pastEnd(scratch),
      ...(isLive ? loadSized(statement, scratch, -size, block, at) : []),
    ];
  };

  const load = (statement: Statement, block: number, at: number, isLive: boolean): readonly Piece[] => {
    const { code, k } = statement;
    const here = bases.after[block]!;
    const size = opcodes.sizeOf(code);
    if (isConstantLoad(statement)) {
      if (constantExtent(statement) > 0) return isLive ? loadSized(statement, base, k - here, block, at) : [];
      return [build.set(scratch, k), ...loadAlone(statement, block, at, isLive)];
    }
    switch (opcodes.modeOf(code)) {
      case opcodes.IND: {
        if (extents[block]![at]! === 0)
          return [...indexInScratch(k, size), ...loadAlone(statement, block, at, isLive)];
        if (!isLive) return [];
        const ahead = pointers.get(webs.before(block, at));
        return ahead === undefined
          ? loadSized(statement, index, k - indexOffset, block, at)
          : loadSized(statement, x, k - ahead, block, at);
      }
      case opcodes.LEN: {
        const into = opcodes.classOf(code) === opcodes.LD ? a : x;
        const { length } = hook;
        if (length !== undefined) return withContext((context) => [build.load(4, into, context, length)]);
        return [
          build.move(into, end),
          build.alu(64, 'sub', into, register(base)),
          // In 32 bits even where nothing is added: the value has to be seen to be a number of 32 bits.
          build.alu(32, 'add', into, constant(here)),
        ];
      }
      default:
        return isLive ? loadExtension(statement, at) : [];
    }
  };

  /** `scratch` <- X + k as the personality adds, if it can lie in a packet at all. */
  const indexInScratch = (k: number, size: number): readonly Piece[] => {
    const check: Piece = { ...build.branch(64, 'jgt', scratch, constant(MAX_OFFSET - size)), target: reject };
    if (personality === 'libpcap') return [build.move(scratch, x), ...add(scratch, k), check];
    // The kernel: a negative sum is in the network header's area, in the link header's below that, or nowhere.
    const headerArea = 0x10_0000;
    return [
      build.move(scratch, x),
      build.alu(32, 'add', scratch, constant(k)),
      build.branch(32, 'jsge', scratch, constant(0), 5),
      build.alu(32, 'add', scratch, constant(headerArea)),
      build.branch(32, 'jsge', scratch, constant(0), 2),
      // Nowhere, where the link header is not in the packet.
      hook.linkOffset === undefined
        ? build.set(scratch, -1)
        : build.alu(32, 'add', scratch, constant(headerArea + hook.linkOffset)),
      build.jump(1),
      build.alu(32, 'add', scratch, constant(hook.networkOffset)),
      check,
    ];
  };

  const withContext = (emitWith: (context: number) => readonly Slot[]): readonly Slot[] =>
    calls ? [build.load(8, scratch, FRAME, CONTEXT_SLOT), ...emitWith(scratch)] : emitWith(CONTEXT);

  const loadExtension = (statement: Statement, at: number): readonly Piece[] => {
    const helper = helperOf(statement);
    if (helper !== undefined) return [build.call(helper), build.move(a, RESULT), rejecting];
    const { name } = extensionAt(statement.k)!;
    const emitField = hook.extensions.get(name);
    if (emitField === undefined)
      throw new LiftError('no-equivalent', at, `${hook.name} programs have nothing for '${name}'`);
    return withContext((context) => emitField({ a, x, context }));
  };

  const reads = usesBase.some((uses) => uses);
  return emit(graph, order, live, {
    ...settings,
    registers: { a, x, scratch, free: calls ? [] : needsIndex ? [8, 9] : [8, 9, index] },
    stack: calls ? -CONTEXT_SLOT : 0,
    prologue: [
      rejecting,
      ...(calls ? [build.store(8, FRAME, CONTEXT_SLOT, CONTEXT)] : []),
      ...(reads ? [build.load(4, base, CONTEXT, hook.data), build.load(4, end, CONTEXT, hook.dataEnd)] : []),
    ],
    blockStart: (block) => [...constantGuard(block), ...indexGuard(block, 0)],
    load,
    after: (block, at) => indexGuard(block, at + 1),
    constant: (k, block, at) => {
      const size = raw.rawSize(raw.webs.before(block, at));
      return size === undefined ? k : swapConstant(k, size);
    },
    returns: (result) => [build.alu(32, 'mov', RESULT, result)],
    reject: [build.exit],
  });
}

const helperOf = ({ code, k }: Statement): number | undefined => {
  if (opcodes.classOf(code) !== opcodes.LD || opcodes.modeOf(code) !== opcodes.ABS) return undefined;
  const extension = extensionAt(k);
  return extension === undefined ? undefined : HELPER_EXTENSIONS.get(extension.name);
};

/** The web of X at a place of {@link IndexGuards}. */
const webAt = (webs: Webs, block: number, place: number): number =>
  place === 0 ? webs.atStart(block) : webs.after(block, place - 1);

/**
 * Webs of X that are nothing but places in the packet: X itself can be the pointer. Gives how far ahead
 * of X the pointer is.
 */
function pointerWebs(graph: Graph, webs: Webs, { at: places, extents }: IndexGuards): Map<number, number> {
  const ahead = new Map<number, number>();
  const refused = new Set<number>([webs.atStart(graph.entry)]);
  for (const [block, { statements }] of graph.blocks.entries()) {
    for (const [at, statement] of statements.entries()) {
      if (effectsOf(statement).writes !== X) continue;
      const web = webs.after(block, at);
      const extent = places[block]![at + 1]!;
      if (extent === 0) refused.add(web);
      ahead.set(web, Math.max(ahead.get(web) ?? 0, extent));
    }
  }
  forEachUse(graph, X, webs, (web, use, block, at) => {
    if (use === undefined || extents[block]![at] === 0) refused.add(web);
  });
  for (const web of refused) ahead.delete(web);
  return ahead;
}

/**
 * Where the base register points, before and after the comparison at a block's start. A comparison
 * moves it along if no block that uses it can be reached from there on another way as well.
 */
function baseOffsets(
  graph: Graph,
  order: Order,
  extents: readonly number[],
  usesBase: readonly boolean[],
): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const { blocks, entry } = graph;
  const swap = (node: number): number => (node === 0 ? entry : node === entry ? 0 : node);
  const swapped = {
    size: blocks.length,
    successors: (node: number) => successors(blocks[swap(node)]!).map(swap),
  };
  const swappedOrder = {
    nodes: order.nodes.map(swap),
    position: order.position.map((_, node) => order.position[swap(node)]!),
  };
  const dominators = immediateDominators(swapped, swappedOrder);
  const dominates = dominance(dominators, swappedOrder);
  const mayMove = (from: number): boolean => {
    const seen = new Uint8Array(blocks.length);
    const queue = [...successors(blocks[from]!)];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (seen[node] === 1) continue;
      seen[node] = 1;
      if (node === from || (usesBase[node] && !dominates(swap(from), swap(node)))) return false;
      queue.push(...successors(blocks[node]!));
    }
    return true;
  };
  const before = new Array<number>(blocks.length).fill(0);
  const after = new Array<number>(blocks.length).fill(0);
  for (const block of order.nodes) {
    if (block !== entry) before[block] = after[swap(dominators[swap(block)]!)]!;
    after[block] = extents[block]! > 0 && mayMove(block) ? extents[block]! : before[block]!;
  }
  return { before, after };
}
