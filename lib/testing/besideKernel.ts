/** Test support: programs that change packets, run by the kernel (BPF_PROG_TEST_RUN) and by every engine here. */

import type { PacketMetadata } from '../cbpf/index.js';
import {
  type AttachedProgram,
  attach,
  type BpfMap,
  createMap,
  disassemble,
  Memory,
  opcodes,
  type Program,
  programTypeOf,
  updateElement,
} from '../ebpf/index.js';
import { loadEbpf, VerificationError } from '../engine/index.js';
import { compileEbpf } from '../jit/index.js';
import type { BtfFunction } from './btf.js';
import { functionsOfProgram } from './judge/maps.js';
import type { Kernel, KernelMap } from './kernel.js';
import type { Random } from './random.js';
import {
  CONSTANT,
  CONTENTS,
  INNER,
  LOCK,
  LOCKED,
  MAPS,
  OUTER,
  type WritingType,
  writablePacket,
  writingProgram,
} from './writingPrograms.js';

const ETHERNET = 14;
const DEVICES = MAPS.findIndex(({ kind }) => kind === 'deviceMap');

interface Outcome {
  readonly result: number;
  readonly packet: string;
}

/** What running packets in turn left: of each its result and bytes, and all maps' elements. */
interface Trace {
  readonly outcomes: readonly Outcome[];
  readonly maps: string;
}

export interface Comparison {
  programs: number;
  /** Refused by the kernel. */
  refused: number;
  /** Admitted by the kernel and not by verify(). */
  unverified: number;
  /** Runs that were compared, of all engines. */
  runs: number;
  readonly differences: string[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the kernel knows of a packet of a test run, which comes in on the loopback device. */
export function metadataOf(packet: Uint8Array): PacketMetadata {
  const type = (packet[12]! << 8) | packet[13]!;
  const isOurs = packet.subarray(0, 6).every((byte) => byte === 0);
  const isBroadcast = packet.subarray(0, 6).every((byte) => byte === 0xff);
  return {
    protocol: type >= 0x600 ? type : 4,
    packetType: isOurs ? 0 : (packet[0]! & 1) === 0 ? 3 : isBroadcast ? 1 : 2,
    interfaceIndex: 1,
  };
}

/** Maps of our own, by the numbers that programs name. */
function makeMaps(memory: Memory): ReadonlyMap<number, BpfMap> {
  const maps = new Map<number, BpfMap>();
  for (const [place, { kind, keySize, valueSize, maxEntries }] of MAPS.entries()) {
    const isReadOnly = place === CONSTANT;
    const more = { isReadOnly, ...(place === LOCKED ? { spinLock: LOCK } : {}) };
    maps.set(place, createMap(kind, memory, { name: kind, keySize, valueSize, maxEntries, ...more }));
  }
  updateElement(maps.get(OUTER)!, Uint8Array.of(0, 0, 0, 0), Uint8Array.of(INNER, 0, 0, 0), 0);
  updateElement(maps.get(CONSTANT)!, Uint8Array.of(0, 0, 0, 0), CONTENTS, 0);
  updateElement(maps.get(DEVICES)!, Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 0, 0, 0), 0);
  return maps;
}

/** Kinds whose elements the kernel lets one read. */
const READABLE: ReadonlySet<string> = new Set([
  'array',
  'hash',
  'perCpuArray',
  'lpmTrie',
  'perCpuHash',
  'lruHash',
]);

function contentsOf(map: BpfMap): [string, string][] {
  if (!('values' in map)) return [];
  const valueAt = (place: number): string => {
    const from = map.values.start + place * map.stride;
    return hex(map.values.bytes.subarray(from, from + map.valueSize));
  };
  if (map.kind === 'array' || map.kind === 'perCpuArray')
    return Array.from({ length: map.maxEntries }, (_, index) => [
      hex(Uint8Array.of(index, 0, 0, 0)),
      valueAt(index),
    ]);
  if (!('keys' in map)) return [];
  return [...map.keys.places()].map((place) => [hex(map.keys.keyAt(place)), valueAt(place)]);
}

/** The same for a trie of the kernel, which gives the bits behind the prefix as they were set. */
function normalized(kind: string, elements: readonly (readonly [string, string])[]): string {
  const rows = elements.map(([key, value]) => {
    if (kind !== 'lpmTrie') return `${key}=${value}`;
    const bytes = Buffer.from(key, 'hex');
    const length = bytes[0]!;
    for (let at = 4; at < bytes.length; at++)
      bytes[at]! &= 0xff00 >> Math.max(0, Math.min(8, length - 8 * (at - 4)));
    return `${bytes.toString('hex')}=${value}`;
  });
  return `${kind}: ${rows.sort().join(' ')}`;
}

const seesLinkHeader = (type: WritingType): boolean => type === 'xdp' || type === 'sched_cls';

function runEngine(
  run: AttachedProgram,
  maps: ReadonlyMap<number, BpfMap>,
  type: WritingType,
  packets: readonly Uint8Array[],
): Trace {
  const outcomes = packets.map((whole): Outcome => {
    const packet = seesLinkHeader(type) ? whole : whole.subarray(ETHERNET);
    const before = hex(packet);
    const outcome = run.run(packet, { metadata: metadataOf(whole) });
    if (hex(packet) !== before) throw new Error('the packet that was given has changed');
    return { result: outcome.verdict, packet: hex(outcome.meta) + hex(outcome.packet) };
  });
  const contents = [...maps.values()].flatMap((map) =>
    READABLE.has(map.kind) ? [normalized(map.kind, contentsOf(map))] : [],
  );
  return { outcomes, maps: contents.join('\n') };
}

/** How programs run that nobody has verified. */
const unverified = (maps: ReadonlyMap<number, BpfMap>) => ({
  unverified: true,
  resolveWide(pseudo: number, low: number, high: number): bigint {
    const map = maps.get(low);
    return pseudo === opcodes.PSEUDO.mapValue && map !== undefined && 'values' in map
      ? BigInt(map.values.base + high)
      : BigInt(low);
  },
});

/** Programs for the engines: none of them verified but the last. */
function engines(
  program: Program,
  type: WritingType,
): [name: string, load: (memory: Memory, maps: ReadonlyMap<number, BpfMap>) => AttachedProgram][] {
  const hook = programTypeOf(type);
  return [
    [
      'definition',
      (memory, maps) => attach(program, hook, { ...unverified(maps), memory, maps, definition: true }),
    ],
    ['interpreter', (memory, maps) => attach(program, hook, { ...unverified(maps), memory, maps })],
    [
      'wasm, unverified',
      (memory, maps) =>
        attach(program, hook, {
          ...unverified(maps),
          memory,
          maps,
          load: (one, environment) => compileEbpf(one, environment),
        }),
    ],
    ['wasm', (memory, maps) => loadEbpf(program, { type, memory, maps })],
  ];
}

/** Kernel maps of the shapes that programs name. */
export function kernelMaps(kernel: Kernel): KernelMap[] {
  const maps: KernelMap[] = [];
  for (const [place, shape] of MAPS.entries())
    maps.push(
      kernel.createMap({
        ...shape,
        ...(place === OUTER ? { inner: maps[INNER]! } : {}),
        ...(place === LOCKED ? { lock: LOCK } : {}),
      }),
    );
  const file = new Uint8Array(4);
  new DataView(file.buffer).setUint32(0, maps[INNER]!.file, true);
  maps[OUTER]!.set(new Uint8Array(4), file);
  maps[CONSTANT]!.set(new Uint8Array(4), CONTENTS);
  maps[CONSTANT]!.freeze();
  maps[DEVICES]!.set(Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 0, 0, 0));
  return maps;
}

