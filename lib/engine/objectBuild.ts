/** Filters as objects that loaders take: a lifted program with types, license, counters, and lines of its expression. */

import type { Program as Classic, Personality } from '../cbpf/index.js';
import { opcodes, type Program, type Slot, build as slots, toBytes } from '../ebpf/index.js';
import { BtfWriter, type LineRecord, STT, writeElf, writeExtension } from '../elf/index.js';
import { liftTraced, type Results, type ResultValue, resultsOf, toC } from '../lift/index.js';
import type { MapInfo } from '../verify/index.js';
import { admit } from './extended.js';

/** Where the program of an object is to run. */
export type BuildHook = 'xdp' | 'tc' | 'cgroup' | 'socket';

/** How a filter becomes an object. */
export interface BuildObjectOptions {
  readonly hook: BuildHook;
  /**
   * What is answered for packets that match: by default XDP_DROP, TC_ACT_SHOT, 0 for cgroups, and for sockets the bytes
   * to keep. For a hook of XDP or tc also by name.
   */
  readonly accept?: ResultValue;
  /** What is answered for others: by default the opposite. Sockets have nothing but 0. */
  readonly reject?: ResultValue;
  /** Keep packets and bytes in a map `counts`, of each processor: at 0 those that match, at 1 others. */
  readonly count?: boolean;
  /** Default `Dual MIT/GPL`. */
  readonly license?: string;
  /** Whose rules the program follows at the edges; default `libpcap`. */
  readonly personality?: Personality;
}

/** A filter: what `LinkFilter` has, or a program alone. */
export interface BuildSource {
  readonly cbpf: Classic;
  /** What the program's spans point into. */
  readonly expression?: string;
}

/** An object, and the program in it. */
export interface BuiltObject {
  /** The file's bytes. */
  readonly bytes: Uint8Array;
  readonly program: Program;
}

interface HookRow {
  readonly form: 'xdp' | 'tc' | 'cgroup' | 'portable';
  readonly section: string;
  readonly type: 'xdp' | 'sched_cls' | 'cgroup_skb' | 'socket_filter';
  readonly context: string;
  readonly accept: ResultValue | undefined;
  readonly reject: ResultValue;
}

const HOOKS: Readonly<Record<BuildHook, HookRow>> = {
  xdp: {
    form: 'xdp',
    section: 'xdp',
    type: 'xdp',
    context: 'xdp_md',
    accept: 'XDP_DROP',
    reject: 'XDP_PASS',
  },
  tc: {
    form: 'tc',
    section: 'tc',
    type: 'sched_cls',
    context: '__sk_buff',
    accept: 'TC_ACT_SHOT',
    reject: 'TC_ACT_OK',
  },
  cgroup: {
    form: 'cgroup',
    section: 'cgroup_skb/ingress',
    type: 'cgroup_skb',
    context: '__sk_buff',
    accept: 0,
    reject: 1,
  },
  socket: {
    form: 'portable',
    section: 'socket',
    type: 'socket_filter',
    context: '__sk_buff',
    accept: undefined,
    reject: 0,
  },
};

/** The name of the program in every object. */
const NAME = 'filter';
const LICENSE = 'Dual MIT/GPL';
const SLOT = 8;

/**
 * Makes an object of a filter. Packets of sockets, XDP and tc are Ethernet, those of cgroups begin with IP: the filter has to
 * be compiled for that link type.
 *
 * @throws LiftError where the filter has no form for the hook; RangeError for results that the hook does not have, or
 *   counters of sockets, whose loads end the program.
 */
export function buildObject(source: BuildSource, options: BuildObjectOptions): BuiltObject {
  const { hook, count = false, license = LICENSE, personality = 'libpcap' } = options;
  const row = HOOKS[hook];
  if (count && hook === 'socket')
    throw new RangeError('filters of sockets have no counters: a load past the end ends them');
  const { accept = row.accept, reject = row.reject } = options;
  const results = { ...(accept === undefined ? {} : { accept }), reject };
  const lift = (chosen: typeof results): Program =>
    liftTraced(source.cbpf, { form: row.form, personality, ...chosen }).program;
  const program = count
    ? counted(lift({ accept: 1, reject: 0 }), hook, resultsOf(row.form, results))
    : lift(results);
  admit(program, { type: row.type, maps: mapsOf(program) });
  return { bytes: objectOf(program, row, { count, license, expression: source.expression ?? '' }), program };
}

