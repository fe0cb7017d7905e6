/** CLNP (ISO/IEC 8473-1), ES-IS (ISO 9542), and what else a network layer protocol identifier announces (ISO/IEC TR 9577). */

import { octets } from '../frame/addresses.js';
import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4 } from '../frame/text.js';
import type { Dissector } from '../frame/walk.js';
import { printQ933 } from '../link/frameRelay.js';
import { printPpp } from '../link/ppp.js';
import { ISIS, printIsis } from './isis.js';
import { NLPID, nsap, sayOsiChecksum } from './osi.js';

export const CLNP = layout('clnp', {
  nlpi: u8(0, 'hex'),
  len: u8(1),
  version: u8(2),
  ttl: u8(3),
  'pdu.len': u16(5),
});
export const ESIS = layout('esis', {
  nlpi: u8(0, 'hex'),
  length: u8(1),
  ver: u8(2),
  htime: u16(5),
  chksum: u16(7, 'hex'),
});

export const dissectOsi: Dissector = (w, at, limit) => {
  const of = ({ 129: CLNP, 130: ESIS, 131: ISIS } as const)[w.u8(at)];
  if (of === undefined) w.give(undefined, at, limit);
  else w.layer(of, at, limit, limit);
};

const HEADER = 9;

/** Prints what the first byte announces. */
export function printOsi(d: Dissection, at: number, length: number): void {
  d.cutAs = 'isoclns';
  const protocol = d.u8(at);
  const comma = d.showsLink ? '' : ', ';
  if (d.showsLink) d.out += `OSI NLPID ${NLPID(protocol)} (0x${hex2(protocol)}): `;
  switch (protocol) {
    case 0x81:
      untilCut(d, () => {
        if (!printClnp(d, at, length)) printUnknown(d, at, length, '\n\t');
      });
      break;
    case 0x82:
      untilCut(d, () => printEsis(d, at, length));
      break;
    case 0x83:
      if (!printIsis(d, at, length)) printUnknown(d, at, length, '\n\t');
      break;
    case 0:
      d.out += `${comma}length: ${length}`;
      break;
    case 8:
      printQ933(d, at + 1, length - 1);
      break;
    case 0xcc:
      d.next.ip4(d, at + 1, length - 1);
      break;
    case 0x8e:
      d.next.ip6(d, at + 1, length - 1);
      break;
    case 0xcf:
      printPpp(d, at + 1, length - 1);
      break;
    default:
      if (!d.showsLink) d.out += `OSI NLPID 0x${hex2(protocol)} unknown`;
      d.out += `${comma}length: ${length}`;
      if (length > 1) printUnknown(d, at, length, '\n\t');
  }
}

const PDUS = names('1 Error Report|28 Data|MD|Echo Request|Echo Response');
const FLAGS = bitNames('128 Segmentation permitted|64 more Segments|32 request Error Report');
const SHORT = 'li < size of fixed part of CLNP header';

/** False where it is to be shown as bytes. */
function printClnp(d: Dissection, at: number, length: number): boolean {
  d.cutAs = 'clnp';
  ask(d, at, HEADER);
  if (!d.showsLink) d.out += 'CLNP';
  return sayHeaderFault(d, at, length, HEADER) && new Clnp(d, at, length).print();
}

/** Says what is wrong with version or length, which CLNP and ES-IS have alike; false where something is. */
function sayHeaderFault(d: Dissection, at: number, length: number, least: number): boolean {
  const [size, version] = [d.u8(at + 1), d.u8(at + 2)];
  if (version !== 1) d.out += `${least === HEADER ? '' : ' '}version ${version} packet not supported`;
  else if (size > length) d.out += ` length indicator(${size}) > PDU size (${length})!`;
  else if (size < least) {
    d.out += ` length indicator ${size} < min PDU size:`;
    for (let i = at; i < d.end; i++) d.out += hex2(d.data[i]!).toUpperCase();
  } else return true;
  return false;
}

class Clnp {
  private readonly d: Dissection;
  private readonly at: number;
  private readonly length: number;
  private next: number;
  private left: number;

