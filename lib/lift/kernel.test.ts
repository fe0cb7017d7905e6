import test from 'ava';
import { validate } from '../cbpf/index.js';
import { attach, loadProgram, Memory, programTypeOf, toBytes } from '../ebpf/index.js';
import {
  type ConvertRow,
  classicOf,
  convertInputs,
  convertMetadata,
  hasInnerHeaders,
  slotsOf,
} from '../testing/kernelVectors.js';
import { fromHex } from '../testing/programs.js';
import { Tally, vectors } from '../testing/vectors.js';
import { LiftError, liftKernel } from './index.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('conversion equals bpf_convert_filter, instruction by instruction', (t) => {
  const tally = new Tally('kernel/convert (eBPF programs)');
  for (const row of vectors<ConvertRow>(t, 'vectors/kernel/convert.jsonl', 400)) {
    if (row.check === 'reject') continue;
    let actual: string;
    try {
      actual = hex(toBytes(liftKernel(classicOf(row), { seccomp: row.seccomp === true }).program));
    } catch (error) {
      if (!(error instanceof LiftError)) throw error;
      actual = 'EINVAL';
    }
    const expected = slotsOf(row.ebpf, row.ebpf_gz);
    tally.check(
      actual === (expected === undefined ? row.convert : hex(toBytes(expected))),
      () => `${row.id} ${row.descr}: ${actual.slice(0, 400)}`,
    );
  }
  tally.finish(t);
});

test('converted programs give the kernel’s results', (t) => {
  const tally = new Tally('kernel/convert (results of the kernel form)');
  const { packets, seccomp_data } = convertInputs(t);
  for (const row of vectors<ConvertRow>(t, 'vectors/kernel/convert.jsonl', 200)) {
    if (row.check === 'reject' || row.ret === undefined) continue;
    const { program } = liftKernel(classicOf(row), { seccomp: row.seccomp === true });
    if (row.seccomp === true) {
      for (const [index, data] of seccomp_data.entries()) {
        const memory = new Memory();
        const { base } = memory.add('seccomp_data', fromHex(data));
        const { run, low } = loadProgram(program, { memory, helpers: new Map(), lenient: true });
        run(base, 0);
        tally.check(low[0]! >>> 0 === row.ret[index], () => `${row.id} ${row.descr}, input ${index}`);
      }
      continue;
    }
    if (row.env?.includes('anc:RANDOM')) {
      tally.leaveOut('random');
      continue;
    }
    t.is(validate(classicOf(row), { personality: 'kernel' }), undefined);
    const run = attach(program, programTypeOf('kernel_filter'), { unverified: true });
    const define = attach(program, programTypeOf('kernel_filter'), { definition: true, unverified: true });
    for (const [index, packet] of packets.entries()) {
      const bytes = fromHex(packet.hex);
      if (row.env?.includes('anc:PAY_OFFSET') && hasInnerHeaders(bytes)) {
        tally.leaveOut('payload offsets of tagged packets and of IPv6 with extension headers');
        continue;
      }
      const metadata = convertMetadata(bytes);
      const actual = run(bytes, 0, bytes.length, bytes.length, metadata);
      tally.check(
        actual === row.ret[index],
        () => `${row.id} ${row.descr} on ${packet.name}: ${actual}, not ${row.ret![index]}`,
      );
      if (program.length < 2000 && index % 4 === 0)
        t.is(define(bytes, 0, bytes.length, bytes.length, metadata), actual);
    }
  }
  tally.finish(t);
});
