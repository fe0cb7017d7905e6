/**
 * Comparisons: which way a path can go, and what it then knows of numbers, packets and null.
 * Linux `check_cond_jmp_op`, `find_good_pkt_pointers`, `mark_ptr_or_null_regs`.
 */

import type { Instruction } from '../../ebpf/index.js';
import type { Scalar } from '../numbers/scalar.js';
import * as scalars from '../numbers/scalar.js';
import {
  AT_END,
  BEYOND_END,
  certainOutcome,
  isNullCheck,
  type PacketTest,
  packetTest,
} from '../state/comparisons.js';
import { type Place, registerPlace, slotPlace } from '../state/history.js';
import { copyState, currentFrame, forgetReference, mapValues, type State } from '../state/state.js';
import {
  isPacket,
  known,
  NOT_NULL,
  type Number_,
  notNull,
  number,
  type Pointer,
  type Value,
} from '../state/value.js';
import type { Path } from './path.js';

/** Bytes of variable offset for which packet bounds are believed (Linux `MAX_PACKET_OFF`). */
const MAX_PACKET_OFFSET = 0xffffn;

type Branch = Extract<Instruction, { kind: 'branch' }>;

export function branch(path: Path, instruction: Branch): number {
  const { op, width, dst, operand, distance } = instruction;
  const left = path.value(dst);
  const right = path.operand(operand);
  const taken = path.index + 1 + distance;
  const straight = path.index + 1;
  const sourceRegister = 'register' in operand ? operand.register : undefined;
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const compared = path.numbers.compare(op, left.scalar, right.scalar, width, sourceRegister === dst);
    if (compared.outcome !== undefined) {
      path.decide(dst);
      if (sourceRegister !== undefined) path.decide(sourceRegister);
      return compared.outcome ? taken : straight;
    }
    noteCopies(path, left.id, sourceRegister === undefined ? 0 : right.id);
    const other = copyState(path.state);
    // Of a register compared with itself there is nothing to learn. Linux takes limits for true that contradict each
    // other, and then forgets them.
    if (sourceRegister !== dst || path.isLinux) {
      learnBoth(path, other, instruction, left, right, compared.holds);
      learnBoth(path, path.state, instruction, left, right, compared.fails);
    }
    path.walker.fork(other, taken);
    return straight;
  }
  return branchOnAddress(path, instruction, left, right);
}

/** `may_goto`: both ways, whenever it is reached. */
export function mayGoto(path: Path, { distance }: Extract<Instruction, { kind: 'mayGoto' }>): number {
  path.walker.forkLoop(path.index + 1);
  return path.index + 1 + distance;
}

function branchOnAddress(path: Path, instruction: Branch, left: Value, right: Value): number {
  const { op, width, dst, operand, distance } = instruction;
  const taken = path.index + 1 + distance;
  const straight = path.index + 1;
  const source = 'register' in operand ? operand.register : undefined;
  const outcome = certainOutcome(op, width, left, right);
  if (outcome !== undefined) {
    if (left.kind === 'scalar') path.decide(dst);
    if (source !== undefined && right.kind === 'scalar') path.decide(source);
    return outcome ? taken : straight;
  }
  const other = copyState(path.state);
  if (isNullCheck(instruction, right) && left.kind === 'pointer' && NOT_NULL[left.type] !== undefined) {
    learnNull(other, left, op === 'jeq');
    learnNull(path.state, left, op === 'jne');
  } else if (width === 64 && source !== undefined && left.kind === 'pointer' && right.kind === 'pointer') {
    learnEqual(op === 'jeq' ? other : op === 'jne' ? path.state : undefined, dst, left, source, right);
    const test = packetTest(op, dst, left, source, right);
    if (test !== undefined) learnPacket(path.state, other, test);
  }
  path.walker.fork(other, taken);
  return straight;
}

/** What is learnt of a number is learnt of its copies: going back, they belong together. */
function noteCopies(path: Path, first: number, second: number): void {
  if (first === 0 && second === 0) return;
  const places: Place[] = [];
  const isCopy = (value: Value): boolean =>
    value.kind === 'scalar' && value.id !== 0 && (value.id === first || value.id === second);
  for (const [depth, { registers, slots }] of path.state.frames.entries()) {
    for (const [register, value] of registers.entries())
      if (isCopy(value)) places.push(registerPlace(depth, register));
    for (const [slot, content] of slots.entries())
      if (content !== undefined && isCopy(content.spilled)) places.push(slotPlace(depth, slot));
  }
  if (places.length > 1) path.marks.copies = places;
}

