/**
 * UDP (RFC 768) and what its ports announce.
 */

import { IPPROTO } from '../../names/index.js';
import { printNfs } from '../application/nfs.js';
import { expectedChecksum, transportChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { hex4 } from '../frame/text.js';
import { isUdpType, printUdpPayload, printUdpType } from '../tables/udpPorts.js';

const HEADER = 8;
/** Told by the direction of its messages, before the checksum is. */
const NFS = 2049;

export function printUdp(d: Dissection, at: number, length: number, ip: number, fragmented: boolean): void {
  d.cutAs = 'udp';
  const v6 = d.u8(ip) >> 4 === 6;
  if (!d.has(at + 2, 2)) {
    if (d.u8(v6 ? ip + 6 : ip + 9) === IPPROTO.UDP) {
      d.out += v6 ? `${d.ip6(ip + 8)} > ${d.ip6(ip + 24)}: ` : `${d.ip4(ip + 12)} > ${d.ip4(ip + 16)}: `;
    }
    d.markTruncated();
    return;
  }
  // Of types that UDP does not carry tcpdump prints nothing, not even addresses.
  if (d.packetType !== undefined && !isUdpType(d.packetType) && length >= HEADER && d.has(at, HEADER)) return;
  const source = d.u16(at);
  const destination = d.u16(at + 2);
  printPorts(d, ip, v6, source, destination);
  if (length < HEADER) {
    d.out += `truncated-udp ${length}`;
    return;
  }
  if (!d.has(at + 4, 2)) {
    d.markTruncated();
    return;
  }
  let total = d.u16(at + 4);
  if (total === 0 && length > 0xffff) total = length; // RFC 2675 §4
  if (total < HEADER) {
    d.out += `truncated-udplength ${total}`;
    return;
  }
  const payload = at + HEADER;
  if (payload > d.end) {
    d.markTruncated();
    return;
  }
  const announced = total - HEADER;
  const rest = Math.min(announced, length - HEADER);
  if (printUdpType(d, payload, rest, ip)) return;
  const nfs = source === NFS || destination === NFS;
  if (nfs && !d.quiet && printNfs(d, payload, rest, ip, source, destination)) return;
  if (d.verbosity && d.verifyChecksums && !fragmented) printChecksum(d, at, rest, ip, v6);
  if (!d.quiet && printUdpPayload(d, payload, rest, ip, source, destination)) return;
  d.out +=
    announced > rest && !fragmented ? `UDP, bad length ${announced} > ${rest}` : `UDP, length ${announced}`;
}

/** Behind extension headers the addresses have been printed already. */
function printPorts(d: Dissection, ip: number, v6: boolean, source: number, destination: number): void {
  if (v6) {
    if (d.u8(ip + 6) === IPPROTO.UDP) {
      d.out += `${d.ip6(ip + 8)}.${d.udpPort(source)} > ${d.ip6(ip + 24)}.${d.udpPort(destination)}: `;
      return;
    }
  } else if (d.u8(ip + 9) === IPPROTO.UDP) {
    d.out += `${d.ip4(ip + 12)}.${d.udpPort(source)} > ${d.ip4(ip + 16)}.${d.udpPort(destination)}: `;
    return;
  }
  d.out += `${d.udpPort(source)} > ${d.udpPort(destination)}: `;
}

/** Over IPv4 the checksum is optional and shown from `-vv` on. */
function printChecksum(d: Dissection, at: number, payload: number, ip: number, v6: boolean): void {
  if (!v6 && d.verbosity < 2) return;
  if (!v6 && d.u16(at + 6) === 0) {
    d.out += '[no cksum] ';
    return;
  }
  if (!d.has(at + HEADER, payload)) return;
  const sum = transportChecksum(d, ip, at, payload + HEADER, IPPROTO.UDP);
  const field = d.u16(at + 6);
  d.out +=
    sum === 0
      ? '[udp sum ok] '
      : `[bad udp cksum 0x${hex4(field)} -> 0x${hex4(expectedChecksum(field, sum))}!] `;
}
