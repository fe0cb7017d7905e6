/** SLIP with its compression of headers (RFC 1144), as BSD's drivers capture it. */

import { ask, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';

const HEADER = 16;

/** The connection last spoken of, and the data's lengths by direction and connection. */
interface Lines {
  connection: number;
  readonly lengths: Map<number, number>;
}
const LINES = new WeakMap<Dissection, Lines>();

function linesOf(d: Dissection): Lines {
  let lines = LINES.get(d);
  if (lines === undefined) {
    lines = { connection: 255, lengths: new Map() };
    LINES.set(d, lines);
  }
  return lines;
}

/** Words of the IP header and TCP's. */
function headersOf(d: Dissection): number {
  d.need(HEADER, 20);
  const ip = d.u8(HEADER) & 15;
  d.need(HEADER + ip * 4, 20);
  return ip + (d.u8(HEADER + ip * 4 + 12) >> 4);
}

function printCompressed(d: Dissection, length: number, direction: number): void {
  const lines = linesOf(d);
  let at = 1;
  const flags = d.u8(at++);
  if (flags & 0x40) {
    lines.connection = d.u8(at++);
    d.out += `ctcp ${lines.connection}`;
  } else d.out += 'ctcp *';
  at += 2;
  const change = (title: string): void => {
    let value = d.u8(at++);
    if (value === 0) {
      value = d.u16(at);
      at += 2;
    }
    if (title === 'W') {
      value = (value << 16) >> 16;
      d.out += ` W${value >= 0 ? '+' : ''}${value}`;
    } else d.out += ` ${title}${value}`;
  };
  const key = (): number => direction * 256 + lines.connection;
  const special = flags & 15;
  if (special === 11 || special === 15) {
    d.out += ` *S${special === 11 ? 'A' : ''}+${lines.lengths.get(key()) ?? 0}`;
  } else {
    if (flags & 1) change('U=');
    if (flags & 2) change('W');
    if (flags & 4) change('A+');
    if (flags & 8) change('S+');
  }
  const header = at - 1; // what tells the identification is not counted
  if (flags & 0x20) change('I+');
  lines.lengths.set(key(), (length - headersOf(d) * 4) >>> 0);
  d.out += ` ${lines.lengths.get(key())} (${header})`;
}

function printHeader(d: Dissection, length: number): void {
  const direction = d.u8(0);
  d.out += direction === 0 ? 'I ' : direction === 1 ? 'O ' : `Invalid direction ${direction} `;
  const type = d.u8(1);
  if ((type & 0xf0) === 0x40) d.out += `ip ${length + HEADER}: `;
  else if ((type & 0xf0) === 0x70) {
    const lines = linesOf(d);
    lines.connection = d.u8(10);
    d.out += `utcp ${lines.connection}: `;
    if (direction > 1) return;
    lines.lengths.set(direction * 256 + lines.connection, (length - headersOf(d) * 4) >>> 0);
  } else if (direction <= 1) {
    if (type & 0x80) {
      printCompressed(d, length, direction);
      d.out += ': ';
    } else d.out += `slip-${type}!: `;
  }
}

/** LINKTYPE_SLIP. */
export function printSlip(d: Dissection, length: number): void {
  d.cutAs = 'slip';
  untilCut(d, () => {
    ask(d, 0, HEADER);
    d.linkHeaderLength = HEADER;
    const left = length - HEADER;
    if (d.showsLink) printHeader(d, left);
    const version = d.u8(HEADER) >> 4;
    if (version === 4) d.next.ip4(d, HEADER, left);
    else if (version === 6) d.next.ip6(d, HEADER, left);
    else d.out += `ip v${version}`;
  });
}

/** LINKTYPE_SLIP_BSDOS: IPv4 behind a header that is not read. */
export function printSlipBsdos(d: Dissection, length: number): void {
  d.cutAs = 'slip_bsdos';
  if (d.end < HEADER || length < HEADER) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  d.linkHeaderLength = HEADER;
  d.next.ip4(d, HEADER, length - HEADER);
}
