/** One suite for all engines: each has to give what the definition gives. */

import test from 'ava';
import fc from 'fast-check';
import {
  execute,
  type FilterFunction,
  type PacketMetadata,
  type Personality,
  type Program,
  validate,
} from '../cbpf/index.js';
import { KERNEL_TEST } from '../kernel/index.js';
import {
  arbitraryPacket,
  arbitraryProgram,
  fromHex,
  fromQuadruples,
  type Quadruple,
} from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { type Engine, EngineError } from './engine.js';
import { ENGINES as CLASSIC_ENGINES, engineOf as engineAmong, loaderOf } from './engines.js';
import { LIFTED_ENGINES } from './liftedEngines.js';

/** The kernel, too, where it may be asked. */
const ENGINES = [
  ...CLASSIC_ENGINES,
  ...LIFTED_ENGINES,
  ...(KERNEL_TEST.unavailable() === undefined ? [KERNEL_TEST] : []),
];
const engineOf = (name: string): Engine => engineAmong(name, ENGINES);

interface RunRow {
  readonly program: readonly Quadruple[];
  readonly packet: string;
  readonly wirelen: number;
  readonly result: number;
}

const metadata: PacketMetadata = {
  vlanTci: 5,
  interfaceIndex: 2,
  networkOffset: 14,
  linkOffset: 0,
  random: () => 0.5,
};

/** `undefined` where the engine says that it does not run the program. */
function tryLoad(engine: Engine, program: Program, personality: Personality): FilterFunction | undefined {
  try {
    return engine.load(program, { personality });
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

for (const engine of ENGINES) {
  test(`${engine.name} equals the definition on any program and packet`, (t) => {
    const holds = fc.property(
      arbitraryProgram(32),
      fc.array(arbitraryPacket, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<Personality>('libpcap', 'kernel'),
      fc.option(fc.constant(metadata), { nil: undefined }),
      (program, packets, personality, extra) => {
        fc.pre(validate(program, { personality }) === undefined);
        const filter = tryLoad(engine, program, personality);
        fc.pre(filter !== undefined);
        for (const bytes of packets) {
          const wireLength = bytes.length + 5;
          const input = { bytes, wireLength, personality, ...(extra && { metadata: extra }) };
          const buffer = new Uint8Array(bytes.length + 19).fill(0x5a);
          buffer.set(bytes, 7);
          t.is(filter(buffer, 7, bytes.length, wireLength, extra), execute(program, input).result!);
        }
      },
    );
    // A program is loaded into the kernel for each.
    const runs = engine === KERNEL_TEST ? (fullRun ? 2000 : 100) : fullRun ? 10_000 : 400;
    assertProperty(t, holds, { numRuns: Number(process.env.WEIR_PROGRAMS ?? runs) });
  });

  test(`${engine.name} returns what bpf_filter returned`, (t) => {
    const tally = new Tally(`filters/cbpf-run (${engine.name})`);
    for (const { program, packet, wirelen, result } of vectors<RunRow>(
      t,
      'vectors/filters/cbpf-run.jsonl',
      300,
    )) {
      const bytes = fromHex(packet);
      const filter = tryLoad(engine, fromQuadruples(program), 'libpcap');
      if (filter === undefined) {
        tally.leaveOut('programs that the engine says it does not run');
        continue;
      }
      const actual = filter(bytes, 0, bytes.length, wirelen);
      tally.check(actual === result, () => `${JSON.stringify(program)}: ${actual}, not ${result}`);
    }
    tally.finish(t);
  });
}

test('an engine says so where it does not run a program, and why', (t) => {
  const reasonOf = (name: string, program: Program): string | undefined => {
    const error = t.throws(() => engineOf(name).load(program), { instanceOf: EngineError });
    t.is(error?.engine, name as 'cbpf-js');
    return error?.reason;
  };
  const metadataLoad = fromQuadruples([
    [48, 0, 0, 0xffff_f000],
    [21, 0, 1, 0],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
  ]);
  const loop = fromQuadruples([
    [0, 0, 0, 5],
    [21, 1, 0, 7],
    [5, 0, 0, 0xffff_fffe],
    [6, 0, 0, 1],
  ]);
  for (const name of ['ebpf-interpreter', 'ebpf-wasm']) {
    t.regex(reasonOf(name, metadataLoad)!, /not in the packet/);
    t.regex(reasonOf(name, loop)!, /loops/);
  }
  const deferred = loaderOf(engineOf('ebpf-wasm')).load(loop, () => {});
  t.throws(() => deferred(new Uint8Array(60), 0, 60, 60), { instanceOf: EngineError });
  const long = fromQuadruples([
    ...Array.from({ length: 9000 }, (): Quadruple => [0x30, 0, 0, 0]),
    [6, 0, 0, 1],
  ]);
  for (const name of ['cbpf-js', 'cbpf-wasm']) t.regex(reasonOf(name, long)!, /too long/);
});
