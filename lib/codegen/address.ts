/**
 * Tests of addresses: IPv4, IPv6 and ARP, 48-bit and 8-bit link-layer addresses, 802.11, DECnet.
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, type Ipv6Address } from '../names/index.js';
import type { Direction, Protocol, Qualifiers } from '../syntax/index.js';
import { and, type Condition, isFalse, not, or, TRUE, testX } from './condition.js';
import type { Context } from './context.js';
import { enclosingTest, linkTest } from './linkTest.js';
import { anyBit, compare, compareBytes } from './load.js';

const { JEQ, LD, LDX, MEM } = opcodes;

/** Where an IPv4 address stands, from the network header: RFC 791, RFC 826. */
const IPV4_FIELDS: ReadonlyMap<Protocol, { type: number; source: number; destination: number }> = new Map([
  ['ip', { type: ETHERTYPE.IP, source: 12, destination: 16 }],
  ['arp', { type: ETHERTYPE.ARP, source: 14, destination: 24 }],
  ['rarp', { type: ETHERTYPE.REVARP, source: 14, destination: 24 }],
]);

/** Builds the condition for one side or both; `what` names the test in the error for other directions. */
export function bySide(
  context: Context,
  direction: Direction | undefined,
  side: (which: 'source' | 'destination') => Condition,
  otherwise: (direction: Direction) => Condition = (other) => wlanOnly(context, other),
): Condition {
  switch (direction) {
    case 'src':
      return side('source');
    case 'dst':
      return side('destination');
    case 'src and dst':
      return and(side('source'), side('destination'));
    case 'src or dst':
    case undefined:
      return or(side('source'), side('destination'));
    default:
      return otherwise(direction);
  }
}

const WLAN_DIRECTIONS: ReadonlySet<Direction | undefined> = new Set([
  'addr1',
  'addr2',
  'addr3',
  'addr4',
  'ra',
  'ta',
]);

/** `decnet` goes with one form only. */
export function refuseDecnet(context: Context, { protocol, type }: Qualifiers): void {
  if (protocol === 'decnet') context.misqualified('decnet', type ?? 'host');
}

/** Directions that only 802.11 addresses have. */
export function refuseWlan(context: Context, direction: Direction | undefined): void {
  if (direction !== undefined && WLAN_DIRECTIONS.has(direction)) wlanOnly(context, direction);
}

function wlanOnly(context: Context, direction: Direction): never {
  return context.fail(`'${direction}' is valid for 802.11 syntax only`, "elsewhere write 'src' or 'dst'");
}

export interface Ipv4Net {
  readonly address: number;
  readonly mask: number;
}

/** How IPv4 addresses are to be tested; `kind` is what libpcap calls them when the protocol does not fit. */
export interface AddressOptions {
  readonly protocol: Protocol | undefined;
  readonly direction: Direction | undefined;
  readonly kind: string;
  /** None of the addresses; the protocol must be there all the same. */
  readonly none?: boolean;
}

/** Any of the networks; without a protocol in IPv4, ARP or RARP. */
export function ipv4Addresses(
  context: Context,
  nets: readonly Ipv4Net[],
  options: AddressOptions,
): Condition {
  const { protocol, direction, kind, none = false } = options;
  refuseWlan(context, direction);
  if (protocol === undefined) {
    const ip = ipv4Addresses(context, nets, { ...options, protocol: 'ip' });
    // Behind MPLS labels only IP can be recognised.
    if (context.headers.mplsLabels > 0) return ip;
    const arp = ipv4Addresses(context, nets, { ...options, protocol: 'arp' });
    const rarp = ipv4Addresses(context, nets, { ...options, protocol: 'rarp' });
    return or(or(ip, arp), rarp);
  }
  const fields = IPV4_FIELDS.get(protocol);
  if (fields === undefined) return context.misqualified(protocol, kind);
  const test = context.inProtocol(() => linkTest(context, fields.type));
  if (isFalse(test)) return test; // no cell is to be given out for the offset of what cannot be there
  if (nets.some(({ address, mask }) => address === 0 && mask === 0)) return test;
  const any = nets
    .map(({ address, mask }) =>
      bySide(context, direction, (which) => compare(context, 'network', fields[which], 4, address, mask)),
    )
    .reduce(or);
  return and(test, none ? not(any) : any);
}

