/** BGP (RFC 4271): with `-v` the messages of a segment; bgpAttributes.ts has the attributes of an update. */

import { TRUNCATED } from '../../bytes.js';
import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHex, printUnknown } from '../frame/hexdump.js';
import { u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex2, sayText } from '../frame/text.js';
import type { Dissector } from '../frame/walk.js';
import { FAMILIES, printAttributes, SUBFAMILIES } from './bgpAttributes.js';
import { asNumber, hasPathIds, prefix4 } from './bgpPrefixes.js';

const HEADER = 19;
const MARKER = 16;

const MESSAGES = names('1 Open|Update|Notification|Keepalive|Route Refresh');

export const BGP = layout('bgp', { length: u16(16), type: u8(18) });

/** Several messages may stand in a segment. */
export const dissectBgp: Dissector = (w, at, limit) => {
  let next = at;
  while (limit - next >= HEADER) {
    const size = Math.max(HEADER, w.u16(next + MARKER));
    w.layer(BGP, next, next + size, next + size);
    next += size;
  }
};

export function printBgp(d: Dissection, at: number): void {
  d.cutAs = 'bgp';
  d.out += ': BGP';
  if (!d.verbosity) return;
  let expected = at;
  for (let cursor = at; d.has(cursor, MARKER); ) {
    if (!isMarker(d, cursor)) {
      cursor++;
      continue;
    }
    if (!d.has(cursor, HEADER) || cursor !== expected) d.markTruncated();
    if (!d.has(cursor, HEADER)) return;
    const length = d.u16(cursor + 16);
    const type = d.u8(cursor + 18);
    if (length < HEADER) {
      d.out += `\nmessage length ${length} < ${HEADER}`;
      d.markInvalid();
      return;
    }
    if (!d.has(cursor, length)) {
      d.out += `\n[|BGP ${MESSAGES(type, 'Unknown Message Type')}]`;
      return;
    }
    d.out += `\n\t${MESSAGES(type)} Message (${type}), length: ${length}`;
    untilCut(d, () => printMessage(d, type, cursor, length));
    cursor += length;
    expected = cursor;
  }
}

/** Sixteen bytes of ones; the caller has checked that they are there. */
function isMarker(d: Dissection, at: number): boolean {
  for (let i = 0; i < MARKER; i++) if (d.data[at + i] !== 0xff) return false;
  return true;
}

function printMessage(d: Dissection, type: number, at: number, length: number): void {
  if (type === 1) printOpen(d, at, length);
  else if (type === 2) printUpdate(d, at + HEADER, at + length);
  else if (type === 3) printNotification(d, at, length);
  else if (type === 5) printRefresh(d, at, length);
  else if (type !== 4) {
    d.out += `\n\t  no Message ${type} decoder`;
    printUnknown(d, at, length, '\n\t  ');
  }
}

/** Address family and what of it, as capabilities name them. */
export function family(d: Dissection, at: number, subAt = at + 2): string {
  const [afi, safi] = [d.u16(at), d.u8(subAt)];
  return `AFI ${FAMILIES(afi)} (${afi}), SAFI ${SUBFAMILIES(safi)} (${safi})`;
}

const OPEN = 29;
const OPTIONS = names('1 Authentication Information|Capabilities Advertisement');

function printOpen(d: Dissection, at: number, length: number): void {
  ask(d, at, OPEN);
  if (length < OPEN) throw ENDS_EARLY;
  d.out += `\n\t  Version ${d.u8(at + 19)}, my AS ${d.u16(at + 20)}, Holdtime ${d.u16(at + 22)}s, ID ${d.ip4(at + 24)}`;
  const size = d.u8(at + 28);
  d.out += `\n\t  Optional parameters, length: ${size}`;
  const first = at + OPEN;
  for (let i = 0; i < size; ) {
    ask(d, first + i, 2);
    if (length - OPEN < 2 + i) throw ENDS_EARLY;
    const [type, bytes] = [d.u8(first + i), d.u8(first + i + 1)];
    if (2 + i + bytes > size) {
      d.out += `\n\t     Option ${type}, length: ${bytes}, goes past the end of the options`;
      return;
    }
    d.out += `\n\t    Option ${OPTIONS(type)} (${type}), length: ${bytes}`;
    if (type === 2) untilCut(d, () => printCapabilities(d, first + i + 2, bytes));
    else d.out += `\n\t      no decoder for option ${type}`;
    i += 2 + bytes;
  }
}

