/**
 * The tagging and tunnelling that not every kernel is built with, in a user's program: relays between
 * two ports that wrap each frame on its way into the tunnel and unwrap it on the way out. Also sockets
 * of protocols that Node has none for.
 *
 * Run as `node wire.js NAME` in the namespace concerned; what keeps running prints `ready`.
 */

import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
const ETH_P_ALL = 0x0003;
const IPPROTO_UDPLITE = 136;

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const uint8_t *, uint32_t)');
const recv = libc.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)');
const send = libc.func('intptr_t send(int, const uint8_t *, size_t, int)');
const open = libc.func('int open(const char *, int)');
const ioctl = libc.func('int ioctl(int, unsigned long, const uint8_t *)');
const read = libc.func('intptr_t read(int, _Out_ uint8_t *, size_t)');
const write = libc.func('intptr_t write(int, const uint8_t *, size_t)');
const connect = libc.func('int connect(int, const uint8_t *, uint32_t)');
const indexOf = libc.func('uint32_t if_nametoindex(const char *)');

/** How frames look inside the tunnel. `unwrap` gives `undefined` for a frame of no concern. */
interface Wrapping {
  readonly wrap: (frame: Buffer) => Buffer;
  readonly unwrap: (frame: Buffer) => Buffer | undefined;
}

/** Puts bytes between the addresses and the EtherType. The kernel takes one tag off before we see it. */
const tagged = (...tags: number[][]): Wrapping => ({
  wrap: (frame) => Buffer.concat([frame.subarray(0, 12), Buffer.from(tags.flat()), frame.subarray(12)]),
  unwrap: (frame) => Buffer.concat([frame.subarray(0, 12), frame.subarray(12 + 4 * (tags.length - 1))]),
});

/** Another EtherType and a header in front of an IPv4 packet. */
const shimmed = (etherType: number, header: (packet: Buffer) => Buffer): Wrapping => ({
  wrap: (frame) =>
    Buffer.concat([frame.subarray(0, 12), u16(etherType), header(frame.subarray(14)), frame.subarray(14)]),
  unwrap: (frame) =>
    Buffer.concat([frame.subarray(0, 12), u16(0x0800), frame.subarray(14 + header(frame).length)]),
});

/** Extension headers between the IPv6 header and what it carried. */
const extended = (first: number, headers: (next: number) => Buffer): Wrapping => ({
  wrap(frame) {
    const inserted = headers(frame[20]!);
    const copy = Buffer.concat([frame.subarray(0, 54), inserted, frame.subarray(54)]);
    copy[20] = first;
    copy.writeUInt16BE(copy.readUInt16BE(18) + inserted.length, 18);
    return copy;
  },
  unwrap(frame) {
    const inserted = headers(0);
    const copy = Buffer.concat([frame.subarray(0, 54), frame.subarray(54 + inserted.length)]);
    copy[20] = frame[54 + inserted.length - 8]!;
    copy.writeUInt16BE(copy.readUInt16BE(18) - inserted.length, 18);
    return copy;
  },
});

// prettier-ignore
const WRAPPINGS: Readonly<Record<string, Wrapping>> = {
  vlan: tagged([0x81, 0x00, 0x60, 0x05]), // 802.1Q: priority 3, VLAN 5
  qinq: tagged([0x88, 0xa8, 0x00, 0x64], [0x81, 0x00, 0x00, 0x07]), // 802.1ad: service 100, customer 7
  mpls: shimmed(0x8847, () => Buffer.from([0, 0x06, 0x40, 64, 0, 0x06, 0x51, 64])), // RFC 3032: labels 100, 101
  pppoe: shimmed(
    0x8864,
    (
      packet, // RFC 2516 §4: session 17, PPP protocol 0x21
    ) => Buffer.concat([Buffer.from([0x11, 0, 0, 17]), u16(packet.length + 2), u16(0x0021)]),
  ),
  gre: {
    // RFC 2784, with a key (RFC 2890)
    wrap: (frame) =>
      tunnelled(47, Buffer.concat([u16(0x2000), u16(0x0800), Buffer.from([0, 0, 0, 42])]), frame),
    unwrap: (frame) =>
      frame[23] === 47 ? Buffer.concat([right(frame), u16(0x0800), frame.subarray(42)]) : undefined,
  },
  ipip: {
    // RFC 2003
    wrap: (frame) => tunnelled(4, Buffer.alloc(0), frame),
    unwrap: (frame) =>
      frame[23] === 4 ? Buffer.concat([right(frame), u16(0x0800), frame.subarray(34)]) : undefined,
  },
  // RFC 8200 §4: hop-by-hop options, then destination options, both only padding.
  extensions: extended(0, (next) => Buffer.from([60, 0, 1, 4, 0, 0, 0, 0, next, 0, 1, 4, 0, 0, 0, 0])),
};

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** The Ethernet addresses that a tunnelled packet of one side needs on the other. */
function right(frame: Buffer): Buffer {
  const [left, other] = ['020000000301', '020000000302'];
  const toRight = frame.readUInt32BE(26) === 0xc0000201;
  return Buffer.from(toRight ? other! + left! : left! + other!, 'hex');
}

