/** Test support: how judged programs get at memory: stack, context, packet, values of maps, sockets. */

import type { AtomicOperation, Size } from '../../ebpf/opcodes.js';
import { lookup } from './helperMoves.js';
import { bound } from './numberMoves.js';
import { BRANCHES, CONTEXT, type Move, SIZES, type Writer } from './writer.js';

/** Fields of `struct __sk_buff` and `struct xdp_md` that programs read. */
const OFFSETS = [
  0, 4, 8, 12, 16, 24, 32, 36, 40, 44, 48, 52, 56, 64, 68, 72, 84, 88, 112, 136, 152, 164, 176, 184,
];

const aligned = (w: Writer, size: Size, slots = 6): number => {
  const slot = -8 * (1 + w.random(w.chance(8) ? 64 : slots));
  if (w.careless) return slot + w.random(17) - 8;
  return size === 8 ? slot : slot + size * w.random(w.chance(2) ? 1 : 8 / size);
};

export const spill: Move = (w) => {
  const size = w.pick([8, 8, 8, 4, 4, 2, 1] as const);
  const offset = aligned(w, size);
  const slot = Math.ceil(-offset / 8) - 1;
  if (w.chance(4)) {
    w.store(size, 10, offset, { constant: w.constant() });
    w.slots.set(slot, 'number');
    return;
  }
  const pointers = w.chance(3) && (size === 8 || w.careless);
  const src = pointers ? w.random(11) : w.number();
  if (w.held[src] === 'nothing' && !w.careless) return;
  w.store(size, 10, offset, { register: src });
  w.slots.set(slot, size === 8 ? w.held[src]! : 'number');
};

export const fill: Move = (w) => {
  const slots = [...w.slots.keys()];
  if (slots.length === 0 && !w.careless) return spill(w);
  const slot = slots.length === 0 || w.careless ? w.random(8) : w.pick(slots);
  const held = w.slots.get(slot) ?? 'number';
  const isNumber = held === 'number' || held === 'small';
  const size = isNumber || w.careless ? w.pick(SIZES) : 8;
  const within = isNumber || w.careless ? size * w.random(w.chance(2) ? 1 : 8 / size) : 0;
  const dst = w.free();
  w.load(size, dst, 10, -8 * (slot + 1) + within, size === 8 ? held : 'number', w.chance(6) && size !== 8);
};

/** The stack through a pointer that was moved, perhaps by a number that varies. */
export const indexStack: Move = (w) => {
  const size = w.pick(SIZES);
  const pointer = w.free();
  const start = w.pick([-8, -16, -32, -40, -64, -64, -128, -256, -512]);
  const covered = w.chance(2);
  w.move(pointer, 10);
  if (covered)
    for (let at = start; at < 0 && at < start + 32; at += 8)
      w.store(8, 10, at, { constant: w.chance(2) ? 0 : 7 });
  if (w.chance(3)) w.alu('add', pointer, { constant: start }, 64);
  const index = w.number();
  if (index === pointer) return;
  if (w.chance(2) || w.held[index] !== 'small') bound(w, index, w.pick([3, 7, 8, 15, 24, 31, 32]));
  if (!w.chance(3) && size > 1) w.alu('and', index, { constant: w.pick([-8, -4, -2, 24, 56, 0x18, 8]) }, 64);
  if (w.chance(12)) {
    w.alu('add', index, { register: pointer }, 64);
    w.held[index] = 'stack';
    w.held[pointer] = 'stack';
    touch(w, index, size, w.chance(2) ? 0 : start);
    return;
  }
  w.alu(w.chance(30) ? 'sub' : 'add', pointer, { register: index }, 64);
  touch(w, pointer, size, w.careless ? w.random(64) - 32 : w.chance(2) ? start : 0);
};

/** A load, a store or an atomic operation. */
export function touch(w: Writer, base: number, size: Size, offset: number): void {
  const kind = w.random(8);
  if (kind < 3) w.load(size, w.free(), base, offset, 'number', w.chance(6));
  else if (kind < 6) {
    const src = w.careless ? w.random(11) : w.number();
    w.store(size, base, offset, w.chance(3) ? { constant: w.constant() } : { register: src });
  } else atomicAt(w, base, offset, size);
}

