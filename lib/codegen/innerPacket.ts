/**
 * Scopes of tunnels that libpcap's language has no words for: `gre { … }`, `erspan { … }`, `ipip { … }`, `gtp { … }`.
 *
 * Each is a condition and a change of the {@link Headers}, as in tunnel.ts.
 */

import { opcodes } from '../cbpf/index.js';
import { ETHERTYPE, IPPROTO } from '../names/index.js';
import { and, type Condition, not, testK } from './condition.js';
import { type Context, varying } from './context.js';
import { among, type Ids } from './encapsulation.js';
import { type Comparison, compare, JUMPS, type Size, sizeCode } from './load.js';
import {
  add,
  advance,
  type Code,
  computed,
  loadByte,
  loadHalf,
  restore,
  type Steps,
  seek,
  store,
} from './steps.js';
import { enterTunnel, tunnelOfProtocol, tunnelOverUdp } from './tunnel.js';

const { ADD, ALU, AND, IND, JEQ, JSET, K, LD, LSH, MISC, RSH, STX, TAX, TXA, X } = opcodes;

/** That a field behind the offset in a cell is one of some numbers; true without them. */
function idAmong(
  context: Context,
  ids: Ids | undefined,
  limit: readonly [what: string, limit: number],
  cell: number,
  [offset, size, mask]: readonly [offset: number, size: Size, mask: number],
): Condition {
  return among(context, ids, limit, (value: number, comparison: Comparison) => {
    const { op, negated } = JUMPS[comparison];
    const field = [...context.loadX(varying(cell)), context.statement(LD | IND | sizeCode(size), offset)];
    const test = testK([...field, context.statement(ALU | AND | K, mask)], op, value, context.span);
    return negated ? not(test) : test;
  });
}

/** RFC 2784, RFC 2890. No packet has routing (RFC 1701) or another version (PPTP). */
const GRE = { ROUTING_AND_VERSION: 0x4007, CHECKSUM: 0x8000, KEY: 0x2000, SEQUENCE: 0x1000 } as const;
/** ERSPAN types I and II, type III: draft-foschiano-erspan. */
const ERSPAN = { II: 0x88be, III: 0x22eb } as const;

/** Finds where GRE begins and its payload does; leaves X = start and goes on with `type`. */
function greSteps(context: Context, start: number, payload: number): Steps {
  const { headers } = context;
  /** Four bytes more where the flag is set. */
  const optional = (flag: number): Code[] => [
    seek(start),
    loadHalf(0),
    [ALU | AND | K, flag],
    [ALU | RSH | K, Math.log2(flag / 4)],
    seek(payload),
    [ALU | ADD | X],
    store(payload),
  ];
  return {
    gre: [
      [
        add(headers.payload.constant + headers.network),
        store(start),
        [MISC | TAX],
        add(4),
        store(payload),
        loadHalf(0),
      ],
      [JSET, GRE.ROUTING_AND_VERSION, 'false', 'length'],
    ],
    length: [
      [...optional(GRE.CHECKSUM), ...optional(GRE.KEY), ...optional(GRE.SEQUENCE), seek(start), loadHalf(2)],
      'type',
    ],
  };
}

/** `gre [KEY] { … }`: an Ethernet frame, or what GRE's type announces. */
export function gre(context: Context, keys: Ids | undefined): Condition {
  const found = tunnelOfProtocol(context, [IPPROTO.GRE]);
  const [start, payload, type, inner] = [context.take(), context.take(), context.take(), context.take()];
  const key = keys === undefined ? undefined : context.take();
  const reached = computed(context, {
    ...greSteps(context, start, payload),
    type: [[seek(payload)], [JEQ, ETHERTYPE.TEB, 'frame', 'packet']],
    frame: [[[MISC | TXA], add(12), store(type), add(2), store(inner)], key === undefined ? 'true' : 'key'],
    packet: [[[STX, inner], restore(start), add(2), store(type)], key === undefined ? 'true' : 'key'],
    // It stands behind the checksum.
    key: [
      [seek(start), loadHalf(0)],
      [JSET, GRE.KEY, 'place', 'false'],
    ],
    place: [
      [
        [ALU | AND | K, GRE.CHECKSUM],
        [ALU | RSH | K, Math.log2(GRE.CHECKSUM / 4)],
        [ALU | ADD | X],
        store(key ?? start),
      ],
      'true',
    ],
  });
  const isKey = idAmong(context, keys, ['GRE key', 0xffff_ffff], key ?? start, [4, 4, 0xffff_ffff]);
  enterTunnel(context, payload, type, inner);
  return and(and(found, reached), isKey);
}

