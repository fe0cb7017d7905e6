import test from 'ava';
import { assemble } from '../../ebpf/index.js';
import { Tally } from '../../testing/vectors.js';
import { isStrict, mapsOf, programOf, typeOf, verifierRows } from '../../testing/verifierVectors.js';
import type { VerifiedType } from '../rules/context.js';
import { REJECTION_KINDS } from '../rules/kinds.js';
import type { VerifyOptions } from '../rules/options.js';
import { retrace } from '../walk/retrace.js';
import { verify } from '../walk/verifier.js';
import { type ExplainedRejection, explain } from './explain.js';

function explained(text: string, type: VerifiedType = 'xdp', privileged = true): ExplainedRejection {
  const program = assemble(text);
  const { rejection } = verify(program, { type, privileged });
  if (rejection === undefined) throw new Error('a rejection was expected');
  return explain(program, { type, privileged }, rejection);
}

const SHORT_GUARD = (reach: number): string => `
  r6 = r1
  r0 = 0
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r7 = r2
  r7 += ${reach}
  if r7 > r3 goto out
  r0 = *(u8 *)(r2 + 23)
out:
  exit`;

test('a read beyond what was compared: values, example, slice, remedy', (t) => {
  const { values, example, slice, remedy, text } = explained(SHORT_GUARD(14));
  t.is(text, 'r0 = *(u8 *)(r2 +23)');
  t.deepEqual(values, [{ register: 2, holds: 'the packet, with 14 bytes known to follow' }]);
  t.is(example, 'a packet of 23 bytes has no byte 23');
  t.deepEqual(
    slice.map(({ index, note }) => [index, note]),
    [
      [2, 'r2 is the packet, with no bytes known to follow'],
      [6, 'not taken; r2 is the packet, with 14 bytes known to follow'],
    ],
  );
  t.is(remedy, 'compare r2 + 24 with r3, the end of the packet, before this: if r2 + 24 > r3 goto …');
  t.true(verify(assemble(SHORT_GUARD(24)), { type: 'xdp' }).accepted, 'as the remedy says');
});

test('a read without any comparison names the field that holds the end', (t) => {
  const { remedy } = explained('r2 = *(u32 *)(r1 + 76)\nr0 = *(u16 *)(r2 + 12)\nexit', 'sched_cls');
  t.regex(remedy, /^compare r2 \+ 14 with rN, .* with rN = \*\(u32 \*\)\(r1 \+ 80\)$/);
});

test('a program type that has no packet pointers is told what it has', (t) => {
  const { kind, example } = explained('r2 = *(u32 *)(r1 + 76)\nr0 = *(u8 *)(r2 + 0)\nexit', 'socket_filter');
  t.is(kind, 'invalid-context-access');
  t.is(example, '');
});

test('a register that a call emptied: the call is in the slice', (t) => {
  const { values, slice } = explained('r3 = 5\ncall 7\nr0 = r3\nexit');
  t.deepEqual(values, [{ register: 3, holds: 'nothing' }]);
  t.deepEqual(
    slice.map(({ index, note }) => [index, note]),
    [[1, 'r0 is any number; r1 to r5 hold nothing any more']],
  );
});

test('values are followed through the stack and through functions', (t) => {
  const { values, slice } = explained(`
    r6 = r1
    r1 = 7
    call local double
    *(u64 *)(r10 - 8) = r0
    r0 = 0
    r2 = *(u64 *)(r10 - 8)
    r0 = *(u8 *)(r2 + 0)
    exit
  double:
    r0 = r1
    r0 += r0
    exit`);
  t.deepEqual(values, [{ register: 2, holds: '14' }]);
  t.deepEqual(
    slice.map(({ index }) => index),
    [1, 2, 8, 9, 10, 3, 5],
  );
});