/** What cannot be emptied. */
const RENEWED: ReadonlySet<string> = new Set(['ringBuffer', 'bloomFilter']);

/** Maps as they were at first. */
function emptyMaps(kernel: Kernel, maps: KernelMap[], used: Iterable<number>): void {
  for (const place of used) {
    const shape = MAPS[place]!;
    if (RENEWED.has(shape.kind)) {
      maps[place]!.close();
      maps[place] = kernel.createMap(shape);
    } else if (place === CONSTANT) continue;
    else if (READABLE.has(shape.kind) || shape.kind === 'queue' || shape.kind === 'stack')
      maps[place]!.clear();
  }
}

/** Compares one random program's runs; says what differs. */
export function compareOne(
  kernel: Kernel,
  maps: KernelMap[],
  random: Random,
  type: WritingType,
  counts: Comparison,
): void {
  const program = writingProgram(random, type, 2 + random(7));
  const packets = [writablePacket(random), writablePacket(random)];
  counts.programs++;
  const used = usedMaps(program);
  emptyMaps(kernel, maps, used);
  const loaded = kernel.load(program, type, maps, functionsOf(program));
  if (typeof loaded === 'string') {
    counts.refused++;
    return;
  }
  const outcomes = packets.map((packet) => {
    const { result, packet: after } = loaded.test(packet);
    return { result, packet: hex(seesLinkHeader(type) ? after : after.subarray(ETHERNET)) };
  });
  loaded.close();
  const contents = MAPS.flatMap(({ kind }, place) => {
    if (!READABLE.has(kind)) return [];
    return [used.has(place) ? normalized(kind, maps[place]!.elements()) : undefined];
  });
  for (const [name, load] of engines(program, type)) {
    const memory = new Memory();
    const own = makeMaps(memory);
    let trace: Trace;
    try {
      trace = runEngine(load(memory, own), own, type, packets);
    } catch (error) {
      if (error instanceof VerificationError) {
        counts.unverified++;
        if (counts.unverified < 4)
          counts.differences.push(`not admitted: ${error.message}\n${disassemble(program)}`);
        continue;
      }
      counts.differences.push(`${type}, ${name}: ${(error as Error).stack}\n${disassemble(program)}`);
      return;
    }
    counts.runs += packets.length;
    const ours = trace.maps.split('\n');
    const isSame =
      JSON.stringify(trace.outcomes) === JSON.stringify(outcomes) &&
      contents.every((text, at) => text === undefined || text === ours[at]);
    if (isSame) continue;
    const both = outcomes.map(
      (outcome, at) =>
        `kernel ${JSON.stringify(outcome)}\nours   ${JSON.stringify(trace.outcomes[at])}\nbefore ${hex(packets[at]!)}`,
    );
    const mapsToo = contents.flatMap((text, at) =>
      text === undefined || text === ours[at] ? [] : [`kernel ${text}\nours   ${ours[at]}`],
    );
    counts.differences.push([`${type}, ${name}`, ...both, ...mapsToo, disassemble(program)].join('\n'));
    return;
  }
}

/** Places of the maps that a program names. */
function usedMaps(program: Program): ReadonlySet<number> {
  const named = program.flatMap(({ opcode, src, imm }) =>
    opcode === 0x18 && (src === 1 || src === 2) ? [imm] : [],
  );
  return new Set(named.flatMap((place) => (place === OUTER ? [place, INNER] : [place])));
}

/** What the kernel is told of the functions that a program calls or names; nothing of one without. */
function functionsOf(program: Program): readonly BtfFunction[] {
  const slots = functionsOfProgram(program);
  if (slots.length === 1) return [];
  return slots.map((slot) => ({ slot, linkage: slot === 0 ? 'global' : 'static' }));
}
