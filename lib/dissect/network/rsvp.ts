/** RSVP (RFC 2205) with the objects of traffic engineering (RFC 3209) and of generalized MPLS (RFC 3473). */

import { FAMILIES } from '../application/bgpAttributes.js';
import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, items, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex2, hex4, hex8, visibleText } from '../frame/text.js';
import { ETHERTYPE_NAMES } from '../tables/ethertypes.js';
import { ENCODING, PAYLOADS, SWITCHING } from './gmpls.js';
import { printServices, sayFloat } from './rsvpServices.js';

const OBJECT = layout('rsvp', { length: u16(0), object: u8(2) });
export const RSVP = layout('rsvp', {
  version: bits(0, 0xf0),
  flags: bits(0, 0x0f, 1, 'hex'),
  msg: u8(1),
  objects: items(8, OBJECT, { size: (p) => p.u16(0) }),
});

const HEADER = 8;
const MESSAGES = names(
  '1 Path|Resv|PathErr|ResvErr|PathTear|ResvTear|ResvConf|12 Bundle|Acknowledgement|Hello (Old)|Refresh|20 Hello',
  '',
);
const HEADER_FLAGS = bitNames('1 Refresh reduction capable');
const CLASSES = names(
  '1 Session|3 RSVP Hop|Integrity|Time Values|Error Spec|Scope|Style|Flowspec|FilterSpec|Sender Template|Sender TSpec|Adspec|Policy Data|Confirm|Label|19 Label Request|ERO|RRO|Hello|Message ID|Message ID Ack|Message ID List|34 Recovery Label|Upstream Label|Label Set|130 Acceptable Label Set|63 Detour|66 Class Type|125 Class Type (old)|129 Suggested Label|204 Properties|Fast Re-Route|207 Session Attribute|229 Generalized UNI|Call-ID|236 Call Capability|131 Restart Capability|134 Capability|195 Notify Request|37 Protection|196 Administrative Status|50 Sub-LSP to LSP',
);
const TYPES = names(
  '0x301 IPv4|IPv6|IPv4 plus opt. TLVs|IPv6 plus opt. TLVs|0xc301 IPv4|IPv6|0xf01 IPv4|IPv6|0x501 1|0x901 obsolete|IntServ|0xc02 IntServ|0xd02 IntServ|0xa01 IPv4|IPv6|IPv6 Flow-label|0xa07 Tunnel IPv4|0xa0c IPv4 P2MP LSP Tunnel|IPv6 P2MP LSP Tunnel|0x101 IPv4|IPv6|0x107 Tunnel IPv4|0x10b UNI IPv4|0x10d IPv4 P2MP LSP Tunnel|IPv6 P2MP LSP Tunnel|0xb01 IPv4|IPv6|0xb07 Tunnel IPv4|0xb0c IPv4 P2MP LSP Tunnel|IPv6 P2MP LSP Tunnel|0x1701 1|0x1801 Message id ack|Message id nack|0x1901 1|0x801 1|0x1601 Hello Request|Hello Ack|0x1301 without label range|with ATM label range|with FR label range|Generalized Label|0x1001 Label|Generalized Label|Waveband Switching|0x8101 Label|Generalized Label|Waveband Switching|0x2301 Label|Generalized Label|Waveband Switching|0x2201 Label|Generalized Label|Waveband Switching|0x1401 IPv4|0x1501 IPv4|0x601 IPv4|IPv6|IPv4 plus opt. TLVs|IPv6 plus opt. TLVs|0x8301 IPv4|0x8601 1|0xcf07 Tunnel IPv4|0xcd07 Tunnel IPv4|0xcd01 1|0x3f07 Tunnel IPv4|0xcc01 1|0xc401 1|0x4201 1|0x7d01 1|0x2401 1|0xe501 1|0x3201 IPv4 sub-LSP|IPv6 sub-LSP',
);
const STYLES = names('17 Wildcard Filter|10 Fixed Filter|18 Shared Explicit');
const HOPS = names(
  'Reserved|IPv4 prefix|IPv6 prefix|Label|32 Autonomous system number|64 MPLS label switched path termination',
  '',
);
const HOP_FLAGS = bitNames(
  '1 Local protection available|Local protection in use|4 Bandwidth protection|8 Node protection',
);
const LABEL_FLAGS = bitNames('1 Global');
const CAPABILITIES = bitNames(
  '4 RecoveryPath Transmit Enabled|2 RecoveryPath Desired|1 RecoveryPath Srefresh Capable',
);
const SESSION_FLAGS = bitNames(
  '1 Local Protection|Label Recording|4 SE Style|8 Bandwidth protection|16 Node protection',
);
const ERRORS = names(
  '24 Routing Problem|Notify Error|28 Diffserv TE Error|125 Diffserv TE Error (Old)',
  'unknown',
);
const ROUTING_ERRORS = names(
  '1 Bad EXPLICIT_ROUTE object|Bad strict node|Bad loose node|Bad initial subobject|No route available toward destination|Unacceptable label value|RRO indicated routing loops|non-RSVP-capable router in the path|MPLS label allocation failure|Unsupported L3PID',
  'unknown',
);
const CLASS_ERRORS = names(
  '1 Unexpected CT object|Unsupported CT|Invalid CT value|CT/setup priority do not form a configured TE-Class|CT/holding priority do not form a configured TE-Class|CT/setup priority and CT/holding priority do not form a configured TE-Class|Inconsistency between signaled PSC and signaled CT|Inconsistency between signaled PHBs and signaled CT',
  'unknown',
);
const PROPERTIES = names('1 Cos|Metric 1|4 Metric 2|8 CCC Status|16 Path Type', 'unknown');
const INTEGRITY = bitNames('128 Handshake');
const STATUS = bitNames('0x80000000 Reflect|4 Testing|2 Admin-down|1 Delete-in-progress');
const SETS = names('Inclusive list|Exclusive list|Inclusive range|Exclusive range');
const UNI = names('1 Source TNA address|Destination TNA address|Diversity|Egress label|Service level');

