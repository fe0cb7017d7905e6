/** Test support: packets of every protocol in the sample captures, each with the headers that it has. */

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decode } from '../../dissect/index.js';
import type { Packet } from '../../savefile/index.js';
import { readPackets } from '../tcpdump.js';
import { projectRoot } from '../vectors.js';

/** A packet, and what it is an example of. */
export interface Sample {
  readonly packet: Packet;
  /** The innermost protocol that has fields; the capture's name behind one that only carries another. */
  readonly kind: string;
  /** Where the headers begin, outermost first. */
  readonly starts: readonly number[];
  /** The IPv4 or IPv6 header that carries the rest, and what it carries; -1 where there is none. */
  readonly ip: number;
  readonly payload: number;
}

/** Protocols that carry others: their name says nothing of what is inside. */
const CARRIERS = new Set(['eth', 'vlan', 'ip', 'ipv6', 'udp', 'tcp', 'llc', 'sll', 'sctp', 'ppp', 'null']);
/** Packets of one kind that are taken of one capture. */
const MOST = 12;

/** Samples of every capture in the folders, few of each kind of each capture. */
export async function samples(folders: readonly string[]): Promise<Sample[]> {
  const all: Sample[] = [];
  for (const folder of [join(projectRoot, 'captures'), ...folders]) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name))) {
      const counts = new Map<string, number>();
      for (const packet of await readPackets(join(folder, name))) {
        const sample = sampleOf(packet, basename(name).replace(/\.pcap(ng)?$/, ''));
        const count = counts.get(sample.kind) ?? 0;
        counts.set(sample.kind, count + 1);
        if (count < MOST && packet.data.length > 0) all.push(sample);
      }
    }
  }
  return all;
}

export function sampleOf(packet: Packet, capture: string): Sample {
  const layers = decode(packet).layers.filter(({ protocol }) => protocol !== 'data');
  const last = layers.at(-1)?.protocol ?? `link${packet.interface.linkType}`;
  const carrier = layers.findIndex(({ protocol }) => protocol === 'ip' || protocol === 'ipv6');
  const { data } = packet;
  const ip = carrier < 0 ? -1 : layers[carrier]!.start;
  const payload = ip < 0 ? -1 : data[ip]! >> 4 === 4 ? ip + 4 * (data[ip]! & 15) : ip + 40;
  return {
    packet,
    kind: CARRIERS.has(last) ? `${last}:${capture}` : last,
    starts: layers.length > 0 ? layers.map(({ start }) => start) : [0],
    ip,
    payload,
  };
}
