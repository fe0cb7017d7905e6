/** SNMP, versions 1 to 3 (RFC 1157, 3416, 3412, 3414), in the basic encoding rules of ASN.1. */

import type { Dissection } from '../frame/dissection.js';
import { text, u8 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { hex2, visible } from '../frame/text.js';
import type { View } from '../frame/view.js';
import { type Named, namedObjects } from './snmpNames.js';

/** Behind the head of a value: its length takes a byte, or as many as that byte says. */
const inside = (p: View, at: number): number => at + 2 + (p.u8(at + 1) > 0x80 ? p.u8(at + 1) & 0x7f : 0);
const isMessage = (p: View): boolean => p.u8(0) === 0x30 && p.u8(inside(p, 0)) === 2;
const community = (p: View): number => inside(p, 0) + 3;
const hasCommunity = (p: View): boolean => isMessage(p) && p.u8(community(p)) === 4;
export const SNMP = layout('snmp', {
  version: u8((p) => inside(p, 0) + 2).when(isMessage),
  community: text(
    (p) => inside(p, community(p)),
    (p) => p.u8(community(p) + 1),
  ).when(hasCommunity),
});

/** Of the four classes; what tcpdump prints of the classes is `x`. */
const CLASSES: readonly (readonly string[])[] = [
  'U-0,Boolean,Integer,Bitstring,String,Null,ObjID,ObjectDes,U-8,U-9,U-10,U-11,U-12,U-13,U-14,U-15,Sequence,Set',
  'IpAddress,Counter,Gauge,TimeTicks,Opaque,C-5,Counter64',
  'GetRequest,GetNextRequest,GetResponse,SetRequest,Trap,GetBulk,Inform,V2Trap,Report',
  'P-0',
].map((ids) => ids.split(','));
const EXCEPTIONS = ['noSuchObject', 'noSuchInstance', 'endOfMibView'];
const ERRORS =
  'noError,tooBig,noSuchName,badValue,readOnly,genErr,noAccess,wrongType,wrongLength,wrongEncoding,wrongValue,noCreation,inconsistentValue,resourceUnavailable,commitFailed,undoFailed,authorizationError,notWritable,inconsistentName'.split(
    ',',
  );
const TRAPS =
  'coldStart,warmStart,linkDown,linkUp,authenticationFailure,egpNeighborLoss,enterpriseSpecific'.split(',');
const VERSIONS = ['SNMPv1', 'SNMPv2c', undefined, 'SNMPv3'];
/** Prefixes of names that are said short. */
const SHORT: readonly (readonly [prefix: string, oid: readonly number[]])[] = [
  ['', [43, 6, 1, 2, 1]],
  ['E:', [43, 6, 1, 4, 1]],
  ['X:', [43, 6, 1, 3]],
  ['S:', [43, 6, 1, 6, 3]],
];

type Kind =
  | 'any'
  | 'null'
  | 'octets'
  | 'oid'
  | 'int'
  | 'unsigned'
  | 'long'
  | 'string'
  | 'sequence'
  | 'address'
  | 'pdu'
  | 'exception';

interface Element {
  readonly kind: Kind;
  readonly id: number;
  readonly at: number;
  readonly size: number;
  readonly value: bigint;
}

/** Ends what is being printed; whoever began it goes on. */
const STOP = new Error('what follows cannot be read');

function guarded(print: () => void): void {
  try {
    print();
  } catch (error) {
    if (error !== STOP) throw error;
  }
}

const PRIMITIVES: Readonly<Record<string, Kind>> = {
  '0.4': 'string',
  '0.2': 'int',
  '0.6': 'oid',
  '0.5': 'null',
  '1.0': 'address',
  '1.1': 'unsigned',
  '1.2': 'unsigned',
  '1.3': 'unsigned',
  '1.6': 'long',
  '2.0': 'exception',
  '2.1': 'exception',
  '2.2': 'exception',
};

class Message {
  readonly d: Dissection;
  at: number;
  left: number;

  constructor(d: Dissection, at: number, length: number) {
    this.d = d;
    this.at = at;
    this.left = length;
  }

  fail(text: string): never {
    this.d.out += text;
    throw STOP;
  }

  /** The next value; its head is said where nothing is known of it. */
  next(): Element {
    const { d } = this;
    let p = this.at;
    let left = this.left;
    const need = (what: string): void => {
      if (left < 1) this.fail(what);
    };
    need('[nothing to parse]');
    const first = d.u8(p++);
    left--;
    const constructed = (first & 0x20) !== 0;
    const ids = CLASSES[first >> 6]!;
    let id = first & 0x1f;
    if (id === 0x1f) {
      id = 0;
      for (; d.u8(p) & 0x80; p++, left--) {
        need('[Xtagfield?]');
        id = ((id << 7) | (d.u8(p) & 0x7f)) & 0xff;
      }
      need('[Xtagfield?]');
      id = ((id << 7) | d.u8(p++)) & 0xff;
      left--;
    }
    need('[no asnlen]');
    let size = d.u8(p++);
    left--;
    if (size & 0x80) {
      const bytes = size & 0x7f;
      if (left < bytes) this.fail(`[asnlen? ${left}<${bytes}]`);
      this.ask(p, bytes);
      size = 0;
      for (let i = 0; i < bytes; i++) size = ((size << 8) | d.u8(p++)) >>> 0;
      left -= bytes;
    }
    if (left < size) this.fail(`[len${left}<asnlen${size}]`);
    if (id >= ids.length) this.fail(`[id?${constructed ? 'C' : 'P'}/x/${id}]`);
    this.ask(p, size);
    const known = constructed
      ? first >> 6 === 2
        ? 'pdu'
        : first >> 6 === 0 && id === 16
          ? 'sequence'
          : undefined
      : PRIMITIVES[`${first >> 6}.${id}`];
    let kind: Kind = known ?? 'octets';
    let value = 0n;
    if (known === undefined && first >> 6 === 2) kind = 'any';
    else if (known === undefined) {
      const said = first >> 6 === 0 ? 'U' : first >> 6 === 1 && !constructed ? 'A' : 'x';
      d.out += constructed ? `C/${said}/${ids[id]}` : `[P/${said}/${ids[id]}]`;
    }
    if (kind === 'int' || kind === 'unsigned' || kind === 'long') {
      if (kind === 'int' && size === 0) this.fail('[asnlen=0]');
      const wide = kind === 'long' ? 64 : 32;
      if (kind === 'int' && d.u8(p) & 0x80) value = -1n;
      for (let i = 0; i < size; i++) value = BigInt.asUintN(wide, (value << 8n) | BigInt(d.u8(p + i)));
      if (kind === 'int') value = BigInt.asIntN(32, value);
    }
    this.left -= p + size - this.at;
    this.at = p + size;
    return { kind, id, at: p, size, value };
  }

  /** The next value, which must be of that kind. */
  take(kind: Kind, otherwise: string): Element {
    const element = this.next();
    if (element.kind === kind) return element;
    this.d.out += otherwise;
    this.say(element);
    throw STOP;
  }

  enter(element: Element): void {
    this.at = element.at;
    this.left = element.size;
  }

  ask(at: number, size: number): void {
    if (this.d.has(at, size)) return;
    this.d.markTruncated();
    throw STOP;
  }

  say(element: Element): void {
    const { d } = this;
    const { kind, at, size } = element;
    if (kind === 'octets') this.sayOctets(element);
    else if (kind === 'oid') this.sayObject(at, size);
    else if (kind === 'int' || kind === 'unsigned' || kind === 'long') d.out += `${element.value}`;
    else if (kind === 'string') this.sayString(element);
    else if (kind === 'sequence') d.out += `Seq(${size})`;
    else if (kind === 'address') {
      if (size !== 4) d.out += '[inetaddr len!=4]';
      for (let i = 0; i < size; i++) d.out += `${i ? '.' : ''}${d.u8(at + i)}`;
    } else if (kind === 'exception') d.out += `[${EXCEPTIONS[element.id]}]`;
    else if (kind === 'pdu') d.out += `${CLASSES[2]![element.id]}(${size})`;
    else if (kind === 'any') d.out += '[BE_ANY!?]';
  }

  sayOctets({ at, size }: Element): void {
    for (let i = 0; i < size; i++) this.d.out += `_${hex2(this.d.u8(at + i))}`;
  }

  sayString({ at, size }: Element): void {
    const bytes = this.d.data.subarray(at, at + size);
    if (bytes.every((c) => c >= 0x20 && c < 0x7f)) this.d.out += `"${Array.from(bytes, visible).join('')}"`;
    else this.d.out += Array.from(bytes, hex2).join('_');
  }

  sayObject(start: number, length: number): void {
    const { d } = this;
    let at = start;
    let level: ReadonlyMap<number, Named> | undefined;
    let dotless = -1;
    const numeric = d.numeric;
    if (!numeric && length > 2) {
      for (const [prefix, oid] of SHORT) {
        if (length < oid.length || !oid.every((octet, i) => d.data[start + i] === octet)) continue;
        level = namedObjects();
        for (const part of [1, 3, ...oid.slice(1)]) level = level?.get(part)?.children;
        at += oid.length;
        d.out += prefix;
        dotless = 1;
        break;
      }
    }
    const part = (number: number): void => {
      const named = level?.get(number);
      d.out += `${dotless > 0 ? '' : '.'}${named?.name ?? number}`;
      level = named?.children;
    };
    let number = 0;
    for (; at < start + length; at++) {
      const octet = d.u8(at);
      number = ((number << 7) + (octet & 0x7f)) >>> 0;
      if (octet & 0x80) continue;
      if (dotless < 0) {
        if (!numeric) level = namedObjects();
        dotless = 0;
        const first = Math.min(2, Math.floor(number / 40));
        part(first);
        number -= first * 40;
      }
      part(number);
      dotless = Math.max(0, dotless - 1);
      number = 0;
    }
  }
}

function printBindings(m: Message, pdu: number): void {
  const { d } = m;
  const list = m.take('sequence', '[!SEQ of varbind]');
  if (m.left > 0) d.out += `[${m.left} extra after SEQ of varbind]`;
  m.enter(list);
  const asks = pdu === 0 || pdu === 1 || pdu === 5;
  while (m.left > 0) {
    d.out += ' ';
    const binding = m.take('sequence', '[!varbind]');
    const [next, left] = [m.at, m.left];
    m.enter(binding);
    m.say(m.take('oid', '[objName!=OID]'));
    if (!asks) d.out += '=';
    const value = m.next();
    if (asks && value.kind !== 'null') d.out += '[objVal!=NULL]';
    if (value.kind !== 'null') m.say(value);
    m.at = next;
    m.left = left;
  }
}

function printRequest(m: Message, pdu: number): void {
  const { d } = m;
  const request = m.take('int', '[reqId!=INT]');
  if (d.verbosity) d.out += `R=${request.value} `;
  const asks = pdu !== 2 && pdu !== 5 && pdu !== 4;
  const status = Number(m.take('int', '[errorStatus!=INT]').value);
  const said = ERRORS[status] ?? `err=${status >>> 0}`;
  let failed = false;
  if (asks && status !== 0) d.out += `[errorStatus(${said})!=0]`;
  else if (pdu === 5) d.out += ` N=${status}`;
  else if (status !== 0) {
    d.out += ` ${said}`;
    failed = true;
  }
  const index = m.take('int', '[errorIndex!=INT]').value;
  if (asks && index !== 0n) d.out += `[errorIndex(${index})!=0]`;
  else if (pdu === 5) d.out += ` M=${index}`;
  else if (index !== 0n) d.out += failed ? `@${index}` : `[errorIndex(${index}) w/o errorStatus]`;
  else if (failed) d.out += '[errorIndex==0]';
  printBindings(m, pdu);
}

function printTrap(m: Message): void {
  const { d } = m;
  d.out += ' ';
  m.say(m.take('oid', '[enterprise!=OID]'));
  d.out += ' ';
  m.say(m.take('address', '[agent-addr!=INETADDR]'));
  const generic = Number(m.take('int', '[generic-trap!=INT]').value);
  d.out += ` ${TRAPS[generic] ?? `gt=${generic}`}`;
  const specific = m.take('int', '[specific-trap!=INT]').value;
  if (generic === 6) d.out += ` s=${specific}`;
  else if (specific !== 0n) d.out += `[specific-trap(${specific})!=0]`;
  d.out += ' ';
  m.say(m.take('unsigned', '[time-stamp!=TIMETICKS]'));
  printBindings(m, 4);
}

function printPdu(m: Message, version: number): void {
  const { d } = m;
  const pdu = m.next();
  if (pdu.kind !== 'pdu') m.fail('[no PDU]');
  if (m.left > 0) d.out += `[${m.left} extra after PDU]`;
  if (d.verbosity) d.out += '{ ';
  m.say(pdu);
  d.out += ' ';
  m.enter(pdu);
  if (version === 0 && pdu.id > 4) m.fail('[v2 PDU in v1 message]');
  if (version === 1 && pdu.id === 4) m.fail('[v1 PDU in v2 message]');
  guarded(() => (pdu.id === 4 ? printTrap(m) : printRequest(m, pdu.id)));
  if (d.verbosity) d.out += ' } ';
}

function printSecurity(m: Message): void {
  const { d } = m;
  m.enter(m.take('sequence', '[!usm]'));
  m.take('string', '[msgAuthoritativeEngineID!=STR]');
  const boots = m.take('int', '[msgAuthoritativeEngineBoots!=INT]');
  if (d.verbosity) d.out += `B=${boots.value} `;
  const time = m.take('int', '[msgAuthoritativeEngineTime!=INT]');
  if (d.verbosity) d.out += `T=${time.value} `;
  const user = m.take('string', '[msgUserName!=STR]');
  d.out += 'U=';
  m.say(user);
  d.out += ' ';
  m.take('string', '[msgAuthenticationParameters!=STR]');
  m.take('string', '[msgPrivacyParameters!=STR]');
  if (m.left > 0) d.out += `[${m.left} extra after usm SEQ]`;
}

function printScoped(m: Message): void {
  const { d } = m;
  m.enter(m.take('sequence', '[!scoped PDU]'));
  const engine = m.take('string', '[contextEngineID!=STR]');
  d.out += 'E=';
  m.sayOctets(engine);
  d.out += ' ';
  const context = m.take('string', '[contextName!=STR]');
  d.out += 'C=';
  m.say(context);
  d.out += ' ';
  printPdu(m, 3);
}

function printVersion3(m: Message): void {
  const { d } = m;
  const brace = (text: string): void => {
    if (d.verbosity) d.out += text;
  };
  const head = m.take('sequence', '[!message]');
  const [next, left] = [m.at, m.left];
  m.enter(head);
  brace('{ ');
  m.take('int', '[msgID!=INT]');
  m.take('int', '[msgMaxSize!=INT]');
  const { at, size } = m.take('string', '[msgFlags!=STR]');
  if (size !== 1) m.fail(`[msgFlags size ${size}]`);
  const flags = d.u8(at);
  if (flags > 7 || (flags & 3) === 2) {
    m.fail(`[msgFlags=0x${flags.toString(16).toUpperCase().padStart(2, '0')}]`);
  }
  d.out += `F=${flags & 1 ? 'a' : ''}${flags & 2 ? 'p' : ''}${flags & 4 ? 'r' : ''} `;
  const model = m.take('int', '[msgSecurityModel!=INT]').value;
  if (m.left > 0) d.out += `[${m.left} extra after message SEQ]`;
  brace('} ');
  if (model !== 3n) m.fail(`[security model ${model}]`);
  brace('{ USM ');
  m.at = next;
  m.left = left;
  const parameters = m.take('string', '[msgSecurityParameters!=STR]');
  guarded(() => printSecurity(new Message(d, parameters.at, parameters.size)));
  brace('} { ScopedPDU ');
  guarded(() => printScoped(m));
  brace('} ');
}

function printCommunity(m: Message, version: number): void {
  const { d } = m;
  const name = m.take('string', '[comm!=STR]');
  const said = Array.from(d.data.subarray(name.at, name.at + name.size), (c) => String.fromCharCode(c)).join(
    '',
  );
  if (said !== 'public') {
    d.out += 'C=';
    m.say(name);
    d.out += ' ';
  }
  guarded(() => printPdu(m, version));
}

export function printSnmp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'snmp';
  d.out += ' ';
  const m = new Message(d, start, length);
  guarded(() => {
    const whole = m.take('sequence', '[!init SEQ]');
    if (m.left > 0) d.out += `[${m.left} extra after iSEQ]`;
    m.enter(whole);
    const version = Number(m.take('int', '[version!=INT]').value);
    const name = VERSIONS[version];
    if (name === undefined) m.fail(`SNMP [version = ${version}]`);
    if (d.verbosity) d.out += `{ ${name} `;
    guarded(() => (version === 3 ? printVersion3(m) : printCommunity(m, version)));
    if (d.verbosity) d.out += '} ';
  });
}