test('a map value: the number that was added, and its limit', (t) => {
  const program = assemble(`
    r1 = 0 ll
    r6 = *(u32 *)(r10 - 8)
    r6 &= 63
    r1 += r6
    r0 = *(u32 *)(r1 + 0)
    exit`);
  const slots = [{ ...program[0]!, src: 2 }, ...program.slice(1)];
  const map = { kind: 'array', keySize: 4, valueSize: 48, writable: true, readable: true } as const;
  const options: VerifyOptions = { type: 'xdp', maps: new Map([[0, map]]) };
  const { rejection } = verify(slots, options);
  const { example, remedy, values } = explain(slots, options, rejection!);
  t.deepEqual(values, [{ register: 1, holds: 'a map value of 48 bytes + (0 to 63)' }]);
  t.is(example, 'an offset of 63: byte 63');
  t.is(remedy, 'limit r6 before instruction 4: if r6 > 44 goto …');
});

const remedies = test.macro({
  title: (_, what: string) => `remedy: ${what}`,
  exec(t, _: string, text: string, remedy: string, privileged?: boolean) {
    const type = privileged === false ? 'socket_filter' : 'sched_cls';
    t.is(explained(text, type, privileged ?? true).remedy, remedy);
  },
});
test(
  remedies,
  'a size that may be negative',
  'r6 = *(u32 *)(r1 + 0)\nr6 <<= 32\nr6 s>>= 32\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = r6\ncall 26\nexit',
  'limit r4 first: if r4 > N goto …, with N the bytes there are, or r4 &= a mask',
);
test(
  remedies,
  'stack that holds nothing',
  'r0 = *(u32 *)(r10 - 12)\nexit',
  'write them first: *(u64 *)(r10 - 16) = …',
  false,
);
test(
  remedies,
  'a number without limits added to an address',
  'r2 = *(u32 *)(r1 + 76)\nr3 = *(u64 *)(r1 + 152)\nr2 += r3\nr0 = 0\nexit',
  'r3 may be negative: compare it unsigned first, if r3 > N goto …, or mask it, r3 &= N',
);
test(
  remedies,
  'an address that is not aligned',
  'r2 = 0\n*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -8\nr0 = *(u64 *)(r2 - 2)\nexit',
  'use an offset that makes the address a multiple of 8, or smaller accesses',
);

test('a loop without end is told instruction by instruction', (t) => {
  const { kind, slice } = explained('r2 = 1\nagain:\nr3 = r2\nif r3 != 0 goto again\nr0 = 0\nexit');
  t.is(kind, 'infinite-loop');
  t.deepEqual(
    slice.map(({ index }) => index),
    [2],
  );
});

test('what is wrong with the form has no slice', (t) => {
  const { slice, values, property } = explained('r0 = 0\ngoto out\nr0 = 1\nout:\nexit');
  t.deepEqual([slice, values], [[], []]);
  t.is(property, REJECTION_KINDS['unreachable-code']);
});

test("every rejection of the kernel's tests is explained", (t) => {
  const tally = new Tally('verifier: rejections followed back');
  let withValues = 0;
  for (const row of verifierRows(t, 300)) {
    const program = programOf(row);
    if (program === undefined || row.scope === 'other') continue;
    for (const privileged of [true, false]) {
      const options: VerifyOptions = {
        type: typeOf(row) ?? 'socket_filter',
        privileged,
        maps: mapsOf(row),
        strictAlignment: isStrict(row),
      };
      const { rejection } = verify(program, options);
      if (rejection === undefined) continue;
      const { slice, values, text, index } = explain(program, options, rejection);
      if (rejection.trail.length === 0) continue;
      const again = retrace(program, options, rejection.trail).rejection;
      const ways = new Set(rejection.trail);
      const isSame = again?.kind === rejection.kind && again.message === rejection.message;
      // What depends on other paths, or on the walk as a whole, is not found on this path alone.
      const isAlone =
        !['infinite-loop', 'too-complex', 'mixed-pointers'].includes(rejection.kind) &&
        !rejection.message.includes('on different paths');
      tally.check(
        (isSame || !isAlone) &&
          text !== '' &&
          slice.every((step) => ways.has(step.index) && step.index !== index),
        () => `${row.id} ${row.descr}: ${rejection.message}, again ${again?.message}`,
      );
      if (values.length > 0) withValues++;
    }
  }
  tally.finish(t);
  t.log(`${withValues} with values`);
});
