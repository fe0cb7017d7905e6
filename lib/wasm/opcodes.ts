/**
 * The WebAssembly instructions that compiled filters use, one row each, named as in the core
 * specification (§5.4, §7: binary encoding, index of instructions).
 *
 * The writer takes bytes and immediates from the rows, the text form names; the test makes a function of
 * every row with a plain type and has the host validate it.
 */

/** What follows the opcode byte. `copy` is the rest of `memory.copy`, which has two bytes and two memories. */
export type Immediate =
  | 'none'
  | 'block'
  | 'label'
  | 'labels'
  | 'function'
  | 'local'
  | 'global'
  | 'memory'
  | 'i32'
  | 'i64'
  | 'copy';

export interface InstructionRow {
  readonly name: string;
  readonly byte: number;
  readonly immediate: Immediate;
  /** Operands and results; `control` and `variable` depend on what surrounds the instruction. */
  readonly type: string;
}

// biome-ignore format: a table reads best with one row a line
export const INSTRUCTIONS = [
  { name: 'unreachable',        byte: 0x00, immediate: 'none',      type: 'control' },
  { name: 'nop',                byte: 0x01, immediate: 'none',      type: '->' },
  { name: 'block',              byte: 0x02, immediate: 'block',     type: 'control' },
  { name: 'loop',               byte: 0x03, immediate: 'block',     type: 'control' },
  { name: 'if',                 byte: 0x04, immediate: 'block',     type: 'control' },
  { name: 'else',               byte: 0x05, immediate: 'none',      type: 'control' },
  { name: 'end',                byte: 0x0b, immediate: 'none',      type: 'control' },
  { name: 'br',                 byte: 0x0c, immediate: 'label',     type: 'control' },
  { name: 'br_if',              byte: 0x0d, immediate: 'label',     type: 'control' },
  { name: 'br_table',           byte: 0x0e, immediate: 'labels',    type: 'control' },
  { name: 'return',             byte: 0x0f, immediate: 'none',      type: 'control' },
  { name: 'call',               byte: 0x10, immediate: 'function',  type: 'control' },
  { name: 'drop',               byte: 0x1a, immediate: 'none',      type: 'i64 ->' },
  { name: 'select',             byte: 0x1b, immediate: 'none',      type: 'i64 i64 i32 -> i64' },
  { name: 'local.get',          byte: 0x20, immediate: 'local',     type: 'variable' },
  { name: 'local.set',          byte: 0x21, immediate: 'local',     type: 'variable' },
  { name: 'local.tee',          byte: 0x22, immediate: 'local',     type: 'variable' },
  { name: 'global.get',         byte: 0x23, immediate: 'global',    type: 'variable' },
  { name: 'global.set',         byte: 0x24, immediate: 'global',    type: 'variable' },
  { name: 'i32.load',           byte: 0x28, immediate: 'memory',    type: 'i32 -> i32' },
  { name: 'i64.load',           byte: 0x29, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i32.load8_s',        byte: 0x2c, immediate: 'memory',    type: 'i32 -> i32' },
  { name: 'i32.load8_u',        byte: 0x2d, immediate: 'memory',    type: 'i32 -> i32' },
  { name: 'i32.load16_s',       byte: 0x2e, immediate: 'memory',    type: 'i32 -> i32' },
  { name: 'i32.load16_u',       byte: 0x2f, immediate: 'memory',    type: 'i32 -> i32' },
  { name: 'i64.load8_s',        byte: 0x30, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i64.load8_u',        byte: 0x31, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i64.load16_s',       byte: 0x32, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i64.load16_u',       byte: 0x33, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i64.load32_s',       byte: 0x34, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i64.load32_u',       byte: 0x35, immediate: 'memory',    type: 'i32 -> i64' },
  { name: 'i32.store',          byte: 0x36, immediate: 'memory',    type: 'i32 i32 ->' },
  { name: 'i64.store',          byte: 0x37, immediate: 'memory',    type: 'i32 i64 ->' },
  { name: 'i32.store8',         byte: 0x3a, immediate: 'memory',    type: 'i32 i32 ->' },
  { name: 'i32.store16',        byte: 0x3b, immediate: 'memory',    type: 'i32 i32 ->' },
  { name: 'i64.store8',         byte: 0x3c, immediate: 'memory',    type: 'i32 i64 ->' },
  { name: 'i64.store16',        byte: 0x3d, immediate: 'memory',    type: 'i32 i64 ->' },
  { name: 'i64.store32',        byte: 0x3e, immediate: 'memory',    type: 'i32 i64 ->' },
  { name: 'i32.const',          byte: 0x41, immediate: 'i32',       type: '-> i32' },
  { name: 'i64.const',          byte: 0x42, immediate: 'i64',       type: '-> i64' },
  { name: 'i32.eqz',            byte: 0x45, immediate: 'none',      type: 'i32 -> i32' },
  { name: 'i32.eq',             byte: 0x46, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.ne',             byte: 0x47, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.lt_s',           byte: 0x48, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.lt_u',           byte: 0x49, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.gt_s',           byte: 0x4a, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.gt_u',           byte: 0x4b, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.le_s',           byte: 0x4c, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.le_u',           byte: 0x4d, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.ge_s',           byte: 0x4e, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.ge_u',           byte: 0x4f, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i64.eqz',            byte: 0x50, immediate: 'none',      type: 'i64 -> i32' },
  { name: 'i64.eq',             byte: 0x51, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.ne',             byte: 0x52, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.lt_s',           byte: 0x53, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.lt_u',           byte: 0x54, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.gt_s',           byte: 0x55, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.gt_u',           byte: 0x56, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.le_s',           byte: 0x57, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.le_u',           byte: 0x58, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.ge_s',           byte: 0x59, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i64.ge_u',           byte: 0x5a, immediate: 'none',      type: 'i64 i64 -> i32' },
  { name: 'i32.add',            byte: 0x6a, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.sub',            byte: 0x6b, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.mul',            byte: 0x6c, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.div_s',          byte: 0x6d, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.div_u',          byte: 0x6e, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.rem_s',          byte: 0x6f, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.rem_u',          byte: 0x70, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.and',            byte: 0x71, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.or',             byte: 0x72, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.xor',            byte: 0x73, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.shl',            byte: 0x74, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.shr_s',          byte: 0x75, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.shr_u',          byte: 0x76, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.rotl',           byte: 0x77, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i32.rotr',           byte: 0x78, immediate: 'none',      type: 'i32 i32 -> i32' },
  { name: 'i64.add',            byte: 0x7c, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.sub',            byte: 0x7d, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.mul',            byte: 0x7e, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.div_s',          byte: 0x7f, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.div_u',          byte: 0x80, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.rem_s',          byte: 0x81, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.rem_u',          byte: 0x82, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.and',            byte: 0x83, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.or',             byte: 0x84, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.xor',            byte: 0x85, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.shl',            byte: 0x86, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.shr_s',          byte: 0x87, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.shr_u',          byte: 0x88, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.rotl',           byte: 0x89, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i64.rotr',           byte: 0x8a, immediate: 'none',      type: 'i64 i64 -> i64' },
  { name: 'i32.wrap_i64',       byte: 0xa7, immediate: 'none',      type: 'i64 -> i32' },
  { name: 'i64.extend_i32_s',   byte: 0xac, immediate: 'none',      type: 'i32 -> i64' },
  { name: 'i64.extend_i32_u',   byte: 0xad, immediate: 'none',      type: 'i32 -> i64' },
  { name: 'i32.extend8_s',      byte: 0xc0, immediate: 'none',      type: 'i32 -> i32' },
  { name: 'i32.extend16_s',     byte: 0xc1, immediate: 'none',      type: 'i32 -> i32' },
  { name: 'i64.extend8_s',      byte: 0xc2, immediate: 'none',      type: 'i64 -> i64' },
  { name: 'i64.extend16_s',     byte: 0xc3, immediate: 'none',      type: 'i64 -> i64' },
  { name: 'i64.extend32_s',     byte: 0xc4, immediate: 'none',      type: 'i64 -> i64' },
  { name: 'memory.copy',        byte: 0xfc, immediate: 'copy',      type: 'i32 i32 i32 ->' },
] as const satisfies readonly InstructionRow[];

export type InstructionName = (typeof INSTRUCTIONS)[number]['name'];

export const rowByName: ReadonlyMap<string, InstructionRow> = new Map(
  INSTRUCTIONS.map((row) => [row.name, row]),
);

/** Types of values, and the type of a block without result. */
export const VALUE_TYPES = { i32: 0x7f, i64: 0x7e } as const;
export type ValueType = keyof typeof VALUE_TYPES;
export const EMPTY_BLOCK = 0x40;
