/**
 * Whole packets, layer by layer: each header gets what is usual, then what a path demands, and says by that which header
 * comes next. Addresses are those set apart for documentation (RFC 5737, RFC 3849, RFC 7042 §2.1.2).
 */

import { bodyOf, headerOf, type Namer } from './bodies.js';
import { readNumber } from './constraints.js';
import { Draft } from './draft.js';

const ETHERNET = 1;
const TYPES = { ip4: 0x0800, ip6: 0x86dd, arp: 0x0806, rarp: 0x8035 } as const;
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60, 135]);
/** One that no service has, of those for whoever asks (RFC 6335 §6). */
const SOURCE_PORT = 51_000;
const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

/** A draft that knows headers. */
export class Headers extends Draft {
  #depth = 0;

  /** Lays the headers of a packet; false where the link type is not known here. */
  lay(linkType: number): boolean {
    switch (linkType) {
      case ETHERNET:
        this.#ethernet();
        return true;
      case 0:
      case 108: {
        // NULL in the byte order of the host, LOOP
        const [ip4, ip6] = linkType === 0 ? [0x0200_0000, 0x1e00_0000] : [2, 30];
        const family = this.choose(4, [ip4!, ip6!]);
        if (family === ip4) this.#ip4();
        else if (family === ip6) this.#ip6();
        return true;
      }
      case 113: // LINUX_SLL: type, ARPHRD, length, address, protocol
        this.fields([0, 2], [1, 2], [6, 2], [0x0000_5e00, 4], [0x5301_0000, 4]);
        this.#byType(this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp])));
        return true;
      case 276: {
        // LINUX_SLL2: protocol, reserved, index, ARPHRD, type, length, address
        const type = this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp]));
        this.fields([0, 2], [1, 4], [1, 2], [0, 1], [6, 1], [0x0000_5e00, 4], [0x5301_0000, 4]);
        this.#byType(type);
        return true;
      }
      case 51:
        this.#pppoe();
        return true;
      case 7: // ARCNET, RFC 1201: addresses, type, flag, sequence; 129 as Linux has it
      case 129: {
        this.fields([0x0201, 2], ...(linkType === 129 ? ([[0, 2]] as const) : []));
        const type = this.choose(1, this.choice([0xd4, 0xc4, 0xd5]));
        this.fields([0, 1], [0, 2]);
        this.#byType({ 196: TYPES.ip6, 213: TYPES.arp, 241: TYPES.arp }[type] ?? TYPES.ip4);
        return true;
      }
      case 99: {
        // Symantec's firewall: 44 bytes, of which one knows the type.
        this.fields([0, 4], [0, 2]);
        const type = this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp]));
        this.#body(new Uint8Array(36));
        this.#byType(type);
        return true;
      }
      case 107: // Frame Relay, RFC 2427
        this.fields([0x1841, 2]);
        this.#version(this.choose(2, this.choice([0x03cc, 0x038e])) !== 0x038e);
        return true;
      case 117: {
        // pflog: length, family, action, reason, names, numbers; of OpenBSD, whose AF_INET6 is 24
        this.fields([61, 1]);
        const family = this.choose(1, this.choice([2, 24]));
        this.fields([0, 2], [0x656d_3000, 4]);
        this.#body(new Uint8Array(56));
        this.#version(family === 2);
        return true;
      }
      case 226: {
        // IPNET of Solaris: version, family, hook, length, interfaces, zones
        this.closings.push({ kind: 'ipnet', at: this.end, around: 0 });
        this.fields([1, 1]);
        const family = this.choose(1, this.choice([2, 26]));
        this.#body(new Uint8Array(22));
        this.#version(family === 2);
        return true;
      }
      default:
        return this.#linked(linkType);
    }
  }

  /** A link type whose header is the same in front of all that it carries. */
  #linked(linkType: number): boolean {
    const link = headerOf(linkType);
    if (link === undefined) return false;
    const [header, next] = link;
    this.#body(header);
    switch (next) {
      case 'type':
        this.#byType(this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp])));
        break;
      case 'ppp':
        this.#ppp();
        break;
      case 'llc':
        this.#llc();
        break;
      case 'ip':
        this.#ip(); // the version tells
        break;
      case 'ip4':
        this.#ip4();
        break;
      case 'ip6':
        this.#ip6();
        break;
      case 'wlan':
        this.#wlan();
    }
    return true;
  }

  #body(bytes: Uint8Array): void {
    this.fields(...Array.from(bytes, (byte) => [byte, 1] as const));
  }

  /** What is known to follow a number, else some bytes. */
  #promised(namer: Namer, number: number, otherwise = 0): void {
    this.#body(bodyOf(namer, number) ?? new Uint8Array(otherwise));
  }

  #ethernet(): void {
    this.fields([0x0000_5e00, 4], [0x5302, 2], [0x0000_5e00, 4], [0x5301, 2]);
    this.#byType(this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp, 38])), true);
  }

  #byType(type: number, onLink = false): void {
    if (TAGS.has(type)) {
      this.fields([1, 2]);
      this.#byType(this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp])), onLink);
    } else if (type === TYPES.ip4) this.#ip4();
    else if (type === TYPES.ip6) this.#ip6();
    else if (type === TYPES.arp || type === TYPES.rarp) this.#arp();
    else if (type === 0x8847 || type === 0x8848) this.#mpls();
    else if (type === 0x8863) this.fields([0x11, 1], [9, 1], [0, 2], [0, 2]);
    else if (type === 0x8864) this.#pppoe();
    else if (type <= 1500 && onLink) {
      this.closings.push({ kind: 'llc', at: this.end - 2, around: 0 });
      this.#llc();
    } else if (type === 0xfefe) {
      this.fields([0, 1]); // as C-HDLC has it
      this.#osi();
    } else this.#promised('type', type, 4);
  }

  /** IEEE 802.2; the spanning tree, SNAP, or OSI's protocols. */
  #llc(): void {
    const sap = this.choose(1, [0x42, 0xaa, 0xfe]);
    const same = this.choose(1, [sap]);
    if (sap === 0xff && same === 0xff) {
      // Novell's frames have no such header: IPX begins with these.
      this.end -= 2;
      this.#promised('type', 0x8137);
      return;
    }
    // Of information and supervision it has two bytes.
    const isLong = (this.choose(1, [3]) & 3) !== 3;
    if (isLong) this.fields([0, 1]);
    if (sap === 0x42 && same === 0x42) {
      // A configuration BPDU, IEEE 802.1D §9.3.1.
      this.fields([0, 2], [0, 1], [0, 1], [0, 1], [0x8000_0000, 4], [0x5e00_5301, 4], [0, 4]);
      this.fields(
        [0x8000_0000, 4],
        [0x5e00_5301, 4],
        [0x8001, 2],
        [0, 2],
        [0x1400, 2],
        [0x0200, 2],
        [0x0f00, 2],
      );
    } else if (sap === 0xaa && same === 0xaa) {
      this.fields([0, 3]);
      this.#byType(this.choose(2, this.choice([TYPES.ip4, TYPES.ip6, TYPES.arp])));
    } else if (sap === 0xfe && same === 0xfe) this.#osi();
    else this.#promised('sap', sap, 4);
  }

  /** By its first byte: ISO 9542's announcements, IS-IS, else some bytes. */
  #osi(): void {
    const start = this.end;
    const protocol = this.choose(1, [0x83]);
    if (protocol === 0x82) this.fields([0x0a01_0002, 4], [0, 4], [0, 1]);
    else if (protocol === 0x83) {
      // Length, version, lengths of identifiers, type, version, reserved, areas.
      this.fields([0, 1], [0x0100, 2]);
      const type = this.choose(1, [0x0f]) & 0x1f;
      this.fields([0x0100_00, 3]);
      this.#promised('isis', type, 0);
      this.bytes[start + 1] = this.end - start;
      this.fields();
    } else this.fields([0, 4]);
  }

  #ppp(): void {
    const protocol = this.choose(2, this.choice([0x0021, 0x0057]));
    if (protocol === 0x0021) this.#ip4();
    else if (protocol === 0x0057) this.#ip6();
    else if (protocol === 0x0023) this.#osi();
    else if (protocol === 0x0281 || protocol === 0x0283) this.#mpls();
    else this.#promised('ppp', protocol, 4);
  }

  /** IEEE 802.11 §9.2.3: a frame of data with what it carries, of management with its fixed fields, or of control. */
  #wlan(): void {
    const control = this.choose(1, this.choice([0x08, 0x80, 0xb4]));
    const direction = this.choose(1, [0]) & 3;
    const [type, subtype] = [(control >> 2) & 3, control >> 4];
    this.fields([0, 2], [0x0000_5e00, 4], [0x5302, 2]);
    if (type === 1) {
      if (subtype !== 12 && subtype !== 13) this.fields([0x0000_5e00, 4], [0x5301, 2]);
      if (subtype === 8 || subtype === 9) this.fields([4, 2], [0, 2]);
      if (subtype === 9) this.fields([0, 4], [0, 4]);
      return;
    }
    this.fields([0x0000_5e00, 4], [0x5301, 2], [0x0000_5e00, 4], [0x5303, 2], [0, 2]);
    if (type === 0) this.#promised('wlan', subtype, 2);
    if (type !== 2) return;
    if (direction === 3) this.fields([0x0000_5e00, 4], [0x5304, 2]);
    if ((subtype & 8) !== 0) this.fields([0, 2]);
    if ((subtype & 4) === 0) this.#llc();
  }

  #arp(): void {
    this.fields([1, 2], [0x0800, 2], [6, 1], [4, 1], [1, 2]);
    this.fields(
      [0x0000_5e00, 4],
      [0x5301, 2],
      [0xc000_0201 + this.variant, 4],
      [0, 4],
      [0, 2],
      [0xc633_6402, 4],
    );
  }

  #mpls(): void {
    for (;;) {
      const at = this.end;
      this.fields([0x0001_0140, 4]); // label 16, bottom of the stack, TTL 64
      if ((this.bytes[at + 2]! & 1) !== 0 || this.end > this.bytes.length / 2) break;
    }
    this.#ip();
  }

  #pppoe(): void {
    this.closings.push({ kind: 'pppoe', at: this.end, around: 0 });
    this.fields([0x11, 1], [0, 1], [1, 2], [0, 2]);
    this.#ppp();
  }

  /** Either version, as the first byte has to be. */
  #ip(): void {
    const versions = this.choice([0x45, 0x60]);
    const first = versions.find((byte) => this.isAllowed(this.end, 1, byte)) ?? 0x45;
    this.#version(first === 0x45);
  }

  #version(isFour: boolean): void {
    if (isFour) this.#ip4();
    else this.#ip6();
  }

  #ip4(): void {
    const at = this.end;
    this.closings.push({ kind: 'ip4', at, around: at });
    this.fields([0x45, 1], [0, 1], [0, 2], [1, 2], [0, 2], [64, 1]);
    const protocol = this.choose(1, this.choice([17, 6, 1]));
    this.fields([0, 2], [0xc000_0201 + this.variant, 4], [0xc633_6402, 4]);
    const rest = (this.bytes[at]! & 0xf) * 4 - 20;
    for (let i = 0; i < rest; i++) this.fields([1, 1]); // no operation
    const isFirst = (readNumber(this.bytes, at + 6, 2) & 0x1fff) === 0;
    if (isFirst) this.#transport(protocol, at);
    else this.fields([0, 4], [0, 4]);
  }

  #ip6(): void {
    const at = this.end;
    this.closings.push({ kind: 'ip6', at, around: at });
    this.fields([0x6000_0000, 4], [0, 2]);
    let next = this.choose(1, this.choice([17, 6, 58]));
    this.fields([64, 1]);
    for (const host of [1 + this.variant * 2, 2]) this.fields([0x2001_0db8, 4], [0, 4], [0, 4], [host, 4]);
    for (let headers = 0; headers < 8 && (EXTENSIONS.has(next) || next === 44); headers++) {
      const start = this.end;
      const isFragment = next === 44;
      next = this.choose(1, this.choice([17, 6, 58]));
      this.fields([0, 1], isFragment ? [0, 2] : [0x0104, 2], [0, 4]); // one option: PadN of 4
      if (!isFragment) for (let more = this.bytes[start + 1]! * 8; more > 0; more--) this.fields([0, 1]);
      if (isFragment && (readNumber(this.bytes, start + 2, 2) & 0xfff8) !== 0) {
        this.fields([0, 4], [0, 4]);
        return;
      }
    }
    this.#transport(next, at);
  }

  #transport(protocol: number, around: number): void {
    const at = this.end;
    switch (protocol) {
      case 6:
        this.closings.push({ kind: 'tcp', at, around });
        this.fields(
          [SOURCE_PORT + this.variant, 2],
          [9, 2],
          [1, 4],
          [0, 4],
          [0x50, 1],
          [0x02, 1],
          [0xffff, 2],
          [0, 2],
          [0, 2],
        );
        for (let rest = (this.bytes[at + 12]! >> 4) * 4 - 20; rest > 0; rest--) this.fields([1, 1]);
        return;
      case 17:
        this.closings.push({ kind: 'udp', at, around });
        this.fields([SOURCE_PORT + this.variant, 2], [9, 2], [0, 2], [0, 2]);
        for (const port of [at + 2, at].map((place) => readNumber(this.bytes, place, 2)))
          if (this.end === at + 8) this.#inside(port);
        return;
      case 1:
        this.closings.push({ kind: 'icmp', at, around });
        this.fields([8, 1], [0, 1], [0, 2], [1, 2], [1 + this.variant, 2]);
        if ([3, 4, 5, 11, 12].includes(this.bytes[at]!))
          this.#ip4(); // what it is about
        else this.#promised('icmp', this.bytes[at]!);
        return;
      case 58:
        this.closings.push({ kind: 'icmp6', at, around });
        this.fields([128, 1], [0, 1], [0, 2], [1, 2], [1 + this.variant, 2]);
        if (this.bytes[at]! < 5) this.#ip6();
        else this.#promised('icmp6', this.bytes[at]!);
        return;
      case 2:
        this.closings.push({ kind: 'igmp', at, around });
        this.fields([0x16, 1], [0, 1], [0, 2], [0xe900_0001, 4]);
        return;
      case 4:
        this.#nested(() => this.#ip4());
        return;
      case 41:
        this.#nested(() => this.#ip6());
        return;
      case 47: {
        this.fields([0, 2]);
        const type = this.choose(2, this.choice([TYPES.ip4, TYPES.ip6]));
        this.#nested(() => this.#byType(type));
        return;
      }
      case 50:
        this.fields([0x100, 4], [1, 4], [0, 4], [0, 4]);
        return;
      case 51: {
        const next = this.choose(1, this.choice([17, 6]));
        this.fields([4, 1], [0, 2], [0x100, 4], [1, 4], [0, 4], [0, 4], [0, 4]);
        this.#transport(next, around);
        return;
      }
      case 132: // ports, tag, checksum, and a COOKIE ACK chunk
        this.fields([SOURCE_PORT + this.variant, 2], [9, 2], [1, 4], [0, 4], [0x0b00_0004, 4]);
        return;
      default:
        this.#promised('ip', protocol);
    }
  }

  /** What UDP carries to a known port, where a path asks for any of it. */
  #inside(port: number): void {
    const isAsked = this.constraints.some(({ at }) => at >= this.end);
    if (!isAsked) return;
    if (port === VXLAN_PORT) {
      this.fields([0x0800_0000, 4], [0, 4]);
      this.#nested(() => this.#ethernet());
    } else if (port === GENEVE_PORT) {
      const at = this.end;
      this.fields([0, 1], [0, 1]);
      const type = this.choose(2, [0x6558]);
      this.fields([0, 4]);
      for (let rest = (this.bytes[at]! & 0x3f) * 4; rest > 0; rest--) this.fields([0, 1]);
      this.#nested(() => (type === 0x6558 ? this.#ethernet() : this.#byType(type)));
    } else this.#promised('udp', port);
  }

  #nested(lay: () => void): void {
    if (++this.#depth <= 8) lay();
  }
}
