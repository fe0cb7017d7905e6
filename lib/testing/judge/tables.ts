/**
 * Test support: what the verifier knows by heart of contexts, helpers and results, as programs to ask about, one a cell.
 */

import { encode } from '../../ebpf/encode.js';
import type { Instruction, Program } from '../../ebpf/instruction.js';
import type { Size } from '../../ebpf/opcodes.js';
import { SIGNATURES, signatureFor } from '../../ebpf/signatures.js';
import type { VerifiedType } from '../../verify/index.js';
import { CONTEXTS } from '../../verify/rules/context.js';
import type { Sample } from './generator.js';
import { verdictOf } from './judge.js';
import { CONSTANT, MAPS } from './maps.js';
import type { Oracle } from './oracle.js';

const TYPES = Object.keys(CONTEXTS) as VerifiedType[];
const SIZES: readonly Size[] = [1, 2, 4, 8];
/** A few bytes behind the longest context. */
const OFFSETS = Array.from({ length: 200 }, (_, offset) => offset);
const MOST_HELPERS = 220;

const program = (...instructions: readonly Instruction[]): Program => instructions.flatMap(encode);
const set = (dst: number, constant: number): Instruction => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  dst,
  operand: { constant },
});
const copy = (dst: number, register: number): Instruction => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  dst,
  operand: { register },
});
const exit: Instruction = { kind: 'exit' };

const plain = (type: VerifiedType, slots: Program, egress = false): Sample => ({
  program: slots,
  type,
  egress,
  strict: false,
});

function* contextCells(): Iterable<readonly [string, Sample]> {
  for (const type of TYPES)
    for (const size of SIZES)
      for (const offset of OFFSETS) {
        const cell = `${type} ${size} at ${offset}`;
        const load: Instruction = { kind: 'load', size, signExtend: false, dst: 2, base: 1, offset };
        yield [`${cell}, read`, plain(type, program(load, set(0, 0), exit))];
        yield [`${cell}, signed`, plain(type, program({ ...load, signExtend: size !== 8 }, set(0, 0), exit))];
        const store: Instruction = { kind: 'store', size, base: 1, offset, operand: { constant: 0 } };
        yield [`${cell}, write`, plain(type, program(store, set(0, 0), exit))];
      }
}

/** Fields of the socket of a packet. */
function* socketCells(): Iterable<readonly [string, Sample]> {
  const check: Instruction = {
    kind: 'branch',
    op: 'jne',
    width: 64,
    dst: 2,
    operand: { constant: 0 },
    distance: 2,
  };
  for (const size of SIZES)
    for (let offset = 0; offset < 96; offset++) {
      const get: Instruction = { kind: 'load', size: 8, signExtend: false, dst: 2, base: 1, offset: 168 };
      const load: Instruction = { kind: 'load', size, signExtend: false, dst: 3, base: 2, offset };
      const slots = program(get, check, set(0, 0), exit, load, set(0, 0), exit);
      yield [`${size} at ${offset}`, plain('sched_cls', slots)];
    }
}

/** Whether a helper may be called, with arguments that are right wherever plain memory is asked for. */
function* helperCells(): Iterable<readonly [string, Sample]> {
  for (const type of TYPES)
    for (let helper = 1; helper < MOST_HELPERS; helper++) {
      const row = signatureFor(helper, CONTEXTS[type].letter);
      // What takes something that this project has no notion of is refused here, whoever calls it.
      if (row !== undefined && row.arguments === undefined) continue;
      const setUp = (row?.arguments ?? []).map((kind, position) => argumentOf(kind, position + 1));
      if (setUp.some((part) => part === undefined)) continue;
      const before = [copy(6, 1), ...[8, 16, 24, 32, 40, 48].map(filled), ...(setUp.flat() as Instruction[])];
      const sample = plain(type, program(...before, { kind: 'call', helper }, set(0, 0), exit));
      yield [`${type} ${helper}`, sample];
      yield [`${type} ${helper}, not under the GPL`, { ...sample, license: 'MIT' }];
    }
}

const filled = (down: number): Instruction => ({
  kind: 'store',
  size: 8,
  base: 10,
  offset: -down,
  operand: { constant: 1 },
});

/** What sets an argument to something right, where that is not a map or part of one: those are `map`'s. */
function argumentOf(kind: string, register: number, map?: number): Instruction[] | undefined {
  switch (kind) {
    case 'anything':
      return [set(register, 0)];
    case 'context':
    case 'contextOrNull':
      return [copy(register, 6)];
    case 'size':
    case 'sizeOrZero':
      return [set(register, 8)];
    case 'map':
      return map === undefined ? undefined : [{ kind: 'wide', pseudo: 1, dst: register, low: map, high: 0 }];
    case 'reservedSize':
      return map === undefined ? undefined : [set(register, 8)];
    case 'constantText':
      return [{ kind: 'wide', pseudo: 2, dst: register, low: CONSTANT, high: 0 }];
    case 'function':
    case 'reservedRecord':
    case 'lock':
    case 'socket':
    case 'releasedSocket':
    case 'anySocket':
    case 'releasedStruct':
      return undefined;
    default:
      if (map === undefined && kind.toLowerCase().startsWith('map')) return undefined;
      if (map === undefined && kind === 'outMapValue') return undefined;
      return [
        copy(register, 10),
        { kind: 'alu', op: 'add', width: 64, dst: register, operand: { constant: -48 } },
      ];
  }
}

