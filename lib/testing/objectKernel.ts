/** Test support: objects of clang in the running kernel and here, on the same packets. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PacketMetadata } from '../cbpf/index.js';
import { elementsOf, opcodes } from '../ebpf/index.js';
import { MAP_TYPES } from '../elf/index.js';
import {
  type Json,
  type LoadedMap,
  type LoadedObject,
  type LoadedProgram,
  loadObject,
} from '../engine/index.js';
import { rowAccelerator, runsInRows } from '../jit/index.js';
import { Packet, PcapEncoder, readCapture, type Select } from '../savefile/index.js';
import { metadataOf } from './besideKernel.js';
import type { Kernel, KernelMap, LoadedProgram as KernelProgram } from './kernel.js';
import type { Libbpf } from './libbpf.js';
import { projectRoot } from './vectors.js';

const ETHERNET = 1;
const LINK_HEADER = 14;
const PAGE = 4096;

/** Whole Ethernet packets of the project's captures, one of each capture in turn; some cut short. */
export async function testPackets(count: number): Promise<readonly Uint8Array[]> {
  const folder = join(projectRoot, 'captures');
  const lists: Uint8Array[][] = [];
  for (const name of readdirSync(folder)
    .filter((one) => one.endsWith('.pcap') && !one.includes('cut'))
    .sort()) {
    const list: Uint8Array[] = [];
    await using capture = await readCapture([new Uint8Array(readFileSync(join(folder, name)))]);
    if (capture.interfaces[0]?.linkType !== ETHERNET) continue;
    for await (const batch of capture.batches())
      for (const { data } of batch) if (list.length < count && data.length >= 34) list.push(data.slice());
    lists.push(list);
  }
  const packets: Uint8Array[] = [];
  for (let round = 0; packets.length < count; round++)
    for (const [place, list] of lists.entries()) {
      const packet = list[round];
      if (packet === undefined || packets.length >= count) continue;
      packets.push((round + place) % 7 === 6 ? packet.slice(0, 20 + ((round * 13) % 40)) : packet);
    }
  return packets;
}

/** What a source says of filling maps: `FILL map=JSON`. */
export function fillsOf(source: string): readonly (readonly [map: string, json: Json])[] {
  return [...source.matchAll(/^ ?\*? ?FILL (\S+?)=(.+)$/gm)].map(([, map, json]) => [
    map!,
    JSON.parse(json!) as Json,
  ]);
}

/** What a source says of sizes that loaders set: `ENTRIES map=NUMBER …`. */
export const entriesOf = (source: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...(/ENTRIES (.+?)(?: \*\/)?$/m.exec(source)?.[1] ?? '').matchAll(/(\S+)=(\d+)/g)].map(
      ([, name, size]) => [name!, Number(size)],
    ),
  );

export const loadFilled = (
  bytes: Uint8Array,
  source: string,
  options: Parameters<typeof loadObject>[1] = {},
): LoadedObject => {
  const object = loadObject(bytes, { btf: 'compiled', ...options });
  for (const [map, json] of fillsOf(source)) object.map(map).fill(json);
  return object;
};

/** Programs and maps of an object in the kernel. */
export interface KernelObject {
  readonly program: KernelProgram | string;
  readonly maps: ReadonlyMap<string, KernelMap>;
  readonly close: () => void;
}

