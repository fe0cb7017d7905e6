/**
 * What Juniper's routers write before the packets of their interfaces: a magic number and flags, extensions,
 * and a cookie whose length the kind of interface says.
 */

import type { Dissection } from '../frame/dissection.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex4 } from '../frame/text.js';
import { printOsi } from '../network/clnp.js';
import { printMpls } from '../network/tunnels.js';
import { printAtmCell } from './atmCells.js';
import { printEthernet } from './ethernet.js';
import { printFrameRelay, printMultilink } from './frameRelay.js';
import { printLlc } from './llc.js';
import { printCiscoFrame, printPpp } from './ppp.js';

const MAGIC = 0x4d4743;
const INCOMING = 1;
const NO_LINK = 2;
const EXTENDED = 0x80;
const FLAGS = bitNames('128 Ext|64 Filter|4 IIF|2 no-L2|1 In');
const EXTENSIONS = names(
  '1 Device Interface Index|Device Interface Name|Device Media Type|Logical Interface Index|Logical Unit Number|Logical Interface Encapsulation|TTP derived Device Media Type|TTP derived Logical Interface Encapsulation',
);
const MEDIA = names(
  '1 Ethernet|FDDI|Token-Ring|PPP|57 PPP-Subordinate|5 Frame-Relay|Cisco-HDLC|SMDS-DXI|ATM-PVC|PPP-CCC|Frame-Relay-CCC|48 Extended FR-CCC|11 IP-over-IP|GRE|PIM-Encapsulator|PIM-Decapsulator|Cisco-HDLC-CCC|VLAN-CCC|32 Extended-VLAN-CCC|17 Multilink-PPP|Multilink-FR|39 Multilink-FR-UNI-NNI|19 Multilink|40 LinkService|20 LSI|22 ATM-CCC-Cell-Relay|IPSEC-over-IP|GGSN|27 PPP-TCC|Frame-Relay-TCC|49 Extended FR-TCC|29 Cisco-HDLC-TCC|Ethernet-CCC|VPN-Loopback-tunnel|33 Ethernet-over-ATM|46 Ethernet-VPLS-over-ATM|34 Monitor|Ethernet-TCC|VLAN-TCC|Extended-VLAN-TCC|Controller|41 VPLS|VLAN-VPLS|Extended-VLAN-VPLS|Logical-tunnel|General-Services|56 PPPoE|52 Flexible-Ethernet-Services|50 Flexible-FrameRelay|53 Flow-collection|60 PIC Peer|59 Dynamic-Flow-Capture',
);
const ENCAPSULATIONS = names(
  '59 Aggregator|9 CCC over ATM|32 ATM CCC Cell Relay|26 CISCO compatible NLPID|56 Ethernet over ATM CCC|41 Ethernet over ATM LLC|53 Ethernet VPLS over ATM LLC|5 ATM LLC|55 MLPPP over ATM LLC|3 ATM NLPID|61 PPPoE over ATM LLC|8 PPP over FUNI|7 PPP over ATM LLC|6 PPP over ATM VCMUX|2 ATM SNAP|43 ATM SNAP TCC|35 ATM VCMUX TCC|4 ATM VCMUX|18 C-HDLC|25 C-HDLC CCC|65 C-HDLC via dialer|38 C-HDLC TCC|58 Collector|33 Crypto|14 Ethernet|39 Ethernet CCC|51 Extended VLAN VPLS|62 PPPoE over Ethernet|45 Ethernet TCC|50 VLAN VPLS|49 VPLS|42 Extended VLAN CCC|47 Extended VLAN TCC|13 FR CCC|10 FR NLPID|54 FR CCC|12 FR PPP|11 FR SNAP|36 FR TCC|34 GGSN|22 GRE NULL|PPP over GRE|20 IPIP|60 LAPD|30 LSI Null|57 LT VLAN|48 MFR|29 MLFR|28 MLPPP|44 Monitor|24 PIMd|21 PIM Null|17 PPP|63 PPPoE|19 PPP CCC|64 |37 PPP TCC|52 General Services|27 VLAN CCC|46 VLAN TCC|40 VT',
);

