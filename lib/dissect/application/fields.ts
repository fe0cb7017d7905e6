/** Fields of DHCP, NTP, TLS and HTTP. */

import {
  bits,
  bytes,
  flag,
  ip4,
  items,
  list,
  mac,
  made,
  text,
  u8,
  u16,
  u24,
  u32,
  variants,
} from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import { type Dissector, leaf } from '../frame/walk.js';

const ofType =
  (...types: readonly number[]) =>
  (p: View): boolean =>
    types.includes(p.u8(0));
const address = (type: number) => ip4(2).when((p) => p.u8(0) === type && p.u8(1) === 4);
const addresses = (type: number) => list(2, (p) => p.u8(1) >> 2, ip4).when(ofType(type));
const string = (type: number) => text(2, (p) => p.u8(1)).when(ofType(type));
const time = (type: number) => u32(2).when((p) => p.u8(0) === type && p.u8(1) === 4);
/** RFC 2132. */
const DHCP_OPTION = layout('dhcp', {
  'option.type': u8(0),
  'option.length': u8(1).when((p) => p.u8(0) !== 255 && p.u8(0) !== 0),
  'option.subnet_mask': address(1),
  'option.router': addresses(3),
  'option.domain_name_server': addresses(6),
  'option.hostname': string(12),
  'option.domain_name': string(15),
  'option.broadcast_address': address(28),
  'option.requested_ip_address': address(50),
  'option.ip_address_lease_time': time(51),
  'option.dhcp': u8(2).when(ofType(53)),
  'option.dhcp_server_id': address(54),
  'option.request_list_item': list(2, (p) => p.u8(1), u8).when(ofType(55)),
  'option.dhcp_max_message_size': u16(2).when(ofType(57)),
  'option.renewal_time_value': time(58),
  'option.rebinding_time_value': time(59),
  'option.vendor_class_id': string(60),
});
/** RFC 2131 §2. */
const hasMac = (p: View): boolean => p.u8(1) === 1 && p.u8(2) === 6;
export const DHCP = layout('dhcp', {
  type: u8(0),
  'hw.type': u8(1, 'hex'),
  'hw.len': u8(2),
  hops: u8(3),
  id: u32(4, 'hex'),
  secs: u16(8),
  flags: u16(10, 'hex'),
  'flags.bc': flag(10, 0x8000, 2),
  'flags.reserved': bits(10, 0x7fff, 2, 'hex'),
  'ip.client': ip4(12),
  'ip.your': ip4(16),
  'ip.server': ip4(20),
  'ip.relay': ip4(24),
  'hw.mac_addr': mac(28).when(hasMac),
  'hw.addr_padding': bytes(34, 10).when(hasMac),
  server: text(44, 64).when((p) => p.u8(44) !== 0),
  file: text(108, 128).when((p) => p.u8(108) !== 0),
  cookie: ip4(236).when((p) => p.u32(236) === 0x63825363),
  options: items(240, DHCP_OPTION, {
    // What is behind the end fills up.
    size: (p) => (p.u8(0) === 0 ? 1 : p.u8(0) === 255 ? 0xffff : 2 + p.u8(1)),
  }),
});

const era = (offset: number) =>
  made('number', (p) => {
    const whole = p.u32(offset);
    return whole === 0 && p.u32(offset + 4) === 0
      ? undefined
      : whole - 2_208_988_800 + p.u32(offset + 4) / 2 ** 32;
  }).when(isTime);
const isTime = (p: View): boolean => (p.u8(0) & 7) < 6 && (p.u8(0) & 7) > 0;
/** RFC 5905 §7.3. Times are seconds since 1970. */
export const NTP = layout('ntp', {
  flags: u8(0, 'hex'),
  'flags.li': bits(0, 0xc0),
  'flags.vn': bits(0, 0x38),
  'flags.mode': bits(0, 0x07),
  stratum: u8(1).when(isTime),
  ppoll: u8(2).when(isTime),
  precision: u8(3).when(isTime),
  rootdelay: made('number', (p) => p.u32(4) / 0x1_0000).when(isTime),
  rootdispersion: made('number', (p) => p.u32(8) / 0x1_0000).when(isTime),
  refid: bytes(12, 4).when(isTime),
  reftime: era(16),
  org: era(24),
  rec: era(32),
  xmt: era(40),
});

