import test from 'ava';
import fc from 'fast-check';
import {
  arbitraryPacket,
  arbitraryProgram,
  fromHex,
  fromPacked,
  fromQuadruples,
  type Quadruple,
} from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import type { PacketMetadata } from './extensions.js';
import type { Program } from './instruction.js';
import { loadInterpreter } from './interpreter.js';
import { execute, LOOP_BUDGET } from './machine.js';
import type { Personality } from './opcodes.js';
import { validate } from './validator.js';

/** Runs the definition and the interpreter, which must agree, and returns their value. */
function runBoth(
  program: Program,
  bytes: Uint8Array,
  wireLength: number,
  personality: Personality,
  metadata?: PacketMetadata,
): number {
  const input = { bytes, wireLength, personality, ...(metadata === undefined ? {} : { metadata }) };
  const expected = execute(program, input).result!;
  // The packet lies somewhere inside a larger buffer.
  const buffer = new Uint8Array(bytes.length + 24).fill(0xa5);
  buffer.set(bytes, 11);
  const actual = loadInterpreter(program, { personality })(buffer, 11, bytes.length, wireLength, metadata);
  if (actual !== expected) throw new Error(`interpreter ${actual}, definition ${expected}`);
  return actual;
}

interface RunRow {
  readonly program: readonly Quadruple[];
  readonly packet: string;
  readonly wirelen: number;
  readonly result: number;
}

test('random programs return what bpf_filter returned', (t) => {
  const tally = new Tally('filters/cbpf-run (libpcap bpf_filter)');
  for (const { program, packet, wirelen, result } of vectors<RunRow>(
    t,
    'vectors/filters/cbpf-run.jsonl',
    400,
  )) {
    const actual = runBoth(fromQuadruples(program), fromHex(packet), wirelen, 'libpcap');
    tally.check(actual === result, () => `${JSON.stringify(program)}: ${actual}, not ${result}`);
  }
  tally.finish(t);
});

interface KernelTestRow {
  readonly id: string;
  readonly descr: string;
  readonly kind: string;
  readonly insns?: readonly Quadruple[];
  readonly insns_gz?: string;
  readonly ctx: string;
  readonly data?: string;
  readonly frag?: string;
  readonly tests: readonly { readonly size: number; readonly result: number }[];
  readonly expect: 'run' | 'reject';
}

/** The packet that the kernel's test module makes, see the data's README. */
const testPacketMetadata = (size: number): PacketMetadata => ({
  protocol: 0x0800,
  packetType: 3,
  mark: 0x1234aaaa,
  receiveHash: 0x1234aaab,
  queue: 123,
  vlanTci: 0xffff,
  vlanProtocol: 0x0800,
  interfaceIndex: 577,
  hardwareType: 588,
  linkOffset: 0,
  networkOffset: Math.min(size, 14),
});

test("the kernel's own tests of the classic machine pass", (t) => {
  const tally = new Tally('kernel/test_bpf (classic rows)');
  for (const row of vectors<KernelTestRow>(t, 'vectors/kernel/test_bpf.jsonl', 700)) {
    if (row.kind !== 'classic') continue;
    const program = row.insns === undefined ? fromPacked(row.insns_gz!) : fromQuadruples(row.insns);
    const problem = validate(program, { personality: 'kernel' });
    if (row.expect === 'reject') {
      tally.check(problem !== undefined, () => `${row.descr}: accepted`);
      continue;
    }
    for (const { size, result } of row.tests) {
      const bytes = fromHex((row.data ?? '').slice(0, size * 2).padEnd(size * 2, '0') + (row.frag ?? ''));
      const metadata = { ...testPacketMetadata(size), ...(row.ctx === 'skb' ? {} : { networkOffset: 0 }) };
      const actual = problem?.message ?? runBoth(program, bytes, bytes.length, 'kernel', metadata);
      tally.check(actual === result, () => `${row.id} ${row.descr}, ${size} bytes: ${actual}, not ${result}`);
    }
  }
  tally.finish(t);
});

interface ConvertRow {
  readonly id: string;
  readonly descr: string;
  readonly cbpf?: readonly Quadruple[];
  readonly cbpf_gz?: string;
  readonly check: 'accept' | 'reject';
  readonly seccomp?: boolean;
  readonly env?: readonly string[];
  readonly ret?: readonly number[];
  readonly libpcap_valid?: boolean;
  readonly libpcap_ret?: readonly number[];
}