const CAPABILITIES = names(
  '1 Multiprotocol Extensions|Route Refresh|Cooperative Route Filtering|Multiple Routes to a Destination|Extended Next Hop Encoding|8 Multiple Labels|64 Graceful Restart|32-Bit AS Number|67 Dynamic Capability|Multisession BGP|Multiple Paths|Enhanced Route Refresh|Long-lived Graceful Restart|128 Route Refresh (Cisco)',
);
const DIRECTIONS = names('1 Receive|Send|Both');

function printCapabilities(d: Dissection, start: number, length: number): void {
  for (let at = start; at < start + length; ) {
    ask(d, at, 2);
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\t      ${CAPABILITIES(type)} (${type}), length: ${size}`;
    at += 2;
    ask(d, at, size);
    const least = LEAST[type] ?? 0;
    if (size < least) {
      d.out += ` (too short, < ${least})`;
      return;
    }
    printCapability(d, type, at, size);
    if (d.verbosity > 1 && size > 0) printUnknown(d, at, size, '\n\t\t');
    at += size;
  }
}

const LEAST: Readonly<Record<number, number>> = { 1: 4, 64: 2, 65: 4 };
/** Route refresh, long-lived graceful restart. */
const EMPTY = new Set([2, 71, 128]);

function printCapability(d: Dissection, type: number, at: number, size: number): void {
  if (type === 1) d.out += `\n\t\t${family(d, at, at + 3)}`;
  else if (type === 8)
    for (let i = 0; i + 4 <= size; i += 4) d.out += `\n\t\t${family(d, at + i)}, Count: ${d.u8(at + i + 3)}`;
  else if (type === 64) {
    const field = d.u16(at);
    d.out += `\n\t\tRestart Flags: [${field & 0x8000 ? 'R' : 'none'}], Restart Time ${field & 0xfff}s`;
    for (let i = 2; i + 4 <= size; i += 4)
      d.out += `\n\t\t  ${family(d, at + i)}, Forwarding state preserved: ${d.u8(at + i + 3) & 0x80 ? 'yes' : 'no'}`;
  } else if (type === 65) d.out += `\n\t\t 4 Byte AS ${asNumber(d, at)}`;
  else if (type === 69) {
    if (size === 0) d.out += ' (bogus)';
    let i = 0;
    for (; i + 4 <= size; i += 4) {
      const direction = d.u8(at + i + 3);
      d.out += `\n\t\t${family(d, at + i)}, Send/Receive: ${DIRECTIONS(direction, `Bogus (0x${hex2(direction)})`)}`;
    }
    if (i < size) d.markInvalid();
  } else if (!EMPTY.has(type)) {
    d.out += `\n\t\tno decoder for Capability ${type}`;
    if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t\t');
  }
}

function printUpdate(d: Dissection, start: number, end: number): void {
  let at = start;
  const need = (size: number): void => {
    ask(d, at, size);
    if (end - at < size) throw ENDS_EARLY;
  };
  need(2);
  let withdrawn = d.u16(at);
  at += 2;
  need(withdrawn);
  if (withdrawn > 1) {
    d.out += '\n\t  Withdrawn routes:';
    at = printRoutes(d, at, at + withdrawn, withdrawn);
    withdrawn = start + 2 + withdrawn - at;
  } else at += withdrawn;
  need(2);
  const size = d.u16(at);
  at += 2;
  if (withdrawn === 0 && size === 0 && at === end) {
    d.out += '\n\t  End-of-Rib Marker (empty NLRI)';
    return;
  }
  if (end - at < size) throw ENDS_EARLY;
  printAttributes(d, at, size);
  at += size;
  if (at >= end) return;
  d.out += '\n\t  Updated routes:';
  printRoutes(d, at, end, end - at);
}

/** Returns where it ended. */
function printRoutes(d: Dissection, start: number, end: number, length: number): number {
  const paths = hasPathIds(d, start, length, 32);
  let at = start;
  while (at < end) {
    let path = '';
    if (paths) {
      if (end - at < 4) {
        if (start + length === end && d.has(at, 4)) return end;
        throw ENDS_EARLY;
      }
      path = `   Path Id: ${d.u32(at)}`;
      at += 4;
    }
    const found = prefix4(d, at, end - at);
    if (found === undefined) {
      d.out += '\n\t    (illegal prefix length)';
      return at;
    }
    d.out += `\n\t    ${found.text}${path}`;
    at += found.size;
  }
  return at;
}

const ERRORS = names(
  '1 Message Header Error|OPEN Message Error|UPDATE Message Error|Hold Timer Expired|Finite State Machine Error|Cease|Capability Message Error',
);
// biome-ignore format: a table
const SUBCODES = [
  names('1 Connection Not Synchronized|Bad Message Length|Bad Message Type'),
  names('1 Unsupported Version Number|Bad Peer AS|Bad BGP Identifier|Unsupported Optional Parameter|Authentication Failure|Unacceptable Hold Time|Capability Message Error'),
  names('1 Malformed Attribute List|Unrecognized Well-known Attribute|Missing Well-known Attribute|Attribute Flags Error|Attribute Length Error|Invalid ORIGIN Attribute|AS Routing Loop|Invalid NEXT_HOP Attribute|Optional Attribute Error|Invalid Network Field|Malformed AS_PATH'),
  undefined,
  names('Unspecified Error|In OpenSent State|In OpenConfirm State|In Established State'),
  names('1 Maximum Number of Prefixes Reached|Administrative Shutdown|Peer Unconfigured|Administrative Reset|Connection Rejected|Other Configuration Change|Connection Collision Resolution'),
  names('1 Invalid Action Value|Invalid Capability Length|Malformed Capability Value|Unsupported Capability Code'),
];
const NOTIFICATION = 21;
const CEASE = 6;

function printNotification(d: Dissection, at: number, length: number): void {
  ask(d, at, NOTIFICATION);
  if (length < NOTIFICATION) return;
  const [major, minor] = [d.u8(at + 19), d.u8(at + 20)];
  d.out += `, ${ERRORS(major, 'Unknown Error')} (${major})`;
  const subcode = SUBCODES[major - 1];
  if (subcode === undefined) return;
  d.out += `${major === 5 || major === 7 ? '' : ','} subcode ${subcode(minor)} (${minor})`;
  if (major !== CEASE) return;
  const data = at + NOTIFICATION;
  const size = length - NOTIFICATION;
  if (minor === 1 && size >= 7) d.out += `, ${family(d, data)}, Max Prefixes: ${d.u32(data + 3)}`;
  else if ((minor === 2 || minor === 4) && size >= 1) printShutdown(d, data, size);
}

/** What its operator had to say (RFC 9003). */
function printShutdown(d: Dissection, at: number, size: number): void {
  const length = d.u8(at);
  let said = length + 1;
  if (length > size - 1) {
    d.out += ', invalid Shutdown Communication length';
    said = 0;
  } else if (length === 0) d.out += ', empty Shutdown Communication';
  else {
    d.out += `, Shutdown Communication (length: ${length}): "`;
    sayText(d, at + 1, length);
    d.out += '"';
  }
  if (size <= said) return;
  d.out += `, Data: (length: ${size - said})`;
  printHex(d, at + said, size - said, '\n\t\t');
}

const REFRESH = 23;
function printRefresh(d: Dissection, at: number, length: number): void {
  ask(d, at, REFRESH);
  if (length < REFRESH) return;
  d.out += `\n\t  ${family(d, at + 19, at + 22)}`;
  if (d.verbosity <= 1) return;
  if (!d.has(at, length)) throw TRUNCATED;
  printUnknown(d, at, length, '\n\t  ');
}
