/**
 * The text form of a module (core specification §6): what `--wasm` prints, readable by any
 * WebAssembly tool. Function bodies are decoded from their bytes with the rows of opcodes.ts.
 */

import { type Cursor, readSigned64, readUnsigned } from './leb128.js';
import {
  type DefinedFunction,
  distinctTypes,
  type FunctionType,
  MEMORY_IMPORT,
  typeOf,
  type WasmModule,
} from './module.js';
import { EMPTY_BLOCK, INSTRUCTIONS, type InstructionRow, VALUE_TYPES, type ValueType } from './opcodes.js';

const rowByByte: ReadonlyMap<number, InstructionRow> = new Map(INSTRUCTIONS.map((row) => [row.byte, row]));
const typeByByte: ReadonlyMap<number, string> = new Map(
  Object.entries(VALUE_TYPES).map(([name, byte]) => [byte, name]),
);

export function printModule(module: WasmModule): string {
  const { imports, functions, globals } = module;
  const names = [...imports.map(({ name }) => name), ...functions.map(({ name }) => name)];
  const lines = [
    '(module',
    ...distinctTypes(module).map((type) => `  (type (func${signature(type)}))`),
    ...imports.map(
      ({ module: from, name, type }) => `  (import "${from}" "${name}" (func $${name}${signature(type)}))`,
    ),
  ];
  if (module.memoryPages > 0) {
    lines.push(`  (import "${MEMORY_IMPORT.module}" "${MEMORY_IMPORT.name}" (memory ${module.memoryPages}))`);
  }
  for (const { name, type, value } of globals)
    lines.push(`  (global $${name} (mut ${type}) (${type}.const ${value}))`);
  for (const { name, kind, index } of module.exports) {
    const target = kind === 'func' ? names[index]! : globals[index]!.name;
    lines.push(`  (export "${name}" (${kind} $${target}))`);
  }
  for (const definition of functions) lines.push(...printFunction(definition, names, module));
  return `${lines.join('\n')})\n`;
}

function signature({ params, results }: FunctionType): string {
  const part = (word: string, types: readonly ValueType[]): string =>
    types.length === 0 ? '' : ` (${word} ${types.join(' ')})`;
  return part('param', params) + part('result', results);
}

function printFunction(
  definition: DefinedFunction,
  functionNames: readonly string[],
  module: WasmModule,
): string[] {
  const { name, params, locals, body } = definition;
  const declared = (word: string) => (local: { readonly name: string; readonly type: ValueType }) =>
    ` (${word} $${local.name} ${local.type})`;
  const { results } = typeOf(definition);
  const head = `  (func $${name}${params.map(declared('param')).join('')}${signature({ params: [], results })}`;
  const lines = [head];
  if (locals.length > 0) lines.push(`   ${locals.map(declared('local')).join('')}`);
  const localNames = [...params, ...locals].map((local) => local.name);

  let indent = 4;
  const cursor: Cursor = { bytes: body, at: 0 };
  while (cursor.at < body.length) {
    const row = rowByByte.get(body[cursor.at++]!)!;
    let operand = '';
    switch (row.immediate) {
      case 'block': {
        const type = body[cursor.at++]!;
        if (type !== EMPTY_BLOCK) operand = `(result ${typeByByte.get(type)})`;
        break;
      }
      case 'label':
        operand = `${readUnsigned(cursor)}`;
        break;
      case 'labels': {
        const count = readUnsigned(cursor) + 1;
        operand = Array.from({ length: count }, () => readUnsigned(cursor)).join(' ');
        break;
      }
      case 'function':
        operand = `$${functionNames[readUnsigned(cursor)]}`;
        break;
      case 'local':
        operand = `$${localNames[readUnsigned(cursor)]}`;
        break;
      case 'global':
        operand = `$${module.globals[readUnsigned(cursor)]!.name}`;
        break;
      case 'memory': {
        cursor.at++;
        const offset = readUnsigned(cursor);
        operand = `${offset === 0 ? '' : `offset=${offset} `}align=1`;
        break;
      }
      case 'i32':
      case 'i64':
        operand = `${readSigned64(cursor)}`;
        break;
      case 'copy':
        cursor.at += 3;
        break;
      case 'none':
        break;
    }
    if (row.name === 'end' || row.name === 'else') indent -= 2;
    lines.push(`${' '.repeat(indent)}${row.name}${operand === '' ? '' : ` ${operand}`}`);
    if (row.immediate === 'block' || row.name === 'else') indent += 2;
  }
  lines[lines.length - 1] += ')';
  return lines;
}
