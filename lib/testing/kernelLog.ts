/**
 * Test support: the log of the kernel's verifier at level 2, read as a list of events.
 *
 * Linux `kernel/bpf/log.c`: `print_verifier_state`, `print_reg_state`, `print_scalar_ranges`. A line of an
 * instruction gives, after a semicolon, the registers it touched as they are afterwards, where the path
 * falls through.
 */

import { FULL_32, FULL_64, type Scalar, UNKNOWN } from '../verify/numbers/scalar.js';

/** A register as the kernel prints it. */
export interface LoggedValue {
  /** `scalar`, `ctx`, `pkt`, `pkt_meta`, `pkt_end`, `fp`, `map_ptr`, `map_value`, `map_value_or_null`, … */
  readonly type: string;
  /** The number, or the varying part of an address. */
  readonly scalar: Scalar;
  /** Addresses: the part that does not vary; stack addresses: from the frame pointer. */
  readonly offset: number;
  /** Packets: bytes that were compared with the end. Negative for the kernel's special values. */
  readonly range: number;
  /** Stack: the frame, where it is not the present one. */
  readonly frame: number | undefined;
}

export interface LoggedState {
  readonly frame: number;
  readonly registers: ReadonlyMap<number, LoggedValue>;
}

export type LogEvent =
  | { readonly kind: 'instruction'; readonly index: number; readonly after: LoggedState | undefined }
  /** The state at `index`: after that instruction where the line before was of it, else before it. */
  | { readonly kind: 'state'; readonly index: number; readonly state: LoggedState }
  /** A path that was left for later, or that comes back from a function. */
  | {
      readonly kind: 'from';
      readonly from: number;
      readonly index: number;
      readonly state: LoggedState | undefined;
    }
  /** The path ends here, because its state is known. */
  | { readonly kind: 'safe' };

const POINT: Scalar = { bits: { value: 0n, mask: 0n }, wide: pointRange(0n, 64), low: pointRange(0n, 32) };

function pointRange(value: bigint, width: 32 | 64): Scalar['wide'] {
  const unsigned = BigInt.asUintN(width, value);
  const signed = BigInt.asIntN(width, value);
  return { umin: unsigned, umax: unsigned, smin: signed, smax: signed };
}

const constant = (value: bigint): Scalar => ({
  bits: { value: BigInt.asUintN(64, value), mask: 0n },
  wide: pointRange(value, 64),
  low: pointRange(value, 32),
});

const numberOf = (text: string): bigint => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text));

export function readLog(log: string): LogEvent[] {
  const events: LogEvent[] = [];
  for (const line of log.split('\n')) {
    const instruction = /^(\d+): \([0-9a-f]{2}\) [^;]*(?:; ?(.*))?$/.exec(line);
    if (instruction !== null) {
      const [, index, state] = instruction;
      events.push({ kind: 'instruction', index: Number(index), after: readState(state) });
      continue;
    }
    const from = /^from (\d+) to (\d+)(?: \(speculative execution\))?: (.*)$/.exec(line);
    if (from !== null) {
      const state = from[3] === 'safe' ? undefined : readState(from[3]);
      events.push({ kind: 'from', from: Number(from[1]), index: Number(from[2]), state });
      if (from[3] === 'safe') events.push({ kind: 'safe' });
      continue;
    }
    const state = /^(\d+): (.*)$/.exec(line);
    if (state === null) continue;
    if (state[2] === 'safe') events.push({ kind: 'safe' });
    else events.push({ kind: 'state', index: Number(state[1]), state: readState(state[2])! });
  }
  return events;
}

function readState(text: string | undefined): LoggedState | undefined {
  if (text === undefined) return undefined;
  const registers = new Map<number, LoggedValue>();
  // Values hold blanks in `var_off=(0x0; 0xff)` alone.
  for (const [, register, value] of text.matchAll(/(?:^| )R(\d+)=((?:[^ (]|\((?:[^()]|\([^()]*\))*\))*)/g)) {
    const read = readValue(value!);
    if (read !== undefined) registers.set(Number(register), read);
  }
  return { frame: Number(/^ *frame(\d+):/.exec(text)?.[1] ?? 0), registers };
}

function readValue(text: string): LoggedValue | undefined {
  const plain = text.replace(/^P/, '');
  const address = { scalar: POINT, offset: 0, range: 0, frame: undefined };
  if (/^(-?\d+|0x[0-9a-f]+)$/.test(plain))
    return { ...address, type: 'scalar', scalar: constant(numberOf(plain)) };
  const stack = /^fp(?:\[(\d+)\])?(-?\d+)?(?:\((.*)\))?$/.exec(plain);
  if (stack !== null) {
    const [, frame, offset = '0', fields = ''] = stack;
    const { scalar, off } = readFields(fields, POINT);
    const at = frame === undefined ? undefined : Number(frame);
    return { ...address, type: 'fp', scalar, offset: Number(offset) + off, frame: at };
  }
  const other = /^(\w+)\((.*)\)$/.exec(plain);
  if (other === null) return undefined;
  const [, type, fields] = other as unknown as [string, string, string];
  const { scalar, off, range } = readFields(fields, type === 'scalar' ? UNKNOWN : POINT);
  return { ...address, type, scalar, offset: off, range };
}

/** `smin=umin=5,umax=0xff,var_off=(0x0; 0xff),off=8,r=8`: names may share a value; what is not told is full. */
function readFields(
  text: string,
  start: Scalar,
): { readonly scalar: Scalar; readonly off: number; readonly range: number } {
  const wide: { -readonly [K in keyof Scalar['wide']]: bigint } = { ...FULL_64 };
  const low: { -readonly [K in keyof Scalar['low']]: bigint } = { ...FULL_32 };
  let bits = UNKNOWN.bits;
  let [off, range] = [0, 0];
  let varies = start === UNKNOWN;
  for (const part of text.match(/[^,(]+(?:\([^)]*\))?/g) ?? []) {
    const names = part.split('=');
    const value = names.pop()!;
    for (const name of names) {
      const isLow = name.endsWith('32');
      const key = name.replace(/32$/, '');
      if (name === 'off') off = Number(value);
      else if (name === 'r') range = Number(BigInt.asIntN(32, BigInt.asUintN(32, numberOf(value))));
      else if (name === 'var_off') {
        const [known, mask] = value.slice(1, -1).split('; ');
        bits = { value: BigInt(known!), mask: BigInt(mask!) };
        varies = true;
      } else if (key === 'smin' || key === 'smax') {
        if (isLow) low[key] = BigInt.asIntN(32, numberOf(value));
        else wide[key] = BigInt.asIntN(64, numberOf(value));
        varies = true;
      } else if (key === 'umin' || key === 'umax') {
        if (isLow) low[key] = BigInt.asUintN(32, numberOf(value));
        else wide[key] = BigInt.asUintN(64, numberOf(value));
        varies = true;
      }
    }
  }
  return { scalar: varies ? { bits, wide, low } : start, off, range };
}
