/**
 * Test support: random programs over the whole input space of the verifier, of which the kernel admits a
 * good part. The same random numbers give the same program.
 */

import type { Program, Slot } from '../../ebpf/instruction.js';
import type { VerifiedType } from '../../verify/index.js';
import type { Random } from '../random.js';
import { packetPointers } from './memoryMoves.js';
import { makeMove } from './moves.js';
import { CONTEXT, type GlobalFunction, type Held, Writer } from './writer.js';

/** A program and how it is to be loaded. Maps are numbers in the list of `maps.ts`. */
export interface Sample {
  readonly program: Program;
  readonly type: VerifiedType;
  /** cgroup_skb: for packets that leave. */
  readonly egress: boolean;
  /** Natural alignment of all accesses is demanded. */
  readonly strict: boolean;
  /** The functions have types: they may be called by helpers, and make tail calls. */
  readonly typed?: boolean;
  /** Default GPL. */
  readonly license?: string;
  /** The functions with types that are global, counted from 0 in the order of the program; they are verified by themselves. */
  readonly globals?: ReadonlyMap<number, GlobalFunction>;
}

const TYPES: readonly VerifiedType[] = ['socket_filter', 'sched_cls', 'xdp', 'cgroup_skb'];

const UNPRIVILEGED_TYPES: readonly VerifiedType[] = ['socket_filter', 'cgroup_skb'];

/** `privileged` programs are of all types; the others of those that users without privileges may load, mostly. */
export function generate(random: Random, privileged = true): Sample {
  const types = privileged || random(50) === 0 ? TYPES : UNPRIVILEGED_TYPES;
  const type = types[random(types.length)]!;
  // The kernel takes types of those alone who have CAP_BPF.
  const typed = random(4) !== 0 && privileged;
  const writer = new Writer(random, type, typed);
  writer.something = (count) => {
    for (let i = 0; i < count; i++) makeMove(writer);
  };
  const egress = type === 'cgroup_skb' && random(2) === 0;
  start(writer);
  writer.something(1 + random(random(4) === 0 ? 16 : 6));
  end(writer, egress);
  functions(writer);
  const program = writer.finish();
  const strict = random(12) === 0;
  const { globals } = writer;
  return {
    program: random(6) === 0 ? changed(random, program) : program,
    type,
    egress,
    strict,
    typed,
    globals,
  };
}

function start(w: Writer): void {
  w.held[1] = 'context';
  w.held[10] = 'stack';
  w.move(CONTEXT, 1);
  w.set(0, w.pick([0, 1]));
  // A number that nothing is known of.
  if (w.type === 'xdp') w.load(4, w.pick([3, 4, 5, 8]), CONTEXT, 12);
  else w.load(4, w.pick([3, 4, 5, 8]), CONTEXT, w.pick([0, 8, 16, 40]));
  if (w.chance(2)) {
    const wide = w.pick([2, 4, 7, 9]);
    w.add({ kind: 'call', helper: w.pick([5, 7]) });
    w.clobber('number');
    w.move(wide, 0);
  }
  if (w.chance(2)) packetPointers(w);
}

/** What each type of program may return, mostly. */
function end(w: Writer, egress: boolean): void {
  if (!w.careless && !(w.held[0] === 'number' && w.type !== 'cgroup_skb' && w.chance(2)))
    w.set(0, w.type === 'cgroup_skb' ? w.random(egress ? 4 : 2) : w.small());
  else if (w.chance(2) && w.held[0] !== 'nothing')
    w.alu('and', 0, { constant: w.pick([1, 3, 7]) }, w.width());
  close(w);
}

function close(w: Writer): void {
  if (w.exits.length === 0) {
    w.add({ kind: 'exit' });
    return;
  }
  // Paths that end early have a result of their own.
  w.add({ kind: 'exit' });
  for (const step of w.exits) step.to = w.steps.length;
  w.exits = [];
  if (!w.careless) w.set(0, w.random(2));
  w.add({ kind: 'exit' });
}

function functions(w: Writer): void {
  for (let call = w.calls.shift(); call !== undefined; call = w.calls.shift()) {
    w.frame++;
    w.depth = 0;
    w.held = Array.from({ length: 11 }, (_, register): Held => {
      if (register === 10) return 'stack';
      return register >= 1 && register <= 5 ? (call!.held[register] ?? 'nothing') : 'nothing';
    });
    w.slots = new Map();
    for (const step of call.steps) step.to = w.steps.length;
    if (call.global !== undefined) begin(w, call.global);
    const context = w.held.indexOf('context');
    if (context > 0) w.move(CONTEXT, context);
    const stack = [1, 2, 3].find((register) => w.held[register] === 'stack');
    if (stack !== undefined && w.chance(2)) {
      if (w.chance(2)) w.store(8, stack, 0, { register: w.careless ? w.random(11) : w.number() });
      else w.load(w.pick([8, 4]), w.free(), stack, w.careless ? 8 : 0);
    }
    w.something(1 + w.random(4));
    if (call.isCallback === true && !w.careless) {
      if (w.held[0] === 'number' && w.chance(2)) w.alu('and', 0, { constant: 1 }, 64);
      else w.set(0, call.isTimed === true ? 0 : w.random(2));
    } else if (w.held[0] === 'nothing' && !w.careless) w.set(0, w.constant());
    close(w);
  }
}

/** A global function knows of its arguments what its types say: an address may be null. */
function begin(w: Writer, global: GlobalFunction): void {
  w.globals.set(w.frame, global);
  w.held.fill('nothing', 0, 10);
  for (const [at, parameter] of global.parameters.entries()) {
    const register = at + 1;
    w.held[register] = parameter === 'context' ? 'context' : 'number';
    if (typeof parameter === 'string') continue;
    if (!w.careless) w.toExit(w.branch('jeq', register, { constant: 0 }, 64));
    w.held[register] = 'value';
    const offset = w.careless ? w.random(40) - 4 : w.pick([0, parameter.bytes - 4]);
    if (w.chance(2)) w.load(w.pick([4, 2, 1]), w.free(), register, offset);
    else w.store(w.pick([4, 2, 1]), register, offset, { constant: w.constant() });
  }
}

/** One field of one instruction is another. */
function changed(random: Random, program: Program): Program {
  // A loop that is changed seldom ends, which takes both verifiers a second to find out.
  if (program.some(({ opcode, offset }) => (opcode & 7) >= 5 && offset < 0) && random(30) !== 0)
    return program;
  const at = random(program.length);
  const deltas = [1, -1, 2, -2, 4, -4, 8, -8, 16, 64];
  const delta = deltas[random(deltas.length)]!;
  const slot = program[at]!;
  const other: Slot = [
    { ...slot, offset: slot.offset + delta },
    { ...slot, imm: (slot.imm + delta) | 0 },
    { ...slot, dst: random(11) },
    { ...slot, src: random(11) },
    { ...slot, opcode: slot.opcode ^ [0x08, 0x10, 0x18, 0x04, 0x20, 0x40, 0x80][random(7)]! },
  ][random(5)]!;
  if (other.offset > 0x7fff || other.offset < -0x8000) return program;
  return program.with(at, other);
}
