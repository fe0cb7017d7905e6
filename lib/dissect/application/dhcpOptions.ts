/**
 * DHCP options (RFC 2132 and those that followed): one row an option, with its name and the form of its data.
 */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { hex2, hex8, visible } from '../frame/text.js';

const PAD = 0;
const END = 255;
const MESSAGE_TYPE = 53;
const PARAMETER_REQUEST = 55;

/** How an option's data is written. */
type Form =
  | 'text'
  | 'addresses'
  | 'addressPairs'
  | 'u32'
  | 'i32'
  | 'u16'
  | 'u8'
  | 'flags'
  | 'nodeType'
  | 'overload'
  | 'fqdn'
  | 'clientId'
  | 'agent'
  | 'routes'
  | 'userClass';

// biome-ignore format: a table
const OPTIONS: ReadonlyMap<number, readonly [name: string, form: Form]> = new Map<number, readonly [string, Form]>([
  [PAD, ['PAD', 'u8']],
  [1, ['Subnet-Mask', 'addresses']],
  [2, ['Time-Zone', 'i32']],
  [3, ['Default-Gateway', 'addresses']],
  [4, ['Time-Server', 'addresses']],
  [5, ['IEN-Name-Server', 'addresses']],
  [6, ['Domain-Name-Server', 'addresses']],
  [7, ['LOG', 'addresses']],
  [8, ['CS', 'addresses']],
  [9, ['LPR-Server', 'addresses']],
  [10, ['IM', 'addresses']],
  [11, ['RL', 'addresses']],
  [12, ['Hostname', 'text']],
  [13, ['BS', 'u16']],
  [14, ['DP', 'text']],
  [15, ['Domain-Name', 'text']],
  [16, ['SS', 'addresses']],
  [17, ['RP', 'text']],
  [18, ['EP', 'text']],
  [19, ['IPF', 'flags']],
  [20, ['SRT', 'flags']],
  [21, ['PF', 'addressPairs']],
  [22, ['RSZ', 'u16']],
  [23, ['TTL', 'u8']],
  [24, ['MTU-Timeout', 'u32']],
  [25, ['MTU-Table', 'u16']],
  [26, ['MTU', 'u16']],
  [27, ['LSN', 'flags']],
  [28, ['BR', 'addresses']],
  [29, ['MD', 'flags']],
  [30, ['MS', 'flags']],
  [31, ['Router-Discovery', 'flags']],
  [32, ['RSA', 'addresses']],
  [33, ['Static-Route', 'addressPairs']],
  [34, ['UT', 'flags']],
  [35, ['AT', 'u32']],
  [36, ['IE', 'flags']],
  [37, ['TT', 'u8']],
  [38, ['KI', 'u32']],
  [39, ['KG', 'flags']],
  [40, ['YD', 'text']],
  [41, ['YS', 'addresses']],
  [42, ['NTP', 'addresses']],
  [43, ['Vendor-Option', 'u8']],
  [44, ['Netbios-Name-Server', 'addresses']],
  [45, ['WDD', 'addresses']],
  [46, ['Netbios-Node', 'nodeType']],
  [47, ['Netbios-Scope', 'text']],
  [48, ['XFS', 'addresses']],
  [49, ['XDM', 'addresses']],
  [50, ['Requested-IP', 'addresses']],
  [51, ['Lease-Time', 'u32']],
  [52, ['OO', 'overload']],
  [MESSAGE_TYPE, ['DHCP-Message', 'u8']],
  [54, ['Server-ID', 'addresses']],
  [PARAMETER_REQUEST, ['Parameter-Request', 'u8']],
  [56, ['MSG', 'text']],
  [57, ['MSZ', 'u16']],
  [58, ['RN', 'u32']],
  [59, ['RB', 'u32']],
  [60, ['Vendor-Class', 'text']],
  [61, ['Client-ID', 'clientId']],
  [64, ['N+D', 'u16']],
  [65, ['N+S', 'addresses']],
  [66, ['TFTP', 'text']],
  [67, ['BF', 'text']],
  [68, ['MH', 'addresses']],
  [69, ['SMTP', 'addresses']],
  [70, ['POP3', 'addresses']],
  [71, ['NNTP', 'addresses']],
  [72, ['WWW', 'addresses']],
  [73, ['FG', 'addresses']],
  [74, ['IRC', 'addresses']],
  [75, ['STS', 'addresses']],
  [76, ['STDA', 'addresses']],
  [77, ['User-Class', 'userClass']],
  [78, ['SLP-DA', 'u8']],
  [79, ['SLP-SCOPE', 'u8']],
  [80, ['SLP-NA', 'text']],
  [81, ['FQDN', 'fqdn']],
  [82, ['Agent-Information', 'agent']],
  [83, ['ARMT', 'u8']],
  [88, ['TZSTR', 'text']],
  [89, ['FQDNS', 'u8']],
  [90, ['AUTH', 'u8']],
  [91, ['Last-Transaction-Time', 'i32']],
  [92, ['Associated-IP', 'addresses']],
  [93, ['ARCH', 'u16']],
  [94, ['NDI', 'u8']],
  [95, ['LDAP', 'text']],
  [97, ['GUID', 'u8']],
  [98, ['UAP', 'text']],
  [100, ['POSIX-TZ', 'text']],
  [101, ['TZ-Name', 'text']],
  [112, ['NI', 'addresses']],
  [113, ['NITAG', 'text']],
  [114, ['URL', 'text']],
  [116, ['NOAUTO', 'flags']],
  [117, ['NSSEARCH', 'u16']],
  [118, ['SUBNET', 'addresses']],
  [121, ['Classless-Static-Route', 'routes']],
  [150, ['TFTP-Server-Address', 'addresses']],
  [161, ['MUD-URL', 'text']],
  [249, ['Classless-Static-Route-Microsoft', 'routes']],
  [END, ['END', 'u8']],
]);

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [1, 'Discover'],
  [2, 'Offer'],
  [3, 'Request'],
  [4, 'Decline'],
  [5, 'ACK'],
  [6, 'NACK'],
  [7, 'Release'],
  [8, 'Inform'],
  [10, 'LeaseQuery'],
  [11, 'LeaseUnassigned'],
  [12, 'LeaseUnknown'],
  [13, 'LeaseActive'],
]);

