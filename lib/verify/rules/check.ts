/** Whether a requirement holds where a path has come to; if not, the program is refused. */

import { FRAME_POINTER } from '../../ebpf/index.js';
import { checkAccess } from './access.js';
import { checkArithmetic } from './addresses.js';
import { checkArgument, checkFormat, checkOneReference } from './arguments.js';
import { checkCall, checkCallback, checkResult, checkTailCall } from './calls.js';
import { checkComparison } from './comparisons.js';
import { checkFunction, checkHelper } from './helpers.js';
import { checkMapOfHelper } from './maps.js';
import { checkPacketLoad } from './packetLoads.js';
import { checkSet, type Point, reject } from './point.js';
import { checkNothingHeld } from './references.js';
import { alwaysHolds, type Leak, type Requirement } from './requirements.js';

type Check<Need extends Requirement['need']> = (
  point: Point,
  requirement: Extract<Requirement, { need: Need }>,
) => void;

const CHECKS: { readonly [Need in Requirement['need']]: Check<Need> } = {
  encoding: (point, { kind, message }) => reject(point, kind, message),
  set: (point, { register }) => checkSet(point, register),
  writable(point, { register }) {
    if (register === FRAME_POINTER) reject(point, 'frame-pointer-write', 'the frame pointer is read only');
  },
  'no-address': (point, { register, leak }) => checkNoAddress(point, register, leak),
  shift(point, requirement) {
    const { count, width } = requirement;
    if (!alwaysHolds(requirement, point.privileged))
      reject(point, 'bad-shift', `a shift by ${count} of ${width} bits`);
  },
  divisor(point, { constant }) {
    if (constant === 0) reject(point, 'division-by-zero', 'division by the constant 0');
  },
  'address-arithmetic': (point, { instruction }) => checkArithmetic(point, instruction),
  access: (point, { access }) => checkAccess(point, access),
  apart(point, { register, base }) {
    if (register === base)
      reject(point, 'not-a-pointer', `r${base} is the address, and takes the value that was there`);
  },
  'packet-load': (point) => checkPacketLoad(point),
  comparison: (point, { instruction }) => checkComparison(point, instruction),
  function: (point, { distance }) => checkFunction(point, distance),
  helper: (point, { helper }) => checkHelper(point, helper),
  argument: (point, { argument }) => checkArgument(point, argument),
  'one-reference': (point, { helper }) => checkOneReference(point, helper),
  'map-of-helper': (point, { helper, register }) => checkMapOfHelper(point, helper, register),
  format: (point, { text, values, size }) => checkFormat(point, text, values, size),
  callback: (point, { helper }) => checkCallback(point, helper),
  'tail-call': (point) => checkTailCall(point),
  'nothing-held': (point) => checkNothingHeld(point),
  call: (point, { distance }) => checkCall(point, distance),
  result: (point) => checkResult(point),
};

/** @throws Rejected when it does not hold */
export const check = (point: Point, requirement: Requirement): void =>
  (CHECKS[requirement.need] as Check<Requirement['need']>)(point, requirement);

const LEAKS: Readonly<Record<Leak, readonly [what: string, remedy?: string]>> = {
  computed: ['is an address, which unprivileged programs may not compute with'],
  halved: ['is an address, and half of it is still one', 'copy all 64 bits'],
  compared: ['is an address and is compared with memory'],
  stored: ['is an address and is written to memory'],
};

/** The unprivileged may not turn an address into a number they could print. */
function checkNoAddress(point: Point, register: number, leak: Leak): void {
  if (point.privileged || point.value(register).kind !== 'pointer') return;
  const [what, remedy] = LEAKS[leak];
  reject(point, 'pointer-leak', `r${register} ${what}`, remedy);
}
