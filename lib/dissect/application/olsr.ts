/** OLSR (RFC 3626) with the extensions of olsr.org. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex2, hex4, sayText } from '../frame/text.js';

export const OLSR = layout('olsr', { packet_len: u16(0), packet_seq_num: u16(2) });

const MESSAGES = names('1 Hello|TC|MID|HNA|128 Powerinfo|130 Nameservice|201 Hello-LQ|TC-LQ');
const LINKS = names('Unspecified|Asymmetric|Symmetric|Lost');
const NEIGHBORS = names('Not-Neighbor|Symmetric|Symmetric-MPR');
const GATEWAY = bitNames('1  LINKSPEED|2  IPV4|4  IPV4-NAT|8  IPV6|16  IPv6-PREFIX', '', '');
const MOST_SPEED = 320_000_000;

/** A mantissa and an exponent of two (§18.3), as C rounds it to thousandths. */
function seconds(code: number): string {
  const thousandths = 62.5 * (1 + (code >> 4) / 16) * 2 ** (code & 15);
  const below = Math.floor(thousandths);
  const rest = thousandths - below;
  const rounded = below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
  return `${(rounded / 1000).toFixed(3)}s`;
}
const speed = (code: number): number =>
  code === 0 ? 0 : code === 255 ? MOST_SPEED : ((code >> 3) + 1) * 10 ** (code & 7);
const odd = (valid: boolean): string => (valid ? '' : ' (invalid)');

/** One packet: addresses are of the family that carries it. */
class Reader {
  private readonly d: Dissection;
  private readonly size: number;

  constructor(d: Dissection, v6: boolean) {
    this.d = d;
    this.size = v6 ? 16 : 4;
  }

  private address(at: number): string {
    return this.size === 16 ? this.d.ip6(at) : this.d.ip4(at);
  }

  messages(start: number, end: number, length: number): void {
    const { d, size } = this;
    const header = 8 + size;
    for (let at = start; at < end; ) {
      ask(d, at, header);
      const [type, total] = [d.u8(at), d.u16(at + 2)];
      if (type === 0 || total === 0) return;
      const valid = total >= header && total <= length;
      d.out += `\n\t${MESSAGES(type)} Message (0x${hex2(type)}), originator ${this.address(at + 4)}`;
      d.out += `${filled(d, at + 4 + size, ', ttl %1, hop %1')}\n\t  vtime ${seconds(d.u8(at + 1))}`;
      d.out += `${filled(d, at + 6 + size, ', msg-seq 0x%x2')}, length ${total}${odd(valid)}`;
      if (!valid) return;
      this.message(type, at + header, total - header);
      at += total;
    }
  }

  private message(type: number, at: number, length: number): void {
    const { d, size } = this;
    if (type === 1 || type === 201) this.hello(at, length, type === 201);
    else if (type === 2 || type === 202) {
      if (length < 4) throw ENDS_EARLY;
      ask(d, at, 4);
      d.out += filled(d, at, '\n\t    advertised neighbor seq 0x%x2');
      this.neighbors(at + 4, length - 4, type === 202);
    } else if (type === 3) {
      for (let i = 0; i + size <= length; i += size) {
        ask(d, at + i, size);
        d.out += `\n\t  interface address ${this.address(at + i)}`;
      }
    } else if (type === 4) this.networks(at, length);
    else if (type === 130) this.names(at, length);
    else printUnknown(d, at, length, '\n\t    ');
  }

  private hello(start: number, length: number, quality: boolean): void {
    const { d } = this;
    if (length < 4) throw ENDS_EARLY;
    ask(d, start, 4);
    d.out += `\n\t  hello-time ${seconds(d.u8(start + 2))}, MPR willingness ${d.u8(start + 3)}`;
    const end = start + length;
    for (let at = start + 4; end - at >= 4; ) {
      ask(d, at, 4);
      const [code, size] = [d.u8(at), d.u16(at + 2)];
      const valid = size <= end - at && size >= 4;
      d.out += `\n\t    link-type ${LINKS(code & 3)}, neighbor-type ${NEIGHBORS(code >> 2)}, len ${size}${odd(valid)}`;
      if (!valid) return;
      ask(d, at + 4, size - 4);
      this.neighbors(at + 4, size - 4, quality);
      at += size;
    }
  }

