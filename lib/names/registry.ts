/**
 * The usual services and protocols, and behind them all that IANA has registered. Apart from resolver.ts because the
 * registries are 104 KB of text, which who only compiles for a browser leaves out.
 */

import { ianaProtocol, ianaServiceName, ianaServicePort } from './iana.js';
import { IP_PROTOCOLS } from './ipProtocols.js';
import { type Resolver, wellKnownResolver } from './resolver.js';
import { knownService, knownServiceName } from './services.js';
import type { Transport } from './transport.js';

/** A name that our table has is not looked for in IANA's: there it may be of more transports. */
export function servicePort(name: string, transport: Transport): number | undefined {
  const known = knownService(name);
  return known === undefined ? ianaServicePort(name, transport) : known.get(transport);
}

/** The name to print for a port. */
export const serviceName = (port: number, transport: Transport): string | undefined =>
  knownServiceName(port, transport) ?? ianaServiceName(port, transport);

/** The number of an IP protocol, by the names of /etc/protocols and those of IANA. */
export const protocolNumber = (name: string): number | undefined =>
  IP_PROTOCOLS.get(name) ?? ianaProtocol(name);

/** Knows the services and protocols that IANA has registered, `localhost`, and nothing else. */
export const builtinResolver: Resolver = {
  service: servicePort,
  protocol: protocolNumber,
  hosts: (name) => wellKnownResolver.hosts(name),
  network: (name) => wellKnownResolver.network(name),
  ether: (name) => wellKnownResolver.ether(name),
};
