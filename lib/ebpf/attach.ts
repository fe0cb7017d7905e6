/**
 * A program on a hook: runs for each packet event, with the context its type describes.
 */

import { type FilterFunction, headerRelative, type PacketMetadata } from '../cbpf/index.js';
import { FOR_EACH } from './callbacks.js';
import type { HelperServices } from './helpers.js';
import { type Hook, networkOffsetOf, type Redirect } from './hook.js';
import type { Program } from './instruction.js';
import { type Executable, loadProgram } from './interpreter.js';
import { kernelFilterHelpers } from './kernelFilterHelpers.js';
import { type Environment, execute, type Observer } from './machine.js';
import { aim, Memory, type Region } from './memory.js';
import { MAX_FRAMES } from './opcodes.js';
import { PacketBuffer } from './packetBuffer.js';
import { callsHelper, callsOut, type Missing, mayWriteContext, mayWritePacket, missingOf } from './plan.js';
import type { ContextField, PacketEvent, ProgramType } from './programTypes.js';
import { KEY_ROOM } from './runtime/callbacks.js';
import { makeHelpers } from './runtime/index.js';

export interface AttachOptions extends HelperServices {
  /** Memory that maps were made in. */
  readonly memory?: Memory;
  /** Value of wide immediates with a pseudo source: handles of maps, addresses of their values. */
  readonly resolveWide?: ((pseudo: number, low: number, high: number) => bigint) | undefined;
  readonly budget?: number | undefined;
  /** Says that a verifier admits this very program for this type, and what it found out about accesses. */
  readonly verified?: {
    readonly program: Program;
    readonly instructions?: readonly ({ readonly inBounds?: string } | undefined)[];
  };
  /** Says that the program may run although no verifier has admitted it: every access is checked. */
  readonly unverified?: boolean;
  /** Run on the definition instead of the interpreter. */
  readonly definition?: boolean;
  /** With `definition`: called before each instruction, with the registers. */
  readonly observe?: Observer;
  /** Makes the program ready instead of the interpreter; r1 will point to the context. */
  readonly load?: (program: Program, environment: Environment, context: Region) => Executable;
}

/** What comes with a packet. */
export interface RunOptions {
  /** Bytes of the packet on the wire; default: as many as are given. */
  readonly wireLength?: number;
  readonly metadata?: PacketMetadata;
}

/** What a run leaves. */
export interface PacketOutcome {
  /** Lower half of r0, unsigned. */
  readonly verdict: number;
  /** The packet afterwards: a copy, or the bytes that were given where the program changes none. */
  readonly packet: Uint8Array;
  /** Bytes before the packet that are for whoever comes next (`xdp_adjust_meta`). */
  readonly meta: Uint8Array;
  /** The context afterwards, as the type lays it out: mark, priority and what else the program may set. */
  readonly context: Uint8Array;
  /** Where the program last asked for the packet to go; what becomes of that the verdict says. */
  readonly redirect: Redirect | undefined;
}

/** Gives the lower half of r0, unsigned, for one packet. The packet's own bytes stay as they are. Not reentrant. */
export interface AttachedProgram extends FilterFunction {
  /** The same with the packet as the program leaves it. */
  readonly run: (packet: Uint8Array, options?: RunOptions) => PacketOutcome;
}

/** The program may not run: nobody has verified it, and nobody has said that this does not matter. */
export class UnverifiedError extends Error {
  override readonly name = 'UnverifiedError';
}

/** The program asks for a helper or an instruction that Linux has, but no engine here. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  /** The helper's number, where it is one. */
  readonly helper: number | undefined;
  /** The instruction's slot. */
  readonly index: number;

  constructor({ index, helper, what }: Missing) {
    super(`instruction ${index}: no engine here has ${what}`);
    this.helper = helper;
    this.index = index;
  }
}

/** Room for the largest packet a capture file may hold. */
const PACKET_ROOM = 1 << 20;
const NOTHING = new Uint8Array(0);
const NO_METADATA: PacketMetadata = {};

