/** Whether a requirement holds where a path has come to; if not, the program is refused. */

import { FRAME_POINTER } from '../../ebpf/index.js';
import { checkAccess } from './access.js';
import { checkArithmetic } from './addresses.js';
import { checkArgument, checkFormat, checkOneReference } from './arguments.js';
import { checkCall, checkCallback, checkResult, checkTailCall } from './calls.js';
import { checkComparison } from './comparisons.js';
import { checkFunction, checkHelper, checkKfunc } from './helpers.js';
import { checkMapOfHelper } from './maps.js';
import { checkPacketLoad } from './packetLoads.js';
import { checkSet, type Point, reject } from './point.js';
import { checkNothingHeld } from './references.js';
import type { Leak, Requirement } from './requirements.js';

/** @throws Rejected when the requirement does not hold */
export type Check = (point: Point) => void;

type Made<Need extends Requirement['need']> = (requirement: Extract<Requirement, { need: Need }>) => Check;

const CHECKS: { readonly [Need in Requirement['need']]: Made<Need> } = {
  encoding:
    ({ kind, message }) =>
    (point) =>
      reject(point, kind, message),
  set:
    ({ register }) =>
    (point) =>
      checkSet(point, register),
  writable:
    ({ register }) =>
    (point) => {
      if (register === FRAME_POINTER) reject(point, 'frame-pointer-write', 'the frame pointer is read only');
    },
  'no-address':
    ({ register, leak }) =>
    (point) =>
      checkNoAddress(point, register, leak),
  shift:
    ({ count, width }) =>
    (point) => {
      if (count < 0 || count >= width) reject(point, 'bad-shift', `a shift by ${count} of ${width} bits`);
    },
  divisor:
    ({ constant }) =>
    (point) => {
      if (constant === 0) reject(point, 'division-by-zero', 'division by the constant 0');
    },
  'address-arithmetic':
    ({ instruction }) =>
    (point) =>
      checkArithmetic(point, instruction),
  access:
    ({ access }) =>
    (point) =>
      checkAccess(point, access),
  apart:
    ({ register, base }) =>
    (point) => {
      if (register === base)
        reject(point, 'not-a-pointer', `r${base} is the address, and takes the value that was there`);
    },
  'packet-load': () => checkPacketLoad,
  comparison:
    ({ instruction }) =>
    (point) =>
      checkComparison(point, instruction),
  function:
    ({ distance }) =>
    (point) =>
      checkFunction(point, distance),
  helper:
    ({ helper }) =>
    (point) =>
      checkHelper(point, helper),
  kfunc:
    ({ number }) =>
    (point) =>
      checkKfunc(point, number),
  argument:
    ({ argument }) =>
    (point) =>
      checkArgument(point, argument),
  'one-reference':
    ({ helper }) =>
    (point) =>
      checkOneReference(point, helper),
  'map-of-helper':
    ({ helper, register }) =>
    (point) =>
      checkMapOfHelper(point, helper, register),
  format:
    ({ text, values, size }) =>
    (point) =>
      checkFormat(point, text, values, size),
  callback:
    ({ helper }) =>
    (point) =>
      checkCallback(point, helper),
  'tail-call': () => checkTailCall,
  'nothing-held': () => checkNothingHeld,
  call:
    ({ distance }) =>
    (point) =>
      checkCall(point, distance),
  result: () => checkResult,
};

/** What looks whether a requirement holds. */
export const checkOf = (requirement: Requirement): Check =>
  (CHECKS[requirement.need] as Made<Requirement['need']>)(requirement);

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