const SERVER_NAME = 0;
const ALPN = 16;
const VERSIONS = 43;
const ofExtension = (type: number) => (p: View) => p.u16(0) === type && p.u16(2) > 0;
const PROTOCOL_NAME = layout('tls', {
  'handshake.extensions_alpn_str': text(1, (p) => p.u8(0)),
});
/** RFC 8446 §4.2, RFC 6066 §3, RFC 7301 §3.1. */
const EXTENSION = layout('tls', {
  'handshake.extension.type': u16(0),
  'handshake.extension.len': u16(2),
  'handshake.extensions_server_name': text(9, (p) => p.u16(7)).when(
    (p) => ofExtension(SERVER_NAME)(p) && p.u8(6) === 0,
  ),
  'handshake.extensions.supported_version': list(5, (p) => p.u8(4) >> 1, hex16).when(
    (p) => ofExtension(VERSIONS)(p) && p.u16(2) > 2,
  ),
  protocols: items((p) => (ofExtension(ALPN)(p) ? 6 : p.size), PROTOCOL_NAME, { size: (p) => 1 + p.u8(0) }),
});
function hex16(place: number) {
  return u16(place, 'hex');
}

const isHello = ofType(1, 2);
const isClientHello = ofType(1);
const sessionEnd = (p: View): number => 39 + p.u8(38);
const suitesEnd = (p: View): number => sessionEnd(p) + (p.u8(0) === 1 ? 2 + p.u16(sessionEnd(p)) : 2);
const extensionsAt = (p: View): number => suitesEnd(p) + (p.u8(0) === 1 ? 1 + p.u8(suitesEnd(p)) : 1);
/** RFC 8446 §4. */
const HANDSHAKE = layout('tls', {
  'handshake.type': u8(0),
  'handshake.length': u24(1),
  'handshake.version': u16(4, 'hex').when(isHello),
  'handshake.random': bytes(6, 32).when(isHello),
  'handshake.session_id_length': u8(38).when(isHello),
  'handshake.session_id': bytes(39, (p) => p.u8(38)).when(isHello),
  'handshake.cipher_suites_length': u16(sessionEnd).when(isClientHello),
  'handshake.ciphersuite': list(
    (p) => sessionEnd(p) + (p.u8(0) === 1 ? 2 : 0),
    (p) => (p.u8(0) === 1 ? p.u16(sessionEnd(p)) >> 1 : 1),
    hex16,
  ).when(isHello),
  'handshake.extensions_length': u16(extensionsAt).when(isHello),
  extensions: items((p) => (isHello(p) ? extensionsAt(p) + 2 : p.size), EXTENSION, {
    size: (p) => 4 + p.u16(2),
  }),
});
/** RFC 8446 §5.1. A handshake that goes on in the next segment is read as far as it goes. */
const RECORD_HEAD = {
  'record.content_type': u8(0),
  'record.version': u16(1, 'hex'),
  'record.length': u16(3),
};
const RECORD = layout('tls', { ...RECORD_HEAD });
const ALERT = layout('tls', {
  'record.content_type': u8(0),
  'record.version': u16(1, 'hex'),
  'record.length': u16(3),
  'alert_message.level': u8(5).when((p) => p.u16(3) === 2),
  'alert_message.desc': u8(6).when((p) => p.u16(3) === 2),
});
const HANDSHAKES = layout('tls', {
  'record.content_type': u8(0),
  'record.version': u16(1, 'hex'),
  'record.length': u16(3),
  handshakes: items(
    // After a change of ciphers what follows is encrypted: a message longer than its record.
    (p) => (p.u24(6) + 4 <= p.u16(3) ? 5 : p.size),
    HANDSHAKE,
    { size: (p) => 4 + p.u24(1) },
  ),
});
export const TLS = layout('tls', {
  records: variants(
    0,
    [RECORD, HANDSHAKES, ALERT],
    (p) => (p.u8(0) === 22 ? HANDSHAKES : p.u8(0) === 21 ? ALERT : RECORD),
    { size: (p) => (isRecord(p) ? 5 + p.u16(3) : 0) },
  ),
});
const isRecord = (p: View): boolean => p.u8(0) >= 20 && p.u8(0) <= 23 && p.u8(1) === 3;