/** `'hex'` where the bytes are to be shown too, a text where the object is wrong. */
type Print = (d: Dissection, at: number, size: number, indent: string) => unknown;
type Row = readonly [least: number, print: string | Print];

const hop = (address: string): string =>
  `$Previous/Next Interface: %${address}, Logical Interface Handle: 0x%x4`;
const source = (address: string, pad: number): string =>
  `$Source Address: %${address}%_${pad}, Source Port: %2`;
const p2mp = (address: string): string =>
  `$${address === 'i' ? 'IPv4' : 'IPv6'} Tunnel Sender Address: %${address}%_2, LSP ID: 0x%x2$Sub-Group Originator ID: %${address}${address === 'i' ? '' : '%_2'}, Sub-Group ID: 0x%x2`;
const tunnel = (what: string): string => `$IPv4 ${what}: %i%_2, Tunnel ID: 0x%x2, Extended Tunnel ID: %i`;
const LSP_ID = '$Source Address: %i%_2, LSP-ID: 0x%x2';
const LABELS: Readonly<Record<string, Row>> = {
  1: [0, everyFour('Label: %4')],
  2: [4, '$Generalized Label: %4'],
  3: [12, '$Waveband ID: %4$Start Label: %4, Stop Label: %4'],
};
const PROTOCOL_ERROR: Row = [8, (d, at, _, indent) => sayError(d, d.ip4(at), at + 4, indent, true)];
const PROTOCOL_ERROR_6: Row = [20, (d, at, _, indent) => sayError(d, d.ip6(at), at + 16, indent, false)];
const MESSAGE_ID: Row = [4, sayMessageIds];
const CLASS_TYPE: Row = [4, (d, at, _, indent) => (d.out += `${indent}  CT: ${d.u8(at + 3) & 7}`)];
const SERVICES: Row = [4, printServices];
const FAST_REROUTE: Row = [16, sayReroute];