interface ConvertInputs {
  readonly packets: readonly { readonly name: string; readonly hex: string }[];
}

/**
 * Whether the kernel's flow dissector looks further than the vectors' model of it, which knows plain
 * IPv4 and IPv6 only and gives the end of the fixed header, or 0 for tagged packets.
 */
function hasInnerHeaders(bytes: Uint8Array): boolean {
  const etherType = (bytes[12]! << 8) | bytes[13]!;
  return (
    etherType === 0x8100 ||
    etherType === 0x88a8 ||
    (etherType === 0x86dd && [0, 43, 44, 60].includes(bytes[20]!))
  );
}

test("the kernel's checker and results on packets", (t) => {
  const checker = new Tally('kernel/convert (classic checker)');
  const results = new Tally('kernel/convert (results, kernel personality)');
  const libpcapResults = new Tally('kernel/convert (results, libpcap personality)');
  const packets = vectors<ConvertInputs>(t, 'vectors/kernel/convert_inputs.json')[0]?.packets ?? [];
  for (const row of vectors<ConvertRow>(t, 'vectors/kernel/convert.jsonl', 400)) {
    const program = row.cbpf === undefined ? fromPacked(row.cbpf_gz!) : fromQuadruples(row.cbpf);
    if (row.seccomp === true) {
      checker.leaveOut('seccomp');
      continue;
    }
    const problem = validate(program, { personality: 'kernel' });
    checker.check(
      (problem === undefined) === (row.check === 'accept'),
      () => `${row.id} ${row.descr}: ${problem?.message ?? 'accepted'}`,
    );
    if (row.ret === undefined || problem !== undefined) continue;
    if (row.env?.includes('anc:RANDOM')) {
      results.leaveOut('random');
      continue;
    }
    for (const [index, { name, hex }] of packets.entries()) {
      const bytes = fromHex(hex);
      const metadata: PacketMetadata = {
        protocol: bytes.length >= 14 ? (bytes[12]! << 8) | bytes[13]! : 0,
        networkOffset: Math.min(bytes.length, 14),
        linkOffset: 0,
        interfaceIndex: 577,
        hardwareType: 1,
      };
      if (row.env?.includes('anc:PAY_OFFSET') && hasInnerHeaders(bytes)) {
        results.leaveOut('payload offsets of tagged packets and of IPv6 with extension headers');
        continue;
      }
      const actual = runBoth(program, bytes, bytes.length, 'kernel', metadata);
      results.check(
        actual === row.ret[index],
        () => `${row.id} ${row.descr} on ${name}: ${actual}, not ${row.ret![index]}`,
      );
      if (row.libpcap_valid !== true || row.env?.some((reason) => reason.startsWith('anc'))) continue;
      const expected = (row.libpcap_ret ?? row.ret)[index];
      const portable = runBoth(program, bytes, bytes.length, 'libpcap');
      libpcapResults.check(
        portable === expected,
        () => `${row.id} ${row.descr} on ${name}: ${portable}, not ${expected}`,
      );
    }
  }
  checker.finish(t);
  results.finish(t);
  libpcapResults.finish(t);
});

test('the interpreter equals the definition on any program and packet', (t) => {
  const personalities = fc.constantFrom<Personality>('libpcap', 'kernel');
  const metadata = fc.option(fc.constant(testPacketMetadata(20)), { nil: undefined });
  const agree = fc.property(
    arbitraryProgram(),
    arbitraryPacket,
    personalities,
    metadata,
    (program, bytes, personality, extra) => {
      fc.pre(validate(program, { personality }) === undefined);
      runBoth(program, bytes, bytes.length + 7, personality, extra && { ...extra, random: () => 0.25 });
    },
  );
  assertProperty(t, agree, { numRuns: fullRun ? 100_000 : 3000 });
  t.pass();
});

test('a program that loops for ever rejects its packet, in both', (t) => {
  const program = fromQuadruples([
    [0x00, 0, 0, 1],
    [0x05, 0, 0, 0xffff_fffe],
    [0x06, 0, 0, 1],
  ]);
  t.is(validate(program)?.kind, 'backward-jump');
  t.is(runBoth(program, new Uint8Array(4), 4, 'libpcap'), 0);
  t.is(execute(program, { bytes: new Uint8Array(4) }).loops, LOOP_BUDGET + 1);
});
