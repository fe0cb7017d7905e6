/**
 * Logical link control (IEEE 802.2) and SNAP (RFC 1042, RFC 2684): IP, ARP and bridged frames inside are
 * printed, everything else takes one line.
 */

import { ETHERTYPE } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex2, hex4 } from '../frame/text.js';
import {
  OUI_APPLETALK,
  OUI_BRIDGED,
  OUI_CISCO,
  OUI_CISCO_BRIDGED,
  OUI_ETHERNET,
  OUI_NAMES,
} from '../frame/vendors.js';
import { printAppleTalkType } from '../network/appleTalk.js';
import { printOsi } from '../network/clnp.js';
import { printIp4 } from '../network/ip4.js';
import { printIpx } from '../network/ipx.js';
import { ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { printCdp } from './cdp.js';
import { printDtp, printUdld, printVtp } from './ciscoLinks.js';
import { printEthernet } from './ethernet.js';
import { printFddi, printTokenRing } from './rings.js';
import { printStp } from './stp.js';

const SAP_IP = 0x06;
const SAP_IPX = 0xe0;
const SAP_ALL = 0xff;
const SAP_STP = 0x42;
const SAP_SNAP = 0xaa;
const SAP_GLOBAL = 0xff;
const SAP_OSI = 0xfe;

const SAP_NAMES: ReadonlyMap<number, string> = new Map([
  [0x00, 'Null'],
  [SAP_GLOBAL, 'Global'],
  [0x02, '802.1B I'],
  [0x03, '802.1B G'],
  [SAP_IP, 'IP'],
  [0x04, 'SNA'],
  [0x0e, 'ProWay NM'],
  [SAP_STP, 'STP'],
  [0x4e, 'RS511'],
  [0x7e, 'ISO8208'],
  [0x8e, 'ProWay'],
  [SAP_SNAP, 'SNAP'],
  [0xe0, 'IPX'],
  [0xf0, 'NetBeui'],
  [SAP_OSI, 'OSI'],
]);

/** Control field of an unnumbered information frame. */
const UI = 0x03;
const XID = 0xaf;
const POLL_UNNUMBERED = 0x10;
const POLL_NUMBERED = 0x0100;

const COMMAND_NAMES: ReadonlyMap<number, string> = new Map([
  [UI, 'ui'],
  [0xe3, 'test'],
  [XID, 'xid'],
  [0x63, 'ua'],
  [0x43, 'disc'],
  [0x0f, 'dm'],
  [0x6f, 'sabme'],
  [0x87, 'frmr'],
]);

const SUPERVISORY_NAMES = ['Receiver Ready', 'Receiver not Ready', 'Reject', '?'] as const;

const CISCO_PVST = 0x010b;
const CISCO_VLAN_BRIDGE = 0x010c;
const BRIDGED_BPDU = 0x000e;

const CISCO_NAMES: ReadonlyMap<number, string> = new Map([
  [0x2000, 'CDP'],
  [0x2003, 'VTP'],
  [0x2004, 'DTP'],
  [0x0111, 'UDLD'],
  [CISCO_PVST, 'PVST'],
  [CISCO_VLAN_BRIDGE, 'VLAN Bridge'],
]);

const CISCO_PRINTERS: Readonly<Record<number, (d: Dissection, at: number, length: number) => void>> = {
  8192: printCdp,
  8195: printVtp,
  8196: printDtp,
  273: printUdld,
};

const BRIDGED_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0001, 'Ethernet + FCS'],
  [0x0007, 'Ethernet w/o FCS'],
  [0x0002, '802.4 + FCS'],
  [0x0008, '802.4 w/o FCS'],
  [0x0003, 'Token Ring + FCS'],
  [0x0009, 'Token Ring w/o FCS'],
  [0x0004, 'FDDI + FCS'],
  [0x000a, 'FDDI w/o FCS'],
  [0x0005, '802.6 + FCS'],
  [0x000b, '802.6 w/o FCS'],
  [BRIDGED_BPDU, 'BPDU'],
]);

