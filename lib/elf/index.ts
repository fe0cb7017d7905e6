/** Objects of clang in and out: sections, types, maps, relocations, lines of C. Runs anywhere. */

export { Btf, type BtfKind, type BtfType, readBtf } from './btf.js';
export type { LineRecord, SourceLine } from './btfExtension.js';
export { BtfWriter, writeExtension } from './btfWriter.js';
export { isElf, STT } from './file.js';
export { type WrittenSection, type WrittenSymbol, writeElf } from './fileWriter.js';
export { type HookName, hookOfSection, type SectionHook } from './hooks.js';
export { MAP_TYPES, type MapDefinition, type ObjectMap, type ObjectMapType } from './maps.js';
export { type BpfObject, type ObjectProgram, type ReadObjectOptions, readObject } from './object.js';
export { ObjectError } from './reader.js';
