/** Objects of clang, ready to run: programs verified for the hooks of their sections, maps made. */

import {
  type AttachedProgram,
  attach,
  type Environment,
  type HelperServices,
  isGpl,
  Memory,
  opcodes,
  type PacketOutcome,
  type Program,
  type ProgramType,
  programTypeOf,
  type Region,
  type RunOptions,
} from '../ebpf/index.js';
import {
  type BpfObject,
  type Btf,
  type HookName,
  ObjectError,
  type ObjectProgram,
  readBtf,
  readObject,
  type SourceLine,
} from '../elf/index.js';
import { canCompileWebAssembly } from '../jit/index.js';
import { closest } from '../source.js';
import { type MapInfo, type Proofs, type Verdict, type VerifyOptions, verify } from '../verify/index.js';
import { compiled, VerificationError } from './extended.js';
import { compiledLater } from './gradual.js';
import { contentOf, type LoadedMap, lacksSize, makeMaps, mapInfo } from './objectMaps.js';
import { kernelStructs } from './objectStructs.js';
import { functionInfos } from './objectTypes.js';

/** How the programs of an object are loaded and run. */
export interface LoadObjectOptions extends Omit<HelperServices, 'maps'> {
  /**
   * The kernel's types, for CO-RE: the bytes of `/sys/kernel/btf/vmlinux`, or `compiled` for those that the compiler
   * saw. Without them programs that need them are refused, by the type's name.
   */
  readonly btf?: Uint8Array | 'compiled';
  /** Values of `__kconfig` variables, by name. */
  readonly kconfig?: Readonly<Record<string, number | bigint>> | undefined;
  /** Numbers of entries of maps, or bytes of rings, by name: of those whose loaders set these. */
  readonly entries?: Readonly<Record<string, number>> | undefined;
  /** The hook of sections whose names say none. */
  readonly type?: HookName | undefined;
  /**
   * `wasm`: compiled, without the checks that proofs make needless. Default `auto`: interpreted at first, and compiled for who
   * has more packets.
   */
  readonly engine?: 'auto' | 'interpreter' | 'wasm';
  /** Default true: the rules for users with CAP_BPF. */
  readonly privileged?: boolean | undefined;
  /** Run programs although nobody has verified them, with every check. */
  readonly unverified?: boolean;
  readonly budget?: number | undefined;
  /** Called before each instruction of each run, which is then slow: on the definition of the machine. */
  readonly observe?: (program: Program, index: number) => void;
  /**
   * Counts what runs, in compiled code: told of each program when it is compiled, and of what reads how often its slots have
   * run. Not with `observe`, nor on the interpreter.
   */
  readonly counted?: ((program: Program, read: () => Float64Array) => void) | undefined;
}

/** An object: its programs and maps. Maps keep what programs leave in them from packet to packet. */
export interface LoadedObject {
  readonly license: string;
  readonly programs: readonly LoadedProgram[];
  readonly maps: readonly LoadedMap[];
  /** A program by the name of its function or of its section. @throws ObjectError naming those there are. */
  readonly program: (name: string) => LoadedProgram;
  /** A map by its name. @throws ObjectError naming those there are. */
  readonly map: (name: string) => LoadedMap;
}

/**
 * Reads an object of clang and makes its maps. Its programs are verified when they first run.
 *
 * @throws ObjectError where the bytes are no such object.
 */
export function loadObject(bytes: Uint8Array, options: LoadObjectOptions = {}): LoadedObject {
  const { btf, kconfig, entries = {} } = options;
  const types = btf === undefined || btf === 'compiled' ? btf : readBtf(btf);
  const read = readObject(bytes, { ...(types === undefined ? {} : { btf: types }), kconfig });
  for (const name of Object.keys(entries))
    if (!read.maps.some((map) => map.name === name)) absent('map', name, read.maps);
  const object = {
    ...read,
    maps: read.maps.map((map) => ({ ...map, maxEntries: entries[map.name] ?? map.maxEntries })),
  };
  const memory = new Memory();
  const code = new Map(object.programs.map(({ name, instructions }) => [name, instructions]));
  const made = makeMaps(object.maps, object.types, memory, code);
  const structs = kernelStructs(types === 'compiled' ? object.types : types);
  const shared: Shared = { object, options, memory, made, structs, byCode: new Map() };
  const programs = object.programs.map((program) => new LoadedProgram(program, shared));
  for (const program of programs) shared.byCode.set(program.instructions, program);
  return {
    license: object.license,
    programs,
    maps: made.loaded,
    program: (name) =>
      programs.find((one) => one.name === name) ??
      programs.find((one) => one.section === name) ??
      absent('program', name, programs),
    map: (name) => made.loaded.find((one) => one.name === name) ?? absent('map', name, made.loaded),
  };
}

