/**
 * What fields cost: `node dist/bench/decode.js FILE [rounds]`. Millions of packets a second, for packets that are in
 * memory: all layers and one field, one field alone, columns, JSON, and the printed line for comparison.
 */

import { createColumns, createJsonLines, decode } from '../lib/decode.js';
import { createPrinter, type Packet } from '../lib/index.js';
import { openCapture } from '../lib/node.js';

const [path, rounds = '5'] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: decode FILE [rounds]');

/** Most packets that are kept. */
const MOST = 200_000;
const packets: Packet[] = [];
await using capture = await openCapture(path);
for await (const packet of capture) {
  packets.push(packet.copy());
  if (packets.length === MOST) break;
}

function measure(name: string, work: (packet: Packet) => unknown): void {
  let best = 0;
  let kept = 0;
  for (let round = 0; round < Number(rounds); round++) {
    const start = performance.now();
    for (const packet of packets) if (work(packet) !== undefined) kept++;
    best = Math.max(best, packets.length / (performance.now() - start) / 1000);
  }
  console.log(
    `${name.padEnd(44)} ${best.toFixed(2).padStart(6)} M/s  (${kept / Number(rounds)} of ${packets.length})`,
  );
}

const columns = createColumns(['ip.src', 'tcp.dstport', 'frame.len']);
const json = createJsonLines();
const printer = createPrinter();
measure("decode(packet).get('ip.src')", (packet) => decode(packet).get('ip.src'));
measure(
  "decode(packet), layers, ip.fields['ip.src']",
  (packet) => decode(packet).layer('ip')?.fields['ip.src'],
);
measure("decode(packet), layers, tcp.fields['tcp.dstport']", (packet) => {
  const tcp = decode(packet).layer('tcp');
  return tcp?.fields['tcp.dstport'];
});
measure('columns: ip.src, tcp.dstport, frame.len', (packet) => {
  if (columns.add(packet) > 60_000) columns.take();
  return true;
});
measure('JSON', (packet) => {
  if (json.add(packet) > 60_000) json.take();
  return true;
});
measure('printed line', (packet) => printer.print(packet));
