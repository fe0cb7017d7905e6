/** Matches, actions and Big Switch's extensions of OpenFlow 1.0 (OpenFlow Switch Specification 1.0.0 §5.2). */

import type { Dissection } from '../frame/dissection.js';
import { invalid, named, names } from '../frame/names.js';
import { hex4, sayFilled, sayText } from '../frame/text.js';
import { tagText } from '../link/ethernet.js';
import {
  type Bodies,
  type Body,
  bitmap,
  entries,
  fixed,
  printData,
  printInvalid,
  vendorName,
} from './openFlowParts.js';

const ACTIONS =
  'OUTPUT|SET_VLAN_VID|SET_VLAN_PCP|STRIP_VLAN|SET_DL_SRC|SET_DL_DST|SET_NW_SRC|SET_NW_DST|SET_NW_TOS|SET_TP_SRC|SET_TP_DST|ENQUEUE';
const asBits = (packed: string): string =>
  packed
    .split('|')
    .map((name, i) => `${2 ** i} ${name}`)
    .join('|');
const NO_VLAN = 0xffff;
const unknown8 = (value: number): string => `unknown (0x${value.toString(16).padStart(2, '0')})`;

export const WRITERS = {
  a: named(`${ACTIONS}|0xffff VENDOR`, invalid),
  b: named('0xffffffff NONE', (value) => `0x${value.toString(16).padStart(8, '0')}`),
  c: bitmap(asBits('PORT_DOWN|NO_STP|NO_RECV|NO_RECV_STP|NO_FLOOD|NO_FWD|NO_PACKET_IN'), 0x7f),
  d: named('IDLE_TIMEOUT|HARD_TIMEOUT|DELETE', unknown8),
  e: named('NONE|MIN_RATE', invalid),
  f: bitmap(
    asBits('10MB_HD|10MB_FD|100MB_HD|100MB_FD|1GB_HD|1GB_FD|10GB_FD|COPPER|FIBER|AUTONEG|PAUSE|PAUSE_ASYM'),
    0xfff,
  ),
  g: named('FRAG_NORMAL|FRAG_DROP|FRAG_REASM', invalid),
  h: bitmap(asBits('FLOW_STATS|TABLE_STATS|PORT_STATS|STP|RESERVED|IP_REASM|QUEUE_STATS|ARP_MATCH_IP'), 0xef),
  j: bitmap(asBits(ACTIONS), 0xfff),
  k: named('NO_MATCH|ACTION', invalid),
  l: bitmap('1 MORE', 1),
  o: named('ADD|MODIFY|MODIFY_STRICT|DELETE|DELETE_STRICT', invalid),
  p: named('0xff00 MAX|0xfff8 IN_PORT|TABLE|NORMAL|FLOOD|ALL|CONTROLLER|LOCAL|NONE'),
  q: named('0xffffffff ALL'),
  r: named('ADD|DELETE|MODIFY', invalid),
  s: (state: number): string =>
    `0x${hex4(state >>> 16)}${hex4(state)} (${STP_STATES(state & 0x300)}${state & 1 ? ', LINK_DOWN' : ''})${state & ~0x301 ? ' (bogus)' : ''}`,
  t: named('254 EMERG|ALL'),
  u: bitmap('1 SEND_FLOW_REM|2 CHECK_OVERLAP|4 EMERG', 7),
  v: (vlan: number): string =>
    vlan === NO_VLAN ? 'NONE' : `${vlan}${vlan > 0 && vlan < 0xfff ? '' : ' (bogus)'}`,
  w: bitmap(
    '1 IN_PORT|2 DL_VLAN|4 DL_SRC|8 DL_DST|16 DL_TYPE|32 NW_PROTO|64 TP_SRC|128 TP_DST|0x100000 DL_VLAN_PCP|0x200000 NW_TOS',
    0x3fffff,
  ),
  y: named('DESC|FLOW|AGGREGATE|TABLE|PORT|QUEUE|0xffff VENDOR', invalid),
  z: (priority: number): string => `${priority}${priority <= 7 ? '' : ' (bogus)'}`,
};
const STP_STATES = names('STP_LISTEN|0x100 STP_LEARN|0x200 STP_FORWARD|0x300 STP_BLOCK');