const ROWS: Readonly<Record<string, Row>> = {
  '1.1': [8, '$IPv4 DestAddress: %i, Protocol ID: 0x%x1$Flags: [0x%x1], DestPort %2'],
  '1.2': [20, '$IPv6 DestAddress: %I, Protocol ID: 0x%x1$Flags: [0x%x1], DestPort %2'],
  '1.8': [36, '$IPv6 Tunnel EndPoint: %I%_2, Tunnel ID: 0x%x2, Extended Tunnel ID: %I'],
  '1.14': [26, '$IPv6 P2MP LSP ID: 0x%x4%_2, Tunnel ID: 0x%x2, Extended Tunnel ID: %I'],
  '1.13': [12, tunnel('P2MP LSP ID')],
  '1.7': [12, tunnel('Tunnel EndPoint')],
  '1.11': [12, tunnel('Tunnel EndPoint')],
  '3.1': [8, (d, at, size, indent) => sayHop(d, at, indent, 'i', size > 8)],
  '3.3': [8, (d, at, size, indent) => sayHop(d, at, indent, 'i', size > 8)],
  '3.2': [20, (d, at, _, indent) => sayHop(d, at, indent, 'I', true)],
  '3.4': [20, (d, at, _, indent) => sayHop(d, at, indent, 'I', true)],
  '4.1': [34, sayIntegrity],
  '5.1': [4, '$Refresh Period: %4ms'],
  '6.1': PROTOCOL_ERROR,
  '6.3': PROTOCOL_ERROR,
  '6.2': PROTOCOL_ERROR_6,
  '6.4': PROTOCOL_ERROR_6,
  '8.1': [
    4,
    (d, at, _, indent) =>
      (d.out += `${indent}  Reservation Style: ${STYLES(d.u24(at + 1))}, Flags: [0x${hex2(d.u8(at))}]`),
  ],
  '9.2': SERVICES,
  '12.2': SERVICES,
  '13.2': SERVICES,
  '10.1': [8, source('i', 2)],
  '10.2': [20, source('I', 2)],
  '10.3': [20, '$Source Address: %I%_1, Flow Label: %3'],
  '10.8': [20, '$Source Address: %i%_14, LSP-ID: 0x%x2'],
  '10.7': [8, LSP_ID],
  '10.12': [16, p2mp('i')],
  '10.13': [40, p2mp('I')],
  '11.1': [8, source('i', 2)],
  '11.2': [20, source('I', 2)],
  '11.7': [8, '$IPv4 Tunnel Sender Address: %i%_2, LSP-ID: 0x%x2'],
  '11.12': [16, p2mp('i')],
  '11.13': [40, p2mp('I')],
  '15.1': [4, '$IPv4 Receiver Address: %i'],
  '15.2': [16, '$IPv6 Receiver Address: %I'],
  '19.1': [0, sayRequests],
  '19.2': [12, (d, at, _, indent) => sayRanges(d, at, indent, true)],
  '19.3': [12, (d, at, _, indent) => sayRanges(d, at, indent, false)],
  '19.4': [4, sayGeneralized],
  '20.1': [0, sayRoute],
  '21.1': [0, sayRoute],
  '22.1': [8, '$Source Instance: 0x%x4, Destination Instance: 0x%x4'],
  '22.2': [8, '$Source Instance: 0x%x4, Destination Instance: 0x%x4'],
  '23.1': MESSAGE_ID,
  '23.2': MESSAGE_ID,
  '24.1': MESSAGE_ID,
  '24.2': MESSAGE_ID,
  '25.1': MESSAGE_ID,
  '25.2': MESSAGE_ID,
  '36.1': [4, saySet],
  '50.1': [4, '$Sub-LSP destination address: %i'],
  '50.2': [16, '$Sub-LSP destination address: %I'],
  '63.7': [
    0,
    (d, at, size, indent) => {
      for (let i = 0; i + 8 <= size; i += 8) say(d, at + i, '$PLR-ID: %i, Avoid-Node-ID: %i', indent);
    },
  ],
  '66.1': CLASS_TYPE,
  '125.1': CLASS_TYPE,
  '131.1': [8, '$Restart  Time: %4ms, Recovery Time: %4ms'],
  '134.1': [4, (d, at, _, indent) => (d.out += `${indent}  Flags: [${CAPABILITIES(d.u32(at))}]`)],
  '195.1': [4, '$IPv4 Notify Node Address: %i'],
  '195.2': [16, '$IPv6 Notify Node Address: %I'],
  '196.1': [4, (d, at, _, indent) => (d.out += `${indent}  Flags [${STATUS(d.u32(at))}]`)],
  '204.1': [4, sayProperties],
  '205.1': [20, sayReroute],
  '205.7': FAST_REROUTE,
  '207.7': [4, saySession],
  '229.1': [4, sayUni],
};

/** Labels of four classes are of one form. */
const ROW = (group: number, type: number): Row | undefined =>
  [16, 34, 35, 129].includes(group) ? LABELS[type] : ROWS[`${group}.${type}`];
/** Classes without any type known: their bytes are shown where there is nothing else that shows them. */
const KNOWN = new Set([16, 34, 35, 129, ...Object.keys(ROWS).map((key) => Number.parseInt(key, 10))]);

