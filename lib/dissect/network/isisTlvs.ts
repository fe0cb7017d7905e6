/** What IS-IS messages carry (ISO/IEC 10589 §9, RFC 5304, RFC 5120, RFC 6232 …), but for who reaches what: isisReach.ts. */

import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8, hexBytes, sayPadded } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';
import {
  printExtendedIp,
  printExtendedNeighbors,
  printMetrics,
  printOldIp,
  sayTopology,
} from './isisReach.js';
import { printCapabilities, printPortCapabilities, printRouterCapabilities } from './isisSubTlvs.js';
import { NLPID, nsap, sayOsiChecksum } from './osi.js';

const NAMES = names(
  '1 Area address(es)|IS Reachability|ES Neighbor(s)|Partition DIS|Prefix Neighbors|IS Neighbor(s)|Instance Identifier|Padding|LSP entries|Authentication|12 Checksum|Purge Originator Identifier|LSP Buffersize|22 Extended IS Reachability|24 IS Alias ID|42 DECnet Phase IV|66 Lucent Proprietary|128 IPv4 Internal Reachability|Protocols supported|IPv4 External Reachability|Inter-Domain Information Type|IPv4 Interface address(es)|IPv4 authentication (deprecated)|Traffic Engineering Router ID|Extended IPv4 Reachability|137 Hostname|Shared Risk Link Group|143 Multi-Topology-Aware Port Capability|Multi-Topology Capability|176 Nortel Proprietary|Nortel Proprietary|211 Restart Signaling|222 Multi Topology IS Reachability|229 Multi Topology|232 IPv6 Interface address(es)|235 Multi-Topology IPv4 Reachability|IPv6 reachability|Multi-Topology IP6 Reachability|240 Point-to-point Adjacency State|Hello PDU Sequence Number|IS-IS Router Capability|250 Vendor Private',
  'unknown',
);
const AUTHENTICATION = names(
  '1 simple text password|3 Generic Crypto key-id|54 HMAC-MD5 password|255 Routing Domain private password',
);
const RESTART = bitNames('1 Restart Request|Restart Acknowledgement|4 Suppress adjacency advertisement');

/** A system, node or link state identifier, as its length says. */
export function isisId(d: Dissection, at: number, length: number): string {
  ask(d, at, length);
  let text = '';
  for (let i = 0; i < length && i < 8; i++)
    text += (i === 2 || i === 4 || i === 6 ? '.' : i === 7 ? '-' : '') + hex2(d.data[at + i]!);
  return text;
}

/** Prints the TLVs from `first` to `length`, both from the message's start at `start`; false asks for its bytes. */
export function printTlvs(d: Dissection, start: number, length: number, first: number): boolean {
  let at = start + first;
  let left = length - first;
  while (left > 0) {
    ask(d, at, 2);
    if (left < 2) throw ENDS_EARLY;
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    at += 2;
    left -= 2;
    d.out += `\n\t    ${NAMES(type)} TLV #${type}, length: ${size}`;
    if (size === 0) continue;
    if (left < size) throw ENDS_EARLY;
    const print = VALUES[type];
    if (print === undefined) {
      if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t\t');
    } else if (print(d, at, size, start, length) === false) return true;
    if (d.verbosity > 1) printUnknown(d, at, size, '\n\t      ');
    at += size;
    left -= size;
  }
  return true;
}

/** Prints a value; `start` and `length` are the message's. False ends it. */
type Value = (d: Dissection, at: number, size: number, start: number, length: number) => unknown;

/** Pieces of one size behind each other; what is left over is passed by. */
const each =
  (size: number, words: (d: Dissection, at: number) => string): Value =>
  (d, at, length) => {
    for (let i = 0; i + size <= length; i += size) d.out += `\n\t      ${words(d, at + i)}`;
  };

