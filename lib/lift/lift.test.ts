import test from 'ava';
import fc from 'fast-check';
import {
  type Program as Classic,
  execute,
  type PacketMetadata,
  ProgramError,
  validate as validateClassic,
} from '../cbpf/index.js';
import { attach, type ProgramType, programTypeOf, validate } from '../ebpf/index.js';
import {
  type ConvertRow,
  classicOf,
  convertInputs,
  convertMetadata,
  hasInnerHeaders,
} from '../testing/kernelVectors.js';
import {
  arbitraryPacket,
  arbitraryProgram,
  fromHex,
  fromQuadruples,
  type Quadruple,
} from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { LiftError, type LiftForm, lift } from './index.js';

const TYPES: Readonly<Record<LiftForm, ProgramType>> = {
  kernel: programTypeOf('kernel_filter'),
  portable: programTypeOf('socket_filter'),
  xdp: programTypeOf('xdp'),
  tc: programTypeOf('sched_cls'),
  cgroup: programTypeOf('cgroup_skb'),
};
const FORMS: readonly LiftForm[] = ['portable', 'xdp', 'tc', 'cgroup'];

/** The lifted program, or why there is none. */
function tryLift(program: Classic, form: LiftForm, personality: 'kernel' | 'libpcap') {
  try {
    return lift(program, { form, personality });
  } catch (error) {
    if (error instanceof LiftError) return error;
    throw error;
  }
}

/** Programs of cgroups see no link header, which the packets of the vectors have. */
const ETHERNET_FORMS = FORMS.filter((form) => form !== 'cgroup');

for (const form of ETHERNET_FORMS) {
  test(`${form} programs give the kernel’s results`, (t) => {
    const tally = new Tally(`kernel/convert (results of the ${form} form)`);
    const { packets } = convertInputs(t);
    for (const row of vectors<ConvertRow>(t, 'vectors/kernel/convert.jsonl', 200)) {
      if (row.check === 'reject' || row.ret === undefined || row.seccomp === true) continue;
      if (row.env?.includes('anc:RANDOM')) {
        tally.leaveOut('random');
        continue;
      }
      const program = tryLift(classicOf(row), form, 'kernel');
      if (program instanceof LiftError) {
        tally.leaveOut(`programs without this form (${program.kind})`);
        continue;
      }
      const problem = validate(program, {
        helpers: new Set(TYPES[form].helpers),
        packetLoads: TYPES[form].packetLoads,
      });
      t.is(problem, undefined, row.descr);
      const run = attach(program, TYPES[form], { unverified: true });
      for (const [index, packet] of packets.entries()) {
        const bytes = fromHex(packet.hex);
        if (row.env?.includes('anc:PAY_OFFSET') && hasInnerHeaders(bytes)) continue;
        const actual = run(bytes, 0, bytes.length, bytes.length, convertMetadata(bytes));
        tally.check(
          actual === row.ret[index],
          () =>
            `${row.id} ${row.descr} ${JSON.stringify(row.env)} on ${packet.name}: ${actual}, not ${row.ret![index]}`,
        );
      }
    }
    tally.finish(t);
  });
}

interface ProgramRow {
  readonly id: string;
  readonly expr: string;
  readonly optimized?: readonly Quadruple[];
}
interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

const GROUPS =
  'abbrev arith compound cookbook encap hostnet linkproto llc mac named netmask pflog port proto protochain random reported savefile snaplen telecom testrun-accept wlan';

test('lifted filters of libpcap give its verdicts', (t) => {
  const tally = new Tally('filters: results of lifted programs');
  const sizes = new Map(
    ETHERNET_FORMS.map(
      (form): [LiftForm, { ratios: number; programs: number; slots: number; classic: number }] => [
        form,
        { ratios: 0, programs: 0, slots: 0, classic: 0 },
      ],
    ),
  );
  for (const group of GROUPS.split(' ')) {
    const rows = vectors<ProgramRow>(t, `vectors/filters/${group}.jsonl`, 25);
    const packets = new Map(
      vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 1e9).map((row) => [
        row.id,
        row.packets,
      ]),
    );
    for (const { id, expr, optimized } of rows) {
      if (optimized === undefined) continue;
      const classic = fromQuadruples(optimized);
      for (const form of ETHERNET_FORMS) {
        const program = tryLift(classic, form, 'libpcap');
        if (program instanceof LiftError) {
          tally.leaveOut('programs that ask for ancillary data');
          continue;
        }
        t.is(validate(program), undefined, expr);
        const size = sizes.get(form)!;
        size.programs++;
        size.ratios += program.length / classic.length;
        size.slots += program.length;
        size.classic += classic.length;
        const run = attach(program, TYPES[form], { unverified: true });
        for (const [hex, wireLength] of packets.get(id) ?? []) {
          // XDP sees whole packets.
          const bytes = fromHex(hex);
          const wire = form === 'xdp' ? bytes.length : wireLength;
          const expected = execute(classic, { bytes, wireLength: wire, personality: 'libpcap' }).result!;
          const actual = run(bytes, 0, bytes.length, wire);
          tally.check(
            actual === expected,
            () => `${form} ${id} ${expr} on ${hex}: ${actual}, not ${expected}`,
          );
        }
      }
    }
  }
  for (const [form, { ratios, programs, slots, classic }] of sizes) {
    t.log(
      `${form}: ${programs} programs, ${(ratios / programs).toFixed(3)} times the classic length on average, ${(slots / classic).toFixed(3)} times over all`,
    );
    if (form !== 'portable' && programs > 0) t.true(ratios / programs <= 2);
  }
  tally.finish(t);
});

