/**
 * Whether a packet's payload is of a protocol: one way for each {@link LinkTest}.
 *
 * A protocol is given as an EtherType above 1500, as an LLC access point up to 255. libpcap:
 * `gen_linktype` and what it calls.
 */

import { ETHERNET_MTU, ETHERTYPE, SAP } from '../names/index.js';
import { and, anyOf, type Condition, FALSE, or, TRUE } from './condition.js';
import type { Context } from './context.js';
import { UNSET } from './link.js';
import { anyBit, type Base, compare, compareBytes } from './load.js';

/** ISO 9577 network layer protocol identifiers. */
export const NLPID = { CLNP: 0x81, ESIS: 0x82, ISIS: 0x83 } as const;

/** Link-layer cells of SunATM: the low bits of the first byte. */
export const ATM_CELL = { LANE: 1, LLC: 2 } as const;

export function linkTest(context: Context, protocol: number): Condition {
  const { row, mplsLabels, type } = context.headers;
  if (mplsLabels > 0) return mplsTest(context, protocol);
  switch (row.test) {
    case 'ethernet':
      return ethernetTest(context, protocol);
    case 'ethertype':
      return etherType(context, protocol);
    case 'sll':
      return cookedTest(context, protocol);
    case 'hdlc':
      context.atMost('HDLC protocol', protocol, 0xffff);
      return compare(context, 'type', 0, 2, protocol === SAP.ISO ? SAP.ISO * 0x101 : protocol);
    case 'llc':
      return llcTest(context, protocol);
    case 'wlan':
      return and(dataFrame(context), llcTest(context, protocol));
    case 'sunatm':
      return and(atmCell(context, ATM_CELL.LLC), llcTest(context, protocol));
    case 'ppp':
      return compare(context, 'type', 0, 2, pppProtocol(context, protocol));
    case 'ppp-bsdos':
      return pppBsdosTest(context, protocol);
    case 'version':
      if (protocol === ETHERTYPE.IP) return compare(context, 'link', 0, 1, 0x40, 0xf0);
      return protocol === ETHERTYPE.IPV6 ? compare(context, 'link', 0, 1, 0x60, 0xf0) : FALSE;
    case 'ipv4':
      return protocol === ETHERTYPE.IP ? TRUE : FALSE;
    case 'ipv6':
      return protocol === ETHERTYPE.IPV6 ? TRUE : FALSE;
    case 'appletalk':
      return protocol === ETHERTYPE.ATALK ? TRUE : FALSE;
    case 'family':
    case 'host-family':
    case 'pflog':
      return familyTest(context, protocol);
    case 'ipnet': {
      // Solaris ipnet.h: IPH_AF_INET, IPH_AF_INET6.
      const family = protocol === ETHERTYPE.IP ? 2 : protocol === ETHERTYPE.IPV6 ? 26 : undefined;
      return family === undefined ? FALSE : compare(context, 'type', 0, 1, family);
    }
    case 'arcnet': {
      const code = ARCNET_CODES.get(protocol);
      return code === undefined ? FALSE : compare(context, 'type', 0, 1, code);
    }
    case 'frame-relay':
      return frameRelayTest(context, protocol);
    case 'juniper':
      return compare(context, 'link', 0, 4, 0x4d474300, 0xffffff00);
    case 'none':
      if (type.constant !== UNSET) return etherType(context, protocol);
      // Not to be done here: on these link types libpcap tests no protocol either (gencode.c, gen_linktype()), since
      // their packets say none; the message is its own, which the reference data holds us to.
      return context.fail(`link-layer type filtering not implemented for ${context.linkTypeText()}`);
  }
}

function etherType(context: Context, protocol: number): Condition {
  context.atMost('EtherType', protocol, 0xffff);
  return compare(context, 'type', 0, 2, protocol);
}

/** Behind labels only the version nibble is left to look at, below the bottom of the stack. */
function mplsTest(context: Context, protocol: number): Condition {
  const version = protocol === ETHERTYPE.IP ? 0x40 : protocol === ETHERTYPE.IPV6 ? 0x60 : undefined;
  if (version === undefined) return context.fail('unsupported protocol over mpls');
  const bottom = anyBit(context, 'network', -2, 1);
  return and(bottom, compare(context, 'network', 0, 1, version, 0xf0));
}

