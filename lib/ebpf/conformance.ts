/**
 * The helper functions that the public bpf_conformance suite calls (github.com/Alan-Jowett/bpf_conformance),
 * which are those of uBPF's own tests: for running that suite, not for filters.
 */

import { answer, answerUnsigned, bytesAt, type HelperFunction, type MachineHost } from './helpers.js';

/** A string up to its zero byte. */
function text(machine: MachineHost, argument: number): string {
  let result = '';
  for (let address = machine.low[argument]!; ; address++) {
    const region = machine.memory.locate(address, machine.high[argument]!, 1, false, machine.index);
    const byte = region.bytes[region.start + address - region.base]!;
    if (byte === 0) return result;
    result += String.fromCharCode(byte);
  }
}

function squareRoot(value: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(value))));
  while (root * root > value) root--;
  while ((root + 1n) * (root + 1n) <= value) root++;
  return root;
}

export const CONFORMANCE_HELPERS: ReadonlyMap<number, HelperFunction> = new Map<number, HelperFunction>([
  // Packs the low bytes of r1–r5.
  [
    0,
    ({ low, high }) => {
      high[0] = low[1]! & 0xff;
      low[0] = (low[2]! << 24) | ((low[3]! & 0xff) << 16) | ((low[4]! & 0xff) << 8) | (low[5]! & 0xff);
    },
  ],
  // Changes r2 bytes at r1.
  [
    1,
    (machine) => {
      const bytes = bytesAt(machine, 1, machine.low[2]! >>> 0, true);
      bytes.forEach((byte, index) => {
        bytes[index] = byte ^ 42;
      });
      return answer(machine, 0);
    },
  ],
  [2, (machine) => answer(machine, 0)],
  [
    3,
    (machine) => {
      const value = (BigInt(machine.high[1]! >>> 0) << 32n) | BigInt(machine.low[1]! >>> 0);
      return answerUnsigned(machine, Number(squareRoot(value)));
    },
  ],
  [
    4,
    (machine) => {
      const [a, b] = [text(machine, 1), text(machine, 2)];
      return answer(machine, a < b ? -1 : a > b ? 1 : 0);
    },
  ],
  // Ends the program where its argument is 0.
  [
    5,
    ({ low, high }) => {
      low[0] = low[1]!;
      high[0] = high[1]!;
      return (low[0] | high[0]) === 0 ? { kind: 'exit' } : undefined;
    },
  ],
]);
