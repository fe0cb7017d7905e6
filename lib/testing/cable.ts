/** Test support: two devices joined by a cable, in the network namespace of the process, and frames sent through them. */

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { links } from '../live/index.js';

const [AF_PACKET, SOCK_RAW] = [17, 3];
/** Of `va`, which has the address 192.0.2.1 as well. */
export const ADDRESS = '020000000001';

/** Makes `va` and `vb`. */
export async function makeCable(): Promise<void> {
  const ip = (words: string): void => void execFileSync('ip', words.split(' '));
  ip(`link add va address ${ADDRESS.match(/../g)!.join(':')} type veth peer name vb`);
  ip('address add 192.0.2.1/24 dev va');
  for (const name of ['va', 'vb']) {
    execFileSync('sh', ['-c', `echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`]);
    ip(`link set ${name} arp off up`);
  }
  await delay(50);
}

/** Sends frames through a device, one by one. */
export function sender(name: string): (frame: Uint8Array) => void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')['default'];
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int, int, int)') as (...values: number[]) => number;
  const send = libc.func('long sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)');
  const file = socket(AF_PACKET, SOCK_RAW, 0);
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(links()?.find((link) => link.name === name)?.index ?? 0, 4);
  return (frame) => void send(file, frame, frame.length, 0, address, address.length);
}
