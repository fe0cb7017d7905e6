/** Test support: calls of helpers with arguments that are right, or nearly. */

import { type ArgumentKind, type HelperSignature, SIGNATURES } from '../../ebpf/signatures.js';
import { MAPS } from './maps.js';
import { CONTEXT, type Writer } from './writer.js';

const LETTERS = { socket_filter: 'S', sched_cls: 'T', sched_act: 'T', xdp: 'X', cgroup_skb: 'C' } as const;
/** Helpers that take a while, signal somebody, or write to the kernel's log. */
const NOT_RUN = new Set([6, 109, 117, 177]);
/** What moves of their own give (`heldMoves.ts`). */
const SPECIAL: ReadonlySet<ArgumentKind> = new Set<ArgumentKind>([
  'function',
  'reservedSize',
  'reservedRecord',
  'lock',
  'socket',
  'releasedSocket',
  'anySocket',
  'releasedStruct',
  'constantText',
]);
const KNOWN = SIGNATURES.filter(
  ({ arguments: taken, number }) =>
    taken !== undefined && !NOT_RUN.has(number) && !taken.some((kind) => SPECIAL.has(kind)),
);

/** Map kinds that a helper takes, by its number; arrays and hashes for the rest. */
const MAPS_OF: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, 2, 2, 3, 4, 6, 7, 8, 13],
  2: [0, 1, 2, 2, 7, 8, 13, 6],
  3: [2, 7, 8, 13, 0],
  12: [5],
  22: [11],
  25: [11],
  51: [12, 15],
  55: [11],
  87: [10],
  88: [10],
  89: [10],
  130: [9],
  134: [9],
  195: [6, 13],
};

export function callHelper(w: Writer): void {
  const letter = LETTERS[w.type];
  const own = KNOWN.filter(({ types }) => types.includes(letter));
  const row = w.chance(3)
    ? w.pick(SIGNATURES.filter(({ number }) => [1, 2, 3, 26, 28, 12].includes(number)))
    : w.pick(w.careless ? KNOWN : own);
  if (!row.types.includes(letter) && !w.careless) return;
  if (row.number === 1 && w.chance(2)) lookup(w);
  else call(w, row);
}

function call(w: Writer, row: HelperSignature): void {
  let map = w.pick(w.careless ? MAPS.map((_, number) => number) : (MAPS_OF[row.number] ?? [0, 2]));
  let room = 8;
  for (const [position, kind] of (row.arguments ?? []).entries()) {
    const register = position + 1;
    if (w.careless) {
      const kind = w.random(4);
      if (kind < 2) w.move(register, w.random(11));
      else if (kind === 2) w.set(register, w.constant());
      if (w.held[register] !== 'nothing') continue;
    }
    if (kind === 'map') map = giveMap(w, register, map);
    else if (kind === 'size' || kind === 'sizeOrZero') giveSize(w, register, room, kind);
    else room = give(w, register, kind, row, map);
  }
  w.add({ kind: 'call', helper: row.number });
  w.clobber(
    row.result === 'mapValueOrNull' ? 'valueOrNull' : row.result === 'integer' ? 'number' : 'nothing',
  );
  if (row.changesPacket === true && !w.careless)
    w.held = w.held.map((held) =>
      held === 'packet' || held === 'meta' || held === 'end' ? 'nothing' : held,
    );
  if (w.held[0] === 'valueOrNull' && w.chance(2)) checkNull(w);
}

function giveMap(w: Writer, register: number, number: number): number {
  w.add({ kind: 'wide', pseudo: 1, dst: register, low: number, high: 0 });
  w.held[register] = 'map';
  return number;
}

