/**
 * A program on a hook: runs for each packet event, with the context its type describes.
 */

import { EXTENSIONS, headerRelative, type PacketMetadata } from '../cbpf/extensions.js';
import type { FilterFunction } from '../cbpf/interpreter.js';
import { answer, answerUnsigned, type HelperFunction, type HelperServices, makeHelpers } from './helpers.js';
import type { Program } from './instruction.js';
import { type Executable, loadProgram } from './interpreter.js';
import { type Environment, execute, type Observer } from './machine.js';
import { aim, Memory, type Region } from './memory.js';
import * as opcodes from './opcodes.js';
import { type ContextField, INTERNAL_HELPER, type PacketEvent, type ProgramType } from './programTypes.js';

export interface AttachOptions extends HelperServices {
  /** Memory that maps were made in. */
  readonly memory?: Memory;
  /** Value of wide immediates with a pseudo source: handles of maps, addresses of their values. */
  readonly resolveWide?: (pseudo: number, low: number, high: number) => bigint;
  readonly budget?: number;
  /** Says that a verifier admits this very program for this type. */
  readonly verified?: { readonly program: Program };
  /** Says that the program may run although no verifier has admitted it: every access is checked. */
  readonly unverified?: boolean;
  /** Run on the definition instead of the interpreter. */
  readonly definition?: boolean;
  /** With `definition`: called before each instruction, with the registers. */
  readonly observe?: Observer;
  /** Makes the program ready instead of the interpreter; r1 will point to the context. */
  readonly load?: (program: Program, environment: Environment, context: Region) => Executable;
}

/** The program may not run: nobody has verified it, and nobody has said that this does not matter. */
export class UnverifiedError extends Error {
  override readonly name = 'UnverifiedError';
}

/** Room for the largest packet a capture file may hold. */
const PACKET_ROOM = 1 << 20;
const NOTHING = new Uint8Array(0);
const EFAULT = 14;

/**
 * Attaches a program to a hook.
 *
 * @returns A function of one packet that gives the lower half of r0, unsigned. Not reentrant.
 * @throws UnverifiedError unless the options say that the program is verified, or need not be.
 * @throws RuntimeFault, from that function, when the program does what no verified program does.
 */
export function attach(program: Program, type: ProgramType, options: AttachOptions): FilterFunction {
  if (options.verified?.program !== program && options.unverified !== true)
    throw new UnverifiedError(
      `this ${type.name} program was not verified; pass verify()'s proofs, or unverified: true`,
    );
  const memory = options.memory ?? new Memory();
  const packet = memory.add('packet', NOTHING, { room: PACKET_ROOM });
  const context = memory.add('context', new Uint8Array(type.contextSize), { writable: true });
  const current: { -readonly [Key in keyof PacketEvent]: PacketEvent[Key] } = {
    packetAddress: packet.base,
    contextAddress: context.base,
    capturedLength: -1,
    wireLength: -1,
    // No packet's: the first one fills the context.
    metadata: {},
  };
  const put = ({ offset, size, value }: ContextField): void => {
    const number = value(current);
    if (size === 4) context.view.setUint32(context.start + offset, number, true);
    else if (size === 2) context.view.setUint16(context.start + offset, number, true);
    else if (size === 1) context.view.setUint8(context.start + offset, number);
    else {
      // No field is wider than 32 bits: addresses end at 4 GiB.
      context.view.setUint32(context.start + offset, number, true);
      context.view.setUint32(context.start + offset + 4, 0, true);
    }
  };
  const lengths = type.fields.filter((field) => field.ofLength === true);
  const isWritten = mayWriteContext(program, type);
  let stale: 'no' | 'lengths' | 'all' = 'all';
  // Filled when a program looks at it, and then only what has changed: programs mostly read, and the
  // packets of a file have one and the same metadata.
  context.refresh = () => {
    context.length = type.contextSize;
    if (isWritten) context.bytes.fill(0, context.start, context.start + type.contextSize);
    if (stale !== 'no') for (const field of isWritten || stale === 'all' ? type.fields : lengths) put(field);
    stale = 'no';
  };
  const headerOffset = (offset: number): number => headerRelative(offset, current.metadata);
  const environment: Environment = {
    memory,
    packet,
    headerOffset,
    helpers:
      type.name === 'kernel_filter' ? internalHelpers(current, packet) : makeHelpers(type.helpers, options),
    // Converted filters name a source register in instructions that have none.
    lenient: type.name === 'kernel_filter',
    ...(options.resolveWide === undefined ? {} : { resolveWide: options.resolveWide }),
    ...(options.budget === undefined ? {} : { budget: options.budget }),
  };

  const begin = (
    bytes: Uint8Array,
    start: number,
    capturedLength: number,
    wireLength: number,
    metadata: PacketMetadata | undefined,
  ): void => {
    aim(packet, bytes, start, capturedLength);
    const known = metadata ?? NO_METADATA;
    const isChanged = known !== current.metadata;
    const isResized = capturedLength !== current.capturedLength || wireLength !== current.wireLength;
    if (isChanged || isWritten) stale = 'all';
    else if (isResized && stale === 'no') stale = 'lengths';
    if (stale !== 'no') context.length = 0;
    current.metadata = known;
    current.capturedLength = capturedLength;
    current.wireLength = wireLength;
  };
  if (options.definition === true) {
    return (bytes, start, capturedLength, wireLength, metadata) => {
      begin(bytes, start, capturedLength, wireLength, metadata);
      return Number(
        execute(program, environment, [BigInt(context.base)], options.observe).result & 0xffff_ffffn,
      );
    };
  }
  const executable =
    options.load === undefined
      ? loadProgram(program, environment)
      : options.load(program, environment, context);
  const { low } = executable;
  return (bytes, start, capturedLength, wireLength, metadata) => {
    begin(bytes, start, capturedLength, wireLength, metadata);
    executable.run(context.base, 0);
    return low[0]! >>> 0;
  };
}

