/** Label distribution (RFC 5036) with the pseudowires of RFC 4447. */

import { untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { ip4, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8, visible } from '../frame/text.js';
import { FAMILIES } from './bgpAttributes.js';
import { prefix4, prefix6 } from './bgpPrefixes.js';

export const LDP = layout('ldp', {
  'hdr.version': u16(0),
  'hdr.pdu_len': u16(2),
  'hdr.ldpid.lsr': ip4(4),
  'hdr.ldpid.lsid': u16(8),
});

const HEADER = 10;
const MESSAGE = 8;
const MESSAGES = names(
  '1 Notification|0x100 Hello|0x200 Initialization|Keepalive|0x300 Address|Address Withdraw|0x400 Label Mapping|Label Request|Label Withdraw|Label Release|Label Abort Request',
);
const TLVS = names(
  '0x100 FEC|Address List|0x103 Hop Count|Path Vector|0x200 Generic Label|ATM Label|Frame-Relay Label|0x300 Status|Extended Status|Returned PDU|Returned Message|0x400 Common Hello Parameters|IPv4 Transport Address|Configuration Sequence Number|IPv6 Transport Address|0x500 Common Session Parameters|ATM Session Parameters|Frame-Relay Session Parameters|Fault-Tolerant Session Parameters|0x600 Label Request Message ID|MTU',
);
const CLASSES = names('1 Wildcard|Prefix|Host address|128 Martini VC');
/** Types of pseudowires (RFC 4446). */
export const PSEUDOWIRES = names(
  'Reserved|Frame Relay DLCI (Martini Mode)|ATM AAL5 SDU VCC transport|ATM transparent cell transport|Ethernet VLAN|Ethernet|Cisco-HDLC|PPP|SONET/SDH Circuit Emulation Service over MPLS|ATM n-to-one VCC cell transport|ATM n-to-one VPC cell transport|IP Layer2 Transport|ATM one-to-one VCC Cell Mode|ATM one-to-one VPC Cell Mode|ATM AAL5 PDU VCC transport|Frame-Relay Port mode|SONET/SDH Circuit Emulation over Packet|Structure-agnostic E1 over Packet|Structure-agnostic T1 (DS1) over Packet|Structure-agnostic E3 over Packet|Structure-agnostic T3 (DS3) over Packet|CESoPSN basic mode|TDMoIP basic mode|CESoPSN TDM with CAS|TDMoIP TDM with CAS|Frame Relay DLCI|64 IP-interworking',
);
const PARAMETERS = names('1 MTU|3 Description|12 VCCV');
const CHANNELS = bitNames('1 PWE3 control word|MPLS Router Alert Label|4 MPLS inner label TTL = 1');
const VERIFICATIONS = bitNames('1 ICMP Ping|LSP Ping|4 BFD');
/** Whose TLVs are read. */
const READ = new Set([1, 0x100, 0x200, 0x201, 0x300, 0x301, 0x400, 0x402]);

/** Says that a value is too short, and is false. */
function has(d: Dissection, size: number, least: number): boolean {
  if (size >= least) return true;
  d.out += ` [tlv length ${size} < ${least}]`;
  d.markInvalid();
  return false;
}

const TITLES = '\n\t      ';
type Say = (d: Dissection, at: number, size: number) => void;
const said =
  (least: number, say: (d: Dissection, at: number) => string): Say =>
  (d, at, size) => {
    if (has(d, size, least)) d.out += TITLES + say(d, at);
  };

function sayAddresses(d: Dissection, at: number, size: number): void {
  if (!has(d, size, 2)) return;
  const family = d.u16(at);
  d.out += `${TITLES}Address Family: ${FAMILIES(family, `Unknown (${family})`)}, addresses`;
  const width = family === 1 ? 4 : family === 2 ? 16 : size;
  for (let i = 2; i + width <= size; i += width) d.out += ` ${width === 4 ? d.ip4(at + i) : d.ip6(at + i)}`;
}

function sayPrefix(d: Dissection, at: number, size: number): void {
  if (!has(d, size, 2)) return;
  const family = d.u16(at);
  if (family !== 1 && family !== 2) {
    d.out += `: Address family ${family} prefix`;
    return;
  }
  const [bits, most] = [size > 2 ? d.u8(at + 2) : 0, family === 1 ? 32 : 128];
  const name = `IPv${family === 1 ? 4 : 6} prefix`;
  if (size < 3) d.out += ': IPv4 prefix (goes past end of TLV)';
  else if (bits > most) d.out += `: ${name} (invalid length)`;
  else if (Math.ceil(bits / 8) > size - 3) d.out += ': IPv4 prefix (goes past end of TLV)';
  else d.out += `: ${name} ${(family === 1 ? prefix4 : prefix6)(d, at + 2, size - 2)?.text ?? ''}`;
}

function sayPseudowire(d: Dissection, at: number, size: number): void {
  if (!has(d, size, 7)) return;
  const type = d.u16(at);
  let left = d.u8(at + 2);
  if (left !== 0 && !has(d, size, 11)) return;
  d.out += `: ${PSEUDOWIRES(type & 0x7fff)}, ${type & 0x8000 ? '' : 'no '}control word, group-ID ${d.u32(at + 3)}`;
  d.out += `${left === 0 ? '' : `, VC-ID ${d.u32(at + 7)}`}, VC-info-length: ${left}`;
  if (left === 0) return;
  if (left < 4) {
    d.out += ' (invalid, < 4';
    return;
  }
  left -= 4;
  if (!has(d, size - 11, left)) return;
  for (let i = at + 11; left > 2; ) {
    const [kind, length] = [d.u8(i), d.u8(i + 1)];
    if (length < 2 || left < length) return;
    d.out += `\n\t\tInterface Parameter: ${PARAMETERS(kind)} (0x${hex2(kind)}), len ${length}`;
    if (kind === 1) d.out += `: ${d.u16(i + 2)}`;
    else if (kind === 3) {
      d.out += ': ';
      for (let n = 2; n < length; n++) d.out += visible(d.u8(i + n));
    } else if (kind === 12) {
      d.out += `\n\t\t  Control Channels (0x${hex2(d.u8(i + 2))}) = [${CHANNELS(d.u8(i + 2))}]`;
      d.out += `\n\t\t  CV Types (0x${hex2(d.u8(i + 3))}) = [${VERIFICATIONS(d.u8(i + 3))}]`;
    } else printUnknown(d, i + 2, length - 2, '\n\t\t  ');
    left -= length;
    i += length;
  }
}

function sayClass(d: Dissection, at: number, size: number): void {
  if (!has(d, size, 1)) return;
  const type = d.u8(at);
  d.out += `${TITLES}${CLASSES(type)} FEC (0x${hex2(type)})`;
  if (type === 2) sayPrefix(d, at + 1, size - 1);
  else if (type === 128) sayPseudowire(d, at + 1, size - 1);
}

function sayStatus(d: Dissection, at: number): string {
  const [status, message] = [d.u32(at), d.u32(at + 4)];
  const code = `0x${hex8(status & 0x3fffffff).replace(/^0{1,6}/, '')}`;
  return `Status: ${code}, Flags: [${status & 0x80000000 ? 'Fatal error' : 'Advisory Notification'} and ${status & 0x40000000 ? 'do' : "don't"} forward]${message ? `, causing Message ID: 0x${hex8(message)}` : ''}`;
}

function sayRestart(d: Dissection, at: number): string {
  const [flags, reconnect, recovery] = [d.u16(at), d.u32(at + 4), d.u32(at + 8)];
  const no = (bit: number, word: string): string => (flags & bit ? '' : word);
  return `Flags: [${no(0x8000, 'No ')}Reconnect, ${no(8, "Don't ")}Save State, ${no(4, 'No ')}All-Label Protection, ${flags & 2 ? 'Sequence Numbered Label' : 'All Labels'} Checkpoint, ${no(1, "Don't ")}Re-Learn State]${reconnect ? `, Reconnect Timeout: ${reconnect}ms` : ''}${recovery ? `, Recovery Time: ${recovery}ms` : ''}`;
}

const VALUES: Readonly<Record<number, Say>> = {
  256: sayClass,
  257: sayAddresses,
  512: said(4, (d, at) => `Label: ${d.u32(at) & 0xfffff}`),
  768: said(8, sayStatus),
  1024: said(4, (d, at) => {
    const flags = d.u16(at + 2);
    return `Hold Time: ${d.u16(at)}s, Flags: [${flags & 0x8000 ? 'Targeted' : 'Link'} Hello${flags & 0x4000 ? ', Request for targeted Hellos' : ''}]`;
  }),
  1025: said(4, (d, at) => `IPv4 Transport Address: ${d.ip4(at)}`),
  1026: said(4, (d, at) => `Sequence Number: ${d.u32(at)}`),
  1027: said(16, (d, at) => `IPv6 Transport Address: ${d.ip6(at)}`),
  1280: said(8, (d, at) => {
    const flags = d.u16(at + 6);
    return `Version: ${d.u16(at)}, Keepalive: ${d.u16(at + 2)}s, Flags: [Downstream ${flags & 0x8000 ? 'On Demand' : 'Unsolicited'}, Loop Detection ${flags & 0x4000 ? 'Enabled' : 'Disabled'}]`;
  }),
  1283: said(12, sayRestart),
  1537: said(2, (d, at) => `MTU: ${d.u16(at)}`),
};

/** How many bytes it takes; 0 where nothing more is to be read. */
function printTlv(d: Dissection, at: number, left: number): number {
  d.need(at, 4);
  const [head, size] = [d.u16(at), d.u16(at + 2)];
  if (size + 4 > left) {
    d.out += '\n\t\t TLV contents go past end of message';
    return 0;
  }
  const type = head & 0x3fff;
  d.out += `\n\t    ${TLVS(type)} TLV (0x${hex4(type)}), length: ${size}, Flags: [${head & 0x8000 ? 'continue processing' : 'ignore'} and ${head & 0x4000 ? 'do' : "don't"} forward if unknown]`;
  const say = VALUES[type];
  if (say !== undefined) say(d, at + 4, size);
  else if (d.verbosity <= 1) printUnknown(d, at + 4, size, TITLES);
  return size + 4;
}

/** How many bytes the unit takes; 0 where nothing more is to be read. */
function printUnit(d: Dissection, start: number): number {
  d.need(start, HEADER);
  const lead = d.verbosity ? '\n\t' : '';
  const [version, size] = [d.u16(start), d.u16(start + 2)];
  if (version !== 1) {
    d.out += `${lead}LDP version ${version} packet not supported`;
    return 0;
  }
  if (size < HEADER - 4) {
    d.out += `${lead}LDP, pdu-length: ${size} (too short, < ${HEADER - 4})`;
    return 0;
  }
  d.out += `${lead}LDP, Label-Space-ID: ${d.ip4(start + 4)}:${d.u16(start + 8)}, pdu-length: ${size}`;
  if (!d.verbosity) return 0;
  let left = size - (HEADER - 4);
  for (let at = start + HEADER; left > 0; ) {
    d.need(at, MESSAGE);
    const [head, length] = [d.u16(at), d.u16(at + 2)];
    const type = head & 0x7fff;
    d.out += `\n\t  ${MESSAGES(type)} Message (0x${hex4(type)}), length: ${length}`;
    if (length < 4) {
      d.out += ' (too short, < 4)';
      return 0;
    }
    d.out += `, Message ID: 0x${hex8(d.u32(at + 4))}, Flags: [${head & 0x8000 ? 'continue processing' : 'ignore'} if unknown]`;
    d.need(at, length);
    if (READ.has(type)) {
      let rest = length - 4;
      for (let tlv = at + MESSAGE; rest >= 4; ) {
        const done = printTlv(d, tlv, rest);
        if (done === 0) break;
        rest -= done;
        tlv += done;
      }
    } else if (d.verbosity <= 1) printUnknown(d, at + MESSAGE, length - 4, '\n\t  ');
    if (d.verbosity > 1) printUnknown(d, at + MESSAGE, length, '\n\t  ');
    left = (left - length - 4) & 0xffff;
    at += length + 4;
  }
  return size + 4;
}

export function printLdp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'ldp';
  untilCut(d, () => {
    for (let at = start, left = length; left > HEADER + MESSAGE; ) {
      const done = printUnit(d, at);
      if (done === 0) return;
      if (left < done) {
        d.out += ` [remaining length ${left} < ${done}]`;
        d.markInvalid();
        return;
      }
      left -= done;
      at += done;
    }
  });
}
