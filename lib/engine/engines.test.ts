/** One suite for all engines: each has to give what the definition gives. */

import test from 'ava';
import fc from 'fast-check';
import { execute, type PacketMetadata, type Personality, validate } from '../cbpf/index.js';
import {
  arbitraryPacket,
  arbitraryProgram,
  fromHex,
  fromQuadruples,
  type Quadruple,
} from '../testing/programs.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { ENGINES } from './engines.js';

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

for (const engine of ENGINES) {
  test(`${engine.name} equals the definition on any program and packet`, (t) => {
    const holds = fc.property(
      arbitraryProgram(32),
      fc.array(arbitraryPacket, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<Personality>('libpcap', 'kernel'),
      fc.option(fc.constant(metadata), { nil: undefined }),
      (program, packets, personality, extra) => {
        fc.pre(validate(program, { personality }) === undefined);
        const filter = engine.load(program, { personality });
        for (const bytes of packets) {
          const wireLength = bytes.length + 5;
          const input = { bytes, wireLength, personality, ...(extra && { metadata: extra }) };
          const buffer = new Uint8Array(bytes.length + 19).fill(0x5a);
          buffer.set(bytes, 7);
          t.is(filter(buffer, 7, bytes.length, wireLength, extra), execute(program, input).result!);
        }
      },
    );
    fc.assert(holds, { numRuns: Number(process.env.WEIR_PROGRAMS ?? (fullRun ? 10_000 : 400)) });
  });

  test(`${engine.name} returns what bpf_filter returned`, (t) => {
    const tally = new Tally(`filters/cbpf-run (${engine.name})`);
    for (const { program, packet, wirelen, result } of vectors<RunRow>(
      t,
      'vectors/filters/cbpf-run.jsonl',
      300,
    )) {
      const bytes = fromHex(packet);
      const actual = engine.load(fromQuadruples(program))(bytes, 0, bytes.length, wirelen);
      tally.check(actual === result, () => `${JSON.stringify(program)}: ${actual}, not ${result}`);
    }
    tally.finish(t);
  });
}