const ATOMICS: readonly AtomicOperation[] = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];

export function atomicAt(w: Writer, base: number, offset: number, size: Size): void {
  const op = w.pick(ATOMICS);
  const src = w.careless ? w.random(11) : w.number();
  if (op === 'cmpxchg' && w.held[0] === 'nothing' && !w.careless) w.set(0, w.small());
  const fetch = op === 'xchg' || op === 'cmpxchg' || w.chance(2);
  w.add({
    kind: 'atomic',
    op,
    fetch,
    size: size === 8 || size === 4 ? size : w.pick([4, 8]),
    base,
    offset,
    src,
  });
  if (fetch) w.held[op === 'cmpxchg' ? 0 : src] = 'number';
}

export const atomic: Move = (w) => {
  const size = w.pick([4, 8] as const);
  const value = w.holding('value');
  if (value !== undefined && w.chance(2)) return atomicAt(w, value, w.careless ? w.random(20) : 0, size);
  const offset = aligned(w, size);
  if (!w.careless) w.store(8, 10, -8 * Math.ceil(-offset / 8), { constant: w.constant() });
  atomicAt(w, 10, offset, size);
};

export const context: Move = (w) => {
  const base = w.holding('context') ?? CONTEXT;
  if (w.held[base] !== 'context' && !w.careless) return;
  const size = w.careless ? w.pick(SIZES) : w.pick([4, 4, 4, 4, 2, 1, 8] as const);
  const limitOf = w.type === 'xdp' ? 24 : 192;
  const offset = w.careless ? w.random(limitOf + 8) : w.type === 'xdp' ? w.pick([12, 16]) : w.pick(OFFSETS);
  if (w.chance(4)) {
    const at = w.careless ? offset : w.pick([8, 48, 52, 56, 60, 64, 32, 44]);
    w.store(
      w.careless ? size : 4,
      base,
      at,
      w.chance(3) ? { constant: w.constant() } : { register: w.number() },
    );
  } else w.load(w.careless ? size : at8(offset, size), w.free(), base, offset, 'number', w.chance(12));
};

const at8 = (offset: number, size: Size): Size =>
  offset === 152 || offset === 184 ? 8 : size === 8 ? 4 : size;

export function packetPointers(w: Writer): void {
  if (w.type === 'socket_filter' && !w.careless) return;
  if (w.held[CONTEXT] !== 'context') return;
  const [data, end] = w.type === 'xdp' ? [0, 4] : [76, 80];
  const [first, last] = [w.pick([7, 8, 2, 3]), w.pick([9, 4, 5])];
  w.load(4, first, CONTEXT, data, 'packet');
  w.load(4, last, CONTEXT, end, 'end');
  if (w.chance(5) && (w.type === 'xdp' || w.type === 'sched_cls')) {
    const meta = w.free();
    if (meta !== first && meta !== last && meta !== CONTEXT)
      w.load(4, meta, CONTEXT, w.type === 'xdp' ? 8 : 140, 'meta');
  }
}

/** Bytes of the packet behind a comparison with its end. */
export const packet: Move = (w) => {
  if (w.holding('packet') === undefined || w.holding('end') === undefined) packetPointers(w);
  const isMeta = w.holding('meta') !== undefined && w.chance(3);
  const start = w.holding(isMeta ? 'meta' : 'packet');
  const end = w.holding(isMeta ? 'packet' : 'end');
  if (start === undefined || end === undefined) return;
  const copyOf = w.free();
  if (copyOf === start || copyOf === end) return;
  let base = start;
  if (w.chance(3)) {
    const index = w.number();
    if (index === start || index === end) return;
    bound(w, index, w.pick([15, 63, 255, 0x7fff]));
    base = w.chance(2) ? start : w.pick([0, 1, 2, 3, 4, 5]);
    if (base === end || base === index) return;
    if (base !== start) w.move(base, start);
    w.alu(w.chance(20) ? 'sub' : 'add', base, { register: index }, 64);
  }
  const reach = w.pick([1, 2, 4, 8, 14, 20, 34, 64]);
  w.move(copyOf, base);
  w.alu('add', copyOf, { constant: reach }, 64);
  compareWithEnd(w, copyOf, end);
  w.held[copyOf] = isMeta ? 'meta' : 'packet';
  const size = w.pick(SIZES);
  const offset = w.careless ? w.random(2 * reach) - 4 : Math.max(0, reach - size - w.random(4));
  if (w.chance(4)) w.store(size, base, offset, w.chance(2) ? { constant: 1 } : { register: w.number() });
  else if (w.chance(20)) atomicAt(w, base, offset, size);
  else w.load(size, w.free(), base, offset, 'number', w.chance(8));
};

