/**
 * Who talks with whom: addresses, ports and protocol of a packet, the same both ways, read straight off its bytes. The
 * outermost IP header counts, behind VLAN tags, MPLS labels and PPPoE; VLANs are not part of it, as with Wireshark.
 */

import { formatIpv4, formatIpv6, type Ipv6Address } from '../names/index.js';

/** Words of a key: two addresses of four, the ports, protocol and version. */
export const KEY_WORDS = 10;

const ETHERNET = 1;
const PPP = 9;
export const IPV4 = 4;
const IPV6 = 6;
export const TCP = 6;
/** Protocols whose headers begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS = new Uint8Array(256);
for (const protocol of [TCP, 17, 33, 132, 136]) WITH_PORTS[protocol] = 1;
const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [TCP, 'tcp'],
  [17, 'udp'],
  [58, 'icmp6'],
  [132, 'sctp'],
]);
/** IPv6 headers before the upper layer: hop-by-hop, routing, destination, mobility is none of them (RFC 8200 §4). */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const [FRAGMENT, AUTHENTICATION] = [44, 51];
const MOST_EXTENSIONS = 16;

/** Bytes in front of the IP header by link type; where a type field says what follows, it ends the header. */
const LINK_HEADERS: ReadonlyMap<number, number> = new Map([
  [0, 4], // NULL
  [12, 0], // RAW
  [14, 0],
  [101, 0],
  [108, 4], // LOOP
  [228, 0], // IPV4
  [229, 0], // IPV6
  [113, 16], // LINUX_SLL
  [276, 20], // LINUX_SLL2
]);

/** What the packet read last is of. Fields mean something when {@link read} said so. */
export class FlowKey {
  /** Lower end first. */
  readonly words = new Int32Array(KEY_WORDS);
  /** Whether the packet goes from the second end to the first. */
  isReverse = false;
  protocol = 0;
  /** TCP's, 0 where it is cut off or another protocol. */
  flags = 0;
  sequence = 0;
  acknowledged = 0;
  /** Of a packet in fragments, what they have in common; and whether this is one behind the first. */
  fragment: string | undefined;
  isFollower = false;

  private bytes: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private end = 0;
  /** Whether words of longer addresses are set. */
  private isWide = false;

  /** Whether the packet is of a flow: it has IP, and ports where its protocol has them. */
  read(linkType: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.end = start + length;
    const at = this.behindLink(linkType, start);
    if (at >= this.end) return false;
    const version = bytes[at]! >> 4;
    this.fragment = undefined;
    this.isFollower = false;
    if (version === IPV4) return this.readIpv4(at);
    return version === IPV6 && this.readIpv6(at);
  }

  /** `tcp-192.0.2.1.80-192.0.2.2.1234`: the protocol and both ends. Colons of IPv6 become `_`: file names may have none. */
  get name(): string {
    const { words, protocol } = this;
    const isV6 = (words[9]! & 0xff) === IPV6;
    const end = (first: number, port: number): string => {
      const address = isV6
        ? formatIpv6(
            [...words.subarray(first, first + 4)].map((word) => word >>> 0) as unknown as Ipv6Address,
          )
        : formatIpv4(words[first]! >>> 0);
      return WITH_PORTS[protocol] === 1 ? `${address}.${port}` : address;
    };
    const kind = NAMES.get(protocol) ?? `ip-${protocol}`;
    return `${kind}-${end(0, words[8]! >>> 16)}-${end(4, words[8]! & 0xffff)}`.replaceAll(':', '_');
  }

  private behindLink(linkType: number, start: number): number {
    if (linkType === ETHERNET) return this.behindEthernet(start);
    if (linkType === PPP)
      return this.behindPpp(this.bytes[start] === 0xff && this.bytes[start + 1] === 3 ? start + 2 : start);
    const length = LINK_HEADERS.get(linkType);
    return length === undefined ? this.end : start + length;
  }

