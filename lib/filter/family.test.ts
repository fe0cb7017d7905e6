/** One filter for packets of any link type, and what is refused instead of misunderstood. */

import { join } from 'node:path';
import { inspect } from 'node:util';
import test from 'ava';
import { openCapture } from '../node.js';
import { FilterError } from '../source.js';
import { projectRoot } from '../testing/vectors.js';
import { type CompileOptions, compile, compileProgram, lint, readyMadeFilters } from './index.js';

/** Counts by tcpdump 4.99.3, `tcpdump -r FILE --count EXPRESSION`. */
const counts = test.macro({
  title: (_, file: string, expression: string) => `matches(packet) on ${file}: '${expression}'`,
  async exec(t, file: string, expression: string, expected: number) {
    const filter = compile(expression);
    let matched = 0;
    const capture = await openCapture(join(projectRoot, 'captures', file));
    for await (const packet of capture) {
      const kept = filter.matches(packet);
      t.is(filter.run(packet) !== 0, kept);
      t.is(filter.explain(packet).accepted, kept);
      if (kept) matched++;
    }
    t.is(matched, expected);
  },
});
test(counts, 'any.pcap', 'ip', 4);
test(counts, 'any-sll.pcap', 'ip', 4);
test(counts, 'http.pcap', 'tcp dst port 80', 18);
test(counts, 'http-big-endian.pcapng', 'tcp dst port 80', 18);
test(counts, 'raw-ip.pcap', 'icmp', 4);

test('packets of several link types, in turns, and cut ones', async (t) => {
  const filter = compile('ip');
  const packets = [];
  for (const file of ['any.pcap', 'raw-ip.pcap', 'http.pcap'])
    for await (const packet of await openCapture(join(projectRoot, 'captures', file))) {
      packets.push(packet.copy());
      if (packets.length % 3 === 0) break;
    }
  for (const packet of [...packets, ...packets.reverse()]) t.true(filter.matches(packet));
  const [first] = packets;
  first!.data = first!.data.subarray(0, 10);
  t.false(filter.matches(first!));
  const long = compile('greater 1000');
  first!.wireLength = 1500;
  t.true(long.matches(first!), 'the length on the wire counts');
});

test('bytes need a link type', (t) => {
  const packet = Uint8Array.of(0x45, ...new Uint8Array(19));
  t.throws(() => compile('ip').matches(packet), {
    instanceOf: TypeError,
    message: /bytes do not say what link type they are of: .*linkType: 'EN10MB'/,
  });
  t.true(compile('ip', { linkType: 'RAW' }).matches(packet));
  t.true(compile('ip').for(101).matches(packet));
  t.throws(() => compile('ip', { linkType: 'RAW' }).matches(new ArrayBuffer(60) as never), {
    instanceOf: TypeError,
    message: 'a packet must be a Packet or a Uint8Array, got an object (ArrayBuffer)',
  });
  t.throws(() => compile('ip').matches(undefined as never), { instanceOf: TypeError });
});

const refused = test.macro({
  title: (_, options: object) => `refused: ${inspect(options)}`,
  exec(t, options: object, error: typeof TypeError | typeof RangeError, message: string) {
    for (const compiler of [compile, compileProgram, lint]) {
      const thrown = t.throws(() => compiler('ip', options as CompileOptions), { instanceOf: error });
      t.is(thrown?.message.replace(/^\w+\(\): /, ''), message);
    }
  },
});
const WHOLE = 'must be a whole number from 0 to 4294967295, got';
test(refused, { netmask: '255.255.255.0' }, TypeError, `option netmask ${WHOLE} '255.255.255.0'`);
test(refused, { snapLength: 1e12 }, RangeError, `option snapLength ${WHOLE} 1000000000000`);
test(refused, { snapLength: 1.5 }, RangeError, `option snapLength ${WHOLE} 1.5`);
test(
  refused,
  { linkType: {} },
  TypeError,
  `option linkType must be a string or a whole number from 0 to 4294967295, got an object (Object)`,
);
test(
  refused,
  { mode: 'live' },
  RangeError,
  "option mode must be 'dead' or 'savefile' or 'savefile-swapped' or 'linux-live', got 'live'",
);
test(refused, { linktype: 1 }, TypeError, "there is no option 'linktype'; did you mean 'linkType'?");
test(refused, { optimize: 'no' }, TypeError, "option optimize must be true or false, got 'no'");
test(
  refused,
  { vxlanPort: 70_000 },
  RangeError,
  'option vxlanPort must be a whole number from 0 to 65535, got 70000',
);
test(refused, null as never, TypeError, 'the option bag must be an object, got null');

test('what is no expression', (t) => {
  const error = t.throws(() => compile(undefined as never), { instanceOf: TypeError });
  t.is(error?.message, 'compile(): the expression must be a string, got undefined');
});

test('what has no meaning on Ethernet is no mistake; what has none anywhere is', (t) => {
  for (const expression of ['wlan type data', 'inbound', 'ifindex 2', 'lane', 'sio 3'])
    t.notThrows(() => compile(expression), expression);
  const error = t.throws(() => compile('host nobody.example'), { instanceOf: FilterError });
  t.regex(error!.message, /nobody\.example/);
  t.throws(() => compile('inbound', { linkType: 'EN10MB' }), { instanceOf: FilterError });
});

test('an error knows its expression, and shows it wherever it is printed', (t) => {
  const error = t.throws(() => compile('tcp prot 80'), { instanceOf: FilterError })!;
  t.is(error.expression, 'tcp prot 80');
  const shown = `FilterError: ${error.message}\n  tcp prot 80\n      ^~~~ `;
  for (const text of [String(error), error.stack!, inspect(error)]) t.true(text.startsWith(shown), text);
  t.regex(error.stack!, /\n {4}at /);
  t.regex(error.render(), /^tcp prot 80\n {4}\^~~~ /);
  t.notRegex(inspect(error, { customInspect: false }), /reduced|libpcapMessage|FilterSyntaxError/);
});

const GIVEN: Readonly<Record<string, string>> = { filter: 'tcp', one: '192.0.2.1', other: '10.0.0.0/8' };

test('ready-made filters compile by name', (t) => {
  for (const { name, parameters } of readyMadeFilters()) {
    const given = parameters.length === 0 ? '' : `(${parameters.map((word) => GIVEN[word]).join()})`;
    t.notThrows(() => compile(`@${name}${given}`), name);
  }
  t.throws(() => compile('@nothing-like-it'), { instanceOf: FilterError });
  const mine = compile('@dns', { namedFilters: (name) => (name === 'dns' ? 'udp port 5300' : undefined) });
  t.is(String(mine), String(compile('udp port 5300')));
});
