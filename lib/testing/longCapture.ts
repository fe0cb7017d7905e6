/** Test support: captures of many records. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from './random.js';
import { projectRoot } from './vectors.js';

/** A pcap file of so many bytes or some more: records of several captures, and damaged copies of their packets, in turns. */
export function longCapture(size: number): Buffer {
  const random = generator(0x7e);
  const files = ['http.pcap', 'dns.pcap', 'arp.pcap', 'vlan.pcap', 'http6.pcap', 'icmp6.pcap'];
  const captures = files.map((name) => readFileSync(join(projectRoot, 'captures', name)));
  const records = captures.flatMap((bytes) => {
    const found: Buffer[] = [];
    for (let at = 24; at < bytes.length; at += found.at(-1)!.length)
      found.push(bytes.subarray(at, at + 16 + bytes.readUInt32LE(at + 8)));
    return found;
  });
  const pieces = [captures[0]!.subarray(0, 24)];
  for (let length = 0; length < size; length += pieces.at(-1)!.length) {
    const record = Buffer.from(records[random(records.length)]!);
    // One in eight has other bytes in its headers, or another time.
    if (random(8) === 0) for (let times = 0; times < 3; times++) record[16 + random(60)] = random(256);
    if (random(8) === 0) record.writeUInt32LE(record.readUInt32LE(0) + random(4000), 0);
    pieces.push(record);
  }
  return Buffer.concat(pieces);
}
