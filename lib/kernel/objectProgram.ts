/**
 * Programs of clang's objects in the running kernel: maps made and filled, constants frozen, tail calls put in, as libbpf does it
 * but for types: the kernel is not told the object's BTF. What it wants that for (spin locks, callbacks, kfuncs) it refuses.
 */

import { elementsOf, opcodes, type Program } from '../ebpf/index.js';
import { type HookName, MAP_TYPES, type MapDefinition } from '../elf/index.js';
import type { Json, LoadedMap, LoadedObject, LoadedProgram } from '../engine/index.js';
import { type Bpf, COMMAND, type KernelProgramType } from './bpf.js';
import { factsOf, possibleProcessors } from './facts.js';

/** What a program did since statistics are kept. */
export interface Runs {
  readonly times: bigint;
  readonly nanoseconds: bigint;
}

/** An object's program in the kernel, with its maps. */
export interface ObjectInKernel {
  /** What stands for the program. */
  readonly file: number;
  runs(): Runs;
  /** Elements of the object's maps as they are in the kernel, by the types that it has: those of each processor, where they are. */
  elements(map: LoadedMap): readonly Json[];
}

const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const { mapFd, mapValue } = opcodes.PSEUDO;
const PAGE = 4096;
const NAME_AT = 28;
const NAME_LENGTH = 15;
const TYPES: Readonly<Partial<Record<HookName, KernelProgramType>>> = {
  xdp: 'xdp',
  sched_cls: 'sched_cls',
  socket_filter: 'socket_filter',
};
/** `struct bpf_prog_info`: where `run_time_ns` and `run_cnt` are. */
const [RUN_TIME, RUN_COUNT, PROGRAM_INFO] = [192, 200, 208];

/**
 * Loads a program and what it needs.
 *
 * @param options - `name` is what lists of programs show; `kept` is given every file that has to be closed in the end.
 * @throws KernelError, `refused` with the verifier's log
 */
export function loadObjectProgram(
  bpf: Bpf,
  object: LoadedObject,
  entry: LoadedProgram,
  { name, kept }: { readonly name: string; readonly kept: (file: number) => number },
): ObjectInKernel {
  // Counts of runs are kept while somebody holds this.
  const statistics = bpf.tried(COMMAND.enableStatistics, bpf.attribute());
  if (typeof statistics === 'number') kept(statistics);
  const maps = new Map(
    object.maps.map((map) => [map.definition.handle, kept(makeMap(bpf, map.definition, map.name))]),
  );
  const fileOf = ({ definition: { handle } }: LoadedMap): number => maps.get(handle)!;
  for (const map of object.maps) fillMap(bpf, map, fileOf, object);
  const load = ({ instructions, type }: LoadedProgram): number =>
    kept(bpf.load(placed(instructions, maps), TYPES[type] ?? 'xdp', name, object.license));
  const file = load(entry);
  for (const map of object.maps)
    if (map.definition.type === 'programArray')
      for (const { index, name: target } of map.definition.slots)
        set(bpf, fileOf(map), word(index), word(load(object.program(target))));
  return {
    file,
    runs() {
      const facts = factsOf(bpf, file, PROGRAM_INFO);
      return { times: facts.readBigUInt64LE(RUN_COUNT), nanoseconds: facts.readBigUInt64LE(RUN_TIME) };
    },
    elements: (map) => elementsIn(bpf, fileOf(map), map),
  };
}

/** Instructions with files of maps where the object has its own numbers for them. */
const placed = (program: Program, maps: ReadonlyMap<number, number>): Program =>
  program.map((slot) =>
    slot.opcode === WIDE && (slot.src === mapFd || slot.src === mapValue)
      ? { ...slot, imm: maps.get(slot.imm) ?? slot.imm }
      : slot,
  );

