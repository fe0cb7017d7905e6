/**
 * Test support: the installed tcpdump as an oracle for printed text, its options as ours, and packets to
 * print. Tests that need tcpdump skip with a message where it is absent.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createPrinter, type PrinterOptions } from '../dissect/index.js';
import { Packet } from '../savefile/packet.js';

/** Version of the installed tcpdump, as `4.99.3`; `undefined` where there is none. */
export function tcpdumpVersion(): string | undefined {
  const result = spawnSync('tcpdump', ['--version'], { encoding: 'utf8' });
  const text = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  return /tcpdump version (\S+)/.exec(text)?.[1];
}

/** What tcpdump prints on standard output for a savefile, in GMT. */
export function runTcpdump(path: string, args: readonly string[]): string {
  const result = spawnSync('tcpdump', [...args, '-r', path], {
    encoding: 'latin1',
    env: { ...process.env, TZ: 'GMT0' },
    maxBuffer: 1 << 28,
  });
  return result.stdout;
}

/** tcpdump's printing options as ours; `undefined` where one is not a printing option of ours. */
export function printerOptions(args: readonly string[]): PrinterOptions | undefined {
  const options: Record<string, unknown> = { numeric: false };
  const count = (name: string) => {
    options[name] = ((options[name] as number | undefined) ?? 0) + 1;
  };
  for (const word of args) {
    if (word === '--nano' || word === '--micro') {
      options.precision = word.slice(2);
      continue;
    }
    if (!/^-[#nNeqvStxXAK]+$/.test(word)) return undefined;
    for (const letter of word.slice(1)) {
      if (letter === 'n') options.numeric = true;
      else if (letter === 'N') options.shortHostNames = true;
      else if (letter === 'e') options.linkLayer = true;
      else if (letter === 'q') count('quiet');
      else if (letter === 'v') count('verbose');
      else if (letter === 'S') options.absoluteSequence = true;
      else if (letter === 't') count('timestamp');
      else if (letter === 'x') count('hex');
      else if (letter === 'X') count('hexAscii');
      else if (letter === 'A') count('ascii');
      else if (letter === 'K') options.skipChecksums = true;
      else options.number = true;
    }
  }
  return options as PrinterOptions;
}

/** The text of packets with a fresh printer, each with a line feed behind it. */
export function printAll(packets: readonly Packet[], options: PrinterOptions): string {
  const printer = createPrinter(options);
  let text = '';
  for (const packet of packets) text += `${printer.print(packet)}\n`;
  return text;
}

/** Packets of a pcap file, as libpcap delivers them: no longer than the file's snapshot length. */
export function readPcap(path: string): Packet[] {
  return parsePcap(readFileSync(path));
}

export function parsePcap(bytes: Buffer): Packet[] {
  const big = bytes.readUInt32BE(0) === 0xa1b2c3d4 || bytes.readUInt32BE(0) === 0xa1b23c4d;
  const u32 = (at: number) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  const i32 = (at: number) => (big ? bytes.readInt32BE(at) : bytes.readInt32LE(at));
  const nano = u32(0) === 0xa1b23c4d;
  const snapLength = u32(16);
  const source = { linkType: u32(20) & 0x03ff_ffff, snapLength, timestampUnit: nano ? 1e-9 : 1e-6 };
  const most = snapLength === 0 || snapLength > 0x7fff_ffff ? 0x7fff_ffff : snapLength;
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const captured = u32(at + 8);
    const data = bytes.subarray(at + 16, at + 16 + captured);
    const kept = data.subarray(0, most);
    packets.push(new Packet(kept, u32(at + 12), i32(at), u32(at + 4) * (nano ? 1 : 1000), source));
    at += 16 + captured;
  }
  return packets;
}
