/**
 * The devices that can be captured from, in the order and words of `tcpdump -D`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { IFF_LOOPBACK, IFF_RUNNING, IFF_UP, linkDetected, links } from './links.js';

/** An IP address of a device, and its network. */
export interface DeviceAddress {
  /** IPv4 in dots, IPv6 as RFC 5952 has it, without a zone. */
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Bits of the network; `undefined` where the mask is none. */
  readonly prefixLength: number | undefined;
}

/** A device that can be captured from: netdevice(7), and what `tcpdump -D` says of it. */
export interface DeviceInfo {
  readonly name: string;
  /** What a pseudo-device is for; `''` for a real one. */
  readonly description: string;
  readonly up: boolean;
  readonly running: boolean;
  readonly loopback: boolean;
  readonly wireless: boolean;
  /** Whether a cable or an access point is there; `undefined` where that means nothing or is not known. */
  readonly connected: boolean | undefined;
  /** IP addresses, as getifaddrs(3) has them; none for what is not running. */
  readonly addresses: readonly DeviceAddress[];
}

const ANY: DeviceInfo = {
  name: 'any',
  description: 'Pseudo-device that captures on all interfaces',
  up: true,
  running: true,
  loopback: false,
  wireless: false,
  connected: undefined,
  addresses: [],
};

/** Every device of this process's network namespace, most useful first. On Linux by rtnetlink; elsewhere what Node knows of. */
export function listDevices(): DeviceInfo[] {
  const devices = process.platform === 'linux' ? [...linuxDevices(), ANY] : otherDevices();
  return devices.sort((a, b) => rank(a) - rank(b)); // stable: within a rank by index, as libpcap has it
}

/** `eth0 [Up, Running, Connected]`, without the number that `tcpdump -D` puts in front. */
export function describeDevice(device: DeviceInfo): string {
  const { name, description, up, running, loopback, wireless, connected } = device;
  const flags: string[] = [];
  if (up) flags.push('Up');
  if (running) flags.push('Running');
  if (loopback) flags.push('Loopback');
  if (wireless) flags.push('Wireless');
  if (flags.length === 0) flags.push('none');
  if (connected !== undefined) {
    if (wireless) flags.push(connected ? 'Associated' : 'Not associated');
    else flags.push(connected ? 'Connected' : 'Disconnected');
  }
  return `${name}${description === '' ? '' : ` (${description})`} [${flags.join(', ')}]`;
}

/** Running before down, real before `any` before loopback (libpcap pcap.c, get_figure_of_merit()). */
function rank({ name, up, running, loopback, connected }: DeviceInfo): number {
  const state = (running ? 0 : 32) + (up ? 0 : 16) + (connected === false ? 8 : 0);
  return state + (loopback ? 2 : 0) + (name === 'any' ? 1 : 0);
}

/** Interfaces by rtnetlink and ethtool; without the package koffi only what Node knows of, which is those in use. */
function linuxDevices(): DeviceInfo[] {
  const found = links();
  if (found === undefined) return otherDevices();
  const addresses = networkInterfaces();
  return found.map(({ index, name, flags }) => {
    const loopback = (flags & IFF_LOOPBACK) !== 0;
    return {
      name,
      description: '',
      up: (flags & IFF_UP) !== 0,
      running: (flags & IFF_RUNNING) !== 0,
      loopback,
      wireless: isWireless(name, index),
      connected: loopback ? undefined : linkDetected(name),
      addresses: addressesOf(addresses[name]),
    };
  });
}

/** sysfs says it, of the interface of that name in the namespace where it was mounted: which must be this one. */
function isWireless(name: string, index: number): boolean {
  const folder = `/sys/class/net/${name}`;
  try {
    return Number(readFileSync(`${folder}/ifindex`, 'utf8')) === index && existsSync(`${folder}/phy80211`);
  } catch {
    return false;
  }
}

function otherDevices(): DeviceInfo[] {
  return Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    description: '',
    up: true,
    running: true,
    loopback: addresses.some(({ internal }) => internal),
    wireless: false,
    connected: undefined,
    addresses: addressesOf(addresses),
  }));
}

const addressesOf = (found: readonly NetworkInterfaceInfo[] = []): DeviceAddress[] =>
  found.map(({ address, family, cidr }) => ({
    address,
    family,
    prefixLength: cidr === null ? undefined : Number(cidr.slice(cidr.indexOf('/') + 1)),
  }));
