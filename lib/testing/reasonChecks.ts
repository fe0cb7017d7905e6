/**
 * Reasons of verdicts, tried: whatever is put in place of bytes that a reason does not name, the verdict stays, and what it
 * says would have to be otherwise turns it round. The judge is the definition of the machine on the unoptimized program; for bytes
 * that are changed one by one, which are many, it is the interpreter that is held to it.
 */

import { execute, type FilterFunction, loadInterpreter, type Program } from '../cbpf/index.js';
import { compile, type LinkFilter } from '../filter/index.js';
import type { Packet } from '../savefile/index.js';
import type { Reason } from '../see/index.js';
import { FilterError } from '../source.js';
import type { Random } from './random.js';

const compiled = new Map<string, LinkFilter | undefined>();

/** The filter for a packet's link type, if the expression has a meaning on it. */
export function filterFor(expression: string, { interface: source }: Packet): LinkFilter | undefined {
  const key = `${source.linkType} ${source.bigEndian} ${expression}`;
  if (!compiled.has(key)) compiled.set(key, compiledFor(expression, source));
  return compiled.get(key);
}

function compiledFor(expression: string, source: Packet['interface']): LinkFilter | undefined {
  try {
    return compile(expression).for(source);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

const interpreters = new WeakMap<Program, FilterFunction>();

function interpreterOf(program: Program): FilterFunction {
  const run = interpreters.get(program) ?? loadInterpreter(program);
  interpreters.set(program, run);
  return run;
}

const isMatch = (program: Program, bytes: Uint8Array, wireLength: number): boolean =>
  execute(program, { bytes, wireLength }).result !== 0;

/**
 * What is wrong with a reason.
 *
 * @param most - Bytes that are changed one by one, besides all of them together.
 */
export function wrongWith(
  program: Program,
  packet: Packet,
  reason: Reason,
  random: Random,
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  const { data, wireLength } = packet;
  const { matches } = reason;
  if (isMatch(program, data, wireLength) !== matches) return 'another verdict';
  const isNamed = new Uint8Array(data.length);
  for (const { start, end } of reason.parts) if (start >= 0) isNamed.fill(1, start, end);
  const others = [...isNamed.keys()].filter((at) => isNamed[at] === 0);
  const bytes = data.slice();
  for (const value of [
    () => 0,
    () => 255,
    (at: number) => ~data[at]!,
    () => random(256),
    () => random(256),
  ]) {
    for (const at of others) bytes[at] = value(at);
    if (isMatch(program, bytes, wireLength) !== matches) return 'bytes that are not named change the verdict';
  }
  bytes.set(data);
  const run = interpreterOf(program);
  for (const one of others.slice(0, most)) {
    bytes[one]! ^= 1 + random(255);
    if ((run(bytes, 0, bytes.length, wireLength) !== 0) !== matches)
      return `byte ${one}, which is not named, changes the verdict`;
    bytes[one] = data[one]!;
  }
  const isLengthNamed = reason.parts.some(({ start }) => start < 0);
  if (!isLengthNamed && isMatch(program, data, wireLength + 1 + random(60_000)) !== matches)
    return 'the length on the wire, which is not named, changes the verdict';
  return wrongWithChange(program, packet, reason);
}

function wrongWithChange(program: Program, packet: Packet, { matches, change }: Reason): string | undefined {
  if (change.length === 0) return undefined;
  const { data, wireLength } = packet;
  const turned = (leftOut: number): boolean => {
    const parts = change.filter((_, place) => place !== leftOut);
    const bytes = new Uint8Array(Math.max(data.length, ...change.map(({ end }) => end)));
    bytes.set(data);
    let length = Math.max(wireLength, bytes.length > data.length ? bytes.length : 0);
    for (const { start, bytes: own, value } of parts) {
      if (start < 0) length = Number(value);
      else bytes.set(own, start);
    }
    return isMatch(program, bytes, length) !== matches;
  };
  if (!turned(-1)) return 'the change does not turn the verdict round';
  // Bytes that the packet lacks are added as they may, 0 as well.
  const needless = change.findIndex(
    ({ end }, place) => end <= data.length && change.length > 1 && turned(place),
  );
  return needless < 0 ? undefined : 'a part of the change is needless';
}