/** Prints the options behind the magic cookie at `start`, up to the end option or the end of the packet. */
export function printDhcpOptions(d: Dissection, start: number): void {
  d.out += '\n\t  Vendor-rfc1048 Extensions';
  d.out += `\n\t    Magic Cookie 0x${hex8(d.u32(start))}`;
  for (let at = start + 4; d.has(at, 1); ) {
    const tag = d.u8(at);
    at++;
    if (d.verbosity < 3) {
      if (tag === PAD) continue;
      if (tag === END) return;
    }
    const row = OPTIONS.get(tag);
    const bare = tag === PAD || tag === END;
    const length = bare ? 0 : d.u8(at);
    if (!bare) at++;
    d.out += `\n\t    ${row?.[0] ?? 'Unknown'} (${tag}), length ${length}${length > 0 ? ': ' : ''}`;
    if (tag === PAD) at = printPadding(d, at);
    if (!d.has(at, length)) {
      d.markTruncated();
      return;
    }
    if (tag === MESSAGE_TYPE && length === 1) {
      d.out += MESSAGES.get(d.u8(at)) ?? `Unknown (${d.u8(at)})`;
    } else if (tag === PARAMETER_REQUEST) {
      printRequested(d, at, length);
    } else {
      const used = printData(d, row?.[1] ?? unknownForm(length), at, length);
      if (used < length) d.out += `\n\t  trailing data length ${length - used}`;
    }
    at += length;
  }
}