function say(d: Dissection, at: number, pattern: string, indent: string): void {
  d.out += filled(d, at, pattern.replaceAll('$', `${indent}  `));
}

function everyFour(pattern: string): Print {
  return (d, at, size, indent) => {
    for (let i = 0; i + 4 <= size; i += 4) say(d, at + i, `$${pattern}`, indent);
  };
}

function sayHop(d: Dissection, at: number, indent: string, address: string, more: boolean): unknown {
  say(d, at, hop(address), indent);
  return more ? 'hex' : undefined;
}

const payload = (d: Dissection, at: number): string => {
  const type = d.u16(at);
  return `L3 Protocol ID: ${ETHERTYPE_NAMES.get(type) ?? `Unknown Protocol (0x${hex4(type)})`}`;
};

function sayRequests(d: Dissection, at: number, size: number, indent: string): void {
  for (let i = 0; i + 4 <= size; i += 4) d.out += `${indent}  ${payload(d, at + i + 2)}`;
}

function sayRanges(d: Dissection, at: number, indent: string, cells: boolean): void {
  d.out += `${indent}  ${payload(d, at + 2)}`;
  if (cells) {
    const pair = (i: number): string => `${d.u16(i) & 0xfff}/${d.u16(i + 2) & 0xfff}`;
    d.out += `,${d.u8(at + 4) & 0x80 ? 'no' : ''} merge capability`;
    d.out += `${indent}  Minimum VPI/VCI: ${pair(at + 4)}${indent}  Maximum VPI/VCI: ${pair(at + 8)}`;
    return;
  }
  const bits = (d.u16(at + 4) >> 7) & 3;
  d.out += `${indent}  Minimum/Maximum DLCI: ${d.u32(at + 4) & 0x7fffff}/${d.u32(at + 8) & 0x7fffff}, `;
  d.out += `${bits === 0 ? '10' : bits === 2 ? '23' : ''} bit DLCI`;
}

function sayGeneralized(d: Dissection, at: number, _: number, indent: string): void {
  const [encoding, switching, carried] = [d.u8(at), d.u8(at + 1), d.u16(at + 2)];
  d.out += `${indent}  LSP Encoding Type: ${ENCODING(encoding)} (${encoding})`;
  d.out += `${indent}  Switching Type: ${SWITCHING(switching)} (${switching}), Payload ID: ${PAYLOADS(carried)} (0x${hex4(carried)})`;
}

function sayRoute(d: Dissection, start: number, length: number, indent: string): unknown {
  for (let at = start, left = length; left >= 4; ) {
    ask(d, at, 4);
    const [first, size] = [d.u8(at), d.u8(at + 1)];
    const type = first & 0x7f;
    d.out += `${indent}  Subobject Type: ${HOPS(type) || `Unknown ${type}`}, length ${size}`;
    if (left < size) {
      d.out += `${indent}  ERROR: ERO subobject length > object length`;
      return;
    }
    if (size === 0) {
      d.out += `${indent}  ERROR: zero length ERO subtype`;
      return;
    }
    if ((type === 1 || type === 3) && size !== 8) return ' ERROR: length != 8 (invalid)';
    if (type === 1) {
      const prefix = d.u8(at + 6);
      if (prefix !== 32) return ` ERROR: Prefix length ${prefix} != 32 (invalid)`;
      d.out += `, ${first & 0x80 ? 'Loose' : 'Strict'}, ${d.ip4(at + 2)}/${prefix}, Flags: [${HOP_FLAGS(d.u8(at + 7))}]`;
    } else if (type === 3) {
      const [flags, kind] = [d.u8(at + 2), d.u8(at + 3)];
      d.out += `, Flags: [${LABEL_FLAGS(flags)}] (${flags ? '0x' : ''}${flags.toString(16)}), Class-Type: ${TYPES(kind + 0x1500)} (${kind}), ${d.u32(at + 4)}`;
    }
    left -= size;
    at += size;
  }
}

function saySession(d: Dissection, at: number, size: number, indent: string): unknown {
  const [flags, length] = [d.u8(at + 2), d.u8(at + 3)];
  if (size < 4 + length) return `${indent}ERROR: object is too short`;
  d.out += `${indent}  Session Name: ${visibleText(d, at + 4, length)}`;
  say(
    d,
    at,
    `$Setup Priority: %1, Holding Priority: %1, Flags: [${SESSION_FLAGS(flags)}] (${flags ? '0x' : ''}${flags.toString(16)})`,
    indent,
  );
}

