/**
 * Names from the system's databases: /etc/services, protocols, hosts, networks and ethers, in the
 * formats of services(5), protocols(5), hosts(5), networks(5) and ethers(5). Files are read when the
 * first name of their kind is asked for, and once. No name server is asked here: that would make printing
 * wait for the network. Hosts in an expression are looked up by {@link file://./lookup.ts}.
 */

import { readFileSync } from 'node:fs';
import { links } from '../live/index.js';
import {
  builtinResolver,
  firstOf,
  formatIpv4,
  formatIpv6,
  parseIpv4,
  parseIpv6,
  type Resolver,
  serviceName,
} from '../names/index.js';

/** Fields of each line of a database, comments and empty lines left out; none where it cannot be read. */
function readDatabase(path: string): readonly (readonly string[])[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // absent, as on other systems: the built-in tables answer
  }
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([first]) => first !== '');
}

/** Computes a value when it is first asked for. */
function lazily<Value>(compute: () => Value): () => Value {
  let value: { readonly it: Value } | undefined;
  return () => (value ??= { it: compute() }).it;
}

interface Services {
  /** `http` to `tcp` to port. */
  readonly ports: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** `80/tcp` to the official name. */
  readonly names: ReadonlyMap<string, string>;
}

/** Names that the system has, for printing; `undefined` where it has none. */
export interface SystemNames {
  readonly serviceName: (port: number, protocol: 'tcp' | 'udp') => string | undefined;
  readonly hostName: (address: Uint8Array) => string | undefined;
  /** Name that an interface index has on this host (Linux). */
  readonly interfaceName: (index: number) => string | undefined;
}

export interface SystemDatabases {
  readonly resolver: Resolver;
  readonly names: SystemNames;
}

/** @param folder - Where the databases are; another one in tests. */
export function readSystemDatabases(folder = '/etc'): SystemDatabases {
  const services = lazily((): Services => {
    const ports = new Map<string, Map<string, number>>();
    const names = new Map<string, string>();
    for (const [name = '', service = '', ...aliases] of readDatabase(`${folder}/services`)) {
      const [port, transport] = service.split('/');
      if (transport === undefined || !/^\d+$/.test(port!)) continue;
      if (!names.has(service)) names.set(service, name);
      for (const alias of [name, ...aliases]) {
        const numbers = ports.get(alias) ?? new Map<string, number>();
        ports.set(alias, numbers);
        // getservbyname(3) reads from the front and takes the first line that fits.
        if (!numbers.has(transport)) numbers.set(transport, Number(port));
      }
    }
    return { ports, names };
  });
  const protocols = lazily(() => {
    const numbers = new Map<string, number>();
    for (const [name = '', number = '', ...aliases] of readDatabase(`${folder}/protocols`)) {
      if (!/^\d+$/.test(number)) continue;
      for (const alias of [name, ...aliases]) if (!numbers.has(alias)) numbers.set(alias, Number(number));
    }
    return numbers;
  });
  const hosts = lazily(() => {
    const addresses = new Map<string, string[]>();
    const names = new Map<string, string>();
    for (const [address = '', ...aliases] of readDatabase(`${folder}/hosts`)) {
      const canonical = canonicalAddress(address);
      if (canonical === undefined || aliases.length === 0) continue;
      if (!names.has(canonical)) names.set(canonical, aliases[0]!);
      for (const alias of aliases) addresses.set(alias, [...(addresses.get(alias) ?? []), canonical]);
    }
    return { addresses, names };
  });
  const networks = lazily(
    () => new Map(readDatabase(`${folder}/networks`).map(([name = '', number = '']) => [name, number])),
  );
  const ethers = lazily(
    () => new Map(readDatabase(`${folder}/ethers`).map(([address = '', name = '']) => [name, address])),
  );

  const others = firstOf(
    {
      protocol: (name) => protocols().get(name),
      hosts: (name) => hosts().addresses.get(name),
      network: (name) => networks().get(name),
      ether: (name) => ethers().get(name),
    },
    builtinResolver,
  );
  return {
    resolver: {
      ...others,
      // A service that the system knows is of no other transport than it says, whatever IANA has registered.
      service(name, transport) {
        const ports = services().ports.get(name);
        return ports === undefined ? builtinResolver.service(name, transport) : ports.get(transport);
      },
    },
    names: {
      // tcpdump prints the number of a port that the system has no name for.
      serviceName(port, protocol) {
        const known = services().names;
        return known.size === 0 ? serviceName(port, protocol) : known.get(`${port}/${protocol}`);
      },
      hostName: (address) => hosts().names.get(textOfAddress(address)),
      interfaceName: (index) => interfaces().get(index),
    },
  };
}

/** Interface indexes of this process's network namespace; where they cannot be had, indexes print as they are. */
const interfaces = lazily(() => new Map(links()?.map(({ index, name }) => [index, name])));

const system = lazily(() => readSystemDatabases());

/** Resolves names of expressions by the system's databases, then by the built-in tables. */
export const systemResolver = (): Resolver => system().resolver;

/** Names for printing: ports and addresses as the system knows them. */
export const systemNames = (): SystemNames => system().names;

function textOfAddress(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  if (address.length === 4) return formatIpv4(view.getUint32(0));
  return formatIpv6([view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)]);
}

function canonicalAddress(text: string): string | undefined {
  const ip4 = parseIpv4(text);
  if (ip4 !== undefined) return formatIpv4(ip4);
  const ip6 = parseIpv6(text);
  return ip6 === undefined ? undefined : formatIpv6(ip6);
}