/** One argument is what it should not be: nothing, a number, the frame pointer, the context. */
function* argumentCells(): Iterable<readonly [string, Sample]> {
  const wrong: readonly (readonly [string, (register: number) => Instruction])[] = [
    ['0', (register) => set(register, 0)],
    ['-1', (register) => set(register, -1)],
    ['the frame pointer', (register) => copy(register, 10)],
    ['the context', (register) => copy(register, 6)],
    ['2^29', (register) => set(register, 1 << 29)],
  ];
  for (const type of TYPES)
    for (const row of SIGNATURES) {
      if (row.arguments === undefined || !row.types.includes(CONTEXTS[type].letter)) continue;
      const right = row.arguments.map((kind, position) => argumentOf(kind, position + 1));
      if (right.some((part) => part === undefined)) continue;
      for (let position = 0; position < row.arguments.length; position++)
        for (const [name, make] of wrong) {
          const setUp = right.map((part, at) => (at === position ? [make(at + 1)] : part!));
          const before = [copy(6, 1), ...[8, 16, 24, 32, 40, 48].map(filled), ...setUp.flat()];
          const slots = program(...before, { kind: 'call', helper: row.number }, set(0, 0), exit);
          yield [`${type} ${row.name}, r${position + 1} is ${name}`, plain(type, slots)];
        }
    }
}

/** Packet bytes as an argument, and addresses in the packet after a call. */
function* packetCells(): Iterable<readonly [string, Sample]> {
  for (const type of TYPES) {
    const [data, end] = type === 'xdp' ? [0, 4] : [76, 80];
    const packet: readonly Instruction[] = [
      copy(6, 1),
      { kind: 'load', size: 4, signExtend: false, dst: 7, base: 6, offset: data },
      { kind: 'load', size: 4, signExtend: false, dst: 8, base: 6, offset: end },
      copy(9, 7),
      { kind: 'alu', op: 'add', width: 64, dst: 9, operand: { constant: 64 } },
      { kind: 'branch', op: 'jle', width: 64, dst: 9, operand: { register: 8 }, distance: 2 },
      set(0, 0),
      exit,
      ...[8, 16, 24, 32, 40, 48].map(filled),
    ];
    for (const row of SIGNATURES) {
      if (row.arguments === undefined || !row.types.includes(CONTEXTS[type].letter)) continue;
      const right = row.arguments.map((kind, position) => argumentOf(kind, position + 1));
      if (right.some((part) => part === undefined)) continue;
      const call: Instruction = { kind: 'call', helper: row.number };
      const after: Instruction = { kind: 'load', size: 1, signExtend: false, dst: 1, base: 7, offset: 0 };
      const calls = program(...packet, ...right.flatMap((part) => part!), call, after, set(0, 0), exit);
      yield [`${type} ${row.name}, then the packet`, plain(type, calls)];
      for (let position = 0; position < right.length; position++) {
        const setUp = right.flatMap((part, at) => (at === position ? [copy(at + 1, 7)] : part!));
        const given = program(...packet, ...setUp, call, set(0, 0), exit);
        yield [`${type} ${row.name}, r${position + 1} is the packet`, plain(type, given)];
      }
    }
  }
}

function* resultCells(): Iterable<readonly [string, Sample]> {
  for (const type of TYPES)
    for (const egress of type === 'cgroup_skb' ? [false, true] : [false])
      for (const result of [-2147483648, -2, -1, 0, 1, 2, 3, 4, 5, 255, 65536, 2147483647])
        yield [`${type} ${egress} ${result}`, plain(type, program(set(0, result), exit), egress)];
}

/** Every kind of map with every helper that takes maps. */
function* mapCells(): Iterable<readonly [string, Sample]> {
  for (const type of TYPES)
    for (const row of SIGNATURES) {
      if (row.arguments?.includes('map') !== true || !row.types.includes(CONTEXTS[type].letter)) continue;
      for (const [map, { info }] of MAPS.entries()) {
        const setUp = row.arguments.flatMap((kind, position) => argumentOf(kind, position + 1, map) ?? []);
        if (row.arguments.includes('function')) continue;
        const before = [copy(6, 1), ...[8, 16, 24, 32, 40, 48].map(filled), ...setUp];
        const slots = program(...before, { kind: 'call', helper: row.number }, set(0, 0), exit);
        yield [`${type} ${row.name} of map ${map}, ${info.kind}`, plain(type, slots)];
      }
    }
}

/** By name: the tables, each cell with its name. */
export const TABLES: Readonly<Record<string, () => Iterable<readonly [string, Sample]>>> = {
  context: contextCells,
  sockets: socketCells,
  helpers: helperCells,
  arguments: argumentCells,
  maps: mapCells,
  packet: packetCells,
  results: resultCells,
};

export interface Compared {
  readonly table: string;
  readonly cells: number;
  /** Those that differ, in words. */
  readonly differing: readonly string[];
}

/** Asks the kernel about every cell. */
export function compareTable(table: string, oracle: Oracle, privileged: boolean): Compared {
  const differing: string[] = [];
  let cells = 0;
  for (const [name, sample] of TABLES[table]!()) {
    cells++;
    const ours = verdictOf(sample, privileged).accepted;
    if (ours !== oracle.admits(sample)) differing.push(`${name}: ${ours ? 'admitted' : 'refused'} here`);
  }
  return { table, cells, differing };
}
