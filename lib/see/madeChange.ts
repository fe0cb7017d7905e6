/**
 * What would have to be otherwise, where turning a few tests of the run finds nothing, as deep in tunnels: a packet of the
 * other verdict is made, and everything taken back of it that need not differ.
 */

import { make } from '../ask/index.js';
import { type FilterFunction, opcodes, type Program } from '../cbpf/index.js';
import { type Change, numberAt, plain, type Turned } from './change.js';
import type { Input } from './trace.js';

/** Places that are looked at for such a packet. */
const BUDGET = 20_000;
const WORD = 4;

/**
 * @param linkType - The number in files.
 * @returns `undefined` where no such packet is found, or none that begins as this one does not.
 */
export function madeChange(
  program: Program,
  run: FilterFunction,
  input: Input,
  linkType: number,
): Change | undefined {
  const isMatch = ({ bytes, wireLength }: Input): boolean => run(bytes, 0, bytes.length, wireLength) !== 0;
  const matched = isMatch(input);
  const wanted = matched ? opposite(program) : program;
  const made = wanted && make(wanted, { linkType, budget: BUDGET }).packets[0]?.packet;
  if (made === undefined) return undefined;
  const bytes = new Uint8Array(Math.max(made.length, input.bytes.length));
  bytes.set(input.bytes);
  bytes.set(made);
  const changed = { bytes, wireLength: Math.max(input.wireLength, bytes.length) };
  if (isMatch(changed) === matched) return undefined;
  const turned: Turned[] = [];
  for (const [at, size] of differing(input.bytes, bytes)) {
    const own = bytes.slice(at, at + size);
    for (let i = at; i < at + size; i++) bytes[i] = input.bytes[i] ?? 0;
    if (isMatch(changed) !== matched) continue;
    bytes.set(own, at);
    const unit = { key: '', at, size, mask: 0xffff_ffff };
    turned.push({ unit, value: numberAt(changed, unit) });
  }
  return plain(input, { input: changed, turned });
}

/** Runs of bytes that differ, no longer than a word; those that only one has differ where they are not 0. */
function differing(before: Uint8Array, after: Uint8Array): [at: number, size: number][] {
  const found: [number, number][] = [];
  for (let at = 0; at < after.length; at++) {
    if ((before[at] ?? 0) === after[at]) continue;
    const last = found.at(-1);
    if (last !== undefined && last[0] + last[1] === at && last[1] < WORD) last[1]++;
    else found.push([at, 1]);
  }
  return found;
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
