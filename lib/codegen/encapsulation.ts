/**
 * Tests that step over VLAN tags, MPLS labels and PPPoE sessions. Tunnels over IP: tunnel.ts.
 *
 * Each is a condition and a change of the {@link Headers} for everything that follows in the text.
 */

import { opcodes, SKF_AD, SKF_AD_OFF } from '../cbpf/index.js';
import type { Statement } from '../cfg/index.js';
import { ETHERTYPE } from '../names/index.js';
import { and, anyOf, type Condition, type FragmentBlock, not, or, TRUE, testK } from './condition.js';
import { behind, type Context, fixed, type Offset } from './context.js';
import { linkTest, PPP_MPLS } from './linkTest.js';
import { anyBit, type Comparison, compare, JUMPS, load } from './load.js';

const { ABS, ADD, ALU, AND, B, H, JEQ, JMP, K, LD, MEM, ST } = opcodes;

const SKF_AD_VLAN_TAG = SKF_AD_OFF + SKF_AD.vlanTci;
const SKF_AD_VLAN_TAG_PRESENT = SKF_AD_OFF + SKF_AD.vlanPresent;

/** Numbers that a tag, label or tunnel may have: from one to another, inclusive. */
export type Ids = readonly (readonly [low: number, high: number])[];

/** That one of them is there, where any is asked for. @param is - A comparison of the field. */
export function among(
  context: Context,
  ids: Ids | undefined,
  [what, limit]: readonly [what: string, limit: number],
  is: (value: number, comparison: Comparison) => Condition,
): Condition {
  const conditions = (ids ?? []).map(([low, high]) => {
    context.atMost(what, high, limit);
    return low === high ? is(low, '=') : and(is(low, '>='), is(high, '<='));
  });
  return ids === undefined ? TRUE : conditions.reduce(or);
}

/** `vlan [ID]`: IEEE 802.1Q, 802.1ad and the older 0x9100. */
export function vlan(context: Context, ids: Ids | undefined): Condition {
  const { row, mplsLabels, vlanTags, link } = context.headers;
  if (mplsLabels > 0) context.fail('no VLAN match after MPLS');
  if (row.vlan === undefined) context.unsupported('vlan');
  const { outermost, settings } = context;
  const outer = vlanTags === 0 && link.slot === undefined && link.constant === outermost.link.constant;
  const live = settings.mode === 'linux-live' && row.vlan === 'metadata' && outer;
  const condition = live ? vlanInMetadata(context, ids) : vlanInPacket(context, ids);
  context.headers = { ...context.headers, vlanTags: vlanTags + 1 };
  return condition;
}

function tagTests(context: Context): [Condition, Condition, Condition] {
  return [
    linkTest(context, ETHERTYPE.VLAN),
    linkTest(context, ETHERTYPE.VLAN_AD),
    linkTest(context, ETHERTYPE.VLAN_QINQ),
  ];
}

const VLAN_TAG = ['VLAN tag', 0xfff] as const;

function vlanInPacket(context: Context, ids: Ids | undefined): Condition {
  const tag = anyOf(...tagTests(context));
  const is = (value: number, comparison: Comparison) =>
    compare(context, 'network', 0, 2, value, 0xfff, comparison);
  const condition = and(tag, among(context, ids, VLAN_TAG, is));
  const { payload, type } = context.headers;
  context.headers = { ...context.headers, payload: behind(payload, 4), type: behind(type, 4) };
  return condition;
}

/**
 * On a live Linux capture the kernel may have taken the outermost tag out of the packet. Which it was is
 * known at run time only: in the packet, both offsets move by 4, which two scratch cells remember.
 */