  /** Where the network header begins; the end where there is none that is known. */
  private behindEthernet(start: number): number {
    for (let at = start + 12; at + 2 <= this.end; at += 4) {
      switch (this.half(at)) {
        case 0x0800:
        case 0x86dd:
          return at + 2;
        case 0x8100:
        case 0x88a8:
        case 0x9100:
          continue;
        case 0x8847:
        case 0x8848:
          return this.behindLabels(at + 2);
        case 0x8864: // PPPoE: six bytes, then PPP
          return this.behindPpp(at + 8);
        default:
          return this.end;
      }
    }
    return this.end;
  }

  /** RFC 1661 §2: the protocol is two bytes, or one that is odd. */
  private behindPpp(at: number): number {
    const isShort = (this.bytes[at]! & 1) === 1;
    const protocol = at + 2 > this.end ? 0 : isShort ? this.bytes[at]! : this.half(at);
    return protocol === 0x21 || protocol === 0x57 ? at + (isShort ? 1 : 2) : this.end;
  }

  private behindLabels(start: number): number {
    let at = start;
    while (at + 4 <= this.end && (this.bytes[at + 2]! & 1) === 0) at += 4;
    return at + 4;
  }

  private readIpv4(at: number): boolean {
    const { bytes, words } = this;
    if (at + 20 > this.end) return false;
    if (this.isWide) words.fill(0);
    this.isWide = false;
    words[0] = this.word(at + 12);
    words[4] = this.word(at + 16);
    words[8] = 0;
    const fragment = this.half(at + 6) & 0x3fff;
    if (fragment !== 0) {
      this.fragment = `${words[0]} ${words[4]} ${bytes[at + 9]} ${this.half(at + 4)}`;
      this.isFollower = (fragment & 0x1fff) !== 0;
    }
    return this.finish(at + 4 * (bytes[at]! & 15), bytes[at + 9]!, IPV4);
  }

  private readIpv6(start: number): boolean {
    const { bytes, words, end } = this;
    let at = start + 40;
    if (at > end) return false;
    for (let word = 0; word < 8; word++) words[word] = this.word(start + 8 + 4 * word);
    words[8] = 0;
    this.isWide = true;
    let next = bytes[start + 6]!;
    for (let count = 0; count < MOST_EXTENSIONS; count++) {
      const isKnown = EXTENSIONS.has(next) || next === FRAGMENT || next === AUTHENTICATION;
      if (!isKnown) break;
      if (at + 8 > end) return false;
      if (next === FRAGMENT) {
        this.fragment = `${words.subarray(0, 8)} ${this.word(at + 4)}`;
        this.isFollower = (this.half(at + 2) & 0xfff8) !== 0;
      }
      const length =
        next === FRAGMENT ? 8 : next === AUTHENTICATION ? 4 * (bytes[at + 1]! + 2) : 8 * (bytes[at + 1]! + 1);
      next = bytes[at]!;
      at += length;
      if (this.isFollower) break;
    }
    return this.finish(at, next, IPV6);
  }

  private finish(at: number, protocol: number, version: number): boolean {
    const { words, end } = this;
    this.protocol = protocol;
    this.flags = 0;
    words[9] = (protocol << 8) | version;
    if (this.isFollower) return true;
    let [source, destination] = [0, 0];
    if (WITH_PORTS[protocol] === 1) {
      if (at + 4 > end) return false;
      [source, destination] = [this.half(at), this.half(at + 2)];
    }
    if (protocol === TCP && at + 14 <= end) {
      this.flags = this.bytes[at + 13]!;
      this.sequence = this.word(at + 4) >>> 0;
      this.acknowledged = this.word(at + 8) >>> 0;
    }
    this.isReverse = isAbove(words, source, destination);
    if (this.isReverse) {
      for (let word = 0; word < 4; word++) {
        const lower = words[word + 4]!;
        words[word + 4] = words[word]!;
        words[word] = lower;
      }
      words[8] = (destination << 16) | source;
    } else words[8] = (source << 16) | destination;
    return true;
  }

  private half(at: number): number {
    return this.view.getUint16(at);
  }

  private word(at: number): number {
    return this.view.getInt32(at);
  }
}

function isAbove(words: Int32Array, source: number, destination: number): boolean {
  for (let word = 0; word < 4; word++)
    if (words[word] !== words[word + 4]) return words[word]! > words[word + 4]!;
  return source > destination;
}
