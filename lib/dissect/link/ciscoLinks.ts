/** Cisco's protocols between switches: dynamic trunking (DTP), unidirectional links (UDLD), VLANs of a domain (VTP). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, ip4, items, text, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex2, hex4, hex8, hexBytes, sayPadded, sayText } from '../frame/text.js';

const DTP_TLV = layout('dtp', { tlv_type: u16(0, 'hex'), tlv_len: u16(2) });
export const DTP = layout('dtp', { version: u8(0), options: items(1, DTP_TLV, { size: (p) => p.u16(2) }) });
export const UDLD = layout('udld', {
  version: bits(0, 0xe0),
  opcode: bits(0, 0x1f),
  flags: u8(1, 'hex'),
  checksum: u16(2, 'hex'),
});
export const VTP = layout('vtp', {
  version: u8(0, 'hex'),
  code: u8(1, 'hex'),
  md_len: u8(3),
  md: text(4, 32),
  conf_rev_num: u32(36).when((p) => p.u8(1) === 1 || p.u8(1) === 2),
  upd_id: ip4(40).when((p) => p.u8(1) === 1),
});

function invalid(d: Dissection, why: string, at: number, length: number): void {
  d.out += why;
  d.markInvalid();
  d.need(at, length);
}

const DTP_NAMES = names('1 Domain|Status|DTP type|Neighbor');

export function printDtp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'dtp';
  if (length < 1) {
    invalid(d, '[zero packet length]', start, length);
    return;
  }
  d.out += `DTPv${d.u8(start)}, length ${length}`;
  if (!d.verbosity) return;
  const end = start + length;
  for (let at = start + 1; at < end; ) {
    const left = end - at;
    if (left < 4) {
      invalid(d, `[${left} bytes remaining]`, start, length);
      return;
    }
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (type === 0) return;
    d.out += `\n\t${DTP_NAMES(type)} (0x${hex4(type)}) TLV, length ${size}`;
    if (size < 4 || size > left) {
      invalid(d, `[invalid TLV length ${size}]`, start, length);
      return;
    }
    const value = at + 4;
    const wanted = type === 4 ? 6 : type === 2 || type === 3 ? 1 : -1;
    if (type === 1) {
      d.out += ', ';
      sayPadded(d, value, size - 4);
    } else if (wanted >= 0 && size - 4 !== wanted) {
      invalid(d, '', start, length);
      return;
    } else if (wanted === 1) d.out += `, 0x${d.u8(value).toString(16)}`;
    else if (wanted === 6) d.out += `, ${d.mac(value)}`;
    else d.need(value, size - 4);
    at += size;
  }
}

const UDLD_CODES = names('Reserved|Probe message|Echo message|Flush message', 'Reserved');
const UDLD_FLAGS = bitNames('1 RT|RSY|4 MBZ-2|8 MBZ-3|16 MBZ-4|32 MBZ-5|64 MBZ-6|128 MBZ-7');
const UDLD_NAMES = names(
  '1 Device-ID TLV|Port-ID TLV|Echo TLV|Message Interval TLV|Timeout Interval TLV|Device Name TLV|Sequence Number TLV',
);

export function printUdld(d: Dissection, start: number, length: number): void {
  d.cutAs = 'udld';
  if (length < 4) {
    invalid(d, '', start, length);
    return;
  }
  const [first, flags] = [d.u8(start), d.u8(start + 1)];
  const code = first & 31;
  d.out += `UDLDv${first >> 5}, Code ${UDLD_CODES(code)} (${code.toString(16)}), Flags [${UDLD_FLAGS(flags)}] (0x${hex2(flags)}), length ${length}`;
  if (!d.verbosity) {
    d.need(start, length);
    return;
  }
  d.out += `\n\tChecksum 0x${hex4(d.u16(start + 2))} (unverified)`;
  const end = start + length;
  for (let at = start + 4; at < end; ) {
    const left = end - at;
    if (left < 4) {
      invalid(d, '', start, length);
      return;
    }
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    d.out += `\n\t${UDLD_NAMES(type)} (0x${hex4(type)}) TLV, length ${size}`;
    if (size <= 4 || size > left) {
      invalid(d, '', start, length);
      return;
    }
    const value = at + 4;
    const bytes = size - 4;
    if (type === 1 || type === 2 || type === 6) {
      d.out += ', ';
      sayPadded(d, value, bytes);
    } else if (type === 3) {
      d.out += ', ';
      sayText(d, value, bytes);
    } else if (type === 4 || type === 5) {
      if (bytes !== 1) {
        invalid(d, '', start, length);
        return;
      }
      d.out += `, ${d.u8(value)}s`;
    } else if (type === 7) {
      if (bytes !== 4) {
        invalid(d, '', start, length);
        return;
      }
      d.out += `, ${d.u32(value)}`;
    } else d.need(value, bytes);
    at += size;
  }
}

const VTP_MESSAGES = names(
  '1 Summary advertisement|Subset advertisement|Advertisement request|Join message',
  'Unknown message type',
);
const VTP_HEADERS = names('1 Followers|Seq number|Rsvd|Rsvd');
const VLAN_TYPES = names('1 Ethernet|FDDI|TrCRF|FDDI-net|TrBRF');
const VLAN_TLVS = names(
  '1 Source-Routing Ring Number TLV|Source-Routing Bridge Number TLV|STP type TLV|Parent VLAN TLV|Translationally bridged VLANs TLV|Pruning TLV|Bridge Type TLV|Max ARP Hop Count TLV|Max STE Hop Count TLV|Backup CRF Mode TLV',
);
const TREES = names('1 SRT|SRB|Auto');
const VTP_HEADER = 36;
const VLAN = 12;

export function printVtp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'vtp';
  if (length < VTP_HEADER) {
    invalid(d, '', start, length);
    return;
  }
  d.need(start, VTP_HEADER);
  const type = d.u8(start + 1);
  d.out += `VTPv${d.u8(start)}, Message ${VTP_MESSAGES(type)} (0x${hex2(type)}), length ${length}`;
  if (!d.verbosity) {
    d.need(start, length);
    return;
  }
  d.out += '\n\tDomain name: ';
  const name = d.u8(start + 3);
  if (name < 1 || name > 32) {
    invalid(d, ` [invalid MgmtD Len ${name}]`, start, length);
    return;
  }
  sayPadded(d, start + 4, name);
  d.out += `, ${VTP_HEADERS(type)}: ${d.u8(start + 2)}`;
  const at = start + VTP_HEADER;
  if (type === 1) {
    d.out += `\n\t  Config Rev ${d.u32(at).toString(16)}, Updater ${d.ip4(at + 4)}`;
    d.out += filled(d, at + 8, ', Timestamp 0x%x4 0x%x4 0x%x4');
    d.out += `, MD5 digest: ${hexBytes(d, at + 20, 16)}`;
  } else if (type === 2) {
    d.out += `, Config Rev ${d.u32(at).toString(16)}`;
    if (!printVlans(d, at + 4, start + length)) invalid(d, '', start, length);
  } else if (type === 3) d.out += `\n\tStart value: ${d.u32(at)}`;
}

/** False where one is wrong. */
function printVlans(d: Dissection, first: number, end: number): boolean {
  for (let at = first; at < end; ) {
    const size = d.u8(at);
    if (size === 0) return true;
    d.need(at, size);
    if (size < VLAN) return false;
    const [status, kind, name] = [d.u8(at + 1), d.u8(at + 2), d.u8(at + 3)];
    d.out += `\n\tVLAN info status ${['Operational', 'Suspended'][status] ?? 'Unknown'}, type ${VLAN_TYPES(kind)}`;
    d.out += `, VLAN-id ${d.u16(at + 4)}, MTU ${d.u16(at + 6)}, SAID 0x${hex8(d.u32(at + 8))}, Name `;
    const padded = (name + 3) & ~3;
    if (size - VLAN < padded) return false;
    sayPadded(d, at + VLAN, name);
    for (let i = VLAN + padded; i < size; ) {
      if (size - i < 2) return false;
      const [type, words] = [d.u8(at + i), d.u8(at + i + 1)];
      d.out += `\n\t\t${VLAN_TLVS(type)} (0x${hex4(type)}) TLV`;
      if (size - i < words * 2 + 2) {
        d.out += ' (TLV goes past the end of the packet)';
        return false;
      }
      d.need(at + i, words * 2 + 2);
      if (words !== 1) {
        d.out += ` (invalid TLV length ${words} != 1)`;
        return false;
      }
      sayVlanValue(d, type, at + i, d.u16(at + i + 2));
      i += 2 + words * 2;
    }
    at += size;
  }
  return true;
}

function sayVlanValue(d: Dissection, type: number, at: number, value: number): void {
  const said =
    type === 6
      ? ['Disabled', 'Enabled']
      : type === 7
        ? ['SRT', 'SRB']
        : type === 10
          ? ['Not backup', 'Backup']
          : undefined;
  if (type === 9) d.out += `, ${value}`;
  else if (type === 3) d.out += `, ${TREES(value)} (${value})`;
  else if (said !== undefined) d.out += `, ${said[value === 1 ? 1 : 0]} (${value})`;
  else printUnknown(d, at, 4, '\n\t\t  ');
}
