/**
 * Qualifiers and an identifier: `tcp dst port 80`, `net 10.0.0.0/8`, `ether host aa:bb:cc:dd:ee:ff`.
 *
 * Which qualifiers fit which identifier, and libpcap's many ways to say that they do not. libpcap:
 * `gen_scode`, `gen_ncode`, `gen_mcode`, `gen_mcode6`, `gen_ecode`, `gen_acode` and grammar.y.
 */

import {
  formatIpv4,
  IP_PROTOCOLS,
  IPPROTO,
  type Ipv6Address,
  linkProtocolNamed,
  linkProtocolNames,
  parseDecnet,
  parseDotted,
  parseIpv4,
  parseIpv6,
  parseMac,
  prefixMask,
  prefixMask6,
  serviceNames,
} from '../names/index.js';
import { closest } from '../source.js';
import {
  type AddressType,
  displayFilterHint,
  type Identifier,
  type Protocol,
  type Qualifiers,
} from '../syntax/index.js';
import {
  decnetAddress,
  type Ipv4Net,
  type Ipv6Net,
  ipv4Addresses,
  ipv6Addresses,
  mac8Address,
  mac48Address,
  refuseWlan,
} from './address.js';
import { and, type Condition, or } from './condition.js';
import type { Context } from './context.js';
import { UNSET } from './link.js';
import { NLPID } from './linkTest.js';
import { type PortRange, ports } from './port.js';
import { protocolChain, protocolNumber } from './protocol.js';

export function identifierTest(
  context: Context,
  id: Identifier,
  qualifiers: Qualifiers | undefined,
): Condition {
  switch (id.kind) {
    case 'name':
      return nameTest(context, id.name, qualifiers ?? nothingInherited(context));
    case 'number':
      return numberTest(context, id.value, qualifiers ?? nothingInherited(context));
    case 'dotted':
      return dottedTest(context, id.text, qualifiers);
    case 'dotted-prefix':
      return dottedNetTest(context, id.text, id.length.value, undefined, qualifiers);
    case 'dotted-mask':
      return dottedNetTest(context, id.text, 32, id.mask, qualifiers);
    case 'ipv6':
      return ipv6Test(context, id.text, undefined, qualifiers);
    case 'ipv6-prefix':
      return ipv6Test(context, id.text, id.length.value, qualifiers);
    case 'mac':
      return macTest(context, id.text, qualifiers);
    case 'mac8':
      return mac8Test(context, id.text, qualifiers);
  }
}

function nothingInherited(context: Context): never {
  const hint = "there are no qualifiers to inherit: write 'host', 'port' or what is meant before it";
  return context.fail('syntax error in filter expression', hint);
}

/** The type qualifier as libpcap names it in messages. */
function typeWord(qualifiers: Qualifiers | undefined): string {
  return qualifiers === undefined ? '<invalid type 255>' : (qualifiers.type ?? '<invalid type 0>');
}

/** `decnet` goes with one form only. */
function refuseDecnet(context: Context, { protocol, type }: Qualifiers): void {
  if (protocol === 'decnet') context.misqualified('decnet', type ?? 'host');
}

// Names