/**
 * Attaches a program to a hook.
 *
 * @returns A function of one packet. Programs that may change packets get copies of them.
 * @throws UnverifiedError unless the options say that the program is verified, or need not be.
 * @throws UnavailableError where a verified program asks for what no engine has.
 * @throws RuntimeFault, from that function, when the program does what no verified program does.
 */
export function attach(program: Program, type: ProgramType, options: AttachOptions): AttachedProgram {
  if (options.verified?.program !== program && options.unverified !== true)
    throw new UnverifiedError(
      `this ${type.name} program was not verified; pass verify()'s proofs, or unverified: true`,
    );
  // What nobody has verified may have calls that it never comes to: those fault.
  const missing = options.unverified === true ? undefined : missingOf(program, type);
  if (missing !== undefined) throw new UnavailableError(missing);
  const memory = options.memory ?? new Memory();
  const buffer = mayWritePacket(program, type, options.verified) ? new PacketBuffer(memory) : undefined;
  const packet = buffer?.region ?? memory.add('packet', NOTHING, { room: PACKET_ROOM });
  const context = new Context(memory, type, mayWriteContext(program, type, options.verified));
  const { event } = context;
  event.packetAddress = event.metaAddress = packet.base;
  const hook: Hook = {
    type,
    buffer,
    packet: buffer ?? packet,
    get metadata() {
      return event.metadata;
    },
    get wireLength() {
      return event.wireLength;
    },
    networkOffset: 0,
    linkLength: 0,
    redirect: undefined,
    checksumLevel: undefined,
    tunnel: undefined,
    keys: callsHelper(program, FOR_EACH, options.maps)
      ? memory.add('keys', new Uint8Array(KEY_ROOM * MAX_FRAMES), { writable: true })
      : undefined,
    change: (changes) => context.change(changed(event.metadata, changes)),
  };
  if (buffer !== undefined) buffer.onMove = () => context.move(buffer);
  const isKernelFilter = type.name === 'kernel_filter';
  const environment: Environment = {
    memory,
    packet,
    headerOffset: (offset) => headerRelative(offset, event.metadata),
    helpers: isKernelFilter ? kernelFilterHelpers(event, packet) : makeHelpers(options, hook),
    // Converted filters name a source register in instructions that have none.
    lenient: isKernelFilter,
    resolveWide: options.resolveWide,
    budget: options.budget,
    maps: isKernelFilter ? undefined : options.maps,
  };
  const resets = !isKernelFilter && callsOut(program);

  const begin = (
    bytes: Uint8Array,
    start: number,
    capturedLength: number,
    wireLength: number,
    metadata: PacketMetadata | undefined,
  ): void => {
    const known = metadata ?? NO_METADATA;
    if (buffer === undefined) aim(packet, bytes, start, capturedLength);
    else {
      buffer.fill(bytes, start, capturedLength);
      event.packetAddress = event.metaAddress = buffer.address;
    }
    context.begin(capturedLength, wireLength, known);
    if (resets) reset(hook);
  };
  const start = starter(program, environment, context.region, options);
  const filter: FilterFunction = (bytes, from, capturedLength, wireLength, metadata) => {
    begin(bytes, from, capturedLength, wireLength, metadata);
    return start();
  };
  const run: AttachedProgram['run'] = (bytes, { wireLength = bytes.length, metadata } = {}) => {
    begin(bytes, 0, bytes.length, wireLength, metadata);
    const verdict = start();
    if (context.region.length === 0) context.region.refresh!();
    return {
      verdict,
      packet: buffer?.content.slice() ?? bytes,
      meta: buffer?.meta.slice() ?? NOTHING,
      context: context.bytes.slice(),
      redirect: hook.redirect,
    };
  };
  return Object.assign(filter, { run });
}

/** Forgets what a run has left beside packet and context. */
function reset(hook: Hook): void {
  hook.networkOffset = networkOffsetOf(hook.type, hook.metadata);
  hook.linkLength = 0;
  hook.redirect = undefined;
  hook.checksumLevel = undefined;
  hook.tunnel = undefined;
}