export const say = (d: Dissection, at: number, pattern: string): number => sayFilled(d, at, pattern, WRITERS);
export const saying = (pattern: string): Body => fixed(pattern, WRITERS);

/** A body of exactly that size. */
export const only =
  (size: number, print: Body): Body =>
  (d, at, length) =>
    (length === size ? print : printInvalid)(d, at, length);

/** Fields of a match: a bit that leaves it out, where it lies, and what it says. §5.2.3 */
const MATCH: readonly (readonly [bit: number, place: number, pattern: string])[] = [
  [1, 4, 'in_port %p2'],
  [4, 6, 'dl_src %m'],
  [8, 12, 'dl_dst %m'],
  [2, 18, 'dl_vlan %v2'],
  [0x100000, 20, 'dl_vlan_pcp %z1'],
  [16, 22, 'dl_type 0x%x2'],
  [0x200000, 24, 'nw_tos 0x%x1'],
  [32, 25, 'nw_proto %1'],
];
export const MATCH_SIZE = 40;

export function printMatch(d: Dissection, at: number, indent: string): void {
  const wild = d.u32(at);
  if (wild >>> 22 !== 0) say(d, at, `${indent}wildcards 0x%x4 (bogus)`);
  const typed = (type: number): boolean => (wild & 16) === 0 && d.u16(at + 22) === type;
  for (const [bit, place, pattern] of MATCH) {
    if (place > 22) d.need(at + 22, place - 22);
    const known = bit === 32 && typed(0x0806) ? 'arp_opcode %1' : pattern;
    if ((wild & bit) === 0) say(d, at + place, `${indent}match ${known}`);
  }
  d.need(at + 25, 1);
  for (const [shift, place, name] of [
    [8, 28, 'nw_src'],
    [14, 32, 'nw_dst'],
  ] as const) {
    const bits = (wild >> shift) & 0x3f;
    if (bits < 32) say(d, at + place, `${indent}match ${name} %i/${32 - bits}`);
  }
  const icmp = typed(0x0800) && (wild & 32) === 0 && d.u8(at + 25) === 1;
  if ((wild & 64) === 0) say(d, at + 36, `${indent}match ${icmp ? 'icmp_type' : 'tp_src'} %2`);
  say(d, at + 38, (wild & 128) === 0 ? `${indent}match ${icmp ? 'icmp_code' : 'tp_dst'} %2` : '%!2');
}

/** Size and words of an action. §5.2.4 */
const ACTION_WORDS: readonly (readonly [size: number, pattern: string])[] = [
  [8, ', port %p2'],
  [8, ', vlan_vid %v2%!2'],
  [8, ', vlan_pcp %z1%!3'],
  [8, '%!4'],
  [16, ', dl_addr %m%!6'],
  [16, ', dl_addr %m%!6'],
  [8, ', nw_addr %i'],
  [8, ', nw_addr %i'],
  [8, ', nw_tos 0x%x1%!3'],
  [8, ', tp_port %2%!2'],
  [8, ', tp_port %2%!2'],
  [16, ', port %p2%-6, queue_id %q4'],
];
export const VENDOR = 0xffff;
const CONTROLLER = 0xfffd;

export const printActions = (indent: string): Body =>
  entries(8, `${indent}action type %a2, len %2`, WRITERS, 2, (d, at, size) => {
    const type = d.u16(at);
    const words = ACTION_WORDS[type];
    const fits = type === VENDOR ? size % 8 === 0 : size === words?.[0];
    if (!fits) {
      if (type === VENDOR || words !== undefined) d.out += ' (bogus)';
      d.need(at + 4, size - 4);
    } else if (words === undefined) printVendor(printBsnAction)(d, at + 4, size - 4);
    else {
      say(d, at + 4, words[1]);
      if (type === 0) say(d, at + 6, d.u16(at + 4) === CONTROLLER ? ', max_len %2' : '%!2');
    }
  });

const BIG_SWITCH = 0x5c_16c7;
export const printVendor =
  (bsn: Body): Body =>
  (d, at, size) => {
    if (size < 4) return printInvalid(d, at, size);
    const vendor = d.u32(at);
    say(d, at, `, vendor 0x%x4 (${vendorName(vendor)})`);
    (vendor === BIG_SWITCH ? bsn : printData)(d, at + 4, size - 4);
  };