/** Pads in a row print once. */
function printPadding(d: Dissection, start: number): number {
  let at = start;
  while (d.has(at, 1) && d.u8(at) === PAD) at++;
  if (at > start) d.out += `, occurs ${at - start + 1}`;
  return at;
}

function printRequested(d: Dissection, at: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const tag = d.u8(at + i);
    d.out += `${i % 4 === 0 ? '\n\t      ' : ', '}${OPTIONS.get(tag)?.[0] ?? 'Unknown'} (${tag})`;
  }
}

/** Unknown options print as the widest numbers that fill them. */
function unknownForm(length: number): Form {
  if (length & 1) return 'u8';
  return length & 2 ? 'u16' : 'u32';
}

/** Prints an option's data, which is all there; the number of bytes that were understood. */
function printData(d: Dissection, form: Form, at: number, length: number): number {
  switch (form) {
    case 'text':
      d.out += `"${text(d, at, length)}"`;
      return length;
    case 'addresses':
      return printList(length, 4, (i) => (d.out += separator(i) + d.ip4(at + i)));
    case 'addressPairs':
      return printList(length, 8, (i) => (d.out += `${separator(i)}(${d.ip4(at + i)}:${d.ip4(at + i + 4)})`));
    case 'u32':
      return printList(length, 4, (i) => (d.out += separator(i) + d.u32(at + i)));
    case 'i32':
      return printList(length, 4, (i) => (d.out += separator(i) + d.i32(at + i)));
    case 'u16':
      return printList(length, 2, (i) => (d.out += separator(i) + d.u16(at + i)));
    case 'u8':
      return printList(length, 1, (i) => (d.out += (i > 0 ? '.' : '') + d.u8(at + i)));
    case 'flags':
      return printList(length, 1, (i) => {
        const value = d.u8(at + i);
        d.out += separator(i) + (value === 0 ? 'N' : value === 1 ? 'Y' : `${value}?`);
      });
    case 'nodeType':
      return printChoice(d, NODE_TYPES, at, length);
    case 'overload':
      return printChoice(d, OVERLOADS, at, length);
    case 'fqdn':
      return printFqdn(d, at, length);
    case 'clientId':
      return printClientId(d, at, length);
    case 'agent':
      return printAgent(d, at, length);
    case 'routes':
      return printRoutes(d, at, length);
    case 'userClass':
      return printUserClass(d, at, length);
  }
}

function printList(length: number, size: number, printOne: (offset: number) => void): number {
  let offset = 0;
  for (; offset + size <= length; offset += size) printOne(offset);
  return offset;
}

function separator(offset: number): string {
  return offset > 0 ? ',' : '';
}

function text(d: Dissection, at: number, length: number): string {
  let shown = '';
  for (let i = 0; i < length; i++) shown += visible(d.u8(at + i));
  return shown;
}

/** RFC 2132 §8.7. */
const NODE_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'b-node'],
  [2, 'p-node'],
  [4, 'm-node'],
  [8, 'h-node'],
]);

/** RFC 2132 §9.3. */
const OVERLOADS: ReadonlyMap<number, string> = new Map([
  [1, 'file'],
  [2, 'sname'],
  [3, 'file+sname'],
]);

function printChoice(d: Dissection, names: ReadonlyMap<number, string>, at: number, length: number): number {
  if (length < 1) {
    d.out += '[ERROR: length < 1 bytes]';
    return length;
  }
  const value = d.u8(at);
  d.out += names.get(value) ?? `#${value}`;
  return 1;
}