function giveSize(w: Writer, register: number, room: number, kind: ArgumentKind): void {
  if (w.careless) {
    const number = w.number();
    if (number !== register) w.move(register, number);
    return;
  }
  const least = kind === 'size' ? 1 : 0;
  const sizes = [room, room, 4, 2, 1, least].filter((size) => size <= room);
  if (!w.chance(4)) {
    w.set(register, w.pick(sizes));
    return;
  }
  // A size that varies between limits.
  const number = w.number();
  if (number !== register) w.move(register, number);
  w.alu('and', register, { constant: w.pick([1, 3, 7]) }, 64);
  if (least === 1 || w.chance(3)) w.alu('add', register, { constant: 1 }, 64);
  w.held[register] = 'small';
}

/** Gives an argument that is not a map or a size; how many bytes there are at it. */
function give(w: Writer, register: number, kind: ArgumentKind, row: HelperSignature, map: number): number {
  switch (kind) {
    case 'context':
    case 'contextOrNull':
      if (kind === 'contextOrNull' && w.chance(3)) w.set(register, w.careless ? 1 : 0);
      else if (w.held[register] !== 'context') w.move(register, CONTEXT);
      return 0;
    case 'anything':
      if (w.chance(3) || w.held[register] !== 'number') w.set(register, w.pick([0, 0, 1, 4, 14, -1, 64]));
      return 0;
    default:
      return giveMemory(w, register, kind, row, map);
  }
}

function giveMemory(
  w: Writer,
  register: number,
  kind: ArgumentKind,
  row: HelperSignature,
  map: number,
): number {
  const info = MAPS[map]!.info;
  const exact =
    kind === 'mapKey'
      ? info.keySize
      : kind === 'mapValue' || kind === 'outMapValue'
        ? info.valueSize
        : Number(/\d+$/.exec(kind)?.[0] ?? 0);
  if (kind === 'memoryOrNull' && w.chance(3)) {
    w.set(register, 0);
    return 0;
  }
  const room = exact > 0 ? exact : w.pick([8, 16, 4, 24]);
  const packet = w.holding('packet');
  if (packet !== undefined && (row.packet === true || w.careless) && w.chance(3) && packet !== register) {
    w.move(register, packet);
    return room;
  }
  const value = w.holding('value');
  if (value !== undefined && w.chance(5) && value !== register) {
    w.move(register, value);
    return 8;
  }
  const slots = Math.ceil(room / 8);
  const first = slots + w.random(4);
  const isFilled = kind.startsWith('out') ? w.chance(3) : !w.careless;
  if (isFilled)
    for (let slot = 0; slot < slots; slot++)
      w.store(8, 10, -8 * (first - slot), w.chance(3) ? { constant: w.small() } : { constant: 0 });
  w.move(register, 10);
  w.alu('add', register, { constant: -8 * first + (w.careless ? w.random(9) - 4 : 0) }, 64);
  if (w.chance(10) && register !== 2) {
    const number = w.number();
    if (number !== register) {
      w.alu('and', number, { constant: w.pick([4, 8, 7]) }, 64);
      w.alu('add', register, { register: number }, 64);
    }
  }
  for (let slot = 0; slot < slots; slot++) w.slots.set(first - slot - 1, 'number');
  return room;
}

function checkNull(w: Writer): void {
  w.toExit(w.branch('jeq', 0, { constant: 0 }, w.careless ? w.width() : 64));
  w.held[0] = 'value';
  const keep = w.pick([0, 7, 8, 9]);
  if (keep !== 0) w.move(keep, 0);
}

/** Looks a value up in a map, by a key on the stack. */
export function lookup(w: Writer): void {
  const map = w.pick([0, 1, 1, 2, 3, 4, 6, 7, 8]);
  const key = -8 * (1 + w.random(3));
  w.store(8, 10, key, w.chance(2) ? { constant: w.pick([0, 1, 2, 9]) } : { register: w.number() });
  if (w.chance(3)) w.store(4, 10, key, { constant: w.pick([0, 1, 3, 4]) });
  giveMap(w, 1, map);
  w.move(2, 10);
  w.alu('add', 2, { constant: key }, 64);
  w.add({ kind: 'call', helper: 1 });
  w.clobber('valueOrNull');
  if (!w.careless) checkNull(w);
  else if (w.chance(2)) w.held[0] = 'value';
}
