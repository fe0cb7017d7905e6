/** Filters as objects that loaders take: a lifted program with types, license, counters, and lines of its expression. */

import type { Program as Classic, Personality } from '../cbpf/index.js';
import { opcodes, type Program, toBytes } from '../ebpf/index.js';
import { BtfWriter, type LineRecord, STT, writeElf, writeExtension } from '../elf/index.js';
import { type LiftOptions, liftTraced, type ResultValue, resultsOf, toC } from '../lift/index.js';
import type { MapInfo } from '../verify/index.js';
import { admit } from './extended.js';
import { withGuards } from './objectGuards.js';
import { COUNTERS, COUNTS, followedBy, MAPS, SAMPLES } from './objectTail.js';

/** Where the program of an object is to run. */
export type BuildHook = 'xdp' | 'tc' | 'cgroup' | 'socket';

/** How a filter becomes an object. */
export interface BuildObjectOptions {
  readonly hook: BuildHook;
  /**
   * What is answered for packets that match: by default XDP_DROP, TC_ACT_SHOT, 0 for cgroups, and for sockets the bytes
   * to keep. For a hook of XDP or tc also by name.
   */
  readonly accept?: ResultValue | undefined;
  /** What is answered for others: by default the opposite. */
  readonly reject?: ResultValue;
  /** Keep packets and bytes in a map `counts`, of each processor: at 0 those that match, at 1 others. */
  readonly count?: boolean;
  /**
   * Hand so many bytes of each packet that matches to a perf event array `samples`, behind the metadata that xdpdump of
   * xdp-tools has. Of XDP and tc.
   */
  readonly sample?: number;
  /** Default `Dual MIT/GPL`. */
  readonly license?: string | undefined;
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
 * @throws LiftError where the filter has no form for the hook; RangeError for results that the hook does not have.
 */
export function buildObject(source: BuildSource, options: BuildObjectOptions): BuiltObject {
  const { hook, count = false, sample = 0, personality = 'libpcap' } = options;
  const row = HOOKS[hook];
  if (!(Number.isInteger(sample) && sample >= 0 && sample <= MOST_SAMPLED))
    throw new RangeError(`a sample has from 1 to ${MOST_SAMPLED} bytes`);
  if (sample > 0 && hook !== 'xdp' && hook !== 'tc') throw new RangeError('samples are of XDP and tc');
  const lift = (chosen: LiftOptions): Program => liftTraced(source.cbpf, { personality, ...chosen }).program;
  const { accept = row.accept, reject = row.reject } = options;
  const results = { accept, reject };
  // A load past the end ends a program for sockets with 0, unless that is looked at before.
  if (hook === 'socket' && (count || reject !== 0)) {
    const answers = { accept: numberOf(accept ?? WHOLE), reject: numberOf(reject) };
    const guarded = withGuards(lift({ form: row.form, accept: 1, reject: 0 }));
    return finished(followedBy(guarded, { hook, count, sample, ...answers }), row, options, source);
  }
  const { accept: matched = 1, reject: other } = resultsOf(row.form, results);
  const program =
    count || sample > 0
      ? followedBy(lift({ form: row.form, accept: 1, reject: 0 }), {
          hook,
          count,
          sample,
          accept: matched,
          reject: other,
        })
      : lift({ form: row.form, ...results });
  return finished(program, row, options, source);
}

/** What sockets keep of a packet that goes on whole. */
const WHOLE = 262_144;

/** Sockets have no names for results. */
function numberOf(result: ResultValue): number {
  if (typeof result === 'number' && result === result >>> 0) return result;
  throw new RangeError(`sockets keep a number of bytes, not '${result}'`);
}

function finished(
  program: Program,
  row: HookRow,
  { count = false, sample = 0, license = LICENSE }: BuildObjectOptions,
  { expression = '' }: BuildSource,
): BuiltObject {
  admit(program, { type: row.type, maps: mapsOf(program) });
  const maps = [...(count ? [COUNTS] : []), ...(sample > 0 ? [SAMPLES] : [])];
  return { bytes: objectOf(program, row, { maps, license, expression }), program };
}

/** The same filter as C. @throws LiftError, RangeError */
export function buildC(source: BuildSource, options: BuildObjectOptions): string {
  const { hook, count = false, sample = 0, license = LICENSE } = options;
  if (sample > 0) throw new RangeError('samples are of objects, not of C');
  const row = HOOKS[hook];
  const { accept = row.accept ?? WHOLE, reject = row.reject } = options;
  // Refuses what the hook does not have.
  buildObject(source, options);
  return toC(source.cbpf, {
    hook,
    accept: `${accept}`,
    reject: `${reject}`,
    section: row.section,
    count,
    license,
    about: source.expression,
  });
}

const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;

/** Where a program names its maps. */
const placesOfMap = (program: Program): readonly number[] =>
  program.flatMap(({ opcode, src }, index) =>
    opcode === WIDE && src === opcodes.PSEUDO.mapFd ? [index] : [],
  );

const mapsOf = (program: Program): ReadonlyMap<number, MapInfo> =>
  new Map(placesOfMap(program).map((index) => [index, MAPS.get(program[index]!.imm)!]));

/** Sections by their places in the file. */
const SECTION = { code: 1, license: 2, maps: 3 } as const;
const R_BPF_64_64 = 1;

interface ObjectParts {
  /** Handles of its maps. */
  readonly maps: readonly number[];
  readonly license: string;
  readonly expression: string;
}

function objectOf(program: Program, row: HookRow, { maps, license, expression }: ObjectParts): Uint8Array {
  // Loaders put the handles of maps in.
  const places = placesOfMap(program);
  const code = toBytes(
    program.map((slot, index) => (places.includes(index) ? { ...slot, src: 0, imm: 0 } : slot)),
  );
  const licenseBytes = new TextEncoder().encode(`${license}\0`);
  const { btf, main } = typesOf(row, licenseBytes.length, maps);
  const section = btf.texts.add(row.section);
  const extension = writeExtension(section, main, linesOf(program, expression, btf));
  const definitions = new Uint8Array(MAP_DEFINITION * maps.length);
  const sections = [
    { name: row.section, data: code, flags: 6 },
    { name: 'license', data: licenseBytes, flags: 3 },
    ...(maps.length > 0 ? [{ name: '.maps', data: definitions, flags: 3 }] : []),
    { name: '.BTF', data: btf.bytes },
    { name: '.BTF.ext', data: extension },
  ];
  const symbol = (name: string, type: number, section: number, size: number, value = 0) =>
    ({ name, type, isGlobal: true, section, value, size }) as const;
  const symbols = [
    symbol(NAME, STT.func, SECTION.code, code.length),
    symbol('LICENSE', STT.object, SECTION.license, licenseBytes.length),
    ...maps.map((handle, at) =>
      symbol(MAP_NAMES[handle]!, STT.object, SECTION.maps, MAP_DEFINITION, at * MAP_DEFINITION),
    ),
  ];
  const symbolOf = (handle: number): number => symbols.length - maps.length + maps.indexOf(handle) + 1;
  return writeElf(sections, symbols, {
    of: SECTION.code,
    rows: places.map((index) => [index * SLOT, symbolOf(program[index]!.imm), R_BPF_64_64]),
  });
}

const MAP_NAMES: Readonly<Record<number, string>> = { [COUNTS]: 'counts', [SAMPLES]: 'samples' };
/** Four pointers: type, max_entries, key, value; or, of events, type, max_entries and two sizes. */
const MAP_DEFINITION = 32;
const PER_CPU_ARRAY = 6;
const PERF_EVENT_ARRAY = 4;
/** Bytes of a packet that fit the length in its metadata. */
const MOST_SAMPLED = 65_535;
/** Linkage of functions and variables that others see. */
const GLOBAL = 1;

function typesOf(
  row: HookRow,
  license: number,
  maps: readonly number[],
): { readonly btf: BtfWriter; readonly main: number } {
  const btf = new BtfWriter();
  const int = btf.integer('int', 4, true);
  const context = btf.add('ptr', '', btf.add('fwd', row.context, 0));
  const proto = btf.add('funcProto', '', int, [btf.texts.add('ctx'), context], 1);
  const main = btf.add('func', NAME, proto, [], GLOBAL);
  const char = btf.integer('char', 1, true);
  const text = btf.add('array', '', 0, [char, int, license]);
  btf.datasec('license', license, [[btf.add('var', 'LICENSE', text, [GLOBAL]), 0, license]]);
  if (maps.length === 0) return { btf, main };
  const variables = maps.map((handle, at): [number, number, number] => {
    const definition = handle === COUNTS ? counters(btf, int) : events(btf, int);
    return [btf.add('var', MAP_NAMES[handle]!, definition, [GLOBAL]), at * MAP_DEFINITION, MAP_DEFINITION];
  });
  btf.datasec('.maps', MAP_DEFINITION * maps.length, variables);
  return { btf, main };
}

function counters(btf: BtfWriter, int: number): number {
  const [word, wide] = [btf.integer('unsigned int', 4), btf.integer('unsigned long long', 8)];
  const value = btf.struct('counts', COUNTERS.valueSize, [
    ['packets', wide, 0],
    ['bytes', wide, 8],
  ]);
  return btf.struct('', MAP_DEFINITION, [
    ['type', btf.number(PER_CPU_ARRAY, int), 0],
    ['max_entries', btf.number(COUNTERS.entries, int), 8],
    ['key', btf.add('ptr', '', word), 16],
    ['value', btf.add('ptr', '', value), 24],
  ]);
}

/** As many as there are processors: 0 entries, of which loaders make that. */
const events = (btf: BtfWriter, int: number): number =>
  btf.struct('', MAP_DEFINITION, [
    ['type', btf.number(PERF_EVENT_ARRAY, int), 0],
    ['max_entries', btf.number(0, int), 8],
    ['key_size', btf.number(4, int), 16],
    ['value_size', btf.number(4, int), 24],
  ]);

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