  constructor(d: Dissection, at: number, length: number) {
    this.d = d;
    this.at = at;
    this.length = length;
    this.next = at + HEADER;
    this.left = d.u8(at + 1) - HEADER;
  }

  /** An address, as its place and length; `undefined` where the header has no room. */
  private address(): readonly [at: number, length: number] | undefined {
    if (this.left < 1) return undefined;
    const length = this.d.u8(this.next++);
    if (--this.left < length) return undefined;
    const found = [this.next, length] as const;
    ask(this.d, this.next, length);
    this.next += length;
    this.left -= length;
    return found;
  }

  print(): boolean {
    const { d, at, length } = this;
    const destination = this.address();
    const source = destination && this.address();
    if (source === undefined || destination === undefined) {
      d.out += `${SHORT} and addresses`;
      return false;
    }
    const [kind, flags] = [d.u8(at + 4) & 0x1f, d.u8(at + 4) & 0xe0];
    const name = PDUS(kind, `unknown (${kind})`);
    const [from, to] = [nsap(d, ...source), nsap(d, ...destination)];
    const comma = d.showsLink ? '' : ', ';
    if (!d.verbosity) {
      d.out += `${comma}${from} > ${to}, ${name}, length ${length}`;
      return true;
    }
    const life = d.u8(at + 3);
    d.out += `${comma}length ${length}\n\t${name} PDU, hlen: ${d.u8(at + 1)}, v: 1`;
    d.out += `, lifetime: ${life >> 1}.${(life & 1) * 5}s, Segment PDU length: ${d.u16(at + 5)}, checksum: 0x${hex4(d.u16(at + 7))}`;
    sayOsiChecksum(d, at, d.u16(at + 7), 7, d.u8(at + 1));
    d.out += `\n\tFlags [${FLAGS(flags)}]`;
    d.out += `\n\tsource address (length ${source[1]}): ${from}\n\tdest   address (length ${destination[1]}): ${to}`;
    if (flags & 0x80 && !this.segment()) return false;
    return this.options() && this.payload(kind);
  }

  private segment(): boolean {
    const { d, next } = this;
    if (this.left < 6) {
      d.out += `${SHORT}, addresses, and segment part`;
      return false;
    }
    d.out += `\n\tData Unit ID: 0x${hex4(d.u16(next))}, Segment Offset: ${d.u16(next + 2)}, Total PDU Length: ${d.u16(next + 4)}`;
    this.next += 6;
    this.left -= 6;
    return true;
  }

  private options(): boolean {
    const { d } = this;
    while (this.left !== 0) {
      if (this.left < 2) {
        d.out += ', bad opts/li';
        return false;
      }
      const [type, size] = [d.u8(this.next), d.u8(this.next + 1)];
      this.next += 2;
      this.left -= 2;
      if (size > this.left) {
        d.out += `, opt (${type}) too long`;
        return false;
      }
      ask(d, this.next, size);
      d.out += `\n\t  ${OPTIONS(type)} Option #${type}, length ${size}, value: `;
      if (size < (LEAST[type] ?? 0)) {
        d.out += ', bad opt len';
        return false;
      }
      printOption(d, type, this.next, size);
      if (d.verbosity > 1) printUnknown(d, this.next, size, '\n\t  ');
      this.next += size;
      this.left -= size;
    }
    return true;
  }

  private payload(kind: number): boolean {
    const { d, at, length, next } = this;
    const header = d.u8(at + 1);
    if ((kind === 1 || kind === 31) && d.u8(next) === 0x81) {
      d.out += '\n\t-----original packet-----\n\t';
      d.enter();
      printClnp(d, next, length - header);
      d.leave();
    } else if (length > next - at) {
      d.out += `\n\t  undecoded non-header data, length ${length - header}`;
      printUnknown(d, next, length - (next - at), '\n\t  ');
    }
    return true;
  }
}

