import test from 'ava';
import fc from 'fast-check';
import { assertProperty } from '../testing/property.js';
import { Tally, vectors } from '../testing/vectors.js';
import {
  builtinResolver,
  describeDlt,
  dltOfLinkType,
  firstOf,
  formatIpv4,
  formatIpv6,
  formatMac,
  type Ipv6Address,
  ipProtocolName,
  LINK_TYPES,
  linkTypeNamed,
  linkTypeNumberOfDlt,
  linkTypeOfDlt,
  parseDecnet,
  parseDotted,
  parseIpv4,
  parseIpv6,
  parseMac,
  prefixMask,
  prefixMask6,
  serviceName,
} from './index.js';

test('a link type is found by number, name and file number', (t) => {
  t.is(linkTypeNamed('en10mb')?.dlt, 1);
  t.is(linkTypeNamed('DLT_RAW')?.dlt, 12);
  t.is(linkTypeNamed('nosuch'), undefined);
  t.is(describeDlt(1), 'EN10MB (Ethernet)');
  t.is(describeDlt(305), 'DLT 305');
  // libpcap pcap-common.c: types whose DLT_ differs between systems have a LINKTYPE_ of their own.
  for (const [dlt, linkType] of [
    [12, 101],
    [11, 100],
    [15, 102],
    [16, 103],
    [19, 106],
    [1, 1],
    [300, 300],
  ]) {
    t.is(linkTypeNumberOfDlt(dlt!), linkType!);
    t.is(dltOfLinkType(linkType!), dlt!);
  }
});

test('names and numbers of link types are unique', (t) => {
  t.is(new Set(LINK_TYPES.map(({ name }) => name)).size, LINK_TYPES.length);
  t.is(new Set(LINK_TYPES.map(({ dlt }) => dlt)).size, LINK_TYPES.length);
  t.is(new Set(LINK_TYPES.map(({ linkType }) => linkType)).size, LINK_TYPES.length);
});

test('vectors: link types have the names libpcap gives them', (t) => {
  const tally = new Tally('filters: link type names');
  const rows = vectors<{ dlt: string | null; dltNumber: number; error?: string }>(
    t,
    'vectors/filters/linktype.jsonl',
    1000,
  );
  for (const { dlt, dltNumber, error } of rows) {
    const type = linkTypeOfDlt(dltNumber);
    const quoted = /DLT_\w+ \(.*\)$/.exec(error ?? '')?.[0];
    const agrees =
      (dlt === null || type?.name === dlt) &&
      (quoted === undefined || quoted === `DLT_${describeDlt(dltNumber)}`);
    tally.check(agrees, () => `${dltNumber}: ${dlt} ${quoted ?? ''}, ours ${describeDlt(dltNumber)}`);
  }
  tally.finish(t);
});

test('vectors: the built-in resolver gives no wrong answer', (t) => {
  const tally = new Tally('filters: built-in names');
  for (const group of ['port', 'proto', 'named', 'names', 'random', 'cookbook', 'protochain']) {
    for (const { lookups = [] } of vectors<{ lookups?: [string, string, ...unknown[]][] }>(
      t,
      `vectors/filters/${group}.jsonl`,
    )) {
      for (const [database, name, ...rest] of lookups) {
        const answer =
          database === 'services'
            ? builtinResolver.service(name, rest[0] as 'tcp')
            : database === 'protocols'
              ? builtinResolver.protocol(name)
              : undefined;
        if (answer === undefined && database !== 'services') continue;
        tally.check((answer ?? null) === rest.at(-1), () => `${database} ${name} ${rest}: ours ${answer}`);
      }
    }
  }
  // Every answer it gives is right, and it knows all services that the data asks for.
  tally.finish(t);
});

test('resolvers are asked in turn', (t) => {
  const resolver = firstOf(
    { hosts: (name) => (name === 'here' ? ['10.0.0.1'] : undefined) },
    builtinResolver,
  );
  t.deepEqual(resolver.hosts('here'), ['10.0.0.1']);
  t.is(resolver.service('http', 'tcp'), 80);
  t.is(resolver.ether('nosuch'), undefined);
  t.is(serviceName(443, 'udp'), 'https');
  t.is(ipProtocolName(6), 'tcp');
});

test('dotted numbers shorten from the right', (t) => {
  t.deepEqual(parseDotted('10.1'), { value: 0x0a01, bits: 16 });
  t.deepEqual(parseDotted('192.168.1.2'), { value: 0xc0a80102, bits: 32 });
  for (const bad of ['1.256', '0x1.2', '1..2', '1.2.3.4.5']) t.is(parseDotted(bad), undefined, bad);
});

test('IPv6 addresses are read as RFC 4291 §2.2 writes them', (t) => {
  t.deepEqual(parseIpv6('2001:DB8:0:0:8:800:200C:417A'), [0x20010db8, 0, 0x00080800, 0x200c417a]);
  t.deepEqual(parseIpv6('::'), [0, 0, 0, 0]);
  t.deepEqual(parseIpv6('::FFFF:129.144.52.38'), [0, 0, 0xffff, 0x81903426]);
  for (const bad of ['1', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::12345', '::1.2.3']) {
    t.is(parseIpv6(bad), undefined, bad);
  }
});

test('addresses are printed and read back', (t) => {
  const word = fc.oneof(fc.constant(0), fc.nat(0xffff_ffff), fc.nat(0xffff));
  assertProperty(
    t,
    fc.property(word, (address) => parseIpv4(formatIpv4(address)) === address),
  );
  assertProperty(
    t,
    fc.property(fc.tuple(word, word, word, word), (address) => {
      t.deepEqual(parseIpv6(formatIpv6(address)), address as Ipv6Address);
    }),
  );
  assertProperty(
    t,
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (address) => {
      t.deepEqual(parseMac(formatMac(address)), address);
    }),
  );
});

test('RFC 5952 forms', (t) => {
  t.is(formatIpv6([0x20010db8, 0, 0, 1]), '2001:db8::1');
  t.is(formatIpv6([0, 0, 0, 0]), '::');
  t.is(formatIpv6([0x20010db8, 0x00000001, 0x00010001, 0x00010001]), '2001:db8:0:1:1:1:1:1');
});

test('Ethernet addresses, DECnet addresses, masks', (t) => {
  const expected = Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab);
  for (const text of ['1:23:45:67:89:AB', '01-23-45-67-89-ab', '0123.4567.89ab', '0123456789ab']) {
    t.deepEqual(parseMac(text), expected, text);
  }
  t.is(parseMac('1:2:3'), undefined);
  t.is(parseDecnet('10.15'), 10 * 1024 + 15);
  t.is(parseDecnet('64.1'), undefined);
  t.is(prefixMask(0), 0);
  t.is(prefixMask(20), 0xfffff000);
  t.deepEqual(prefixMask6(40), [0xffffffff, 0xff000000, 0, 0]);
});
