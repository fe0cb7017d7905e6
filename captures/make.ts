/**
 * Makes the captures in this folder again: `npm run build && sudo node dist/captures/make.js [FILE...]`.
 *
 * Real programs talk to each other in network namespaces that are made for it and removed afterwards;
 * tcpdump captures. The variants of http.pcap are made with this library. Needs root, and apart from
 * Node: iproute2, ethtool, tcpdump, curl, dig, dnsmasq, iputils, netcat, openssh, openssl, udhcpc, zstd
 * and lz4 (on Debian: dnsmasq-base, dnsutils, iputils-arping, netcat-openbsd, openssh-server).
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Encoder, OPTION, type Packet, PcapEncoder, PcapngEncoder, textOption } from '../lib/index.js';
import { openCapture } from '../lib/node.js';
import { buildNetwork, capture, removeNetwork, start, stop } from './network.js';
import { SCENARIOS } from './scenarios.js';

/** The source folder, from `dist/captures`. */
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'captures');

/** The packets of http.pcap in every container and compression. */
async function makeVariants(): Promise<void> {
  const packets: Packet[] = [];
  for await (const packet of await openCapture(join(FOLDER, 'http.pcap'))) packets.push(packet.copy());
  const [source] = packets.map((packet) => packet.interface);
  const write = (file: string, encoder: Encoder, chosen: readonly Packet[] = packets) => {
    encoder.start();
    for (const packet of chosen) encoder.write(packet);
    writeFileSync(join(FOLDER, file), encoder.take());
  };
  write('http-ns.pcap', new PcapEncoder({ ...source!, nanoseconds: true }));
  write('http-ns-big-endian.pcap', new PcapEncoder({ ...source!, nanoseconds: true, bigEndian: true }));
  write('http-big-endian.pcap', new PcapEncoder({ ...source!, bigEndian: true }));
  write('http-big-endian.pcapng', new PcapngEncoder({ bigEndian: true }));

  const section = [
    textOption(OPTION.section.application, 'weir captures/make.ts'),
    textOption(OPTION.comment, 'made from http.pcap'),
  ];
  const named = { ...source!, name: 'eth0', description: 'towards the router' };
  const encoder = new PcapngEncoder({
    section,
    describe: () => [textOption(OPTION.interface.filter, 'tcp')],
  });
  encoder.start();
  for (const [index, packet] of packets.entries()) {
    packet.interface = named;
    if (index === 0) packet.addComment('the first SYN');
    encoder.write(packet);
  }
  writeFileSync(join(FOLDER, 'http.pcapng'), encoder.take());

  for (const packet of packets) packet.interface = source!;
  write('http.pcap', new PcapEncoder({ ...source! }));
  const plain = readFileSync(join(FOLDER, 'http.pcap'));
  writeFileSync(join(FOLDER, 'http-cut.pcap'), plain.subarray(0, plain.length - 20));
  writeFileSync(join(FOLDER, 'http.pcap.gz'), gzipSync(plain, { level: 9 }));
  writeFileSync(join(FOLDER, 'http.pcap.zst'), execFileSync('zstd', ['-19', '-c'], { input: plain }));
  writeFileSync(join(FOLDER, 'http.pcap.lz4'), execFileSync('lz4', ['-9', '-c'], { input: plain }));

  const parts: Packet[] = [];
  for (const file of ['icmp-echo.pcap', 'any.pcap', 'raw-ip.pcap']) {
    for await (const packet of await openCapture(join(FOLDER, file))) {
      const copy = packet.copy();
      copy.interface = { ...packet.interface, name: file.replace('.pcap', '') };
      const known = parts.find((part) => part.interface.name === copy.interface.name);
      if (known !== undefined) copy.interface = known.interface;
      parts.push(copy);
    }
  }
  write('mixed.pcapng', new PcapngEncoder(), parts);
}

const chosen = process.argv.slice(2);
try {
  await buildNetwork();
  for (const scenario of SCENARIOS) {
    if (chosen.length > 0 && !chosen.includes(scenario.file)) continue;
    const { host, beside } = scenario;
    const helper = beside === undefined ? undefined : await start(host, beside, /ready/);
    try {
      await capture({ ...scenario, file: join(FOLDER, scenario.file) }, scenario.run);
    } finally {
      if (helper !== undefined) await stop(helper);
    }
    const { length } = readFileSync(join(FOLDER, scenario.file));
    console.log(`${scenario.file}: ${length} bytes`);
  }
} finally {
  removeNetwork();
}
if (chosen.length === 0) await makeVariants();
