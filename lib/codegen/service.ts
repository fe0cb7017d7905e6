/**
 * Ports by name: services, and ranges such as `8000-8080`.
 */

import { IPPROTO, serviceNames } from '../names/index.js';
import { closest } from '../source.js';
import type { Protocol } from '../syntax/index.js';
import type { Context } from './context.js';
import type { PortRange } from './port.js';

/** IP protocol number for a qualifier that has ports; `undefined` for none. */
export function portProtocol(
  context: Context,
  protocol: Protocol | undefined,
  what: string,
): number | undefined {
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
export function serviceNumber(context: Context, name: string): PortRange | undefined {
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
export function forProtocol(
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

export function unknownPortHint(name: string): string {
  const dash = /^([0-9]+)-([0-9]+)$/.test(name);
  if (dash) return `did you mean 'portrange ${name}'?`;
  const near = closest(name, serviceNames());
  return near === undefined ? 'write its number' : `did you mean '${near}'?`;
}

/** `8000-8080`, names on either side. */
export function portRange(context: Context, text: string): PortRange {
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