/** An IPv4 packet inside another, between 192.0.2.1 and 192.0.2.2. */
function tunnelled(protocol: number, header: Buffer, frame: Buffer): Buffer {
  const toRight = frame.readUInt32BE(26) === 0xcb007101;
  const outer = Buffer.alloc(34);
  outer.set(Buffer.from(toRight ? '020000000402020000000401' : '020000000401020000000402', 'hex'));
  outer.set([0x08, 0x00, 0x45, 0x00], 12);
  outer.writeUInt16BE(20 + header.length + frame.length - 14, 16);
  outer.set([64, protocol], 22);
  outer.writeUInt32BE(toRight ? 0xc0000201 : 0xc0000202, 26);
  outer.writeUInt32BE(toRight ? 0xc0000202 : 0xc0000201, 30);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += outer.readUInt16BE(at);
  outer.writeUInt16BE(0xffff - ((sum & 0xffff) + (sum >>> 16)), 24);
  return Buffer.concat([outer, header, frame.subarray(14)]);
}

/** A raw socket on one interface. Sees what comes in, not what it sends itself. */
function openPort(name: string): number {
  const descriptor = socket(AF_PACKET, SOCK_RAW, ETH_P_ALL << 8) as number;
  const address = Buffer.alloc(20); // struct sockaddr_ll
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(indexOf(name) as number, 4);
  if (descriptor < 0 || bind(descriptor, address, address.length) < 0) throw new Error(`cannot open ${name}`);
  return descriptor;
}

async function relay(wrapping: Wrapping): Promise<void> {
  const ports = ['port1', 'tunnel0', 'port2', 'tunnel1'].map(openPort) as [number, number, number, number];
  const [a, tunnel0, b, tunnel1] = ports;
  const ways = [
    { from: a, to: tunnel0, change: wrapping.wrap },
    { from: b, to: tunnel1, change: wrapping.wrap },
    { from: tunnel0, to: a, change: wrapping.unwrap },
    { from: tunnel1, to: b, change: wrapping.unwrap },
  ];
  const buffer = Buffer.alloc(65_536);
  console.log('ready');
  for (;;) {
    for (const { from, to, change } of ways) {
      const length = recv(from, buffer, buffer.length, MSG_DONTWAIT) as number;
      const frame = length > 0 ? change(buffer.subarray(0, length)) : undefined;
      if (frame !== undefined) send(to, frame, frame.length, 0);
    }
    await setTimeout(1);
  }
}

/** Sends UDP-Lite (RFC 3828) to 198.51.100.20, port 7, where nobody listens, until that is known. */
function sendUdpLite(): void {
  const descriptor = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE) as number;
  const address = Buffer.from([AF_INET, 0, 0, 7, 198, 51, 100, 20, 0, 0, 0, 0, 0, 0, 0, 0]);
  connect(descriptor, address, address.length);
  for (const text of ['one', 'two', 'three']) send(descriptor, Buffer.from(text), text.length, 0);
}

/** A tunnel interface, and somebody behind it who answers echo requests (RFC 792). */
async function answerTunnel(name: string): Promise<void> {
  const O_RDWR_NONBLOCK = 0x802;
  const TUNSETIFF = 0x4004_54ca;
  const descriptor = open('/dev/net/tun', O_RDWR_NONBLOCK) as number;
  const request = Buffer.alloc(40); // struct ifreq
  request.write(name);
  request.writeUInt16LE(0x1001, 16); // IFF_TUN | IFF_NO_PI
  if (descriptor < 0 || (ioctl(descriptor, TUNSETIFF, request) as number) < 0) throw new Error('no tunnel');
  execFileSync('ip', ['link', 'set', name, 'addrgenmode', 'none', 'up']);
  execFileSync('ip', ['route', 'add', '192.0.2.200', 'dev', name]);
  console.log('ready');
  const packet = Buffer.alloc(2048);
  for (;;) {
    const length = read(descriptor, packet, packet.length) as number;
    if (length > 28 && packet[9] === 1 && packet[20] === 8) {
      packet.copyWithin(2000, 12, 16);
      packet.copyWithin(12, 16, 20);
      packet.copyWithin(16, 2000, 2004);
      packet[20] = 0;
      const sum = packet.readUInt16BE(22) + 0x0800;
      packet.writeUInt16BE((sum & 0xffff) + (sum >>> 16), 22);
      write(descriptor, packet, length);
    }
    await setTimeout(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const name = process.argv[2]!;
  if (name === 'udplite') sendUdpLite();
  else if (name === 'tunnel') await answerTunnel('tun0');
  else await relay(WRAPPINGS[name]!);
}