/** An IPv6 network, most significant word first. */
export interface Ipv6Net {
  readonly address: Ipv6Address;
  readonly mask: Ipv6Address;
}

/** Any of the networks. */
export function ipv6Addresses(
  context: Context,
  nets: readonly Ipv6Net[],
  { protocol, direction, kind }: AddressOptions,
): Condition {
  refuseWlan(context, direction);
  if (protocol !== undefined && protocol !== 'ip6') {
    return context.misqualified(protocol, kind);
  }
  const test = context.inProtocol(() => linkTest(context, ETHERTYPE.IPV6));
  const everything = ({ mask }: Ipv6Net) => mask.every((word) => word === 0);
  if (nets.some(everything)) return test;
  const any = nets
    .map((net) => bySide(context, direction, (which) => ipv6Side(context, net, which)))
    .reduce(or);
  return and(test, any);
}

/** RFC 8200 §3: source at 8, destination at 24. Words that the mask leaves out are not loaded. */
function ipv6Side(context: Context, { address, mask }: Ipv6Net, which: 'source' | 'destination'): Condition {
  const start = which === 'source' ? 8 : 24;
  return [0, 1, 2, 3]
    .filter((index) => mask[index] !== 0)
    .map((index) => compare(context, 'network', start + 4 * index, 4, address[index]!, mask[index]!))
    .reduce((all, word) => and(all, word), TRUE);
}

/** `what` is the primitive's name in the error for link types without such addresses. */
export function mac48Address(
  context: Context,
  address: Uint8Array,
  direction: Direction | undefined,
  what: string,
): Condition {
  const { mac48 } = context.headers.row;
  if (mac48 === undefined) return context.unsupported(what);
  if (mac48 === 'wlan') return wlanAddress(context, address, direction);
  const { tunnelled, row } = context.headers;
  const enclosing =
    row.test !== 'ethernet' ? TRUE : tunnelled ? hasLinkHeader(context) : enclosingTest(context);
  const side = (which: 'source' | 'destination') => compareBytes(context, 'link', mac48[which], address);
  return and(enclosing, bySide(context, direction, side));
}

/** Inside Geneve a payload may start with its network header: then both offsets are equal. */
export function hasLinkHeader(context: Context): Condition {
  const { link, payload } = context.headers;
  const statements = [
    context.statement(LD | MEM, context.cellOf(link.slot!)),
    context.statement(LDX | MEM, context.cellOf(payload.slot!)),
  ];
  return not(testX(statements, JEQ, context.span));
}

export function mac8Address(
  context: Context,
  address: number,
  direction: Direction | undefined,
  what: string,
): Condition {
  refuseWlan(context, direction);
  const { mac8 } = context.headers.row;
  if (mac8 === undefined) return context.unsupported(what);
  return bySide(context, direction, (which) => compare(context, 'link', mac8[which], 1, address));
}

// 802.11, IEEE 802.11 §9.2. First byte: type in bits 2 and 3, subtype above. Second byte: bit 0 "to DS", bit 1
// "from DS". Addresses of 6 bytes at 4, 10, 16, and at 24 when both bits are set.
const TYPE_MASK = 0x0c;
const TYPE_CONTROL = 0x04;
const SUBTYPE_MASK = 0xf0;
const SUBTYPE_CTS = 0xc0;
const SUBTYPE_ACK = 0xd0;
const DATA_BIT = 0x08;
const CONTROL_BIT = 0x04;
const TO_DS = 0x01;
const FROM_DS = 0x02;

/** The address field of a frame that is source or destination depends on type and direction. */
function wlanAddress(context: Context, address: Uint8Array, direction: Direction | undefined): Condition {
  const at = (offset: number) => compareBytes(context, 'link', offset, address);
  const notControl = () => compare(context, 'link', 0, 1, TYPE_CONTROL, TYPE_MASK, '!=');
  const side = (which: 'source' | 'destination') =>
    which === 'source' ? wlanSource(context, at) : wlanDestination(context, at);
  return bySide(context, direction, side, (other) => {
    switch (other) {
      case 'addr1':
        return at(4);
      case 'addr2':
        return and(hasSecondAddress(context), at(10));
      case 'addr3':
        return and(notControl(), at(16));
      case 'addr4':
        return and(compare(context, 'link', 1, 1, TO_DS | FROM_DS, TO_DS | FROM_DS), at(24));
      case 'ra':
        return and(anyBit(context, 'link', 0, DATA_BIT), at(4));
      case 'ta':
        return and(and(anyBit(context, 'link', 0, DATA_BIT), hasSecondAddress(context)), at(10));
      default:
        return context.fail(`'${other}' is not a direction of 802.11`);
    }
  });
}

