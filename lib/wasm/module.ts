/**
 * A WebAssembly module as plain data, and its binary form (core specification §5.5).
 *
 * Names of locals and functions are for the text form only; the binary has none but those of imports
 * and exports.
 */

import { writeSigned, writeSigned64, writeUnsigned } from './leb128.js';
import { rowByName, VALUE_TYPES, type ValueType } from './opcodes.js';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
  readonly type: FunctionType;
}

export interface Local {
  readonly name: string;
  readonly type: ValueType;
}

export interface DefinedFunction {
  readonly name: string;
  readonly params: readonly Local[];
  readonly results: readonly ValueType[];
  readonly locals: readonly Local[];
  /** Instructions, without the closing `end`. */
  readonly body: readonly number[];
}

export interface Global {
  readonly name: string;
  readonly type: ValueType;
  /** Initial value; every global here is mutable. */
  readonly value: bigint;
}

export interface WasmModule {
  /** Functions are numbered through: imported ones first. */
  readonly imports: readonly ImportedFunction[];
  /** Pages of 64 KiB that the imported memory has at least; 0 for a module without memory. */
  readonly memoryPages: number;
  readonly globals: readonly Global[];
  readonly functions: readonly DefinedFunction[];
  /** Names under which functions and globals are exported, and their index. */
  readonly exports: readonly {
    readonly name: string;
    readonly kind: 'func' | 'global';
    readonly index: number;
  }[];
}

/** Where the memory is imported from. */
export const MEMORY_IMPORT = { module: 'weir', name: 'memory' } as const;

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
const EXTERNAL = { func: 0, memory: 2, global: 3 } as const;
const FUNCTION_TYPE = 0x60;
const MUTABLE = 1;
const END = rowByName.get('end')!.byte;

export const typeOf = ({ params, results }: DefinedFunction): FunctionType => ({
  params: params.map(({ type }) => type),
  results,
});

const keyOf = ({ params, results }: FunctionType): string => `${params.join(' ')} -> ${results.join(' ')}`;

/** The types of all functions, each once, in order of first use. */
export function distinctTypes(module: WasmModule): readonly FunctionType[] {
  const all = [...module.imports.map(({ type }) => type), ...module.functions.map(typeOf)];
  return [...new Map(all.map((type) => [keyOf(type), type])).values()];
}

export function encodeModule(module: WasmModule): Uint8Array<ArrayBuffer> {
  const types = distinctTypes(module);
  const typeIndex = (type: FunctionType): number =>
    types.findIndex((candidate) => keyOf(candidate) === keyOf(type));
  const out: number[] = [...MAGIC_AND_VERSION];

  section(out, SECTION.type, types, (bytes, { params, results }) => {
    bytes.push(FUNCTION_TYPE);
    vector(bytes, params, (inner, type) => inner.push(VALUE_TYPES[type]));
    vector(bytes, results, (inner, type) => inner.push(VALUE_TYPES[type]));
  });
  const imports: ((bytes: number[]) => void)[] = module.imports.map(
    ({ module: from, name, type }) =>
      (bytes) => {
        text(bytes, from);
        text(bytes, name);
        bytes.push(EXTERNAL.func);
        writeUnsigned(bytes, typeIndex(type));
      },
  );
  if (module.memoryPages > 0) {
    imports.push((bytes) => {
      text(bytes, MEMORY_IMPORT.module);
      text(bytes, MEMORY_IMPORT.name);
      bytes.push(EXTERNAL.memory, 0); // limits without a maximum
      writeUnsigned(bytes, module.memoryPages);
    });
  }
  section(out, SECTION.import, imports, (bytes, write) => write(bytes));
  section(out, SECTION.function, module.functions, (bytes, definition) =>
    writeUnsigned(bytes, typeIndex(typeOf(definition))),
  );
  section(out, SECTION.global, module.globals, (bytes, { type, value }) => {
    bytes.push(VALUE_TYPES[type], MUTABLE, rowByName.get(`${type}.const`)!.byte);
    if (type === 'i64') writeSigned64(bytes, value);
    else writeSigned(bytes, Number(value));
    bytes.push(END);
  });
  section(out, SECTION.export, module.exports, (bytes, { name, kind, index }) => {
    text(bytes, name);
    bytes.push(EXTERNAL[kind]);
    writeUnsigned(bytes, index);
  });
  section(out, SECTION.code, module.functions, (bytes, definition) => {
    const body: number[] = [];
    vector(body, runsOf(definition.locals), (inner, { count, type }) => {
      writeUnsigned(inner, count);
      inner.push(VALUE_TYPES[type]);
    });
    append(body, definition.body);
    body.push(END);
    writeUnsigned(bytes, body.length);
    append(bytes, body);
  });
  return Uint8Array.from(out);
}

/** Neighbours of one type are declared together. */
function runsOf(locals: readonly Local[]): readonly { readonly count: number; readonly type: ValueType }[] {
  const runs: { count: number; type: ValueType }[] = [];
  for (const { type } of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ count: 1, type });
  }
  return runs;
}

function section<Item>(
  out: number[],
  id: number,
  items: readonly Item[],
  write: (bytes: number[], item: Item) => void,
): void {
  if (items.length === 0) return;
  const bytes: number[] = [];
  vector(bytes, items, write);
  out.push(id);
  writeUnsigned(out, bytes.length);
  append(out, bytes);
}

function vector<Item>(
  bytes: number[],
  items: readonly Item[],
  write: (bytes: number[], item: Item) => void,
): void {
  writeUnsigned(bytes, items.length);
  for (const item of items) write(bytes, item);
}

function text(bytes: number[], value: string): void {
  vector(bytes, [...new TextEncoder().encode(value)], (inner, byte) => inner.push(byte));
}

/** Bodies are too long for spread arguments. */
function append(bytes: number[], more: readonly number[]): void {
  for (const byte of more) bytes.push(byte);
}
