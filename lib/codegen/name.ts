/**
 * Identifiers that are names: hosts, networks, services, protocols, gateways. libpcap: `gen_scode`.
 */

import {
  IP_PROTOCOLS,
  type Ipv6Address,
  linkProtocolNamed,
  linkProtocolNames,
  parseIpv4,
  parseIpv6,
  parseMac,
  prefixMask6,
} from '../names/index.js';
import { closest } from '../source.js';
import type { Protocol, Qualifiers } from '../syntax/index.js';
import {
  type Ipv4Net,
  type Ipv6Net,
  ipv4Addresses,
  ipv6Addresses,
  leftJustified,
  mac48Address,
  refuseDecnet,
} from './address.js';
import { and, type Condition, or } from './condition.js';
import type { Context } from './context.js';
import { UNSET } from './link.js';
import { NLPID } from './linkTest.js';
import { ports } from './port.js';
import { protocolChain, protocolNumber } from './protocol.js';
import { forProtocol, portProtocol, portRange, serviceNumber, unknownPortHint } from './service.js';

export function nameTest(context: Context, name: string, qualifiers: Qualifiers): Condition {
  const { protocol, direction, type } = qualifiers;
  const { resolver } = context.settings;
  refuseDecnet(context, qualifiers);
  switch (type) {
    case 'net': {
      const network = parseIpv4(resolver.network(name) ?? '');
      if (network === undefined || network === 0) {
        return context.fail(`unknown network '${name}'`, 'write its address: net 10.0.0.0/8');
      }
      const net = leftJustified(network);
      return ipv4Addresses(context, [net], { protocol, direction, kind: 'net <IPv4 network name>' });
    }
    case 'port': {
      const numbers = portProtocol(context, protocol, 'port');
      const service = serviceNumber(context, name);
      if (service === undefined) return context.fail(`unknown port '${name}'`, unknownPortHint(name));
      return ports(context, forProtocol(context, name, service, numbers, 'port'), direction, 'port');
    }
    case 'portrange': {
      const numbers = portProtocol(context, protocol, 'portrange');
      const range = portRange(context, name);
      return ports(
        context,
        forProtocol(context, name, range, numbers, 'port in range'),
        direction,
        'portrange',
      );
    }
    case 'gateway':
      return gatewayTest(context, name, qualifiers);
    case 'proto':
      return protocolNumber(context, protocolNamed(context, name, qualifiers), protocol);
    case 'protochain':
      return protocolChain(context, protocolNamed(context, name, qualifiers), protocol);
    default:
      return hostNameTest(context, name, qualifiers);
  }
}

function hostNameTest(context: Context, name: string, { protocol, direction }: Qualifiers): Condition {
  if (protocol === 'link') return etherNameTest(context, name, direction, 'link host NAME');
  const untyped = context.headers.type.constant === UNSET && protocol === undefined;
  // Where there is no link type ARP cannot be told: a name then means IPv4 and IPv6 only.
  return hostAddresses(context, name, untyped ? 'ip' : protocol, untyped ? 'ip6' : protocol, direction);
}

function etherNameTest(
  context: Context,
  name: string,
  direction: Qualifiers['direction'],
  what: string,
): Condition {
  if (context.headers.row.mac48 === undefined) context.unsupported(what);
  const address = parseMac(context.settings.resolver.ether(name) ?? '');
  if (address === undefined) {
    return context.fail(
      `unknown Ethernet-like host '${name}'`,
      'write its address: ether host aa:bb:cc:dd:ee:ff',
    );
  }
  return mac48Address(context, address, direction, what);
}

/** At most this many addresses of a name, of each kind, are used. */
const MAX_ADDRESSES = 100;

