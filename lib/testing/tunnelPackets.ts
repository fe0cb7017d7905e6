/** Test support: packets in tunnels in tunnels, with all that their headers may have, and questions to ask of them. */

import type { Random } from './random.js';

type Bytes = readonly number[];
/** What stands behind a header, and what it is. */
interface Inner {
  readonly bytes: Bytes;
  readonly kind: 'ipv4' | 'ipv6' | 'arp' | 'frame';
}

const half = (value: number): Bytes => [(value >> 8) & 255, value & 255];
const word = (value: number): Bytes => [...half(value >>> 16), ...half(value)];
const ETHERTYPES = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806, frame: 0x6558 } as const;
const TCP_PORTS = [80, 443, 8080, 25];
const UDP_PORTS = [9999, 7777, 50_000];

/** Words of scopes. */
export const SCOPES = ['gre', 'erspan', 'ipip', 'gtp', 'vxlan', 'geneve', 'vlan', 'mpls', 'pppoes'] as const;
export type Scope = (typeof SCOPES)[number];

export class TunnelPackets {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** A frame with up to so many tunnels in each other. */
  frame(depth: number): Uint8Array {
    return Uint8Array.from(this.ethernet(depth).bytes);
  }

  /** A frame with a tunnel, or with IP in IP. */
  carrying(): Uint8Array {
    const { bytes, kind } = this.carryingPacket();
    const addresses = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    return Uint8Array.from([...addresses, ...half(ETHERTYPES[kind]), ...bytes]);
  }

