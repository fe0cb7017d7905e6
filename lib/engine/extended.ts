/**
 * Programs of the extended machine for those who run or hand them on: verified first. What verify() refuses is
 * refused here, unless the caller says that it may go unverified; then every access is checked as it runs.
 */

import type { Program as Classic } from '../cbpf/index.js';
import {
  type AttachedProgram,
  type AttachOptions,
  attach,
  type BpfMap,
  type HelperServices,
  type Memory,
  opcodes,
  type Program,
  programTypeOf,
  valueAt,
} from '../ebpf/index.js';
import { compileEbpf, extendedBody, type FilterBody, type WebAssemblyOptions } from '../jit/index.js';
import { type LiftForm, type LiftOptions, lift as liftUnverified } from '../lift/index.js';
import {
  type MapInfo,
  type Proofs,
  type Rejection,
  type VerifiedType,
  type VerifyOptions,
  verify,
} from '../verify/index.js';

/** The verifier does not admit the program; `rejection` says where and why. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  readonly rejection: Rejection;

  constructor(rejection: Rejection) {
    super(`instruction ${rejection.index}: ${rejection.message}`);
    this.rejection = rejection;
  }
}

/** What is proved of a program that may run. @throws VerificationError for others. */
export function admit(program: Program, options: Omit<VerifyOptions, 'proofs'>): Proofs {
  const { proofs, rejection } = verify(program, { ...options, rules: 'sound', proofs: true });
  if (proofs === undefined) throw new VerificationError(rejection!);
  return proofs;
}

/** What programs of a form are verified for. What the kernel itself makes of a filter, nobody verifies. */
const TYPE_OF_FORM: Readonly<Record<Exclude<LiftForm, 'kernel'>, ExtendedOptions['type']>> = {
  portable: 'socket_filter',
  xdp: 'xdp',
  tc: 'sched_cls',
  cgroup: 'cgroup_skb',
};

/** How a classic program is lifted. */
export interface VerifiedLiftOptions extends LiftOptions {
  /** Do without the verifier. */
  readonly unverified?: boolean;
}

/**
 * Lifts a classic program. The result returns in r0 what the classic program returns, bytes to keep or 0
 * to reject, or what the options want for these; see {@link LiftOptions}.
 *
 * @throws ProgramError when the program is not valid.
 * @throws LiftError when it has no such form.
 * @throws VerificationError when the verifier refuses what came out. The form `kernel` is not verified.
 */
export function lift(program: Classic, options: VerifiedLiftOptions = {}): Program {
  const { form = 'portable', unverified = false } = options;
  const lifted = liftUnverified(program, options);
  if (form !== 'kernel' && !unverified) admit(lifted, { type: TYPE_OF_FORM[form] });
  return lifted;
}

/** {@link lift} with what is proved of the result. */
export const liftProved = (
  program: Classic,
  form: Exclude<LiftForm, 'kernel'>,
  options: Omit<LiftOptions, 'form'> = {},
): Proofs => admit(liftUnverified(program, { ...options, form }), { type: TYPE_OF_FORM[form] });

/** A classic program as the extended machine has it in the middle of a loop over packets. */
export const liftedBody = (program: Classic): FilterBody | undefined =>
  extendedBody(liftProved(program, 'tc'), programTypeOf(TYPE_OF_FORM.tc));

/**
 * Makes programs ready for {@link attach} by compiling them, with what is proved of them.
 *
 * @param counted - Told of what reads how often slots have run.
 * @param proofsOf - What is proved of programs that are called in the tail.
 */
export const compiled =
  (
    proofs?: Proofs,
    counted?: WebAssemblyOptions['counted'],
    proofsOf?: WebAssemblyOptions['proofsOf'],
  ): NonNullable<AttachOptions['load']> =>
  (program, environment, context) =>
    compileEbpf(program, environment, {
      pointers: new Map([[1, context]]),
      counted,
      proofs,
      proofsOf,
    });

