/**
 * Test support: the installed tcpdump as an oracle for printed text, its options as ours, and packets to
 * print. Tests that need tcpdump skip with a message where it is absent.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrinter, PACKET_TYPES, type PrinterOptions } from '../dissect/index.js';
import { CaptureError, type Packet } from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import type { Tally } from './vectors.js';

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
  for (const [i, word] of args.entries()) {
    if (args[i - 1] === '-T') {
      options.packetType = PACKET_TYPES.find((type) => type === word);
      if (options.packetType === undefined) return undefined;
      continue;
    }
    if (word === '-T') continue;
    if (word === '--nano' || word === '--micro') {
      options.precision = word.slice(2);
      continue;
    }
    if (!/^-[#nNeqvStxXAKbuH]+$/.test(word)) return undefined;
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
      else if (letter === 'b') options.asDot = true;
      else if (letter === 'u') options.rawHandles = true;
      else if (letter === 'H') options.meshHeaders = true;
      else options.number = true;
    }
  }
  return options as PrinterOptions;
}

/** Interface indexes of this host, where Linux says them. */
export function interfaceName(index: number): string | undefined {
  const folder = '/sys/class/net';
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder).find((name) => {
    const file = join(folder, name, 'ifindex');
    return existsSync(file) && readFileSync(file, 'latin1').trim() === `${index}`;
  });
}

/** The text of packets with a fresh printer, each with a line feed behind it. */
export function printAll(packets: readonly Packet[], options: PrinterOptions): string {
  const printer = createPrinter(options);
  let text = '';
  for (const packet of packets) text += `${printer.print(packet)}\n`;
  return text;
}

/** All packets of a capture file that can be read, cut to the file's snapshot length as libpcap cuts them. */
export async function readPackets(path: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  try {
    await using capture = await openSavefile(path);
    for await (const packet of capture) packets.push(snapped(packet.copy()));
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return packets;
}

function snapped(packet: Packet): Packet {
  const { snapLength } = packet.interface;
  if (snapLength > 0 && packet.data.length > snapLength) packet.data = packet.data.subarray(0, snapLength);
  return packet;
}

/** Packets as a little-endian nanosecond pcap file. */
export function pcapFile(packets: readonly Packet[], linkType: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(linkType, 20);
  const parts: Uint8Array[] = [header];
  for (const packet of packets) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.seconds >>> 0, 0);
    record.writeUInt32LE(packet.nanoseconds, 4);
    record.writeUInt32LE(packet.data.length, 8);
    record.writeUInt32LE(packet.wireLength, 12);
    parts.push(record, packet.data);
  }
  return Buffer.concat(parts);
}

/** Each packet begins with its number and its time. */
const PACKET = /\n(?= *\d+ {2}(?:\d{4}-\d\d-\d\d )?(?:\d\d:\d\d:\d\d|\d+\.\d))/;

/** Compares the text of a capture packet by packet. */
export function comparePackets(tally: Tally, what: string, ours: string, theirs: string): void {
  const [a, b] = [ours, theirs].map((text) => text.split(PACKET));
  for (const [at, their] of b!.entries()) {
    const our = a![at] ?? '';
    tally.check(our.trimEnd() === their.trimEnd(), () => `${what}\n  ours   ${our}\n  theirs ${their}`);
  }
}
