/**
 * Noting packets in WebAssembly: one call walks over the records of a block of a pcap file; whatever is not ordinary is left
 * to JavaScript.
 */

import { encodeModule, MEMORY_IMPORT, type WasmModule } from '../wasm/index.js';
import type { PacketClass } from './classes.js';
import { NOTE_LOCALS, noteBody } from './noteCode.js';
import { WALK_LOCALS, type Walked, walkBody } from './walkCode.js';

/**
 * The module for a link type.
 *
 * @param classes - Of the link type: TCP on IPv4, IPv4, TCP on IPv6, IPv6, others.
 * @param first - Row of the first class.
 * @param layout - Without it there is no walk.
 */
export function noteModule(classes: readonly PacketClass[], first: number, layout?: Walked): WasmModule {
  const named = (names: readonly string[]) => names.map((name) => ({ name, type: 'i32' as const }));
  const note = {
    name: 'note',
    params: named(NOTE_LOCALS.slice(0, 2)),
    locals: named(NOTE_LOCALS.slice(2)),
    body: noteBody(classes, first),
  };
  const functions = [note];
  if (layout !== undefined)
    functions.push({ name: 'walk', params: [], locals: named(WALK_LOCALS), body: walkBody(layout, 0) });
  return {
    imports: [],
    memoryPages: 1,
    globals: [],
    functions: functions.map((one) => ({ ...one, results: ['i32'] })),
    exports: functions.map(({ name }, index) => ({ name, kind: 'func', index })),
  };
}

/** A module with its memory. */
export interface NoteExports {
  readonly note: (data: number, length: number) => number;
  readonly walk?: () => number;
}

export function loadNotes(module: WasmModule, memory: WebAssembly.Memory): NoteExports {
  const compiled = new WebAssembly.Module(encodeModule(module));
  const imports = { [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory } };
  return new WebAssembly.Instance(compiled, imports).exports as unknown as NoteExports;
}