/** What the type behind an organisation's identifier means. */
function typesOf(oui: number): ReadonlyMap<number, string> | undefined {
  if (oui === OUI_ETHERNET || oui === OUI_CISCO_BRIDGED || oui === OUI_APPLETALK) return ETHERTYPE_NAMES;
  return oui === OUI_CISCO ? CISCO_NAMES : oui === OUI_BRIDGED ? BRIDGED_NAMES : undefined;
}

/**
 * Prints an LLC header and what it announces. `src` and `dst` are offsets of MAC addresses, or -1.
 *
 * @returns the length of the headers; negative where the payload was not printed.
 */
export function printLlc(
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  src: number,
  dst: number,
): number {
  d.cutAs = 'llc';
  const short = shortHeader(d, at, length, captured);
  if (short >= 0) return short;
  const dsapField = d.u8(at);
  const ssapField = d.u8(at + 1);
  if (dsapField === SAP_ALL && ssapField === SAP_ALL) {
    // Novell's own frames have a checksum there, which is not used.
    if (d.showsLink) d.out += 'IPX 802.3: ';
    printIpx(d, at);
    return 0;
  }
  const unnumbered = (d.u8(at + 2) & 3) === 3;
  const control = unnumbered ? d.u8(at + 2) : d.u16le(at + 2);
  const header = unnumbered ? 3 : 4;
  const dsap = dsapField & ~1;
  const ssap = ssapField & ~1;
  if (d.showsLink) {
    d.out += `LLC, dsap ${SAP_NAMES.get(dsap) ?? 'Unknown'} (0x${hex2(dsap)}) ${dsapField & 1 ? 'Group' : 'Individual'}`;
    d.out += `, ssap ${SAP_NAMES.get(ssap) ?? 'Unknown'} (0x${hex2(ssap)}) ${ssapField & 1 ? 'Response' : 'Command'}`;
    d.out += `, ctrl 0x${unnumbered ? hex2(control) : hex4(control)}: `;
  }
  const next = at + header;
  const rest = length - header;
  const restCaptured = captured - header;
  if (control === UI && ssap === dsap) {
    if (ssap === SAP_SNAP) {
      return printSnap(d, next, rest, restCaptured, src, dst, BRIDGE_PAD) ? header + 5 : -(header + 5);
    }
    if (ssap === SAP_STP) {
      printStp(d, next, rest);
      return header;
    }
    if (ssap === SAP_IP) {
      printIp4(d, next, rest);
      return header;
    }
    if (ssap === SAP_IPX) {
      if (d.showsLink) d.out += 'IPX 802.2: ';
      printIpx(d, next);
      return header;
    }
    if (ssap === SAP_OSI) {
      printOsi(d, next, rest);
      return header;
    }
  }
  if (!d.showsLink) printSaps(d, ssap, dsap, src, dst);
  if (unnumbered) return printUnnumbered(d, next, rest, restCaptured, control, ssapField & 1);
  const nr = (control >> 9) & 0x7f;
  const flag = flagText(ssapField & 1, (control & POLL_NUMBERED) !== 0);
  if ((control & 1) === 1) {
    const name = SUPERVISORY_NAMES[(control >> 2) & 3];
    d.out += `Supervisory, ${name}, rcv seq ${nr}, Flags [${flag}], length ${length}`;
    return header;
  }
  d.out += `Information, send seq ${(control >> 1) & 0x7f}, rcv seq ${nr}, Flags [${flag}], length ${length}`;
  return -header;
}

/** Prints and measures a header that is cut; -1 where it is whole. */
function shortHeader(d: Dissection, at: number, length: number, captured: number): number {
  const available = Math.min(length, captured);
  const needed = available >= 3 && (d.u8(at + 2) & 3) !== 3 ? 4 : 3;
  if (available >= needed) return -1;
  d.markTruncated();
  printHexAscii(d, at, captured);
  return captured < needed ? captured : length;
}

