/**
 * `port` and `portrange`: TCP, UDP and SCTP over IPv4 and IPv6.
 *
 * Over IPv4 only in the first fragment, behind a header of any length; over IPv6 right behind the fixed
 * header (extension headers are not skipped).
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, IPPROTO } from '../names/index.js';
import type { Direction } from '../syntax/index.js';
import { bySide } from './address.js';
import { and, type Condition, not, or, TRUE, testK } from './condition.js';
import type { Context } from './context.js';
import { linkTest } from './linkTest.js';
import { compare, load } from './load.js';
import { ipv4Protocol, ipv6NextHeader } from './protocol.js';

const { JSET } = opcodes;

export interface PortRange {
  readonly first: number;
  readonly last: number;
  /** IP protocol number; `undefined`: any of the three. */
  readonly protocol: number | undefined;
}

/** `what` is `port` or `portrange`, for the error about directions. */
export function ports(
  context: Context,
  range: PortRange,
  direction: Direction | undefined,
  what: string,
): Condition {
  // Cells for varying offsets are given out in the order of generation: IPv4 first, as in libpcap.
  const ipv4 = portsOverIpv4(context, range, direction, what);
  const ipv6 = portsOverIpv6(context, range, direction, what);
  return or(ipv6, ipv4);
}

export function portsOverIpv4(
  context: Context,
  range: PortRange,
  direction: Direction | undefined,
  what: string,
): Condition {
  const fields = portFields(context, 'ipv4-transport', range, direction, what);
  const transport = context.inProtocol(() =>
    transports(range, (protocol) => ipv4Protocol(context, protocol)),
  );
  const first = firstFragment(context);
  const ip = context.inProtocol(() => linkTest(context, ETHERTYPE.IP));
  return and(ip, and(and(transport, first), fields));
}

export function portsOverIpv6(
  context: Context,
  range: PortRange,
  direction: Direction | undefined,
  what: string,
): Condition {
  const fields = portFields(context, 'ipv6-transport', range, direction, what);
  const transport = context.inProtocol(() =>
    transports(range, (protocol) => ipv6NextHeader(context, protocol)),
  );
  const ip6 = context.inProtocol(() => linkTest(context, ETHERTYPE.IPV6));
  return and(ip6, and(transport, fields));
}

/** RFC 791: fragment offset 0. */
export function firstFragment(context: Context): Condition {
  if (context.headers.transport !== undefined) return TRUE;
  return not(testK(load(context, 'network', 6, 2), JSET, 0x1fff, context.span));
}

function transports({ protocol }: PortRange, test: (protocol: number) => Condition): Condition {
  if (protocol !== undefined) return test(protocol);
  return or(test(IPPROTO.TCP), or(test(IPPROTO.UDP), test(IPPROTO.SCTP)));
}

/** Source port at 0, destination port at 2, in all three protocols. */
function portFields(
  context: Context,
  base: 'ipv4-transport' | 'ipv6-transport',
  { first, last }: PortRange,
  direction: Direction | undefined,
  what: string,
): Condition {
  const field = (which: 'source' | 'destination') => {
    const offset = which === 'source' ? 0 : 2;
    if (first === last) return compare(context, base, offset, 2, first);
    const [low, high] = [Math.min(first, last), Math.max(first, last)];
    const atLeast = compare(context, base, offset, 2, low, 0xffff_ffff, '>=');
    return and(atLeast, compare(context, base, offset, 2, high, 0xffff_ffff, '<='));
  };
  return bySide(context, direction, field, (other) => context.misqualified(other, what));
}
