/**
 * Rules that Linux has of its own, each as a small program beside a brother that differs in the one point.
 * The verdicts are Linux 6.18's, and where bpf(2) is allowed the running kernel is asked again.
 */

import test from 'ava';
import { assemble, type Program } from '../../ebpf/index.js';
import { mapsOfProgram } from '../../testing/judge/maps.js';
import { openOracle } from '../../testing/judge/oracle.js';
import { verify } from '../index.js';
import type { RejectionKind } from './kinds.js';
import { ENDS_EARLY } from './packetLoads.js';

const oracle = await openOracle();

/** What Linux says of a program; what this verifier's `sound` rules say where they say something else. */
type Case = readonly [
  what: string,
  text: string,
  linux: RejectionKind | 'admitted',
  sound?: RejectionKind | 'admitted',
];

/** r0 is a number of which nothing is known, r3 the start of the packet, r9 its end. */
const START = `
  mov %r6, %r1
  ldxw %r3, [%r6+76]
  ldxw %r9, [%r6+80]
`;

const oneBit = (branch: string): string => `
  mov %r6, %r1
  call 7
  and %r0, 1
  mov %r7, %r0
  ldxw %r3, [%r6+76]
  ${branch}
  add %r3, %r0
out:
  mov %r0, 0
  exit
`;

/** The address is moved by a copy. */
const copied = oneBit('jge32 %r0, %r0, out').replace('add %r3, %r0', 'add %r3, %r7');

/** On one path r0 is anything; on the other its low half is 0, and the address is that of one place. */
const joined = (before: string): string => `
  call 5
  jsgt32 %r0, 100, other
  ${before}
  ja join
other:
  jset %r0, 2147483647, join
join:
  mov %r9, %r10
  and %r0, 8
  add %r0, %r9
  stxh [%r0-256], %r9
  exit
`;

const EIGHT_MOVES = Array.from({ length: 8 }, (_, i) => `  mov %r7, ${i}`).join('\n');

const tailCall = (behind: string): string => `
  ${START}
  mov %r1, %r6
  lddw %r2, map[fd:5]
  mov %r3, 0
  ldxw %r7, [%r6+76]
  mov %r8, %r7
  add %r8, 4
  jgt %r8, %r9, out
  call 12
  ${behind}
out:
  mov %r0, 0
  exit
`;

/** The main program goes on behind a function that may have made a tail call. */
const inFunction = (main: string): string => `
  ${START}
  mov %r8, %r3
  add %r8, 4
  jgt %r8, %r9, out
  mov %r7, %r3
  mov %r1, %r6
  call local function
  ${main}
out:
  mov %r0, 0
  exit
function:
  lddw %r2, map[fd:5]
  mov %r3, 0
  call 12
  mov %r0, 0
  exit
`;

/** A loop that the runtime ends; behind it r5 has no more than 32 bits, if nothing of it was forgotten. */
const rounds = (copies: string): string => `
  mov %r6, %r1
  mov %r0, 0
  ldxw %r5, [%r6+0]
loop:
  may_goto behind
  ${copies}
  ja loop
behind:
  jset %r0, -8, on
  mov %r0, 0
  exit
on:
  mov %r7, %r10
  jlt32 %r5, 7, small
  mov %r5, 0
small:
  add %r5, %r7
  mov %r0, 0
  exit
`;

// biome-ignore format: a table
const CASES: readonly Case[] = [
  ['32 bits compared with themselves: limits contradict each other and are forgotten', oneBit('jge32 %r0, %r0, out'), 'unbounded-offset', 'admitted'],
  ['the same, signed: what is left is one number', oneBit('jsge32 %r0, %r0, out'), 'admitted'],
  ['with 64 bits it is one number, too', oneBit('jge %r0, %r0, out'), 'admitted'],
  ['bits that are all known outweigh limits that contradict them', oneBit('jsge %r0, %r0, out').replace('and %r0, 1', 'and %r0, 8').replace('add %r3, %r0', 'mov %r8, %r10\n  rsh %r0, %r8'), 'pointer-arithmetic'],
  ['on the side where it holds', oneBit('jgt %r0, %r0, out'), 'admitted'],
  ['a copy is learnt of as well', copied, 'unbounded-offset', 'admitted'],
  ['a copy is another register', oneBit('jge32 %r0, %r7, out'), 'admitted'],
  ['states are compared behind the call of a helper, and so not at the next place', joined(`${EIGHT_MOVES}\n  call 7`), 'partial-address', 'admitted'],
  ['without a call they are compared where the paths join', joined(EIGHT_MOVES), 'admitted'],
  ['a number that has become a copy in a round of a loop is forgotten', rounds('mov %r0, %r5'), 'unbounded-offset'],
  ['one that has not is kept', rounds('ldxw %r0, [%r6+0]'), 'admitted'],
  ['packet addresses are good behind a tail call that was not made', tailCall('ldxw %r0, [%r7]'), 'admitted'],
  ['its end is an address still', tailCall('sdiv %r9, 1'), 'pointer-arithmetic'],
  ['arguments are gone', tailCall('mov %r0, %r1'), 'uninitialized-register'],
  ['a function makes a tail call', inFunction(''), 'unknown-helper', 'admitted'],
  ['its caller has another packet then', inFunction('ldxw %r0, [%r7]'), 'unknown-helper', 'not-a-pointer'],
  ['and any result', inFunction('mov %r1, %r10\n  add %r1, -8\n  add %r1, %r0\n  stb [%r1], 7'), 'unknown-helper', 'unbounded-offset'],
];

