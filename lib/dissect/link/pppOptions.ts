/** Options that PPP's control protocols negotiate (RFC 1661, 1332, 5072, 1962, 2125). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { filled } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';
import { PPP_NAMES } from './pppNames.js';

type Say = (d: Dissection, at: number, size: number) => unknown;
/**
 * What an option's length is to be, `=6` or `>=4`; what is said of it: a text, which may hold values (see `filled`), or more.
 * After an option of a wrong length the next one is read only where `goesOn` is set.
 */
type Row = readonly [wanted: string, say: string | Say, goesOn?: boolean];
interface Protocol {
  readonly mark: string;
  readonly names: (type: number) => string;
  readonly rows: Readonly<Record<number, Row>>;
}

const ALGORITHMS = names('5 MD5|128 MS-CHAPv1|MS-CHAPv2', '');
const CALLBACKS = names('UserAuth|DialString|LocalID|E.164|X.500|6 CBCP');
const ENDPOINTS = ['Null', 'Local', '', '', 'Magic-Num-Block', 'PSNDN'];

const LCP: Protocol = {
  mark: 'lcp',
  names: names(
    'Vend-Ext|MRU|ACCM|Auth-Prot|Qual-Prot|Magic-Num|deprecated(6)|PFC|ACFC|FCS-Alt|SDP|Num-Mode|deprecated(12)|Call-Back|deprecated(14)|deprecated(15)|deprecated(16)|MRRU|12-Bit seq #|End-Disc|Proprietary|DCE-Id|MP+|Link-Disc|LCP-Auth-Opt|COBS|Prefix-elision|Multilink-header-Form|I18N|SDL-over-SONET/SDH|PPP-Muxing',
    '',
  ),
  rows: {
    0: [
      '>=6',
      (d, at) => (d.out += `: Vendor: ${OUI_NAMES.get(d.u24(at + 2)) ?? 'Unknown'} (${d.u24(at + 2)})`),
      true,
    ],
    1: ['=4', ': %2', true],
    2: ['=6', ': 0x%x4', true],
    3: ['>=4', sayAuthentication, true],
    4: ['>=4', (d, at) => (d.out += d.u16(at + 2) === 0xc025 ? ': LQR' : ': unknown')],
    5: ['=6', ': 0x%x4'],
    7: ['', ''],
    8: ['', ''],
    13: [
      '>=3',
      (d, at) => {
        d.out += ': ';
        d.out += `: Callback Operation ${CALLBACKS(d.u8(at + 2))} (${d.u8(at + 2)})`;
      },
    ],
    17: ['=4', ': %2'],
    19: ['>=3', sayEndpoint],
    23: ['=4', ': 0x%x2'],
  },
};

const ADDRESS: Row = ['=6', ': %i'];
const COMPRESSION = names('0x2d VJ-Comp|97 IP Header Compression');
const IPCP: Protocol = {
  mark: 'ipcp',
  names: names('1 IP-Addrs|IP-Comp|IP-Addr|Home-Addr|129 Pri-DNS|Pri-NBNS|Sec-DNS|Sec-NBNS', 'unknown'),
  rows: {
    1: ['=10', ': src %i, dst %i', true],
    2: ['>=4', sayCompression],
    3: ADDRESS,
    4: ADDRESS,
    129: ADDRESS,
    130: ADDRESS,
    131: ADDRESS,
    132: ADDRESS,
  },
};

const IP6CP: Protocol = {
  mark: 'ip6cp',
  names: names('1 Interface-ID', 'unknown'),
  rows: { 1: ['=10', ': %x2:%x2:%x2:%x2', true] },
};

const CCP: Protocol = {
  mark: 'ccp',
  names: names(
    'OUI|Pred-1|Pred-2|Puddle|16 HP-PPC|Stac-LZS|MPPC|Gand-FZA|V.42bis|BSD-Comp|23 LZS-DCP|MVRCA|DEC|Deflate|255 Reserved',
  ),
  rows: {
    21: [
      '>=3',
      (d, at) => (d.out += `: Version: ${d.u8(at + 2) >> 5}, Dictionary Bits: ${d.u8(at + 2) & 31}`),
      true,
    ],
    24: [
      '>=4',
      (d, at) => {
        const flags = d.u8(at + 2);
        d.out += `: Features: ${flags >> 6}, PxP: ${flags & 0x20 ? 'Enabled' : 'Disabled'}, History: ${flags & 31}, #CTX-ID: ${d.u8(at + 3)}`;
      },
      true,
    ],
    26: [
      '>=4',
      (d, at) => {
        const [window, check] = [d.u8(at + 2), d.u8(at + 3)];
        const method = window & 15;
        d.out += `: Window: ${window >> 4}K, Method: ${method === 8 ? 'zlib' : 'unknown'} (0x${method.toString(16)}), MBZ: ${check >> 2}, CHK: ${check & 3}`;
      },
      true,
    ],
  },
};

const BACP: Protocol = {
  mark: 'bacp',
  names: names('1 Favored-Peer'),
  rows: { 1: ['=6', ': Magic-Num 0x%x4', true] },
};

const PROTOCOLS: Readonly<Record<number, Protocol>> = {
  49185: LCP,
  32801: IPCP,
  32855: IP6CP,
  33021: CCP,
  49195: BACP,
};