function sayUni(d: Dissection, start: number, length: number, indent: string): unknown {
  let hex: string | undefined;
  for (let at = start, left = length; left > 0; ) {
    if (left < 4) return ' (invalid)';
    const [size, type, family] = [d.u16(at), d.u8(at + 2), d.u8(at + 3)];
    const called = FAMILIES(family, 'Unknown');
    d.out += `${indent}  Subobject Type: ${UNI(type)} (${type}), AF: ${called} (${family}), length: ${size}`;
    if (size < 4 || size > left) return ' (invalid)';
    const least =
      type === 4
        ? 16
        : type === 5
          ? 8
          : type < 3 && type > 0
            ? family === 1
              ? 8
              : family === 2
                ? 20
                : 0
            : 0;
    if (size < least) return `${indent}ERROR: sub-object is too short`;
    if (type === 1 || type === 2) {
      if (family === 1) d.out += `${indent}    UNI IPv4 TNA address: ${d.ip4(at + 4)}`;
      else if (family === 2) d.out += `${indent}    UNI IPv6 TNA address: ${d.ip6(at + 4)}`;
      else if (family === 3) hex = 'hex';
    } else if (type === 3) hex = size > 4 ? 'hex' : hex;
    else if (type === 4) {
      d.out += `${indent}    U-bit: ${d.u8(at + 4) >> 7}, Label type: ${d.u8(at + 7)}, Logical port id: ${d.u32(at + 8)}, Label: ${d.u32(at + 12)}`;
    } else if (type === 5) d.out += `${indent}    Service level: ${d.u8(at + 4)}`;
    else hex = 'hex';
    left -= size;
    at += size;
  }
  return hex;
}

function sayReroute(d: Dissection, at: number, size: number, indent: string): void {
  say(d, at, '$Setup Priority: %1, Holding Priority: %1, Hop-limit: %1, Bandwidth: ', indent);
  d.out += `${sayFloat(d, at + 4, 8, 1_000_000)} Mbps`;
  // The old form has no third set.
  if (size >= 20 && d.u8(at - 1) === 1) {
    say(d, at + 8, '$Include-any: 0x%x4, Exclude-any: 0x%x4, Include-all: 0x%x4', indent);
  } else say(d, at + 8, '$Include Colors: 0x%x4, Exclude Colors: 0x%x4', indent);
}

function sayError(d: Dissection, node: string, at: number, indent: string, others: boolean): void {
  const [code, value] = [d.u8(at + 1), d.u16(at + 2)];
  d.out += `${indent}  Error Node Address: ${node}, Flags: [0x${hex2(d.u8(at))}]${indent}  Error Code: ${ERRORS(code)} (${code})`;
  if (code === 24) d.out += `, Error Value: ${ROUTING_ERRORS(value)} (${value})`;
  else if (!others) return;
  else if (code === 28 || code === 125) d.out += `, Error Value: ${CLASS_ERRORS(value)} (${value})`;
  else d.out += `, Unknown Error Value (${value})`;
}

function sayProperties(d: Dissection, start: number, length: number, indent: string): unknown {
  const padding = d.u16(start + 2);
  say(d, start, '$TLV count: %2, padding bytes: %2', indent);
  for (let at = start + 4, left = length - 4; left >= 2 + padding; ) {
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `${indent}    ${PROPERTIES(type)} TLV (0x${hex2(type)}), length: ${size}`;
    if (left < size) return `${indent}ERROR: object is too short`;
    if (size < 2) return `${indent}ERROR: property TLV is too short`;
    printUnknown(d, at + 2, size - 2, '\n\t\t');
    left -= size;
    at += size;
  }
}

function sayMessageIds(d: Dissection, at: number, size: number, indent: string): void {
  say(d, at, '$Flags [0x%x1], epoch: %3', indent);
  for (let i = 4; i + 4 <= size; i += 4) {
    d.out += `${indent}    Message-ID 0x${hex8(d.u32(at + i))} (${d.u32(at + i)})`;
  }
}

function sayIntegrity(d: Dissection, at: number, _: number, indent: string): void {
  say(d, at + 2, `$Key-ID 0x%x6, Sequence 0x%x8, Flags [${INTEGRITY(d.u8(at))}]`, indent);
  say(d, at + 16, '$MD5-sum 0x%x16  (unchecked)', indent);
}

