import test from 'ava';
import fc from 'fast-check';
import { disassemble, loadInterpreter, type Program, validate } from '../cbpf/index.js';
import { malformation } from '../cfg/index.js';
import { FilterError, renderSpan } from '../source.js';
import { CONSTANTS, KEYWORDS, parse } from '../syntax/index.js';
import { assertProperty } from '../testing/property.js';
import { type CompileOptions, compileUnoptimized, generate, lint } from './index.js';

const compiles = test.macro({
  title: (_, text: string, linkType: string) => `${text} on ${linkType}`,
  exec(t, text: string, linkType: string, listing: readonly string[]) {
    const lines = disassemble(compileUnoptimized(text, { linkType, snapLength: 96 }));
    t.deepEqual(
      lines.split('\n').map((line) => line.replace(/\s+/g, ' ').trim()),
      listing,
    );
  },
});
// tcpdump -O -d, libpcap 1.11.
test(compiles, '', 'EN10MB', ['(000) ret #96']);
test(compiles, 'ip', 'EN10MB', [
  '(000) ldh [12]',
  '(001) jeq #0x800 jt 2 jf 3',
  '(002) ret #96',
  '(003) ret #0',
]);
test(compiles, 'not ip', 'RAW', [
  '(000) ldb [0]',
  '(001) and #0xf0',
  '(002) jeq #0x40 jt 3 jf 4',
  '(003) ret #0',
  '(004) ret #96',
]);
test(compiles, 'ip or ip6', 'IPV4', [
  '(000) ld #0x0',
  '(001) jeq #0x0 jt 2 jf 3',
  '(002) ret #96',
  '(003) ret #0',
]);

const refuses = test.macro({
  title: (_, text: string, options: CompileOptions) => `${text} is refused ${JSON.stringify(options)}`,
  exec(t, text: string, options: CompileOptions, rendered: readonly string[]) {
    const error = t.throws(() => compileUnoptimized(text, options), { instanceOf: FilterError })!;
    t.deepEqual(error.render(text).split('\n'), rendered);
  },
});
test(refuses, 'tcp and ip port 80', {}, [
  'tcp and ip port 80',
  "        ^~~~~~~ 'ip' is not a valid qualifier for 'port'",
  "                write 'ip and port …'",
]);
test(refuses, 'host 10.0.0.1 or 300.0.0.1', {}, [
  'host 10.0.0.1 or 300.0.0.1',
  "                 ^~~~~~~~~ invalid IPv4 address '300.0.0.1'",
  '                           each part is a decimal number, 0 to 255',
]);
test(refuses, 'ip[0:3] = 1', {}, [
  'ip[0:3] = 1',
  '^~~~~~~ data size must be 1, 2, or 4',
  '        compare longer fields in two parts',
]);
test(refuses, 'vlan 5', { linkType: 'LINUX_SLL' }, [
  'vlan 5',
  "^~~~~~ 'vlan' not supported on DLT_LINUX_SLL (Linux cooked v1)",
]);
test(refuses, 'tcp and 80', {}, [
  'tcp and 80',
  '        ^~ there are no qualifiers to inherit here',
  "           write 'host', 'port' or what is meant before it",
]);
test(refuses, 'port 70000 and (tcp', {}, [
  'port 70000 and (tcp',
  '     ^~~~~ port number 70000 greater than maximum 65535',
]);
test(refuses, 'wlan type dta', { linkType: 'IEEE802_11' }, [
  'wlan type dta',
  '          ^~~ unknown 802.11 type name "dta"',
  "              did you mean 'data'?",
]);
test(refuses, 'net 10.0.0.1/8', {}, [
  'net 10.0.0.1/8',
  '    ^~~~~~~~~~ non-network bits set in "10.0.0.1/8"',
  "               did you mean 'net 10.0.0.0/8' or 'host 10.0.0.1'?",
]);
test(refuses, 'tcp', { linkType: 'nosuch' }, ['tcp', '^ unknown data link type nosuch']);

test('every instruction knows the words it came from', (t) => {
  const text = 'tcp port 80 and not host 10.0.0.1';
  const words = new Set(
    compileUnoptimized(text).flatMap(({ span }) =>
      span === undefined ? [] : [text.slice(span.start, span.end)],
    ),
  );
  t.deepEqual([...words].sort(), ['host 10.0.0.1', 'port 80', 'tcp']);
});

