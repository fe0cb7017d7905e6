/**
 * What would have to be otherwise, where turning a few tests of the run finds nothing, as deep in tunnels: a packet of the
 * other verdict is made, and everything taken back of it that need not differ.
 */

import { type Made, make } from '../ask/index.js';
import { type FilterFunction, opcodes, type Program } from '../cbpf/index.js';
import { type Change, numberAt, plain, type Turned } from './change.js';
import type { Input } from './trace.js';

/** Places that are looked at for such a packet. */
const BUDGET = 20_000;
const WORD = 4;

/**
 * A packet of the other verdict, or the proof that there is none.
 *
 * @param linkType - The number in files.
 * @returns `undefined` where the program does not say what it takes.
 */
export function madeOtherwise(program: Program, matched: boolean, linkType: number): Made | undefined {
  const wanted = matched ? opposite(program) : program;
  return wanted && make(wanted, { linkType, budget: BUDGET });
}

/**
 * @param made - A packet of the other verdict.
 * @returns `undefined` where a packet that begins as this one does not get it.
 */
export function madeChange(run: FilterFunction, input: Input, made: Uint8Array): Change | undefined {
  const isMatch = ({ bytes, wireLength }: Input): boolean => run(bytes, 0, bytes.length, wireLength) !== 0;
  const matched = isMatch(input);
  const bytes = new Uint8Array(Math.max(made.length, input.bytes.length));
  bytes.set(input.bytes);
  bytes.set(made);
  // A length that is less than what was captured, as hostile files have it, stays as it is.
  const grows = bytes.length > input.bytes.length;
  const changed = { bytes, wireLength: grows ? Math.max(input.wireLength, bytes.length) : input.wireLength };
  if (isMatch(changed) === matched) return undefined;
  const isDifferent = (at: number): boolean => bytes[at] !== (input.bytes[at] ?? 0);
  /** Takes back so many bytes at a time that need not differ. */
  const takeBack = (size: number): boolean => {
    let isLess = false;
    for (let at = 0; at < bytes.length; at++) {
      if (!isDifferent(at)) continue;
      const own = bytes.slice(at, at + size);
      for (let i = at; i < at + own.length; i++) bytes[i] = input.bytes[i] ?? 0;
      if (isMatch(changed) === matched) bytes.set(own, at);
      else isLess = true;
    }
    return isLess;
  };
  while ([1, 2, WORD].some(takeBack));
  const kept: [at: number, size: number][] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (!isDifferent(at)) continue;
    const last = kept.at(-1);
    if (last !== undefined && last[0] + last[1] === at && last[1] < WORD) last[1]++;
    else kept.push([at, 1]);
  }
  const turned = kept.map(([at, size]): Turned => {
    const unit = { key: '', at, size, mask: 2 ** (8 * size) - 1 };
    return { unit, value: numberAt(changed, unit) };
  });
  return plain(input, { input: changed, turned });
}

/** The program that takes what this one refuses, of packets that have all bytes it looks at. */
function opposite(program: Program): Program | undefined {
  if (program.some(({ code }) => code === (opcodes.RET | opcodes.A))) return undefined;
  return program.map((instruction) =>
    opcodes.classOf(instruction.code) === opcodes.RET
      ? { ...instruction, k: instruction.k === 0 ? 1 : 0 }
      : instruction,
  );
}
