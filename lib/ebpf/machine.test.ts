import test from 'ava';
import { fromHex } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { fromBytes } from './instruction.js';
import { execute, type HelperFunction } from './machine.js';
import { Memory, RuntimeFault } from './memory.js';

export interface ConformanceRow {
  readonly name: string;
  readonly expect: 'result' | 'reject' | 'fault';
  readonly result: string | null;
  readonly helpers: readonly number[];
  readonly mem: string;
  readonly program: string;
}

const text = (memory: Memory, address: bigint): string => {
  let result = '';
  for (let low = Number(address); ; low++) {
    const region = memory.locate(low, 0, 1, false, 0);
    const byte = region.bytes[region.start + low - region.base]!;
    if (byte === 0) return result;
    result += String.fromCharCode(byte);
  }
};

/** The helpers that the conformance vectors call, as their README defines them. */
const CONFORMANCE_HELPERS: ReadonlyMap<number, HelperFunction> = new Map<number, HelperFunction>([
  [
    0,
    (_, [a, b, c, d, e]) =>
      ((a & 0xffn) << 32n) | ((b & 0xffn) << 24n) | ((c & 0xffn) << 16n) | ((d & 0xffn) << 8n) | (e & 0xffn),
  ],
  [
    1,
    ({ memory, index }, [address, length]) => {
      for (let i = 0; i < Number(length); i++) {
        const low = Number(address) + i;
        const region = memory.locate(low, 0, 1, true, index);
        region.bytes[region.start + low - region.base]! ^= 42;
      }
      return 0n;
    },
  ],
  [2, () => 0n],
  [3, (_, [value]) => BigInt(Math.floor(Math.sqrt(Number(value))))],
  [
    4,
    ({ memory }, [left, right]) => {
      const [a, b] = [text(memory, left), text(memory, right)];
      return a < b ? -1n : a > b ? 1n : 0n;
    },
  ],
  [5, (_, [value]) => (value === 0n ? { kind: 'exit', result: 0n } : value)],
]);

for (const file of ['bpf_conformance', 'ubpf', 'random']) {
  test(`${file}: results of the definition`, (t) => {
    const tally = new Tally(`conformance/${file} (definition)`);
    for (const row of vectors<ConformanceRow>(t, `vectors/conformance/${file}.jsonl`, 150)) {
      if (row.expect === 'reject') continue;
      const memory = new Memory();
      const mem = fromHex(row.mem);
      const region = memory.add('memory', mem, { writable: true });
      const address = mem.length === 0 ? 0n : BigInt(region.base);
      let actual: string;
      try {
        const { result } = execute(
          fromBytes(fromHex(row.program)),
          { memory, helpers: CONFORMANCE_HELPERS, budget: 5_000_000 },
          [address, BigInt(mem.length)],
        );
        actual = `0x${result.toString(16)}`;
      } catch (error) {
        if (!(error instanceof RuntimeFault)) throw new Error(`${row.name}: ${(error as Error).message}`);
        actual = 'fault';
      }
      const expected = row.expect === 'fault' ? 'fault' : `0x${BigInt(row.result!).toString(16)}`;
      tally.check(actual === expected, () => `${row.name}: ${actual}, not ${expected}`);
    }
    tally.finish(t);
  });
}
