/**
 * Tests that step into what IPv4 or IPv6 carries: Geneve and VXLAN as libpcap knows them. Others: innerPacket.ts.
 *
 * Each is a condition and a change of the {@link Headers} for everything that follows in the text.
 */

import { opcodes } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { ETHERTYPE, IPPROTO } from '../names/index.js';
import { and, type Condition, type FragmentBlock, or, testK, testX } from './condition.js';
import { type Context, varying } from './context.js';
import { among, type Ids } from './encapsulation.js';
import { linkTest } from './linkTest.js';
import { type Comparison, compare, loadIpv4HeaderLength } from './load.js';
import { firstFragment, portsOverIpv4, portsOverIpv6 } from './port.js';

const {
  ABS,
  ADD,
  ALU,
  AND,
  B,
  H,
  IMM,
  IND,
  JEQ,
  JMP,
  K,
  LD,
  LDX,
  LSH,
  MEM,
  MISC,
  MUL,
  ST,
  STX,
  TAX,
  TXA,
  X,
} = opcodes;

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

function identifier(context: Context, base: Transport, what: string, ids: Ids): Condition {
  const is = (id: number, comparison: Comparison) =>
    compare(context, base, 12, 4, id * 256, 0xffff_ff00, comparison);
  return among(context, ids, [what, 0xff_ffff], is);
}

/** `ld #0; jeq #0`: libpcap hangs the computation of the inner offsets on an always-true test. */
function computing(context: Context, statements: readonly Statement[]): Condition {
  return testK([...statements, context.statement(LD | IMM, 0)], JEQ, 0, context.span);
}

/** `vxlan [VNI]`: flags 0x08, then an Ethernet frame 8 bytes on. */
export function vxlan(context: Context, vni: Ids | undefined): Condition {
  const found = tunnelOverUdp(context, context.settings.tunnelPorts.vxlan, (base) => {
    const flags = compare(context, base, 8, 1, 0x08);
    return vni === undefined ? flags : and(flags, identifier(context, base, 'VXLAN VNI', vni));
  });
  const { payload, network } = context.headers;
  const [link, type, inner] = [context.take(), context.take(), context.take()];
  const offsets = [
    context.statement(ALU | ADD | K, payload.constant + network + 8),
    context.statement(ALU | ADD | K, 8),
    context.statement(ST, link),
    context.statement(ALU | ADD | K, 12),
    context.statement(ST, type),
    context.statement(ALU | ADD | K, 2),
    context.statement(MISC | TAX),
    context.statement(STX, inner),
  ];
  enterTunnel(context, link, type, inner);
  return and(found, computing(context, offsets));
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
    return vni === undefined ? version : and(version, identifier(context, base, 'Geneve VNI', vni));
  });
  const { payload, network } = context.headers;
  const [type, link, inner] = [context.take(), context.take(), context.take()];
  const blocks: FragmentBlock[] = [
    {
      statements: [
        context.statement(ALU | ADD | K, payload.constant + network + 8),
        context.statement(MISC | TAX),
        context.statement(ALU | ADD | K, 2),
        context.statement(ST, type),
        context.statement(LD | IND | B, 0),
        context.statement(ALU | AND | K, 0x3f),
        context.statement(ALU | MUL | K, 4),
        context.statement(ALU | ADD | K, 8),
        context.statement(ALU | ADD | X),
        context.statement(ST, link),
        context.statement(LD | IND | H, 2),
        context.statement(LDX | MEM, link),
      ],
      exit: {
        kind: 'branch',
        code: JMP | JEQ | K,
        k: ETHERTYPE.TEB,
        onTrue: 1,
        onFalse: 2,
        span: context.span,
      },
    },
    {
      statements: [
        context.statement(MISC | TXA),
        context.statement(ALU | ADD | K, 12),
        context.statement(ST, type),
        context.statement(ALU | ADD | K, 2),
        context.statement(MISC | TAX),
      ],
      exit: { kind: 'goto', target: 2 },
    },
    {
      statements: [context.statement(STX, inner), context.statement(LD | IMM, 0)],
      exit: {
        kind: 'branch',
        code: JMP | JEQ | K,
        k: 0,
        onTrue: 'true',
        onFalse: 'false',
        span: context.span,
      },
    },
  ];
  enterTunnel(context, link, type, inner);
  return and(found, { kind: 'fragment', blocks });
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
