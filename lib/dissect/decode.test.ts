import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { Packet } from '../savefile/index.js';
import { assertProperty } from '../testing/property.js';
import { readPackets } from '../testing/tcpdump.js';
import { fullRun, projectRoot } from '../testing/vectors.js';
import { createColumns, createJsonLines, decode, FieldError, listFields, packetSchema } from './index.js';

const capture = (name: string) => readPackets(join(projectRoot, 'captures', `${name}.pcap`));

test('layers in order, with their places and fields', async (t) => {
  const [, answer] = await capture('dns');
  const packet = decode(answer!);
  t.deepEqual(
    packet.layers.map(({ protocol, start, end }) => [protocol, start, end]),
    [
      ['eth', 0, 14],
      ['ip', 14, 34],
      ['udp', 34, 42],
      ['dns', 42, answer!.data.length],
    ],
  );
  const dns = packet.layer('dns')!;
  t.is(dns.fields['dns.flags.response'], true);
  t.is(dns.fields['dns.queries']?.[0]?.['dns.qry.name'], 'www.example.org');
  t.is(dns.fields['dns.answers']?.[0]?.['dns.a'], '198.51.100.20');
});

test('one field of a packet, and all values of one', async (t) => {
  const [request, answer] = await capture('dns');
  t.is(decode(request!).get('ip.src'), '192.0.2.10');
  t.is(decode(request!).get('dns.a'), undefined);
  t.is(decode(answer!).get('dns.a'), '198.51.100.20');
  t.deepEqual(decode(answer!).getAll('udp.port'), [53, 53552]);
  t.is(decode(answer!).get('frame.len'), answer!.wireLength);
  t.throws(() => decode(answer!).get('ip.sorc'), {
    instanceOf: FieldError,
    message: "no field 'ip.sorc'; did you mean 'ip.src'?",
  });
});

test('comparing the protocol tells the fields', async (t) => {
  const [packet] = await capture('http');
  const ports: number[] = [];
  for (const layer of decode(packet!).layers)
    if (layer.protocol === 'tcp') ports.push(layer.fields['tcp.srcport']!, layer.fields['tcp.dstport']!);
  t.is(ports.length, 2);
});

test('packets inside of packets', async (t) => {
  const protocols = async (name: string) =>
    decode((await capture(name))[0]!)
      .layers.map(({ protocol }) => protocol)
      .join(':');
  t.is(await protocols('vxlan'), 'eth:ip:udp:vxlan:eth:ipv6:ipv6.hopopts:icmpv6');
  t.is(await protocols('gre'), 'eth:ip:gre:ip:icmp');
  t.is(await protocols('mpls'), 'eth:mpls:mpls:ip:icmp');
  t.is(await protocols('qinq'), 'eth:ieee8021ad:vlan:ip:icmp');
});

test('columns, several values with commas between, in two formats', async (t) => {
  const [request] = await capture('dns');
  const names = ['frame.number', 'ip.addr', 'udp.dstport', 'tcp.port', 'frame.time_relative'];
  const tabs = createColumns(names);
  t.is(tabs.header, names.join('\t'));
  t.is(tabs.row(request!), '1\t192.0.2.10,198.51.100.20\t53\t\t0.000000000');
  t.is(createColumns(names, { format: 'csv' }).row(request!), '1,"192.0.2.10,198.51.100.20",53,,0.000000000');
});

test('JSON has what decode() has', async (t) => {
  for (const name of ['dns', 'tls', 'dhcp', 'nd', 'vxlan', 'ipv6-extensions', 'ntp', 'http']) {
    const lines = createJsonLines();
    for (const packet of await capture(name)) {
      const { layers } = JSON.parse(lines.line(packet));
      t.deepEqual(
        layers,
        plain(decode(packet).layers.map((layer) => ({ ...layer, ...JSON.parse(asJson(layer)) }))),
      );
    }
  }
});

const asJson = (value: unknown): string =>
  JSON.stringify(value, (_key, one) =>
    one instanceof Uint8Array ? Buffer.from(one).toString('hex') : typeof one === 'bigint' ? `${one}` : one,
  );
/** Only what JSON shows of a layer. */
const plain = (layers: readonly Record<string, unknown>[]) =>
  layers.map(({ protocol, start, end, fields }) => ({ protocol, start, end, fields }));

test('the schema describes every layer', (t) => {
  const schema = JSON.stringify(packetSchema());
  for (const { name } of listFields())
    if (!name.startsWith('frame.')) t.true(schema.includes(`"${name}"`), name);
});

test('whatever the bytes are, nothing throws and no layer ends outside the packet', async (t) => {
  const names = ['dns', 'tls', 'dhcp', 'nd', 'vxlan', 'gre', 'ipv6-extensions', 'igmp', 'pppoe', 'http'];
  const packets = (await Promise.all(names.map(capture))).flat();
  const lines = createJsonLines();
  const change = fc.tuple(fc.nat(200), fc.nat(255));
  const property = fc.property(
    fc.constantFrom(...packets),
    fc.array(change, { maxLength: 6 }),
    fc.nat(200),
    (packet, changes, kept) => {
      const data = packet.data.slice(0, kept < 100 ? kept + 1 : undefined);
      for (const [at, value] of changes) if (at < data.length) data[at] = value;
      const broken = new Packet(data, packet.wireLength, 0, 0, packet.interface);
      const { layers } = JSON.parse(lines.line(broken)) as { layers: { start: number; end: number }[] };
      return layers.every(({ start, end }) => start <= end && end <= Math.max(start, data.length));
    },
  );
  assertProperty(t, property, { numRuns: fullRun ? 20_000 : 500 });
  t.pass();
});
