/**
 * Test support: what judged programs have to give back (records, sockets, locks), functions that helpers call, maps in maps,
 * and text that never changes.
 */

import { FOR_EACH, LOOP, SETS_CALLBACK } from '../../ebpf/callbacks.js';
import { PSEUDO } from '../../ebpf/opcodes.js';
import {
  CONSTANT,
  LOCKED_ARRAY,
  LOCKED_HASH,
  OF_ARRAYS,
  OF_HASHES,
  SOCKETS,
  STORAGE,
  TIMED,
  XDP_SOCKETS,
} from './maps.js';
import { CONTEXT, type Held, type Move, type Writer } from './writer.js';

const RING = 9;

function giveMap(w: Writer, register: number, low: number): void {
  w.add({ kind: 'wide', pseudo: PSEUDO.mapFd, dst: register, low, high: 0 });
  w.held[register] = 'map';
}

const giveStack = (w: Writer, register: number, down: number): void => {
  w.move(register, 10);
  w.alu('add', register, { constant: -down }, 64);
};

/** Something in between, unless nothing may be. */
const meanwhile = (w: Writer): void => {
  if (w.chance(3)) w.something(1);
};

export const record: Move = (w) => {
  const size = w.pick([8, 16, 24, 3]);
  giveMap(w, 1, w.careless ? w.random(16) : RING);
  if (w.careless) w.move(2, w.number());
  else w.set(2, size);
  w.set(3, w.careless ? w.random(5) : 0);
  w.add({ kind: 'call', helper: 131 });
  w.clobber('record');
  const keep = w.pick([0, 7, 8, 9]);
  if (keep !== 0) w.move(keep, 0);
  if (!w.careless) w.toExit(w.branch('jeq', keep, { constant: 0 }, 64));
  const offset = w.careless ? w.random(40) - 8 : w.pick([0, 0, size - 1]);
  if (w.chance(2)) w.store(1, keep, offset, { register: w.number() });
  else w.load(1, w.free(), keep, offset);
  if (w.chance(4)) {
    // Given to a helper, once or twice.
    w.store(8, 10, -8, { constant: 0 });
    giveMap(w, 1, 0);
    if (w.chance(3)) w.move(2, keep);
    else giveStack(w, 2, 8);
    if (size >= 8) w.move(3, keep);
    else giveStack(w, 3, 8);
    w.set(4, 0);
    w.add({ kind: 'call', helper: 2 });
    w.clobber('number');
  }
  meanwhile(w);
  if (w.careless && w.chance(2)) return;
  const holds = w.held[keep] === 'record' ? keep : (w.holding('record') ?? keep);
  w.move(1, holds);
  if (w.careless) w.alu('add', 1, { constant: w.pick([0, 8]) }, 64);
  w.set(2, w.pick([0, 0, 1, 2]));
  w.add({ kind: 'call', helper: w.pick([132, 133]) });
  w.clobber('nothing');
  w.held = w.held.map((held): Held => (held === 'record' ? 'nothing' : held));
};

export const lookedUpSocket: Move = (w) => {
  if (w.type === 'socket_filter' && !w.careless) return;
  if (w.held[CONTEXT] !== 'context') return;
  for (const slot of [1, 2, 3, 4, 5]) w.store(8, 10, -8 * slot, { constant: 0 });
  const map = w.pick([SOCKETS, SOCKETS, w.careless ? XDP_SOCKETS : SOCKETS]);
  if (w.chance(3)) {
    giveMap(w, 1, map);
    giveStack(w, 2, 40);
    w.add({ kind: 'call', helper: 1 });
  } else {
    w.move(1, CONTEXT);
    giveStack(w, 2, 40);
    w.set(3, w.pick([12, 36, w.careless ? 0 : 12]));
    w.set(4, -1);
    w.set(5, 0);
    w.add({ kind: 'call', helper: w.pick([84, 85, 99]) });
  }
  w.clobber('socket');
  const keep = w.pick([7, 8, 9]);
  w.move(keep, 0);
  if (!w.careless) w.toExit(w.branch('jeq', keep, { constant: 0 }, 64));
  let of = keep;
  if (w.chance(2)) {
    w.move(1, keep);
    w.add({ kind: 'call', helper: w.pick([95, 96, 98]) });
    w.clobber('socket');
    if (!w.careless) {
      const over = w.branch('jeq', 0, { constant: 0 }, 64);
      readField(w, 0);
      w.here(over);
    } else of = 0;
  }
  readField(w, of);
  if (w.chance(4)) keepOfSocket(w, of);
  meanwhile(w);
  if (w.careless && w.chance(2)) return;
  w.move(1, w.careless ? (w.holding('socket') ?? keep) : keep);
  w.add({ kind: 'call', helper: 86 });
  w.clobber('number');
  if (w.careless && w.chance(2)) return;
  w.held = w.held.map((held): Held => (held === 'socket' ? 'nothing' : held));
};

