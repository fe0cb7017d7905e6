/** Tags that switches put into frames for the processor behind them: Marvell's DSA and EDSA, Broadcom's; and what Realtek's talk. */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex2, hex4, hex8 } from '../frame/text.js';
import { ETHERTYPE_NAMES } from '../tables/ethertypes.js';
import { printEthernet, type SwitchTag } from './ethernet.js';

const MODES = ['To CPU', 'From CPU', 'To Sniffer', 'Forward'];
const CODES = names(
  'BPDU (MGMT) Trap|Frame2Reg|IGMP/MLD Trap|Policy Trap|ARP Mirror|Policy Mirror',
  'reserved',
);

function sayTag(d: Dissection, at: number): void {
  const [first, second, third] = [d.u8(at), d.u8(at + 1), d.u8(at + 2)];
  const mode = first >> 6;
  const [device, port, bit] = [first & 31, second >> 3, (second & 4) !== 0];
  const vlan = ((third & 15) << 8) | d.u8(at + 3);
  if (d.showsLink) {
    d.out += `mode ${MODES[mode]}, ${mode === 3 ? '' : mode === 1 ? 'target ' : 'source '}dev ${device}, `;
    d.out += `${mode === 3 && bit ? 'trunk' : 'port'} ${port}, `;
    if (mode === 0) d.out += `code ${CODES((second & 6) | ((third >> 4) & 1))}, `;
    if (mode === 2) d.out += `${bit ? 'ingress' : 'egress'} sniff, `;
    d.out += `${first & 0x20 ? '' : 'un'}tagged, ${second & 1 ? 'CFI, ' : ''}VID ${vlan}, FPri ${third >> 5}, `;
    return;
  }
  const place = `${device}.${port}`;
  if (mode === 3) d.out += `Forward ${bit ? 'trunk' : 'port'} ${place}, `;
  else if (mode === 1) d.out += `CPU > port ${place}, `;
  else d.out += `port ${place} > ${mode === 0 ? 'CPU' : `${bit ? 'Rx' : 'Tx'} Sniffer`}, `;
  d.out += `VLAN ${vlan}${first & 0x20 ? 't' : 'u'}, `;
}

const DSA: SwitchTag = {
  size: 4,
  say(d, at) {
    d.out += d.showsLink ? 'Marvell DSA ' : 'DSA ';
    sayTag(d, at);
  },
};
const EDSA: SwitchTag = {
  size: 8,
  say(d, at) {
    const type = d.u16(at);
    d.out += d.showsLink
      ? `Marvell EDSA ethertype 0x${hex4(type)} (${ETHERTYPE_NAMES.get(type) ?? 'Unknown'}), rsvd ${d.u8(at + 2)} ${d.u8(at + 3)}, `
      : `EDSA 0x${hex4(type)}, `;
    sayTag(d, at + 4);
  },
};

const ENCAPSULATIONS = ['None', 'Untag', 'Header', 'Reserved'];
const REASONS = names(
  '1 mirror|2 MAC learning|4 switching|8 prot term|16 prot snoop|32 exception',
  'reserved',
);
const BROADCOM_TAG: SwitchTag = {
  size: 4,
  say(d, at) {
    const [first, second, third, last] = [d.u8(at), d.u8(at + 1), d.u8(at + 2), d.u8(at + 3)];
    d.out += `BRCM tag OP: ${first ? 'IG' : 'EG'}, `;
    if (first & 0x20) {
      d.out += `TC: ${(second >> 2) & 7}, TE: ${ENCAPSULATIONS[second & 3]}, TS: ${second >> 7}`;
      d.out += `, DST map: 0x${hex4(((third << 8) | last) & 0x1ff)}, `;
    } else d.out += `CID: ${second}, RC: ${REASONS(third)}, TC: ${last >> 5}, port: ${last & 31}, `;
  },
};

/** LINKTYPE_DSA_TAG_DSA and its kin: the tag stands behind the addresses. */
const tagged =
  (tag: SwitchTag, name: string) =>
  (d: Dissection, length: number): void => {
    d.cutAs = name;
    d.linkHeaderLength = printEthernet(d, 0, length, d.end, tag);
  };
export const printDsa = tagged(DSA, 'dsa');
export const printEdsa = tagged(EDSA, 'edsa');
export const printBroadcomTag = tagged(BROADCOM_TAG, 'brcm-tag');

/** LINKTYPE_ETHERNET_MPACKET's neighbor: the tag stands before the frame. */
export function printBroadcomPrepended(d: Dissection, length: number): void {
  d.cutAs = 'brcm-tag-prepend';
  if (d.end < 4) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  if (d.showsLink) BROADCOM_TAG.say(d, 0);
  d.linkHeaderLength = printEthernet(d, 4, length - 4, d.end - 4);
}

const OPCODES = ['hello', 'get', 'set'];
export function printRealtek(
  d: Dissection,
  at: number,
  _length: number,
  _captured: number,
  src: number,
  dst: number,
): void {
  d.cutAs = 'rtl';
  if (src >= 0 && dst >= 0) d.out += `${d.mac(src)} > ${d.mac(dst)}, `;
  const protocol = d.u8(at);
  if (protocol === 1) printRemoteControl(d, at);
  else if (protocol === 2) d.out += 'REP';
  else if (protocol === 3 || protocol === 0x23) d.out += 'RLDP';
  else if (protocol === 4) d.out += 'Realtek 8-byte DSA tag';
  else if (protocol >> 4 === 9) d.out += 'Realtek RTL8306 4-byte DSA tag';
  else if (protocol >> 4 === 10) d.out += 'Realtek RTL8366RB 4-byte DSA tag';
  else d.out += `Realtek unknown type 0x${hex2(protocol)}`;
}

function printRemoteControl(d: Dissection, at: number): void {
  d.cutAs = 'rrcp';
  const code = d.u8(at + 1) & 0x7f;
  const isReply = (d.u8(at + 1) & 0x80) !== 0;
  const asks = code === 1 || code === 2;
  d.out += `RRCP ${isReply ? 'reply' : 'query'}: ${OPCODES[code] ?? `unknown opcode (0x${hex2(code)})`}`;
  if (asks) d.out += ` addr=0x${hex4(d.u16le(at + 4))}, data=0x${hex8(d.u32le(at + 6))}`;
  d.out += `, auth=0x${hex4(d.u16(at + 2))}`;
  if (asks) d.out += `, cookie=0x${hex8(d.u32(at + 14))}${hex8(d.u32(at + 10))} `;
  else if (code === 0 && isReply) {
    d.out += ` downlink_port=${d.u8(at + 4)}, uplink_port=${d.u8(at + 5)}, uplink_mac=${d.mac(at + 6)}`;
    d.out += `, vendor_id=${hex8(d.u32(at + 14))} ,chip_id=${hex4(d.u16(at + 12))} `;
  }
}