function saySet(d: Dissection, at: number, size: number, indent: string): unknown {
  const action = d.u8(at);
  d.out += `${indent}  Action: ${SETS(action)} (${action}), Label type: ${d.u8(at + 3) & 0x7f}`;
  if (action === 2 || action === 3) {
    if (size < 12) return `${indent}ERROR: object is too short`;
    say(d, at + 4, '$Start range: %4, End range: %4', indent);
    return;
  }
  for (let i = 4; i + 4 <= size; i += 4) say(d, at + i, `$Subchannel #${i / 4}: %4`, indent);
}

/** False where something is wrong and nothing more is to be said. */
function printObjects(d: Dissection, start: number, length: number, indent: string): boolean {
  for (let at = start, left = length; left >= 4; ) {
    ask(d, at, 4);
    const [size, group, type] = [d.u16(at), d.u8(at + 2), d.u8(at + 3)];
    if (size % 4 || size < 4) {
      d.out += `${indent}ERROR: object header ${size % 4 ? `size ${size} not a multiple of 4` : `too short ${size} < 4`}`;
      return false;
    }
    const unknown = group & 0x80 ? (group & 0x40 ? 'ignore and forward' : 'ignore silently') : 'reject';
    d.out += `${indent}${CLASSES(group)} Object (${group}) Flags: [${unknown} if unknown], Class-Type: ${TYPES(group * 256 + type)} (${type}), length: ${size}`;
    if (left < size) {
      d.out += `${indent}ERROR: object goes past end of objects TLV`;
      return false;
    }
    ask(d, at, size);
    const row = ROW(group, type);
    let hex = row === undefined && KNOWN.has(group);
    if (row !== undefined) {
      if (size - 4 < row[0]) {
        d.out += `${indent}ERROR: object is too short`;
        return false;
      }
      if (typeof row[1] === 'string') say(d, at + 4, row[1], indent);
      else {
        const result = row[1](d, at + 4, size - 4, indent);
        hex = result === 'hex';
        if (typeof result === 'string' && !hex && /ERROR|invalid/.test(result)) {
          d.out += result;
          return false;
        }
      }
    } else if (!hex && d.verbosity <= 1) printUnknown(d, at + 4, size - 4, '\n\t    ');
    if (d.verbosity > 1 || hex) printUnknown(d, at + 4, size - 4, '\n\t    ');
    at += size;
    left -= size;
  }
  return true;
}

/** One message's header; false where it is not to be read on. */
function printHeader(d: Dissection, at: number, indent: string): boolean {
  const version = d.u8(at) >> 4;
  if (version !== 1) {
    d.out += `ERROR: RSVP version ${version} packet not supported`;
    return false;
  }
  const [type, size] = [d.u8(at + 1), d.u16(at + 6)];
  d.out += `${indent}RSVPv${version} ${MESSAGES(type) || `unknown, type: ${type}`} Message (${type}), Flags: [${HEADER_FLAGS(d.u8(at) & 15)}], length: ${size}, ttl: ${d.u8(at + 4)}, checksum: 0x${hex4(d.u16(at + 2))}`;
  if (size >= HEADER) return true;
  d.out += `ERROR: common header too short ${size} < ${HEADER}`;
  return false;
}

function printMessage(d: Dissection, start: number, length: number): void {
  ask(d, start, HEADER);
  const type = d.u8(start + 1);
  if (!d.verbosity && d.u8(start) >> 4 === 1) {
    d.out += `RSVPv1 ${MESSAGES(type) || `unknown (${type})`} Message, length: ${length}`;
    return;
  }
  if (!printHeader(d, start, '\n\t')) return;
  const size = d.u16(start + 6) - HEADER;
  const first = start + HEADER;
  if (type !== 12) {
    if (MESSAGES(type) !== '') printObjects(d, first, size, '\n\t  ');
    else printUnknown(d, first, size, '\n\t    ');
    return;
  }
  for (let at = first, left = size; left > 0; ) {
    ask(d, at, HEADER);
    if (!printHeader(d, at, '\n\t  ')) return;
    const part = d.u16(at + 6);
    if (left < part) {
      d.out += `ERROR: common header too large ${part} > ${left}`;
      return;
    }
    if (!printObjects(d, at + HEADER, part - HEADER, '\n\t    ')) return;
    at += part;
    left -= part;
  }
}

export function printRsvp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'rsvp';
  untilCut(d, () => printMessage(d, start, length));
}