function absent(what: string, name: string, there: readonly { readonly name: string }[]): never {
  const names = there.map((one) => one.name);
  const near = closest(name, names);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  throw new ObjectError(`no ${what} '${name}': there are ${names.join(', ') || 'none'}${hint}`);
}

interface Shared {
  readonly object: BpfObject;
  readonly options: LoadObjectOptions;
  readonly memory: Memory;
  readonly made: ReturnType<typeof makeMaps>;
  readonly structs: ReturnType<typeof kernelStructs>;
  readonly byCode: Map<Program, LoadedProgram>;
}

/** That a program was admitted, with what was noted on the way. */
type Admission = NonNullable<Verdict['proofs']> | { readonly program: Program };

/** A program, and where it runs. */
interface InPlace {
  readonly proofs: Proofs;
  readonly environment: Environment;
  readonly context: Region;
  readonly type: ProgramType;
  readonly counted: LoadObjectOptions['counted'];
}

const asProofs = (admission: Admission | undefined): Proofs | undefined =>
  admission !== undefined && 'steps' in admission ? admission : undefined;

/** Instructions of programs that are verified in some milliseconds. */
const SHORT = 2000;
const { PSEUDO } = opcodes;
const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;

/** A program of a loaded object. */
export class LoadedProgram {
  /** Name of its function in C. */
  readonly name: string;
  readonly section: string;
  readonly instructions: Program;
  /** Functions in it, the entry first, by their first slots. */
  readonly functions: readonly { readonly name: string; readonly start: number }[];
  /** Types of the object, where it has them. */
  readonly types: Btf | undefined;
  private readonly source: ObjectProgram;
  private readonly shared: Shared;
  private attached: AttachedProgram | undefined;

  /** @internal */
  constructor(source: ObjectProgram, shared: Shared) {
    this.name = source.name;
    this.section = source.section;
    this.instructions = source.instructions;
    this.functions = source.functions;
    this.types = shared.object.types;
    this.source = source;
    this.shared = shared;
  }

  /** What it is verified for. @throws ObjectError where its section does not say, nor the options. */
  get type(): HookName {
    const type = this.shared.options.type ?? this.source.hook?.type;
    if (type !== undefined) return type;
    throw new ObjectError(
      `program ${this.name}: section ${this.section} is of no hook that packets come to; say which`,
    );
  }

  /** Whether it is loaded here, or by name why not: another byte order, what is missing, maps of other types. */
  get missing(): readonly string[] {
    const { object, made } = this.shared;
    const maps = made.loaded.flatMap(({ map, definition }) =>
      map === undefined && this.handles.has(definition.handle)
        ? [
            lacksSize(definition)
              ? `entries of map ${definition.name}, which its loader sets`
              : `map ${definition.name}, of type ${definition.type}`,
          ]
        : [],
    );
    const order = object.littleEndian ? [] : ['a big-endian machine'];
    return [...order, ...this.source.missing, ...maps];
  }

  /** What of that its instructions lack, so that they are not what a kernel would be given: types, values. */
  get unresolved(): readonly string[] {
    return this.source.missing.filter((one) => !one.startsWith('kernel function '));
  }

  /** Maps that it names. */
  get maps(): readonly LoadedMap[] {
    return this.shared.made.loaded.filter(({ definition }) => this.handles.has(definition.handle));
  }

  /** The line of C that a slot comes from. */
  lineOf(slot: number): SourceLine | undefined {
    return this.source.lineOf(slot);
  }

  /** What the verifier has to know besides the program. */
  verifyOptions(more: Partial<VerifyOptions> = {}): VerifyOptions {
    const { privileged } = this.shared.options;
    const functions = functionInfos(this.types, this.source.functions, more.type ?? this.type);
    return {
      type: this.type,
      maps: this.mapInfos,
      functions,
      gpl: isGpl(this.shared.object.license),
      bigEndian: !this.shared.object.littleEndian,
      structs: this.shared.structs,
      attach: this.source.hook?.egress === true ? 'egress' : 'ingress',
      privileged,
      ...more,
    };
  }

  /** Whether Linux would run it, or what `more` says; where it is refused, `lineOf` says the line. */
  verify(more: Partial<VerifyOptions> = {}): Verdict {
    return verify(this.instructions, this.verifyOptions(more));
  }

  /**
   * Runs it for one packet, which stays as it is.
   *
   * @throws VerificationError where the verifier refuses it. @throws ObjectError where something is missing.
   */
  run(packet: Uint8Array, options?: RunOptions): PacketOutcome {
    return this.attach().run(packet, options);
  }

  /** The program on its hook, verified and compiled once. @throws as {@link run} does. */
  attach(): AttachedProgram {
    this.attached ??= this.makeReady();
    return this.attached;
  }