for (const [what, text, linux, sound = linux] of CASES)
  test(what, (t) => {
    const program = assemble(text);
    const told = (rules: 'linux' | 'sound'): string =>
      verify(program, { type: 'sched_cls', rules, maps: mapsOfProgram(program) }).rejection?.kind ??
      'admitted';
    t.is(told('linux'), linux);
    t.is(told('sound'), sound);
    if (typeof oracle === 'string') {
      t.log(`the running kernel was not asked: ${oracle}`);
      return;
    }
    const { admitted, text: log } = oracle.log({ program, type: 'sched_cls', egress: false, strict: false });
    t.is(admitted, linux === 'admitted', log);
  });

test('a kernel function is refused where control never comes', (t) => {
  const slot = { dst: 0, src: 0, offset: 0, imm: 0 };
  const program: Program = [
    { ...slot, opcode: 0xb7 },
    { ...slot, opcode: 0x15, offset: 1 },
    { ...slot, opcode: 0x85, src: 2, imm: 1 },
    { ...slot, opcode: 0x95 },
  ];
  t.is(verify(program, { type: 'sched_cls' }).rejection?.kind, 'unknown-helper');
  if (typeof oracle === 'string') return;
  t.false(oracle.log({ program, type: 'sched_cls', egress: false, strict: false }).admitted);
});

test('LD_IND that ends a function, and a number of the caller that matters behind it', (t) => {
  // Linux 6.18 refuses it with -EFAULT; the running kernel is not asked, as others of the kind do it harm.
  const program = assemble(`
    mov %r6, %r1
    mov %r7, 0
  again:
    mov %r1, %r6
    mov %r2, 0
    call local inner
    add %r7, 1
    jslt %r7, 6, again
    mov %r0, 0
    exit
  inner:
    mov %r6, %r1
    ldindb %r2, 0
    exit`);
  const typed = new Map([0, 9].map((slot) => [slot, { linkage: 'static', returns: 'number' }] as const));
  const { rejection } = verify(program, { type: 'sched_cls', functions: typed });
  t.is(rejection?.message, ENDS_EARLY);
  t.is(verify(program, { type: 'sched_cls', functions: typed, rules: 'sound' }).rejection, undefined);
});

test('64 maps and 256 functions at most', (t) => {
  const maps = (count: number): RejectionKind | undefined => {
    const program = assemble(`${'lddw %r1, map[fd:0]\n'.repeat(count)}mov %r0, 0\nexit`);
    const info = mapsOfProgram(program).get(0)!;
    const each = new Map(Array.from({ length: count }, (_, at) => [2 * at, { ...info }] as const));
    return verify(program, { type: 'xdp', maps: each }).rejection?.kind;
  };
  t.is(maps(64), undefined);
  t.is(maps(65), 'bad-immediate');
  for (const count of [255, 256]) {
    const calls = Array.from({ length: count }, (_, at) => `call local f${at}`).join('\n');
    const functions = Array.from({ length: count }, (_, at) => `f${at}:\nmov %r0, 0\nexit`).join('\n');
    const program = assemble(`${calls}\nmov %r0, 0\nexit\n${functions}`);
    t.is(verify(program, { type: 'xdp' }).rejection?.kind, count === 255 ? undefined : 'too-long');
    if (typeof oracle === 'string') continue;
    t.is(oracle.admits({ program, type: 'xdp', egress: false, strict: false }), count === 255);
  }
});

test('numbers of constants and byte swaps on machines that have the high byte first', (t) => {
  const program = assemble(`
    lddw %r1, map[fd:0][0]+0
    ldxw %r2, [%r1+0]
    jne %r2, 4, bad
    be16 %r2
    jne %r2, 4, bad
    mov %r0, 0
    exit
  bad:
    ldxdw %r0, [%r5+0]
    exit`);
  const constant = {
    kind: 'array',
    entries: 1,
    keySize: 4,
    valueSize: 4,
    writable: false,
    readable: true,
  } as const;
  const maps = new Map([[0, { ...constant, contents: Uint8Array.of(0, 0, 0, 4) }]]);
  t.true(verify(program, { type: 'xdp', maps, bigEndian: true }).accepted);
  t.false(verify(program, { type: 'xdp', maps }).accepted);
});