test('a graph says when the link type alone decides', (t) => {
  t.is(generate(parse('arp'), { linkType: 'RAW' }).verdict, false);
  t.is(generate(parse('not arp'), { linkType: 'RAW' }).verdict, true);
  t.is(generate(parse('arp or len > 5'), { linkType: 'RAW' }).verdict, undefined);
  t.is(generate(undefined).verdict, true);
  t.true(generate(parse('arp'), { linkType: 'RAW' }).refusable);
  t.false(generate(parse('ip protochain 6'), { linkType: 'IPV6' }).refusable);
});

test('named filters compile in place', (t) => {
  const namedFilters = (name: string) => (name === 'web' ? 'port 80 or 443' : undefined);
  const strip = (program: Program) => program.map(({ code, jt, jf, k }) => ({ code, jt, jf, k }));
  t.deepEqual(
    strip(compileUnoptimized('ip and @web', { namedFilters })),
    strip(compileUnoptimized('ip and (port 80 or 443)')),
  );
});

/** A header offset in scratch memory survives arithmetic: libpcap #1192. */
test('len > 100 and ip finds the IPv4 header of an 802.11 frame', (t) => {
  const frame = new Uint8Array(120);
  frame[0] = 0x08; // data
  frame.set([0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00], 24);
  const matches = (text: string) =>
    loadInterpreter(compileUnoptimized(text, { linkType: 'IEEE802_11' }))(frame, 0, 120, 120) !== 0;
  t.true(matches('ip'));
  t.true(matches('len > 100 and ip'));
  t.false(matches('len > 100 and ip6'));
});

/** libpcap's own program goes round for ever on this one: AH whose length leads back to itself. */
test('protochain ends on a header that points at itself', (t) => {
  const packet = new Uint8Array(40);
  packet.set([0x45], 0);
  packet[9] = 51;
  packet.set([51, 3], 20);
  const run = loadInterpreter(compileUnoptimized('ip protochain 6', { linkType: 'RAW' }));
  t.is(run(packet, 0, 40, 40), 0);
});

test('protochain steps over an authentication header by its length', (t) => {
  const packet = new Uint8Array(60);
  packet.set([0x45], 0);
  packet[9] = 51;
  packet.set([6, 4], 20); // RFC 4302: (4 + 2) * 4 = 24 bytes, then TCP
  const matches = (text: string) =>
    loadInterpreter(compileUnoptimized(text, { linkType: 'RAW' }))(packet, 0, 60, 60) !== 0;
  t.true(matches('ip protochain 6'));
  t.true(matches('ip protochain 51'));
  t.false(matches('ip protochain 17'));
});

const warns = test.macro({
  title: (_, text: string, linkType: string) => `${text} on ${linkType} is warned about`,
  exec(t, text: string, linkType: string, rendered: readonly string[]) {
    const lines = lint(parse(text), { linkType }).flatMap(({ span, message, hint }) =>
      renderSpan(text, span, message, hint).split('\n').slice(1),
    );
    t.deepEqual(lines, rendered);
  },
});
test(warns, 'vlan 2 or vlan 3', 'EN10MB', [
  "          ^~~~~~ 'vlan 3' is looked for behind 'vlan 2', also in packets that do not match 'vlan 2'",
  "                 to match one of several tags: 'vlan and (link[14:2] & 0xfff = 2 or link[14:2] & 0xfff = 3)'",
]);
test(warns, 'not vlan and tcp', 'EN10MB', [
  "             ^~~ 'tcp' is looked for behind 'vlan', also in packets that do not match 'vlan'",
  "                 put the tests of packets without it before 'vlan'",
]);
test(warns, 'tcp or udp and port 80', 'EN10MB', [
  "       ^~~~~~~~~~~~~~~ 'and' and 'or' have equal precedence here, from left to right",
  "                       write 'tcp or (udp and port 80)' if that is meant",
]);
test(warns, 'arp or ip', 'NULL', [
  "^~~ 'arp' can never match on DLT_NULL (BSD loopback)",
  '    is that the right link type?',
]);
test(warns, 'ip', 'JUNIPER_ETHER', [
  '^~ on DLT_JUNIPER_ETHER (Juniper Ethernet) every protocol is recognised by the same magic number',
  '   the protocol itself is not looked at',
]);
test(warns, 'ip or (vlan and ip)', 'EN10MB', []);
test(warns, 'vlan 2 and vlan 3 and (tcp or udp)', 'EN10MB', []);
test(warns, 'tcp and port 80 or udp', 'EN10MB', []);