const media = (value: number): string => `${MEDIA(value)} (${value})`;
const encapsulation = (value: number): string => `${ENCAPSULATIONS(value)} (${value})`;
const VALUES: Readonly<Record<number, (value: number) => string>> = {
  2: () => '',
  3: media,
  6: encapsulation,
  7: media,
  8: encapsulation,
};

/** Types below 128 are in little-endian order; undefined where a value is longer than a number. */
function tlvValue(d: Dissection, at: number, type: number, size: number): number | undefined {
  if (size > 4) return undefined;
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + d.u8(at + (type < 128 ? size - 1 - i : i));
  return value === 0xffff_ffff ? undefined : value; // tcpdump's own mark
}

/** False where an extension is longer than what is left. */
function printExtensions(d: Dissection, start: number, length: number): boolean {
  const verbose = d.verbosity > 1;
  let at = start;
  let rest = length;
  while (rest > 2) {
    const type = d.u8(at);
    const size = d.u8(at + 1);
    at += 2;
    if (type === 0 || size === 0) break;
    if (size + 2 > rest) {
      d.out += ` [extension_length ${rest} < ${size + 2}]`;
      d.markInvalid();
      return false;
    }
    const value = tlvValue(d, at, type, size);
    if (verbose) d.out += `\n\t  ${EXTENSIONS(type)} Extension TLV #${type}, length ${size}, value `;
    if (verbose && value !== undefined) d.out += VALUES[type]?.(value) ?? value;
    at += size;
    rest -= size + 2;
  }
  if (verbose) d.out += '\n\t-----original packet-----\n\t';
  return true;
}

/** Guesses by the first byte; false where it is no IP. */
function printGuessed(d: Dissection, at: number, length: number): boolean {
  const first = d.u8(at);
  if (first >= 0x45 && first <= 0x4f) d.next.ip4(d, at, length);
  else if (first >> 4 === 6) d.next.ip6(d, at, length);
  else return false;
  return true;
}

const LONG_COOKIE = 0x54;
const SERVICES_COOKIE = 0x47;
const MOST_COOKIE = 8;

/** What the header says of a packet behind it. */
interface Head {
  /** Where the packet begins, and how many bytes it has on the wire. */
  at: number;
  length: number;
  /** The cookie: where it lies, its length, and which of two known kinds it is of. */
  readonly cookie: number;
  readonly size: number;
  readonly kind: number;
  protocol: number;
  bundle: number;
  readonly incoming: boolean;
}

type Print = (d: Dissection, at: number, length: number, head: Head) => unknown;

interface Interface {
  readonly name: string;
  /** Of interfaces with a cookie: its least length, and what they are called. */
  readonly cookie?: readonly [length: number, label: string];
  /** Frames of a bundle say so instead of a cookie. */
  readonly bare?: (first: number) => boolean;
  /** What it reads behind the cookie. */
  readonly adjust?: (d: Dissection, head: Head) => void;
  readonly print: Print;
}

/** `undefined` where nothing is left to print. */
function printHeader(
  d: Dissection,
  whole: number,
  { cookie, bare, adjust }: Omit<Interface, 'name' | 'print'>,
): Head | undefined {
  const flags = d.u8(3);
  if (d.u24(0) !== MAGIC) {
    d.out += 'no magic-number found!';
    return undefined;
  }
  if (d.showsLink) d.out += flags & INCOMING ? ' In ' : 'Out ';
  if (d.verbosity > 1) d.out += `\n\tJuniper PCAP Flags [${FLAGS(flags)}]`;
  let at = 4;
  if (flags & EXTENDED) {
    const size = d.u16(at);
    at += 2;
    if (d.verbosity > 1) d.out += `, PCAP Extension(s) total length ${size}`;
    d.need(at, size);
    if (!printExtensions(d, at, size)) return undefined;
    at += size;
  }
  if (flags & NO_LINK) {
    if (d.showsLink) d.out += 'no-L2-hdr, ';
    if (!printGuessed(d, at + 4, whole - at - 4)) d.out += 'no IP-hdr found!';
    d.linkHeaderLength = at + 4;
    return undefined;
  }
  const head: Head = {
    at,
    length: whole - at,
    cookie: at,
    size: 0,
    kind: 0,
    protocol: 0,
    bundle: 0,
    incoming: (flags & INCOMING) !== 0,
  };
  const found = cookie === undefined ? head : readCookie(d, head, cookie, bare);
  if (found === undefined) return undefined;
  adjust?.(d, found);
  if (d.showsLink) d.out += `hlen ${found.at}, proto 0x${hex4(found.protocol)}, `;
  return found;
}

