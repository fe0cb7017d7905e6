/**
 * What is known after a helper was called.
 * Linux `check_helper_call`.
 */

import {
  type ArgumentKind,
  CALLS_BACK,
  type HelperSignature,
  KFUNCS,
  SETS_CALLBACK,
  signatureFor,
  TAIL_CALL,
} from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { SPIN_LOCK } from '../rules/references.js';
import { bufferOf } from '../state/buffers.js';
import { copyState, forgetReference, mapValues } from '../state/state.js';
import {
  ANY_NUMBER,
  mapOf,
  NONE,
  number,
  type Pointer,
  pointer,
  scalarOf,
  type Value,
} from '../state/value.js';
import { useBuffer } from './buffers.js';
import { callBack, returnToCaller, setCallback } from './calls.js';
import { constantKey, mayLookUpNull } from './keys.js';
import { forgetPacket } from './packets.js';
import type { Path } from './path.js';

const LOOK_UP = 1;
const PROCESSOR_ID = 8;
/** Most processors that Linux can be built for; how many there are is for the machine to know. */
const MOST_PROCESSORS = 8192;
/** `probe_read_*_str`: an error, or no more bytes than were asked for. */
const STRING_READS = new Set([114, 115]);
const MOST_ERRORS = 4095n;

export const callHelper = (path: Path, helper: number): void =>
  call(path, signatureFor(helper, path.rules.letter)!, helper);

export const callKfunc = (path: Path, number: number): void => call(path, KFUNCS[number - 1]!, 0);

/** `helper`: 0 for a function of the kernel's that is none. */
function call(path: Path, row: HelperSignature, helper: number): void {
  const given = argumentsOf(path, row);
  const result = resultOf(path, row, given);
  for (const requirement of path.requirementsAt(path.index)) {
    if (requirement.need !== 'argument') continue;
    const buffer = bufferOf(path, requirement.argument);
    if (buffer !== undefined) useBuffer(path, buffer);
  }
  const lock = given('lock');
  if (lock?.kind === 'pointer')
    path.state.lock = helper === SPIN_LOCK ? { id: lock.id, map: lock.map } : undefined;
  const callee = given('function');
  if (CALLS_BACK.has(helper) && callee?.kind === 'pointer') callBack(path, helper, callee.size);
  const timer = given('timer');
  if (helper === SETS_CALLBACK && callee?.kind === 'pointer')
    setCallback(path, timer as Pointer, callee.size);
  const { registers } = path.frame;
  const released = given('reservedRecord') ?? given('releasedSocket') ?? given('releasedStruct');
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  if (helper === TAIL_CALL) leaveByTailCall(path);
  else if (row.changesPacket === true) forgetPacket(path, path.state);
  if (released?.kind === 'pointer') release(path, released.reference);
  registers[0] = result;
}

/** The argument of a kind, where there is one. */
type Given = (kind: ArgumentKind) => Value | undefined;

const argumentsOf =
  (path: Path, { arguments: kinds = [] }: HelperSignature): Given =>
  (kind) => {
    const at = kinds.indexOf(kind);
    return at < 0 ? undefined : path.value(at + 1);
  };

/**
 * Behind a tail call the path goes on where none was made, and there nothing has changed. Where one was made in a
 * function, its caller goes on, with any result, and with a packet that may be another.
 */
function leaveByTailCall(path: Path): void {
  if (path.state.frames.length === 1) return;
  const state = copyState(path.state);
  forgetPacket(path, state);
  path.walker.fork(state, returnToCaller(state, ANY_NUMBER));
}

/** Gives something back: whatever points to it is void. */
function release(path: Path, reference: number): void {
  forgetReference(path.state, reference);
  mapValues(path.state, (value) =>
    value.kind === 'pointer' && value.reference === reference ? (path.privileged ? ANY_NUMBER : NONE) : value,
  );
}

/** Acquires what `value` points to, which may be nothing (`acquire_reference`). */
function acquired(path: Path, value: Pointer): Pointer {
  const id = path.newId();
  path.state.references = [...path.state.references, id];
  return { ...value, id, reference: id };
}

function resultOf(path: Path, row: HelperSignature, given: Given): Value {
  const map = mapOf(given('map') ?? NONE);
  switch (row.result) {
    case 'void':
      return NONE;
    case 'mapValueOrNull': {
      const key = constantKey(path, given('mapKey') ?? NONE, map);
      const isThere = row.number === LOOK_UP && !mayLookUpNull(map, key);
      const { range } = given('map') as Pointer;
      const value = pointer(isThere ? 'mapValue' : 'mapValueOrNull', { map, range, id: path.newId() });
      return map?.kind === 'socketMap' ? acquired(path, value) : value;
    }
    case 'mapValue':
      return pointer('mapValue', { map, id: path.newId() });
    case 'recordOrNull':
      return acquired(path, pointer('recordOrNull', { size: reservedSize(given('reservedSize')!) }));
    case 'acquiredSocketOrNull':
      return acquired(path, pointer('fullSocketOrNull'));
    case 'acquiredCommonSocketOrNull':
      return acquired(path, pointer('socketOrNull'));
    case 'fullSocketOrNull':
    case 'tcpSocketOrNull': {
      const socket = given('socket');
      const reference = socket?.kind === 'pointer' ? socket.reference : 0;
      return pointer(row.result, { id: path.newId(), reference });
    }
    case 'acquiredStructOrNull':
      return acquired(path, pointer('structOrNull', { of: path.options.structs!(row.struct!) }));
    case 'structOrNull': {
      const socket = given('anySocket');
      const reference = socket?.kind === 'pointer' ? socket.reference : 0;
      const of = path.options.structs!(row.struct!);
      return pointer('structOrNull', { id: path.newId(), reference, of, size: 1 });
    }
    case 'listenerOrNull':
      return pointer('fullSocketOrNull', { id: path.newId() });
    default:
      return numberOf(path, row);
  }
}

const reservedSize = (size: Value): number =>
  Number(BigInt.asUintN(32, scalars.constantOf(scalarOf(size)) ?? 0n));

/** The number that a helper gives. */
function numberOf(path: Path, { number: helper, arguments: kinds = [] }: HelperSignature): Value {
  if (helper === PROCESSOR_ID)
    return limited(path, 0n, BigInt(path.options.processors ?? MOST_PROCESSORS) - 1n);
  if (!STRING_READS.has(helper)) return ANY_NUMBER;
  const size = kinds.findIndex((kind) => kind === 'size' || kind === 'sizeOrZero') + 1;
  return limited(path, -MOST_ERRORS, scalarOf(path.value(size)).wide.umax);
}

function limited(path: Path, smin: bigint, smax: bigint): Value {
  const wide = { ...scalars.FULL_64, smin, smax };
  const low = { ...scalars.FULL_32, smin, smax };
  const scalar = scalars.settled({ ...scalars.UNKNOWN, wide, low });
  return number(path.numbers.alu('add', scalar, scalars.constant(0n), 64));
}