/** Not a CTS or ACK frame. */
function hasSecondAddress(context: Context): Condition {
  const isNot = (value: number, mask: number) => compare(context, 'link', 0, 1, value, mask, '!=');
  return or(
    isNot(TYPE_CONTROL, TYPE_MASK),
    and(isNot(SUBTYPE_CTS, SUBTYPE_MASK), isNot(SUBTYPE_ACK, SUBTYPE_MASK)),
  );
}

/** Neither control frame nor reserved; `data` for data frames, `management` for management frames. */
function byFrameType(context: Context, data: Condition, management: Condition): Condition {
  const bit = (mask: number) => anyBit(context, 'link', 0, mask);
  const either = or(and(not(bit(DATA_BIT)), management), and(bit(DATA_BIT), data));
  return and(not(bit(CONTROL_BIT)), either);
}

function wlanSource(context: Context, at: (offset: number) => Condition): Condition {
  const bit = (mask: number) => anyBit(context, 'link', 1, mask);
  const fromDs = or(and(not(bit(TO_DS)), at(16)), and(bit(TO_DS), at(24)));
  const data = or(and(not(bit(FROM_DS)), at(10)), and(bit(FROM_DS), fromDs));
  return byFrameType(context, data, at(10));
}

/** `at` may also test one bit of the address, as `multicast` does. */
export function wlanDestination(context: Context, at: (offset: number) => Condition): Condition {
  const bit = (mask: number) => anyBit(context, 'link', 1, mask);
  const data = or(and(not(bit(TO_DS)), at(4)), and(bit(TO_DS), at(16)));
  return byFrameType(context, data, at(4));
}

/**
 * DECnet Phase IV: little-endian addresses in a long or short header, with or without one byte of padding
 * before it. DNA Routing Layer 2.0.0 §9; other paddings are not looked for.
 */
export function decnetAddress(
  context: Context,
  address: number,
  direction: Direction | undefined,
): Condition {
  refuseWlan(context, direction);
  const test = linkTest(context, ETHERTYPE.DECNET);
  const swapped = ((address & 0xff) << 8) | (address >> 8);
  const side = (which: 'source' | 'destination') => decnetSide(context, swapped, which);
  return and(test, bySide(context, direction, side));
}

function decnetSide(context: Context, address: number, which: 'source' | 'destination'): Condition {
  const field = (offset: number) => compare(context, 'network', offset, 2, address);
  const [long, short] = which === 'source' ? [15, 3] : [7, 1];
  const longPadded = and(compare(context, 'network', 2, 2, 0x8106, 0xff07), field(2 + 1 + long));
  const longPlain = and(compare(context, 'network', 2, 1, 0x06, 0x07), field(2 + long));
  let shortPadded: Condition;
  let shortPlain: Condition;
  if (which === 'destination') {
    // Flags and address fit into one word.
    shortPadded = compare(context, 'network', 2, 4, 0x8102_0000 + address, 0xff07_ffff);
    shortPlain = compare(context, 'network', 2, 4, 0x0200_0000 + address * 256, 0x07ff_ff00);
  } else {
    shortPadded = and(compare(context, 'network', 2, 2, 0x8102, 0xff07), field(2 + 1 + short));
    shortPlain = and(compare(context, 'network', 2, 1, 0x02, 0x07), field(2 + short));
  }
  return or(shortPlain, or(shortPadded, or(longPlain, longPadded)));
}

/** `net 10` and named networks: as many leading bytes as are needed, moved to the left. */
export function leftJustified(number: number): Ipv4Net {
  let address = number;
  let mask = 0xffff_ffff;
  while (address !== 0 && address < 0x0100_0000) {
    address *= 256;
    mask = (mask << 8) >>> 0;
  }
  return { address, mask };
}
