/**
 * Test support: small programs with what has to be given back, functions that helpers call, maps in maps, values that never
 * change and global functions, each with the verdict of Linux 6.18.
 */

import { assemble } from '../../ebpf/assembler.js';
import type { RejectionKind } from '../../verify/index.js';
import type { Sample } from './generator.js';
import type { GlobalFunction } from './writer.js';

const RESERVE = `
  mov %r6, %r1
  lddw %r1, map[fd:9]
  mov %r2, 16
  mov %r3, 0
  call 131
  mov %r7, %r0
  jeq %r7, 0, out`;
const SUBMIT = `
  mov %r1, %r7
  mov %r2, 0
  call 132`;
const OUT = `
out:
  mov %r0, 0
  exit`;

const loop = (rounds: string, distance: number, body: string): string => `
  stxdw [%r10-8], %r1
  ${rounds}
  lddw %r2, subprog[+${distance}]
  mov %r3, %r10
  add %r3, -8
  mov %r4, 0
  call 181
  mov %r0, 0
  exit
  ${body}`;

const LOOKED_UP = `
  mov %r6, %r1
  stdw [%r10-8], 0
  stdw [%r10-16], 0
  mov %r2, %r10
  add %r2, -16
  mov %r3, 12
  mov %r4, -1
  mov %r5, 0
  call 84
  mov %r7, %r0
  jeq %r7, 0, out`;
/** A socket out of a map of them; a key of 4 bytes is at r10 - 8. */
const inSockets = (map: number, body: string): string => `
  stdw [%r10-8], 0
  lddw %r1, map[fd:${map}]
  mov %r2, %r10
  add %r2, -8
  call 1
  mov %r7, %r0
  jeq %r7, 0, out
  ${body}`;
const putSocket = (value: string): string => `
  lddw %r1, map[fd:14]
  mov %r2, %r10
  add %r2, -8
  ${value}
  mov %r4, 0
  call 2`;
/** A timer, at 8 in a value of map 23, and the function that it calls: its r0. */
const timed = (before: string, result: string, map = 23, at = 8): string => `
  stdw [%r10-8], 0
  lddw %r1, map[fd:23]
  mov %r2, %r10
  add %r2, -8
  call 1
  jeq %r0, 0, out
  mov %r7, %r0
  mov %r1, %r7
  add %r1, ${at}
  lddw %r2, map[fd:${map}]
  mov %r3, 1
  call 169
  mov %r1, %r7
  add %r1, 8
  lddw %r2, subprog[+4]
  call 170
out:
  mov %r0, 0
  exit
  ${before}
  ${result}
  exit`;
/** What is kept of a socket. */
const storage = (socket: string, body: string): string => `
  ldxdw %r7, [%r1+168]
  jeq %r7, 0, out
  lddw %r1, map[fd:22]
  ${socket}
  mov %r3, 0
  mov %r4, 1
  call 107
  ${body}`;
const RELEASE = `
  mov %r1, %r7
  call 86`;

const locked = (body: string): string => `
  lddw %r7, map[fd:19][0]+0
  lddw %r1, map[fd:19][0]+8
  call 93
  ${body}`;
const UNLOCK = `
  lddw %r1, map[fd:19][0]+8
  call 94`;

const inMap = (map: number, body: string): string => `
  stdw [%r10-8], 0
  lddw %r1, map[fd:${map}]
  mov %r2, %r10
  add %r2, -8
  call 1
  ${body}`;

/** The key of each element is given to a helper, as a header of so many bytes (r3). */
const keyOf = (size: string): string => `
  stdw [%r10-8], 2
  lddw %r1, map[fd:0]
  lddw %r2, subprog[+5]
  mov %r3, 0
  mov %r4, 0
  call 164
  exit
  stdw [%r10-8], 2
  stdw [%r10-16], 0
  stdw [%r10-24], 0
  mov %r1, %r10
  add %r1, -24
  ${size}
  call 204
  mov %r0, 0
  exit`;

const forEach = (body: string): string => `
  lddw %r1, map[fd:0]
  lddw %r2, subprog[+5]
  mov %r3, 0
  mov %r4, 0
  call 164
  exit
  ${body}
  mov %r0, 0
  exit`;

export const taking = (...parameters: GlobalFunction['parameters']): GlobalFunction => ({
  parameters,
  returnsNothing: false,
});