function printSaps(d: Dissection, ssap: number, dsap: number, src: number, dst: number): void {
  const to = SAP_NAMES.get(dsap) ?? `Unknown DSAP 0x${hex2(dsap)}`;
  const from = SAP_NAMES.get(ssap) ?? `Unknown SSAP 0x${hex2(ssap)}`;
  const addressed = src >= 0 && dst >= 0;
  if (ssap === dsap) d.out += addressed ? `${d.mac(src)} > ${d.mac(dst)} ${to} ` : `${to} `;
  else d.out += addressed ? `${d.mac(src)} ${from} > ${d.mac(dst)} ${to} ` : `${from} > ${to} `;
}

function flagText(response: number, poll: boolean): string {
  if (poll) return response ? 'Final' : 'Poll';
  return response ? 'Response' : 'Command';
}

function printUnnumbered(
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  control: number,
  response: number,
): number {
  const command = control & 0xef;
  const flag = flagText(response, (control & POLL_UNNUMBERED) !== 0);
  d.out += `Unnumbered, ${COMMAND_NAMES.get(command) ?? hex2(command)}, Flags [${flag}], length ${length + 3}`;
  if (command !== XID) return -3;
  if (length === 0) return 3;
  if (captured < 1) {
    d.markTruncated();
    return 3;
  }
  if (d.u8(at) !== 0x81) return -3;
  if (captured < 3 || length < 3) {
    d.markTruncated();
    printHexAscii(d, at, captured);
  } else {
    d.out += `: ${hex2(d.u8(at + 1))} ${hex2(d.u8(at + 2))}`;
  }
  return 3;
}

/** RFC 2684 §5.2: what aligns a bridged frame. */
const BRIDGE_PAD = 2;

/** Prints a SNAP header and what it announces; false where the payload was not printed. */
export function printSnap(
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  src: number,
  dst: number,
  pad: number,
): boolean {
  d.cutAs = 'snap';
  if (!d.has(at, 5) || captured < 5 || length < 5) {
    d.markTruncated();
    return true;
  }
  const oui = d.u24(at);
  const type = d.u16(at + 3);
  const rest = length - 5;
  const typeName = typesOf(oui)?.get(type) ?? 'Unknown';
  const owner = `oui ${OUI_NAMES.get(oui) ?? 'Unknown'} (0x${oui.toString(16).padStart(6, '0')})`;
  if (d.showsLink) {
    const kind = oui === OUI_ETHERNET ? 'ethertype' : 'pid';
    d.out += `${owner}, ${kind} ${typeName} (0x${hex4(type)}), length ${rest}: `;
  }
  const next = at + 5;
  if (oui === OUI_ETHERNET || oui === OUI_CISCO_BRIDGED) {
    if (printEtherType(d, type, next, rest, captured - 5, src, dst)) return true;
  } else if (
    (oui === OUI_CISCO && (type === CISCO_PVST || type === CISCO_VLAN_BRIDGE)) ||
    (oui === OUI_BRIDGED && type === BRIDGED_BPDU)
  ) {
    printStp(d, next, rest);
    return true;
  } else if (oui === OUI_CISCO && CISCO_PRINTERS[type] !== undefined) {
    CISCO_PRINTERS[type]!(d, next, rest);
    return true;
  } else if (oui === OUI_BRIDGED && (type === 0x0001 || type === 0x0007)) {
    d.need(next, pad);
    printEthernet(d, next + pad, rest - pad, captured - 5 - pad);
    return true;
  } else if (oui === OUI_BRIDGED && (type === 0x0003 || type === 0x0009)) {
    printTokenRing(d, next, rest);
    return true;
  } else if (oui === OUI_BRIDGED && (type === 0x0004 || type === 0x000a)) {
    d.need(next, pad + 1);
    printFddi(d, next + pad + 1, rest - pad - 1);
    return true;
  }
  if (oui === OUI_APPLETALK && type === ETHERTYPE.ATALK) {
    printAppleTalkType(d, next, rest);
    return true;
  }
  if (!d.showsLink) {
    if (src >= 0 && dst >= 0) d.out += `${d.mac(src)} > ${d.mac(dst)} `;
    const what = oui === OUI_ETHERNET ? 'ethertype' : `${owner}, pid`;
    d.out += `SNAP, ${what} ${typeName} (0x${hex4(type)}), length ${rest}: `;
  }
  return false;
}
