/**
 * Verified programs of the extended machine as bodies: the program has compared with the packet's end what it
 * reads, so nothing is checked again, and what it asks of the context are locals or constants.
 */

import { opcodes, type ProgramType } from '../../ebpf/index.js';
import type { Proofs } from '../../verify/index.js';
import { fieldOf } from '../extended/contextFields.js';
import { functionsOf } from '../extended/ebpfFlow.js';
import { emitBody } from '../extended/emit.js';
import {
  LOCALS,
  PACKET_LENGTH,
  PACKET_START,
  REGISTER_LOCALS,
  type Surroundings,
} from '../extended/emitter.js';
import type { FilterBody } from './body.js';

const { FRAME_POINTER } = opcodes;

/** Where the stack ends and what r1 is; the first page belongs to no packet. */
const STACK_END = 1024;
const CONTEXT = 1024;
/** The extended program sees packets up to here: comparisons with the end of longer ones teach no verifier. */
const MAX_PACKET = 0xffff;
/** Above this the code is more than V8 would optimize. */
const MAX_INSTRUCTIONS = 8192;

/**
 * What a program that has been verified for `type` is as a body: one that reads packets and nothing else: one function, no helpers, no maps, nothing written but
 * its own stack. `undefined` for others.
 */
export function extendedBody(proofs: Proofs, type: ProgramType): FilterBody | undefined {
  const { program } = proofs;
  if (program.length > MAX_INSTRUCTIONS || proofs.readsUnwritten) return undefined;
  const [main, ...others] = functionsOf(program, false, proofs.instructions);
  if (main === undefined || others.length > 0) return undefined;
  const field = fieldOf(type, (code) => void code.get(WIRE));
  const isPlain = main.blocks.every(({ instructions, stuckAt }) => {
    if (stuckAt !== undefined) return false;
    return instructions.every(({ instruction, index }) => {
      const memory = proofs.instructions[index]?.inBounds;
      switch (instruction.kind) {
        case 'load':
          if (memory !== 'context') return memory === 'stack' || memory === 'packet';
          return !instruction.signExtend && field(instruction.offset, instruction.size) !== undefined;
        case 'store':
        case 'atomic':
          return memory === 'stack';
        case 'packet':
          return instruction.index === undefined && instruction.offset >= 0;
        case 'wide':
          return instruction.pseudo === 0;
        case 'call':
        case 'callLocal':
        case 'callRegister':
        case 'callKfunc':
          return false;
        default:
          return true;
      }
    });
  });
  if (!isPlain) return undefined;
  const around: Surroundings = {
    ...ALONE,
    programLength: program.length,
    proofs: proofs.instructions,
    field,
  };
  return {
    locals: [...LOCALS, { name: 'wire', type: 'i32' }],
    maxLength: MAX_PACKET,
    emit: ({ code, start, length, wire, firstLocal, finish }) => {
      code.get(start).set(firstLocal + PACKET_START);
      code.get(length).set(firstLocal + PACKET_LENGTH);
      code.get(wire).set(firstLocal + WIRE);
      code.withLocalsFrom(firstLocal, () => {
        code.i64(BigInt(CONTEXT)).set(REGISTER_LOCALS[1]!);
        code.i64(BigInt(STACK_END)).set(REGISTER_LOCALS[FRAME_POINTER]!);
      });
      // What ends the body counts locals as the function around it does.
      const outside = (): void => code.withLocalsFrom(0, finish);
      code.withLocalsFrom(firstLocal, () =>
        emitBody(main, around, code, {
          leave: () => {
            code.get(REGISTER_LOCALS[0]!).op('i32.wrap_i64');
            outside();
          },
          reject: () => {
            code.i32(0);
            outside();
          },
        }),
      );
    },
  };
}

const WIRE = LOCALS.length;

/** Nobody around: nothing to call, no memory but the stack and the packet. */
const ALONE: Surroundings = {
  regions: [],
  hasPacket: true,
  packetWritable: false,
  hasHeaderOffsets: false,
  functions: { callHelper: -1, headerOffset: -1, fault: -1, access: -1, local: new Map() },
  globals: { fuel: -1, packetStart: -1, packetLength: -1 },
  resolveWide: () => 0n,
  programLength: 0,
  convention: 'narrow',
  callsMain: false,
  proofs: [],
  hasFuel: false,
  lastFrame: 0,
  frameStep: 0,
  callbacks: [],
  guesses: new Map(),
};