/** A program whose second function is global. */
export const sampleWithGlobal = (
  text: string,
  global = taking(),
  type: Sample['type'] = 'sched_cls',
): Sample => ({
  program: assemble(text),
  type,
  egress: false,
  strict: false,
  typed: true,
  globals: new Map([[1, global]]),
});

/** Reads the packet behind the call of a function that would call a helper, if it ever came there. */
export const overCall = (data: number, helper: number): string => `
  ldxw %r7, [%r1+${data}]
  ldxw %r8, [%r1+${data + 4}]
  mov %r9, %r7
  add %r9, 14
  jgt %r9, %r8, out
  call local f
  ldxb %r0, [%r7]
out:
  mov %r0, 0
  exit
f:
  mov %r0, 0
  jeq %r0, 0, done
  call ${helper}
done:
  exit`;

const call = (before: string, body: string): string =>
  `${before}\n call local f\n mov %r0, 0\n exit\nf:\n ${body}\n mov %r0, 0\n exit`;
const LOCK = 'lddw %r1, map[fd:19][0]+8';
const STACK = 'stdw [%r10-8], 1\n mov %r1, %r10\n add %r1, -8';

type Row = readonly [what: string, text: string, refused?: RejectionKind];
type GlobalRow = readonly [what: string, text: string, global: GlobalFunction, refused?: RejectionKind];

