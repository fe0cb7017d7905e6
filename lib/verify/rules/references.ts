/**
 * What has to be given back: reserved records, sockets that were looked up, locks.
 * Linux `release_reference`, `check_resource_leak`, `process_spin_lock`.
 */

import * as scalars from '../numbers/scalar.js';
import { describe, type Pointer, type Value } from '../state/value.js';
import { type Point, reject } from './point.js';

export const SPIN_LOCK = 93;
export const SPIN_UNLOCK = 94;

/** A register holds what may be given back: unmoved, acquired before, and not given back yet. */
export function checkReleased(point: Point, value: Pointer, register: number): void {
  if (value.reference === 0)
    reject(
      point,
      'unreleased-reference',
      `r${register} is ${describe(value)}, which was not acquired or has been given back`,
    );
  if (value.offset !== 0 || scalars.constantOf(value.variable) !== 0n)
    reject(point, 'bad-argument', `r${register} has been moved from where it was acquired`);
  if (!point.state.references.includes(value.reference))
    reject(point, 'unreleased-reference', 'this has been given back before');
}

/**
 * Nothing is held where the program may end. From within a function it comes back to the caller, who may still give
 * back what was acquired (`check_reference_leak`).
 */
export function checkNothingHeld(point: Point): void {
  const { references, lock, frames } = point.state;
  if (lock !== undefined)
    reject(point, 'locked', 'the program may end here with a lock held', 'unlock it on every path');
  if (references.length > 0 && frames.length === 1)
    reject(
      point,
      'unreleased-reference',
      'the program may end here with something that it has acquired',
      'give it back on every path',
    );
}

/** While a lock is held nothing is called but what gives it back. */
export function checkUnlocked(point: Point, helper: number): void {
  if (point.state.lock !== undefined && helper !== SPIN_UNLOCK)
    reject(point, 'locked', 'no helper can be called while a lock is held');
}

/** The lock of a value, to be taken where none is held, or given back where it is this one. */
export function checkLock(point: Point, helper: number, value: Value, register: number): void {
  if (value.kind !== 'pointer' || value.type !== 'mapValue')
    reject(point, 'bad-argument', `r${register} is ${describe(value)}, which has no lock`);
  const { map, offset, variable, id } = value;
  const by = scalars.constantOf(variable);
  if (by === undefined) reject(point, 'bad-argument', 'a lock at a variable offset');
  if (map?.spinLock === undefined || map.spinLock !== offset + Number(by))
    reject(point, 'bad-argument', `the lock of this map's values is not at ${offset + Number(by)}`);
  const { lock } = point.state;
  if (helper === SPIN_LOCK) {
    if (lock !== undefined) reject(point, 'locked', 'only one lock can be held');
    return;
  }
  if (lock === undefined) reject(point, 'locked', 'no lock is held');
  if (lock.id !== id || lock.map !== map) reject(point, 'locked', 'another lock is held');
}