const VALUES: Readonly<Record<number, Value>> = {
  1(d, at, size) {
    for (let i = 0; i < size; ) {
      const length = d.u8(at + i++);
      if (size - i < length) return;
      d.out += `\n\t      Area address (length: ${length}): ${nsap(d, at + i, length)}`;
      i += length;
    }
  },
  2(d, at, size) {
    const virtual = d.u8(at);
    d.out += `\n\t      ${['IsNotVirtual', 'IsVirtual'][virtual] ?? `bogus virtual flag 0x${hex2(virtual)}`}`;
    for (let i = 1; i + 11 <= size; i += 11) neighbor(d, 'IS', at + i, 7);
  },
  3(d, at, size) {
    for (let i = 0; i + 10 <= size; i += 10) neighbor(d, 'ES', at + i, 6);
  },
  4: each(6, (d, at) => isisId(d, at, 6)),
  5: printPrefixNeighbors,
  6: each(6, (d, at) => `SNPA: ${isisId(d, at, 6)}`),
  7(d, at, size) {
    if (size < 4) return;
    const count = (size - 2) >> 1;
    d.out += `\n\t      Instance ID: ${d.u16(at)}, ITIDs(${count})${count ? ':' : ''} `;
    for (let i = 0; i < count; i++) d.out += `${d.u16(at + 2 + 2 * i)}${i + 1 < count ? ', ' : ''}`;
  },
  8() {},
  9: each(16, (d, at) => {
    const [id, sequence] = [isisId(d, at + 2, 8), hex8(d.u32(at + 10))];
    return `lsp-id: ${id}, seq: 0x${sequence}, lifetime: ${`${d.u16(at)}`.padStart(5)}s, chksum: 0x${hex4(d.u16(at + 14))}`;
  }),
  10: printAuthentication,
  12(d, at, size, start, length) {
    if (size < 2) return;
    d.out += `\n\t      checksum: 0x${hex4(d.u16(at))} `;
    sayOsiChecksum(d, start, d.u16(at), at - start, length);
  },
  13(d, at, size) {
    const count = d.u8(at);
    if (count === 0) d.out += ' No system IDs supplied';
    else if (size >= 7) {
      d.out += `\n\t      Purge Originator System-ID: ${isisId(d, at + 1, 6)}`;
      if (count < 2 || size < 13) return;
      ask(d, at + 7, 13);
      d.out += `\n\t      Received from System-ID: ${isisId(d, at + 7, 6)}`;
    }
  },
  14(d, at, size) {
    if (size >= 2) d.out += `\n\t      LSP Buffersize: ${d.u16(at)}`;
  },
  22: (d, at, size) => printExtendedNeighbors(d, at, size, true),
  24: (d, at, size) => printExtendedNeighbors(d, at, size, false),
  128: printOldIp,
  129(d, at, size) {
    d.out += '\n\t      NLPID(s): ';
    for (let i = 0; i < size; i++) {
      const protocol = d.u8(at + i);
      d.out += `${NLPID(protocol, 'unknown')} (0x${hex2(protocol)})${i + 1 < size ? ', ' : ''}`;
    }
  },
  130: printOldIp,
  131(d, at, size) {
    const kind = d.u8(at);
    const name = ['Reserved', 'Routing-Domain Specific', 'AS Number Tag'][kind];
    d.out += `\n\t      Inter-Domain Information Type: ${name ?? `Unknown (0x${hex2(kind)})`}`;
    if (kind !== 2) printUnknown(d, at + 1, size - 1, '\n\t      ');
    else if (size >= 3) d.out += `AS Number: ${d.u16(at + 1)}`;
  },
  132: each(4, (d, at) => `IPv4 interface address: ${d.ip4(at)}`),
  134(d, at, size) {
    if (size >= 4) d.out += `\n\t      Traffic Engineering Router ID: ${d.ip4(at)}`;
  },
  135: (d, at, size) => printExtendedIp(d, at, size, false),
  137(d, at, size) {
    d.out += '\n\t      Hostname: ';
    sayPadded(d, at, size);
  },
  138(d, at, size) {
    if (size < 7) return;
    d.out += `\n\t      IS Neighbor: ${isisId(d, at, 7)}`;
    if (size < 8) return;
    d.out += `, Flags: [${d.u8(at + 7) & 1 ? 'numbered' : 'unnumbered'}]`;
    if (size < 12) return;
    d.out += `\n\t      IPv4 interface address: ${d.ip4(at + 8)}`;
    if (size < 16) return;
    d.out += `\n\t      IPv4 neighbor address: ${d.ip4(at + 12)}`;
    for (let i = 16; i + 4 <= size; i += 4) d.out += `\n\t      Link-ID: 0x${hex8(d.u32(at + i))}`;
  },
  143: printPortCapabilities,
  144: printCapabilities,
  211(d, at, size) {
    d.out += `\n\t      Flags [${RESTART(d.u8(at))}]`;
    if (size < 3) return;
    d.out += `, Remaining holding time ${d.u16(at + 1)}s`;
    if (size === 9) d.out += `, for ${isisId(d, at + 3, 6)}`;
  },
  222(d, at, size) {
    if (size < 2) throw ENDS_EARLY;
    sayTopology(d, at);
    return printExtendedNeighbors(d, at + 2, size - 2, true);
  },
  229(d, at, size) {
    for (let i = 0; i < size; i += 2) {
      if (i + 1 < size) sayTopology(d, at + i);
      else d.out += '\n\t      invalid MT-ID';
    }
  },
  232: each(16, (d, at) => `IPv6 interface address: ${d.ip6(at)}`),
  235(d, at, size) {
    if (size < 2) throw ENDS_EARLY;
    sayTopology(d, at);
    printExtendedIp(d, at + 2, size - 2, false);
  },
  236: (d, at, size) => printExtendedIp(d, at, size, true),
  237(d, at, size) {
    if (size < 2) throw ENDS_EARLY;
    sayTopology(d, at);
    printExtendedIp(d, at + 2, size - 2, true);
  },
  240: printAdjacency,
  241(d, at, size) {
    if (size >= 4) d.out += `\n\t      Sequence number: ${d.u32(at)}`;
  },
  242: printRouterCapabilities,
  250(d, at, size) {
    if (size < 3) return;
    const vendor = d.u24(at);
    d.out += `\n\t      Vendor: ${OUI_NAMES.get(vendor) ?? 'Unknown'} (${vendor})`;
    printUnknown(d, at + 3, size - 3, '\n\t\t');
  },
};