function readCookie(
  d: Dissection,
  head: Head,
  [least, label]: readonly [number, string],
  bare: Interface['bare'],
): Head | undefined {
  const { at } = head;
  const first = d.u8(at);
  const kind = first === LONG_COOKIE || first === SERVICES_COOKIE ? first : 0;
  const size = bare?.(first)
    ? 0
    : kind === SERVICES_COOKIE
      ? MOST_COOKIE
      : least + (kind === LONG_COOKIE ? 2 : 0);
  if (d.showsLink) d.out += `${label}-PIC, cookie-len ${size}`;
  if (size > MOST_COOKIE) {
    d.markInvalid();
    d.linkHeaderLength = at + size;
    return undefined;
  }
  d.need(at, size);
  if (d.showsLink) d.out += `${size > 0 ? filled(d, at, `, cookie 0x${'%x1'.repeat(size)}`) : ''}: `;
  const next = at + size;
  return {
    ...head,
    at: next,
    length: head.length - size,
    size,
    kind,
    protocol: d.u16(next),
    bundle: size > 0 ? first : 0,
  };
}

const link =
  (row: Interface) =>
  (d: Dissection, whole: number): void => {
    d.cutAs = `juniper_${row.name}`;
    const head = printHeader(d, whole, row);
    if (head === undefined) return;
    row.print(d, head.at, head.length, head);
    d.linkHeaderLength = head.at;
  };

export function printJuniperEthernet(d: Dissection, whole: number): void {
  d.cutAs = 'juniper_ether';
  const head = printHeader(d, whole, {});
  if (head !== undefined)
    d.linkHeaderLength = head.at + printEthernet(d, head.at, head.length, d.end - head.at);
}

export const printJuniperPppoe = link({
  name: 'pppoe',
  cookie: [0, 'PPPoE'],
  print: (d, at, length) => printEthernet(d, at, length, d.end - at),
});
export const printJuniperPpp = link({ name: 'ppp', print: printPpp });
export const printJuniperFrameRelay = link({ name: 'frelay', print: printFrameRelay });
export const printJuniperCiscoHdlc = link({ name: 'chdlc', print: printCiscoFrame });

export const printJuniperPppoeAtm = link({
  name: 'pppoe_atm',
  cookie: [0, 'PPPoE ATM'],
  print(d, at, length) {
    const type = d.u16(at);
    if (!d.next.etherType(d, type, at + 2, length - 2, d.end - at - 2, -1, -1))
      d.out += `unknown ethertype 0x${hex4(type)}`;
  },
});

export const printJuniperMonitor = link({
  name: 'monitor',
  cookie: [8, 'MONITOR'],
  print(d, at, length) {
    d.need(at, 8);
    if (d.showsLink)
      d.out += filled(d, at + 4, 'service-id %4, ') + filled(d, at, `iif %_2%2, pkt-type ${d.u8(at)}: `);
    printGuessed(d, at, length);
  },
});

export const printJuniperServices = link({
  name: 'services',
  cookie: [8, 'AS'],
  print(d, at, length) {
    d.need(at, 8);
    if (d.showsLink) d.out += filled(d, at, 'service-id %1 flags 0x%x1 service-set-id 0x%x2 iif %_1%3: ');
    printGuessed(d, at, length);
  },
});