// biome-ignore format: a table
const HELD: readonly Row[] = [
  ['a record is submitted', `${RESERVE}\n stdw [%r7+8], 1${SUBMIT}${OUT}`],
  ['bytes behind a record', `${RESERVE}\n stdw [%r7+9], 1${SUBMIT}${OUT}`, 'outside-map-value'],
  ['a record is kept', `${RESERVE}\n stdw [%r7+8], 1${OUT}`, 'unreleased-reference'],
  ['a record is submitted twice', `${RESERVE}${SUBMIT}${SUBMIT}${OUT}`, 'bad-argument'],
  ['a record is used once it is submitted', `${RESERVE}${SUBMIT}\n stdw [%r7], 1${OUT}`, 'not-a-pointer'],
  ['a record is moved, and submitted', `${RESERVE}\n add %r7, 8${SUBMIT}${OUT}`, 'bad-argument'],
  ['a record is key and value', `${RESERVE}\n stdw [%r7], 1\n lddw %r1, map[fd:2]\n mov %r2, %r7\n mov %r3, %r7\n mov %r4, 0\n call 2${SUBMIT}${OUT}`, 'bad-argument'],
  ['a record is a value', `${RESERVE}\n stdw [%r10-8], 1\n lddw %r1, map[fd:2]\n mov %r2, %r10\n add %r2, -8\n mov %r3, %r7\n mov %r4, 0\n call 2${SUBMIT}${OUT}`],
  ['a record whose size is not known', RESERVE.replace('mov %r2, 16', 'ldxw %r2, [%r1]\n and %r2, 8').replace('mov %r6, %r1', 'mov %r6, %r1\n mov %r9, %r1').replace('ldxw %r2, [%r1]', 'ldxw %r2, [%r9]') + SUBMIT + OUT, 'bad-size'],
  ['a socket is released', `${LOOKED_UP}\n ldxw %r8, [%r7+16]${RELEASE}${OUT}`],
  ['a socket is kept', `${LOOKED_UP}\n ldxw %r8, [%r7+4]${OUT}`, 'unreleased-reference'],
  ['a socket is kept in the tail of another program', `${LOOKED_UP}\n mov %r1, %r6\n lddw %r2, map[fd:5]\n mov %r3, 0\n call 12${RELEASE}${OUT}`, 'unreleased-reference'],
  ['a socket of a map is released', inSockets(14, `ldxw %r8, [%r7+4]${RELEASE}${OUT}`)],
  ['a socket of a map is kept', inSockets(14, `ldxw %r8, [%r7+4]${OUT}`), 'unreleased-reference'],
  ['a socket of a map is written', inSockets(14, `stw [%r7+16], 0${RELEASE}${OUT}`), 'invalid-context-access'],
  ['a socket is put into a map', inSockets(14, `${putSocket('mov %r3, %r7')}${RELEASE}${OUT}`)],
  ['bytes are put into a map of sockets', inSockets(14, `${putSocket('mov %r3, %r10\n add %r3, -8')}${RELEASE}${OUT}`), 'bad-argument'],
  ['the queue of a socket for whole packets', inSockets(21, `ldxw %r8, [%r7+0]${OUT}`)],
  ['half of that', inSockets(21, `ldxh %r8, [%r7+0]${OUT}`), 'invalid-context-access'],
  ['that is written', inSockets(21, `stw [%r7+0], 1${OUT}`), 'invalid-context-access'],
  ['that is added to', inSockets(21, `mov %r8, 1\n lock add32 [%r7+0], %r8${OUT}`), 'bad-atomic'],
  ['such a socket is moved', inSockets(21, `add %r7, 4${OUT}`), 'pointer-arithmetic'],
  ['a timer', timed('ldxdw %r1, [%r3+0]', 'mov %r0, 0')],
  ['a timer of another map', timed('', 'mov %r0, 0', 2), 'bad-argument'],
  ['what is no timer', timed('', 'mov %r0, 0', 23, 0), 'bad-argument'],
  ['what a timer calls gives 1', timed('', 'mov %r0, 1'), 'bad-return'],
  ['what a timer calls gives what it was given', timed('ldxb %r0, [%r3+0]', 'and %r0, 1'), 'bad-return'],
  ['what a timer calls writes its key', timed('stw [%r2+0], 0', 'mov %r0, 0'), 'map-access'],
  ['what a timer calls reads behind the value', timed('ldxdw %r1, [%r3+24]', 'mov %r0, 0'), 'outside-map-value'],
  ['what a timer calls never ends', timed('again:\n call 7', 'jne %r0, 0, again'), 'infinite-loop'],
  ['what is kept of a socket', storage('mov %r2, %r7', `jeq %r0, 0, out\n stdw [%r0+0], 1${OUT}`)],
  ['what is kept of a socket, or null', storage('mov %r2, %r7', `stdw [%r0+0], 1${OUT}`), 'null-pointer'],
  ['what is kept of a socket, and its lock', storage('mov %r2, %r7', `jeq %r0, 0, out\n stdw [%r0+8], 1${OUT}`), 'map-access'],
  ['what is kept of nothing', storage('mov %r2, 0', OUT.trimStart()), 'bad-argument'],
  ['fields of TCP of a socket that was looked up', `${LOOKED_UP}\n mov %r1, %r7\n call 96\n jeq %r0, 0, no\n ldxdw %r8, [%r0+80]\nno:${RELEASE}${OUT}`],
  ['the second half of a count of TCP', `${LOOKED_UP}\n mov %r1, %r7\n call 96\n jeq %r0, 0, no\n ldxw %r8, [%r0+84]\nno:${RELEASE}${OUT}`, 'invalid-context-access'],
  ['the same once it was released', `${LOOKED_UP}\n mov %r1, %r7\n call 96\n mov %r8, %r0${RELEASE}\n jeq %r8, 0, out\n ldxdw %r8, [%r8+80]${OUT}`, 'not-a-pointer'],
  ['a lock is taken and given back', `${locked('stdw [%r7], 1')}${UNLOCK}${OUT}`],
  ['a lock is kept', `${locked('stdw [%r7], 1')}${OUT}`, 'locked'],
  ['a helper under a lock', `${locked('call 7')}${UNLOCK}${OUT}`, 'locked'],
  ['a lock is written', `${locked('stw [%r7+8], 1')}${UNLOCK}${OUT}`, 'map-access'],
  ['two locks', `${locked('lddw %r1, map[fd:19][0]+8\n call 93')}${UNLOCK}${OUT}`, 'locked'],
  ['no lock', `${UNLOCK}${OUT}`, 'locked'],
  ['a function that a helper calls', loop('mov %r1, 5', 7, 'ldxdw %r3, [%r2]\n mov %r0, 0\n exit')],
  ['it gives neither 0 nor 1', loop('mov %r1, 5', 7, 'mov %r0, 2\n exit'), 'bad-return'],
  ['it gives nothing', loop('mov %r1, 5', 7, 'exit'), 'bad-return'],
  ['it is never called, and is the last one', loop('mov %r1, 0', 7, 'mov %r0, 0\n exit')],
  ['an address is the number of rounds', loop('mov %r1, %r10', 7, 'mov %r0, 0\n exit'), 'bad-argument'],
  ['it makes a tail call', loop('mov %r1, 5', 7, 'ldxdw %r1, [%r2]\n lddw %r2, map[fd:5]\n mov %r3, 0\n call 12\n mov %r0, 0\n exit'), 'bad-return'],
  ['it counts on the stack of its caller, past all rounds', loop('mov %r1, 1000000', 7, 'ldxdw %r3, [%r2]\n add %r3, 1\n stxdw [%r2], %r3\n mov %r0, 0\n exit').replace('stxdw [%r10-8], %r1', 'stdw [%r10-8], 0')],
  ['it reserves a record in each round', loop('mov %r1, 5', 7, 'lddw %r1, map[fd:9]\n mov %r2, 8\n mov %r3, 0\n call 131\n mov %r0, 0\n exit'), 'unreleased-reference'],
  ['another function is never entered, and its address is taken', 'lddw %r2, subprog[+5]\n call local f\n mov %r0, 0\n exit\nf:\n exit\n exit', 'unreachable-code'],
  ['nothing of a key', keyOf('mov %r3, 0'), 'outside-map-value'],
  ['nothing of a key, or some of it', keyOf('ldxw %r3, [%r10-8]\n and %r3, 3')],
  ['more than a key', keyOf('mov %r3, 5'), 'outside-map-value'],
  ['a record is held over the tail call of a function', `${RESERVE}\n mov %r1, %r6\n call local f${SUBMIT}${OUT}\nf:\n lddw %r2, map[fd:5]\n mov %r3, 0\n call 12\n mov %r0, 0\n exit`],
  ['a function reserves a record, makes a tail call and submits', `call local f\n mov %r0, 0\n exit\nf:${RESERVE}\n mov %r1, %r6\n lddw %r2, map[fd:5]\n mov %r3, 0\n call 12${SUBMIT}${OUT}`, 'unreleased-reference'],
  ['a map in a map', inMap(16, `jeq %r0, 0, out\n mov %r1, %r0\n mov %r2, %r10\n add %r2, -8\n call 1\n jeq %r0, 0, out\n ldxdw %r3, [%r0]${OUT}`)],
  ['a map in a map that may not be there', inMap(16, `mov %r1, %r0\n mov %r2, %r10\n add %r2, -8\n call 1${OUT}`), 'bad-argument'],
  ['maps in maps are not updated', `stdw [%r10-8], 0\n lddw %r1, map[fd:16]\n mov %r2, %r10\n add %r2, -8\n mov %r3, %r2\n mov %r4, 0\n call 2${OUT}`, 'bad-argument'],
  ['a value that never changes is known', `lddw %r1, map[fd:18][0]+0\n ldxb %r2, [%r1]\n sub %r2, 116\n add %r2, %r10\n stb [%r2-1], 0${OUT}`],
  ['text that never changes', `stdw [%r10-8], 0\n mov %r1, %r10\n add %r1, -8\n mov %r2, 8\n lddw %r3, map[fd:18][0]+0\n call 182${OUT}`],
  ['text without an end', `stdw [%r10-8], 0\n mov %r1, %r10\n add %r1, -8\n mov %r2, 8\n lddw %r3, map[fd:18][0]+15\n call 182${OUT}`, 'bad-argument'],
  ['text in a map that changes', `stdw [%r10-8], 0\n mov %r1, %r10\n add %r1, -8\n mov %r2, 8\n lddw %r3, map[fd:3][0]+0\n call 182${OUT}`, 'bad-argument'],
  ['the index of a loop may be any number', loop('mov %r1, 5', 7, 'mov %r3, %r10\n add %r3, %r1\n stb [%r3-8], 0\n mov %r0, 0\n exit'), 'unbounded-offset'],
  ['the value of each element is written', forEach('stdw [%r3], 1')],
  ['bytes behind the value', forEach('stdw [%r3+1], 1'), 'outside-map-value'],
  ['the key of each element is written', forEach('stw [%r2], 1'), 'map-access'],
  ['bytes behind the key', forEach('ldxdw %r4, [%r2]'), 'outside-map-value'],
  ['what a may_goto goes on with', 'mov %r0, 0\n may_goto out\n ldxw %r0, [%r0]\nout:\n exit', 'not-a-pointer'],
  ['what a may_goto leads to', 'may_goto out\n mov %r0, 0\n exit\nout:\n exit', 'uninitialized-register'],
  ['a loop that reserves and submits, before a function is named', `again:\n lddw %r1, map[fd:9]\n mov %r2, 16\n mov %r3, 0\n call 131\n mov %r7, %r0\n jeq %r7, 0, out\n lddw %r2, subprog[+11]\n mov %r1, 5\n mov %r3, 0\n mov %r4, 0\n call 181${SUBMIT}\n jslt %r7, 4, again${OUT}\n mov %r0, 0\n exit`],
  ['a count of rounds that decides nothing', 'mov %r1, 0\n mov %r0, 0\nagain:\n may_goto out\n add %r1, 1\n ja again\nout:\n mov %r0, %r1\n exit'],
  ['a count of rounds is any number', 'mov %r1, 0\n mov %r0, 0\nagain:\n may_goto out\n add %r1, 1\n ja again\nout:\n mov %r2, %r10\n add %r2, %r1\n stb [%r2-8], 0\n exit', 'outside-stack'],
];