const BSN_MESSAGES = names(
  'SET_IP_MASK|GET_IP_MASK_REQUEST|GET_IP_MASK_REPLY|SET_MIRRORING|GET_MIRRORING_REQUEST|GET_MIRRORING_REPLY|SHELL_COMMAND|SHELL_OUTPUT|SHELL_STATUS|GET_INTERFACES_REQUEST|GET_INTERFACES_REPLY|SET_PKTIN_SUPPRESSION_REQUEST|SET_L2_TABLE_REQUEST|GET_L2_TABLE_REQUEST|GET_L2_TABLE_REPLY|VIRTUAL_PORT_CREATE_REQUEST|VIRTUAL_PORT_CREATE_REPLY|VIRTUAL_PORT_REMOVE_REQUEST|BW_ENABLE_SET_REQUEST|BW_ENABLE_GET_REQUEST|BW_ENABLE_GET_REPLY|BW_CLEAR_DATA_REQUEST|BW_CLEAR_DATA_REPLY|BW_ENABLE_SET_REPLY|SET_L2_TABLE_REPLY|SET_PKTIN_SUPPRESSION_REPLY|VIRTUAL_PORT_REMOVE_REPLY|HYBRID_GET_REQUEST|HYBRID_GET_REPLY|31 PDU_TX_REQUEST|PDU_TX_REPLY|PDU_RX_REQUEST|PDU_RX_REPLY|PDU_RX_TIMEOUT',
  '',
);
const MASK: Body = only(8, saying(', index %1%-3, mask %i'));
const ON_OFF = named('OFF|ON', (value) => `bogus (${value})`);
const MIRRORING: Body = only(4, fixed(', report_mirror_ports %o1%!3', { o: ON_OFF }));
export const NOTHING: Body = only(0, () => {});
const shell =
  (pattern: string): Body =>
  (d, at, size) => {
    if (pattern !== '' && size < 4) return printInvalid(d, at, size);
    const next = say(d, at, pattern);
    d.out += ", data '";
    sayText(d, next, size - (next - at));
    d.out += "'";
  };
const BSN: Bodies = {
  0: MASK,
  1: only(8, saying(', index %1%!7')),
  2: MASK,
  3: MIRRORING,
  4: MIRRORING,
  5: MIRRORING,
  6: shell(', service %4'),
  7: shell(''),
  8: only(4, saying(', status 0x%x4')),
  9: NOTHING,
  13: NOTHING,
  17: only(4, saying(', vport_no %4')),
  19: NOTHING,
  21: NOTHING,
  27: NOTHING,
};

const subtype = (name: string, value: number): string =>
  `subtype ${name || `unknown (0x${hex4(value >>> 16)}${hex4(value)})`}`;

export const printBsn: Body = (d, at, size) => {
  if (size < 4) return printInvalid(d, at, size);
  const type = d.u32(at);
  d.out += `\n\t ${subtype(BSN_MESSAGES(type), type)}`;
  (BSN[type] ?? ((_d, _at, left) => d.need(at + 4, left)))(d, at + 4, size - 4);
};

const BSN_ACTIONS = names('1 MIRROR|SET_TUNNEL_DST|4 CHECKSUM', '');
const STAGES = named('INGRESS|EGRESS', (value) => `unknown (${value})`);
const printBsnAction: Body = (d, at, size) => {
  if (size < 4) return printInvalid(d, at, size);
  const type = d.u32(at);
  d.out += `\n\t  ${subtype(BSN_ACTIONS(type), type)}`;
  if (type !== 1) return d.need(at + 4, size - 4);
  if (size !== 16) return printInvalid(d, at + 4, size - 4);
  say(d, at + 4, ', dest_port %4');
  const [kind, tag] = [d.u16(at + 8), d.u16(at + 10)];
  d.out +=
    kind === 0
      ? ', vlan_tag none'
      : kind === 0x8100
        ? `, vlan_tag 802.1Q (${tagText(tag)})`
        : `, vlan_tag unknown (0x${hex4(kind)})`;
  sayFilled(d, at + 12, ', copy_stage %c1%!3', { c: STAGES });
};
