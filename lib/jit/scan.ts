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
  WalkState,
} from '../savefile/index.js';
import { CodeWriter, encodeModule, type Local, MEMORY_IMPORT, type WasmModule } from '../wasm/index.js';
import { emitSwap32 } from './alu.js';
import type { FilterBody } from './body.js';
import { REJECTED } from './classic.js';

const PAGE_SIZE = 65536;
/** Where the window begins: nothing lies at 0. */
const WINDOW = PAGE_SIZE;

/** What the walk takes and gives back, as globals. */
const STATE = [
  'start',
  'end',
  'interfaces',
  'packets',
  'matched',
  'limit',
  'runStart',
  'keptStart',
  'keptEnd',
] as const satisfies readonly (keyof WalkState)[];
/** Positions are addresses to the compiled code. */
const POSITIONS = [
  'start',
  'end',
  'runStart',
  'keptStart',
  'keptEnd',
] as const satisfies readonly (keyof WalkState)[];
/** The largest number the walk counts to. */
const MOST = 0x7fff_ffff;
const OUTCOME = STATE.length;

const ENHANCED_PACKET = 6;
/** Blocks longer than this are left to the careful reader. */
const MAX_BLOCK = 65_536;

/** The module that walks over records of a layout with a filter; gathers those that match, or counts only. */
export function scanModule(body: FilterBody, layout: RecordLayout, gathers: boolean): WasmModule {
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
    code.op('global.get', index).set(index);
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
    code.get(start).i32(32).op('i32.add').get(end).op('i32.gt_u');
    stopIf();
    load(start, 0, total);
    code.get(total).i32(ENHANCED_PACKET).op('i32.ne');
    stopIf();
    load(start, 4, total);
    code
      .get(total)
      .i32(32)
      .op('i32.sub')
      .i32(MAX_BLOCK - 32)
      .op('i32.gt_u');
    stopIf();
    code.get(start).get(total).i32(3).op('i32.add').i32(-4).op('i32.and').op('i32.add').tee(next);
    code.get(end).op('i32.gt_u');
    stopIf();
    load(start, 8, length);
    code.get(length).get(local('interfaces')).op('i32.ge_u');
    stopIf();
    code.get(next).i32(4).op('i32.sub').set(wire);
    load(wire, 0, wire);
    code.get(wire).get(total).op('i32.ne');
    stopIf();
    load(start, 20, length);
    code.get(length).get(total).i32(32).op('i32.sub').op('i32.gt_u');
    stopIf();
    load(start, 24, wire);
    code.get(start).i32(28).op('i32.add').set(data);
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

  code.get(packets).i32(1).op('i32.add').set(packets);
  // No branch here: whether a packet matches is what nobody can predict.
  code.get(verdict).i32(0).op('i32.ne').get(matched).op('i32.add').set(matched);
  if (gathers) {
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
    code.get(index).op('global.set', index);
  });

  return {
    imports: [{ module: 'weir', name: 'special', type: { params: ['i32', 'i32', 'i32'], results: ['i32'] } }],
    memoryPages: 1,
    globals: [...STATE, 'outcome'].map((name) => ({ name, type: 'i32', value: 0n })),
    functions: [
      { name: 'walk', params: [], results: [], locals: [...own, ...body.locals], body: code.bytes },
    ],
    exports: [
      { name: 'walk', kind: 'func', index: 1 },
      ...[...STATE, 'outcome'].map((name, index) => ({ name, kind: 'global' as const, index })),
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

/** Adds the places and counters that a walk has to the way it was called. */
function callable(exports: WebAssembly.Exports): RecordWalk {
  const walk = exports.walk as () => void;
  const globals = STATE.map((name) => [name, exports[name] as WebAssembly.Global] as const);
  const isPosition = new Set<string>(POSITIONS);
  return (state) => {
    for (const [name, global] of globals)
      global.value = isPosition.has(name) ? state[name] + WINDOW : Math.min(state[name], MOST);
    walk();
    for (const [name, global] of globals) {
      if (name === 'limit' || name === 'end' || name === 'interfaces') continue;
      state[name] = isPosition.has(name) ? global.value - WINDOW : global.value;
    }
  };
}

/**
 * Speeds up a scan by compiling the filter for each kind of interface.
 *
 * @param bodyFor - What tests packets of an interface; `undefined` where something else than a program does.
 */
export function createAccelerator(
  bodyFor: (source: CaptureInterface) => FilterBody | undefined,
): Accelerator {
  let memory: WebAssembly.Memory | undefined;
  const walks = new Map<string, RecordWalk>();
  return {
    grow(bytes, size) {
      const pages = Math.ceil((WINDOW + size) / PAGE_SIZE);
      memory ??= new WebAssembly.Memory({ initial: pages });
      const isInPlace = bytes.buffer === memory.buffer;
      const missing = pages - memory.buffer.byteLength / PAGE_SIZE;
      if (missing > 0) memory.grow(missing);
      const grown = new Uint8Array(memory.buffer, WINDOW, size);
      if (!isInPlace) grown.set(bytes);
      return grown;
    },
    walkFor(layout, source, gathers) {
      if (memory === undefined) return undefined;
      const key = JSON.stringify([layout, source.linkType, gathers]);
      let walk = walks.get(key);
      if (walk === undefined) {
        const body = bodyFor(source);
        if (body === undefined) return undefined;
        const module = new WebAssembly.Module(encodeModule(scanModule(body, layout, gathers)));
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
        walk = callable(exports);
        walks.set(key, walk);
      }
      return walk;
    },
  };
}