/** What has to hold besides the type for a frame to be Ethernet within something else. */
export function enclosingTest(context: Context): Condition {
  const { outerDlt } = context.headers;
  // ATM LAN emulation: not a control frame.
  return outerDlt === DLT_SUNATM ? compare(context, 'outer-link', 4, 2, 0xff00, 0xffff_ffff, '!=') : TRUE;
}
const DLT_SUNATM = 123;

function ethernetTest(context: Context, protocol: number): Condition {
  const enclosing = context.headers.tunnelled ? TRUE : enclosingTest(context);
  return and(enclosing, ethernetTypeTest(context, protocol));
}

/** Up to 1500 the type field is a length, and an LLC header follows. */
const isLength = (context: Context): Condition =>
  compare(context, 'type', 0, 2, ETHERNET_MTU, 0xffff_ffff, '<=');

function ethernetTypeTest(context: Context, protocol: number): Condition {
  switch (protocol) {
    case SAP.ISO:
    case SAP.IP:
    case SAP.NETBEUI:
      return and(isLength(context), compare(context, 'llc', 0, 2, protocol * 0x101));
    case SAP.IPX: {
      // Four encapsulations: Ethernet II; 802.3 length with IPX right behind it, LLC, or SNAP.
      const link = compare(context, 'llc', 0, 1, SAP.IPX);
      const bare = compare(context, 'llc', 0, 2, 0xffff);
      const framed = or(snap(context, 0, ETHERTYPE.IPX), or(link, bare));
      const length = isLength(context);
      return or(compare(context, 'type', 0, 2, ETHERTYPE.IPX), and(length, framed));
    }
    case ETHERTYPE.ATALK:
    case ETHERTYPE.AARP: {
      const length = isLength(context);
      const framed = snap(context, protocol === ETHERTYPE.ATALK ? APPLE : 0, protocol);
      return or(compare(context, 'type', 0, 2, protocol), and(length, framed));
    }
    default:
      if (protocol > ETHERNET_MTU) return etherType(context, protocol);
      context.atMost('LLC DSAP', protocol, 0xff);
      return and(isLength(context), compare(context, 'type', 2, 1, protocol));
  }
}

/** Apple's organization code. */
const APPLE = 0x080007;

/** Linux cooked capture: ARPHRD-independent values for frames without an EtherType. */
const SLL_802_3 = 1;
const SLL_802_2 = 4;

function cookedTest(context: Context, protocol: number): Condition {
  const is = (value: number) => compare(context, 'type', 0, 2, value);
  switch (protocol) {
    case SAP.ISO:
    case SAP.IP:
    case SAP.NETBEUI:
      return and(is(SLL_802_2), compare(context, 'llc', 0, 2, protocol * 0x101));
    case SAP.IPX: {
      const framed = or(compare(context, 'llc', 0, 1, SAP.IPX), snap(context, 0, ETHERTYPE.IPX));
      return or(is(ETHERTYPE.IPX), or(is(SLL_802_3), and(is(SLL_802_2), framed)));
    }
    case ETHERTYPE.ATALK:
    case ETHERTYPE.AARP: {
      const framed = snap(context, protocol === ETHERTYPE.ATALK ? APPLE : 0, protocol);
      return or(is(protocol), and(is(SLL_802_2), framed));
    }
    default:
      if (protocol > ETHERNET_MTU) return etherType(context, protocol);
      context.atMost('LLC DSAP', protocol, 0xff);
      return and(is(SLL_802_2), compare(context, 'link', context.headers.payload.constant, 1, protocol));
  }
}

/** SNAP: LLC with both access points 0xaa, then organization and EtherType. IEEE 802, RFC 1042. */
function snap(context: Context, organization: number, protocol: number): Condition {
  const bytes = [
    SAP.SNAP,
    SAP.SNAP,
    3,
    organization >> 16,
    organization >> 8,
    organization,
    protocol >> 8,
    protocol,
  ];
  return compareBytes(
    context,
    'llc',
    0,
    bytes.map((byte) => byte & 0xff),
  );
}

function llcTest(context: Context, protocol: number): Condition {
  switch (protocol) {
    case SAP.ISO:
    case SAP.IP:
    case SAP.NETBEUI:
      return compare(context, 'llc', 0, 2, protocol * 0x101);
    case SAP.IPX:
      return compare(context, 'llc', 0, 1, SAP.IPX);
    case ETHERTYPE.ATALK:
      return snap(context, APPLE, ETHERTYPE.ATALK);
    default:
      if (protocol > ETHERNET_MTU) {
        context.atMost('EtherType', protocol, 0xffff);
        // The SNAP header before it is taken for granted.
        return compare(context, 'llc', 6, 2, protocol);
      }
      context.atMost('LLC DSAP', protocol, 0xff);
      return compare(context, 'llc', 0, 1, protocol);
  }
}

