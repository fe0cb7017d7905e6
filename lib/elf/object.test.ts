import test from 'ava';
import { disassemble } from '../ebpf/index.js';
import { build, whyNoClang } from '../testing/clang.js';
import { ObjectError, readObject } from './index.js';

const why = whyNoClang();
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withClang = why === undefined ? test : test.skip;
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());

withClang('programs, functions, maps and lines of an object', async (t) => {
  const object = readObject(await build({ name: 'count' }));
  t.is(object.license, 'GPL');
  const [program, ...others] = object.programs;
  t.deepEqual(others, []);
  t.like(program, { name: 'count', section: 'xdp', hook: { type: 'xdp' }, missing: [] });
  t.deepEqual(
    program?.functions.map(({ name }) => name),
    ['count', 'note'],
  );
  t.deepEqual(
    object.maps.map(({ name, type, keySize, valueSize, maxEntries, readOnly }) =>
      [name, type, keySize, valueSize, maxEntries, readOnly].join(' '),
    ),
    [
      'protocols hash 4 16 64 false',
      '.rodata array 4 4 1 true',
      '.data array 4 4 1 false',
      '.bss array 4 8 1 false',
    ],
  );
  const call = program!.instructions.findIndex(({ opcode, src }) => opcode === 0x85 && src === 1);
  const line = program!.lineOf(call);
  t.regex(line?.file ?? '', /count\.c$/);
  t.is(line?.text.trim(), 'note(ip->protocol, length);');
  t.is(program!.functions[1]!.start, call + program!.instructions[call]!.imm + 1);
});

withClang('big-endian objects hold the same', async (t) => {
  const [little, big] = await Promise.all([
    build({ name: 'count' }),
    build({ name: 'count', target: 'bpfeb' }),
  ]);
  const [one, other] = [readObject(little), readObject(big)];
  t.true(one.littleEndian);
  t.false(other.littleEndian);
  t.deepEqual(
    other.maps.map(({ name, keySize, valueSize, maxEntries }) => ({ name, keySize, valueSize, maxEntries })),
    one.maps.map(({ name, keySize, valueSize, maxEntries }) => ({ name, keySize, valueSize, maxEntries })),
  );
  t.deepEqual(other.programs[0]!.functions.length, one.programs[0]!.functions.length);
  t.regex(disassemble(other.programs[0]!.instructions), /call bpf_map_lookup_elem/);
});

test('what is no object', (t) => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3, 4), Uint8Array.of(0x7f, 0x45, 0x4c, 0x46)])
    t.throws(() => readObject(bytes), { instanceOf: ObjectError });
});
