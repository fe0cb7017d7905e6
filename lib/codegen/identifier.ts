/**
 * Qualifiers and an identifier: `tcp dst port 80`, `net 10.0.0.0/8`, `ether host aa:bb:cc:dd:ee:ff`.
 *
 * Which qualifiers fit which identifier, and libpcap's many ways to say that they do not. libpcap:
 * `gen_ncode`, `gen_mcode`, `gen_mcode6`, `gen_ecode`, `gen_acode` and grammar.y. Names are in name.ts.
 */

import {
  formatIpv4,
  parseDecnet,
  parseDotted,
  parseIpv6,
  parseMac,
  prefixMask,
  prefixMask6,
} from '../names/index.js';
import type { AddressType, Identifier, Qualifiers } from '../syntax/index.js';
import {
  decnetAddress,
  ipv4Addresses,
  ipv6Addresses,
  leftJustified,
  mac8Address,
  mac48Address,
  refuseDecnet,
  refuseWlan,
} from './address.js';
import type { Condition } from './condition.js';
import type { Context } from './context.js';
import { nameTest } from './name.js';
import { ports } from './port.js';
import { protocolChain, protocolNumber } from './protocol.js';
import { portProtocol } from './service.js';

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
  const hint = "write 'host', 'port' or what is meant before it";
  const message = 'there are no qualifiers to inherit here';
  return context.fail('syntax error in filter expression', hint, context.span, message);
}

/** A type that does not go with what is written, or none; libpcap then prints its number. */
function untyped(context: Context, qualifiers: Qualifiers | undefined, written: string): never {
  const hint = written.startsWith('$') ? "write 'link host' before it" : "a network takes 'net'";
  if (qualifiers?.type !== undefined) return context.misqualified(qualifiers.type, written, hint);
  const number = qualifiers === undefined ? 255 : 0;
  const libpcapMessage = `'<invalid type ${number}>' is not a valid qualifier for '${written}'`;
  return context.fail(libpcapMessage, hint, context.span, `'${written}' lacks a qualifier`);
}

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
  const address = dotted(context, text);
  if (type === 'gateway') context.misqualified('gateway', text, "'gateway' takes a host name");
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
    return untyped(context, qualifiers, written);
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
      if (qualifiers === undefined) return untyped(context, qualifiers, written);
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
    return untyped(context, qualifiers, '$XX');
  }
  if (protocol !== 'link') {
    context.fail("'link' is the only valid proto qualifier for 'host $XX'", `write 'link host ${text}'`);
  }
  return mac8Address(context, Number.parseInt(text.slice(1), 16), direction, 'link host $XX');
}
