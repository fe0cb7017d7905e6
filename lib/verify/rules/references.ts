/**
 * What has to be given back: reserved records, sockets that were looked up, locks.
 * Linux `acquire_reference`, `release_reference`, `check_resource_leak`, `process_spin_lock`.
 */

import * as scalars from '../numbers/scalar.js';
import { forgetReference, mapValues } from '../state/state.js';
import { ANY_NUMBER, describe, NONE, type Pointer, type Value } from '../state/value.js';
import type { Path } from './path.js';

/** Acquires what `value` points to, which may be nothing. */
export function acquired(path: Path, value: Pointer): Pointer {
  const id = path.newId();
  path.state.references = [...path.state.references, id];
  return { ...value, id, reference: id };
}

/** Whether a register holds what may be given back: unmoved, and acquired before. */
export function checkReleased(path: Path, value: Value, register: number): number {
  if (value.kind !== 'pointer' || value.reference === 0)
    path.reject(
      'unreleased-reference',
      `r${register} is ${describe(value)}, which was not acquired or has been given back`,
    );
  if (value.offset !== 0 || scalars.constantOf(value.variable) !== 0n)
    path.reject('bad-argument', `r${register} has been moved from where it was acquired`);
  return value.reference;
}

/** Gives something back: whatever points to it is void. */
export function release(path: Path, reference: number): void {
  if (!path.state.references.includes(reference))
    path.reject('unreleased-reference', 'this has been given back before');
  forgetReference(path.state, reference);
  mapValues(path.state, (value) =>
    value.kind === 'pointer' && value.reference === reference ? (path.privileged ? ANY_NUMBER : NONE) : value,
  );
}

/**
 * Nothing is held where the program may end. From within a function it comes back to the caller, who may still give
 * back what was acquired (`check_reference_leak`).
 */
export function checkNothingHeld(path: Path): void {
  const { references, lock, frames } = path.state;
  if (lock !== undefined)
    path.reject('locked', 'the program may end here with a lock held', 'unlock it on every path');
  if (references.length > 0 && frames.length === 1)
    path.reject(
      'unreleased-reference',
      'the program may end here with something that it has acquired',
      'give it back on every path',
    );
}

const SPIN_LOCK = 93;
const SPIN_UNLOCK = 94;

/** While a lock is held nothing is called but what gives it back. */
export function checkUnlocked(path: Path, helper: number): void {
  if (path.state.lock !== undefined && helper !== SPIN_UNLOCK)
    path.reject('locked', 'no helper can be called while a lock is held');
}

export function lockOrUnlock(path: Path, helper: number, value: Value, register: number): void {
  if (value.kind !== 'pointer' || value.type !== 'mapValue')
    path.reject('bad-argument', `r${register} is ${describe(value)}, which has no lock`);
  const { map, offset, variable, id } = value;
  const by = scalars.constantOf(variable);
  if (by === undefined) path.reject('bad-argument', 'a lock at a variable offset');
  if (map?.spinLock === undefined || map.spinLock !== offset + Number(by))
    path.reject('bad-argument', `the lock of this map's values is not at ${offset + Number(by)}`);
  const { state } = path;
  if (helper === SPIN_LOCK) {
    if (state.lock !== undefined) path.reject('locked', 'only one lock can be held');
    state.lock = { id, map };
    return;
  }
  if (state.lock === undefined) path.reject('locked', 'no lock is held');
  if (state.lock.id !== id || state.lock.map !== map) path.reject('locked', 'another lock is held');
  state.lock = undefined;
}
