/**
 * Tests of protocol numbers: `proto`, `protochain`, and the protocol names that stand alone.
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, IPPROTO, SAP } from '../names/index.js';
import type { Protocol } from '../syntax/index.js';
import { and, anyOf, type Condition, or } from './condition.js';
import type { Context } from './context.js';
import { frameRelayNlpid, linkTest, NLPID } from './linkTest.js';
import { carries, compare, load, loadIpv4HeaderLength } from './load.js';
import { add, computed, loadByte, restore, type Steps, store } from './steps.js';

const { ADD, ALU, IMM, JEQ, K, LDX, MISC, MUL, TAX, X } = opcodes;

/** IS-IS PDU types: ISO 10589 §9. */
// biome-ignore format: a table
const PDU = {
  L1_LAN_IIH: 15, L2_LAN_IIH: 16, PTP_IIH: 17, L1_LSP: 18, L2_LSP: 20,
  L1_CSNP: 24, L2_CSNP: 25, L1_PSNP: 26, L2_PSNP: 27,
} as const;
const PDU_MASK = 0x1f;

/** Protocol words that stand for a link-layer protocol. */
const LINK_WORDS: ReadonlyMap<Protocol, number> = new Map([
  ['ip', ETHERTYPE.IP],
  ['ip6', ETHERTYPE.IPV6],
  ['arp', ETHERTYPE.ARP],
  ['rarp', ETHERTYPE.REVARP],
  ['atalk', ETHERTYPE.ATALK],
  ['aarp', ETHERTYPE.AARP],
  ['decnet', ETHERTYPE.DECNET],
  ['sca', ETHERTYPE.SCA],
  ['lat', ETHERTYPE.LAT],
  ['mopdl', ETHERTYPE.MOPDL],
  ['moprc', ETHERTYPE.MOPRC],
  ['iso', SAP.ISO],
  ['stp', SAP.STP],
  ['ipx', SAP.IPX],
  ['netbeui', SAP.NETBEUI],
]);

/** Protocol words that stand for a number within another protocol; several are alternatives. */
const INNER_WORDS: ReadonlyMap<Protocol, readonly [Protocol | undefined, ...number[]]> = new Map<
  Protocol,
  readonly [Protocol | undefined, ...number[]]
>([
  ['tcp', [undefined, IPPROTO.TCP]],
  ['udp', [undefined, IPPROTO.UDP]],
  ['sctp', [undefined, IPPROTO.SCTP]],
  ['pim', [undefined, IPPROTO.PIM]],
  ['ah', [undefined, IPPROTO.AH]],
  ['esp', [undefined, IPPROTO.ESP]],
  ['icmp', ['ip', IPPROTO.ICMP]],
  ['igmp', ['ip', IPPROTO.IGMP]],
  ['igrp', ['ip', IPPROTO.IGRP]],
  ['vrrp', ['ip', IPPROTO.VRRP]],
  ['carp', ['ip', IPPROTO.CARP]],
  ['icmp6', ['ip6', IPPROTO.ICMPV6]],
  ['esis', ['iso', NLPID.ESIS]],
  ['isis', ['iso', NLPID.ISIS]],
  ['clnp', ['iso', NLPID.CLNP]],
  // In the order in which libpcap tests them.
  ['l1', ['isis', PDU.L1_PSNP, PDU.L1_CSNP, PDU.L1_LSP, PDU.L1_LAN_IIH, PDU.PTP_IIH]],
  ['l2', ['isis', PDU.L2_PSNP, PDU.L2_CSNP, PDU.L2_LSP, PDU.L2_LAN_IIH, PDU.PTP_IIH]],
  ['iih', ['isis', PDU.PTP_IIH, PDU.L1_LAN_IIH, PDU.L2_LAN_IIH]],
  ['lsp', ['isis', PDU.L1_LSP, PDU.L2_LSP]],
  ['snp', ['isis', PDU.L2_PSNP, PDU.L1_PSNP, PDU.L1_CSNP, PDU.L2_CSNP]],
  ['csnp', ['isis', PDU.L1_CSNP, PDU.L2_CSNP]],
  ['psnp', ['isis', PDU.L1_PSNP, PDU.L2_PSNP]],
]);

/** A protocol word by itself: `tcp`, `arp`, `l1`. */
export function protocolWord(context: Context, word: Protocol): Condition {
  const link = LINK_WORDS.get(word);
  if (link !== undefined) return linkTest(context, link);
  const inner = INNER_WORDS.get(word);
  if (inner === undefined) {
    const hint = word === 'link' ? "write what about it: 'ether host …', 'ether proto …', 'ether[0]'" : '';
    return context.fail(`'${word}' cannot be used as an abbreviation`, hint);
  }
  const [protocol, first, ...rest] = inner;
  const test = (number: number) => protocolNumber(context, number, protocol);
  return anyOf(test(first!), ...rest.map(test));
}

export const ipv4Protocol = (context: Context, number: number): Condition => carries(context, 9, number);
export const ipv6NextHeader = (context: Context, number: number): Condition => carries(context, 6, number);