/** What is changed to `undefined` is not there any more. */
const changed = (metadata: PacketMetadata, changes: Parameters<Hook['change']>[0]): PacketMetadata =>
  Object.fromEntries(Object.entries({ ...metadata, ...changes }).filter(([, value]) => value !== undefined));

/** Runs the program on whatever engine, and gives the lower half of r0. */
function starter(
  program: Program,
  environment: Environment,
  context: Region,
  { definition, observe, load }: AttachOptions,
): () => number {
  if (definition === true)
    return () => Number(execute(program, environment, [BigInt(context.base)], observe).result & 0xffff_ffffn);
  const executable =
    load === undefined ? loadProgram(program, environment) : load(program, environment, context);
  const { low } = executable;
  return () => {
    executable.run(context.base, 0);
    return low[0]! >>> 0;
  };
}

/** What r1 points to, filled when a program looks at it, and then only as far as it has changed. */
class Context {
  readonly region: Region;
  readonly event: { -readonly [Key in keyof PacketEvent]: PacketEvent[Key] };
  /** Whether the program may change it: then it is filled for each packet. */
  readonly isWritten: boolean;
  private readonly type: ProgramType;
  private readonly lengths: readonly ContextField[];
  /** The metadata that its fields hold. */
  private filledFor: PacketMetadata | undefined = undefined;

  constructor(memory: Memory, type: ProgramType, isWritten: boolean) {
    const region = memory.add('context', new Uint8Array(type.contextSize), { writable: true });
    this.region = region;
    this.type = type;
    this.isWritten = isWritten;
    this.lengths = type.fields.filter((field) => field.ofLength === true);
    this.event = {
      packetAddress: 0,
      metaAddress: 0,
      contextAddress: region.base,
      capturedLength: -1,
      wireLength: -1,
      // No packet's: the first one fills the context.
      metadata: {},
    };
    region.refresh = () => this.refresh();
  }

  get bytes(): Uint8Array {
    const { bytes, start } = this.region;
    return bytes.subarray(start, start + this.type.contextSize);
  }

  /** For the next packet: what is stored here is written where a program looks at it. */
  begin(capturedLength: number, wireLength: number, metadata: PacketMetadata): void {
    const { event, region } = this;
    event.metadata = metadata;
    event.capturedLength = capturedLength;
    event.wireLength = wireLength;
    region.length = 0;
  }

  /** A helper has moved the packet. */
  move(packet: PacketBuffer): void {
    const { event } = this;
    event.packetAddress = packet.address;
    event.metaAddress = packet.region.base;
    event.wireLength += packet.length - event.capturedLength;
    event.capturedLength = packet.length;
    this.putAgain((field) => field.is !== undefined || field.ofLength === true);
  }

  /** A helper has changed what is known beside the packet. */
  change(metadata: PacketMetadata): void {
    const { event } = this;
    const before = { ...event };
    event.metadata = metadata;
    // What the program has set itself stays.
    this.putAgain((field) => field.value(event) !== field.value(before));
  }

  private putAgain(which: (field: ContextField) => boolean): void {
    if (this.region.length > 0) for (const field of this.type.fields) if (which(field)) this.put(field);
  }

  /** Packets of a file mostly have one and the same metadata: then only the lengths are others. */
  private refresh(): void {
    const { region, type, event, isWritten } = this;
    region.length = type.contextSize;
    if (isWritten) region.bytes.fill(0, region.start, region.start + type.contextSize);
    const isKnown = !isWritten && event.metadata === this.filledFor;
    for (const field of isKnown ? this.lengths : type.fields) this.put(field);
    this.filledFor = event.metadata;
  }

  private put({ offset, size, value }: ContextField): void {
    const { view, start } = this.region;
    const number = value(this.event);
    const at = start + offset;
    if (size === 4) view.setUint32(at, number, true);
    else if (size === 2) view.setUint16(at, number, true);
    else if (size === 1) view.setUint8(at, number);
    else {
      // No field is wider than 32 bits: addresses end at 4 GiB.
      view.setUint32(at, number, true);
      view.setUint32(at + 4, 0, true);
    }
  }
}