/** 802.11: type 2 (data) in bits 2 and 3 of the first byte. */
export const dataFrame = (context: Context): Condition => compare(context, 'link', 0, 1, 0x08, 0x0c);

export const atmCell = (context: Context, kind: number): Condition =>
  compare(context, 'link', 0, 1, kind, 0x0f);

/** IANA "PPP Numbers". */
const PPP_PROTOCOLS: ReadonlyMap<number, number> = new Map([
  [ETHERTYPE.IP, 0x0021],
  [ETHERTYPE.IPV6, 0x0057],
  [ETHERTYPE.DECNET, 0x0027],
  [ETHERTYPE.ATALK, 0x0029],
  [ETHERTYPE.NS, 0x0025],
  [SAP.ISO, 0x0023],
  [SAP.STP, 0x0031],
  [SAP.IPX, 0x002b],
]);
export const PPP_MPLS = 0x0281;
const PPP_VJ_COMPRESSED = 0x002d;
const PPP_VJ_UNCOMPRESSED = 0x002f;

function pppProtocol(context: Context, protocol: number): number {
  const mapped = PPP_PROTOCOLS.get(protocol);
  if (mapped === undefined) context.atMost('PPP protocol', protocol, 0xffff);
  return mapped ?? protocol;
}

function pppBsdosTest(context: Context, protocol: number): Condition {
  const is = (value: number) => compare(context, 'type', 0, 2, value);
  const mapped = pppProtocol(context, protocol);
  if (protocol !== ETHERTYPE.IP) return is(mapped);
  return anyOf(is(mapped), is(PPP_VJ_COMPRESSED), is(PPP_VJ_UNCOMPRESSED));
}

/** AF_INET is 2 everywhere; AF_INET6 is each system's own: here Linux, and the BSDs and macOS for files. */
const AF_INET = 2;
const AF_INET6_LINUX = 10;
const AF_INET6_OTHERS = [30, 24, 28] as const;

function familyTest(context: Context, protocol: number): Condition {
  const { mode } = context.settings;
  const { row } = context.headers;
  const file = mode === 'savefile' || mode === 'savefile-swapped';
  if (protocol !== ETHERTYPE.IP && protocol !== ETHERTYPE.IPV6) return FALSE;
  const families = protocol === ETHERTYPE.IP ? [AF_INET] : file ? AF_INET6_OTHERS : [AF_INET6_LINUX];
  const is = (value: number) =>
    row.test === 'pflog' ? compare(context, 'link', 1, 1, value) : compare(context, 'link', 0, 4, value);
  if (row.test !== 'host-family') return families.map(is).reduce(or);
  // A family in the writer's byte order is read big-endian.
  const little = families.map((family) => family * 0x0100_0000);
  if (!file) return little.map(is).reduce(or);
  const values = mode === 'savefile' ? [...families, ...little] : [...little, ...families];
  return values.map(is).reduce(or);
}

/** ARCnet system codes: RFC 1201. */
const ARCNET_CODES: ReadonlyMap<number, number> = new Map([
  [ETHERTYPE.IP, 0xd4],
  [ETHERTYPE.ARP, 0xd5],
  [ETHERTYPE.REVARP, 0xd6],
  [ETHERTYPE.IPV6, 0xc4],
  [ETHERTYPE.ATALK, 0xdd],
]);

/** A two-byte address, control 0x03 (UI), then the NLPID: RFC 2427. */
export const frameRelayNlpid = (context: Context, nlpid: number, base: Base = 'link'): Condition =>
  compare(context, base, 2, 2, 0x0300 | nlpid);

function frameRelayTest(context: Context, protocol: number): Condition {
  switch (protocol) {
    case ETHERTYPE.IP:
      return frameRelayNlpid(context, 0xcc);
    case ETHERTYPE.IPV6:
      return frameRelayNlpid(context, 0x8e);
    case SAP.ISO: {
      const [clnp, esis, isis] = [NLPID.CLNP, NLPID.ESIS, NLPID.ISIS].map((id) =>
        frameRelayNlpid(context, id),
      );
      return or(clnp!, or(esis!, isis!));
    }
    default:
      return FALSE;
  }
}
