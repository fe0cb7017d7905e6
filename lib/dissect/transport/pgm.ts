/** PGM (RFC 3208): reliable multicast, its messages and options. */

import { printZeroMqDatagram } from '../application/zeroMq.js';
import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { bytes, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { filled, hex2 } from '../frame/text.js';

export const PGM = layout('pgm', {
  'hdr.sport': u16(0),
  'hdr.dport': u16(2),
  'hdr.type': u8(4, 'hex'),
  'hdr.opts': u8(5, 'hex'),
  'hdr.cksum': u16(6, 'hex'),
  'hdr.gsi': bytes(8, () => 6),
  'hdr.tsdulen': u16(14),
});

const PROTOCOL = 113;
const HEADER = 16;

/** How long an address of a family is. */
function family(d: Dissection, at: number): number {
  const size = { 1: 4, 2: 16 }[d.u16(at)];
  if (size === undefined) throw ENDS_EARLY;
  return size;
}

const address = (d: Dissection, at: number, size: number): string => filled(d, at, size === 4 ? '%i' : '%I');

/** Messages that are numbers only. */
const PLAIN: Readonly<Record<number, readonly [pattern: string, size: number]>> = {
  2: ['POLR seq %4 round %2', 8],
};

/** Returns where options begin. */
function printMessage(d: Dissection, type: number, at: number): number {
  switch (type) {
    case 0: {
      ask(d, at, 16);
      const size = family(d, at + 12);
      ask(d, at + 16, size);
      d.out += filled(d, at, 'SPM seq %4 trail %4 lead %4 nla ') + address(d, at + 16, size);
      return at + 16 + size;
    }
    case 1: {
      ask(d, at, 12);
      const size = family(d, at + 8);
      ask(d, at + 12, size);
      d.need(at + 12 + size, 12);
      d.out += `${filled(d, at, 'POLL seq %4 round %2 nla ')}${address(d, at + 12, size)}`;
      d.out += filled(d, at + 12 + size, ' ivl %4 rnd 0x%x4 mask 0x%x4');
      return at + 24 + size;
    }
    case 4:
    case 5:
      ask(d, at, 8);
      d.out += `${type === 4 ? 'O' : 'R'}DATA trail ${d.u32(at + 4)} seq ${d.u32(at)}`;
      return at + 8;
    case 8:
    case 9:
    case 10: {
      ask(d, at, 8);
      const size = family(d, at + 4);
      ask(d, at + 8, size);
      const source = address(d, at + 8, size);
      const group = at + 8 + size + 4;
      // The group's address is read where its family stands.
      const groupSize = family(d, group);
      ask(d, group, groupSize);
      const name = type === 8 ? 'NAK' : type === 9 ? 'NNAK' : 'NCF';
      d.out += `${name} (${source} -> ${address(d, group, groupSize)}), seq ${d.u32(at)}`;
      return group + groupSize;
    }
  }
  const plain = PLAIN[type];
  if (plain !== undefined) {
    ask(d, at, plain[1]);
    d.out += filled(d, at, plain[0]);
    return at + plain[1];
  }
  d.out += type === 12 ? 'SPMR' : `UNKNOWN type 0x${hex2(type)}`;
  return at - HEADER; // tcpdump reads the header as options
}

/** A name, a length, what follows two bytes of header and two reserved ones; where a family and an address stand. */
type Option = readonly [name: string, size: number, say: string, address?: number];

const OPTIONS: Readonly<Record<number, Option>> = {
  1: ['OPT_FRAGMENT', 16, ' FRAG seq %4 off %4 len %4'],
  3: ['OPT_JOIN', 8, ' JOIN %4'],
  4: ['OPT_NAK_BO_IVL', 12, ' BACKOFF ivl %4 ivlseq %4'],
  5: ['OPT_NAK_BO_RNG', 12, ' BACKOFF max %4 min %4'],
  7: ['OPT_REDIRECT', 8, ' REDIRECT ', 4],
  8: ['OPT_PARITY_PRM', 8, ' PARITY MAXTGS %4'],
  9: ['OPT_PARITY_GRP', 8, ' PARITY GROUP %4'],
  10: ['OPT_CURR_TGSIZE', 8, ' PARITY ATGS %4'],
  11: ['OPT_NBR_UNREACH', 4, ' NBR_UNREACH'],
  13: ['OPT_SYN', 4, ' SYN'],
  14: ['OPT_FIN', 4, ' FIN'],
  15: ['OPT_RST', 4, ' RST'],
  17: ['OPT_CRQST', 4, ' CRQST'],
  18: ['OPT_PGMCC_DATA', 12, ' PGMCC DATA %4 ', 8],
  19: ['OPT_PGMCC_FEEDBACK', 12, ' PGMCC FEEDBACK %4 ', 8],
};
const NAK_LIST = 2;
const PATH = 12;
const CONGESTION = 16;
const LAST = 0x80;
const NO_ROOM = '[Total option length leaves no room for final option]';

/** False where an option is not as it should be. */
function printOption(d: Dissection, [name, size, say, place]: Option, at: number, length: number): boolean {
  const bad = (why: string): boolean => {
    d.out += `[Bad ${name} option, length ${length} ${why}]`;
    return false;
  };
  if (place === undefined) {
    if (length !== size) return bad(`!= ${size}`);
    d.out += filled(d, at + 4, say);
    return true;
  }
  if (length < size) {
    d.out += `[Bad ${say.includes('FEED') ? 'PGM_' : ''}${name} option, length ${length} < ${size}]`;
    return false;
  }
  const more = family(d, at + place);
  if (length !== size + more) return bad(`!= ${size} + address size`);
  d.out += filled(d, at + 4, say) + address(d, at + size, more);
  return true;
}

/** Returns where they end, or -1 where the rest of the packet is not printed. */
function printOptions(d: Dissection, start: number): number {
  const stop = (words: string): number => {
    d.out += words;
    return -1;
  };
  ask(d, start, 4);
  const first = d.u8(start) & ~LAST;
  if (first !== 0) return stop(`[First option bad, should be PGM_OPT_LENGTH, is ${first}]`);
  if (d.u8(start + 1) !== 4) return stop(`[Bad OPT_LENGTH option, length ${d.u8(start + 1)} != 4]`);
  let left = d.u16(start + 2);
  if (left < 4) return stop(`[Bad total option length ${left} < 4]`);
  d.out += ` OPTS LEN ${left}`;
  left -= 4;
  let at = start + 4;
  while (left !== 0) {
    if (left < 4) return stop(NO_ROOM);
    const type = d.u8(at);
    const length = d.u8(at + 1);
    if (length < 4) {
      d.out += `[Bad option, length ${length} < 4]`;
      return at;
    }
    if (left < length) return stop(NO_ROOM);
    ask(d, at, length);
    const number = type & ~LAST;
    const known = OPTIONS[number];
    if (number === 0) {
      if (length !== 4) return stop(`[Bad OPT_LENGTH option, length ${length} != 4]`);
      d.out += ` OPTS LEN (extra?) ${d.u16(at + 2)}`;
    } else if (known !== undefined) {
      if (!printOption(d, known, at, length)) return -1;
    } else if (number === NAK_LIST) {
      d.out += ' NAK LIST';
      for (let i = 4; i + 4 <= length; i += 4) d.out += ` ${d.u32(at + i)}`;
      if (length % 4) return stop('[Option length not a multiple of 4]');
      left += 4; // its header is not counted
    } else {
      if (number === PATH) d.out += ` PATH_NLA [${length}]`;
      else if (number === CONGESTION) d.out += ' CR';
      else d.out += ` OPT_${hex2(type).toUpperCase()} [${length}] `;
      at += 2; // the header is counted twice
    }
    at += length;
    left -= length;
    if (type & LAST) break;
  }
  return at;
}

/** Messages with data. */
const [ORIGINAL, REPAIR] = [4, 5];

export function printPgm(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'pgm';
  const v6 = d.u8(ip) >> 4 === 6;
  const [source, destination] = v6 ? [d.ip6(ip + 8), d.ip6(ip + 24)] : [d.ip4(ip + 12), d.ip4(ip + 16)];
  if (!d.has(at + 2, 2)) {
    d.out += `${source} > ${destination}:`;
    d.markTruncated();
    return;
  }
  const [from, to] = [d.tcpPort(d.u16(at)), d.tcpPort(d.u16(at + 2))];
  d.out +=
    d.u8(ip + (v6 ? 6 : 9)) === PROTOCOL ? `${source}.${from} > ${destination}.${to}: ` : `${from} > ${to}: `;
  untilCut(d, () => {
    ask(d, at, HEADER);
    d.out += `PGM, length ${d.u16(at + 14)}`;
    if (!d.verbosity) return;
    d.out += filled(d, at + 8, ' 0x%x6 ');
    const options = printMessage(d, d.u8(at + 4), at + HEADER);
    const next = d.u8(at + 5) & 1 ? printOptions(d, options) : options;
    if (next < 0) return;
    d.out += ` [${length}]`;
    const isData = d.u8(at + 4) === ORIGINAL || d.u8(at + 4) === REPAIR;
    if (d.packetType === 'pgm_zmtp1' && isData) printZeroMqDatagram(d, next, d.u16(at + 14));
  });
}