/** Whether a record may begin here: most ports carry anything. */
export function looksLikeTls(data: Uint8Array, at: number, end: number): boolean {
  return at + 5 <= end && data[at]! >= 20 && data[at]! <= 23 && data[at + 1] === 3 && data[at + 2]! <= 4;
}

/** Header lines up to here are looked at. */
const MOST_HEADER = 16_384;
const lines = (p: View): string[] => {
  const end = Math.min(p.end, p.at + MOST_HEADER);
  let text = '';
  for (let i = p.at; i < end; i++) {
    text += String.fromCharCode(p.data[i]!);
    if (text.endsWith('\r\n\r\n')) break;
  }
  return text.split('\r\n');
};
const REQUEST = /^([A-Z-]{3,12}) (\S*) (HTTP\/\d\.\d)$/;
const STATUS = /^(HTTP\/\d\.\d) (\d{3}) ?(.*)$/;
const ofRequest = (group: number) => made('string', (p) => REQUEST.exec(lines(p)[0]!)?.[group]);
const header = (key: string) => {
  const wanted = `${key.toLowerCase()}:`;
  return made('string', (p) =>
    lines(p)
      .slice(1)
      .find((line) => line.toLowerCase().startsWith(wanted))
      ?.slice(wanted.length)
      .trim(),
  );
};
/** RFC 9112 §2: the start line and the headers that people ask for. */
export const HTTP = layout('http', {
  request: made('boolean', (p) => REQUEST.test(lines(p)[0]!) || undefined).shown(() => '1'),
  response: made('boolean', (p) => STATUS.test(lines(p)[0]!) || undefined).shown(() => '1'),
  'request.method': ofRequest(1),
  'request.uri': ofRequest(2),
  'request.version': ofRequest(3),
  'response.version': made('string', (p) => STATUS.exec(lines(p)[0]!)?.[1]),
  'response.code': made('integer', (p) => {
    const code = STATUS.exec(lines(p)[0]!)?.[2];
    return code === undefined ? undefined : Number(code);
  }),
  'response.phrase': made('string', (p) => STATUS.exec(lines(p)[0]!)?.[3]),
  host: header('Host'),
  user_agent: header('User-Agent'),
  accept: header('Accept'),
  connection: header('Connection'),
  content_type: header('Content-Type'),
  content_length_header: header('Content-Length'),
  date: header('Date'),
  location: header('Location'),
  referer: header('Referer'),
  server: header('Server'),
});

/** Whether a message begins here: a method in capitals and a space, or `HTTP/`. */
function looksLikeHttp(data: Uint8Array, at: number, end: number): boolean {
  const most = Math.min(end, at + 13);
  for (let i = at; i < most; i++) {
    const c = data[i]!;
    if ((c >= 0x41 && c <= 0x5a) || c === 0x2d) continue; // M-SEARCH
    if (c === 0x20) return i - at >= 3;
    return c === 0x2f && i - at === 4 && data[at] === 0x48 && data[at + 3] === 0x50;
  }
  return false;
}

/** The first segment of a message; those that go on with it are data. */
export const dissectHttp: Dissector = (w, at, limit) => {
  if (looksLikeHttp(w.data, at, w.end)) w.layer(HTTP, at, limit, limit);
  else w.give(undefined, at, limit);
};

export const dissectTls: Dissector = (w, at, limit) => {
  if (looksLikeTls(w.data, at, w.end)) w.layer(TLS, at, limit, limit);
  else w.give(undefined, at, limit);
};

export const dissectDhcp: Dissector = leaf(DHCP);
export const dissectNtp: Dissector = leaf(NTP);
