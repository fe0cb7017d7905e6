/**
 * Verified programs over the packets of a capture, many in a call: a walk notes where the packets of the window lie, and
 * a loop over these rows runs the program, in the memory that its maps are in.
 */

import type { Environment, PacketEvent, ProgramType, Region } from '../../ebpf/index.js';
import type { Accelerator, CaptureInterface, RecordWalk } from '../../savefile/index.js';
import type { Proofs } from '../../verify/index.js';
import { fieldOf } from '../extended/contextFields.js';
import { functionsOf } from '../extended/ebpfFlow.js';
import { LinearMemory } from '../extended/linear.js';
import { compileEbpfBatch, type EbpfBatch, type WebAssemblyOptions } from '../extended/webassembly.js';
import { BATCH_ROW } from '../shared/rows.js';
import type { FilterBody } from './body.js';
import { compileWalk, STATE_SIZE, WORTH_COMPILING } from './scan.js';

const PAGE_SIZE = 65536;
const ROWS = 4096;
/** Addresses for the window; a capture whose records ask for more is not walked over. */
const MOST_WINDOW = 1 << 26;
/** Addresses that the window and the rows take, and what else comes. */
const LEAST_LEFT = 2 * MOST_WINDOW;
/** As far as comparisons with the packet's end teach a verifier. */
const MAX_PACKET = 0xffff;

/**
 * Helpers that ask for nothing but memory, maps and clocks, and whose effect no later packet sees: on maps, time, texts, random
 * numbers, checksums of memory, redirects, locks.
 */
const APART: ReadonlySet<number> = new Set([
  1, 2, 3, 5, 7, 8, 23, 28, 51, 69, 84, 85, 87, 88, 89, 93, 94, 99, 105, 106, 118, 125, 160, 165, 182, 195,
  204, 205, 206, 207, 208,
]);

/** A program, where it runs, and what is known of all its packets. */
export interface RowProgram {
  readonly proofs: Proofs;
  readonly environment: Environment;
  /** What r1 points to. */
  readonly context: Region;
  readonly type: ProgramType;
  readonly metadata: PacketEvent['metadata'];
  /** Counts what runs, as of {@link compileEbpf}. */
  readonly counted?: WebAssemblyOptions['counted'];
}

/** Whether each run is the same wherever its packet lies, and needs nothing prepared. */
export function runsInRows(program: RowProgram): boolean {
  const { proofs, type, metadata, environment } = program;
  const field = fieldOf(type, () => {}, metadata);
  if (proofs.readsUnwritten || environment.memory.left < LEAST_LEFT) return false;
  return functionsOf(proofs.program, false, proofs.instructions).every(({ blocks }) =>
    blocks.every(
      ({ instructions, stuckAt }) =>
        stuckAt === undefined &&
        instructions.every(({ instruction, index }) => {
          const { inBounds, dead } = proofs.instructions[index] ?? {};
          if (dead === true) return true;
          switch (instruction.kind) {
            case 'load':
              if (inBounds !== 'context') return inBounds !== undefined;
              return !instruction.signExtend && field(instruction.offset, instruction.size) !== undefined;
            case 'store':
            case 'atomic':
              return inBounds !== undefined && inBounds !== 'context';
            case 'packet':
              return instruction.index === undefined && instruction.offset >= 0;
            case 'call':
              return APART.has(instruction.helper);
            case 'callRegister':
            case 'callKfunc':
            case 'loadAcquire':
            case 'storeRelease':
              return false;
            default:
              return true;
          }
        }),
    ),
  );
}

/** Every packet. */
const ALL: FilterBody = {
  locals: [],
  maxLength: MAX_PACKET,
  emit: ({ code, finish }) => {
    code.i32(1);
    finish();
  },
};