/** Puts a socket into a map of sockets, or takes what is kept of it. */
function keepOfSocket(w: Writer, socket: number): void {
  const inMap = w.type !== 'cgroup_skb' && w.chance(2);
  if (!inMap && w.type === 'xdp' && !w.careless) return;
  giveMap(w, 1, w.careless ? w.pick([0, 2, SOCKETS, XDP_SOCKETS, STORAGE]) : inMap ? SOCKETS : STORAGE);
  giveStack(w, inMap ? 2 : 3, 24);
  w.move(inMap ? 3 : 2, socket);
  if (!inMap && w.chance(2)) w.set(3, 0);
  w.set(4, w.pick([0, 1]));
  w.add({ kind: 'call', helper: inMap ? 2 : w.pick([107, 107, 108]) });
  w.clobber(inMap ? 'number' : 'nothing');
  if (inMap || !w.chance(2)) return;
  const over = w.branch('jeq', 0, { constant: 0 }, 64);
  w.store(w.pick([8, 4]), 0, w.careless ? w.random(20) : 0, { constant: 1 });
  w.here(over);
}

function readField(w: Writer, base: number): void {
  const fields =
    w.careless || w.chance(4) ? [w.random(120)] : [0, 4, 24, 44, 48, 52, 72, 76, 8, 12, 16, 20, 80];
  w.load(w.pick([4, 4, 4, 8, 2, 1]), w.pick([1, 2, 3]), base, w.pick(fields));
}

/** Looks up the map in r1 with the key on the stack, and keeps what it gives. */
function keepValue(w: Parameters<Move>[0]) {
  giveStack(w, 2, 8);
  w.add({ kind: 'call', helper: 1 });
  w.clobber('valueOrNull');
  if (!w.careless) w.toExit(w.branch('jeq', 0, { constant: 0 }, 64));
  const keep = w.pick([7, 8, 9]);
  w.move(keep, 0);
  w.held[keep] = 'value';
  return keep;
}

export const lock: Move = (w) => {
  const map = w.pick([LOCKED_ARRAY, LOCKED_HASH]);
  const at = map === LOCKED_ARRAY ? 8 : 0;
  w.store(8, 10, -8, { constant: w.pick([0, 0, 1]) });
  giveMap(w, 1, map);
  const keep = keepValue(w);
  const call = (helper: number): void => {
    w.move(1, keep);
    w.alu('add', 1, { constant: w.careless ? w.pick([0, 4, 8]) : at }, 64);
    w.add({ kind: 'call', helper });
    w.clobber('nothing');
  };
  if (w.careless) w.load(w.pick([4, 8, 1]), 3, keep, w.random(16));
  call(93);
  if (w.chance(2)) w.store(w.pick([4, 8]), keep, w.careless ? at : at === 0 ? 8 : 0, { constant: 1 });
  if (w.chance(6)) w.something(1);
  if (w.careless && w.chance(2)) return;
  if (w.held[keep] !== 'value') return;
  call(94);
};

export const mapInMap: Move = (w) => {
  const map = w.pick([OF_ARRAYS, OF_HASHES]);
  const keyed = (helper: number): void => {
    w.store(8, 10, -8, { constant: w.pick([0, 1, 5]) });
    giveStack(w, 2, 8);
    if (helper === 2) {
      for (const slot of [2, 3]) w.store(8, 10, -8 * slot, { constant: 1 });
      giveStack(w, 3, 24);
      w.set(4, 0);
    }
    w.add({ kind: 'call', helper });
  };
  giveMap(w, 1, map);
  keyed(w.careless ? w.pick([1, 2, 3]) : 1);
  w.clobber('map');
  if (!w.careless) w.toExit(w.branch('jeq', 0, { constant: 0 }, 64));
  if (w.careless && w.chance(30)) w.load(4, 3, 0, 0);
  w.move(1, 0);
  const helper = w.pick([1, 1, 2, 3]);
  keyed(helper);
  w.clobber(helper === 1 ? 'valueOrNull' : 'number');
  if (helper === 1 && !w.careless) {
    w.toExit(w.branch('jeq', 0, { constant: 0 }, 64));
    w.held[0] = 'value';
    w.move(w.pick([7, 8, 9]), 0);
  }
};