  private carryingPacket(): Inner {
    const carried = this.tunnel(1);
    return this.random(3) === 0 ? this.ipv6(carried) : this.ipv4(carried);
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.random(items.length)]!;
  }

  private ethernet(depth: number): Inner {
    const inner = this.network(depth);
    let type = ETHERTYPES[inner.kind];
    let { bytes } = inner;
    if (inner.kind !== 'arp' && this.random(5) === 0) {
      bytes = [...word(((16 + this.random(9)) << 12) | 0x140), ...bytes];
      type = 0x8847 as never;
    } else if (inner.kind !== 'arp' && this.random(6) === 0) {
      const ppp = inner.kind === 'ipv4' ? 0x0021 : 0x0057;
      bytes = [0x11, 0, ...half(1 + this.random(5)), ...half(bytes.length + 2), ...half(ppp), ...bytes];
      type = 0x8864 as never;
    }
    for (let tags = this.random(4) === 0 ? 1 + this.random(2) : 0; tags > 0; tags--) {
      bytes = [...half(1 + this.random(20)), ...half(type), ...bytes];
      type = 0x8100 as never;
    }
    return { bytes: [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...half(type), ...bytes], kind: 'frame' };
  }

  private network(depth: number): Inner {
    if (this.random(12) === 0)
      return { bytes: [0, 1, 8, 0, 6, 4, 0, 1, ...Array<number>(20).fill(1)], kind: 'arp' };
    return this.packet(depth);
  }

  /** IPv4 or IPv6. */
  private packet(depth: number): Inner {
    const carried = depth > 0 && this.random(6) > 0 ? this.tunnel(depth) : this.transport();
    return this.random(3) === 0 ? this.ipv6(carried) : this.ipv4(carried);
  }

  private ipv4({ protocol, bytes }: Carried): Inner {
    const options = this.random(4) === 0 ? [1, 1, 1, 0] : [];
    const length = 20 + options.length;
    const fixed = [0x40 + length / 4, 0, ...half(length + bytes.length), 0, 1, 0, 0, 64, protocol, 0, 0];
    const addresses = [192, 0, 2, 1 + this.random(3), 198, 51, 100, 1 + this.random(3)];
    return { bytes: [...fixed, ...addresses, ...options, ...bytes], kind: 'ipv4' };
  }

  private ipv6({ protocol, bytes, isTunnel }: Carried): Inner {
    // The limit of encapsulations that Linux puts there, and padding.
    const options = isTunnel && this.random(2) === 0 ? [protocol, 0, 4, 1, 4, 1, 1, 0] : [];
    const next = options.length > 0 ? 60 : protocol;
    const address = (): Bytes => [0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1 + this.random(3)];
    const fixed = [
      0x60,
      0,
      0,
      0,
      ...half(options.length + bytes.length),
      next,
      64,
      ...address(),
      ...address(),
    ];
    return { bytes: [...fixed, ...options, ...bytes], kind: 'ipv6' };
  }

  private transport(): Carried {
    const payload = [1, 2, 3, 4];
    switch (this.random(3)) {
      case 0: {
        const ports = [...half(this.pick(TCP_PORTS)), ...half(this.pick(TCP_PORTS))];
        return {
          protocol: 6,
          bytes: [...ports, ...word(1), ...word(2), 0x50, 2, 4, 0, 0, 0, 0, 0, ...payload],
        };
      }
      case 1:
        return { protocol: 17, bytes: this.udp(this.pick(UDP_PORTS), payload) };
      default:
        return { protocol: 132, bytes: [...half(80), ...half(2000), ...word(7), ...word(0), 14, 0, 0, 4] };
    }
  }

  private udp(port: number, payload: Bytes): Bytes {
    return [...half(this.pick(UDP_PORTS)), ...half(port), ...half(8 + payload.length), 0, 0, ...payload];
  }

  private tunnel(depth: number): Carried {
    switch (this.random(6)) {
      case 0: {
        const { bytes, kind } = this.packet(depth - 1);
        return { protocol: kind === 'ipv4' ? 4 : 41, bytes, isTunnel: true };
      }
      case 1:
        return { protocol: 17, bytes: this.udp(2152, this.gtp(this.packet(depth - 1).bytes)) };
      case 2: {
        const header = [8, 0, 0, 0, 0, 0, 1 + this.random(3), 0];
        return { protocol: 17, bytes: this.udp(4789, [...header, ...this.ethernet(depth - 1).bytes]) };
      }
      case 3: {
        const { bytes, kind } = this.random(2) === 0 ? this.ethernet(depth - 1) : this.packet(depth - 1);
        const options = Array<number>(4 * this.random(3)).fill(0);
        if (options.length > 0) options.splice(0, 4, 0xff, 0xfe, 1, options.length / 4 - 1);
        const header = [options.length / 4, 0, ...half(ETHERTYPES[kind]), 0, 0, 1 + this.random(3), 0];
        return { protocol: 17, bytes: this.udp(6081, [...header, ...options, ...bytes]) };
      }
      case 4:
        return { protocol: 47, bytes: this.erspan(this.ethernet(depth - 1).bytes), isTunnel: true };
      default: {
        const { bytes, kind } = this.random(2) === 0 ? this.ethernet(depth - 1) : this.packet(depth - 1);
        return { protocol: 47, bytes: this.gre(ETHERTYPES[kind], bytes, this.random(8)), isTunnel: true };
      }
    }
  }

  /** @param flags - 4: a checksum (that is not looked at), 2: a key, 1: a sequence number. */
  private gre(type: number, payload: Bytes, flags: number): Bytes {
    const optional = [
      ...(flags & 4 ? word(0) : []),
      ...(flags & 2 ? word(1 + this.random(3)) : []),
      ...(flags & 1 ? word(9) : []),
    ];
    return [((flags & 4) << 5) | ((flags & 3) << 4), 0, ...half(type), ...optional, ...payload];
  }

  private erspan(frame: Bytes): Bytes {
    const session = 1 + this.random(3);
    switch (this.random(3)) {
      case 0:
        return this.gre(0x88be, frame, 0);
      case 1:
        return this.gre(0x88be, [0x10, 1, ...half(session), ...word(0), ...frame], 1);
      default: {
        const isLonger = this.random(2);
        const header = [0x20, 1, ...half(session), ...word(5), 0, 0, 0, isLonger];
        return this.gre(0x22eb, [...header, ...(isLonger ? [...word(0), ...word(0)] : []), ...frame], 1);
      }
    }
  }

  private gtp(payload: Bytes): Bytes {
    const flags = this.pick([0, 0, 2, 4, 6]);
    const extensions = flags & 4 ? this.pick([[], [0x85], [0x85, 0xc0]]) : [];
    const chain = extensions.flatMap((_, place) => [1, 0, 5, extensions[place + 1] ?? 0]);
    const optional = flags === 0 ? [] : [0, 1, 0, extensions[0] ?? 0, ...chain];
    const length = half(optional.length + payload.length);
    return [0x30 | flags, 255, ...length, ...word(1 + this.random(3)), ...optional, ...payload];
  }
}

interface Carried {
  readonly protocol: number;
  readonly bytes: Bytes;
  readonly isTunnel?: boolean;
}