/** In numerical order, so that the program does not depend on the name service's mood. */
function addressesOf(context: Context, name: string): { ipv4: Ipv4Net[]; ipv6: Ipv6Net[] } {
  const answers = context.settings.resolver.hosts(name);
  if (answers === undefined || answers.length === 0) {
    return context.fail(`unknown host '${name}'`, slipHint(name));
  }
  const ipv4 = answers.map(parseIpv4).filter((address) => address !== undefined);
  const ipv6 = answers.map(parseIpv6).filter((address) => address !== undefined);
  ipv4.sort((a, b) => a - b);
  ipv6.sort(compareIpv6);
  return {
    ipv4: ipv4.slice(0, MAX_ADDRESSES).map((address) => ({ address, mask: 0xffff_ffff })),
    ipv6: ipv6.slice(0, MAX_ADDRESSES).map((address) => ({ address, mask: prefixMask6(128) })),
  };
}

function hostAddresses(
  context: Context,
  name: string,
  protocol4: Protocol | undefined,
  protocol6: Protocol | undefined,
  direction: Qualifiers['direction'],
): Condition {
  const { ipv4, ipv6 } = addressesOf(context, name);
  const kind = 'host <Internet hostname>';
  const tests: Condition[] = [];
  if (protocol4 !== 'ip6' && ipv4.length > 0) {
    tests.push(ipv4Addresses(context, ipv4, { protocol: protocol4, direction, kind }));
  }
  if (protocol6 !== 'ip' && protocol6 !== 'arp' && protocol6 !== 'rarp' && ipv6.length > 0) {
    tests.push(ipv6Addresses(context, ipv6, { protocol: protocol6, direction, kind }));
  }
  if (tests.length === 0) {
    const family = protocol4 === undefined ? '' : ' for specified address family';
    return context.fail(`unknown host '${name}'${family}`);
  }
  return tests.reduce(or);
}

function compareIpv6(a: Ipv6Address, b: Ipv6Address): number {
  const index = a.findIndex((word, at) => word !== b[at]);
  return index < 0 ? 0 : a[index]! - b[index]!;
}

/** Packets that went through a host but not to it: its Ethernet address, and not its IPv4 addresses. */
function gatewayTest(context: Context, name: string, { protocol }: Qualifiers): Condition {
  if (protocol !== undefined && !['ip', 'arp', 'rarp'].includes(protocol))
    context.misqualified(protocol, 'gateway');
  if (context.headers.mplsLabels > 0) context.fail("'gateway' cannot be used within MPLS");
  if (context.headers.tunnelled) context.fail("'gateway' cannot be used within VXLAN or Geneve");
  const direction = 'src or dst';
  const ether = etherNameTest(context, name, direction, 'gateway');
  const { ipv4 } = addressesOf(context, name);
  if (ipv4.length === 0) return context.fail(`unknown host '${name}'`);
  const options = { protocol, direction, kind: 'gateway', none: true } as const;
  return and(ether, ipv4Addresses(context, ipv4, options));
}

function protocolNamed(context: Context, name: string, { protocol, type }: Qualifiers): number {
  const number = lookUpProtocol(context, name, protocol);
  if (number !== undefined) return number;
  const words = protocol === undefined ? type : `${protocol} ${type}`;
  const known = protocol === 'link' ? linkProtocolNames() : IP_PROTOCOLS.keys();
  const near = closest(name, known);
  return context.fail(
    `unknown '${words}' value '${name}'`,
    near === undefined ? '' : `did you mean '${near}'?`,
  );
}

function lookUpProtocol(context: Context, name: string, protocol: Protocol | undefined): number | undefined {
  switch (protocol) {
    case undefined:
    case 'ip':
    case 'ip6':
      return context.settings.resolver.protocol(name);
    case 'link':
      return linkProtocolNamed(name);
    case 'iso':
      return new Map<string, number>([
        ['esis', NLPID.ESIS],
        ['isis', NLPID.ISIS],
        ['clnp', NLPID.CLNP],
      ]).get(name);
    default:
      return undefined;
  }
}

/** Words that stand before a name, and are taken for one when they are misspelt: `dst prt 90`. */
const TYPES = ['host', 'net', 'port', 'portrange', 'proto', 'gateway'];

function slipHint(name: string): string {
  const word = closest(name, TYPES);
  return word === undefined ? 'write its address' : `did you mean '${word}'?`;
}
