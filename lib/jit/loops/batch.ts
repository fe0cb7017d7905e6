/**
 * Filters over packets that lie in one memory, a table of them in one call: what the two machines cost when
 * neither calls nor copies are in the way.
 */

import type { Program as Classic } from '../../cbpf/index.js';
import { Memory, type Program, SKB_SIZE } from '../../ebpf/index.js';
import { CodeWriter, encodeModule, type Local, MEMORY_IMPORT, type WasmModule } from '../../wasm/index.js';
import { REJECTED } from '../classic/classic.js';
import { compileEbpfBatch } from '../extended/webassembly.js';
import { BATCH_ROW } from '../shared/rows.js';
import { classicBody, type FilterBody } from './body.js';

/** Runs a filter over the packets it was made with; gives how many matched. */
export type Batch = () => number;

const PAGE_SIZE = 65536;

/** The packets one after another, behind a table that tells where each is when all of it lies at `base`. */
function tableOf(packets: readonly Uint8Array[], base: number): Uint8Array {
  const total = packets.reduce((sum, packet) => sum + packet.length, packets.length * BATCH_ROW);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = packets.length * BATCH_ROW;
  packets.forEach((packet, index) => {
    bytes.set(packet, at);
    [base + at, packet.length, packet.length].forEach((value, field) => {
      view.setUint32(index * BATCH_ROW + 4 * field, value, true);
    });
    at += packet.length;
  });
  return bytes;
}

/** A program of the extended machine that takes `__sk_buff`. */
export function ebpfBatch(program: Program, packets: readonly Uint8Array[]): Batch {
  const memory = new Memory();
  const context = memory.add('context', new Uint8Array(SKB_SIZE), { writable: true });
  const packet = memory.add('packet', new Uint8Array(0));
  const place = tableOf(packets, 0);
  const table = memory.add('packets', place);
  place.set(tableOf(packets, table.base));
  const batch = compileEbpfBatch(
    program,
    { memory, packet, helpers: new Map() },
    { pointers: new Map([[1, context]]) },
  );
  return () => batch(table.base, packets.length, context.base);
}

/** A classic program. @throws RangeError when it is too long to be compiled, or irreducible. */
export const classicBatch = (program: Classic, packets: readonly Uint8Array[]): Batch =>
  bodyBatch(classicBody(program), packets);

/** Any filter that can stand in a loop. @throws RangeError where it cannot, or not for packets this long. */
export function bodyBatch(body: FilterBody | undefined, packets: readonly Uint8Array[]): Batch {
  if (body === undefined) throw new RangeError('this program cannot stand in a loop over packets');
  if (packets.some(({ length }) => length > body.maxLength))
    throw new RangeError(`this program takes packets of up to ${body.maxLength} bytes`);
  const bytes = tableOf(packets, PAGE_SIZE);
  const memory = new WebAssembly.Memory({ initial: 1 + Math.ceil(bytes.length / PAGE_SIZE) });
  new Uint8Array(memory.buffer, PAGE_SIZE).set(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(batchModule(body))), {
    weir: {
      [MEMORY_IMPORT.name]: memory,
      special: () => {
        (exports.outcome as WebAssembly.Global).value = REJECTED;
        return 0;
      },
    },
  });
  const run = exports.batch as (table: number, count: number) => number;
  return () => run(PAGE_SIZE, packets.length);
}

function batchModule(body: FilterBody): WasmModule {
  const code = new CodeWriter();
  const params: readonly Local[] = ['row', 'count'].map((name) => ({ name, type: 'i32' }));
  const own: readonly Local[] = ['matched', 'start', 'length', 'wire', 'verdict'].map((name) => ({
    name,
    type: 'i32',
  }));
  const [row, count, matched, start, length, wire, verdict] = [0, 1, 2, 3, 4, 5, 6] as const;
  code.op('block').op('loop');
  code.get(count).op('i32.eqz').op('br_if', 1);
  code.get(row).op('i32.load', 0).set(start).get(row).op('i32.load', 4).set(length);
  code.get(row).op('i32.load', 8).set(wire);
  code.op('block');
  const decided = code.depth;
  body.emit({
    code,
    start,
    length,
    wire,
    firstLocal: params.length + own.length,
    finish: () => code.set(verdict).op('br', code.depth - decided),
    special: 0,
    outcome: 0,
  });
  code.op('unreachable').op('end');
  code.get(row).get(verdict).op('i32.store', 12);
  code.get(verdict).i32(0).op('i32.ne').get(matched).op('i32.add').set(matched);
  code.get(row).i32(BATCH_ROW).op('i32.add').set(row);
  code.get(count).i32(1).op('i32.sub').set(count).op('br', 0);
  code.op('end').op('end').get(matched);
  return {
    imports: [{ module: 'weir', name: 'special', type: { params: ['i32', 'i32', 'i32'], results: ['i32'] } }],
    memoryPages: 1,
    globals: [{ name: 'outcome', type: 'i32', value: 0n }],
    functions: [
      {
        name: 'batch',
        params,
        results: ['i32'],
        locals: [...own, ...body.locals],
        body: code.bytes,
      },
    ],
    exports: [
      { name: 'batch', kind: 'func', index: 1 },
      { name: 'outcome', kind: 'global', index: 0 },
    ],
  };
}
