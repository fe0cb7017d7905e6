/** Global functions, each case beside the running kernel, where bpf(2) is allowed. */

import test from 'ava';
import { assemble } from '../../ebpf/index.js';
import type { Sample } from '../../testing/judge/generator.js';
import { optionsOf } from '../../testing/judge/judge.js';
import { openOracle } from '../../testing/judge/oracle.js';
import type { GlobalFunction } from '../../testing/judge/writer.js';
import { verify } from '../walk/verifier.js';
import type { RejectionKind } from './kinds.js';

const oracle = await openOracle();

const taking = (...parameters: GlobalFunction['parameters']): GlobalFunction => ({
  parameters,
  returnsNothing: false,
});

/** A program whose second function is global. */
const sampleOf = (text: string, global = taking(), type: Sample['type'] = 'sched_cls'): Sample => ({
  program: assemble(text),
  type,
  egress: false,
  strict: false,
  typed: true,
  globals: new Map([[1, global]]),
});

/** Reads the packet behind the call of a function that would call a helper, if it ever came there. */
const overCall = (data: number, helper: number): string => `
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

type Case = readonly [what: string, text: string, global: GlobalFunction, refused?: RejectionKind];

const call = (before: string, body: string): string =>
  `${before}\n call local f\n mov %r0, 0\n exit\nf:\n ${body}\n mov %r0, 0\n exit`;
const STACK = 'stdw [%r10-8], 1\n mov %r1, %r10\n add %r1, -8';

// biome-ignore format: a table
const CASES: readonly Case[] = [
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
];

for (const [what, text, global, refused] of CASES)
  test(`a function ${what}`, (t) => {
    const sample = sampleOf(text, global);
    const { rejection } = verify(sample.program, optionsOf(sample));
    if (typeof oracle !== 'string') {
      const { admitted, text: log } = oracle.log(sample);
      t.is(rejection === undefined, admitted, `${rejection?.message}\n${log}`);
    }
    t.is(rejection?.kind, refused);
  });

test('which helpers move the packet, reached or not', (t) => {
  if (typeof oracle === 'string') {
    t.log(`left out: ${oracle}`);
    t.pass();
    return;
  }
  const differing: string[] = [];
  const types = { sched_cls: 76, sched_act: 76, xdp: 0, cgroup_skb: 76 } as const;
  for (const [type, data] of Object.entries(types) as [keyof typeof types, number][])
    for (let helper = 1; helper < 220; helper++) {
      const sample = sampleOf(overCall(data, helper), taking(), type);
      const { accepted } = verify(sample.program, optionsOf(sample));
      if (accepted !== oracle.admits(sample)) differing.push(`${type}, helper ${helper}: ${accepted}`);
    }
  t.deepEqual(differing, []);
});