function nameTest(context: Context, name: string, qualifiers: Qualifiers): Condition {
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

/** `net 10` and named networks: as many leading bytes as are needed, moved to the left. */
function leftJustified(number: number): Ipv4Net {
  let address = number;
  let mask = 0xffff_ffff;
  while (address !== 0 && address < 0x0100_0000) {
    address *= 256;
    mask = (mask << 8) >>> 0;
  }
  return { address, mask };
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
    return context.fail(`unknown host '${name}'`, displayFilterHint(name, 0) || 'write its address');
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

// Ports

/** IP protocol number for a qualifier that has ports; `undefined` for none. */
function portProtocol(context: Context, protocol: Protocol | undefined, what: string): number | undefined {
  switch (protocol) {
    case undefined:
      return undefined;
    case 'tcp':
      return IPPROTO.TCP;
    case 'udp':
      return IPPROTO.UDP;
    case 'sctp':
      return IPPROTO.SCTP;
    default: {
      const hint = protocol === 'ip' || protocol === 'ip6' ? `write '${protocol} and ${what} …'` : '';
      return context.misqualified(protocol, what, hint);
    }
  }
}

/** A service is of TCP, of UDP, or of both when both have the same number; TCP wins otherwise. */
function serviceNumber(context: Context, name: string): PortRange | undefined {
  const { resolver } = context.settings;
  const tcp = resolver.service(name, 'tcp');
  const udp = resolver.service(name, 'udp');
  const port = tcp ?? udp;
  if (port === undefined) return undefined;
  const protocol = tcp === udp ? undefined : tcp === undefined ? IPPROTO.UDP : IPPROTO.TCP;
  return { first: port, last: port, protocol };
}

const TRANSPORT_NAMES: ReadonlyMap<number, string> = new Map([
  [IPPROTO.TCP, 'tcp'],
  [IPPROTO.UDP, 'udp'],
  [IPPROTO.SCTP, 'sctp'],
]);

/** A service's own transport must agree with the qualifier. */
function forProtocol(
  context: Context,
  name: string,
  range: PortRange,
  wanted: number | undefined,
  what: string,
): PortRange {
  if (wanted === undefined) return range;
  if (range.protocol !== undefined && range.protocol !== wanted) {
    context.fail(`${what} '${name}' is ${TRANSPORT_NAMES.get(range.protocol)}`);
  }
  return { ...range, protocol: wanted };
}

function unknownPortHint(name: string): string {
  const dash = /^([0-9]+)-([0-9]+)$/.test(name);
  if (dash) return `did you mean 'portrange ${name}'?`;
  const display = displayFilterHint(name, 0);
  if (display !== '') return display;
  const near = closest(name, serviceNames());
  return near === undefined ? 'write its number' : `did you mean '${near}'?`;
}

/** `8000-8080`, names on either side. */
function portRange(context: Context, text: string): PortRange {
  const hyphen = text.indexOf('-');
  if (hyphen < 0) {
    const only = rangeEnd(context, text);
    return { first: only.first, last: only.first, protocol: only.protocol };
  }
  if (text.includes('-', hyphen + 1)) {
    context.fail(`port range '${text}' contains more than one hyphen`);
  }
  const from = rangeEnd(context, text.slice(0, hyphen));
  const to = rangeEnd(context, text.slice(hyphen + 1));
  const protocol = from.protocol === to.protocol ? from.protocol : undefined;
  for (const end of [from, to]) context.atMost('port number', end.first, 0xffff);
  return { first: from.first, last: to.first, protocol };
}

/** A number, or a service's. */
function rangeEnd(context: Context, text: string): PortRange {
  const number = portNumber(context, text);
  if (number !== undefined) return { first: number, last: number, protocol: undefined };
  return serviceNumber(context, text) ?? context.fail(`'${text}' is not a valid port`);
}

/** As the lexer reads numbers: hexadecimal, octal, decimal. */
function portNumber(context: Context, text: string): number | undefined {
  const radix = /^0x/i.test(text) ? 16 : text.length > 1 && text.startsWith('0') ? 8 : 10;
  const digits = radix === 16 ? /^0x[0-9a-f]+$/i : radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/;
  if (!digits.test(text)) return undefined;
  const value = Number.parseInt(radix === 16 ? text.slice(2) : text, radix);
  const base = radix === 16 ? 'hexadecimal' : radix === 8 ? 'octal' : 'decimal';
  if (value > 0xffff_ffff) context.fail(`${base} number ${text} overflows 32 bits`);
  return value;
}

// Numbers and addresses

function numberTest(context: Context, value: number, qualifiers: Qualifiers): Condition {
  const { protocol, direction, type } = qualifiers;
  if (protocol === 'decnet') {
    refuseWlan(context, direction);
    if (type !== undefined && type !== 'host') context.misqualified('decnet', type);
    context.fail(`invalid DECnet address '${value}'`, 'a DECnet address is AREA.NODE');
  }
  switch (type) {
    case 'port':
    case 'portrange': {
      const transport = portProtocol(context, protocol, type);
      context.atMost('port number', value, 0xffff);
      return ports(context, { first: value, last: value, protocol: transport }, direction, type);
    }
    case 'gateway':
      return context.misqualified('gateway', `${value}`, "'gateway' takes a host name");
    case 'proto':
      return protocolNumber(context, value, protocol);
    case 'protochain':
      return protocolChain(context, value, protocol);
    default: {
      if (protocol === 'link') context.fail(`illegal link-layer address '${value}'`);
      const net = type === 'net' ? leftJustified(value) : { address: value, mask: 0xffff_ffff };
      const kind = type === 'net' ? 'net <IPv4 address>' : 'host <IPv4 address>';
      return ipv4Addresses(context, [net], { protocol, direction, kind });
    }
  }
}

const NUMERIC_TYPES: ReadonlySet<AddressType | undefined> = new Set([
  'port',
  'portrange',
  'proto',
  'protochain',
]);

/** Ports and protocols are numbers, not addresses; `what` says what was found. */
function refuseNumericTypes(context: Context, qualifiers: Qualifiers | undefined, what: string): void {
  const type = qualifiers?.type;
  if (!NUMERIC_TYPES.has(type)) return;
  const message = `'${type}' qualifier applied to ${what}`;
  context.fail(message, "an address takes 'host' or 'net'");
}

function dottedTest(context: Context, text: string, qualifiers: Qualifiers | undefined): Condition {
  refuseNumericTypes(context, qualifiers, 'IPv4 address');
  const { protocol, direction, type } = qualifiers ?? nothingInherited(context);
  if (protocol === 'decnet') {
    refuseWlan(context, direction);
    if (type !== undefined && type !== 'host') context.misqualified('decnet', type);
    const address = parseDecnet(text);
    if (address === undefined)
      return context.fail(`invalid DECnet address '${text}'`, 'a DECnet address is AREA.NODE');
    return decnetAddress(context, address, direction);
  }
  if (type === 'gateway') context.misqualified('gateway', text, "'gateway' takes a host name");
  const address = dotted(context, text);
  if (protocol === 'link') {
    const hint = "for an IPv4 address leave 'ether' out";
    return context.fail(`illegal link-layer address '${text}'`, hint);
  }
  const kind = type === 'net' ? 'net <IPv4 address>' : 'host <IPv4 address>';
  const net = { address: address.value, mask: prefixMask(address.bits) };
  return ipv4Addresses(context, [net], { protocol, direction, kind });
}

/** Moved to the left, so that `10.1` is 10.1.0.0. */
function dotted(context: Context, text: string): { value: number; bits: number } {
  const parsed = parseDotted(text);
  if (parsed === undefined) {
    return context.fail(`invalid IPv4 address '${text}'`, 'each part is a decimal number, 0 to 255');
  }
  return { value: parsed.value * 2 ** (32 - parsed.bits), bits: parsed.bits };
}

function dottedNetTest(
  context: Context,
  text: string,
  length: number,
  maskText: string | undefined,
  qualifiers: Qualifiers | undefined,
): Condition {
  const written = maskText === undefined ? `${text}/${length}` : `${text} mask ${maskText}`;
  refuseNumericTypes(
    context,
    qualifiers,
    `IPv4 address and ${maskText === undefined ? 'prefix length' : 'netmask'}`,
  );
  if (qualifiers !== undefined) refuseDecnet(context, qualifiers);
  const { value } = dotted(context, text);
  let mask: number;
  if (maskText === undefined) {
    context.atMost('netmask length', length, 32);
    mask = prefixMask(length);
  } else {
    mask = dotted(context, maskText).value;
  }
  if ((value & ~mask) !== 0) {
    const network = `${formatIpv4((value & mask) >>> 0)}${written.slice(text.length)}`;
    context.fail(`non-network bits set in "${written}"`, `did you mean 'net ${network}' or 'host ${text}'?`);
  }
  if (qualifiers?.type !== 'net') {
    context.misqualified(typeWord(qualifiers), written, "a network takes 'net'");
  }
  const { protocol, direction } = qualifiers;
  const net = { address: value, mask };
  return ipv4Addresses(context, [net], { protocol, direction, kind: 'net <IPv4 prefix>' });
}

function ipv6Test(
  context: Context,
  text: string,
  length: number | undefined,
  qualifiers: Qualifiers | undefined,
): Condition {
  // libpcap's message for `proto` ends in a blank.
  const blank = qualifiers?.type === 'proto' ? ' ' : '';
  refuseNumericTypes(
    context,
    qualifiers,
    length === undefined ? 'IPv6 address' : `IPv6 address and prefix length${blank}`,
  );
  const address = parseIpv6(text);
  if (address === undefined) return context.fail(`invalid IPv6 address ${text}`);
  const bits = length ?? 128;
  if (bits > 128) context.fail('mask length must be <= 128');
  const mask = prefixMask6(bits);
  if (address.some((word, index) => (word & ~mask[index]!) !== 0)) {
    context.fail(`non-network bits set in "${text}/${bits}"`, `did you mean 'host ${text}'?`);
  }
  const { protocol, direction, type } = qualifiers ?? {};
  const net = { address, mask };
  const written = length === undefined ? text : `${text}/${bits}`;
  switch (type) {
    case undefined:
    case 'host':
      if (qualifiers === undefined) return nothingInherited(context);
      if (bits !== 128) context.misqualified('host', written, "a network takes 'net'");
      return ipv6Addresses(context, [net], {
        protocol,
        direction,
        kind: type === 'host' ? 'host <IPv6 address>' : 'net <IPv6 prefix>',
      });
    case 'net':
      return ipv6Addresses(context, [net], { protocol, direction, kind: 'net <IPv6 prefix>' });
    default:
      return context.misqualified(type, written);
  }
}

function macTest(context: Context, text: string, qualifiers: Qualifiers | undefined): Condition {
  const { protocol, direction, type } = qualifiers ?? {};
  const fits = qualifiers !== undefined && protocol === 'link' && (type === undefined || type === 'host');
  if (!fits) {
    context.fail('Ethernet address used in non-ether expression', `write 'ether host ${text}'`);
  }
  const address = parseMac(text);
  if (address === undefined) return context.fail(`invalid Ethernet address ${text}`);
  return mac48Address(context, address, direction, 'link host XX:XX:XX:XX:XX:XX');
}

function mac8Test(context: Context, text: string, qualifiers: Qualifiers | undefined): Condition {
  const { protocol, direction, type } = qualifiers ?? {};
  if (qualifiers === undefined || (type !== undefined && type !== 'host')) {
    return context.misqualified(typeWord(qualifiers), '$XX');
  }
  if (protocol !== 'link') {
    context.fail("'link' is the only valid proto qualifier for 'host $XX'", `write 'link host ${text}'`);
  }
  return mac8Address(context, Number.parseInt(text.slice(1), 16), direction, 'link host $XX');
}
