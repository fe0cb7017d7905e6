/** Test support: the things that judged programs do, one function each. A move may be right, or only almost. */

import { callBack, constantValue, lock, lookedUpSocket, mapInMap, record, text, timer } from './heldMoves.js';
import { callHelper } from './helperMoves.js';
import {
  atomic,
  atomicAt,
  context,
  fill,
  indexStack,
  mapValue,
  ordered,
  packet,
  packetLoad,
  socket,
  spill,
} from './memoryMoves.js';
import { compute, constant, copy, limit, swap, wideConstant } from './numberMoves.js';
import { ALU, BRANCHES, CONTEXT, type GlobalFunction, type Move, SIZES, type Writer } from './writer.js';

const either: Move = (w) => {
  if (w.depth > 2) return;
  w.depth++;
  const dst = w.careless ? w.random(11) : w.number();
  const operand = w.chance(2)
    ? { constant: w.constant() }
    : { register: w.careless ? w.random(11) : w.number() };
  const branch = w.branch(w.pick(BRANCHES), dst, operand, w.width());
  const before = w.held.slice();
  const slots = new Map(w.slots);
  w.something(1 + w.random(3));
  if (w.chance(2)) {
    const over = w.add({ kind: 'jump', distance: 0, long: w.chance(10) });
    w.here(branch);
    const after = w.held;
    w.held = before;
    w.slots = slots;
    w.something(1 + w.random(3));
    w.here(over);
    w.held = w.held.map((held, register) => (held === after[register] || w.careless ? held : 'nothing'));
  } else {
    w.here(branch);
    w.held = w.held.map((held, register) => (held === before[register] || w.careless ? held : 'nothing'));
    w.slots = slots;
  }
  w.depth--;
};

const loop: Move = (w) => {
  if (w.depth > 0) return;
  w.depth++;
  const counter = w.pick([7, 8, 9]);
  w.set(counter, 0);
  const top = w.steps.length;
  const held = w.held.slice();
  w.held[counter] = 'counter';
  w.something(1 + w.random(2));
  w.held = held.map((was, register) => (was === w.held[register] ? was : 'nothing'));
  // What never ends takes both verifiers a second: seldom.
  const isEndless = w.chance(2000);
  const step = isEndless ? w.pick([0, -1]) : w.pick([1, 1, 1, 2, 3]);
  w.alu('add', counter, { constant: step }, w.width());
  const test = w.pick(
    step === 1 ? (['jlt', 'jne', 'jle', 'jslt'] as const) : (['jlt', 'jle', 'jslt'] as const),
  );
  const back = w.branch(test, counter, { constant: w.pick([2, 3, 4, 6, 12]) }, w.width());
  back.to = top;
  w.held[counter] = 'number';
  w.depth--;
};

const mayGoto: Move = (w) => {
  if (w.depth > 1) return;
  w.depth++;
  if (w.chance(2)) {
    const step = w.add({ kind: 'mayGoto', distance: 0 });
    w.something(1 + w.random(2));
    w.here(step);
  } else {
    const top = w.steps.length;
    const out = w.add({ kind: 'mayGoto', distance: 0 });
    w.something(1);
    const back = w.add({ kind: 'jump', distance: 0, long: false });
    back.to = top;
    w.here(out);
  }
  w.depth--;
};

const callLocal: Move = (w) => {
  const known = w.calls.find(({ global }) => global !== undefined);
  const again = known !== undefined && w.chance(2) ? known : undefined;
  if (again === undefined && (w.frame > 3 || w.calls.length > 3)) return;
  for (let register = 1; register <= 3; register++) {
    const wanted = again?.global?.parameters[register - 1];
    if (wanted === undefined && w.held[register] !== 'nothing') continue;
    const kind = wanted === undefined || w.careless ? w.random(9) : kindOf(wanted);
    if (kind < 3) {
      w.move(register, 10);
      const down = typeof wanted === 'object' ? Math.ceil(wanted.bytes / 8) : 1 + w.random(4);
      w.alu('add', register, { constant: -8 * down }, 64);
    } else if (kind < 5 && w.held[CONTEXT] === 'context') w.move(register, CONTEXT);
    else w.set(register, w.constant());
  }
  const step = w.add({ kind: 'callLocal', distance: 0 });
  if (again !== undefined) again.steps.push(step);
  else
    w.calls.push({
      steps: [step],
      held: w.held.slice(),
      ...(w.typed && w.chance(2) ? { global: typesFor(w) } : {}),
    });
  w.clobber('number');
};

/** What makes an argument of a kind: below 3 an address in the stack, below 5 the context, else a number. */
const kindOf = (wanted: GlobalFunction['parameters'][number]): number =>
  wanted === 'context' ? 3 : wanted === 'number' ? 8 : 0;

/** Types that fit what the first registers hold. */
function typesFor(w: Writer): GlobalFunction {
  const parameters: GlobalFunction['parameters'][number][] = [];
  for (let register = 1; register <= w.random(4); register++) {
    const held = w.careless ? w.pick(['context', 'number', 'stack'] as const) : w.held[register];
    if (held === 'context') parameters.push('context');
    else if (held === 'stack') parameters.push({ bytes: w.pick([4, 8, 8, 16, w.careless ? 40 : 8]) });
    else if (held === 'number' || held === 'small') parameters.push('number');
    else break;
  }
  return { parameters, returnsNothing: w.careless };
}

const wild: Move = (w) => {
  const register = (): number => w.random(11);
  switch (w.random(6)) {
    case 0:
      return w.alu(w.pick(ALU), register(), { register: register() }, w.width());
    case 1:
      return w.load(w.pick(SIZES), register(), register(), w.pick([0, -8, 4, 8, -16]), 'number', w.chance(3));
    case 2:
      return w.store(w.pick(SIZES), register(), w.pick([0, -8, 4, 8, -16]), { register: register() });
    case 3:
      return w.toExit(w.branch(w.pick(BRANCHES), register(), { register: register() }, w.width()));
    case 4:
      return atomicAt(w, register(), w.pick([0, -8, 4]), w.pick(SIZES));
    default:
      return w.alu('mov', register(), { register: register() }, w.width());
  }
};

/** Every move, with how often it is made. */
const MOVES: readonly (readonly [weight: number, move: Move])[] = [
  [4, constant],
  [1, wideConstant],
  [10, compute],
  [5, copy],
  [2, swap],
  [5, limit],
  [6, either],
  [7, spill],
  [7, fill],
  [6, indexStack],
  [3, atomic],
  [6, context],
  [7, packet],
  [2, packetLoad],
  [4, mapValue],
  [5, callHelper],
  [3, loop],
  [1, mayGoto],
  [1, ordered],
  [3, callLocal],
  [1, socket],
  [2, record],
  [1, lookedUpSocket],
  [1, lock],
  [1, mapInMap],
  [1, constantValue],
  [1, text],
  [1, timer],
  [3, callBack],
  [1, wild],
];

const DEALT: readonly Move[] = MOVES.flatMap(([weight, move]) => Array.from({ length: weight }, () => move));

export function makeMove(w: Writer): void {
  const move = w.pick(DEALT);
  if (move === wild && !w.careless) compute(w);
  else move(w);
}
