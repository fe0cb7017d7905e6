/** Pings of label switched paths (RFC 4379). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled, hex4, hex8 } from '../frame/text.js';
import { distinguisher } from './bgpPrefixes.js';
import { PSEUDOWIRES } from './ldp.js';
import { ntpTime } from './ntp.js';
import { SMI_VENDORS } from './radius.js';

export const LSP_PING = layout('mpls-echo', {
  '.mpls_echo.version': u16(0),
  '.mpls_echo.msg_type': u8(4),
  '.mpls_echo.reply_mode': u8(5),
  '.mpls_echo.return_code': u8(6),
  '.mpls_echo.return_subcode': u8(7),
  '.mpls_echo.sender_handle': u32(8, 'hex'),
  '.mpls_echo.sequence': u32(12),
});

const HEADER = 32;
const MESSAGES = names('1 MPLS Echo Request|MPLS Echo Reply', 'unknown');
const MODES = names(
  '1 Do not reply|Reply via an IPv4/IPv6 UDP packet|Reply via an IPv4/IPv6 UDP packet with Router Alert|Reply via application level control channel',
  'unknown',
);
const CODES = names(
  'No return code or return code contained in the Error Code TLV|Malformed echo request received|One or more of the TLVs was not understood|Replying router is an egress for the FEC at stack depth|Replying router has no mapping for the FEC at stack depth|Reserved|Reserved|Reserved|Label switched at stack-depth|Label switched but no MPLS forwarding at stack-depth|Mapping for this FEC is not the given label at stack depth|No label entry at stack-depth|Protocol not associated with interface at FEC stack depth|Premature termination of ping due to label stack shrinking to a single label',
  'unknown',
);
const TLVS = names(
  '1 Target FEC Stack|Downstream Mapping|Pad|9 Error Code|5 Vendor Enterprise Code|7 Interface Label Stack|10 Reply TOS Byte|15 BFD Discriminator|0xfc00 Vendor Private Code',
);
const SUBTLVS = names(
  '1 LDP IPv4 prefix|LDP IPv6 prefix|RSVP IPv4 Session Query|RSVP IPv6 Session Query|Reserved|VPN IPv4 prefix|VPN IPv6 prefix|L2 VPN endpoint|FEC 128 pseudowire (old)|FEC 128 pseudowire|12 BGP labeled IPv4 prefix|BGP labeled IPv6 prefix',
);
const FAMILIES = names('1 IPv4|Unnumbered IPv4|IPv6|IPv6', 'unknown');
/** Codes whose texts end in the depth of the stack. */
const WITH_DEPTH = new Set([3, 4, 8, 10, 11, 12]);

/** Ends a TLV, whose bytes are shown. */
const TOO_SHORT = new Error('TLV is too short');

type Say = (d: Dissection, at: number) => string;
const pattern =
  (text: string): Say =>
  (d, at) =>
    filled(d, at, text);
const wire = (d: Dissection, at: number): string => `${PSEUDOWIRES(d.u16(at), 'unknown')} (${d.u16(at)})`;
const PREFIX_4 = pattern('%i/%1');
const PREFIX_6 = pattern('%I/%1');

/** How long each is, and what is said of it. */
const STACK: Readonly<Record<number, readonly [size: number, say: Say]>> = {
  1: [5, PREFIX_4],
  2: [17, PREFIX_6],
  3: [20, (d, at) => tunnel(d, at, 4)],
  4: [56, (d, at) => tunnel(d, at, 16)],
  6: [13, (d, at) => `RD: ${distinguisher(d, at)}, ${PREFIX_4(d, at + 8)}`],
  7: [25, (d, at) => `RD: ${distinguisher(d, at)}, ${PREFIX_6(d, at + 8)}`],
  8: [
    14,
    (d, at) =>
      `RD: ${distinguisher(d, at)}${filled(d, at + 8, ', Sender VE ID: %2, Receiver VE ID: %2')}\n\t      Encapsulation Type: ${wire(d, at + 12)}`,
  ],
  9: [10, (d, at) => `${filled(d, at, 'Remote PE: %i\n\t      PW ID: 0x%x4')}, PW Type: ${wire(d, at + 8)}`],
  10: [
    14,
    (d, at) =>
      `${filled(d, at, 'Sender PE: %i, Remote PE: %i\n\t      PW ID: 0x%x4')}, PW Type: ${wire(d, at + 12)}`,
  ],
  12: [5, PREFIX_4],
  13: [17, PREFIX_6],
};

function tunnel(d: Dissection, at: number, width: number): string {
  const address = (i: number): string => (width === 4 ? d.ip4(at + i) : d.ip6(at + i));
  const ids = width + 2;
  const sender = 2 * width + 4;
  return `tunnel end-point ${address(0)}, tunnel sender ${address(sender)}, lsp-id 0x${hex4(d.u16(at + sender + width + 2))}\n\t      tunnel-id 0x${hex4(d.u16(at + ids))}, extended tunnel-id ${address(ids + 2)}`;
}

