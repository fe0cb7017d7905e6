/**
 * Batches: the walk over the records of a capture compiled together with the filter into one function
 * over the memory that the capture is read into.
 *
 * One call handles all whole records at hand. The filter stands in the middle of the loop, there is no call
 * and no object for a packet, and what matches is gathered in place.
 */

import type {
  Accelerator,
  CaptureInterface,
  RecordLayout,
  RecordWalk,
  Taking,
  WalkState,
} from '../../savefile/index.js';
import { blockLeast, ENHANCED_PACKET, SIMPLE_PACKET } from '../../savefile/index.js';
import { CodeWriter, encodeModule, type Local, MEMORY_IMPORT, type WasmModule } from '../../wasm/index.js';
import { REJECTED } from '../classic/classic.js';
import { emitSwap32 } from '../shared/alu.js';
import { BATCH_ROW } from '../shared/rows.js';
import type { FilterBody } from './body.js';

const PAGE_SIZE = 65536;

/** Where in its memory a walk has what. */
export interface WalkPlace {
  /** What it takes and gives back. */
  readonly state: number;
  /** Places of records that match, or rows for them. */
  readonly table: number;
  readonly window: number;
}

/** Bytes of what a walk takes and gives back. */
export const STATE_SIZE = 64;
/** The first page is the filter's. */
const ALONE: WalkPlace = { state: PAGE_SIZE, table: PAGE_SIZE + STATE_SIZE, window: 2 * PAGE_SIZE };
/** Address of what walks need besides. */
export const BETWEEN = ALONE.window;

/** What the walk takes and gives back: 32-bit numbers; positions are addresses in the memory. */
const STATE = [
  'start',
  'end',
  'interfaces',
  'snapLength',
  'packets',
  'matched',
  'limit',
  'runStart',
  'keptStart',
  'keptEnd',
] as const satisfies readonly (keyof WalkState)[];
const [START, END, INTERFACES, SNAP_LENGTH, PACKETS, MATCHED, LIMIT, RUN_START, KEPT_START, KEPT_END] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
/** The largest number the walk counts to. */
const MOST = 0x7fff_ffff;
const OUTCOME = 0;

/** Bytes of a capture from which on compiling a walk over its records pays. */
export const WORTH_COMPILING = 1 << 20;

/** pcapng §4.3, §4.4: bytes of such a block that are not the packet's. */
const ENHANCED_FIELDS = blockLeast(ENHANCED_PACKET);
const SIMPLE_FIELDS = blockLeast(SIMPLE_PACKET);
/** Blocks longer than this are left to the careful reader. */
const MAX_BLOCK = 65_536;

/**
 * The module that walks over records of a layout with a filter.
 *
 * @param takes - `rows`: of each that matches the address of its packet, and the packet's lengths, see `BATCH_ROW`.
 */
