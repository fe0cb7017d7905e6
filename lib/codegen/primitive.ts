/**
 * Primitives without an identifier: broadcast and multicast, lengths, bytes, direction, LLC, pflog.
 */

import { opcodes, SKF_AD, SKF_AD_OFF } from '../cbpf/index.js';
import { ETHERTYPE, LINUX_SLL2 } from '../names/index.js';
import { closest } from '../source.js';
import type { ByteOperator, Expr, PfField, Primitive, Protocol, Word } from '../syntax/index.js';
import { hasLinkHeader, mac8Address, mac48Address, wlanDestination } from './address.js';
import { relation } from './arithmetic.js';
import { and, type Condition, not, or, TRUE, testK } from './condition.js';
import type { Context } from './context.js';
import { type Ids, mpls, pppoeSession, vlan } from './encapsulation.js';
import { erspan, gre, gtp, ipip } from './innerPacket.js';
import type { FieldValue } from './link.js';
import { ATM_CELL, atmCell, dataFrame, enclosingTest, linkTest } from './linkTest.js';
import { anyBit, compare, compareBytes, load } from './load.js';
import { protocolWord } from './protocol.js';
import { atmFieldTest, atmTest, mtp2Test, mtp3Test } from './telecom.js';
import { transport } from './transport.js';
import { geneve, vxlan } from './tunnel.js';
import { wlanDirection, wlanSubtype, wlanType } from './wlan.js';

const { ALU, AND, JEQ, JGE, JGT, K, LD, LEN, OR } = opcodes;

const SKF_AD_PKTTYPE = SKF_AD_OFF + SKF_AD.packetType;
const SKF_AD_IFINDEX = SKF_AD_OFF + SKF_AD.interfaceIndex;
const PACKET_OUTGOING = 4;
const ANY_BITS = 0xffff_ffff;

export function primitive(context: Context, node: Primitive): Condition {
  switch (node.kind) {
    case 'protocol':
      return protocolWord(context, node.protocol);
    case 'relation':
      return relation(context, node.op, node.left, node.right);
    case 'broadcast':
      return broadcast(context, node.protocol);
    case 'multicast':
      return multicast(context, node.protocol);
    case 'less': // "less than or equal", pcap-filter(7)
      return not(lengthTest(context, JGT, node.length.value));
    case 'greater':
      return lengthTest(context, JGE, node.length.value);
    case 'byte':
      return byteTest(context, node.index.value, node.op, node.value.value);
    case 'inbound':
    case 'outbound':
      return directionTest(context, node.kind);
    case 'pppoed':
      return linkTest(context, ETHERTYPE.PPPOED);
    case 'ifindex':
      return interfaceIndex(context, node.index.value);
    case 'encapsulation': {
      if (context.headers.transport !== undefined)
        context.fail(`'${node.name}' cannot stand within 'transport'`);
      const condition = ENCAPSULATIONS[node.name](context, idsOf(node));
      // libpcap goes on looking for labels in what is behind them, whatever that is.
      if (node.isHead && node.name !== 'mpls' && node.name !== 'vlan')
        context.headers = { ...context.headers, mplsLabels: 0 };
      return condition;
    }
    case 'pf':
      return pfTest(context, node.field, node.value);
    case 'wlan-type':
      return wlanType(context, node.type, node.subtype);
    case 'wlan-subtype':
      return wlanSubtype(context, node.value);
    case 'wlan-direction':
      return wlanDirection(context, node.value);
    case 'llc':
      return llcTest(context, node.type);
    case 'atm':
      return atmTest(context, node.type);
    case 'atm-field':
      return atmFieldTest(context, node.field, node.tests);
    case 'mtp2':
      return mtp2Test(context, node.type);
    case 'mtp3':
      return mtp3Test(context, node.field, node.tests);
  }
}

function idsOf({ number, among }: Expr & { readonly kind: 'encapsulation' }): Ids | undefined {
  if (among !== undefined) return among.map(({ low, high }) => [low, high]);
  return number === undefined ? undefined : [[number.value, number.value]];
}

const ENCAPSULATIONS = {
  vlan,
  mpls,
  pppoes: pppoeSession,
  geneve,
  vxlan,
  gre,
  erspan,
  ipip,
  gtp,
  transport,
} as const;

function lengthTest(context: Context, op: number, length: number): Condition {
  return testK([context.statement(LD | LEN)], op, length, context.span);
}