/** `erspan [SESSION] { … }`: the mirrored Ethernet frame. Type I has no header, and no session. */
export function erspan(context: Context, sessions: Ids | undefined): Condition {
  const found = tunnelOfProtocol(context, [IPPROTO.GRE]);
  const [start, payload, type, inner, header] = [
    context.take(),
    context.take(),
    context.take(),
    context.take(),
    context.take(),
  ];
  const reached = computed(context, {
    ...greSteps(context, start, payload),
    type: [
      [seek(payload), [STX, header], [STX, inner]],
      [JEQ, ERSPAN.II, 'second', 'other'],
    ],
    other: [[], [JEQ, ERSPAN.III, 'third', 'false']],
    second: [
      [seek(start), loadHalf(0)],
      [JSET, GRE.SEQUENCE, 'eight', sessions === undefined ? 'frame' : 'false'],
    ],
    eight: [advance(payload, 8), 'frame'],
    // The lowest bit of its last byte announces eight bytes more.
    third: [
      [loadByte(11), [ALU | AND | K, 1], [ALU | LSH | K, 3], add(12), [ALU | ADD | X], store(payload)],
      'frame',
    ],
    frame: [[restore(payload), add(12), store(type), add(2), store(inner)], 'true'],
  });
  const isSession = idAmong(context, sessions, ['ERSPAN session', 0x3ff], header, [2, 2, 0x3ff]);
  enterTunnel(context, payload, type, inner);
  return and(and(found, reached), isSession);
}

/** `ipip { … }`: IPv4 or IPv6 in IPv4 or IPv6 (RFC 2003, RFC 2473, RFC 4213). */
export function ipip(context: Context, ids: Ids | undefined): Condition {
  if (ids !== undefined) context.fail("'ipip' has no number");
  const found = tunnelOfProtocol(context, [IPPROTO.IPV4, IPPROTO.IPV6]);
  const { payload, network } = context.headers;
  const inner = context.take();
  const reached = computed(context, {
    place: [[add(payload.constant + network), store(inner)], 'true'],
  });
  enterPacket(context, inner);
  return and(found, reached);
}

const GTP_PORT = 2152;
/** Version 1, GTP and not GTP'; of the flags some announce four bytes, one of them headers behind these. */
const GTP = { VERSION: 0x30, PAYLOAD: 255, OPTIONAL: 7, EXTENSIONS: 4 } as const;
/** How many extension headers are stepped over: 5G has one. */
const MOST_EXTENSIONS = 4;

/** `gtp [TEID] { … }`: the packet of a mobile subscriber in GTP-U (3GPP TS 29.281). */
export function gtp(context: Context, tunnels: Ids | undefined): Condition {
  const found = tunnelOverUdp(context, GTP_PORT, (base) =>
    and(
      compare(context, base, 8, 1, GTP.VERSION, 0xf0),
      and(
        compare(context, base, 9, 1, GTP.PAYLOAD),
        among(context, tunnels, ['GTP tunnel', 0xffff_ffff], (value, comparison) =>
          compare(context, base, 12, 4, value, 0xffff_ffff, comparison),
        ),
      ),
    ),
  );
  const { payload, network } = context.headers;
  const [start, inner] = [context.take(), context.take()];
  // Up to the last step `inner` is the byte that says what comes next: the last one of each header.
  const steps: Steps = {
    gtp: [
      [add(payload.constant + network + 8), store(start), [MISC | TAX], add(7), store(inner), loadByte(0)],
      [JSET, GTP.OPTIONAL, 'optional', 'packet'],
    ],
    optional: [
      [...advance(inner, 4), loadByte(0)],
      [JSET, GTP.EXTENSIONS, 'next0', 'packet'],
    ],
  };
  for (let place = 0; place < MOST_EXTENSIONS; place++) {
    steps[`next${place}`] = [
      [seek(inner), loadByte(0)],
      [JEQ, 0, 'packet', `extension${place}`],
    ];
    // Its length is in words.
    steps[`extension${place}`] = [
      [loadByte(1), [ALU | LSH | K, 2], [ALU | ADD | X], store(inner)],
      place + 1 < MOST_EXTENSIONS ? `next${place + 1}` : 'last',
    ];
  }
  steps.last = [
    [seek(inner), loadByte(0)],
    [JEQ, 0, 'packet', 'false'],
  ];
  steps.packet = [advance(inner, 1), 'true'];
  const reached = computed(context, steps);
  enterPacket(context, inner);
  return and(found, reached);
}

/** A packet that begins with its network header, of which the version nibble tells IPv4 from IPv6. */
function enterPacket(context: Context, start: number): void {
  const link = varying(start);
  context.enter('RAW', link, { type: link, payload: link, network: 0, noSnap: 0 });
}
