import test from 'ava';
import fc from 'fast-check';
import wabt from 'wabt';
import { assemble, loadInterpreter, type Program, specialLoad } from '../../cbpf/index.js';
import { programTypeOf } from '../../ebpf/index.js';
import { LiftError, lift } from '../../lift/index.js';
import {
  type Capture,
  type Encoder,
  Packet,
  PcapEncoder,
  PcapngEncoder,
  readCapture,
} from '../../savefile/index.js';
import { arbitraryProgram } from '../../testing/programs.js';
import { assertProperty } from '../../testing/property.js';
import { fullRun } from '../../testing/vectors.js';
import { verify } from '../../verify/index.js';
import { encodeModule, printModule } from '../../wasm/index.js';
import { filterModule } from '../classic/classicModule.js';
import { classicBody, type FilterBody } from './body.js';
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

/**
 * Simple Packet Blocks (pcapng §4.4) for packets whose number is no multiple of 3, Enhanced ones between them, and
 * now and then a block that carries no packet: put together here from the draft's tables.
 */
class SimpleBlocks implements Pick<Encoder, 'write' | 'take'> {
  private readonly parts: Uint8Array[] = [];
  private count = 0;
  private readonly little: boolean;
  private readonly snapLength: number;

  constructor(little: boolean, snapLength: number) {
    this.little = little;
    this.snapLength = snapLength;
    this.block(0x0a0d0d0a, [0x1a2b3c4d, little ? 1 : 0x1_0000, 0xffff_ffff, 0xffff_ffff]);
    for (const [linkType, limit] of [
      [1, snapLength],
      [1, 7],
    ] as const)
      this.block(1, [little ? linkType : linkType << 16, limit]);
  }

  write({ data, wireLength }: Packet): void {
    const number = this.count++;
    if (number % 11 === 5) this.block(0x0bad, [number]);
    if (number % 3 === 0) {
      this.block(6, [number % 2, 0, number, data.length, wireLength], data);
      return;
    }
    // What a program that captures would write, and blocks that hold less or more than that.
    const captured = this.snapLength === 0 ? data : data.subarray(0, this.snapLength);
    const held =
      number % 5 === 1 ? captured.subarray(0, captured.length >> 1) : number % 7 === 1 ? data : captured;
    this.simple(held, number % 4 === 1 ? data.length >> 1 : wireLength);
  }

  simple(held: Uint8Array, wireLength: number): void {
    this.block(3, [wireLength], held);
  }

  take(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  block(type: number, words: readonly number[], data: Uint8Array = new Uint8Array(0)): void {
    const total = 12 + 4 * words.length + data.length + (-data.length & 3);
    const bytes = new Uint8Array(total);
    const view = new DataView(bytes.buffer);
    for (const [index, word] of [type, total, ...words].entries())
      view.setUint32(4 * index, word, this.little);
    bytes.set(data, 8 + 4 * words.length);
    view.setUint32(total - 4, total, this.little);
    this.parts.push(bytes);
  }
}

test('what a long block without a packet holds is not walked over, though it may look like blocks', async (t) => {
  const blocks = new SimpleBlocks(true, 0);
  const before = blocks.take().length;
  const hidden = new SimpleBlocks(true, 0);
  for (let i = 0; i < 6000; i++) hidden.simple(new Uint8Array(0), 0);
  blocks.block(0x0bad, [], hidden.take().subarray(before));
  blocks.simple(new Uint8Array(0), 0);
  // The end of the first window is the end of a block within the block: each is 16 bytes long.
  const chunkSize = before + 8 + 16 * 100;
  const capture = await readCapture([blocks.take()], { chunkSize });
  const outcome = await scan(capture, PROGRAM, Number.POSITIVE_INFINITY, classicBody(PROGRAM));
  t.is(outcome.error, '');
  t.is(outcome.packets, 1);
});

/** Programs that tell how much of a packet was captured, and how long it was. */
const lengthPrograms = fc.oneof(
  fc.nat(63).map((at) => assemble(`ldb [${at}]\nret #-1`)),
  fc.nat(63).map((length) => assemble(`ld #len\njgt #${length}, yes\nret #0\nyes: ret #-1`)),
);

/** pcapng §4.4: the least of the original length, the snapshot length of the first interface, and the block's data. */
test('simple packet blocks are walked over, and as long as the draft says', async (t) => {
  const blocks = new SimpleBlocks(true, 20);
  // Bytes in the block, before padding; original length; captured length.
  const rows = [
    [8, 8, 8],
    [5, 5, 5],
    [5, 7, 7],
    [4, 9, 4],
    [24, 90, 20],
    [24, 6, 6],
    [0, 5, 0],
    [0, 0, 0],
    [12, 0xffff_ffff, 12],
  ] as const;
  for (const [held, wireLength] of rows) blocks.simple(new Uint8Array(held).fill(1), wireLength);
  for (const walks of [false, true]) {
    let tested = 0;
    const select = () => () => ++tested;
    const accelerator = createAccelerator(() => classicBody(assemble('ret #-1')), 0);
    const capture = await readCapture([blocks.take()], { select, ...(walks ? { accelerator } : {}) });
    const found: number[][] = [];
    for await (const { data, wireLength } of capture) found.push([data.length, wireLength]);
    t.deepEqual(
      found,
      rows.map(([, wireLength, captured]) => [captured, wireLength]),
    );
    t.is(tested, walks ? 0 : rows.length);
  }
});

const packet = fc.uint8Array({ maxLength: 60 });
const encoders: Readonly<Record<string, () => Pick<Encoder, 'write' | 'take'>>> = {
  'pcap, little-endian': () => new PcapEncoder({ linkType: 1, snapLength: 40 }),
  'pcap, big-endian': () => new PcapEncoder({ linkType: 1, snapLength: 262144, bigEndian: true }),
  pcapng: () => new PcapngEncoder(),
  'pcapng, big-endian': () => new PcapngEncoder({ bigEndian: true }),
  'pcapng, simple packet blocks': () => new SimpleBlocks(true, 0),
  'pcapng, simple packet blocks cut at 20 bytes': () => new SimpleBlocks(true, 20),
  'pcapng, simple packet blocks, big-endian': () => new SimpleBlocks(false, 41),
};

for (const [name, makeEncoder] of Object.entries(encoders)) {
  test(`a batch scan of ${name} does what a scan one by one does, whatever is cut off or damaged`, async (t) => {
    const holds = fc.asyncProperty(
      fc.array(packet, { minLength: 1, maxLength: 60 }),
      fc.nat({ max: 200 }),
      fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      fc.constantFrom(Number.POSITIVE_INFINITY, 1, 7),
      fc.integer({ min: 32, max: 700 }),
      fc.oneof(fc.constant(PROGRAM), lengthPrograms, arbitraryProgram(16)),
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
    await assertProperty(t, holds, { numRuns: fullRun ? 300 : 80 });
    t.true(extended > 5);
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