function byteTest(context: Context, index: number, op: ByteOperator, value: number): Condition {
  context.atMost('byte argument', value, 0xff);
  if (op !== '&' && op !== '|') return compare(context, 'link', index, 1, value, ANY_BITS, op);
  const operation = context.statement(ALU | (op === '&' ? AND : OR) | K, value);
  return not(testK([...load(context, 'link', index, 1), operation], JEQ, 0, context.span));
}

const ALL_ONES = new Uint8Array(6).fill(0xff);

function broadcast(context: Context, protocol: Protocol | undefined): Condition {
  switch (protocol) {
    case undefined:
    case 'link': {
      const { mac8 } = context.headers.row;
      if (mac8 !== undefined) return mac8Address(context, mac8.broadcast, 'dst', 'broadcast');
      return mac48Address(context, ALL_ONES, 'dst', 'broadcast');
    }
    case 'ip': {
      const { netmask } = context.settings;
      if (netmask === undefined) {
        return context.fail(
          "netmask not known, so 'ip broadcast' not supported",
          'give the netmask of the network',
        );
      }
      const hosts = ~netmask >>> 0;
      const ip = linkTest(context, ETHERTYPE.IP);
      const zeros = compare(context, 'network', 16, 4, 0, hosts);
      return and(ip, or(zeros, compare(context, 'network', 16, 4, hosts, hosts)));
    }
    default:
      return context.misqualified(protocol, 'broadcast');
  }
}

function multicast(context: Context, protocol: Protocol | undefined): Condition {
  switch (protocol) {
    case undefined:
    case 'link':
      return linkMulticast(context);
    case 'ip': {
      // 224.0.0.0/4
      const ip = linkTest(context, ETHERTYPE.IP);
      return and(ip, compare(context, 'network', 16, 1, 0xe0, 0xf0));
    }
    case 'ip6': {
      const ip6 = linkTest(context, ETHERTYPE.IPV6);
      return and(ip6, compare(context, 'network', 24, 1, 0xff));
    }
    default:
      return context.misqualified(protocol, 'multicast');
  }
}

/** The lowest bit of the destination's first byte. */
function linkMulticast(context: Context): Condition {
  const { mac48, mac8, test } = context.headers.row;
  if (mac8?.multicast !== undefined) return mac8Address(context, mac8.multicast, 'dst', 'multicast');
  if (mac48 === undefined) return context.unsupported('multicast');
  const group = (offset: number) => anyBit(context, 'link', offset, 1);
  if (mac48 === 'wlan') return wlanDestination(context, group);
  const enclosing =
    test !== 'ethernet' ? TRUE : context.headers.tunnelled ? hasLinkHeader(context) : enclosingTest(context);
  return and(enclosing, group(mac48.destination));
}

function interfaceIndex(context: Context, index: number): Condition {
  // Linux cooked v2 carries it.
  if (context.headers.dlt === LINUX_SLL2) return compare(context, 'link', 4, 4, index);
  requireLive(context, 'ifindex');
  return compare(context, 'link', SKF_AD_IFINDEX, 4, index);
}

function directionTest(context: Context, word: 'inbound' | 'outbound'): Condition {
  const { direction } = context.headers.row;
  if (direction === undefined) {
    requireLive(context, word);
    const outgoing = compare(context, 'link', SKF_AD_PKTTYPE, 2, PACKET_OUTGOING);
    return word === 'outbound' ? outgoing : not(outgoing);
  }
  const { offset, size, inbound, outbound } = direction;
  const is = (field: FieldValue) => {
    const { value, mask } = typeof field === 'number' ? { value: field, mask: ANY_BITS } : field;
    return compare(context, 'link', offset, size, value, mask);
  };
  if (word === 'outbound') return is(outbound);
  return inbound === 'not' ? not(is(outbound)) : is(inbound);
}

function requireLive(context: Context, word: string): void {
  if (context.settings.mode === 'linux-live') return;
  context.fail(`not a live capture, '${word}' not supported on ${context.linkTypeText()}`);
}

// LLC, IEEE 802.2: control byte with 0 in the lowest bit for I, 01 for S, 11 for U frames.

const SUPERVISORY: ReadonlyMap<string, number> = new Map([
  ['rr', 0x01],
  ['rnr', 0x05],
  ['rej', 0x09],
]);
const SUPERVISORY_MASK = 0x0f;