/** RFC 4702. */
function printFqdn(d: Dissection, at: number, length: number): number {
  if (length < 3) {
    d.out += '[ERROR: length < 3 bytes]';
    return length;
  }
  const flags = d.u8(at);
  if (flags & 0xf0) d.out += `[ERROR: MBZ nibble 0x${(flags >> 4).toString(16)} != 0] `;
  const letters = 'SOEN'.split('').filter((_, bit) => flags & (1 << bit));
  if (letters.length > 0) d.out += `[${letters.join('')}] `;
  if (d.u8(at + 1) || d.u8(at + 2)) d.out += `${d.u8(at + 1)}/${d.u8(at + 2)} `;
  d.out += `"${text(d, at + 3, length - 3)}"`;
  return length;
}

const HARDWARE: ReadonlyMap<number, string> = new Map([
  [0x01, 'ether'],
  [0x06, 'ieee802'],
  [0x07, 'arcnet'],
  [0x0f, 'frelay'],
  [0x17, 'strip'],
  [0x18, 'ieee1394'],
]);

/** RFC 2132 §9.14. */
function printClientId(d: Dissection, at: number, length: number): number {
  if (length < 1) {
    d.out += '[ERROR: length < 1 bytes]';
    return length;
  }
  const type = d.u8(at);
  if (type === 0) {
    d.out += `"${text(d, at + 1, length - 1)}"`;
    return length;
  }
  d.out += `${HARDWARE.get(type) ?? `hardware-type ${type},`} `;
  for (let i = 1; i < length; i++) d.out += (i > 1 ? ':' : '') + hex2(d.u8(at + i));
  return length;
}

const AGENT_OPTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'Circuit-ID'],
  [2, 'Remote-ID'],
  [6, 'Subscriber-ID'],
]);

/** RFC 3046. */
function printAgent(d: Dissection, at: number, length: number): number {
  let offset = 0;
  while (length - offset >= 2) {
    const type = d.u8(at + offset);
    const size = d.u8(at + offset + 1);
    offset += 2;
    const name = AGENT_OPTIONS.get(type);
    d.out += `\n\t      ${name ?? 'Unknown'} SubOption ${type}, length ${size}: `;
    if (size > length - offset) {
      d.out += 'length goes past end of option';
      return length;
    }
    if (name === undefined) printUnknown(d, at + offset, size, '\n\t\t');
    else d.out += text(d, at + offset, size);
    offset += size;
  }
  return offset;
}

/** RFC 3442: a prefix length, as many bytes as it needs, a gateway. */
function printRoutes(d: Dissection, at: number, length: number): number {
  if (length < 5) {
    d.out += '[ERROR: length < 5 bytes]';
    return length;
  }
  for (let offset = 0; offset < length; ) {
    d.out += separator(offset);
    const width = d.u8(at + offset);
    offset++;
    if (width > 32) {
      d.out += `[ERROR: Mask width (${width}) > 32]`;
      return length;
    }
    const octets = (width + 7) >> 3;
    if (length - offset < octets + 4) {
      d.out += `[ERROR: Remaining length (${length - offset}) < ${octets + 4} bytes]`;
      return length;
    }
    if (width === 0) {
      d.out += '(default';
    } else {
      const prefix = [0, 0, 0, 0].map((_, i) => (i < octets ? d.u8(at + offset + i) : 0));
      d.out += `(${prefix.join('.')}/${width}`;
    }
    offset += octets;
    d.out += `:${d.ip4(at + offset)})`;
    offset += 4;
  }
  return length;
}

/** RFC 3004. */
function printUserClass(d: Dissection, at: number, length: number): number {
  if (length < 2) {
    d.out += '[ERROR: length < 2 bytes]';
    return length;
  }
  for (let offset = 0, instance = 1; offset < length; instance++) {
    const size = d.u8(at + offset);
    offset++;
    d.out += `\n\t      instance#${instance}: `;
    if (size === 0) {
      d.out += '[ERROR: suboption length must be non-zero]';
      return length;
    }
    if (length - offset < size) {
      d.out += '[ERROR: invalid option]';
      return length;
    }
    d.out += `"${text(d, at + offset, size)}", length ${size}`;
    offset += size;
  }
  return length;
}