const OPTIONS = names(
  '193 Discard Reason|195 QoS Maintenance|197 Security|200 Source Routing|203 Route Recording|Padding|Priority',
);
/** Bytes that options have at least. */
const LEAST: Readonly<Record<number, number>> = { 193: 1, 195: 1, 197: 2, 200: 2, 203: 2, 205: 1 };
const SCOPES = names(
  '64 Source Address Specific|128 Destination Address Specific|192 Globally unique',
  'Reserved',
);
const QOS = bitNames(
  '32 reserved|16 sequencing vs. delay|8 congested|4 delay vs. cost|2 error vs. delay|1 error vs. cost',
);
const CLASSES = names('General|8 Address|Source Routeing|Lifetime|PDU Discarded|Reassembly');
/** By class and code. */
const REASONS = names(
  'Reason not specified|Protocol procedure error|Incorrect checksum|PDU discarded due to congestion|Header syntax error (cannot be parsed)|Segmentation needed but not permitted|Incomplete PDU received|Duplicate option|128 Destination address unreachable|Destination address unknown|144 Unspecified source routeing error|Syntax error in source routeing field|Unknown address in source routeing field|Path not acceptable|160 Lifetime expired while data unit in transit|Lifetime expired during reassembly|176 Unsupported option not specified|Unsupported protocol version|Unsupported security option|Unsupported source routeing option|Unsupported recording of route option|192 Reassembly interference',
);

function printOption(d: Dissection, type: number, at: number, size: number): void {
  const first = size > 0 ? d.u8(at) : 0;
  const scope = `\n\t    Format Code: ${SCOPES(first & 0xc0)}`;
  if (type === 200 || type === 203) printRoute(d, type, at, size);
  else if (type === 205) d.out += `0x${(first & 15).toString(16)}`;
  else if (type === 195) d.out += scope + (first >= 0xc0 ? `\n\t    QoS Flags [${QOS(first & 0x3f)}]` : '');
  else if (type === 197) d.out += `${scope}, Security-Level ${d.u8(at + 1)}`;
  else if (type === 193) {
    const [major, minor] = [first >> 4, first & 15];
    d.out += `\n\t    Class: ${CLASSES(major)} Error (0x${major.toString(16)}), ${REASONS(first)} (0x${minor.toString(16)})`;
  } else if (type === 204) d.out += 'padding data';
  else printUnknown(d, at, size, '\n\t  ');
}

function printRoute(d: Dissection, type: number, at: number, size: number): void {
  d.out += `${['partial', 'complete'][d.u8(at)] ?? 'Unknown'} ${type === 200 ? 'source routing' : 'recording of route in progress'}`;
  const offset = d.u8(at + 1);
  if (offset === 0) d.out += ' Bad NSAP offset (0)';
  else if (offset - 1 > size) d.out += ' Bad NSAP offset (past end of option)';
  else {
    const first = at + offset - 1;
    // tcpdump reads the same address again and again.
    for (let left = size - offset + 1; left > 0; ) {
      const length = d.u8(first);
      if (left < length + 1) {
        d.out += '\n\t    NSAP address goes past end of option';
        return;
      }
      if (length > 0) d.out += `\n\t    NSAP address (length ${length}): ${nsap(d, first + 1, length)}`;
      left -= length + 1;
    }
  }
}

const ESIS_PDUS = names('2 ESH|4 ISH|6 redirect');
const ESIS_OPTIONS = names(
  '129 Protocols supported|195 QoS Maintenance|197 Security|ES Configuration Time|205 Priority|225 Addressk Mask|SNPA Mask',
);