const UNNUMBERED: ReadonlyMap<string, number> = new Map([
  ['ui', 0x03],
  ['ua', 0x63],
  ['disc', 0x43],
  ['dm', 0x0f],
  ['sabme', 0x6f],
  ['test', 0xe3],
  ['xid', 0xaf],
  ['frmr', 0x87],
]);
const UNNUMBERED_MASK = 0xef;

function llcTest(context: Context, written: string | undefined): Condition {
  if (written === undefined) return llcFrame(context);
  const type = written.toLowerCase();
  const supervisory = SUPERVISORY.get(type);
  const unnumbered = UNNUMBERED.get(type);
  if (!['i', 's', 'u'].includes(type) && supervisory === undefined && unnumbered === undefined) {
    const word = closest(type, [...SUPERVISORY.keys(), ...UNNUMBERED.keys()]);
    const hint = word === undefined ? '' : `did you mean '${word}'?`;
    return context.fail(`unknown LLC type name "${written}"`, hint);
  }
  const frame = llcFrame(context);
  if (type === 'i') return and(frame, not(anyBit(context, 'llc', 2, 0x01)));
  const control = (value: number, mask: number) => compare(context, 'llc', 2, 1, value, mask);
  if (supervisory !== undefined) return and(frame, control(supervisory, SUPERVISORY_MASK));
  if (unnumbered !== undefined) return and(frame, control(unnumbered, UNNUMBERED_MASK));
  return and(frame, control(type === 's' ? 0x01 : 0x03, 0x03));
}

function llcFrame(context: Context): Condition {
  switch (context.headers.row.llc) {
    case 'length': {
      const length = compare(context, 'type', 0, 2, 1500, ANY_BITS, '<=');
      // Both access points 0xff: NetWare's "raw" 802.3, which has no LLC header.
      return and(length, compare(context, 'llc', 0, 2, 0xffff, ANY_BITS, '!='));
    }
    case 'sunatm':
      return atmCell(context, ATM_CELL.LLC);
    case 'wlan':
      return dataFrame(context);
    case 'always':
      return TRUE;
    default:
      return context.unsupported('llc');
  }
}

// pflog, OpenBSD net/if_pflog.h

const PF_OFFSETS = { action: 2, reason: 3, ifname: 4, ruleset: 20, rnr: 36, srnr: 40 } as const;
/** Names are padded with NUL to 16 bytes. */
const PF_NAME_LENGTH = 16;

const PF_REASONS: ReadonlyMap<string, number> = new Map(
  [
    'match',
    'bad-offset',
    'fragment',
    'short',
    'normalize',
    'memory',
    'bad-timestamp',
    'congestion',
    'ip-option',
    'proto-cksum',
    'state-mismatch',
    'state-insert',
    'state-limit',
    'src-limit',
    'synproxy',
  ].map((name, number) => [name, number]),
);
// biome-ignore format: a table
const PF_ACTIONS: ReadonlyMap<string, number> = new Map([
  ['pass', 0], ['accept', 0], ['drop', 1], ['block', 1], ['scrub', 2], ['noscrub', 3], ['nat', 4],
  ['nonat', 5], ['binat', 6], ['nobinat', 7], ['rdr', 8], ['nordr', 9], ['synproxy-drop', 10],
]);

function pfTest(context: Context, field: PfField, value: Word): Condition {
  const number = pfNumber(context, field, value);
  if (context.headers.row.test !== 'pflog') context.fail(`'${field}' supported only on PFLOG linktype`);
  const offset = PF_OFFSETS[field];
  if (number !== undefined) {
    const size = field === 'rnr' || field === 'srnr' ? 4 : 1;
    return compare(context, 'link', offset, size, number);
  }
  const name = 'name' in value ? value.name : value.text;
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= PF_NAME_LENGTH) {
    const what = field === 'ifname' ? 'ifname interface' : 'ruleset';
    context.fail(`${what} names can only be ${PF_NAME_LENGTH - 1} characters`);
  }
  return compareBytes(context, 'link', offset, bytes);
}

/** The value of the fields that are numbers. */
function pfNumber(context: Context, field: PfField, value: Word): number | undefined {
  if (!('name' in value)) return value.value;
  if (field !== 'reason' && field !== 'action') return undefined;
  const names = field === 'reason' ? PF_REASONS : PF_ACTIONS;
  const number = names.get(value.name.toLowerCase());
  if (number !== undefined) return number;
  const near = closest(value.name, names.keys());
  const hint = near === undefined ? '' : `did you mean '${near}'?`;
  return context.fail(`unknown PF ${field} "${value.name}"`, hint);
}