function neighbor(d: Dissection, kind: string, at: number, size: number): void {
  ask(d, at, 4 + size);
  d.out += `\n\t      ${kind} Neighbor: ${isisId(d, at + 4, size)}`;
  printMetrics(d, at);
}

function printPrefixNeighbors(d: Dissection, at: number, size: number): void {
  if (size < 4) return;
  d.out += '\n\t      Metric Block';
  printMetrics(d, at);
  for (let i = 4; i < size; ) {
    const digits = d.u8(at + i++);
    const length = digits >> 1;
    if (digits < 2) {
      d.out += `\n\t\tAddress: prefix length ${digits} < 2`;
      return;
    }
    if (size - i < length) return;
    d.out += `\n\t\tAddress: ${nsap(d, at + i, length)}/${digits * 4}`;
    i += length;
  }
}

const MD5 = 16;
function printAuthentication(d: Dissection, at: number, size: number): void {
  const kind = d.u8(at);
  const [value, length] = [at + 1, size - 1];
  d.out += `\n\t      ${AUTHENTICATION(kind, `unknown Authentication type 0x${hex2(kind)}`)}: `;
  if (kind === 1) sayPadded(d, value, length);
  else if (kind === 54) {
    d.out += hexBytes(d, value, length);
    if (length !== MD5) d.out += ', (invalid subTLV) ';
    d.out += ' (unchecked)';
  } else if (kind === 3) {
    if (length < 2) return;
    d.out += `${d.u16(value)}, password: ${hexBytes(d, value + 2, length - 2)}`;
  } else printUnknown(d, value, length, '\n\t\t  ');
}

function printAdjacency(d: Dissection, at: number, size: number): void {
  let left = size - 1;
  const state = d.u8(at);
  d.out += `\n\t      Adjacency State: ${['Up', 'Initializing', 'Down'][state] ?? 'unknown'} (${state})`;
  if (left > 4) {
    d.out += `\n\t      Extended Local circuit-ID: 0x${hex8(d.u32(at + 1))}`;
    left -= 4;
  }
  if (left >= 6) {
    d.out += `\n\t      Neighbor System-ID: ${isisId(d, at + 5, 6)}`;
    left -= 6;
  }
  if (left >= 4) d.out += `\n\t      Neighbor Extended Local circuit-ID: 0x${hex8(d.u32(at + 11))}`;
}