function printEsis(d: Dissection, at: number, length: number): void {
  d.cutAs = 'esis';
  if (!d.showsLink) d.out += 'ES-IS';
  if (length <= 2) {
    d.out += d.quiet ? 'bad pkt!' : 'no header at all!';
    return;
  }
  ask(d, at, HEADER);
  if (!sayHeaderFault(d, at, length, HEADER + 2)) return;
  const kind = d.u8(at + 4) & 0x1f;
  const comma = d.showsLink ? '' : ', ';
  if (!d.verbosity) {
    d.out += `${comma}${ESIS_PDUS(kind, `unknown type (${kind})`)}, length ${length}`;
    return;
  }
  const size = d.u8(at + 1);
  d.out += `${comma}length ${length}\n\t${ESIS_PDUS(kind, `unknown type: ${kind}`)} (${kind}), v: 1, checksum: 0x${hex4(d.u16(at + 7))}`;
  sayOsiChecksum(d, at, d.u16(at + 7), 7, size);
  d.out += `, holding time: ${d.u16(at + 5)}s, length indicator: ${size}`;
  if (d.verbosity > 1) printUnknown(d, at, HEADER, '\n\t');
  if (ESIS_PDUS(kind, '') !== '') new Esis(d, at + HEADER, size - HEADER).print(kind);
  else if (d.verbosity <= 1 && at + HEADER < d.end)
    printUnknown(d, at + HEADER, d.end - at - HEADER, '\n\t  ');
}

class Esis {
  private readonly d: Dissection;
  private next: number;
  private left: number;

  constructor(d: Dissection, next: number, left: number) {
    this.d = d;
    this.next = next;
    this.left = left;
  }

  /** A length and as many bytes; `undefined` where the header has no room. */
  private address(): readonly [at: number, length: number] | undefined {
    const length = this.d.u8(this.next);
    if (this.left < 1) return undefined;
    ask(this.d, this.next + 1, length);
    if (this.left - 1 < length) return undefined;
    const found = [this.next + 1, length] as const;
    this.next += 1 + length;
    this.left -= 1 + length;
    return found;
  }

  print(kind: number): void {
    const { d } = this;
    const name = kind === 6 ? 'redirect' : kind === 2 ? 'esh' : 'ish';
    if (kind === 6 ? this.redirect() : this.systems(kind)) this.options();
    else d.out += `, bad ${name}/li`;
  }

  private systems(kind: number): boolean {
    const { d } = this;
    let count = 1;
    if (kind === 2) {
      count = d.u8(this.next++);
      if (this.left-- < 1) return false;
      d.out += `\n\t  Number of Source Addresses: ${count}`;
    }
    for (; count > 0; count--) {
      const found = this.address();
      if (found === undefined) return false;
      d.out += `\n\t  NET (length: ${found[1]}): ${nsap(d, ...found)}`;
    }
    return true;
  }

  private redirect(): boolean {
    const { d } = this;
    const destination = this.address();
    if (destination === undefined) return false;
    d.out += `\n\t  ${nsap(d, ...destination)}`;
    const snpa = this.address();
    const net = snpa && this.address();
    if (net === undefined || snpa === undefined) return false;
    this.left++; // tcpdump forgets the byte that holds the length
    d.out += `\n\t  SNPA (length: ${snpa[1]}): ${snpa[1] === 6 ? d.mac(snpa[0]) : snpa[1] === 0 ? '<empty>' : octets(d.data, ...snpa)}`;
    if (net[1] !== 0) d.out += `\n\t  NET (length: ${net[1]}) ${nsap(d, ...net)}`;
    return true;
  }

  private options(): void {
    const { d } = this;
    while (this.left !== 0) {
      if (this.left < 2) {
        d.out += ', bad opts/li';
        return;
      }
      const [type, size] = [d.u8(this.next), d.u8(this.next + 1)];
      this.next += 2;
      this.left -= 2;
      if (size > this.left) {
        d.out += `, opt (${type}) too long`;
        return;
      }
      d.out += `\n\t  ${ESIS_OPTIONS(type)} Option #${type}, length ${size}, value: `;
      if (type === 198) d.out += size === 2 ? `${d.u16(this.next)}s` : '(bad length)';
      else if (type === 129)
        for (let i = 0; i < size; i++) {
          const protocol = d.u8(this.next + i);
          d.out += `${NLPID(protocol, 'unknown')} (0x${hex2(protocol)})${i + 1 < size ? ', ' : ''}`;
        }
      else printUnknown(d, this.next, size, '\n\t  ');
      if (d.verbosity > 1) printUnknown(d, this.next, size, '\n\t  ');
      this.next += size;
      this.left -= size;
    }
  }
}