  private neighbors(at: number, length: number, quality: boolean): void {
    const { d } = this;
    if (!quality) {
      d.out += '\n\t      neighbor\n\t\t';
      for (let i = 0; i + 4 <= length; i += 4) {
        d.out += `${d.ip4(at + i)} `;
      }
      return;
    }
    const size = this.size + 4;
    const percent = (place: number): string => `${(d.u8(place) / 2.55).toFixed(2)}%`;
    for (let i = 0; i + size <= length; i += size) {
      ask(d, at + i, size);
      const after = at + i + this.size;
      d.out += `\n\t      neighbor ${this.address(at + i)}, link-quality ${percent(after)}`;
      d.out += `, neighbor-link-quality ${percent(after + 1)}`;
    }
  }

  private networks(at: number, length: number): void {
    const { d, size } = this;
    const count = Math.floor(length / (2 * size));
    d.out += `\n\t  Advertised networks (total ${count})`;
    for (let i = 0; i < count; i++) {
      const network = at + 2 * size * i;
      ask(d, network, 2 * size);
      const bits = prefixBits(d, network + size, size);
      if (size === 16) {
        d.out += `\n\t    #0: ${this.address(network)}/${bits}`;
        continue;
      }
      d.out += i % 4 === 0 ? '\n\t    ' : ', ';
      const flags = d.u8(network + 5);
      if (d.u32(network) !== 0 || d.u8(network + 4) !== 0 || flags === 0) {
        d.out += `${this.address(network)}/${bits}`;
        continue;
      }
      const [up, down] = [6, 7].map((place) => (flags & 1 ? speed(d.u8(network + place)) : 0));
      d.out += `Smart-Gateway:${GATEWAY(flags)} ${up}/${down}`;
    }
  }

  private names(start: number, length: number): void {
    const { d, size } = this;
    const end = start + length;
    const count = d.u16(start + 2);
    if (length < 4) throw ENDS_EARLY;
    const valid = count > 0 && count * (4 + size) <= length;
    d.out += `${filled(d, start, '\n\t  Version %2, Entries %2')}${odd(valid)}`;
    let at = start + 4;
    for (let i = 0; valid && i < count && end - at >= 4; i++) {
      const [type, name] = [d.u16(at), d.u16(at + 2)];
      const fits = name > 0 && size + name <= end - at - 4;
      d.out += `\n\t    #${i}: type ${type === 0 ? '000000' : `0x${hex4(type)}`}, length ${name}${odd(fits)}`;
      if (!fits) return;
      const whole = size + ((name + 3) & ~3);
      if (end - at - 4 < whole) throw ENDS_EARLY;
      ask(d, at + 4, whole);
      d.out += `, address ${this.address(at + 4)}, name "`;
      sayText(d, at + 4 + size, name);
      d.out += '"';
      at += 4 + whole;
    }
  }
}

const leadingOnes = (octet: number): number => {
  const ones = Math.clz32(~(octet << 24));
  return octet === (0xff00 >> ones) % 256 ? ones : -1;
};
/** Bits of a netmask. As tcpdump counts: -1 for an IPv4 mask with holes, one of IPv6 ends at an octet with holes. */
function prefixBits(d: Dissection, at: number, size: number): number {
  let count = 0;
  for (let i = 0; i < size; i++) {
    const ones = leadingOnes(d.u8(at + i));
    if (size === 4 && (ones < 0 || (ones > 0 && count < 8 * i))) return 0xffff_ffff;
    if (ones < 0) break;
    count += ones;
  }
  return count;
}

export function printOlsr(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'olsr';
  untilCut(d, () => {
    const v6 = d.u8(ip) >> 4 === 6;
    d.out += `OLSRv${v6 ? 6 : 4}`;
    if (length < 4) throw ENDS_EARLY;
    ask(d, at, 4);
    const size = Math.min(length, d.u16(at));
    d.out += `, seq 0x${hex4(d.u16(at + 2))}, length ${size}`;
    if (d.verbosity) new Reader(d, v6).messages(at + 4, at + size, size);
  });
}
