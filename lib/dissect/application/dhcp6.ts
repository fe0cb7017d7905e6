/**
 * DHCPv6 (RFC 8415) and the options of its family: one row an option, with its name and the form of its data.
 */

import type { Dissection } from '../frame/dissection.js';
import { hex2, hex4, hex8, hexBytes, visible } from '../frame/text.js';
import { printDomainName } from './dnsNames.js';

const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [1, 'solicit'],
  [2, 'advertise'],
  [3, 'request'],
  [4, 'confirm'],
  [5, 'renew'],
  [6, 'rebind'],
  [7, 'reply'],
  [8, 'release'],
  [9, 'decline'],
  [10, 'reconfigure'],
  [11, 'inf-req'],
  [RELAY_FORWARD, 'relay-fwd'],
  [RELAY_REPLY, 'relay-reply'],
  [14, 'leasequery'],
  [15, 'leasequery-reply'],
]);

/** How an option's data is written. Without a form it is not written at all. */
type Form =
  | 'identifier'
  | 'association'
  | 'temporary'
  | 'address'
  | 'prefix'
  | 'codes'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'relayed'
  | 'authentication'
  | 'status'
  | 'bytes'
  | 'remoteId'
  | 'reconfigure'
  | 'addresses'
  | 'names'
  | 'query'
  | 'clientData'
  | 'relayData'
  | 'ntp'
  | 'label'
  | 'text';

// biome-ignore format: a table
const OPTIONS: ReadonlyMap<number, readonly [name: string, form?: Form]> = new Map<number, readonly [string, Form?]>([
  [1, ['client-ID', 'identifier']],
  [2, ['server-ID', 'identifier']],
  [3, ['IA_NA', 'association']],
  [4, ['IA_TA', 'temporary']],
  [5, ['IA_ADDR', 'address']],
  [6, ['option-request', 'codes']],
  [7, ['preference', 'u8']],
  [8, ['elapsed-time', 'u16']],
  [9, ['relay-message', 'relayed']],
  [11, ['authentication', 'authentication']],
  [12, ['server-unicast']],
  [13, ['status-code', 'status']],
  [14, ['rapid-commit']],
  [15, ['user-class']],
  [16, ['vendor-class']],
  [17, ['vendor-specific-info']],
  [18, ['interface-ID', 'bytes']],
  [19, ['reconfigure-message', 'reconfigure']],
  [20, ['reconfigure-accept']],
  [21, ['SIP-servers-domain', 'names']],
  [22, ['SIP-servers-address', 'addresses']],
  [23, ['DNS-server', 'addresses']],
  [24, ['DNS-search-list', 'names']],
  [25, ['IA_PD', 'association']],
  [26, ['IA_PD-prefix', 'prefix']],
  [27, ['NIS-server', 'addresses']],
  [28, ['NIS+-server', 'addresses']],
  [29, ['NIS-domain-name']],
  [30, ['NIS+-domain-name']],
  [31, ['SNTP-servers', 'addresses']],
  [32, ['lifetime', 'u32']],
  [33, ['BCMCS-domain-name']],
  [34, ['BCMCS-server', 'addresses']],
  [36, ['Geoconf-Civic']],
  [37, ['Remote-ID', 'remoteId']],
  [38, ['Subscriber-ID', 'bytes']],
  [39, ['Client-FQDN']],
  [40, ['PANA-agent', 'addresses']],
  [41, ['POSIX-timezone', 'text']],
  [42, ['POSIX-tz-database', 'text']],
  [43, ['Echo-request-option', 'codes']],
  [44, ['Lease-query', 'query']],
  [45, ['LQ-client-data', 'clientData']],
  [46, ['Clt-time', 'u32']],
  [47, ['LQ-relay-data', 'relayData']],
  [48, ['LQ-client-link', 'addresses']],
  [56, ['NTP-server', 'ntp']],
  [64, ['AFTR-Name', 'label']],
  [112, ['MUD-URL', 'text']],
]);

// biome-ignore format: a table
const STATUS_CODES = [
  'Success', 'UnspecFail', 'NoAddrsAvail', 'NoBinding', 'NotOnLink', 'UseMulticast', 'NoPrefixAvail',
  'UnknownQueryType', 'MalformedQuery', 'NotConfigured', 'NotAllowed',
] as const;

export function printDhcp6(d: Dissection, at: number, length: number): void {
  d.cutAs = 'dhcp6';
  d.out += 'dhcp6';
  const end = Math.min(at + length, d.end);
  if (!d.has(at, 4)) {
    d.markTruncated();
    return;
  }
  const type = d.u8(at);
  d.out += ` ${MESSAGES.get(type) ?? `msgtype-${type}`}`;
  if (!d.verbosity) return;
  d.out += ' (';
  if (type === RELAY_FORWARD || type === RELAY_REPLY) {
    d.out += `linkaddr=${d.ip6(at + 2)}`;
    d.out += ` peeraddr=${d.ip6(at + 18)}`;
    printOptions(d, at + 34, end);
  } else {
    d.out += `xid=${d.u24(at + 1).toString(16)}`;
    printOptions(d, at + 4, end);
  }
  d.out += ')';
}