const NO_METADATA: PacketMetadata = {};

/**
 * Whether a program may change its context: it stores elsewhere than on the stack, or calls a helper.
 * Those of converted filters only read.
 */
const mayWriteContext = (program: Program, type: ProgramType): boolean =>
  program.some(({ opcode, dst }) => {
    const kind = opcodes.classOf(opcode);
    if (kind === opcodes.JMP && opcodes.operationOf(opcode) === opcodes.CALL)
      return type.name !== 'kernel_filter';
    return (kind === opcodes.ST || kind === opcodes.STX) && dst !== opcodes.FRAME_POINTER;
  });

/**
 * What converted filters call (Linux net/core/filter.c): loads that may lie outside the linear part,
 * with context, data, length and offset in r1–r4; and extensions, with A and X in r2 and r3.
 */
function internalHelpers(
  event: PacketEvent,
  packet: { readonly bytes: Uint8Array; readonly start: number; readonly length: number },
): ReadonlyMap<number, HelperFunction> {
  const loadOf =
    (size: 1 | 2 | 4): HelperFunction =>
    (machine) => {
      const offset = machine.low[4]!;
      const at = offset >= 0 ? offset : headerRelative(offset, event.metadata);
      if (at < 0 || at + size > packet.length) return answer(machine, -EFAULT);
      let value = 0;
      for (let i = 0; i < size; i++) value = (value << 8) | packet.bytes[packet.start + at + i]!;
      return answerUnsigned(machine, value);
    };
  const extension = (name: string): HelperFunction => {
    const { read } = EXTENSIONS.find((row) => row.name === name)!;
    return (machine) => {
      const { bytes, start } = packet;
      const { capturedLength, metadata } = event;
      const [a, x] = [machine.low[2]! >>> 0, machine.low[3]! >>> 0];
      return answerUnsigned(machine, read({ a, x, bytes, start, capturedLength, metadata }) ?? 0);
    };
  };
  return new Map([
    [INTERNAL_HELPER.load1, loadOf(1)],
    [INTERNAL_HELPER.load2, loadOf(2)],
    [INTERNAL_HELPER.load4, loadOf(4)],
    [INTERNAL_HELPER.payloadOffset, extension('poff')],
    [INTERNAL_HELPER.attribute, extension('nla')],
    [INTERNAL_HELPER.nestedAttribute, extension('nlan')],
    [INTERNAL_HELPER.processor, extension('cpu')],
    [INTERNAL_HELPER.random, extension('rand')],
  ]);
}