function vlanInMetadata(context: Context, ids: Ids | undefined): Condition {
  const { payload, type } = context.headers;
  const present = (): Statement[] => [context.statement(LD | B | ABS, SKF_AD_VLAN_TAG_PRESENT)];
  const taken = testK(present(), JEQ, 1, context.span);
  const [first, ...others] = tagTests(context);
  for (const [, high] of ids ?? []) context.atMost('VLAN tag', high, 0xfff);
  const fromPacket = ids === undefined ? [] : load(context, 'network', 0, 2);

  const moved = (offset: Offset): Offset => {
    const slot = { cell: undefined };
    context.vlanMoves.push(slot);
    return { ...offset, slot };
  };
  context.headers = { ...context.headers, payload: moved(payload), type: moved(type) };
  const move = ({ slot }: Offset): Statement[] => {
    const cell = context.cellOf(slot!);
    return [
      context.statement(LD | MEM, cell),
      context.statement(ALU | ADD | K, 4),
      context.statement(ST, cell),
    ];
  };
  const moves = [...move(context.headers.payload), ...move(context.headers.type)];
  const tag = anyOf(taken, anyOf(prefixed(moves, first), ...others));
  if (ids === undefined) return tag;

  const idTest = (value: number, comparison: Comparison): FragmentBlock[] => [
    {
      statements: present(),
      exit: { kind: 'branch', code: JMP | JEQ | K, k: 1, onTrue: 1, onFalse: 2, span: context.span },
    },
    { statements: [context.statement(LD | H | ABS, SKF_AD_VLAN_TAG)], exit: { kind: 'goto', target: 3 } },
    { statements: fromPacket, exit: { kind: 'goto', target: 3 } },
    {
      statements: [context.statement(ALU | AND | K, 0xfff)],
      exit: {
        kind: 'branch',
        code: JMP | JUMPS[comparison].op | K,
        k: value,
        onTrue: JUMPS[comparison].negated ? 'false' : 'true',
        onFalse: JUMPS[comparison].negated ? 'true' : 'false',
        span: context.span,
      },
    },
  ];
  const is = (value: number, comparison: Comparison): Condition => ({
    kind: 'fragment',
    blocks: idTest(value, comparison),
  });
  return and(tag, among(context, ids, VLAN_TAG, is));
}

function prefixed(statements: readonly Statement[], condition: Condition): Condition {
  if (condition.kind !== 'test') throw new Error('an Ethernet type test is one comparison');
  return { ...condition, statements: [...statements, ...condition.statements] };
}

/** `mpls [LABEL]`: RFC 3032, unicast. */
export function mpls(context: Context, labels: Ids | undefined): Condition {
  const { row, mplsLabels, network, noSnap } = context.headers;
  let condition: Condition;
  if (mplsLabels > 0) {
    // The label before this one is not the bottom of the stack.
    condition = not(anyBit(context, 'last-label', 2, 1));
  } else if (row.mpls === undefined) {
    return context.unsupported('mpls');
  } else {
    condition = linkTest(context, row.mpls === 'ppp' ? PPP_MPLS : ETHERTYPE.MPLS);
  }
  const is = (label: number, comparison: Comparison) =>
    compare(context, 'network', 0, 4, label * 4096, 0xffff_f000, comparison);
  condition = and(condition, among(context, labels, ['MPLS label', 0xfffff], is));
  context.headers = {
    ...context.headers,
    network: (network + 4) >>> 0,
    noSnap: (noSnap + 4) >>> 0,
    mplsLabels: mplsLabels + 1,
  };
  return condition;
}

/** `pppoes [SESSION]`: RFC 2516. Six bytes of header, then PPP without framing. */
export function pppoeSession(context: Context, sessions: Ids | undefined): Condition {
  const type = linkTest(context, ETHERTYPE.PPPOES);
  const is = (session: number, comparison: Comparison) =>
    compare(context, 'network', 2, 2, session, 0xffff_ffff, comparison);
  const condition = and(type, among(context, sessions, ['PPPoE session number', 0xffff], is));
  const { payload, network } = context.headers;
  const ppp = behind(payload, network + 6);
  context.enter('PPP', ppp, { type: ppp, payload: behind(ppp, 2), network: 0, noSnap: 0 });
  return condition;
}

/** `lane`: ATM LAN emulation, an Ethernet frame behind SunATM's header and two bytes. */
export function enterLane(context: Context, start: number): void {
  context.enter('EN10MB', fixed(start), {
    type: fixed(start + 12),
    payload: fixed(start + 14),
    network: 0,
    noSnap: 3,
  });
}
