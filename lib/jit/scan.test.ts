import test from 'ava';
import fc from 'fast-check';
import wabt from 'wabt';
import { assemble, loadInterpreter, type Program } from '../cbpf/index.js';
import { type Capture, Packet, PcapEncoder, PcapngEncoder, readCapture } from '../savefile/index.js';
import { arbitraryProgram } from '../testing/programs.js';
import { encodeModule, printModule } from '../wasm/index.js';
import { filterModule } from './classicModule.js';
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

async function scan(
  capture: Capture,
  program: Program,
  limit: number,
  accelerated: boolean,
): Promise<Outcome> {
  const kept: Uint8Array[] = [];
  const filter = loadInterpreter(program);
  let error = '';
  try {
    await capture.scan({
      select: () => filter,
      limit,
      sink: { write: (bytes, start, end) => void kept.push(bytes.slice(start, end)) },
      ...(accelerated ? { accelerator: createAccelerator(() => program) } : {}),
    });
  } catch (failure) {
    error = (failure as Error).message;
  }
  const { packetsRead: packets, packetsMatched: matched } = capture;
  return { packets, matched, kept: Buffer.concat(kept).toString('hex'), error };
}

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
      async (packets, cut, damage, limit, chunkSize, program) => {
        const encoder = makeEncoder();
        for (const data of packets) encoder.write(new Packet(data, data.length + 3, 1, 2, source));
        const whole = encoder.take().slice();
        if (damage !== null) whole[damage[0] % whole.length] = damage[1];
        const bytes = whole.subarray(0, Math.max(24, whole.length - cut));
        const open = (): Promise<Capture> => readCapture([bytes], { chunkSize });
        let captures: [Capture, Capture];
        try {
          captures = [await open(), await open()];
        } catch {
          return; // not a capture any more
        }
        t.deepEqual(
          await scan(captures[1], program, limit, true),
          await scan(captures[0], program, limit, false),
        );
      },
    );
    await fc.assert(holds, { numRuns: 150 });
  });
}

for (const [name, module] of [
  ['filter', filterModule(PROGRAM)],
  [
    'walk over pcap',
    scanModule(PROGRAM, {
      kind: 'pcap',
      littleEndian: false,
      headerLength: 16,
      maxCaptured: 262144,
      snapLength: 96,
    }),
  ],
  ['walk over pcapng', scanModule(PROGRAM, { kind: 'pcapng', littleEndian: true })],
] as const) {
  test(`the text of a ${name} assembles to the module's bytes`, async (t) => {
    const parsed = (await wabt()).parseWat('module.wat', printModule(module));
    const expected = Buffer.from(encodeModule(module)).toString('hex');
    t.is(Buffer.from(parsed.toBinary({}).buffer).toString('hex'), expected);
  });
}
