/** What hosts write before packets that they hand on: Linux' NFLOG, Solaris' ipnet. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';

type Family = readonly [name: string, print: (d: Dissection, at: number, length: number) => void];
const IP4: Family = ['IPv4', (d, at, length) => d.next.ip4(d, at, length)];
const IP6: Family = ['IPv6', (d, at, length) => d.next.ip6(d, at, length)];

function sayFamily(
  d: Dissection,
  head: string,
  family: number,
  name: string | undefined,
  length: number,
): void {
  d.out += head;
  if (d.quiet) d.out += `, ${name ?? `Unknown NFLOG (0x${family.toString(16).padStart(2, '0')})`}`;
  else d.out += `, family ${name ?? 'Unknown'} (${family})`;
  d.out += `, length ${length}: `;
}

const NFLOG_HEADER = 4;
const TLV = 4;
const PAYLOAD = 9;

/** LINKTYPE_NFLOG: TLVs in the host's order, the packet's the last. */
export function printNflog(d: Dissection, whole: number): void {
  d.cutAs = 'nflog';
  d.linkHeaderLength = Math.min(NFLOG_HEADER, d.end);
  if (d.end < NFLOG_HEADER) {
    d.markTruncated();
    return;
  }
  const [family, version] = [d.u8(0), d.u8(1)];
  if (version !== 0) {
    d.out += `version ${version} (unknown)`;
    return;
  }
  const row = family === 2 ? IP4 : family === 10 ? IP6 : undefined;
  const head = (length: number): void =>
    sayFamily(d, `version ${version}, resource ID ${d.u16(2)}`, family, row?.[0], length);
  if (d.showsLink) head(whole);
  let at = NFLOG_HEADER;
  untilCut(d, () => {
    while (whole - at > 0) {
      ask(d, at, TLV);
      const size = (d.u16le(at) + 3) & 0xfffc;
      if (size < TLV) throw ENDS_EARLY;
      ask(d, at, size);
      const type = d.u16le(at + 2);
      if (type === PAYLOAD) {
        at += TLV;
        break;
      }
      at += size;
    }
    const length = whole - at;
    if (row !== undefined) row[1](d, at, length);
    else {
      if (!d.showsLink) head(length + NFLOG_HEADER);
      if (d.dumpUnknown) printHexAscii(d, at, d.end - at);
    }
  });
  d.linkHeaderLength = at;
}

const IPNET_HEADER = 24;

/** LINKTYPE_IPNET. */
export function printIpnet(d: Dissection, length: number): void {
  d.cutAs = 'ipnet';
  d.need(0, IPNET_HEADER);
  d.linkHeaderLength = IPNET_HEADER;
  const family = d.u8(1);
  const row = family === 2 ? IP4 : family === 26 ? IP6 : undefined;
  const head = (): void => sayFamily(d, `${d.u32(16)} > ${d.u32(20)}`, family, row?.[0], length);
  if (d.showsLink) head();
  if (row !== undefined) row[1](d, IPNET_HEADER, length - IPNET_HEADER);
  else {
    if (!d.showsLink) head();
    if (d.dumpUnknown) printHexAscii(d, IPNET_HEADER, d.end - IPNET_HEADER);
  }
}
