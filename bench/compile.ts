/**
 * How long compiling takes: `node dist/bench/compile.js [--rounds N]`.
 *
 * A filter that people write, and lists of random members. Each list is compiled `rounds` times, every time
 * with other members; `first` is the first one of its kind, `least` and `median` are of all. Beside the time
 * stand the length of the last program and how many instructions it executes at most on random packets.
 */

import { parseArgs } from 'node:util';
import { compile } from '../lib/index.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } });
const ROUNDS = Number(values.rounds);

/** The same numbers on every run. */
let state = 12345;
function random(below: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const address = (): string => Array.from({ length: 4 }, () => random(256)).join('.');

function network(): string {
  const length = 12 + random(19);
  const number = (Math.floor(random(2 ** 31) * 2) & (-1 << (32 - length))) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')}/${length}`;
}

const hex = (count: number, below: number): string =>
  Array.from({ length: count }, () => random(below).toString(16)).join(':');

const KINDS: readonly [name: string, item: () => string][] = [
  ['host', () => `host ${address()}`],
  ['net', () => `net ${network()}`],
  ['port', () => `port ${random(65536)}`],
  ['host, IPv6', () => `host ${hex(8, 65536)}`],
  ['ether host', () => `ether host ${hex(6, 256)}`],
];

function mostExecuted(expression: string): number {
  const filter = compile(expression).for('EN10MB');
  let most = 0;
  for (let at = 0; at < 200; at++) {
    const packet = Uint8Array.from({ length: 80 }, () => random(256));
    packet.set(at % 2 === 0 ? [0x08, 0x00, 0x45] : [0x86, 0xdd, 0x60], 12);
    packet.set([at % 2 === 0 ? 0 : 6, 0], 20);
    packet[23] = 6;
    most = Math.max(most, filter.explain(packet).steps.length);
  }
  return most;
}

function measure(name: string, rounds: number, make: () => string): void {
  const times: number[] = [];
  let expression = '';
  for (let round = 0; round < rounds; round++) {
    expression = make();
    const start = performance.now();
    compile(expression);
    times.push(performance.now() - start);
  }
  const [first] = times;
  times.sort((a, b) => a - b);
  const columns = [first!, times[0]!, times[times.length >> 1]!].map((time) => time.toFixed(2).padStart(9));
  const { length } = compile(expression).for('EN10MB').cbpf;
  console.log(
    `${name.padEnd(32)}${columns.join('')}${`${length}`.padStart(9)}${`${mostExecuted(expression)}`.padStart(9)}`,
  );
}

console.log(`${'ms'.padEnd(32)}    first    least   median   length executed`);
measure('tcp port 80 and host ADDRESS', 50 * ROUNDS, () => `tcp port 80 and host ${address()}`);
for (const count of [50, 200, 800]) {
  for (const [name, item] of KINDS) {
    const rounds = Math.max(3, Math.floor((ROUNDS * 50) / count));
    measure(`${count} times ${name}`, rounds, () => Array.from({ length: count }, item).join(' or '));
  }
}