  /**
   * Compiles it for loops over many packets: what runs it one by one is the same program then. `undefined` where it is
   * not compiled, or not proved.
   *
   * @internal
   */
  forRows(): InPlace | undefined {
    const { counted, observe, engine, unverified } = this.shared.options;
    if (observe ?? (unverified === true || engine === 'interpreter' || undefined)) return undefined;
    if (!canCompileWebAssembly()) return undefined;
    const proofs = asProofs(this.admitted(true));
    if (proofs === undefined) return undefined;
    let rows: InPlace | undefined;
    this.attached = this.hooked(proofs, true, (environment, context, type) => {
      rows = { proofs, environment, context, type, counted };
    });
    return rows;
  }

  private makeReady(): AttachedProgram {
    const { counted, observe, engine: asked = 'auto' } = this.shared.options;
    // What counts is compiled from the first packet on.
    const engine = asked === 'auto' && counted !== undefined ? 'wasm' : asked;
    const [missing] = this.missing;
    if (missing !== undefined) throw new ObjectError(`program ${this.name} needs ${missing}`);
    const isGradual = engine === 'auto' && observe === undefined && canCompileWebAssembly();
    // What is proved takes time to note, and a long program too much to be verified twice.
    const isProvedLater = isGradual && this.instructions.length <= SHORT;
    const proofs = this.admitted(!isProvedLater);
    this.admitTargets();
    if (!isGradual) return this.hooked(proofs, observe === undefined && engine === 'wasm');
    const compiledOne = (): AttachedProgram =>
      this.hooked(isProvedLater ? this.admitted(true) : proofs, true);
    return compiledLater(this.hooked(proofs, false), compiledOne);
  }

  /** The program on its hook: compiled or not, observed where somebody asks for that. */
  private hooked(
    proofs: Admission | undefined,
    compiles: boolean,
    placed?: (environment: Environment, context: Region, type: ProgramType) => void,
  ): AttachedProgram {
    const { options, memory, made } = this.shared;
    const { observe, counted, budget, ...services } = options;
    const type = programTypeOf(this.type === 'sched_act' ? 'sched_cls' : this.type);
    const compile = compiled(asProofs(proofs), counted, (target) =>
      asProofs(this.shared.byCode.get(target)?.admitted(true)),
    );
    return attach(this.instructions, type, {
      ...services,
      memory,
      maps: made.byHandle,
      budget,
      ...(proofs === undefined ? { unverified: true } : { verified: proofs }),
      resolveWide: (pseudo, low, high) => {
        if (pseudo !== PSEUDO.mapValue) return BigInt(low >>> 0);
        const map = made.byHandle.get(low);
        return map !== undefined && 'values' in map ? BigInt(map.values.base + high) : 0n;
      },
      ...(compiles
        ? {
            load: (program, environment, context) => {
              placed?.(environment, context, type);
              return compile(program, environment, context);
            },
          }
        : {}),
      ...(observe === undefined
        ? {}
        : {
            definition: true,
            observe: (index, _instruction, _registers, program) => observe(program, index),
          }),
    });
  }

  /**
   * What the verifier has found out, or, where that is not noted, that it admits the program; `undefined` where it may go
   * unverified.
   *
   * @throws VerificationError
   */
  private admitted(noted: boolean): Admission | undefined {
    if (this.shared.options.unverified === true) return undefined;
    const { accepted, proofs, rejection } = this.verify({ rules: 'sound', proofs: noted });
    if (!accepted) throw new VerificationError(rejection!);
    for (const map of this.maps) map.freeze();
    return proofs ?? { program: this.instructions };
  }

  /** Programs that it may call in the tail. */
  private admitTargets(): void {
    for (const { map } of this.maps)
      for (const target of map?.kind === 'programArray' ? map.programs : [])
        if (target !== undefined) this.shared.byCode.get(target)?.admitted(false);
  }

  private get handles(): ReadonlySet<number> {
    return new Set(this.mapImmediates.map(({ handle }) => handle));
  }

  private get mapImmediates(): readonly { readonly index: number; readonly handle: number }[] {
    return this.instructions.flatMap(({ opcode, src, imm }, index) =>
      opcode === WIDE && (src === PSEUDO.mapFd || src === PSEUDO.mapValue) ? [{ index, handle: imm }] : [],
    );
  }

  private get mapInfos(): ReadonlyMap<number, MapInfo> {
    const { maps, types } = this.shared.object;
    // One map is one thing, however often it is named.
    const byHandle = new Map(
      maps.map((map) => {
        const made = this.shared.made.byHandle.get(map.handle);
        // What hosts have set since.
        const content = map.readOnly && made !== undefined ? contentOf(made) : undefined;
        return [map.handle, mapInfo(content === undefined ? map : { ...map, content }, types)];
      }),
    );
    return new Map(
      this.mapImmediates.flatMap(({ index, handle }): [number, MapInfo][] => {
        const map = byHandle.get(handle);
        return map === undefined ? [] : [[index, map]];
      }),
    );
  }
}
