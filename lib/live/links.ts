/**
 * The network interfaces of this process's network namespace, asked of the kernel by rtnetlink(7).
 *
 * sysfs would be easier to read, but shows the interfaces of the namespace in which it was mounted: after setns(2), as
 * nsenter(1) does it, those are other ones, and some may have the same names.
 */

import { koffiOrNothing } from './koffi.js';

export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ number of linux/if_arp.h. */
  readonly type: number;
  /** IFF_ bits of netdevice(7). */
  readonly flags: number;
  /** Packets that the interface lost before the kernel saw them: `rx_missed_errors` and `rx_fifo_errors`. */
  readonly missed: number;
}

/** netdevice(7) */
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_RUNNING = 0x40;

// linux/netlink.h, linux/rtnetlink.h, linux/if_link.h
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const IFLA_IFNAME = 3;
const IFLA_STATS64 = 23;
/** struct nlmsghdr and struct ifinfomsg. */
const MESSAGE_HEADER = 16;
const LINK_HEADER = 16;
/** Indexes into struct rtnl_link_stats64, in numbers of 64 bits. */
const RX_FIFO_ERRORS = 14;
const RX_MISSED_ERRORS = 15;

// linux/sockios.h, linux/ethtool.h
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GLINK = 0x0a;
const AF_INET = 2;
const SOCK_DGRAM = 2;

type Koffi = typeof import('koffi')['default'];

interface Calls {
  readonly koffi: Koffi;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly send: (fd: number, data: Buffer, length: number, flags: number) => number;
  readonly receive: (fd: number, data: Buffer, length: number, flags: number) => number;
  readonly ioctl: (fd: number, request: number, argument: Buffer) => number;
  readonly close: (fd: number) => number;
}

let loaded: Calls | undefined | false = false;

/** System calls, `undefined` where this is not Linux or the package koffi is not there. */
function calls(): Calls | undefined {
  if (loaded !== false) return loaded;
  const koffi = koffiOrNothing() as Koffi | undefined;
  if (koffi === undefined) return (loaded = undefined);
  const libc = koffi.load(null);
  loaded = {
    koffi,
    socket: libc.func('int socket(int, int, int)'),
    send: libc.func('long send(int, const uint8_t *, size_t, int)'),
    receive: libc.func('long recv(int, _Out_ uint8_t *, size_t, int)'),
    ioctl: libc.func('int ioctl(int, unsigned long, _Inout_ uint8_t *)'),
    close: libc.func('int close(int)'),
  };
  return loaded;
}

/** All interfaces, by index; `undefined` where the kernel cannot be asked. */
export function links(): readonly Link[] | undefined {
  const system = calls();
  const descriptor = system?.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) ?? -1;
  if (system === undefined || descriptor < 0) return undefined;
  try {
    const request = Buffer.alloc(MESSAGE_HEADER + LINK_HEADER);
    writeHeader(request, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
    if (system.send(descriptor, request, request.length, 0) < 0) return undefined;
    const found: Link[] = [];
    const answer = Buffer.alloc(1 << 16);
    for (;;) {
      const length = system.receive(descriptor, answer, answer.length, 0);
      if (length <= 0) return undefined;
      if (readAnswer(answer.subarray(0, length), found)) break;
    }
    return found.sort((a, b) => a.index - b.index);
  } finally {
    system.close(descriptor);
  }
}

/** One interface by name. */
export const linkNamed = (name: string): Link | undefined => links()?.find((link) => link.name === name);

/**
 * Whether a cable or its like is there, as the driver says (ethtool's "Link detected"); `undefined` where it does not.
 */
export function linkDetected(name: string): boolean | undefined {
  const value = Buffer.alloc(8); // struct ethtool_value
  value.writeUInt32LE(ETHTOOL_GLINK, 0);
  return ethtool(name, value) ? value.readUInt32LE(4) !== 0 : undefined;
}

/** Asks a device's driver; the answer takes the question's place. Whether there was one. */
export const ethtool = (name: string, question: Buffer): boolean => control(name, SIOCETHTOOL, question);

/** An ioctl(2) about a device that is given the address of `argument`. Whether it did what it should. */
export function control(name: string, number: number, argument: Buffer): boolean {
  const system = calls();
  const descriptor = system?.socket(AF_INET, SOCK_DGRAM, 0) ?? -1;
  if (system === undefined || descriptor < 0) return false;
  try {
    const request = Buffer.alloc(40); // struct ifreq: a name of 16 bytes, an address
    request.write(name.slice(0, 15), 'latin1');
    request.writeBigUInt64LE(BigInt(system.koffi.address(argument)), 16);
    return system.ioctl(descriptor, number, request) >= 0;
  } finally {
    system.close(descriptor);
  }
}

// netlink(7) speaks the byte order of the host, which is little-endian wherever koffi is built for Node's Linux.
function writeHeader(message: Buffer, type: number, flags: number): void {
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
}

/** Takes the interfaces of one datagram; gives whether it was the last. */
function readAnswer(answer: Buffer, found: Link[]): boolean {
  for (let at = 0; at + MESSAGE_HEADER <= answer.length; ) {
    const length = answer.readUInt32LE(at);
    const type = answer.readUInt16LE(at + 4);
    if (type === NLMSG_DONE || type === NLMSG_ERROR || length < MESSAGE_HEADER) return true;
    if (type === RTM_NEWLINK) found.push(readLink(answer.subarray(at + MESSAGE_HEADER, at + length)));
    at += aligned(length);
  }
  return false;
}

function readLink(message: Buffer): Link {
  const type = message.readUInt16LE(2);
  const index = message.readInt32LE(4);
  const flags = message.readUInt32LE(8);
  let name = '';
  let missed = 0;
  for (let at = LINK_HEADER; at + 4 <= message.length; ) {
    const length = message.readUInt16LE(at);
    if (length < 4) break;
    const value = message.subarray(at + 4, at + length);
    const attribute = message.readUInt16LE(at + 2);
    if (attribute === IFLA_IFNAME) name = value.toString('latin1').replace(/\0.*$/, '');
    if (attribute === IFLA_STATS64)
      missed = [RX_FIFO_ERRORS, RX_MISSED_ERRORS]
        .map((counter) => Number(value.readBigUInt64LE(8 * counter)))
        .reduce((sum, count) => sum + count, 0);
    at += aligned(length);
  }
  return { index, name, type, flags, missed };
}

const aligned = (length: number): number => (length + 3) & ~3;
