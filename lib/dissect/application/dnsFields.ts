/** Fields of DNS (RFC 1035 §4), over UDP, TCP and by multicast. */

import { bits, flag, ip4, ip6, items, made, several, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';

/** A name has at most 255 bytes (RFC 1035 §3.1); pointers that go round would give more. */
const MOST_NAME = 255;

/** Bytes that a name takes where it stands, `offset` from the record's start. */
function nameSize(p: View, offset: number): number {
  for (let at = offset; ; ) {
    const length = p.u8(at);
    if (length === 0) return at + 1 - offset;
    if (length >= 0xc0) return at + 2 - offset;
    at += 1 + (length & 0x3f);
  }
}

/** A name, its pointers followed (RFC 1035 §4.1.4). */
function nameAt(p: View, offset: number): string {
  let text = '';
  let at = p.at + offset;
  for (let jumps = 0; jumps < 64 && text.length <= 4 * MOST_NAME; ) {
    const length = p.u8(at - p.at);
    if (length === 0) return text === '' ? '<Root>' : text;
    if (length >= 0xc0) {
      at = p.base + (p.u16(at - p.at) & 0x3fff);
      jumps++;
      continue;
    }
    if (text !== '') text += '.';
    for (let i = 1; i <= length; i++) text += String.fromCharCode(p.u8(at - p.at + i));
    at += 1 + length;
  }
  return text;
}

/** Labels of a name, pointers followed. */
function labels(p: View): number {
  const name = nameAt(p, 0);
  return name === '<Root>' ? 0 : name.split('.').length;
}

const name = (place: (p: View) => number) => made('string', (p) => nameAt(p, place(p)));
const after = (offset: number) => (p: View) => nameSize(p, 0) + offset;

/** A question, read as far as the packet goes: its name may point anywhere in the message. */
const QUESTION = layout('dns', {
  'qry.name': name(() => 0),
  'qry.name.len': made('integer', (p) => (nameAt(p, 0) === '<Root>' ? 6 : nameAt(p, 0).length)),
  'count.labels': made('integer', labels),
  'qry.type': u16(after(0)),
  'qry.class': u16(after(2), 'hex'),
});

const OPT = 41;
const typeOf = (p: View): number => p.u16(nameSize(p, 0));
const ofType = (type: number) => (p: View) => typeOf(p) === type;
const isNoOption = (p: View): boolean => typeOf(p) !== OPT;
const rdata = after(10);
const rname = (key: number) => name(rdata).when(ofType(key));
const soaNumber = (index: number) =>
  u32((p) => {
    const first = rdata(p);
    const second = first + nameSize(p, first);
    return second + nameSize(p, second) + 4 * index;
  }).when(ofType(6));
const texts = (p: View): string[] => {
  const found: string[] = [];
  const end = rdata(p) + p.u16(rdata(p) - 2);
  for (let at = rdata(p); at < end; at += 1 + p.u8(at)) {
    let text = '';
    for (let i = 0; i < p.u8(at); i++) text += String.fromCharCode(p.u8(at + 1 + i));
    found.push(text);
  }
  return found;
};

const RECORD = layout('dns', {
  'resp.name': name(() => 0),
  'resp.type': u16(after(0)),
  'resp.class': u16(after(2), 'hex').when(isNoOption),
  'resp.ttl': u32(after(4)).when(isNoOption),
  'resp.len': u16(after(8)),
  'rr.udp_payload_size': u16(after(2)).when(ofType(OPT)),
  'resp.edns0_version': u8(after(5)).when(ofType(OPT)),
  a: ip4(rdata).when(ofType(1)),
  ns: rname(2),
  cname: rname(5),
  'soa.mname': name(rdata).when(ofType(6)),
  'soa.rname': name((p) => rdata(p) + nameSize(p, rdata(p))).when(ofType(6)),
  'soa.serial_number': soaNumber(0),
  'soa.refresh_interval': soaNumber(1),
  'soa.retry_interval': soaNumber(2),
  'soa.expire_limit': soaNumber(3),
  'soa.minimum_ttl': soaNumber(4),
  'ptr.domain_name': rname(12),
  'mx.preference': u16(rdata).when(ofType(15)),
  'mx.mail_exchange': name((p) => rdata(p) + 2).when(ofType(15)),
  txt: several('string', texts).when(ofType(16)),
  aaaa: ip6(rdata).when(ofType(28)),
  'srv.priority': u16(rdata).when(ofType(33)),
  'srv.weight': u16((p) => rdata(p) + 2).when(ofType(33)),
  'srv.port': u16((p) => rdata(p) + 4).when(ofType(33)),
  'srv.target': name((p) => rdata(p) + 6).when(ofType(33)),
});

const questionSize = (p: View): number => nameSize(p, 0) + 4;
const recordSize = (p: View): number => rdata(p) + p.u16(rdata(p) - 2);

/** Where the section behind `counts` sections begins: 1 is that of the answers. */
function section(index: number) {
  return (p: View): number => {
    let at = 12;
    for (let i = 0; i < index; i++) {
      for (let n = p.u16(4 + 2 * i); n > 0; n--) {
        const size = nameSize(p, at);
        at += size + (i === 0 ? 4 : 10 + p.u16(at + size + 8));
      }
    }
    return at;
  };
}

const FLAGS = {
  id: u16(0, 'hex'),
  flags: u16(2, 'hex'),
  'flags.response': flag(2, 0x8000, 2),
  'flags.opcode': bits(2, 0x7800, 2),
  'flags.authoritative': flag(2, 0x0400, 2).when((p) => (p.u8(2) & 0x80) !== 0),
  'flags.truncated': flag(2, 0x0200, 2),
  'flags.recdesired': flag(2, 0x0100, 2),
  'flags.recavail': flag(2, 0x0080, 2).when((p) => (p.u8(2) & 0x80) !== 0),
  'flags.z': flag(2, 0x0040, 2),
  'flags.authenticated': flag(2, 0x0020, 2).when((p) => (p.u16(2) & 0x8020) !== 0),
  'flags.checkdisable': flag(2, 0x0010, 2),
  'flags.rcode': bits(2, 0x000f, 2).when((p) => (p.u8(2) & 0x80) !== 0),
  'count.queries': u16(4),
  'count.answers': u16(6),
  'count.auth_rr': u16(8),
  'count.add_rr': u16(10),
  queries: items(12, QUESTION, { size: questionSize, count: (p) => p.u16(4) }),
  answers: items(section(1), RECORD, { size: recordSize, count: (p) => p.u16(6) }),
  authorities: items(section(2), RECORD, { size: recordSize, count: (p) => p.u16(8) }),
  additionals: items(section(3), RECORD, { size: recordSize, count: (p) => p.u16(10) }),
};

export const DNS = layout('dns', FLAGS);

export const dissectDns: Dissector = (w, at, limit) => w.layer(DNS, at, limit, limit);

/** Over TCP a length stands before each message (RFC 1035 §4.2.2). */
export const dissectDnsOverTcp: Dissector = (w, at, limit) => {
  const end = at + 2 + w.u16(at);
  if (end <= limit) w.layer(DNS, at + 2, end, end);
};
