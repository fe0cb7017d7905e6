/** The connection that a command runs over, as ssh tells it, and what its packets look like when they arrive. */

import { isIP } from 'node:net';
import { CommandError } from './report.js';

export interface Session {
  /** Whole frames: of the connection, and what finds the way to it. */
  readonly packets: readonly Uint8Array[];
  readonly text: string;
}

/** What is refused without `--force`. */
export const wouldCut = ({ text }: Session): CommandError =>
  new CommandError(`this would cut the connection that it runs over (${text}); --force does it all the same`);

const PAYLOADS = [0, 36, 1400];
const [ACK, PUSH_ACK] = [0x10, 0x18];

/**
 * @param variable - `SSH_CONNECTION`: addresses and ports of client and server.
 * @returns `undefined` where there is none, or it is not of that form.
 */
export function connectionOf(variable: string | undefined): Session | undefined {
  const words = (variable ?? '').split(' ').map((word) => word.replace(/^::ffff:(?=\d+\.)/, ''));
  const [client = '', clientPort, server = '', serverPort] = words;
  const version = isIP(client);
  if (version === 0 || isIP(server) !== version || !(Number(serverPort) > 0)) return undefined;
  const segments = PAYLOADS.map((length) => segmentOf(Number(clientPort), Number(serverPort), length));
  const [from, to] = [addressOf(client), addressOf(server)];
  const packets = segments.map((segment) =>
    frame(version === 4 ? ipv4(from, to, segment) : ipv6(from, to, segment), version),
  );
  if (version === 4) packets.push(arp(from, to));
  return { packets, text: `${client} port ${clientPort} to ${server} port ${serverPort}` };
}

function segmentOf(from: number, to: number, payload: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from, 0);
  header.writeUInt16BE(to, 2);
  header[12] = 0x50;
  header[13] = payload === 0 ? ACK : PUSH_ACK;
  header.writeUInt16BE(501, 14);
  return Buffer.concat([header, Buffer.alloc(payload)]);
}

/** The bytes of an address; of IPv6 with its zeros. */
function addressOf(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const words = new URL(`http://[${text.replace(/%.*/, '')}]`).hostname.slice(1, -1).split('::');
  const [head, tail] = words.map((part) => (part === '' ? [] : part.split(':')));
  const missing = 8 - head!.length - (tail?.length ?? 0);
  const all = [...head!, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

function ipv4(from: Buffer, to: Buffer, segment: Buffer): Buffer {
  const header = Buffer.from('4500000000004000400600000000000000000000', 'hex');
  header.writeUInt16BE(20 + segment.length, 2);
  from.copy(header, 12);
  to.copy(header, 16);
  return Buffer.concat([header, segment]);
}

function ipv6(from: Buffer, to: Buffer, segment: Buffer): Buffer {
  const header = Buffer.from('6000000000000640', 'hex');
  header.writeUInt16BE(segment.length, 4);
  return Buffer.concat([header, from, to, segment]);
}

const ADDRESSES = Buffer.from('020000000001020000000002', 'hex');
const frame = (packet: Buffer, version: number): Buffer =>
  Buffer.concat([ADDRESSES, Buffer.from(version === 4 ? '0800' : '86dd', 'hex'), packet]);

/** Asks for the server's hardware address. */
const arp = (from: Buffer, to: Buffer): Buffer =>
  Buffer.concat([
    ADDRESSES,
    Buffer.from('08060001080006040001020000000002', 'hex'),
    from,
    Buffer.alloc(6),
    to,
    Buffer.alloc(18),
  ]);