/** The same filter as C. @throws LiftError, RangeError */
export function buildC(source: BuildSource, options: BuildObjectOptions): string {
  const { hook, count = false, license = LICENSE } = options;
  const row = HOOKS[hook];
  const { accept = row.accept ?? 262144, reject = row.reject } = options;
  // Refuses what the hook does not have.
  buildObject(source, options);
  return toC(source.cbpf, {
    hook,
    accept: `${accept}`,
    reject: `${reject}`,
    section: row.section,
    count,
    license,
    ...(source.expression === undefined ? {} : { about: source.expression }),
  });
}

const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const EXIT = opcodes.JMP | opcodes.EXIT;
const { alu, branch, call, constant, load, move, register, set, store } = slots;
/** Stack that no lifted program uses: the context, and a key. */
const CONTEXT_AT = -512;
const KEY_AT = -504;
const COUNTERS = { keySize: 4, valueSize: 16, entries: 2 } as const;

/** Puts a program that gives 1 or 0 before one that counts what it gave: its exits become jumps. */
function counted(program: Program, hook: BuildHook, { accept = 1, reject }: Results): Program {
  const tail = counter(hook, accept, reject);
  const body = program.map((slot, index): Slot => {
    if (slot.opcode !== EXIT) return slot;
    const jump = slots.jump(0);
    const distance = program.length - index - 1;
    const { span } = slot;
    const made =
      distance <= 0x7fff
        ? { ...jump, offset: distance }
        : { ...jump, opcode: opcodes.JMP32 | opcodes.JA, imm: distance };
    return span === undefined ? made : { ...made, span };
  });
  return [store(8, 10, CONTEXT_AT, 1), ...body, ...tail];
}

