/** What an object asks for and is not there is refused by its name, and the rest of the object is usable. */

import test from 'ava';
import { ObjectError } from '../elf/index.js';
import { build, whyNoClang } from '../testing/clang.js';
import { loadObject, MapValueError } from './index.js';

const why = whyNoClang();
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withClang = why === undefined ? test : test.skip;
const PACKET = new Uint8Array(64);

withClang("the kernel's types, and values of its configuration", async (t) => {
  const bytes = await build({ name: 'core' });
  const [program] = loadObject(bytes).programs;
  t.true(program!.missing.some((one) => /^the kernel's types, for sk_buff___mine$/.test(one)));
  t.true(program!.missing.includes('the value of LINUX_KERNEL_VERSION'));
  t.throws(() => program!.run(PACKET), {
    instanceOf: ObjectError,
    message: /^program core needs the kernel's types/,
  });
  const given = loadObject(bytes, { btf: 'compiled', kconfig: { LINUX_KERNEL_VERSION: 0x61200 } });
  t.deepEqual(given.programs[0]!.missing, []);
  t.is(given.program('core').run(PACKET).verdict, 3);
  t.like(JSON.parse(JSON.stringify(given.map('.bss'))), { places: [0, 4, 1, 1, 8, 0x61200] });
});

withClang('another byte order', async (t) => {
  const [program] = loadObject(await build({ name: 'count', target: 'bpfeb' })).programs;
  t.throws(() => program!.run(PACKET), { instanceOf: ObjectError, message: /a big-endian machine$/ });
  t.deepEqual(program!.unresolved, []);
  t.true(program!.verify().accepted);
});

withClang('programs and maps that are not there, and values that do not fit', async (t) => {
  const object = loadObject(await build({ name: 'count' }));
  t.throws(() => object.program('cuont'), {
    message: "no program 'cuont': there are count; did you mean 'count'?",
  });
  t.throws(() => object.map('x'), { message: /^no map 'x': there are protocols, \.rodata/ });
  const map = object.map('protocols');
  t.throws(() => map.set(new Uint8Array(3), new Uint8Array(16)), {
    instanceOf: MapValueError,
    message: 'map protocols: a key has 4 bytes, not 3',
  });
  t.throws(() => map.fill([{ key: 6, value: { packet: 1 } }]), {
    instanceOf: MapValueError,
    message: /struct counts has no member packet: there are packets, bytes/,
  });
  map.fill({ 17: { packets: 3 } });
  t.deepEqual(map.toJSON(), [{ key: 17, value: { packets: 3, bytes: 0 } }]);
  t.true(map.delete(Uint8Array.of(17, 0, 0, 0)));
  t.deepEqual(map.toJSON(), []);
});

withClang('sizes of maps that loaders set', async (t) => {
  const bytes = await build({ name: 'sized' });
  const object = loadObject(bytes);
  t.is(object.program('plain').run(PACKET).verdict, 3);
  t.deepEqual(object.program('sized').missing, [
    'entries of map counts, which its loader sets',
    'entries of map events, which its loader sets',
  ]);
  t.throws(() => loadObject(bytes, { entries: { count: 3 } }), {
    instanceOf: ObjectError,
    message: "no map 'count': there are counts, events; did you mean 'counts'?",
  });
  const given = loadObject(bytes, { entries: { counts: 3, events: 4096 } });
  t.is(given.program('sized').run(PACKET).verdict, 2);
});
