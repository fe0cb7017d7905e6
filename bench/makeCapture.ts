/**
 * Makes a large capture to measure with: `node dist/bench/makeCapture.js FILE [options]`.
 *
 *   --size BYTES       about how long the file becomes (default 1e9)
 *   --packets N        stop after N packets
 *   --mix imix|64|1500 lengths of the frames (default imix: 7 of 64, 4 of 576, 1 of 1518 bytes)
 *   --addresses N      how many different addresses talk (default 65536)
 *
 * Ethernet, pcap, microseconds, little-endian. Every frame is well formed: Ethernet, IPv4 (one in
 * eight IPv6), TCP or UDP with valid lengths; one packet in some twenty is TCP to or from port 80. The
 * content depends on the options only.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '1e9' },
    packets: { type: 'string', default: 'Infinity' },
    mix: { type: 'string', default: 'imix' },
    addresses: { type: 'string', default: '65536' },
  },
});
const [path] = positionals;
if (path === undefined)
  throw new Error(
    'usage: makeCapture FILE [--size BYTES] [--packets N] [--mix imix|64|1500] [--addresses N]',
  );

/** xorshift32: the same file on every machine. */
let state = 0x9e3779b9;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const MIXES: Record<string, readonly number[]> = {
  imix: [64, 64, 64, 64, 64, 64, 64, 576, 576, 576, 576, 1518],
  '64': [64],
  '1500': [1518],
};
const FCS = 4;
const lengths = MIXES[values.mix]?.map((length) => length - FCS);
if (lengths === undefined) throw new Error(`no mix '${values.mix}': imix, 64 or 1500`);
const addresses = Number(values.addresses);
const PORTS = [80, 443, 443, 443, 53, 22, 8080, 25, 123, 5353, 993, 3306];

/** Writes one frame of `length` bytes at `at`. */
function frame(out: Buffer, at: number, length: number): void {
  const isIp6 = random(8) === 0 && length >= 14 + 40 + 20;
  const isTcp = random(3) !== 0;
  const ip = at + 14;
  out.writeUIntBE(0x020000000000 + random(256), at, 6);
  out.writeUIntBE(0x020000001000 + random(256), at + 6, 6);
  out.writeUInt16BE(isIp6 ? 0x86dd : 0x0800, at + 12);
  const [a, b] = [random(addresses), random(addresses)];
  const transport = ip + (isIp6 ? 40 : 20);
  if (isIp6) {
    out.writeUInt32BE(0x60000000, ip);
    out.writeUInt16BE(length - 14 - 40, ip + 4);
    out[ip + 6] = isTcp ? 6 : 17;
    out[ip + 7] = 64;
    out.writeUInt32BE(0x20010db8, ip + 8);
    out.fill(0, ip + 12, ip + 20);
    out.writeUInt32BE(a + 1, ip + 20);
    out.writeUInt32BE(0x20010db8, ip + 24);
    out.fill(0, ip + 28, ip + 36);
    out.writeUInt32BE(b + 1, ip + 36);
  } else {
    out.writeUInt16BE(0x4500, ip);
    out.writeUInt16BE(length - 14, ip + 2);
    out.writeUInt16BE(random(65536), ip + 4);
    out.writeUInt16BE(0x4000, ip + 6);
    out[ip + 8] = 64;
    out[ip + 9] = isTcp ? 6 : 17;
    out.writeUInt16BE(0, ip + 10);
    out.writeUInt32BE(0x0a000000 + a, ip + 12);
    out.writeUInt32BE(0x0a800000 + b, ip + 16);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += out.readUInt16BE(ip + i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    out.writeUInt16BE(~sum & 0xffff, ip + 10);
  }
  const service = PORTS[random(PORTS.length)]!;
  const client = 32768 + random(28000);
  const toServer = random(2) === 0;
  out.writeUInt16BE(toServer ? client : service, transport);
  out.writeUInt16BE(toServer ? service : client, transport + 2);
  if (isTcp) {
    out.writeUInt32BE(random(2 ** 31), transport + 4);
    out.writeUInt32BE(random(2 ** 31), transport + 8);
    out.writeUInt16BE(0x5010, transport + 12);
    out.writeUInt16BE(64240, transport + 14);
    out.writeUInt32BE(0, transport + 16);
  } else {
    out.writeUInt16BE(at + length - transport, transport + 4);
    out.writeUInt16BE(0, transport + 6);
  }
}

const CHUNK = 8 << 20;
const buffer = Buffer.alloc(CHUNK + 2048);
const file = openSync(path, 'w');
let used = 0;
let written = 0;
const flush = (): void => {
  writeSync(file, buffer, 0, used);
  written += used;
  used = 0;
};

buffer.writeUInt32LE(0xa1b2c3d4, 0);
buffer.writeUInt16LE(2, 4);
buffer.writeUInt16LE(4, 6);
buffer.writeUInt32LE(262144, 16);
buffer.writeUInt32LE(1, 20);
used = 24;
let packets = 0;
for (
  let time = 1_700_000_000_000_000;
  written + used < Number(values.size) && packets < Number(values.packets);
  packets++
) {
  const length = lengths[random(lengths.length)]!;
  time += random(20);
  buffer.writeUInt32LE(Math.floor(time / 1e6), used);
  buffer.writeUInt32LE(time % 1e6, used + 4);
  buffer.writeUInt32LE(length, used + 8);
  buffer.writeUInt32LE(length, used + 12);
  frame(buffer, used + 16, length);
  used += 16 + length;
  if (used >= CHUNK) flush();
}
flush();
closeSync(file);
console.log(`${path}: ${packets} packets, ${written} bytes`);
