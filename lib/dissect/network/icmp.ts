/**
 * ICMP (RFC 792), with router discovery (RFC 1256), the packet inside an error, and the extensions behind
 * it (RFC 4884, RFC 4950).
 */

import { checksum, expectedChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { hex4, hex8 } from '../frame/text.js';
import { printIp4 } from './ip4.js';

const HEADER = 8;
const UNREACHABLE = 3;
const REDIRECT = 5;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const SOURCE_QUENCH = 4;

/** Messages that are only named. */
const MESSAGES: ReadonlyMap<number, string> = new Map([
  [SOURCE_QUENCH, 'source quench'],
  [10, 'router solicitation'],
  [15, 'information request'],
  [16, 'information reply'],
  [17, 'address mask request'],
]);

/** What cannot be reached, by code; `@` stands for the destination of the packet inside. */
const UNREACHABLES: readonly string[] = [
  'net @ unreachable',
  'host @ unreachable',
  '', // protocol
  '', // port
  '', // fragmentation needed
  '@ unreachable - source route failed',
  'net @ unreachable - unknown',
  'host @ unreachable - unknown',
  '@ unreachable - source host isolated',
  'net @ unreachable - admin prohibited',
  'host @ unreachable - admin prohibited',
  'net @ unreachable - tos prohibited',
  'host @ unreachable - tos prohibited',
  'host @ unreachable - admin prohibited filter',
  'host @ unreachable - host precedence violation',
  'host @ unreachable - precedence cutoff',
];

const REDIRECTS = [
  ['redirect', 'net'],
  ['redirect', 'host'],
  ['redirect-tos', 'net'],
  ['redirect-tos', 'host'],
] as const;

export function printIcmp(d: Dissection, at: number, length: number, _ip: number, fragmented: boolean): void {
  d.cutAs = 'icmp';
  const type = d.u8(at);
  const text = messageText(d, at, type, d.u8(at + 1));
  if (text === undefined) {
    d.markTruncated();
    return;
  }
  d.out += `ICMP ${text}, length ${length}`;
  if (!d.verbosity) return;
  if (!fragmented && d.has(at, length)) {
    const sum = checksum(d.data, at, length);
    if (sum !== 0) {
      const field = d.u16(at + 2);
      d.out += ` (wrong icmp cksum ${field.toString(16)} (->${expectedChecksum(field, sum).toString(16)})!)`;
    }
  }
  if (isError(type)) printInner(d, at + HEADER);
  d.cutAs = 'icmp';
  if (type === UNREACHABLE || type === TIME_EXCEEDED || type === PARAMETER_PROBLEM) {
    printExtensions(d, at, length);
  }
}

function isError(type: number): boolean {
  return (
    type === UNREACHABLE ||
    type === SOURCE_QUENCH ||
    type === REDIRECT ||
    type === TIME_EXCEEDED ||
    type === PARAMETER_PROBLEM
  );
}

/** `undefined` where the message is cut and what is there says nothing. */
function messageText(d: Dissection, at: number, type: number, code: number): string | undefined {
  switch (type) {
    case 0:
    case 8:
      return `echo ${type === 8 ? 'request' : 'reply'}, id ${d.u16(at + 4)}, seq ${d.u16(at + 6)}`;
    case UNREACHABLE:
      return unreachableText(d, at, code);
    case REDIRECT: {
      const target = d.ip4(at + HEADER + 16);
      const gateway = d.ip4(at + 4);
      const known = REDIRECTS[code];
      if (known === undefined) return `redirect-#${code} ${target} to ${gateway}`;
      return `${known[0]} ${target} to ${known[1]} ${gateway}`;
    }
    case 9:
      return advertisementText(d, at);
    case TIME_EXCEEDED:
      if (!d.has(at + HEADER + 16, 4)) return undefined;
      if (code === 0) return 'time exceeded in-transit';
      return code === 1 ? 'ip reassembly time exceeded' : `time exceeded-#${code}`;
    case PARAMETER_PROBLEM:
      return `parameter problem - ${code ? `code ${code}` : `octet ${d.u8(at + 4)}`}`;
    case 13:
      return `time stamp query id ${d.u16(at + 4)} seq ${d.u16(at + 6)}`;
    case 14:
      if (!d.has(at + 16, 4)) return undefined;
      return (
        `time stamp reply id ${d.u16(at + 4)} seq ${d.u16(at + 6)}: org ${clock(d.u32(at + 8))}` +
        `, recv ${clock(d.u32(at + 12))}, xmit ${clock(d.u32(at + 16))}`
      );
    case 18:
      return `address mask is 0x${hex8(d.u32(at + 8))}`;
    default:
      return MESSAGES.get(type) ?? `type-#${type}`;
  }
}

function unreachableText(d: Dissection, at: number, code: number): string | undefined {
  const inner = at + HEADER;
  if (code === 3) {
    if (!d.has(inner + 9, 1)) return undefined;
    const port = d.u16(inner + (d.u8(inner) & 0x0f) * 4 + 2);
    const protocol = d.u8(inner + 9);
    const target = d.ip4(inner + 16);
    if (protocol === 6) return `${target} tcp port ${d.tcpPort(port)} unreachable`;
    if (protocol === 17) return `${target} udp port ${d.udpPort(port)} unreachable`;
    return `${target} protocol ${protocol} port ${port} unreachable`;
  }
  if (code === 4) {
    const mtu = d.u16(at + 6);
    return `${d.ip4(inner + 16)} unreachable - need to frag${mtu ? ` (mtu ${mtu})` : ''}`;
  }
  const target = d.ip4(inner + 16);
  if (code === 2) return `${target} protocol ${d.u8(inner + 9)} unreachable`;
  return UNREACHABLES[code]?.replace('@', target) ?? `${target} unreachable - #${code}`;
}

function advertisementText(d: Dissection, at: number): string | undefined {
  if (!d.has(at + 4, 4)) return undefined;
  const count = d.u8(at + 4);
  const size = d.u8(at + 5);
  let text = `router advertisement lifetime ${lifetime(d.u16(at + 6))} ${count}:`;
  if (size !== 2) return `${text} [size ${size}]`;
  for (let i = 0; i < count; i++) {
    const entry = at + HEADER + 8 * i;
    if (!d.has(entry, 8)) return undefined;
    text += ` {${d.ip4(entry)} ${d.u32(entry + 4)}}`;
  }
  return text;
}

function lifetime(seconds: number): string {
  if (seconds < 60) return `${seconds}`;
  const low = two(seconds % 60);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${low}`;
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${low}`;
}

/** Milliseconds since midnight. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const fraction = `${ms % 1000}`.padStart(3, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${fraction}`;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}

/** The packet that the error is about, as far as its own length field goes. */
function printInner(d: Dissection, at: number): void {
  d.out += '\n\t';
  const end = d.end;
  const length = d.u16(at + 2);
  d.end = Math.min(at + length, end);
  d.need(at + 2, 2); // a length too short for its own field cuts the message, not the packet inside
  printIp4(d, at, length);
  d.end = end;
}

/** Where extensions start when the message does not say so: behind 128 bytes of packet (RFC 4884 §5.5). */
const EXTENSIONS = HEADER + 128;
const EXTENSION_VERSION = 2;

function printExtensions(d: Dissection, at: number, length: number): void {
  if (length <= EXTENSIONS) return;
  const extensions = at + EXTENSIONS;
  const rest = length - EXTENSIONS;
  if (!d.has(at, EXTENSIONS + 5)) {
    d.markTruncated();
    return;
  }
  const whole = d.has(extensions, rest);
  const sum = whole ? checksum(d.data, extensions, rest) : 0;
  if (d.u8(at + 5) === 0 && whole && sum !== 0) return; // no extensions, just a long packet
  const version = d.u8(extensions) >> 4;
  d.out += `\n\tICMP Multi-Part extension v${version}`;
  if (version !== EXTENSION_VERSION) {
    d.out += ' packet not supported';
    return;
  }
  if (whole) {
    d.out += `, checksum 0x${hex4(d.u16(extensions + 2))} (${sum ? 'in' : ''}correct), length ${rest}`;
  }
  printObjects(d, extensions + 4, (rest - 4) >>> 0);
}

const OBJECT_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'MPLS Stack Entry'],
  [2, 'Interface Identification'],
]);

function printObjects(d: Dissection, start: number, length: number): void {
  let at = start;
  let rest = length;
  while (rest > 4) {
    if (!d.has(at, 4)) {
      d.markTruncated();
      return;
    }
    const size = d.u16(at);
    const kind = d.u8(at + 2);
    const type = d.u8(at + 3);
    d.out += `\n\t  ${OBJECT_NAMES.get(kind) ?? 'unknown'} Object (${kind}), Class-Type: ${type}, length ${size}`;
    at += 4;
    rest -= 4;
    if (kind === 0 || size < 4) return;
    const body = size - 4;
    if (kind === 1 && type === 1) {
      const entry = d.u32(at);
      d.out += `\n\t    label ${entry >>> 12}, tc ${(entry >>> 9) & 7}`;
      d.out += `${entry & 0x100 ? ', [S]' : ''}, ttl ${entry & 0xff}`;
    } else {
      printUnknown(d, at, body, '\n\t    ');
    }
    if (rest < body) return;
    rest -= body;
    at += body;
  }
}