/** False where nothing more is to be said of the packet. */
function printStack(d: Dissection, start: number, length: number): boolean {
  for (let at = start, left = length; left !== 0; ) {
    if (left < 4) throw TOO_SHORT;
    d.need(at, 4);
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (left < size + 4) throw TOO_SHORT;
    d.need(at + 4, size);
    d.out += `\n\t    ${SUBTLVS(type)} subTLV (${type}), length: ${size}`;
    const row = STACK[type];
    const known = row !== undefined && row[0] === size;
    if (known) d.out += `\n\t      ${row[1](d, at + 4)}`;
    else if (row !== undefined) d.out += `\n\t      invalid subTLV length, should be ${row[0]}`;
    if (d.verbosity > 1 || !known) printUnknown(d, at + 4, size, '\n\t      ');
    const padded = (size + 3) & ~3;
    if (left < padded + 4) {
      d.out += '\n\t\t TLV is too short';
      return false;
    }
    // What tcpdump leaves out of its step is the header.
    at += padded;
    left -= padded + 4;
  }
  return true;
}

/** Sizes of addresses and interfaces by family. */
const MAPS: Readonly<Record<number, readonly [size: number, pattern: string]>> = {
  1: [16, '%_8\n\t    Downstream IP: %i\n\t    Downstream Interface IP: %i'],
  2: [16, '%_8\n\t    Downstream IP: %i\n\t    Downstream Interface Index: 0x%x4'],
  3: [40, '%_8\n\t    Downstream IP: %I\n\t    Downstream Interface IP: %I'],
  4: [28, '%_8\n\t    Downstream IP: %I\n\t    Downstream Interface Index: 0x%x4'],
};

function printMap(d: Dissection, at: number, length: number): void {
  if (length < 8) throw TOO_SHORT;
  const [unit, family] = [d.u16(at), d.u8(at + 2)];
  d.out += `\n\t    MTU: ${unit}, Address-Type: ${FAMILIES(family)} (${family})`;
  const row = MAPS[family];
  let left = length;
  if (row !== undefined) {
    if (length < row[0]) throw TOO_SHORT;
    d.out += filled(d, at, row[1]);
    left -= row[0];
  }
  if (left < 4) throw TOO_SHORT;
}

function printTlvs(d: Dissection, start: number, length: number): void {
  for (let at = start, left = length; left !== 0; ) {
    if (left < 4) throw TOO_SHORT;
    d.need(at, 4);
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    d.out += `\n\t  ${TLVS(type)} TLV (${type}), length: ${size}`;
    if (left < size + 4) throw TOO_SHORT;
    d.need(at + 4, size);
    let hex = type === 2;
    try {
      if (size === 0) hex = false;
      else if (type === 1) {
        if (!printStack(d, at + 4, size)) return;
      } else if (type === 2) printMap(d, at + 4, size);
      else if (type === 5 || type === 15) {
        if (size < 4) throw TOO_SHORT;
        const value = d.u32(at + 4);
        d.out +=
          type === 15
            ? `\n\t    BFD Discriminator 0x${hex8(value)}`
            : `\n\t    Vendor: ${SMI_VENDORS(value, 'Unknown')} (0x${value.toString(16).padStart(4, '0')})`;
      } else if (d.verbosity <= 1) printUnknown(d, at + 4, size, '\n\t    ');
    } catch (error) {
      if (error !== TOO_SHORT) throw error;
      d.out += '\n\t      TLV is too short';
      hex = true;
    }
    if (size !== 0 && (d.verbosity > 1 || hex)) printUnknown(d, at + 4, size, '\n\t    ');
    const padded = (size + 3) & ~3;
    if (left < padded + 4) throw TOO_SHORT;
    at += padded + 4;
    left -= padded + 4;
  }
}

export function printLspPing(d: Dissection, start: number, length: number): void {
  d.cutAs = 'lspping';
  try {
    printPing(d, start, length);
  } catch (error) {
    if (error !== TOO_SHORT) throw error;
    d.out += '\n\t\t packet is too short';
  }
}

function printPing(d: Dissection, start: number, length: number): void {
  if (length < HEADER) throw TOO_SHORT;
  d.need(start, HEADER);
  const version = d.u16(start);
  if (version !== 1) {
    d.out += `LSP-PING version ${version} packet not supported`;
    return;
  }
  const [type, mode, code, depth] = [d.u8(start + 4), d.u8(start + 5), d.u8(start + 6), d.u8(start + 7)];
  const sequence = d.u32(start + 12);
  if (!d.verbosity) {
    d.out += `LSP-PINGv1, ${MESSAGES(type, `unknown (${type})`)}, seq ${sequence}, length: ${length}`;
    return;
  }
  d.out += `\n\tLSP-PINGv1, msg-type: ${MESSAGES(type)} (${type}), length: ${length}\n\t  reply-mode: ${MODES(mode)} (${mode})`;
  d.out += `\n\t  Return Code: ${CODES(code)}${WITH_DEPTH.has(code) ? ` ${depth}` : ''} (${code})\n\t  Return Subcode: (${depth})`;
  d.out += `\n\t  Sender Handle: 0x${hex8(d.u32(start + 8))}, Sequence: ${sequence}`;
  d.out += '\n\t  Sender Timestamp: ';
  d.out += ntpTime(d, start + 16);
  d.out += ' Receiver Timestamp: ';
  d.out += d.u32(start + 24) !== 0 || d.u32(start + 28) !== 0 ? ntpTime(d, start + 24) : 'no timestamp';
  printTlvs(d, start + HEADER, length - HEADER);
}