export function scanModule(
  body: FilterBody,
  layout: RecordLayout,
  takes: Taking | 'rows',
  place: WalkPlace = ALONE,
): WasmModule {
  const code = new CodeWriter();
  const own: readonly Local[] = [...STATE, 'data', 'length', 'wire', 'next', 'total', 'verdict'].map(
    (name) => ({ name, type: 'i32' }),
  );
  const local = (name: string): number => own.findIndex((candidate) => candidate.name === name);
  const [start, end, data, length, wire, next] = ['start', 'end', 'data', 'length', 'wire', 'next'].map(
    local,
  ) as [number, number, number, number, number, number];
  const [verdict, total, matched, packets] = ['verdict', 'total', 'matched', 'packets'].map(local) as [
    number,
    number,
    number,
    number,
  ];
  const load = (base: number, offset: number, into: number): void => {
    code.get(base).op('i32.load', offset).set(into);
    if (layout.littleEndian) return;
    emitSwap32(code, 32, into);
    code.set(into);
  };
  const stopIf = (): void => {
    code.op('br_if', code.depth - outer);
  };

  STATE.forEach((_, index) => {
    code
      .i32(place.state)
      .op('i32.load', 4 * index)
      .set(index);
  });
  code.op('block');
  const outer = code.depth;
  code.op('loop');
  const again = code.depth;

  if (layout.kind === 'pcap') {
    const { headerLength, maxCaptured, snapLength } = layout;
    code.get(start).i32(headerLength).op('i32.add').tee(data).get(end).op('i32.gt_u');
    stopIf();
    load(start, 8, length);
    load(start, 12, wire);
    code.get(length).i32(maxCaptured).op('i32.gt_u');
    stopIf();
    code.get(data).get(length).op('i32.add').tee(next).get(end).op('i32.gt_u');
    stopIf();
    if (snapLength < maxCaptured) {
      code.get(length).i32(snapLength).op('i32.gt_u').op('if').i32(snapLength).set(length).op('end');
    }
  } else {
    code.get(start).i32(SIMPLE_FIELDS).op('i32.add').get(end).op('i32.gt_u');
    stopIf();
    load(start, 4, total);
    code.get(total).i32(SIMPLE_FIELDS).op('i32.sub').tee(length);
    code.i32(MAX_BLOCK - SIMPLE_FIELDS).op('i32.gt_u');
    stopIf();
    code.get(start).get(total).i32(3).op('i32.add').i32(-4).op('i32.and').op('i32.add').tee(next);
    code.get(end).op('i32.gt_u');
    stopIf();
    code.get(next).i32(4).op('i32.sub').set(wire);
    load(wire, 0, wire);
    code.get(wire).get(total).op('i32.ne');
    stopIf();
    load(start, 0, data);
    code.get(data).i32(ENHANCED_PACKET).op('i32.eq').op('if');
    code.get(total).i32(ENHANCED_FIELDS).op('i32.lt_u');
    stopIf();
    load(start, 8, length);
    code.get(length).get(local('interfaces')).op('i32.ge_u');
    stopIf();
    load(start, 20, length);
    code.get(length).get(total).i32(ENHANCED_FIELDS).op('i32.sub').op('i32.gt_u');
    stopIf();
    load(start, 24, wire);
    code.get(start).i32(28).op('i32.add').set(data).op('else');
    code.get(data).i32(SIMPLE_PACKET).op('i32.ne');
    stopIf();
    // The first interface's. Captured is what the packet had, as far as the snapshot length and the block go.
    load(start, 8, wire);
    for (const most of [wire, local('snapLength')])
      code.get(most).get(length).op('i32.lt_u').op('if').get(most).set(length).op('end');
    code.get(start).i32(12).op('i32.add').set(data).op('end');
  }

  if (body.maxLength < MOST) {
    code.get(length).i32(body.maxLength).op('i32.gt_u');
    stopIf();
  }
  code.op('block');
  const decided = code.depth;
  body.emit({
    code,
    start: data,
    length,
    wire,
    firstLocal: own.length,
    finish: () => code.set(verdict).op('br', code.depth - decided),
    special: 0,
    outcome: OUTCOME,
  });
  code.op('unreachable').op('end');
  if (body.isDoubtful === true) {
    code.get(verdict);
    stopIf();
  }

  code.get(packets).i32(1).op('i32.add').set(packets);
  // No branch here: whether a packet matches is what nobody can predict. A place that does not is written over.
  if (takes === 'places') {
    code.get(matched).i32(2).op('i32.shl').get(start).i32(place.window).op('i32.sub');
    code.op('i32.store', place.table);
  }
  if (takes === 'rows') {
    for (const [at, what] of [data, length, wire].entries())
      code
        .get(matched)
        .i32(BATCH_ROW)
        .op('i32.mul')
        .get(what)
        .op('i32.store', place.table + 4 * at);
  }
  code.get(verdict).i32(0).op('i32.ne').get(matched).op('i32.add').set(matched);
  if (takes === 'records') {
    code.get(verdict).op('i32.eqz').op('if');
    emitFlush(code, local);
    code.get(next).set(local('runStart')).op('end');
  }
  code.get(next).set(start);
  code
    .get(matched)
    .get(local('limit'))
    .op('i32.lt_u')
    .op('br_if', code.depth - again);
  code.op('end').op('end');
  STATE.forEach((_, index) => {
    code
      .i32(place.state)
      .get(index)
      .op('i32.store', 4 * index);
  });

  return {
    imports: [{ module: 'weir', name: 'special', type: { params: ['i32', 'i32', 'i32'], results: ['i32'] } }],
    memoryPages: 1,
    globals: [{ name: 'outcome', type: 'i32', value: 0n }],
    functions: [
      { name: 'walk', params: [], results: [], locals: [...own, ...body.locals], body: code.bytes },
    ],
    exports: [
      { name: 'walk', kind: 'func', index: 1 },
      { name: 'outcome', kind: 'global', index: OUTCOME },
    ],
  };
}

/** Moves the run of matching records that ends at `start` up to those kept before. */
function emitFlush(code: CodeWriter, local: (name: string) => number): void {
  const [start, runStart, keptStart, keptEnd] = ['start', 'runStart', 'keptStart', 'keptEnd'].map(local) as [
    number,
    number,
    number,
    number,
  ];
  code.get(runStart).get(start).op('i32.lt_u').op('if');
  code.get(keptStart).get(keptEnd).op('i32.eq').op('if');
  code.get(runStart).set(keptStart).get(start).set(keptEnd).op('else');
  code.get(keptEnd).get(runStart).get(start).get(runStart).op('i32.sub').op('memory.copy');
  code.get(keptEnd).get(start).op('i32.add').get(runStart).op('i32.sub').set(keptEnd);
  code.op('end').op('end');
}

