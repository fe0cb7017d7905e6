/**
 * Calls of helpers: what each argument has to be, and what is known afterwards.
 * Linux `check_helper_call`.
 */

import { formatProblem, signatureFor } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { copyState, mapValues, type State } from '../state/state.js';
import {
  ANY_NUMBER,
  type MapInfo,
  NONE,
  number,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { type Call, checkArgument } from './arguments.js';
import { callBack } from './callbacks.js';
import { returnToCaller } from './calls.js';
import { checkMapHelper, mayLookUpNull } from './maps.js';
import type { Path } from './path.js';
import { acquired, checkNothingHeld, checkUnlocked, release } from './references.js';

const SNPRINTF = 165;
const TAIL_CALL = 12;
const PROCESSOR_ID = 8;
/** Most processors that Linux can be built for; how many there are is for the machine to know. */
const MOST_PROCESSORS = 8192;
/** `probe_read_*_str`: an error, or no more bytes than were asked for. */
const STRING_READS = new Set([114, 115]);
const MOST_ERRORS = 4095n;

export function stepHelper(path: Path, helper: number): void {
  const row = signatureFor(helper, path.rules.letter);
  if (row === undefined)
    path.reject('unknown-helper', `helper ${helper} cannot be called by this type of program`);
  if (!path.privileged && row.privileged === true)
    path.reject('privileged-only', `helper ${helper} (${row.name}) is for privileged users`);
  if (row.arguments === undefined)
    path.reject('unknown-helper', `helper ${helper} (${row.name}) is not available here`);
  if (row.sleeps === true)
    path.reject(
      'unknown-helper',
      `helper ${helper} (${row.name}) may sleep, which this type of program may not`,
    );
  checkUnlocked(path, helper);
  const call: Call = {
    row,
    map: undefined,
    key: undefined,
    memory: undefined,
    most: 0n,
    reserved: 0,
    callee: undefined,
    released: undefined,
    reference: 0,
    socket: undefined,
    text: undefined,
  };
  for (const [position, kind] of row.arguments.entries()) checkArgument(path, call, position + 1, kind);
  if (call.map !== undefined) checkMapHelper(path, helper, call.map);
  if (helper === TAIL_CALL) {
    checkNothingHeld(path);
    path.decide(3);
    if (!path.privileged) sameMap(path, call.map);
  }
  if (call.callee !== undefined) callBack(path, helper, call.callee);
  if (call.text !== undefined) checkText(path, call);
  const { registers } = path.frame;
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  if (helper === TAIL_CALL) leaveByTailCall(path);
  else if (row.changesPacket === true) forgetPacket(path, path.state);
  if (call.released !== undefined) release(path, call.released);
  registers[0] = resultOf(path, call);
}

/** What a helper makes text of has to have as many values as its format asks for (`check_bpf_snprintf_call`). */
function checkText(path: Path, { row, text, memory, most }: Call): void {
  if (row.number !== SNPRINTF) return;
  if (most % 8n !== 0n) path.reject('bad-size', 'the values are no array of numbers of 8 bytes');
  const isGiven = memory?.value.kind === 'pointer';
  const problem = formatProblem(text!, isGiven ? Number(most / 8n) : 0);
  if (problem !== undefined) path.reject('bad-argument', problem);
}

/**
 * Behind a tail call the path goes on where none was made, and there nothing has changed. Where one was made in a
 * function, its caller goes on, with any result, and with a packet that may be another.
 */
function leaveByTailCall(path: Path): void {
  if (path.state.frames.length === 1) return;
  // What a program returns is no answer for the helper that has called the function.
  if (path.frame.isCallback)
    path.reject('bad-return', 'a tail call in a function that a helper calls', 'call it in another function');
  const state = copyState(path.state);
  forgetPacket(path, state);
  path.fork(state, returnToCaller(state, ANY_NUMBER));
}

/** An unprivileged tail call uses one map, whatever path led to it. */
function sameMap(path: Path, map: MapInfo | undefined): void {
  const before = path.tailCallMaps.get(path.index);
  if (before !== undefined && before !== map)
    path.reject('bad-argument', 'this tail call uses different maps on different paths');
  path.tailCallMaps.set(path.index, map);
}

/** Addresses in the packet are void once it may have moved. */
function forgetPacket({ privileged }: Path, state: State): void {
  mapValues(state, (value) =>
    value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
      ? privileged
        ? ANY_NUMBER
        : NONE
      : value,
  );
}

function resultOf(path: Path, { row, map, key, most, reserved, socket }: Call): Value {
  switch (row.result) {
    case 'void':
      return NONE;
    case 'mapValueOrNull':
      if (row.number === 1 && !mayLookUpNull(map, key)) return pointer('mapValue', { map, id: path.newId() });
      return pointer('mapValueOrNull', { map, id: path.newId() });
    case 'recordOrNull':
      return acquired(path, pointer('recordOrNull', { size: reserved }));
    case 'acquiredSocketOrNull':
      return acquired(path, pointer('fullSocketOrNull'));
    case 'acquiredCommonSocketOrNull':
      return acquired(path, pointer('socketOrNull'));
    case 'fullSocketOrNull':
      return pointer('fullSocketOrNull', { id: path.newId(), reference: socket?.reference ?? 0 });
    case 'tcpSocketOrNull':
      return pointer('tcpSocketOrNull', { id: path.newId(), reference: socket?.reference ?? 0 });
    case 'listenerOrNull':
      return pointer('fullSocketOrNull', { id: path.newId() });
    default:
  }
  if (row.number === PROCESSOR_ID)
    return limited(path, 0n, BigInt(path.options.processors ?? MOST_PROCESSORS) - 1n);
  if (STRING_READS.has(row.number)) return limited(path, -MOST_ERRORS, most);
  return ANY_NUMBER;
}

function limited(path: Path, smin: bigint, smax: bigint): Value {
  const wide = { ...scalars.FULL_64, smin, smax };
  const low = { ...scalars.FULL_32, smin, smax };
  const scalar = scalars.settled({ ...scalars.UNKNOWN, wide, low });
  return number(path.numbers.alu('add', scalar, scalars.constant(0n), 64));
}