function makeMap(bpf: Bpf, definition: MapDefinition, name: string): number {
  const { type, keySize, valueSize, maxEntries, flags, inner } = definition;
  const isEvents = type === 'perfEventArray';
  const attribute = bpf
    .attribute()
    .u32(0, MAP_TYPES.indexOf(type))
    .u32(4, isEvents ? 4 : keySize)
    .u32(8, isEvents ? 4 : valueSize)
    .u32(
      12,
      isEvents ? possibleProcessors() : type === 'ringBuffer' ? Math.max(PAGE, maxEntries) : maxEntries,
    )
    .u32(16, flags);
  attribute.bytes.write(name.replace(/\W/g, '_').slice(0, NAME_LENGTH), NAME_AT, 'latin1');
  // What maps in it are like is told by one, which is not needed afterwards.
  const model = inner === undefined ? undefined : makeMap(bpf, inner, 'model');
  if (model !== undefined) attribute.u32(20, model);
  try {
    return bpf.call(COMMAND.mapCreate, `map ${name}`, attribute);
  } finally {
    if (model !== undefined) bpf.close(model);
  }
}

function fillMap(bpf: Bpf, map: LoadedMap, fileOf: (map: LoadedMap) => number, object: LoadedObject): void {
  const { type, slots, content, readOnly } = map.definition;
  const file = fileOf(map);
  if (type === 'arrayOfMaps' || type === 'hashOfMaps') {
    for (const { index, name } of slots) set(bpf, file, word(index), word(fileOf(object.map(name))));
    return;
  }
  if (map.map === undefined || type === 'programArray' || type === 'perfEventArray') return;
  for (const [key, value] of elementsOf(map.map))
    if (value.some((byte) => byte !== 0) || !isArray(map)) set(bpf, file, key, everywhere(map, value));
  if (content !== undefined && readOnly)
    bpf.call(COMMAND.mapFreeze, `map ${map.name}`, bpf.attribute().u32(0, file));
}

const isArray = ({ definition: { type } }: LoadedMap): boolean => type === 'array' || type === 'perCpuArray';
const isByProcessor = ({ definition: { type } }: LoadedMap): boolean => /^(?:perCpu|lruPerCpu)/.test(type);
/** Values of processors lie at multiples of eight bytes. */
const strideOf = ({ definition: { valueSize } }: LoadedMap): number => (valueSize + 7) & ~7;

/** The value for each processor, where the map has one for each. */
function everywhere(map: LoadedMap, value: Uint8Array): Uint8Array {
  if (!isByProcessor(map)) return value;
  const stride = strideOf(map);
  const all = new Uint8Array(stride * possibleProcessors());
  for (let at = 0; at < all.length; at += stride) all.set(value, at);
  return all;
}

function set(bpf: Bpf, file: number, key: Uint8Array, value: Uint8Array): void {
  bpf.call(
    COMMAND.mapUpdate,
    'setting an element',
    bpf.attribute().u32(0, file).address(8, key).address(16, value),
  );
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Maps that can be walked over. */
const WALKABLE = /^(?:array|hash|lruHash|lpmTrie|perCpuArray|perCpuHash|lruPerCpuHash)$/;
/** Elements that are listed at most. */
const MOST_ELEMENTS = 1 << 16;

function elementsIn(bpf: Bpf, file: number, map: LoadedMap): readonly Json[] {
  const { type, keySize, valueSize, content } = map.definition;
  if (!WALKABLE.test(type)) return [];
  const stride = isByProcessor(map) ? strideOf(map) : valueSize;
  const value = new Uint8Array(isByProcessor(map) ? stride * possibleProcessors() : valueSize);
  const rows: Json[] = [];
  const next = new Uint8Array(keySize);
  let key: Uint8Array | undefined;
  while (rows.length < MOST_ELEMENTS) {
    const asked = bpf.attribute().u32(0, file).address(16, next);
    if (typeof bpf.tried(COMMAND.mapNextKey, key === undefined ? asked : asked.address(8, key)) === 'string')
      break;
    key = next.slice();
    const got = bpf.tried(COMMAND.mapLookup, bpf.attribute().u32(0, file).address(8, key).address(16, value));
    // It may have gone meanwhile.
    if (typeof got === 'string') continue;
    const values = Array.from({ length: value.length / stride }, (_, at) =>
      value.slice(at * stride, at * stride + valueSize),
    );
    // Of arrays what was set is of interest.
    if (content === undefined && isArray(map) && value.every((byte) => byte === 0)) continue;
    rows.push(map.elementAsJson(key, values));
  }
  return rows;
}
