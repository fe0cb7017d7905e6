/** Names from databases in the formats of services(5), protocols(5), hosts(5), networks(5) and ethers(5). */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readSystemDatabases } from './databases.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-names-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const DATABASES = {
  services:
    '# comment\nwarble\t7001/tcp\twarb singing # more\nwarble 7001/udp\nwarble 7002/sctp\nbad line\nhttp 8000/tcp\nhttp 8001/tcp\n',
  protocols: 'chirp 201 CHIRP\nchirp 202\nbroken x\n',
  hosts: '192.0.2.9\tnest.example nest\n2001:DB8::9 nest.example\nnonsense nest\n192.0.2.10 nest.example\n',
  networks: 'meadow 10.20\nloopback 127.0.0.0\n',
  ethers: '2:0:0:0:0:9 nest\n',
};
for (const [name, text] of Object.entries(DATABASES)) writeFileSync(join(folder, name), text);

const { resolver, names } = readSystemDatabases(folder);

test('services have a port for each transport, and aliases', (t) => {
  t.is(resolver.service('warble', 'tcp'), 7001);
  t.is(resolver.service('singing', 'tcp'), 7001);
  t.is(resolver.service('warble', 'sctp'), 7002);
  t.is(resolver.service('singing', 'udp'), undefined);
  t.is(names.serviceName(7001, 'tcp'), 'warble');
});

test('the databases come before the built-in tables', (t) => {
  t.is(resolver.service('http', 'tcp'), 8000);
  t.is(resolver.service('https', 'tcp'), 443);
  t.is(resolver.service('bfd-control', 'udp'), 3784);
  t.is(resolver.protocol('tcp'), 6);
});

test('a service of the databases has no transport that it has in the built-in tables only', (t) => {
  const absent = readSystemDatabases(join(folder, 'nowhere')).resolver;
  t.is(absent.service('www-http', 'udp'), 80);
  const folderOfOne = mkdtempSync(join(folder, 'one-'));
  writeFileSync(join(folderOfOne, 'services'), 'www-http 80/tcp\n');
  const { resolver: one, names: named } = readSystemDatabases(folderOfOne);
  t.is(one.service('www-http', 'tcp'), 80);
  t.is(one.service('www-http', 'udp'), undefined);
  t.is(named.serviceName(80, 'tcp'), 'www-http');
  t.is(named.serviceName(443, 'tcp'), undefined);
});

test('protocols, hosts, networks and Ethernet addresses', (t) => {
  t.is(resolver.protocol('chirp'), 201);
  t.is(resolver.protocol('CHIRP'), 201);
  t.is(resolver.protocol('broken'), undefined);
  t.deepEqual(resolver.hosts('nest.example'), ['192.0.2.9', '2001:db8::9', '192.0.2.10']);
  t.deepEqual(resolver.hosts('nest'), ['192.0.2.9']);
  t.is(resolver.network('meadow'), '10.20');
  t.is(resolver.ether('nest'), '2:0:0:0:0:9');
  t.is(names.hostName(Uint8Array.of(192, 0, 2, 10)), 'nest.example');
});

test('where there are no databases, the built-in tables answer', (t) => {
  const { resolver: absent, names: named } = readSystemDatabases(join(folder, 'nowhere'));
  t.is(absent.service('http', 'tcp'), 80);
  t.is(named.serviceName(443, 'tcp'), 'https');
  t.is(absent.protocol('udp'), 17);
  t.is(absent.hosts('nest'), undefined);
});