function counter(hook: BuildHook, accept: number, reject: number): readonly Slot[] {
  const add = (offset: number, what: Slot): readonly Slot[] => [
    load(8, 3, 0, offset),
    what,
    store(8, 0, offset, 3),
  ];
  const length =
    hook === 'xdp'
      ? [load(4, 1, 2, 4), load(4, 2, 2, 0), alu(64, 'sub', 1, register(2))]
      : [load(4, 1, 2, 0)];
  const update = [
    ...add(0, alu(64, 'add', 3, constant(1))),
    load(8, 2, 10, CONTEXT_AT),
    ...length,
    ...add(8, alu(64, 'add', 3, register(1))),
  ];
  return [
    move(6, 0),
    // Key 0 for what matches.
    alu(64, 'xor', 0, constant(1)),
    store(4, 10, KEY_AT, 0),
    move(2, 10),
    alu(64, 'add', 2, constant(KEY_AT)),
    { opcode: WIDE, dst: 1, src: opcodes.PSEUDO.mapFd, offset: 0, imm: COUNTS },
    { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
    call(LOOKUP),
    branch(64, 'jeq', 0, constant(0), update.length),
    ...update,
    set(0, accept),
    branch(64, 'jne', 6, constant(0), 1),
    set(0, reject),
    slots.exit,
  ];
}

/** Handle of the map of counters, before a loader puts its own in. */
const COUNTS = 1;
const LOOKUP = 1;

/** Where a program names its counters. */
const placesOfMap = (program: Program): readonly number[] =>
  program.flatMap(({ opcode, src }, index) =>
    opcode === WIDE && src === opcodes.PSEUDO.mapFd ? [index] : [],
  );

const mapsOf = (program: Program): ReadonlyMap<number, MapInfo> =>
  new Map(
    placesOfMap(program).map((index) => [
      index,
      { kind: 'perCpuArray', ...COUNTERS, writable: true, readable: true } as const,
    ]),
  );

/** Sections by their places in the file. */
const SECTION = { code: 1, license: 2, maps: 3 } as const;
const R_BPF_64_64 = 1;

interface ObjectParts {
  readonly count: boolean;
  readonly license: string;
  readonly expression: string;
}

function objectOf(program: Program, row: HookRow, { count, license, expression }: ObjectParts): Uint8Array {
  // Loaders put the handles of maps in.
  const places = placesOfMap(program);
  const code = toBytes(
    program.map((slot, index) => (places.includes(index) ? { ...slot, src: 0, imm: 0 } : slot)),
  );
  const licenseBytes = new TextEncoder().encode(`${license}\0`);
  const { btf, main } = typesOf(row, licenseBytes.length, count);
  const section = btf.texts.add(row.section);
  const extension = writeExtension(section, main, linesOf(program, expression, btf));
  const maps = new Uint8Array(MAP_DEFINITION);
  const sections = [
    { name: row.section, data: code, flags: 6 },
    { name: 'license', data: licenseBytes, flags: 3 },
    ...(count ? [{ name: '.maps', data: maps, flags: 3 }] : []),
    { name: '.BTF', data: btf.bytes },
    { name: '.BTF.ext', data: extension },
  ];
  const symbol = (name: string, type: number, section: number, size: number) =>
    ({ name, type, isGlobal: true, section, value: 0, size }) as const;
  const symbols = [
    symbol(NAME, STT.func, SECTION.code, code.length),
    symbol('LICENSE', STT.object, SECTION.license, licenseBytes.length),
    ...(count ? [symbol('counts', STT.object, SECTION.maps, maps.length)] : []),
  ];
  return writeElf(sections, symbols, {
    of: SECTION.code,
    rows: places.map((index) => [index * SLOT, symbols.length, R_BPF_64_64]),
  });
}

/** Four pointers: type, max_entries, key, value. */
const MAP_DEFINITION = 32;
const PER_CPU_ARRAY = 6;
/** Linkage of functions and variables that others see. */
const GLOBAL = 1;

function typesOf(
  row: HookRow,
  license: number,
  count: boolean,
): { readonly btf: BtfWriter; readonly main: number } {
  const btf = new BtfWriter();
  const int = btf.integer('int', 4, true);
  const context = btf.add('ptr', '', btf.add('fwd', row.context, 0));
  const proto = btf.add('funcProto', '', int, [btf.texts.add('ctx'), context], 1);
  const main = btf.add('func', NAME, proto, [], GLOBAL);
  const char = btf.integer('char', 1, true);
  const text = btf.add('array', '', 0, [char, int, license]);
  btf.datasec('license', license, [[btf.add('var', 'LICENSE', text, [GLOBAL]), 0, license]]);
  if (!count) return { btf, main };
  const [word, wide] = [btf.integer('unsigned int', 4), btf.integer('unsigned long long', 8)];
  const value = btf.struct('counts', COUNTERS.valueSize, [
    ['packets', wide, 0],
    ['bytes', wide, 8],
  ]);
  const definition = btf.struct('', MAP_DEFINITION, [
    ['type', btf.number(PER_CPU_ARRAY, int), 0],
    ['max_entries', btf.number(COUNTERS.entries, int), 8],
    ['key', btf.add('ptr', '', word), 16],
    ['value', btf.add('ptr', '', value), 24],
  ]);
  const variable = btf.add('var', 'counts', definition, [GLOBAL]);
  btf.datasec('.maps', MAP_DEFINITION, [[variable, 0, MAP_DEFINITION]]);
  return { btf, main };
}

const LAST_COLUMN = 1023;
const FILE = 'expression';

/** Words of the expression as places in a file: a line where it changes, and one at the program's start. */
function linesOf(program: Program, expression: string, btf: BtfWriter): readonly LineRecord[] {
  const texts = expression.split('\n');
  const file = btf.texts.add(FILE);
  const rows: LineRecord[] = [];
  let last = -1;
  for (const [index, { opcode, span }] of program.entries()) {
    // The second half of a wide immediate is none.
    if (opcode === 0 || (index > 0 && (span === undefined || span.start === last))) continue;
    last = span?.start ?? 0;
    const before = expression.slice(0, last).split('\n');
    rows.push({
      offset: index * SLOT,
      file,
      text: btf.texts.add(texts[before.length - 1]!),
      line: before.length,
      column: Math.min(LAST_COLUMN, before.at(-1)!.length + 1),
    });
  }
  return rows;
}
