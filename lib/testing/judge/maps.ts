/**
 * Test support: the maps that judged programs may name.
 *
 * A wide immediate of a generated program names a map by its number here; the oracle puts the kernel's
 * file descriptor in its place, and the verifier is told what the map is like.
 */

import type { Program } from '../../ebpf/instruction.js';
import { PSEUDO } from '../../ebpf/opcodes.js';
import type { MapInfo } from '../../verify/index.js';

export interface JudgedMap {
  /** `BPF_MAP_TYPE_*` of Linux `include/uapi/linux/bpf.h`. */
  readonly kernelType: number;
  readonly kernelFlags: number;
  readonly entries: number;
  readonly info: MapInfo;
  /** Maps in maps: which one those in it are like. */
  readonly inner?: number | undefined;
}

const NO_PREALLOC = 1;
const READ_ONLY = 128;
const WRITE_ONLY = 256;

const map = (
  kernelType: number,
  kind: MapInfo['kind'],
  keySize: number,
  valueSize: number,
  entries: number,
  kernelFlags = 0,
): JudgedMap => ({
  kernelType,
  kernelFlags,
  entries,
  info: {
    kind,
    keySize,
    valueSize,
    entries,
    writable: (kernelFlags & READ_ONLY) === 0,
    readable: (kernelFlags & WRITE_ONLY) === 0,
  },
});

const ARRAY = map(2, 'array', 4, 8, 4);
const HASH = map(1, 'hash', 8, 16, 8);
const holds = (of: JudgedMap, inner: number, { info }: JudgedMap): JudgedMap => ({
  ...of,
  inner,
  info: { ...of.info, inner: info },
});
const locked = (of: JudgedMap, spinLock: number): JudgedMap => ({ ...of, info: { ...of.info, spinLock } });
const timed = (of: JudgedMap, offset: number): JudgedMap => ({
  ...of,
  info: { ...of.info, special: [{ offset, size: 16, name: 'timer' }] },
});
/** What never changes: text for helpers, and numbers. */
const CONTENTS = Uint8Array.from('text %d\0%u %lx\0%s', (letter) => letter.charCodeAt(0));
const constant = (of: JudgedMap): JudgedMap => ({ ...of, info: { ...of.info, contents: CONTENTS } });

export const MAPS: readonly JudgedMap[] = [
  ARRAY,
  map(2, 'array', 4, 48, 2),
  HASH,
  map(2, 'array', 4, 16, 1, READ_ONLY),
  map(2, 'array', 4, 16, 1, WRITE_ONLY),
  map(3, 'programArray', 4, 4, 4),
  map(6, 'perCpuArray', 4, 8, 4),
  map(9, 'lruHash', 4, 8, 8),
  map(11, 'lpmTrie', 8, 8, 8, NO_PREALLOC),
  map(27, 'ringBuffer', 0, 0, 4096),
  map(22, 'queue', 0, 8, 4),
  map(4, 'perfEventArray', 4, 4, 4),
  map(14, 'deviceMap', 4, 4, 4),
  map(5, 'perCpuHash', 4, 8, 8),
  map(15, 'socketMap', 4, 4, 4),
  map(16, 'cpuMap', 4, 4, 4),
  holds(map(12, 'mapInMap', 4, 4, 2), 0, ARRAY),
  holds(map(13, 'mapInMap', 8, 4, 2), 2, HASH),
  constant(map(2, 'array', 4, CONTENTS.length, 1, READ_ONLY)),
  locked(map(2, 'array', 4, 16, 1), 8),
  locked(map(1, 'hash', 4, 24, 8), 0),
  map(17, 'xdpSocketMap', 4, 4, 4),
  locked(map(24, 'socketStorage', 4, 16, 0, NO_PREALLOC), 8),
  timed(map(1, 'hash', 4, 24, 8), 8),
];
export const [OF_ARRAYS, OF_HASHES, CONSTANT, LOCKED_ARRAY, LOCKED_HASH] = [16, 17, 18, 19, 20] as const;
export const [SOCKETS, XDP_SOCKETS, STORAGE, TIMED] = [14, 21, 22, 23] as const;
/** The first slots of a program's functions: where it begins, where local calls go, what addresses name. */
export function functionsOfProgram(program: Program): readonly number[] {
  const slots = new Set([0]);
  for (const [at, { opcode, src, imm }] of program.entries()) {
    const isCall = opcode === 0x85 && src === PSEUDO_CALL;
    const isAddress = opcode === 0x18 && src === PSEUDO.func;
    if (isCall || isAddress) slots.add(at + 1 + imm);
  }
  return [...slots].sort((a, b) => a - b);
}
const PSEUDO_CALL = 1;

const NAMES_MAP: ReadonlySet<number> = new Set([PSEUDO.mapFd, PSEUDO.mapValue]);

/** Slots of the immediates that name maps, with the numbers they hold; there may be no such map. */
export function mapUses(program: Program): readonly { readonly slot: number; readonly number: number }[] {
  return program.flatMap(({ opcode, src, imm }, slot) =>
    opcode === 0x18 && NAMES_MAP.has(src) ? [{ slot, number: imm }] : [],
  );
}

export const mapsOfProgram = (program: Program): ReadonlyMap<number, MapInfo> =>
  new Map(
    mapUses(program).flatMap(({ slot, number }): [number, MapInfo][] =>
      MAPS[number] === undefined ? [] : [[slot, MAPS[number].info]],
    ),
  );