function learnBoth(
  path: Path,
  state: State,
  { dst, operand }: Branch,
  left: Number_,
  right: Number_,
  { a, b }: { readonly a: Scalar; readonly b: Scalar },
): void {
  const source = 'register' in operand ? operand.register : undefined;
  // Both first, then what is tied to them: they may be tied to each other.
  const { registers } = currentFrame(state);
  registers[dst] = number(a, left.id, left.delta, left.added);
  if (source !== undefined) {
    registers[source] = number(b, right.id, right.delta, right.added);
    followCopies(path, state, source, right);
  }
  followCopies(path, state, dst, left);
}

/** Numbers that are copies of a register's, or differ by a constant, are known better as well (`sync_linked_regs`). */
function followCopies(path: Path, state: State, register: number, old: Number_): void {
  const now = currentFrame(state).registers[register] as Number_;
  if (old.id === 0 || old.scalar === now.scalar) return;
  mapValues(state, (value) => {
    if (value.kind !== 'scalar' || value.id !== now.id || value === now) return value;
    if ((value.added === 0 && now.added === 0) || value.delta === now.delta) return now;
    const distance = scalars.constant(BigInt.asUintN(64, BigInt(value.delta - now.delta)));
    const width = value.added === 32 || now.added === 32 ? 32 : 64;
    return number(path.numbers.alu('add', now.scalar, distance, width), value.id, value.delta, value.added);
  });
}

/** An address is null, or is not; and so are its copies. */
function learnNull(state: State, of: Pointer, isNull: boolean): void {
  mapValues(state, (value) => {
    if (value.kind !== 'pointer' || value.type !== of.type || value.id !== of.id) return value;
    return isNull ? known(0n) : notNull(value);
  });
  // Where there is nothing, nothing has to be given back.
  if (isNull && of.reference !== 0 && of.reference === of.id) forgetReference(state, of.reference);
}

/** An address that equals one that is not null is not null: this register alone. */
function learnEqual(
  state: State | undefined,
  dst: number,
  left: Pointer,
  source: number,
  right: Pointer,
): void {
  if (state === undefined) return;
  const [mayBeNull, other] = [NOT_NULL[left.type], NOT_NULL[right.type]];
  if ((mayBeNull === undefined) === (other === undefined)) return;
  const { registers } = currentFrame(state);
  if (mayBeNull !== undefined) registers[dst] = { ...notNull(left), id: left.id };
  else registers[source] = { ...notNull(right), id: right.id };
}

/** A comparison with the end of the packet tells how many bytes are there, or that the pointer is behind them. */
function learnPacket(straight: State, taken: State, { start, register, order }: PacketTest): void {
  // start <= end: bytes before start are there. start < end: the byte at start as well.
  if (order === 'jgt' || order === 'jle') {
    learnRange(order === 'jgt' ? straight : taken, start, false);
    markEnd(order === 'jgt' ? taken : straight, register, BEYOND_END);
  } else {
    learnRange(order === 'jlt' ? taken : straight, start, true);
    markEnd(order === 'jlt' ? straight : taken, register, AT_END);
  }
}

function learnRange(state: State, start: Pointer, isBelow: boolean): void {
  const { umax } = start.variable.wide;
  if (start.offset < 0 || (start.offset === 0 && isBelow)) return;
  if (umax > MAX_PACKET_OFFSET || umax + BigInt(start.offset) > MAX_PACKET_OFFSET) return;
  const range = start.offset + (isBelow ? 1 : 0);
  mapValues(state, (value) =>
    isPacket(value) && value.type === start.type && value.id === start.id && range > value.range
      ? { ...value, range }
      : value,
  );
}

function markEnd(state: State, register: number, range: number): void {
  const { registers } = currentFrame(state);
  const value = registers[register]!;
  if (value.kind === 'pointer' && value.type === 'packet') registers[register] = { ...value, range };
}
