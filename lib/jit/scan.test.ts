import test from 'ava';
import fc from 'fast-check';
import wabt from 'wabt';
import { assemble, loadInterpreter, type Program, specialLoad } from '../cbpf/index.js';
import { programTypeOf } from '../ebpf/index.js';
import { LiftError, lift } from '../lift/index.js';
import { type Capture, Packet, PcapEncoder, PcapngEncoder, readCapture } from '../savefile/index.js';
import { arbitraryProgram } from '../testing/programs.js';
import { verify } from '../verify/index.js';
import { encodeModule, printModule } from '../wasm/index.js';
import { classicBody, type FilterBody } from './body.js';
import { filterModule } from './classicModule.js';
import { extendedBody } from './extendedBody.js';
import { createAccelerator, scanModule } from './scan.js';

const PROGRAM = assemble(
  'ldh [2]\njeq #0x0102, yes\nldb [x + 9]\njset #1, yes, no\nyes: ret #-1\nno: ret #0',
);
const source = { linkType: 1, snapLength: 65535, timestampUnit: 1e-6 };

interface Outcome {
  readonly packets: number;
  readonly matched: number;
  readonly kept: string;
  readonly error: string;
}

/** What a scan hands on. */
type Takes = 'records' | 'packets' | 'counts';

async function scan(
  capture: Capture,
  program: Program,
  limit: number,
  accelerated: FilterBody | undefined,
  takes: Takes = 'records',
): Promise<Outcome> {
  const kept: Uint8Array[] = [];
  const filter = loadInterpreter(program);
  let error = '';
  try {
    await capture.scan({
      select: () => filter,
      limit,
      ...(takes === 'records' && {
        sink: { write: (bytes, start, end) => void kept.push(bytes.slice(start, end)) },
      }),
      ...(takes === 'packets' && { onMatch: ({ data }) => void kept.push(data.slice()) }),
      ...(accelerated === undefined ? {} : { accelerator: createAccelerator(() => accelerated, 0) }),
    });
  } catch (failure) {
    error = (failure as Error).message;
  }
  const { packetsRead: packets, packetsMatched: matched } = capture;
  return { packets, matched, kept: Buffer.concat(kept).toString('hex'), error };
}

/** The same program for the extended machine, where it has a form that packets of a file can be given to. */
function verifiedForm(program: Program): FilterBody | undefined {
  if (program.some((instruction) => specialLoad(instruction, 'libpcap') !== undefined)) return undefined;
  try {
    const direct = lift(program, { form: 'tc' });
    const { proofs } = verify(direct, { type: 'sched_cls', proofs: true });
    return proofs === undefined ? undefined : extendedBody(proofs, programTypeOf('sched_cls'));
  } catch (error) {
    if (error instanceof LiftError) return undefined;
    throw error;
  }
}

/** Longer than the extended program takes: such records are tested one by one. */
test('a record of more than 65,535 bytes in the middle of a batch is tested all the same', async (t) => {
  const encoder = new PcapEncoder({ linkType: 1, snapLength: 262144 });
  for (const length of [60, 100_000, 20, 70_000, 65_535]) {
    const data = new Uint8Array(length).fill(1);
    data.set([1, 2], 2);
    encoder.write(new Packet(data, length, 1, 2, source));
  }
  const bytes = encoder.take().slice();
  const open = (): Promise<Capture> => readCapture([bytes], { chunkSize: 300_000 });
  const expected = await scan(await open(), PROGRAM, Number.POSITIVE_INFINITY, undefined);
  const verified = verifiedForm(PROGRAM);
  t.not(verified, undefined);
  t.deepEqual(await scan(await open(), PROGRAM, Number.POSITIVE_INFINITY, verified), expected);
  t.is(expected.matched, 5);
});

const packet = fc.uint8Array({ maxLength: 60 });
const encoders = {
  'pcap, little-endian': () => new PcapEncoder({ linkType: 1, snapLength: 40 }),
  'pcap, big-endian': () => new PcapEncoder({ linkType: 1, snapLength: 262144, bigEndian: true }),
  pcapng: () => new PcapngEncoder(),
};

for (const [name, makeEncoder] of Object.entries(encoders)) {
  test(`a batch scan of ${name} does what a scan one by one does, whatever is cut off or damaged`, async (t) => {
    const holds = fc.asyncProperty(
      fc.array(packet, { minLength: 1, maxLength: 60 }),
      fc.nat({ max: 200 }),
      fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      fc.constantFrom(Number.POSITIVE_INFINITY, 1, 7),
      fc.integer({ min: 32, max: 700 }),
      fc.oneof(fc.constant(PROGRAM), arbitraryProgram(16)),
      fc.constantFrom<Takes>('records', 'packets', 'counts'),
      async (packets, cut, damage, limit, chunkSize, program, takes) => {
        const encoder = makeEncoder();
        for (const data of packets) encoder.write(new Packet(data, data.length + 3, 1, 2, source));
        const whole = encoder.take().slice();
        if (damage !== null) whole[damage[0] % whole.length] = damage[1];
        const bytes = whole.subarray(0, Math.max(24, whole.length - cut));
        const open = (): Promise<Capture> => readCapture([bytes], { chunkSize });
        try {
          await open();
        } catch {
          return; // not a capture any more
        }
        const expected = await scan(await open(), program, limit, undefined, takes);
        t.deepEqual(await scan(await open(), program, limit, classicBody(program), takes), expected);
        const verified = verifiedForm(program);
        if (verified === undefined) return;
        extended++;
        t.deepEqual(await scan(await open(), program, limit, verified, takes), expected);
      },
    );
    let extended = 0;
    await fc.assert(holds, { numRuns: 300 });
    t.true(extended > 20);
  });
}

for (const [name, module] of [
  ['filter', filterModule(PROGRAM)],
  [
    'walk over pcap',
    scanModule(
      classicBody(PROGRAM)!,
      {
        kind: 'pcap',
        littleEndian: false,
        headerLength: 16,
        maxCaptured: 262144,
        snapLength: 96,
      },
      'records',
    ),
  ],
  ['walk over pcapng', scanModule(classicBody(PROGRAM)!, { kind: 'pcapng', littleEndian: true }, 'places')],
] as const) {
  test(`the text of a ${name} assembles to the module's bytes`, async (t) => {
    const parsed = (await wabt()).parseWat('module.wat', printModule(module));
    const expected = Buffer.from(encodeModule(module)).toString('hex');
    t.is(Buffer.from(parsed.toBinary({}).buffer).toString('hex'), expected);
  });
}