const GATEWAY_PROTOCOLS = names('1 Null|IPv4|6 IPv6');

export const printJuniperGgsn = link({
  name: 'ggsn',
  cookie: [8, 'GGSN'],
  print(d, at, length, { cookie }) {
    const protocol = d.u8(cookie + 2);
    if (d.showsLink)
      d.out += `proto ${GATEWAY_PROTOCOLS(protocol)} (${protocol}), vlan ${d.u16(cookie + 4)}: `;
    if (protocol === 2) d.next.ip4(d, at, length);
    else if (protocol === 6) d.next.ip6(d, at, length);
    else if (!d.showsLink) d.out += `unknown GGSN proto (${protocol})`;
  },
});

const SECURITY_TYPES = names('1 ESP ENCR-AUTH|ESP ENCR-AH AUTH|ESP AUTH|AH AUTH|ESP ENCR');

export const printJuniperEs = link({
  name: 'es',
  cookie: [0, 'ES'],
  print(d, start, whole) {
    d.need(start, 16);
    const type = d.u8(start + 3);
    if (type < 1 || type > 5) {
      d.out += `ES Invalid type ${type}, length ${whole}`;
      return;
    }
    const tunnel = type > 2;
    const size = tunnel ? 16 : 0;
    if (d.showsLink) {
      d.out += filled(d, start, `ES SA, index %2, ttl %1 type ${SECURITY_TYPES(type)} (%1), `);
      if (tunnel) d.out += filled(d, start + 4, 'spi %4, Tunnel %i > %i, ');
      d.out += `length ${whole - size}\n`;
    }
    d.next.ip4(d, start + size, whole - size);
  },
});

const SNAP = 0xaaaa03;
const NLPID = 0xfefe03;
const UI = 0x03;

const CELL_COOKIE = 0x80;
const CELL_TYPE = 0x70;
const GAP_COUNT = 0x3f;
/** Protocols of PPP that a frame is taken for. */
const PPPS = new Set([
  0x21, 0x23, 0x3d, 0x57, 0x281, 0x283, 0x8021, 0x8023, 0x8057, 0x8281, 0xc021, 0xc023, 0xc223,
]);

/** Frames of ATM are known by their first bytes. */
const printAtm =
  (isSecond: boolean): Print =>
  (d, at, length, { cookie, incoming }) => {
    if (isSecond ? d.u8(cookie + 7) & CELL_TYPE : d.u8(cookie) === CELL_COOKIE) {
      printAtmCell(d, at, length, 0);
      return;
    }
    const start = d.u24(at);
    if ((start === SNAP || start === NLPID) && printLlc(d, at, length, d.end - at, -1, -1) > 0) return;
    if (isSecond && !incoming && d.u8(cookie + 3) & GAP_COUNT) printEthernet(d, at, length, d.end - at);
    else if (d.u8(at) === UI) printOsi(d, at + 1, length - 1);
    else if (isSecond && PPPS.has(start >> 8)) printPpp(d, at, length);
    else printGuessed(d, at, length);
  };

export const printJuniperAtm1 = link({ name: 'atm1', cookie: [4, 'ATM1'], print: printAtm(false) });

/** Control words that stand before a cell; others are part of it. */
const CONTROL_WORDS = new Set([0, 0x0800_0000, 0x0838_0000]);

export const printJuniperAtm2 = link({
  name: 'atm2',
  cookie: [8, 'ATM2'],
  adjust(d, head) {
    d.need(head.at, 4);
    if ((d.u8(head.cookie + 7) & CELL_TYPE) === 0) return;
    const word = d.u32(head.at);
    if (d.showsLink) d.out += filled(d, head.at, 'control-word 0x%x4 ');
    if (CONTROL_WORDS.has(word)) head.at += 4;
  },
  print: printAtm(true),
});