function compareWithEnd(w: Writer, pointer: number, end: number): void {
  if (w.careless) {
    const branch = w.branch(w.pick(BRANCHES), pointer, { register: end }, w.width());
    if (w.chance(2)) w.toExit(branch);
    else branch.to = w.steps.length;
    return;
  }
  const forward = w.chance(2);
  if (w.chance(2))
    w.toExit(
      w.branch(forward ? 'jgt' : 'jlt', forward ? pointer : end, { register: forward ? end : pointer }, 64),
    );
  else
    w.toExit(
      w.branch(forward ? 'jge' : 'jle', forward ? pointer : end, { register: forward ? end : pointer }, 64),
    );
}

export const packetLoad: Move = (w) => {
  if ((w.type === 'xdp' || w.type === 'cgroup_skb' || w.frame > 0) && !w.careless) return;
  if (w.held[CONTEXT] !== 'context' && !w.careless) return;
  const index = w.chance(2) ? undefined : w.number();
  w.add({ kind: 'packet', size: w.pick([1, 2, 4]), index, offset: w.pick([0, 12, 14, 23, -4096, 100]) });
  w.clobber('number');
};

/** A value of a map, at a place that may vary. */
export const mapValue: Move = (w) => {
  if (w.chance(2)) {
    const dst = w.free();
    const number = w.pick(w.careless ? [0, 1, 2, 3, 4, 5, 6, 9] : [0, 1, 1, 1, 3, 4]);
    w.add({
      kind: 'wide',
      pseudo: 2,
      dst,
      low: number,
      high: w.careless ? w.random(64) : w.pick([0, 0, 4, 8].slice(0, number === 0 ? 2 : 4)),
    });
    w.held[dst] = 'value';
  } else if (w.holding('value') === undefined) lookup(w);
  const value = w.holding('value');
  if (value === undefined) return;
  const size = w.pick(SIZES);
  if (w.chance(2)) {
    const index = w.number();
    if (index !== value) {
      bound(w, index, w.pick([3, 7, 8, 15, 31]));
      w.alu(w.chance(12) ? 'sub' : 'add', value, { register: index }, 64);
    }
  }
  touch(w, value, size, w.careless ? w.random(60) - 6 : w.pick([0, 0, 0, size, 8 - size]));
};

export const ordered: Move = (w) => {
  const size = w.pick(SIZES);
  const offset = aligned(w, size);
  if (!w.careless) w.store(8, 10, -8 * Math.ceil(-offset / 8), { constant: w.constant() });
  if (w.chance(2)) {
    const dst = w.free();
    w.add({ kind: 'loadAcquire', size, dst, base: 10, offset });
    w.held[dst] = 'number';
  } else w.add({ kind: 'storeRelease', size, base: 10, offset, src: w.careless ? w.random(11) : w.number() });
};

export const socket: Move = (w) => {
  if (w.type === 'xdp' && !w.careless) return;
  if (w.held[CONTEXT] !== 'context') return;
  const dst = w.free();
  w.load(8, dst, CONTEXT, 168, 'socketOrNull');
  if (!w.careless) w.toExit(w.branch('jeq', dst, { constant: 0 }, 64));
  w.load(
    w.pick([4, 4, 2, 1]),
    w.free(),
    dst,
    w.careless ? w.random(90) : w.pick([0, 4, 24, 28, 44, 48, 52, 72, 76]),
    'number',
  );
};
