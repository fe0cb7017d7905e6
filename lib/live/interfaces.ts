/**
 * The devices that can be captured from, in the order and words of `tcpdump -D`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

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
}

const ANY: DeviceInfo = {
  name: 'any',
  description: 'Pseudo-device that captures on all interfaces',
  up: true,
  running: true,
  loopback: false,
  wireless: false,
  connected: undefined,
};

/** Every device, most useful first. On Linux from sysfs; elsewhere what Node knows of. */
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

const NET = '/sys/class/net';
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;

function linuxDevices(): DeviceInfo[] {
  const names = readdirSync(NET).filter((name) => attribute(name, 'ifindex') !== '');
  return names
    .sort((a, b) => Number(attribute(a, 'ifindex')) - Number(attribute(b, 'ifindex')))
    .map((name) => {
      const flags = Number(attribute(name, 'flags'));
      const up = (flags & IFF_UP) !== 0;
      const loopback = (flags & IFF_LOOPBACK) !== 0;
      const carrier = attribute(name, 'carrier'); // cannot be read while the interface is down
      return {
        name,
        description: '',
        up,
        running: up && carrier === '1',
        loopback,
        wireless: attribute(name, 'phy80211/index') !== '',
        connected: loopback || carrier === '' ? undefined : carrier === '1',
      };
    });
}

/** A value from sysfs, `''` where there is none. */
export function attribute(device: string, name: string): string {
  if (device.includes('/')) return '';
  try {
    return readFileSync(`${NET}/${device}/${name}`, 'utf8').trim();
  } catch {
    return '';
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
  }));
}