/** What a cookie of a bundle says. */
function adjustBundle(d: Dissection, head: Head): void {
  const { kind, cookie } = head;
  if (kind === LONG_COOKIE) head.bundle = d.u8(cookie + 1);
  if (kind !== SERVICES_COOKIE) return;
  head.bundle = (d.u16(cookie + 6) >> 3) & 0xfff;
  head.protocol = d.u8(cookie + 5) & 0x70;
}

/** Bundles of Frame Relay: a protocol stands before the packet. */
function passProtocol(d: Dissection, head: Head): void {
  head.protocol = d.u16(head.at);
  head.at += 2;
  head.length -= 2;
}

/** What the services' cookie names; false where that is nothing known. */
function printLayer3(d: Dissection, at: number, length: number, protocol: number): boolean {
  if (protocol === 0) d.next.ip4(d, at, length);
  else if (protocol === 0x10) d.next.ip6(d, at, length);
  else if (protocol === 0x20) printMpls(d, at, length);
  else if (protocol === 0x30) printOsi(d, at, length);
  else return false;
  return true;
}

/** The first bytes of a cookie, as a number; those that it has not are 0. */
const cookieWord = (d: Dissection, { cookie, size }: Head, bytes: number): number => {
  let word = 0;
  for (let i = 0; i < bytes; i++) word = word * 256 + (i < size ? d.u8(cookie + i) : 0);
  return word;
};

const PPP_OSI = 0x23;
const PPP_CONTROL = 0xff03;
/** Of the services' cookie: from the routing engine, incoming. */
const FROM_ENGINE = 3;

export const printJuniperMlppp = link({
  name: 'mlppp',
  cookie: [2, 'MLPPP'],
  adjust: adjustBundle,
  print(d, at, length, head) {
    const { size, cookie, bundle, protocol } = head;
    const first = cookieWord(d, head, 2);
    if (d.showsLink && first !== PPP_OSI && first !== PPP_CONTROL) d.out += `Bundle-ID ${bundle}: `;
    if (protocol === 0 && size > 4 && d.u8(cookie + 4) === FROM_ENGINE) printPpp(d, at, length);
    else if (!printLayer3(d, at, length, protocol)) {
      const back = first === PPP_OSI ? 2 : 0;
      printPpp(d, at - back, length + back);
    }
  },
});

const UI_Q933 = 0x0308;
const UI_IP4 = 0x03cc;
const UI_IP6 = 0x038e;

/** Frames by the protocol before them; `known` has what one kind of bundle alone knows. */
function printBundled(d: Dissection, at: number, length: number, head: Head, known: () => boolean): void {
  const { bundle, protocol } = head;
  if (d.showsLink && cookieWord(d, head, 4) !== 1) d.out += `Bundle-ID ${bundle}, `;
  if (protocol === UI_Q933 || protocol === UI_IP4 || protocol === UI_IP6) printOsi(d, at - 1, length + 1);
  else if (!known()) d.out += `unknown protocol 0x${hex4(protocol)}, length ${length}`;
}

export const printJuniperMlfr = link({
  name: 'mlfr',
  cookie: [2, 'MLFR'],
  adjust(d, head) {
    adjustBundle(d, head);
    if (head.kind !== SERVICES_COOKIE) passProtocol(d, head);
  },
  print: (d, at, length, head) =>
    printBundled(d, at, length, head, () => {
      if (head.protocol !== UI && head.protocol !== UI << 8) return false;
      printOsi(d, at, length);
      return true;
    }),
});

export const printJuniperMfr = link({
  name: 'mfr',
  cookie: [4, 'MFR'],
  bare: (first) => (first & 0xc0) === 0xc0,
  adjust(d, head) {
    adjustBundle(d, head);
    if (head.kind === LONG_COOKIE) passProtocol(d, head);
  },
  print(d, at, length, head) {
    if (head.size === 0) printMultilink(d, at, length);
    else if (head.size === MOST_COOKIE) printLayer3(d, at, length, head.protocol);
    else
      printBundled(d, at, length, head, () => {
        if (head.protocol !== 0xfefe) return false;
        printOsi(d, at + 1, length - 1);
        return true;
      });
  },
});
