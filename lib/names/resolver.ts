/**
 * Where names in an expression get their numbers from.
 *
 * Compiling is pure and synchronous: whatever has to be asked of the system or the network is asked
 * before, and put behind this interface. The resolver here knows the services and protocols that filters are
 * written for; registry.ts adds all that IANA has registered.
 */

import { IP_PROTOCOLS } from './ipProtocols.js';
import { knownService } from './services.js';
import type { Transport } from './transport.js';

/** Where names in an expression get their numbers from. Answers `undefined` for a name it does not know. */
export interface Resolver {
  /** The port of a service, 0..65535. */
  service(name: string, transport: Transport): number | undefined;
  /** An IP protocol number, 0..255. */
  protocol(name: string): number | undefined;
  /** IPv4 and IPv6 addresses as text, in any order. */
  hosts(name: string): readonly string[] | undefined;
  /** A network's number as a dotted IPv4 address: `10.0.0.0`. */
  network(name: string): string | undefined;
  /** An Ethernet address as text. */
  ether(name: string): string | undefined;
}

/** The usual services and IP protocols, and `localhost`; nothing is asked of anybody. */
export const wellKnownResolver: Resolver = {
  service: (name, transport) => knownService(name)?.get(transport),
  protocol: (name) => IP_PROTOCOLS.get(name),
  // RFC 6761 §6.3: `localhost` is the loopback address whatever a name service says.
  hosts: (name) => (name === 'localhost' ? ['127.0.0.1', '::1'] : undefined),
  network: () => undefined,
  ether: () => undefined,
};

/** Asks one resolver after the other until one knows the name. */
export function firstOf(...resolvers: readonly Partial<Resolver>[]): Resolver {
  const ask = <Answer>(question: (resolver: Partial<Resolver>) => Answer | undefined): Answer | undefined => {
    for (const resolver of resolvers) {
      const answer = question(resolver);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  return {
    service: (name, transport) => ask((resolver) => resolver.service?.(name, transport)),
    protocol: (name) => ask((resolver) => resolver.protocol?.(name)),
    hosts: (name) => ask((resolver) => resolver.hosts?.(name)),
    network: (name) => ask((resolver) => resolver.network?.(name)),
    ether: (name) => ask((resolver) => resolver.ether?.(name)),
  };
}