/** `PROTOCOL proto NUMBER`; without a protocol, IPv4 or IPv6. */
export function protocolNumber(context: Context, number: number, protocol: Protocol | undefined): Condition {
  switch (protocol) {
    case undefined:
      return or(protocolNumber(context, number, 'ip'), protocolNumber(context, number, 'ip6'));
    case 'link':
      return linkTest(context, number);
    case 'ip':
      context.atMost('protocol number', number, 0xff);
      return and(
        context.inProtocol(() => linkTest(context, ETHERTYPE.IP)),
        ipv4Protocol(context, number),
      );
    case 'ip6': {
      context.atMost('protocol number', number, 0xff);
      const ip6 = context.inProtocol(() => linkTest(context, ETHERTYPE.IPV6));
      if (context.headers.transport !== undefined) return and(ip6, ipv6NextHeader(context, number));
      // Also behind a fragment header, when that is the only extension header.
      const fragment = ipv6NextHeader(context, IPPROTO.FRAGMENT);
      const behind = and(fragment, compare(context, 'network', 40, 1, number));
      return and(ip6, or(ipv6NextHeader(context, number), behind));
    }
    case 'iso':
      return isoProtocol(context, number);
    case 'isis': {
      context.atMost('IS-IS PDU type', number, PDU_MASK);
      const isis = isoProtocol(context, NLPID.ISIS);
      const offset = 4 + (context.headers.row.isoPadding ?? 0);
      return and(isis, compare(context, 'network-no-snap', offset, 1, number, PDU_MASK));
    }
    default:
      return context.misqualified(protocol, 'proto');
  }
}

function isoProtocol(context: Context, number: number): Condition {
  context.atMost('ISO protocol', number, 0xff);
  const { row } = context.headers;
  if (row.test === 'frame-relay') return frameRelayNlpid(context, number);
  // Cisco HDLC says 0xfefe, and stuffs a byte before the NLPID.
  const iso = linkTest(context, row.test === 'hdlc' ? SAP.ISO * 0x101 : SAP.ISO);
  return and(iso, compare(context, 'network-no-snap', row.isoPadding ?? 0, 1, number));
}

/**
 * `protochain NUMBER`: the protocol, behind any number of extension headers.
 *
 * A loop over the headers with a backward jump. X is the distance from the network header. Every round adds
 * at least 8 to it (each header's own length), and a load behind the packet ends the program, so it ends
 * after at most (packet length / 8) rounds, whatever the packet says. libpcap's own loop *sets* X from
 * the length of an authentication header instead of adding it, and can go round for ever.
 */
export function protocolChain(context: Context, number: number, protocol: Protocol | undefined): Condition {
  if (protocol === undefined) {
    return or(protocolChain(context, number, 'ip'), protocolChain(context, number, 'ip6'));
  }
  if (protocol !== 'ip' && protocol !== 'ip6') {
    return context.misqualified(protocol, 'protochain');
  }
  context.atMost('protocol number', number, 0xff);
  if (context.headers.payload.slot !== undefined) {
    context.fail("'protochain' not supported with variable length headers");
  }
  context.unoptimized = true;
  const type = protocol === 'ip6' ? ETHERTYPE.IPV6 : ETHERTYPE.IP;
  const test = context.inProtocol(() => linkTest(context, type));
  const saved = context.temporary();
  const walk = computed(context, chainSteps(context, number, protocol, saved));
  context.scratch.free(saved);
  return and(test, walk);
}

/** IPv6 extension headers whose length counts 8 bytes, the first 8 not included: RFC 8200 §4. */
const EXTENSIONS = [IPPROTO.HOPOPTS, IPPROTO.DSTOPTS, IPPROTO.ROUTING, IPPROTO.FRAGMENT];

function chainSteps(context: Context, number: number, protocol: 'ip' | 'ip6', saved: number): Steps {
  const { payload, network } = context.headers;
  const header = payload.constant + network;
  const v6 = protocol === 'ip6';
  const extensions = v6 ? EXTENSIONS : [];
  const start = [
    ...load(context, 'network', v6 ? 6 : 9, 1),
    ...(v6 ? [context.statement(LDX | IMM, 40)] : loadIpv4HeaderLength(context)),
  ];
  /** A = next header; X += (length + extra) * unit. */
  const stepOver = (extra: number, unit: number): Steps[string] => [
    [
      loadByte(header),
      store(saved),
      loadByte(header + 1),
      add(extra),
      [ALU | MUL | K, unit],
      [ALU | ADD | X],
      [MISC | TAX],
      restore(saved),
    ],
    'number',
  ];
  const tests = extensions.map((value, place) => [
    `is${place}`,
    [[], [JEQ, value, 'over', place + 1 < extensions.length ? `is${place + 1}` : 'authentication']],
  ]);
  return {
    start: [start.map(({ code, k }) => [code, k]), 'number'],
    number: [[], [JEQ, number, 'true', 'end']],
    end: [[], [JEQ, IPPROTO.NONE, 'false', v6 ? 'is0' : 'authentication']],
    ...Object.fromEntries(tests),
    authentication: [[], [JEQ, IPPROTO.AH, 'overAuthentication', 'false']],
    ...(v6 ? { over: stepOver(1, 8) } : {}),
    // An authentication header's length counts 4 bytes, 8 of them not included: RFC 4302 §2.2.
    overAuthentication: stepOver(2, 4),
  };
}