function printOptions(d: Dissection, start: number, end: number): void {
  d.enter();
  for (let at = start; at < end; ) {
    if (at + 4 > end || !d.has(at, 4)) break;
    const code = d.u16(at);
    const length = d.u16(at + 2);
    const data = at + 4;
    if (data + length > end) break;
    const row = OPTIONS.get(code);
    d.out += ` (${row?.[0] ?? `opt_${code}`}`;
    const form = row?.[1];
    if (form !== undefined && !fits(form, length)) d.out += ' ?';
    else if (!d.has(data, length) || (form !== undefined && !printData(d, form, data, length))) break;
    d.out += ')';
    at = data + length;
    if (at === end) {
      d.leave();
      return;
    }
  }
  if (start !== end) d.markTruncated();
  d.leave();
}

/** Whether a form can have that length; what cannot is marked with a question mark. */
function fits(form: Form, length: number): boolean {
  switch (form) {
    case 'identifier':
    case 'status':
      return length >= 2;
    case 'association':
      return length >= 12;
    case 'temporary':
    case 'remoteId':
    case 'ntp':
      return length >= 4;
    case 'address':
      return length >= 24;
    case 'prefix':
      return length >= 25;
    case 'codes':
      return length % 2 === 0;
    case 'u8':
    case 'reconfigure':
      return length === 1;
    case 'u16':
      return length === 2;
    case 'u32':
      return length === 4;
    case 'authentication':
      return length >= 11;
    case 'addresses':
      return length % 16 === 0;
    case 'query':
      return length >= 17;
    case 'relayData':
      return length >= 16;
    case 'label':
      return length >= 3;
    case 'text':
      return length >= 5;
    default:
      return true;
  }
}

/** Prints data that is all there; false where it contradicts itself. */
function printData(d: Dissection, form: Form, at: number, length: number): boolean {
  switch (form) {
    case 'identifier':
      printIdentifier(d, at, length);
      break;
    case 'association':
      d.out += ` IAID:${d.u32(at)} T1:${d.u32(at + 4)} T2:${d.u32(at + 8)}`;
      printOptions(d, at + 12, at + length);
      break;
    case 'temporary':
      d.out += ` IAID:${d.u32(at)}`;
      printOptions(d, at + 4, at + length);
      break;
    case 'address':
      d.out += ` ${d.ip6(at)} pltime:${d.u32(at + 16)} vltime:${d.u32(at + 20)}`;
      printOptions(d, at + 24, at + length);
      break;
    case 'prefix':
      d.out += ` ${d.ip6(at + 9)}/${d.u8(at + 8)} pltime:${d.u32(at)} vltime:${d.u32(at + 4)}`;
      printOptions(d, at + 25, at + length);
      break;
    case 'codes':
      for (let i = 0; i < length; i += 2) {
        const code = d.u16(at + i);
        d.out += ` ${OPTIONS.get(code)?.[0] ?? `opt_${code}`}`;
      }
      break;
    case 'u8':
      d.out += ` ${d.u8(at)}`;
      break;
    case 'u16':
      d.out += ` ${d.u16(at)}`;
      break;
    case 'u32':
      d.out += ` ${d.u32(at)}`;
      break;
    case 'relayed': {
      d.out += ' (';
      const end = d.end;
      d.end = at + length;
      printDhcp6(d, at, length);
      d.end = end; // tcpdump closes two parentheses with one
      break;
    }
    case 'authentication':
      printAuthentication(d, at, length);
      break;
    case 'status': {
      const code = d.u16(at);
      d.out += ` ${code > 255 ? 'INVALID code' : (STATUS_CODES[code] ?? `code${code}`)}`;
      break;
    }
    case 'bytes':
      d.out += ` ${hexBytes(d, at, Math.min(length, 10))}...`;
      break;
    case 'remoteId':
      d.out += ` ${d.u32(at)} ${hexBytes(d, at + 4, Math.min(length - 4, 10))}...`;
      break;
    case 'reconfigure': {
      const type = d.u8(at);
      d.out += type === 5 ? ' for renew' : type === 11 ? ' for inf-req' : ` for ???(${hex2(type)})`;
      break;
    }
    case 'addresses':
      for (let i = 0; i < length; i += 16) d.out += ` ${d.ip6(at + i)}`;
      break;
    case 'names':
      for (let name = at; name < at + length; ) {
        d.out += ' ';
        name = printDomainName(d, name, at + length);
        if (name < 0) return false;
      }
      break;
    case 'query': {
      const type = d.u8(at);
      d.out += type === 1 ? ' by-address' : type === 2 ? ' by-clientID' : ` type_${type}`;
      d.out += ` ${d.ip6(at + 1)}`;
      printOptions(d, at + 17, at + length);
      break;
    }
    case 'clientData':
      printOptions(d, at, at + length);
      break;
    case 'relayData':
      d.out += ` ${d.ip6(at)} ${hexBytes(d, at + 16, Math.min(length - 16, 10))}...`;
      break;
    case 'ntp':
      return printNtpServers(d, at, length);
    case 'label':
      printLabels(d, at, length);
      break;
    case 'text':
      d.out += ` ${untilZero(d, at, length)}`;
      break;
  }
  return true;
}