/**
 * Runs a program over the packets of a scan, none of which matches then: for those who want to know what it answers.
 *
 * @param make - Gives the program, once it is worth while; `undefined` where its packets have to come one by one.
 * @param bodyFor - What the program's packets are tested by before; `undefined` where that takes more than a program.
 * @param note - Told of answers.
 * @param worthFrom - Bytes of a capture from which on to do so.
 */
export function rowAccelerator(
  make: () => RowProgram | undefined,
  bodyFor: ((source: CaptureInterface) => FilterBody | undefined) | undefined,
  note: (verdict: number) => void,
  worthFrom = WORTH_COMPILING,
): Accelerator {
  let rows: Rows | undefined;
  let isAsked = false;
  const walks = new Map<string, RecordWalk>();
  return {
    worthFrom,
    grow(bytes, size) {
      const program = isAsked ? undefined : make();
      if (program !== undefined && runsInRows(program)) rows = new Rows(program, note);
      isAsked = true;
      const grown = rows?.window(size) ?? new Uint8Array(size);
      if (grown.byteOffset !== bytes.byteOffset || grown.buffer !== bytes.buffer) grown.set(bytes);
      return grown;
    },
    places: () => new Uint32Array(0),
    walkFor(layout, source) {
      if (rows === undefined) return undefined;
      const key = JSON.stringify([layout, source.linkType]);
      let walk = walks.get(key);
      if (walk === undefined) {
        const body = bodyFor === undefined ? ALL : bodyFor(source);
        if (body === undefined) return undefined;
        const { memory, place } = rows;
        const maxLength = Math.min(body.maxLength, MAX_PACKET);
        walk = rows.walk(compileWalk({ ...body, maxLength }, layout, 'rows', memory, place));
        walks.set(key, walk);
      }
      return walk;
    },
  };
}

/** A program over rows in its memory. */
class Rows {
  readonly memory: WebAssembly.Memory;
  readonly place: { readonly state: number; readonly table: number; readonly window: number };
  private readonly packets: Region;
  private readonly context: number;
  private readonly batch: EbpfBatch;
  private readonly note: (verdict: number) => void;

  constructor(program: RowProgram, note: (verdict: number) => void) {
    const { environment, proofs, type, metadata, counted } = program;
    const { memory } = environment;
    const linear = LinearMemory.of(memory);
    const table = memory.addInternal('rows', STATE_SIZE + ROWS * BATCH_ROW);
    this.packets = memory.add('packets', new Uint8Array(0), { writable: true, room: MOST_WINDOW });
    linear.settle();
    this.memory = linear.memory;
    this.place = { state: table.base, table: table.base + STATE_SIZE, window: this.packets.base };
    this.batch = compileEbpfBatch(proofs.program, environment, {
      proofs,
      counted,
      fields: { type, metadata },
    });
    this.context = program.context.base;
    this.note = note;
  }

  /** Bytes for the window; `undefined` where it has no room. */
  window(size: number): Uint8Array | undefined {
    const { packets } = this;
    if (size > MOST_WINDOW - PAGE_SIZE) return undefined;
    packets.bytes = new Uint8Array(this.memory.buffer, packets.base, size);
    packets.length = size;
    packets.isElsewhere = false;
    return packets.bytes;
  }

  /** A walk that hands what another one finds to the program. */
  walk(find: RecordWalk): RecordWalk {
    const { place, batch, context, note } = this;
    let verdicts = new Uint32Array(0);
    return (state) => {
      const { matched, limit } = state;
      const { buffer } = this.memory;
      if (verdicts.buffer !== buffer) verdicts = new Uint32Array(buffer, place.table, ROWS * ROW_WORDS);
      state.limit = ROWS;
      for (let count = ROWS; count === ROWS; ) {
        state.matched = 0;
        find(state);
        count = state.matched;
        batch(place.table, count, context);
        for (let row = 0; row < count; row++) note(verdicts[row * ROW_WORDS + VERDICT]!);
      }
      state.matched = matched;
      state.limit = limit;
    };
  }
}

const ROW_WORDS = BATCH_ROW / 4;
const VERDICT = 3;