function sayAuthentication(d: Dissection, at: number, size: number): void {
  const protocol = d.u16(at + 2);
  d.out += `: ${PPP_NAMES.get(protocol) ?? 'Unknown Auth Proto (0x04x)'}`;
  if (protocol === 0xc223) d.out += `, ${ALGORITHMS(d.u8(at + 4)) || `Unknown Auth Alg ${d.u8(at + 4)}`}`;
  else if (![0xc023, 0xc227, 0xc027, 0xc123].includes(protocol)) printUnknown(d, at, size, '\n\t');
}

/** False where no further option is to be read. */
function sayEndpoint(d: Dissection, at: number, size: number): boolean {
  const kind = d.u8(at + 2);
  const wanted = kind === 2 ? 7 : kind === 3 ? 9 : size;
  if (size !== wanted) {
    d.out += ` (length bogus, should be = ${wanted})`;
    return false;
  }
  if (kind === 2) d.out += `: IPv4 ${d.ip4(at + 3)}`;
  else if (kind === 3) d.out += `: MAC ${d.mac(at + 3)}`;
  else d.out += `: ${ENDPOINTS[kind] ?? `Unknown class ${kind}`}`;
  return true;
}

const HEADER_COMPRESSION = 0x61;
const LEAST_COMPRESSION = 14;
const SUBOPTIONS = names('1 RTP-Compression|Enhanced RTP-Compression');

/** Where it ended with suboptions. */
function sayCompression(d: Dissection, start: number, size: number): boolean | number | string {
  const protocol = d.u16(start + 2);
  d.out += `: ${COMPRESSION(protocol)} (0x${protocol.toString(16).padStart(2, '0')}):`;
  if (protocol !== HEADER_COMPRESSION) return true;
  if (size < LEAST_COMPRESSION) {
    d.out += ` (length bogus, should be >= ${LEAST_COMPRESSION})`;
    return false;
  }
  if (!d.has(start + 2, LEAST_COMPRESSION)) return '[|ipcp]';
  d.out += filled(
    d,
    start + 4,
    '\n\t    TCP Space %2, non-TCP Space %2, maxPeriod %2, maxTime %2, maxHdr %2',
  );
  let left = size - LEAST_COMPRESSION;
  if (left === 0) return true;
  d.out += `\n\t      Suboptions, length ${left}`;
  let at = start + LEAST_COMPRESSION;
  while (left >= 2) {
    if (!d.has(at, 2)) return '[|ipcp]';
    const [type, length] = [d.u8(at), d.u8(at + 1)];
    if (type === 0 || length === 0) break;
    d.out += `\n\t\t${SUBOPTIONS(type)} Suboption #${type}, length ${length}`;
    if (left < length) {
      d.out += ` [remaining suboptions length ${left} < ${length}]`;
      d.markInvalid();
      break;
    }
    left -= length;
    at += length;
  }
  return at;
}

/** How many bytes it takes; 0 where nothing more is to be read. */
function printOption(d: Dissection, protocol: Protocol, at: number, length: number): number {
  if (length < 2) return 0;
  if (!d.has(at, 2)) {
    d.out += `[|${protocol.mark}]`;
    return 0;
  }
  const [type, size] = [d.u8(at), d.u8(at + 1)];
  if (length < size) return 0;
  const name = protocol.names(type);
  if (name === '') {
    d.out += `\n\tunknown LCP option 0x${type.toString(16).padStart(2, '0')}`;
    return size < 2 ? 0 : size;
  }
  d.out += `\n\t  ${name} Option (0x${type.toString(16).padStart(2, '0')}), length ${size}`;
  if (size < 2) {
    d.out += ' (length bogus, should be >= 2)';
    return 0;
  }
  let shown = at;
  const row = protocol.rows[type];
  if (row === undefined) {
    if (d.verbosity < 2) printUnknown(d, at + 2, size - 2, '\n\t    ');
  } else {
    const [wanted, say, goesOn] = row;
    const [, sign, number] = /^(>?=)?(\d*)$/.exec(wanted)!;
    if (sign === '=' ? size !== Number(number) : size < Number(number)) {
      d.out += ` (length bogus, should be ${sign} ${number})`;
      return goesOn ? size : 0;
    }
    if (protocol === IP6CP && !d.has(at + 2, 8)) {
      d.out += `[|${protocol.mark}]`;
      return 0;
    }
    if (typeof say === 'string') d.out += filled(d, at + 2, say);
    else {
      const result = say(d, at, size);
      if (result === '[|ipcp]') d.out += result;
      if (result === false || result === '[|ipcp]') return 0;
      if (typeof result === 'number') shown = result;
    }
  }
  // Behind suboptions tcpdump shows what follows those.
  if (d.verbosity > 1) printUnknown(d, shown + 2, size - 2, '\n\t    ');
  return size;
}

/** The options of a request to configure and of its answers; `length` is that of the message. */
export function printPppOptions(d: Dissection, number: number, start: number, length: number): void {
  const protocol = PROTOCOLS[number];
  if (protocol === undefined) return;
  let left = length - 4;
  for (let at = start + 4; left > 0; ) {
    const size = printOption(d, protocol, at, length);
    if (size === 0) return;
    if (left < size) {
      d.out += ` [remaining options length ${left} < ${size}]`;
      d.markInvalid();
      return;
    }
    left -= size;
    at += size;
  }
}