export const constantValue: Move = (w) => {
  const dst = w.pick([1, 2, 3, 7, 8]);
  w.add({ kind: 'wide', pseudo: PSEUDO.mapValue, dst, low: CONSTANT, high: w.pick([0, 0, 5, 8, 15]) });
  w.held[dst] = 'value';
  if (w.chance(3)) {
    const index = w.number();
    if (index !== dst && w.chance(2)) {
      w.alu('and', index, { constant: 3 }, 64);
      w.alu('add', dst, { register: index }, 64);
    } else w.alu('add', dst, { constant: w.pick([0, 1, 2]) }, 64);
  }
  const to = w.free();
  w.load(w.pick([1, 2, 4, 8]), to, dst, w.careless ? w.random(24) - 4 : 0, 'number', w.chance(4));
};

export const text: Move = (w) => {
  const string = (register: number): void => {
    w.add({
      kind: 'wide',
      pseudo: PSEUDO.mapValue,
      dst: register,
      low: w.careless ? w.pick([1, 3, CONSTANT]) : CONSTANT,
      high: w.careless ? w.random(18) : w.pick([0, 0, 8, 5]),
    });
    w.held[register] = 'value';
  };
  for (const slot of [1, 2, 3]) w.store(8, 10, -8 * slot, { constant: w.small() });
  if (w.chance(2)) {
    giveStack(w, 1, 16);
    w.set(2, w.pick([1, 8, 16]));
    string(3);
    w.add({ kind: 'call', helper: 182 });
  } else {
    giveStack(w, 1, 24);
    w.set(2, w.pick([8, 0]));
    string(3);
    giveStack(w, 4, 16);
    w.set(5, w.careless ? w.pick([4, 8, 16, 0]) : w.pick([8, 16]));
    w.add({ kind: 'call', helper: 165 });
  }
  w.clobber('number');
};

/** A function that a helper calls: written later, as those of local calls are. */
export const callBack: Move = (w) => {
  if (w.frame > 2 || w.calls.length > 2) return;
  const isLoop = w.chance(2);
  const map = w.pick([0, 2, 6, 7, 13, w.careless ? w.random(20) : 0]);
  const hasStack = !w.chance(3);
  if (hasStack && !w.careless) for (const slot of [1, 2]) w.store(8, 10, -8 * slot, { constant: w.small() });
  if (!isLoop) giveMap(w, 1, map);
  else if (w.chance(2)) w.set(1, w.pick([0, 1, 2, 5, 10, 100]));
  else {
    const number = w.number();
    if (number !== 1) w.move(1, number);
  }
  const step = w.add({ kind: 'wide', pseudo: PSEUDO.func, dst: 2, low: 0, high: 0 });
  if (hasStack) giveStack(w, 3, 16);
  else w.set(3, 0);
  w.set(4, w.careless ? w.random(3) : 0);
  if (w.careless && w.chance(3)) w.move(2, w.random(11));
  w.add({ kind: 'call', helper: isLoop ? LOOP : FOR_EACH });
  const context: Held = hasStack ? 'stack' : 'number';
  const held: Held[] = isLoop
    ? ['nothing', 'number', context]
    : ['nothing', 'map', 'mapKey', 'value', context];
  w.calls.push({ steps: [step], held, isCallback: true });
  w.clobber('number');
};

/** A timer, and the function that it calls. */
export const timer: Move = (w) => {
  if (w.calls.length > 2) return;
  giveMap(w, 1, TIMED);
  w.store(8, 10, -8, { constant: w.pick([0, 1]) });
  const keep = keepValue(w);
  const call = (helper: number, also: () => void = () => {}): void => {
    w.move(1, keep);
    w.alu('add', 1, { constant: w.careless ? w.pick([0, 8, 16]) : 8 }, 64);
    also();
    w.add({ kind: 'call', helper });
    w.clobber('number');
  };
  if (w.chance(2))
    call(169, () => {
      giveMap(w, 2, w.careless ? w.pick([0, 2, TIMED]) : TIMED);
      w.set(3, 1);
    });
  if (w.chance(4)) w.something(1);
  if (w.held[keep] !== 'value') return;
  call(SETS_CALLBACK, () => {
    const step = w.add({ kind: 'wide', pseudo: PSEUDO.func, dst: 2, low: 0, high: 0 });
    const held: Held[] = ['nothing', 'map', 'mapKey', 'value'];
    w.calls.push({ steps: [step], held, isCallback: true, isTimed: true });
  });
  if (w.chance(2))
    call(171, () => {
      w.set(2, 0);
      w.set(3, 0);
    });
};