/** Loads a program as libbpf does: maps made and filled, what is constant frozen, tail calls put in. */
export function loadInKernel(kernel: Kernel, object: LoadedObject, entry: LoadedProgram): KernelObject {
  const byHandle: KernelMap[] = [];
  const maps = new Map<string, KernelMap>();
  // What is in a map of maps comes before it.
  for (const map of [...object.maps].sort(
    (a, b) => Number(b.definition.inner === undefined) - Number(a.definition.inner === undefined),
  )) {
    const { type, keySize, valueSize, maxEntries, flags, handle, name, readOnly, content, slots } =
      map.definition;
    const isEvents = type === 'perfEventArray';
    const inner = map.definition.inner === undefined ? undefined : maps.get(slots[0]!.name);
    const made = kernel.createMap({
      type: MAP_TYPES.indexOf(type),
      keySize: isEvents ? 4 : keySize,
      valueSize: isEvents ? 4 : valueSize,
      maxEntries: isEvents ? 2 : type === 'ringBuffer' ? Math.max(PAGE, maxEntries) : maxEntries,
      flags,
      ...(inner === undefined ? {} : { inner }),
    });
    byHandle[handle] = made;
    maps.set(name, made);
    if (inner !== undefined)
      for (const slot of slots) made.set(word(slot.index), word(maps.get(slot.name)!.file));
    else if (map.map !== undefined && type !== 'programArray' && !isEvents)
      for (const [key, value] of elementsOf(map.map))
        if (value.some((byte) => byte !== 0)) made.set(key, value);
    if (content !== undefined && readOnly) made.freeze();
  }
  const opened: KernelProgram[] = [];
  const load = (program: LoadedProgram): KernelProgram | string => {
    const { type } = program;
    if (type === 'sched_act') return 'programs of actions are not loaded here';
    const loaded = kernel.load(program.instructions, type, byHandle);
    if (typeof loaded !== 'string') opened.push(loaded);
    return loaded;
  };
  const program = load(entry);
  if (typeof program !== 'string')
    for (const { definition } of object.maps)
      for (const { index, name } of definition.type === 'programArray' ? definition.slots : []) {
        const target = load(object.program(name));
        if (typeof target === 'string') throw new Error(`${name}: ${target}`);
        maps.get(definition.name)!.set(word(index), word(target.file));
      }
  return {
    program,
    maps,
    close() {
      for (const one of opened) one.close();
      for (const one of maps.values()) one.close();
    },
  };
}