const metadata: PacketMetadata = {
  protocol: 0x0800,
  packetType: 3,
  mark: 5,
  receiveHash: 6,
  queue: 7,
  vlanTci: 8,
  vlanProtocol: 0x8100,
  interfaceIndex: 9,
  networkOffset: 14,
  linkOffset: 0,
};

test('every form gives the result of the classic program, on any program and packet', (t) => {
  const personalities = fc.constantFrom<'kernel' | 'libpcap'>('libpcap', 'kernel');
  const agree = fc.property(
    arbitraryProgram(),
    arbitraryPacket,
    personalities,
    (program, bytes, personality) => {
      fc.pre(validateClassic(program, { personality }) === undefined);
      const packet = { ...metadata, networkOffset: Math.min(14, bytes.length) };
      // By libpcap's rules nothing is at offsets that are the kernel's extensions, whatever a context holds.
      const known = personality === 'kernel' ? { metadata: packet } : {};
      const input = { bytes, wireLength: bytes.length, personality, ...known };
      const expected = execute(program, input).result!;
      for (const form of [...FORMS, 'kernel' as const]) {
        if (form === 'kernel' && personality === 'libpcap') continue;
        // Header areas lie elsewhere there.
        if (form === 'cgroup' && personality === 'kernel') continue;
        const lifted = tryLift(program, form, personality);
        if (lifted instanceof LiftError) continue;
        t.is(validate(lifted, { lenient: form === 'kernel' }), undefined);
        const actual = attach(lifted, TYPES[form], { unverified: true })(
          bytes,
          0,
          bytes.length,
          bytes.length,
          packet,
        );
        const wanted = form === 'cgroup' ? Math.min(expected, 1) : expected;
        if (actual !== wanted) throw new Error(`${form}, ${personality}: ${actual}, not ${wanted}`);
      }
    },
  );
  assertProperty(t, agree, { numRuns: fullRun ? 50_000 : 1500 });
  t.pass();
});

test('an invalid program is not lifted', (t) => {
  t.throws(() => lift([]), { instanceOf: ProgramError });
});

test('results of the caller’s choice take the place of lengths, in forms that have a choice', (t) => {
  const agree = fc.property(arbitraryProgram(), arbitraryPacket, (program, bytes) => {
    fc.pre(validateClassic(program, { personality: 'libpcap' }) === undefined);
    const keeps = execute(program, { bytes, wireLength: bytes.length, personality: 'libpcap' }).result! !== 0;
    const choices = [
      ['xdp', { accept: 'XDP_DROP', reject: 'XDP_PASS' }, keeps ? 1 : 2],
      ['tc', { accept: 'TC_ACT_SHOT', reject: 'TC_ACT_UNSPEC' }, keeps ? 2 : 0xffff_ffff],
      ['tc', { reject: 7 }, undefined],
      ['portable', { accept: 0xffff }, keeps ? 0xffff : 0],
      ['cgroup', {}, keeps ? 1 : 0],
    ] as const;
    for (const [form, results, expected] of choices) {
      if (expected === undefined && keeps) continue;
      let lifted: ReturnType<typeof lift>;
      try {
        lifted = lift(program, { form, ...results });
      } catch (error) {
        if (error instanceof LiftError) continue;
        throw error;
      }
      const run = attach(lifted, TYPES[form], { unverified: true });
      const actual = run(bytes, 0, bytes.length, bytes.length, metadata);
      if (actual !== (expected ?? 7)) throw new Error(`${form}: ${actual}, not ${expected}`);
    }
  });
  assertProperty(t, agree, { numRuns: fullRun ? 20_000 : 500 });
  const returns = [{ code: 6, jt: 0, jf: 0, k: 1 }];
  for (const options of [
    { form: 'xdp', accept: 'TC_ACT_OK' },
    { form: 'tc', reject: 'XDP_DROP' },
    { form: 'cgroup', accept: 'XDP_PASS' },
    { form: 'portable', reject: 1 },
    { form: 'kernel', accept: 1 },
    { form: 'xdp', accept: 2 ** 32 },
    { form: 'xdp', accept: 'toString' as 'XDP_PASS' },
  ] as const)
    t.throws(() => lift(returns, options), { instanceOf: RangeError });
});
