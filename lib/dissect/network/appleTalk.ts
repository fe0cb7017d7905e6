/** AppleTalk: datagrams (DDP) on EtherTalk, LocalTalk and in UDP, with names (NBP) and transactions (ATP) in them. */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { visible } from '../frame/text.js';
import { printEigrp } from './eigrp.js';

const TYPES = names('1 rtmp|4 echo|rtmpReq|22 IP|ARP|75 KLAP', '');
const SOCKETS = names('1 rtmp|nis|4 echo|6 zip', '');
const [DATAGRAM, SHORT_DATAGRAM, LINK] = [13, 5, 3];

interface Source {
  readonly net: number;
  readonly node: number;
  readonly socket: number;
}

const address = (net: number, node: number): string => (node === 255 ? `${net}` : `${net}.${node}`);
const socket = (d: Dissection, number: number): string => (d.numeric ? '' : SOCKETS(number)) || `${number}`;

/** EtherTalk, and what else has long headers. */
export function printAppleTalk(d: Dissection, at: number, length: number): void {
  d.cutAs = 'atalk';
  if (!d.showsLink) d.out += 'AT ';
  printLong(d, at, length, ' ');
}

/** As an EtherType announces it. */
export function printAppleTalkType(d: Dissection, at: number, length: number): void {
  if (d.verbosity) d.out += 'et1 ';
  printAppleTalk(d, at, length);
}

function printLong(d: Dissection, at: number, length: number, gap: string): void {
  if (length < DATAGRAM || !d.has(at, DATAGRAM)) {
    d.out += length < DATAGRAM ? ` [|ddp ${length}]` : ' [|ddp]';
    return;
  }
  const from = { net: d.u16(at + 6), node: d.u8(at + 9), socket: d.u8(at + 11) };
  d.out += `${address(from.net, from.node)}.${socket(d, from.socket)}`;
  d.out += ` > ${address(d.u16(at + 4), d.u8(at + 8))}.${socket(d, d.u8(at + 10))}:${gap}`;
  printInside(d, d.u8(at + 12), at + DATAGRAM, length - DATAGRAM, from);
}

/** LocalTalk: returns bytes of header, 0 where it is cut. */
export function printLocalTalk(d: Dissection, at: number, length: number): number {
  d.cutAs = 'llap';
  if (length < LINK) {
    d.out += ` [|llap ${length}]`;
    return length;
  }
  if (!d.has(at, LINK)) {
    d.markTruncated();
    return 0;
  }
  const [to, node, type] = [d.u8(at), d.u8(at + 1), d.u8(at + 2)];
  const [next, rest] = [at + LINK, length - LINK];
  if (type === 2) {
    printLong(d, next, rest, '');
    return rest < DATAGRAM ? rest : d.has(next, DATAGRAM) ? LINK + DATAGRAM : 0;
  }
  if (type !== 1) {
    d.out += `${node} > ${to} at-lap#${type} ${rest}`;
    return LINK;
  }
  if (rest < SHORT_DATAGRAM || !d.has(next, SHORT_DATAGRAM)) {
    d.out += rest < SHORT_DATAGRAM ? ` [|sddp ${rest}]` : ' [|sddp]';
    return rest < SHORT_DATAGRAM ? rest : 0;
  }
  const from = { net: 0, node, socket: d.u8(next + 3) };
  d.out += `${address(0, node)}.${socket(d, from.socket)} > ${address(0, to)}.${socket(d, d.u8(next + 2))}:`;
  printInside(d, d.u8(next + 4), next + SHORT_DATAGRAM, rest - SHORT_DATAGRAM, from);
  return LINK + SHORT_DATAGRAM;
}

function printInside(d: Dissection, type: number, at: number, length: number, from: Source): void {
  if (type === 2) untilCut(d, () => printNames(d, at, length, from));
  else if (type === 3) untilCut(d, () => printTransaction(d, at, length));
  else if (type === 88) printEigrp(d, at, length);
  else d.out += ` at-${TYPES(type) || `#${type}`} ${length}`;
}

const bitmap = (bits: number): string => {
  const set = Array.from({ length: 8 }, (_, i) => i).filter((i) => bits & (1 << i));
  if ((bits + 1) & bits) return `<${set}>`;
  return set.length > 1 ? `<0-${set.length - 1}>` : '<0>';
};

