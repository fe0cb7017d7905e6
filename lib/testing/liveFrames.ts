/**
 * Test support, run as a process of its own: frames that arrive at a device, so many a second. The kernel makes them itself
 * (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES of an XDP program that lets them pass), a thousand and more in a call.
 *
 *     node liveFrames.js DEVICE RATE SECONDS [LENGTH]
 *
 * Writes how many there were, when it ends.
 */

import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { links } from '../live/index.js';
import { openKernel } from './kernel.js';

const [device, rate, seconds, length = '128'] = process.argv.slice(2) as [string, string, string, string?];
const [SYS_BPF, TEST_RUN, ATTRIBUTE] = [321, 10, 128];
const LIVE_FRAMES = 1 << 1;
const PASS = [
  { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 2 },
  { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 },
];
/** Milliseconds between calls. */
const STEP = 5;

/** An Ethernet frame for nobody here: UDP from 192.0.2.2 port 9 to 198.51.100.1 port 9. */
function frame(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  Buffer.from('02000000000902000000000208004500', 'hex').copy(bytes);
  bytes.writeUInt16BE(size - 14, 16);
  Buffer.from('000040004011', 'hex').copy(bytes, 18);
  Buffer.from('c0000202c6336401', 'hex').copy(bytes, 26);
  Buffer.from('00090009', 'hex').copy(bytes, 34);
  bytes.writeUInt16BE(size - 34, 38);
  return bytes;
}

const kernel = await openKernel();
const program = typeof kernel === 'string' ? kernel : kernel.load(PASS, 'xdp', []);
const index = links()?.find(({ name }) => name === device)?.index;
if (typeof program === 'string' || index === undefined) throw new Error(`${device}: ${program}`);
const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')['default'];
const syscall = koffi.load(null).func('syscall', 'long', ['long', 'long', 'void *', 'long']);
const data = frame(Number(length));
const context = Buffer.alloc(24); // struct xdp_md
context.writeUInt32LE(data.length, 4);
context.writeUInt32LE(index, 12);
const attribute = Buffer.alloc(ATTRIBUTE);
attribute.writeUInt32LE(program.file, 0);
attribute.writeUInt32LE(data.length, 8);
attribute.writeBigUInt64LE(BigInt(koffi.address(data)), 16);
attribute.writeUInt32LE(context.length, 40);
attribute.writeBigUInt64LE(BigInt(koffi.address(context)), 48);
attribute.writeUInt32LE(LIVE_FRAMES, 64);

const started = performance.now();
let sent = 0;
for (let now = started; now - started < 1000 * Number(seconds); now = performance.now()) {
  const due = Math.floor(((now - started) / 1000) * Number(rate)) - sent;
  if (due > 0) {
    attribute.writeUInt32LE(due, 32);
    if (syscall(SYS_BPF, TEST_RUN, attribute, ATTRIBUTE) < 0)
      throw new Error(`BPF_PROG_TEST_RUN: errno ${koffi.errno()}`);
    sent += due;
  }
  await delay(STEP);
}
process.stdout.write(`${sent}\n`);
