import test from 'ava';
import fc from 'fast-check';
import {
  type Program as Classic,
  loadInterpreter,
  opcodes,
  specialLoad,
  validate,
} from '../../cbpf/index.js';
import { assemble, programTypeOf } from '../../ebpf/index.js';
import { LiftError, lift } from '../../lift/index.js';
import { arbitraryPacket, arbitraryProgram } from '../../testing/programs.js';
import { assertProperty } from '../../testing/property.js';
import { fullRun } from '../../testing/vectors.js';
import { verify } from '../../verify/index.js';
import { type Batch, bodyBatch, classicBatch, ebpfBatch } from './batch.js';
import { extendedBody } from './extendedBody.js';

/** What files cannot answer, and loops, are left to the engines. */
const isPlain = (program: Classic): boolean =>
  validate(program, { personality: 'libpcap' }) === undefined &&
  program.every(
    (instruction) =>
      specialLoad(instruction, 'libpcap') === undefined &&
      !(instruction.code === (opcodes.JMP | opcodes.JA) && (instruction.k | 0) < 0),
  );

test('batches match what the interpreter matches, packet by packet', (t) => {
  let proved = 0;
  const holds = fc.property(
    arbitraryProgram(24),
    fc.array(arbitraryPacket, { minLength: 1, maxLength: 6 }),
    (program, packets) => {
      fc.pre(isPlain(program));
      const filter = loadInterpreter(program);
      const matches = (some: readonly Uint8Array[]): number =>
        some.filter((packet) => filter(packet, 0, packet.length, packet.length) !== 0).length;
      const batches: ((some: readonly Uint8Array[]) => Batch)[] = [(some) => classicBatch(program, some)];
      try {
        const portable = lift(program);
        batches.push((some) => ebpfBatch(portable, some));
        const direct = lift(program, { form: 'tc' });
        const { proofs } = verify(direct, { type: 'sched_cls', proofs: true });
        if (proofs !== undefined) {
          const body = extendedBody(proofs, programTypeOf('sched_cls'));
          batches.push((some) => bodyBatch(body, some));
          proved++;
        }
      } catch (error) {
        if (!(error instanceof LiftError)) throw error;
      }
      for (const [place, batch] of batches.entries()) {
        t.is(batch(packets)(), matches(packets), `batch ${place}`);
        t.is(batch(packets.slice(0, 1))(), matches(packets.slice(0, 1)), `batch ${place}, first`);
      }
    },
  );
  assertProperty(t, holds, { numRuns: fullRun ? 5000 : 150 });
  t.true(proved > 50);
});

const refuses = test.macro({
  title: (_, what: string) => `a program that ${what} does not stand in a loop over packets`,
  exec(t, _: string, text: string) {
    const { proofs, rejection } = verify(assemble(text), { type: 'sched_cls', proofs: true });
    if (proofs === undefined) throw new Error(rejection?.message);
    const body = extendedBody(proofs, programTypeOf('sched_cls'));
    t.is(body, undefined);
    t.throws(() => bodyBatch(body, [new Uint8Array(60)]), { instanceOf: RangeError });
  },
});
test(refuses, 'calls a helper', 'call 7\nexit');
test(refuses, 'writes its context', 'r0 = 1\n*(u32 *)(r1 + 8) = r0\nexit');
test(refuses, 'reads stack that it has not written', 'r0 = *(u64 *)(r10 - 8)\nexit');
test(refuses, 'reads part of a length', 'r0 = *(u16 *)(r1 + 0)\nexit');

test('packets longer than a verifier follows are refused, not misread', (t) => {
  const program = assemble('r0 = *(u32 *)(r1 + 0)\nexit');
  const { proofs } = verify(program, { type: 'sched_cls', proofs: true });
  const body = extendedBody(proofs!, programTypeOf('sched_cls'));
  t.is(bodyBatch(body, [new Uint8Array(65_535), new Uint8Array(0)])(), 1);
  t.throws(() => bodyBatch(body, [new Uint8Array(65_536)]), { message: /up to 65535 bytes/ });
});
