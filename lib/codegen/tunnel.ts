/**
 * Tests that step into what IPv4 or IPv6 carries: Geneve and VXLAN as libpcap knows them. Others: innerPacket.ts.
 *
 * Each is a condition and a change of the {@link Headers} for everything that follows in the text.
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, IPPROTO } from '../names/index.js';
import { and, type Condition, or, testX } from './condition.js';
import { type Context, varying } from './context.js';
import { among, type Ids } from './encapsulation.js';
import { linkTest } from './linkTest.js';
import { type Comparison, compare, loadIpv4HeaderLength } from './load.js';
import { firstFragment, portsOverIpv4, portsOverIpv6 } from './port.js';
import { add, type Code, computed, loadByte, loadHalf, seek, store } from './steps.js';

const { ABS, ADD, ALU, AND, B, IMM, IND, JEQ, K, LD, LSH, MISC, MUL, STX, TAX, TXA, X } = opcodes;

type Transport = 'ipv4-transport' | 'ipv6-transport';

/** The UDP destination port over IPv4 or IPv6, then `check` on the tunnel header behind UDP's 8 bytes. */
export function tunnelOverUdp(
  context: Context,
  port: number,
  check: (base: Transport) => Condition,
): Condition {
  const range = { first: port, last: port, protocol: IPPROTO.UDP };
  return tunnelOverIp(
    context,
    () => and(portsOverIpv4(context, range, 'dst', 'port'), check('ipv4-transport')),
    () => and(portsOverIpv6(context, range, 'dst', 'port'), check('ipv6-transport')),
  );
}

/**
 * One of the protocols over IPv4, in the first fragment, or over IPv6, perhaps behind destination options, in which Linux
 * says how often a tunnel may be put into others (RFC 2473 §4.1.1).
 */
export function tunnelOfProtocol(context: Context, protocols: readonly number[]): Condition {
  const among = (offset: number) =>
    protocols.map((protocol) => compare(context, 'network', offset, 1, protocol)).reduce(or);
  const directly = tunnelOverIp(
    context,
    () => and(linkTest(context, ETHERTYPE.IP), and(among(9), firstFragment(context))),
    () => and(linkTest(context, ETHERTYPE.IPV6), among(6)),
  );
  const options = compare(context, 'network', 6, 1, IPPROTO.DSTOPTS);
  const behindOptions = and(linkTest(context, ETHERTYPE.IPV6), and(options, among(40)));
  const { payload, network } = context.headers;
  const start = context.loadX(payload);
  const at = payload.constant + network + 41;
  const length = [
    ...start,
    context.statement(LD | B | (start.length > 0 ? IND : ABS), at),
    context.statement(ALU | ADD | K, 1),
    context.statement(ALU | LSH | K, 3),
    context.statement(ALU | ADD | K, 40),
    ...(start.length > 0 ? [context.statement(ALU | ADD | X)] : []),
    context.statement(MISC | TAX),
  ];
  return or(directly, and(behindOptions, testX(length, JEQ, context.span)));
}

/** Where both hold, A and X are where what IP carries begins, from the payload's constant offset and `network` on. */
function tunnelOverIp(context: Context, isIpv4: () => Condition, isIpv6: () => Condition): Condition {
  const ipv4 = isIpv4();
  // Leaves A = X = bytes before UDP, from the payload's constant offset: both branches meet with it.
  const ipv4Length = [...loadIpv4HeaderLength(context), context.statement(MISC | TXA)];
  const overIpv4 = and(ipv4, testX(ipv4Length, JEQ, context.span));
  const ipv6 = isIpv6();
  const start = context.loadX(context.headers.payload);
  const ipv6Length = [
    ...start,
    context.statement(LD | IMM, 40),
    ...(start.length > 0 ? [context.statement(ALU | ADD | X)] : []),
    context.statement(MISC | TAX),
  ];
  return or(overIpv4, and(ipv6, testX(ipv6Length, JEQ, context.span)));
}

function identifier(context: Context, base: Transport, what: string, ids: Ids | undefined): Condition {
  const is = (id: number, comparison: Comparison) =>
    compare(context, base, 12, 4, id * 256, 0xffff_ff00, comparison);
  return among(context, ids, [what, 0xff_ffff], is);
}

/** libpcap hangs the computation of the inner offsets on a test that always holds: A = 0. */
const ALWAYS: Code = [LD | IMM, 0];

/** `vxlan [VNI]`: flags 0x08, then an Ethernet frame 8 bytes on. */
export function vxlan(context: Context, vni: Ids | undefined): Condition {
  const found = tunnelOverUdp(context, context.settings.tunnelPorts.vxlan, (base) => {
    const flags = compare(context, base, 8, 1, 0x08);
    return and(flags, identifier(context, base, 'VXLAN VNI', vni));
  });
  const { payload, network } = context.headers;
  const [link, type, inner] = [context.take(), context.take(), context.take()];
  const reached = computed(context, {
    vxlan: [
      [
        add(payload.constant + network + 8),
        add(8),
        store(link),
        add(12),
        store(type),
        add(2),
        [MISC | TAX],
        [STX, inner],
        ALWAYS,
      ],
      [JEQ, 0, 'true', 'false'],
    ],
  });
  enterTunnel(context, link, type, inner);
  return and(found, reached);
}

/**
 * `geneve [VNI]`: version 0, options of 4 times the low six bits of the first byte. The payload is an
 * Ethernet frame when the protocol is 0x6558, else it starts with its network header and the type is
 * Geneve's own.
 */
export function geneve(context: Context, vni: Ids | undefined): Condition {
  context.unoptimized = true;
  const found = tunnelOverUdp(context, context.settings.tunnelPorts.geneve, (base) => {
    const version = compare(context, base, 8, 1, 0, 0xc0);
    return and(version, identifier(context, base, 'Geneve VNI', vni));
  });
  const { payload, network } = context.headers;
  const [type, link, inner] = [context.take(), context.take(), context.take()];
  const reached = computed(context, {
    geneve: [
      [
        add(payload.constant + network + 8),
        [MISC | TAX],
        add(2),
        store(type),
        loadByte(0),
        [ALU | AND | K, 0x3f],
        [ALU | MUL | K, 4],
        add(8),
        [ALU | ADD | X],
        store(link),
        loadHalf(2),
        seek(link),
      ],
      [JEQ, ETHERTYPE.TEB, 'frame', 'packet'],
    ],
    frame: [[[MISC | TXA], add(12), store(type), add(2), [MISC | TAX]], 'packet'],
    packet: [
      [[STX, inner], ALWAYS],
      [JEQ, 0, 'true', 'false'],
    ],
  });
  enterTunnel(context, link, type, inner);
  return and(found, reached);
}

/** An Ethernet frame, or what a type announces: then `link` and `inner` are the same. */
export function enterTunnel(context: Context, link: number, type: number, inner: number): void {
  const { noSnap } = context.headers;
  context.enter('EN10MB', varying(link), {
    type: varying(type),
    payload: varying(inner),
    network: 0,
    noSnap,
  });
  context.headers = { ...context.headers, tunnelled: true };
}