/** The same by libbpf, with all that BTF says: for programs that the kernel wants to know more of. */
export function loadByLibbpf(
  kernel: Kernel,
  libbpf: Libbpf,
  bytes: Uint8Array,
  object: LoadedObject,
  entry: LoadedProgram,
): KernelObject {
  const loaded = libbpf.load(bytes);
  if (typeof loaded === 'string') return { program: loaded, maps: new Map(), close: () => {} };
  const maps = object.maps.map(({ name, definition }): [string, KernelMap] => {
    const { type, keySize, valueSize, maxEntries } = definition;
    return [
      name,
      kernel.adoptMap(loaded.mapOf(name), { type: MAP_TYPES.indexOf(type), keySize, valueSize, maxEntries }),
    ];
  });
  return { program: kernel.adopt(loaded.programOf(entry.name)), maps: new Map(maps), close: loaded.close };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Maps whose elements the kernel lets one read, and that a run leaves certain. */
const READABLE: ReadonlySet<string> = new Set([
  'array',
  'hash',
  'perCpuArray',
  'perCpuHash',
  'lruHash',
  'lruPerCpuHash',
  'lpmTrie',
]);

/** What a run left: of each packet its result and bytes, and all maps' elements. */
export interface Trace {
  readonly outcomes: readonly string[];
  readonly maps: string;
}

const listed = (name: string, elements: readonly (readonly [string, string])[]): string =>
  `${name}: ${elements
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')}`;

/** Bits behind a prefix do not count. */
function maskedKey(map: LoadedMap, key: string): string {
  if (map.definition.type !== 'lpmTrie') return key;
  const bytes = Buffer.from(key, 'hex');
  const length = bytes.readUInt32LE(0);
  for (let at = 4; at < bytes.length; at++)
    bytes[at]! &= 0xff00 >> Math.max(0, Math.min(8, length - 8 * (at - 4)));
  return bytes.toString('hex');
}

const seesLink = ({ type }: LoadedProgram): boolean => type === 'xdp' || type.startsWith('sched');

export function traceOfKernel(
  { program, maps }: KernelObject,
  object: LoadedObject,
  entry: LoadedProgram,
  packets: readonly Uint8Array[],
): Trace {
  if (typeof program === 'string') throw new Error(program);
  const outcomes = packets.map((packet) => {
    const { result, packet: after } = program.test(packet);
    return `${result} ${hex(seesLink(entry) ? after : after.subarray(LINK_HEADER))}`;
  });
  const contents = object.maps
    .filter(({ definition }) => READABLE.has(definition.type))
    .map((map) =>
      listed(
        map.name,
        maps
          .get(map.name)!
          .elements()
          .map(([key, value]) => [maskedKey(map, key), value]),
      ),
    );
  return { outcomes, maps: contents.join('\n') };
}

export function traceOfEngine(
  object: LoadedObject,
  entry: LoadedProgram,
  packets: readonly Uint8Array[],
): Trace {
  const outcomes = packets.map((whole) => {
    const packet = seesLink(entry) ? whole : whole.subarray(LINK_HEADER);
    const metadata: PacketMetadata = metadataOf(whole);
    const { verdict, packet: after, meta } = entry.run(packet, { metadata });
    return `${verdict} ${hex(meta)}${hex(after)}`;
  });
  return { outcomes, maps: mapsOf(object) };
}

const mapsOf = ({ maps }: LoadedObject): string =>
  maps
    .filter(({ definition }) => READABLE.has(definition.type))
    .map((map) =>
      listed(
        map.name,
        [...map].map(([key, value]) => [hex(key), hex(value)]),
      ),
    )
    .join('\n');

/** What comes with packets of files. */
const OF_FILES: PacketMetadata = { interfaceIndex: 1 };
const SOURCE = { index: 0, linkType: ETHERNET, snapLength: 1 << 18, timestampUnit: 1e-6, timestampOffset: 0 };

/**
 * What is left of packets that come out of a capture, many in a call, beside those that come one by one: their results and the
 * maps. `undefined` where the program does not run so.
 */
export async function differenceInRows(
  load: () => LoadedObject,
  name: string,
  packets: readonly Uint8Array[],
): Promise<string | undefined> {
  const [object, one] = [load(), load()];
  const [entry, beside] = [object.program(name), one.program(name)];
  const given = packets.map((whole) => (seesLink(entry) ? whole : whole.subarray(LINK_HEADER)));
  const encoder = new PcapEncoder(SOURCE);
  encoder.start();
  for (const data of given) encoder.write(new Packet(data, data.length, 0, 0, SOURCE));
  const verdicts: number[] = [];
  let isInRows = false;
  const rows = rowAccelerator(
    () => {
      const made = entry.forRows();
      const program = made && { ...made, metadata: OF_FILES };
      isInRows = program !== undefined && runsInRows(program);
      return program;
    },
    undefined,
    (verdict) => verdicts.push(verdict),
    0,
  );
  const run = (program: LoadedProgram, bytes: Uint8Array): number =>
    program.run(bytes, { metadata: OF_FILES }).verdict;
  const select: Select = () => (bytes, start, length) => {
    verdicts.push(run(entry, bytes.slice(start, start + length)));
    return 0;
  };
  await using capture = await readCapture([encoder.take()], { select, accelerator: rows });
  await capture.scan();
  if (!isInRows) return undefined;
  return differenceOf(
    { outcomes: given.map((packet) => `${run(beside, packet)}`), maps: mapsOf(one) },
    { outcomes: verdicts.map(String), maps: mapsOf(object) },
  );
}

/** A difference of two traces in a line. */
export function differenceOf(theirs: Trace, ours: Trace): string {
  const at = theirs.outcomes.findIndex((outcome, index) => outcome !== ours.outcomes[index]);
  if (at >= 0) return `packet ${at}: kernel ${theirs.outcomes[at]}\n          ours   ${ours.outcomes[at]}`;
  if (theirs.maps === ours.maps) return '';
  const [one, other] = [theirs.maps.split('\n'), ours.maps.split('\n')];
  const line = one.findIndex((text, index) => text !== other[index]);
  return `maps: kernel ${one[line]}\n      ours   ${other[line]}`;
}

/** Whether a program asks for what only a device or a clock knows: then runs are not compared. */
export const callsHelper = ({ instructions }: LoadedProgram, numbers: ReadonlySet<number>): boolean =>
  instructions.some(
    ({ opcode, src, imm }) => opcode === (opcodes.JMP | opcodes.CALL) && src === 0 && numbers.has(imm),
  );