/** Names of bits in a fixed order, in brackets. */
const set = (control: number, names: readonly (readonly [bit: number, name: string])[]): string => {
  const found = names.filter(([bit]) => control & bit).map(([, name]) => name);
  return found.length === 0 ? '' : ` [${found}]`;
};
const [XO, EOM, STS] = [
  [0x20, 'XO'],
  [0x10, 'EOM'],
  [0x08, 'STS'],
] as const;

function printTransaction(d: Dissection, at: number, length: number): void {
  ask(d, at, 8);
  if (length < 8) {
    d.out += ` [|atp ${length}]`;
    return;
  }
  const [control, bits, number, data, left] = [
    d.u8(at),
    d.u8(at + 1),
    d.u16(at + 2),
    d.u32(at + 4),
    length - 8,
  ];
  const rest = left ? ` [len=${left}]` : '';
  switch (control & 0xc0) {
    case 0x40:
      d.out += ` atp-req${control & 0x20 ? ' ' : '*'} ${number}${bitmap(bits)}${rest}${set(control, [EOM, STS])}`;
      break;
    case 0x80:
      d.out += ` atp-resp${control & 0x10 ? '*' : ' '}${number}:${bits} (${left})${set(control, [XO, STS])}`;
      break;
    case 0xc0:
      d.out += ` atp-rel  ${number}${bitmap(bits)}${rest}${set(control, [XO, EOM, STS]).trimStart()}`;
      break;
    default:
      d.out += ` atp-0x${control.toString(16)}  ${number} (${left})`;
  }
  if (data !== 0) d.out += ` 0x${data.toString(16)}`;
}

const TUPLE = 5;

function printNames(d: Dissection, at: number, length: number, from: Source): void {
  if (length < 10) {
    d.out += ` truncated-nbp ${length}`;
    return;
  }
  ask(d, at, 2);
  const [control, id] = [d.u8(at), d.u8(at + 1)];
  const [kind, count] = [control & 0xf0, control & 15];
  let tuple = at + 2;
  const net = (): number => d.u16(tuple);
  const elsewhere = (): boolean => net() !== from.net || d.u8(tuple + 2) !== from.node;
  if (kind === 0x10 || kind === 0x20) {
    d.out += ` nbp-${kind === 0x10 ? 'brRq' : 'lkup'} ${id}:`;
    ask(d, tuple, TUPLE);
    sayName(d, tuple + TUPLE);
    if (count !== 1) d.out += ` [ntup=${count}]`;
    if (d.u8(tuple + 4)) d.out += ` [enum=${d.u8(tuple + 4)}]`;
    if (elsewhere() || d.u8(tuple + 3) !== from.socket)
      d.out += ` [addr=${address(net(), d.u8(tuple + 2))}.${d.u8(tuple + 3)}]`;
  } else if (kind === 0x30) {
    d.out += ` nbp-reply ${id}:`;
    for (let i = count; i > 0; i--) {
      ask(d, tuple, TUPLE);
      const next = sayName(d, tuple + TUPLE);
      if (d.u8(tuple + 4) !== 1) d.out += `(${d.u8(tuple + 4)})`;
      if (d.u8(tuple + 3) !== from.socket) d.out += ` ${d.u8(tuple + 3)}`;
      if (elsewhere()) d.out += ` [addr=${address(net(), d.u8(tuple + 2))}]`;
      if (next < 0) return;
      tuple = next;
    }
  } else d.out += ` nbp-0x${control.toString(16)}  ${id} (${length - 2})`;
}

/** An object, its type and its zone. Returns what lies behind, -1 where one of them is cut or wrong. */
function sayName(d: Dissection, start: number): number {
  let at = start;
  for (const before of [' "', ':', '@']) {
    d.out += before;
    if (!d.has(at, 1)) {
      d.markTruncated();
      return -1;
    }
    const length = d.u8(at);
    if (length > 32) {
      d.out += `[len=${length}]`;
      return -1;
    }
    for (let i = 1; i <= length; i++) {
      if (!d.has(at + i, 1)) {
        d.markTruncated();
        return -1;
      }
      d.out += visible(d.u8(at + i));
    }
    at += 1 + length;
  }
  d.out += '"';
  return at;
}