/** RFC 8415 §11: link-layer address and time, vendor's number, link-layer address. */
function printIdentifier(d: Dissection, at: number, length: number): void {
  const type = d.u16(at);
  if (type === 1 && length >= 8) {
    d.out += ` hwaddr/time type ${d.u16(at + 2)} time ${d.u32(at + 4)} ${hexBytes(d, at + 8, length - 8)}`;
  } else if (type === 2 && length >= 10) {
    d.out += ` vid ${hexBytes(d, at + 2, 8)}`;
  } else if (type === 3 && length >= 4) {
    d.out += ` hwaddr type ${d.u16(at + 2)} ${hexBytes(d, at + 4, length - 4)}`;
  } else {
    d.out += type >= 1 && type <= 3 ? ' ?' : ` type ${type}`;
  }
}

const DELAYED = 2;
const RECONFIGURE_KEY = 3;

/** RFC 8415 §20. */
function printAuthentication(d: Dissection, at: number, length: number): void {
  const protocol = d.u8(at);
  d.out += ` proto: ${protocol === DELAYED ? 'delayed' : protocol === RECONFIGURE_KEY ? 'reconfigure' : protocol}`;
  d.out += `, alg: ${d.u8(at + 1) === 1 ? 'HMAC-MD5' : d.u8(at + 1)}`;
  d.out += `, RDM: ${d.u8(at + 2) === 0 ? 'mono' : d.u8(at + 2)}, RD:`;
  for (let i = 3; i < 11; i += 2) d.out += ` ${hex4(d.u16(at + i))}`;
  const rest = length - 11;
  let data = at + 11;
  if (protocol === DELAYED) {
    if (rest === 0) return;
    if (rest < 20) {
      d.out += ' ??';
      return;
    }
    if (rest > 20) d.out += `, realm: ${hexBytes(d, data, rest - 20)}`;
    data += rest - 20;
    d.out += `, key ID: ${hex8(d.u32(data))}, HMAC-MD5:`;
    for (let i = 4; i < 20; i += 4) d.out += ` ${hex8(d.u32(data + i))}`;
  } else if (protocol === RECONFIGURE_KEY && rest === 17) {
    const type = d.u8(data);
    d.out += type === 1 ? ' reconfig-key' : type === 2 ? ' type: HMAC-MD5' : ' type: ??';
    d.out += ' value:';
    for (let i = 1; i < 17; i += 4) d.out += ` ${hex8(d.u32(data + i))}`;
  } else {
    d.out += ' ??';
  }
}

/** RFC 5908. */
function printNtpServers(d: Dissection, start: number, length: number): boolean {
  const end = start + length;
  for (let at = start; at < end - 4; ) {
    const code = d.u16(at);
    const size = d.u16(at + 2);
    at += 4;
    if (at + size > end) return false;
    d.out += ` subopt:${code}`;
    if ((code === 1 || code === 2) && size === 16) {
      d.out += ` ${d.ip6(at)}`;
    } else if (code === 3) {
      d.out += ' ';
      if (printDomainName(d, at, at + size) < 0) return false;
    } else {
      d.out += ' ?';
    }
    at += size;
  }
  return true;
}

/** A domain name without compression (RFC 6334). */
function printLabels(d: Dissection, at: number, length: number): void {
  d.out += ' ';
  let cursor = at;
  let rest = length;
  while (rest > 0 && d.u8(cursor) !== 0) {
    const size = d.u8(cursor);
    cursor++;
    if (size >= rest - 1) {
      d.out += ' ?';
      return;
    }
    d.out += untilZero(d, cursor, size);
    cursor += size;
    rest -= size + 1;
    if (d.u8(cursor) !== 0) d.out += '.';
  }
}

function untilZero(d: Dissection, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length && d.u8(at + i) !== 0; i++) text += visible(d.u8(at + i));
  return text;
}