/** A sound program or a FilterError; anything else is thrown on. */
function attempt(text: string, options: CompileOptions): Program | undefined {
  try {
    return compileUnoptimized(text, options);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

const LINK_TYPES = [
  'EN10MB',
  'RAW',
  'LINUX_SLL2',
  'IEEE802_11_RADIO',
  'PPI',
  'PFLOG',
  'SUNATM',
  'MTP2',
  'NULL',
  'DBUS',
  'JUNIPER_ES',
  'ARCNET',
  'PPP',
  'FRELAY',
];
const MODES = ['dead', 'savefile', 'savefile-swapped', 'linux-live'] as const;
const WORDS = [
  ...KEYWORDS.keys(),
  ...CONSTANTS.keys(),
  '(',
  ')',
  '[',
  ']',
  ':',
  '=',
  '!=',
  '<',
  '+',
  '-',
  '&',
  '0',
  '1',
  '80',
  '10.0.0.1',
  '10',
  '::1',
  '2001:db8::/32',
  'aa:bb:cc:dd:ee:ff',
  '$1',
  'http',
  '\\tcp',
  '/',
  '8',
  'mask',
  '255.0.0.0',
];
/** Tests joined at random: most of them compile. */
const TESTS = [
  'tcp',
  'ip6',
  'host 10.0.0.1',
  'port 80',
  'vlan',
  'vlan 5',
  'mpls',
  'pppoes',
  'geneve',
  'vxlan 3',
  'len > 60',
  'ip[0] & 15 = 5',
  'tcp[tcpflags] & tcp-syn != 0',
  'ip protochain 6',
  'ether multicast',
  'arp',
  'net ::/0',
  'link[2:4] = 1',
  'not udp',
];

test('any token string is a valid program or a FilterError, on any link type', (t) => {
  const wild = fc.array(fc.constantFrom(...WORDS), { maxLength: 10 }).map((words) => words.join(' '));
  const joined = fc
    .array(fc.tuple(fc.constantFrom('and', 'or', 'and not'), fc.constantFrom(...TESTS)), { maxLength: 7 })
    .map((pairs) => pairs.map(([joint, text], index) => (index === 0 ? text : `${joint} ${text}`)).join(' '));
  const settings = fc.record({ linkType: fc.constantFrom(...LINK_TYPES), mode: fc.constantFrom(...MODES) });
  const property = fc.property(fc.oneof(wild, joined), settings, (text, options) => {
    const program = attempt(text, options);
    if (program === undefined) return;
    t.is(validate(program, { loops: 'bounded' }), undefined, text);
    t.is(malformation(generate(parse(text), options).graph), undefined, text);
  });
  assertProperty(t, property, { numRuns: 4000 });
});

test('tunnels on other UDP ports than the usual ones', (t) => {
  const ports = (text: string, options: CompileOptions) =>
    compileUnoptimized(text, options)
      .map(({ k }) => k)
      .filter((k) => [4789, 8472, 6081, 7777].includes(k));
  t.deepEqual(ports('vxlan 7', {}), [4789, 4789]);
  t.deepEqual(ports('vxlan 7', { vxlanPort: 8472 }), [8472, 8472]);
  t.deepEqual(ports('geneve', { vxlanPort: 8472, genevePort: 7777 }), [7777, 7777]);
  t.throws(() => compileUnoptimized('ip', { vxlanPort: 65536 }), { instanceOf: RangeError });
});

test('any bytes are a FilterError or a program', (t) => {
  const property = fc.property(
    fc.string({ unit: 'binary', maxLength: 80 }),
    (text) => void attempt(text, {}),
  );
  t.notThrows(() => assertProperty(t, property, { numRuns: 3000 }));
});

test('long lists and deep nesting compile', (t) => {
  const list = Array.from({ length: 5000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join(' or ');
  t.true(compileUnoptimized(`host ${list}`).length > 30_000);
  const deep = 20_000;
  t.is(compileUnoptimized(`${'not ('.repeat(deep)}ip${')'.repeat(deep)}`).length, 4);
  t.true(compileUnoptimized(`${'('.repeat(deep)}len${')'.repeat(deep)} = 1`).length > 4);
  t.throws(() => compileUnoptimized('len = 1 + ('.repeat(40)), { instanceOf: FilterError });
});