/** Hands a walk its places and counters through memory, which takes a fraction of what globals would. */
function callable(walk: () => void, memory: WebAssembly.Memory, place: WalkPlace): RecordWalk {
  const { window } = place;
  let cells = new Int32Array(0);
  return (state) => {
    // Memory that has grown is another buffer.
    if (cells.buffer !== memory.buffer) cells = new Int32Array(memory.buffer, place.state, STATE.length);
    cells[START] = state.start + window;
    cells[END] = state.end + window;
    cells[INTERFACES] = state.interfaces;
    cells[SNAP_LENGTH] = state.snapLength;
    cells[PACKETS] = state.packets;
    cells[MATCHED] = state.matched;
    cells[LIMIT] = Math.min(state.limit, MOST);
    cells[RUN_START] = state.runStart + window;
    cells[KEPT_START] = state.keptStart + window;
    cells[KEPT_END] = state.keptEnd + window;
    walk();
    state.start = cells[START]! - window;
    state.packets = cells[PACKETS]!;
    state.matched = cells[MATCHED]!;
    state.runStart = cells[RUN_START]! - window;
    state.keptStart = cells[KEPT_START]! - window;
    state.keptEnd = cells[KEPT_END]! - window;
  };
}

/** Compiles a walk for a memory. */
export function compileWalk(
  body: FilterBody,
  layout: RecordLayout,
  takes: Taking | 'rows',
  memory: WebAssembly.Memory,
  place: WalkPlace = ALONE,
): RecordWalk {
  const module = new WebAssembly.Module(encodeModule(scanModule(body, layout, takes, place)));
  const { exports } = new WebAssembly.Instance(module, {
    weir: {
      [MEMORY_IMPORT.name]: memory,
      // Files have no metadata beside their packets: such loads are out of bounds.
      special: () => {
        (exports.outcome as WebAssembly.Global).value = REJECTED;
        return 0;
      },
    },
  });
  return callable(exports.walk as () => void, memory, place);
}

/** The memory that walks over a capture share with its window; what is needed besides lies between. */
export class WalkMemory {
  /** There is none before something is read into it. */
  memory: WebAssembly.Memory | undefined;
  readonly place: WalkPlace;

  /** @param between - Bytes in front of the window, from {@link BETWEEN} on. */
  constructor(between = 0) {
    this.place = { ...ALONE, window: BETWEEN + between };
  }

  /** As of an accelerator. */
  grow(bytes: Uint8Array, size: number): Uint8Array {
    const { window } = this.place;
    const pages = Math.ceil((window + size) / PAGE_SIZE);
    const memory = (this.memory ??= new WebAssembly.Memory({ initial: pages }));
    const isInPlace = bytes.buffer === memory.buffer;
    const missing = pages - memory.buffer.byteLength / PAGE_SIZE;
    if (missing > 0) memory.grow(missing);
    const grown = new Uint8Array(memory.buffer, window, size);
    if (!isInPlace) grown.set(bytes);
    return grown;
  }

  /** As of an accelerator. */
  places(): Uint32Array {
    return new Uint32Array(this.memory!.buffer, ALONE.table, (BETWEEN - ALONE.table) / 4);
  }
}

/**
 * Speeds up a scan by compiling the filter for each kind of interface.
 *
 * @param bodyFor - What tests packets of an interface; `undefined` where something else than a program does.
 * @param worthFrom - Bytes of a capture from which on to do so.
 */
export function createAccelerator(
  bodyFor: (source: CaptureInterface) => FilterBody | undefined,
  worthFrom: number = WORTH_COMPILING,
): Accelerator {
  const shared = new WalkMemory();
  const walks = new Map<string, RecordWalk>();
  return {
    worthFrom,
    grow: (bytes, size) => shared.grow(bytes, size),
    places: () => shared.places(),
    walkFor(layout, source, takes) {
      if (shared.memory === undefined) return undefined;
      const key = JSON.stringify([layout, source.linkType, takes]);
      let walk = walks.get(key);
      if (walk === undefined) {
        const body = bodyFor(source);
        if (body === undefined) return undefined;
        walk = compileWalk(body, layout, takes, shared.memory);
        walks.set(key, walk);
      }
      return walk;
    },
  };
}