// biome-ignore format: a table
const GLOBAL: readonly GlobalRow[] = [
  ['of a number', call('mov %r1, 5', 'add %r1, 1'), taking('number')],
  ['an address for a number', call('mov %r1, %r10', ''), taking('number'), 'bad-argument'],
  ['of the context', call('', 'ldxw %r2, [%r1]'), taking('context')],
  ['a number for the context', call('mov %r1, 5', ''), taking('context'), 'bad-argument'],
  ['of bytes', call(STACK, 'jeq %r1, 0, no\n ldxdw %r2, [%r1]\nno:'), taking({ bytes: 8 })],
  ['of bytes that may not be there', call(STACK, 'ldxdw %r2, [%r1]'), taking({ bytes: 8 }), 'null-pointer'],
  ['null for bytes', call('mov %r1, 0', 'jeq %r1, 0, no\n ldxdw %r2, [%r1]\nno:'), taking({ bytes: 8 })],
  ['fewer bytes than it takes', call(STACK, ''), taking({ bytes: 16 }), 'outside-stack'],
  ['bytes behind those it takes', call(STACK, 'jeq %r1, 0, no\n ldxdw %r2, [%r1+1]\nno:'), taking({ bytes: 8 }), 'outside-map-value'],
  ['nothing for a number', call('mov %r2, 5', ''), { parameters: ['number', 'number', 'number'], returnsNothing: false }, 'bad-argument'],
  ['that gives nothing', call('', ''), { parameters: [], returnsNothing: true }, 'bad-return'],
  ['that knows no more than its types say', call('mov %r1, 5', 'mov %r2, %r10\n add %r2, %r1\n stb [%r2-8], 0'), taking('number'), 'unbounded-offset'],
  ['that could sleep, where control never comes', overCall(76, 148), taking(), 'unknown-helper'],
  ['that could make a tail call, where control never comes', overCall(76, 12), taking(), 'not-a-pointer'],
  ['under a lock', `${LOCK}\n call 93\n call local f\n ${LOCK}\n call 94\n mov %r0, 0\n exit\nf:\n mov %r0, 0\n exit`, taking(), 'locked'],
  ['whose address is taken', loop('mov %r1, 5', 7, 'mov %r0, 0\n exit'), taking('number'), 'bad-immediate'],
];

export interface Case {
  readonly what: string;
  readonly sample: Sample;
  /** Why it is refused; `undefined` where it is admitted. */
  readonly refused: RejectionKind | undefined;
}

export const HELD_CASES: readonly Case[] = HELD.map(([what, text, refused]) => ({
  what,
  sample: { program: assemble(text), type: 'sched_cls', egress: false, strict: false, typed: true },
  refused,
}));

export const GLOBAL_CASES: readonly Case[] = GLOBAL.map(([what, text, global, refused]) => ({
  what: `a function ${what}`,
  sample: sampleWithGlobal(text, global),
  refused,
}));

/** So many rounds of a loop of the program's around one that the runtime ends, with `body` in that. */
export const nestedLoops = (rounds: number, body: string): string => `
  mov %r6, %r1
  mov %r0, 0
  mov %r8, 0
outer:
  mov %r1, 5
inner:
  may_goto behind
  ${body}
  ja inner
behind:
  add32 %r8, 1
  jle %r8, ${rounds}, outer
  exit`;
