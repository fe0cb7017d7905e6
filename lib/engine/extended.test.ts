import test from 'ava';
import { assemble as assembleClassic } from '../cbpf/index.js';
import {
  assemble,
  attach,
  createMap,
  createProgramArray,
  Memory,
  opcodes,
  type Program,
  programTypeOf,
  RuntimeFault,
  UnverifiedError,
} from '../ebpf/index.js';
import { compile } from '../filter/index.js';
import { compileEbpf } from '../jit/index.js';
import { admit, type ExtendedOptions, lift, liftProved, loadEbpf, VerificationError } from './extended.js';

const PACKET = Uint8Array.from({ length: 60 }, (_, index) => index);

/** Reads byte 20 without asking whether it is there. */
const BOLD = assemble(`
  r2 = *(u32 *)(r1 + 0)
  r0 = *(u8 *)(r2 + 20)
  exit`);
const CAREFUL = assemble(`
  r0 = 0
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 21
  if r4 > r3 goto out
  r0 = *(u8 *)(r2 + 20)
out:
  exit`);

for (const engine of ['interpreter', 'wasm'] as const) {
  const options: ExtendedOptions = { type: 'xdp', engine };

  test(`${engine}: what does not verify is refused`, (t) => {
    const error = t.throws(() => loadEbpf(BOLD, options), { instanceOf: VerificationError });
    t.is(error?.rejection.kind, 'outside-packet');
    t.is(error?.rejection.index, 1);
  });

  test(`${engine}: unverified, it runs when told so, and every access is checked`, (t) => {
    const run = loadEbpf(BOLD, { ...options, unverified: true });
    t.is(run(PACKET, 0, 60, 60), 20);
    t.throws(() => run(PACKET, 0, 20, 60), { instanceOf: RuntimeFault, message: /byte 20 of packet/ });
  });

  test(`${engine}: what verifies runs, on short packets too`, (t) => {
    const run = loadEbpf(CAREFUL, options);
    t.deepEqual(
      [60, 21, 20, 0].map((length) => run(PACKET, 0, length, 60)),
      [20, 20, 0, 0],
    );
  });

  test(`${engine}: maps are verified as they were made, and programs in arrays as well`, (t) => {
    const memory = new Memory();
    const values = createMap('array', memory, { name: 'values', keySize: 4, valueSize: 8, maxEntries: 1 });
    const { mapValue } = opcodes.PSEUDO;
    const write = (offset: number): Program => {
      const [wide, second, ...others] = assemble(`r1 = 7 ll\nr0 = 5\n*(u32 *)(r1 + ${offset}) = r0\nexit`);
      return [{ ...wide!, src: mapValue }, second!, ...others];
    };
    const withMaps = { ...options, memory, maps: new Map([[7, values]]) };
    loadEbpf(write(4), withMaps)(PACKET, 0, 60, 60);
    t.is(values.values.view.getUint32(values.values.start + 4, true), 5);
    t.throws(() => loadEbpf(write(8), withMaps), { message: /map value of 8/ });
    const programs = createProgramArray('programs', [CAREFUL, BOLD]);
    t.throws(() => loadEbpf(CAREFUL, { ...options, maps: new Map([[1, programs]]) }), {
      instanceOf: VerificationError,
    });
  });
}

test('a hook takes no program that nobody has verified', (t) => {
  const type = programTypeOf('xdp');
  t.throws(() => attach(CAREFUL, type, {}), { instanceOf: UnverifiedError });
  const proofs = admit(CAREFUL, { type: 'xdp' });
  t.is(attach(CAREFUL, type, { verified: proofs })(PACKET, 0, 60, 60), 20);
  t.throws(() => attach(BOLD, type, { verified: proofs }), { instanceOf: UnverifiedError });
});

test('proofs are for the program they were made of', (t) => {
  const proofs = admit(CAREFUL, { type: 'xdp' });
  t.throws(() => compileEbpf([...CAREFUL], { memory: new Memory(), helpers: new Map() }, { proofs }), {
    message: /another program/,
  });
});

test('what is lifted is verified, but for the form that the kernel makes', (t) => {
  const { cbpf } = compile('tcp port 80').for('EN10MB');
  for (const form of ['portable', 'xdp', 'tc'] as const) {
    t.deepEqual(lift(cbpf, { form }), lift(cbpf, { form, unverified: true }));
    t.true(liftProved(cbpf, form).steps > 0);
  }
  t.true(lift(assembleClassic('ret #1'), { form: 'kernel' }).length > 0);
});