/** How an eBPF program is run. */
export interface ExtendedOptions extends HelperServices {
  /** What the program is verified for; its context is that of this type. */
  readonly type: Exclude<VerifiedType, 'sched_act'>;
  /** Default `wasm`: compiled, without the checks that proofs make needless. */
  readonly engine?: 'interpreter' | 'wasm';
  /** Default true: the rules for users with CAP_BPF. */
  readonly privileged?: boolean | undefined;
  /** Where maps were made, if there are any. Programs name them by the handles of `maps`. */
  readonly memory?: Memory;
  readonly budget?: number | undefined;
  /** Run it although nobody has verified it, with every check. */
  readonly unverified?: boolean;
  /** With `wasm`: counts what runs; told of what reads how often slots have run. */
  readonly counted?: ((program: Program, read: () => Float64Array) => void) | undefined;
}

/**
 * Makes a program ready to run on packets.
 *
 * @returns A function of one packet that gives the lower half of r0, unsigned; its `run` gives the packet as well, as the
 *   program leaves it. Not reentrant.
 * @throws VerificationError when the verifier refuses the program, or one that it may call in the tail.
 * @throws UnavailableError where the program calls a helper that Linux has and no engine here.
 */
export function loadEbpf(program: Program, options: ExtendedOptions): AttachedProgram {
  const {
    type,
    engine = 'wasm',
    privileged = true,
    unverified = false,
    maps = new Map(),
    counted,
    ...services
  } = options;
  const admitted = (one: Program): Proofs => admit(one, { type, privileged, maps: mapsNamed(one, maps) });
  const proofs = unverified ? undefined : admitted(program);
  if (!unverified) {
    const targets = [...maps.values()].flatMap((map) => (map.kind === 'programArray' ? map.programs : []));
    for (const target of new Set(targets)) if (target !== undefined) admitted(target);
  }
  return attach(program, programTypeOf(type), {
    ...services,
    maps,
    ...(proofs === undefined ? { unverified: true } : { verified: proofs }),
    resolveWide: (pseudo, low, high) => {
      const map = maps.get(low);
      if (!NAMES_VALUE.has(pseudo)) return BigInt(low >>> 0);
      return map !== undefined && 'values' in map ? BigInt(map.values.base + high) : 0n;
    },
    ...(engine === 'wasm' ? { load: compiled(proofs, counted) } : {}),
  });
}

const { PSEUDO } = opcodes;
const NAMES_VALUE = new Set<number>([PSEUDO.mapValue, PSEUDO.mapIndexValue]);
const NAMES_MAP = new Set<number>([PSEUDO.mapFd, PSEUDO.mapIndex, ...NAMES_VALUE]);
const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;

/** The maps that a program's wide immediates name, by slot. */
function mapsNamed(program: Program, maps: ReadonlyMap<number, BpfMap>): ReadonlyMap<number, MapInfo> {
  const described = new Map<BpfMap, MapInfo>();
  return new Map(
    program.flatMap(({ opcode, src, imm }, index): [number, MapInfo][] => {
      const map = opcode === WIDE && NAMES_MAP.has(src) ? maps.get(imm) : undefined;
      if (map === undefined) return [];
      return [[index, described.get(map) ?? describe(map, maps, described)]];
    }),
  );
}

/** A map as the verifier is told of it. */
function describe(map: BpfMap, maps: ReadonlyMap<number, BpfMap>, described: Map<BpfMap, MapInfo>): MapInfo {
  const { kind, keySize, valueSize, maxEntries, isReadOnly = false, spinLock } = map;
  const [handle] = map.kind === 'mapInMap' ? map.handles.values() : [];
  const inner = map.inner ?? (handle === undefined ? undefined : maps.get(handle));
  const info: MapInfo = {
    kind,
    keySize,
    valueSize,
    entries: maxEntries,
    writable: !isReadOnly,
    readable: true,
    ...(isReadOnly && kind === 'array' && maxEntries === 1
      ? { contents: valueAt(map, new Uint8Array(keySize))!.slice() }
      : {}),
    spinLock,
    ...(inner === undefined ? {} : { inner: describe(inner, maps, described) }),
  };
  described.set(map, info);
  return info;
}
