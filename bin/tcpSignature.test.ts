/** `-M`: TCP signatures (RFC 2385), right and wrong ones, as tcpdump finds them where it is installed. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const SECRET = 'of both ends';

const md5 = (...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest();
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A packet of IPv4 or IPv6 whose signature is of `secret`. */
function segment(version: 4 | 6, payload: string, secret: string, change = 0): Buffer {
  const header = hex('00b3 1234 00000064 00000032 a018 2000 0000 0000');
  const data = Buffer.from(payload);
  const length = header.length + 20 + data.length;
  const addresses =
    version === 4
      ? hex('c0000201 c0000202')
      : hex('20010db8000000000000000000000001 20010db8000000000000000000000002');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  const pseudo = version === 4 ? [hex('0006'), size.subarray(2)] : [size, hex('00000006')];
  const signature = md5(addresses, ...pseudo, header, data, Buffer.from(secret));
  signature[15]! ^= change;
  const tcp = Buffer.concat([header, hex('1312'), signature, hex('0101'), data]);
  const ip =
    version === 4
      ? Buffer.concat([
          hex('4500'),
          Buffer.from([(length + 20) >> 8, (length + 20) & 255]),
          hex('0001 0000 4006 0000'),
          addresses,
        ])
      : Buffer.concat([hex('60000000'), size.subarray(2), hex('0640'), addresses]);
  return Buffer.concat([ip, tcp]);
}

test('signatures are valid, invalid, or cannot be checked', (t) => {
  const packets = ([4, 6] as const).flatMap((version) =>
    ['', 'x', 'a longer one '.repeat(60)].flatMap((payload) => [
      segment(version, payload, SECRET),
      segment(version, payload, SECRET, 1),
      segment(version, payload, 'another'),
    ]),
  );
  const file = Buffer.alloc(24);
  file.writeUInt32LE(0xa1b2c3d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(262_144, 16);
  file.writeUInt32LE(101, 20);
  const cut = packets[6]!.subarray(0, 200);
  const records = [...packets, cut].map((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet === cut ? packets[6]!.length : packet.length, 12);
    return Buffer.concat([record, packet]);
  });
  const folder = mkdtempSync(join(tmpdir(), 'weir-signature-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'signed.pcap');
  writeFileSync(path, Buffer.concat([file, ...records]));

  const words = ['-M', SECRET, '-nKtr', path];
  const { stdout } = spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
  const found = [...stdout.matchAll(/md5 +(valid|\(invalid\)|snaplen too short, can't check)/g)].map(
    ([, what]) => what!,
  );
  const three = ['valid', '(invalid)', '(invalid)'];
  t.deepEqual(found, [...packets.map((_, at) => three[at % 3]!), "snaplen too short, can't check"]);
  const theirs = spawnSync('tcpdump', words, { encoding: 'utf8' });
  if (theirs.error === undefined && !/not supported/.test(theirs.stderr)) t.is(stdout, theirs.stdout);
});
