/**
 * The decompressors against the programs that compress: every frame format they can make, damage and
 * cuts. Skips what is not installed.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import test from 'ava';
import { generator } from '../testing/random.js';
import { projectRoot } from '../testing/vectors.js';
import { decompress } from './compression.js';
import type { CaptureError } from './error.js';
import { openSavefile } from './file.js';
import { XxHash32 } from './xxhash.js';

/** Compressible, of every length of match and literals. */
const TEXT = Buffer.concat(
  Array.from({ length: 9000 }, (_, i) => {
    const noise = createHash('md5').update(`${i}`).digest();
    return Buffer.concat([
      noise.subarray(0, i % 17),
      Buffer.alloc(i % 300, i),
      Buffer.from(`packet ${i % 100}`),
    ]);
  }),
);

/** Made once per command; `undefined` where the program is missing. */
function compress(command: readonly string[], input: Uint8Array): Buffer | undefined {
  const { stdout, status } = spawnSync(command[0]!, command.slice(1), { input, maxBuffer: 1 << 28 });
  return status === 0 ? stdout : undefined;
}

async function* chunked(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.slice(at, at + size);
}

async function unpack(
  compression: 'gzip' | 'zstd' | 'lz4',
  file: Uint8Array,
  size = 1000,
): Promise<{ bytes: Buffer; error?: CaptureError }> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of decompress(compression, chunked(file, size))) pieces.push(Buffer.from(piece));
    return { bytes: Buffer.concat(pieces) };
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error: error as CaptureError };
  }
}

const unpacks = test.macro({
  title: (_, compression: string, ...command: string[]) => `${compression} reads ${command.join(' ')}`,
  async exec(t, compression: 'gzip' | 'zstd' | 'lz4', ...command: string[]) {
    for (const input of [TEXT, TEXT.subarray(0, 70_000), TEXT.subarray(0, 5), TEXT.subarray(0, 0)]) {
      const file = compress(command, input);
      if (file === undefined) {
        t.log(`skipped: ${command[0]} is not installed`);
        return t.pass();
      }
      const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
      const twice = Buffer.concat(compression === 'gzip' ? [file, file] : [file, skippable, file]);
      const { bytes, error } = await unpack(compression, twice);
      t.is(error, undefined);
      t.true(bytes.equals(Buffer.concat([input, input])));
    }
  },
});
test(unpacks, 'gzip', 'gzip', '-1');
test(unpacks, 'gzip', 'gzip', '-9');
test(unpacks, 'zstd', 'zstd', '-1');
test(unpacks, 'zstd', 'zstd', '-19', '--no-check');
test(unpacks, 'zstd', 'zstd', '-9', '--long=24');
test(unpacks, 'lz4', 'lz4', '-1');
test(unpacks, 'lz4', 'lz4', '-9', '-B4', '-BD');
test(unpacks, 'lz4', 'lz4', '-9', '-B7', '-BX', '--content-size');
test(unpacks, 'lz4', 'lz4', '-B5', '-BD', '-BX', '--no-frame-crc');

const cut = test.macro({
  title: (_, compression: string) => `${compression}: cut or damaged anywhere, what comes out is a prefix`,
  async exec(t, compression: 'gzip' | 'zstd' | 'lz4', ...command: string[]) {
    const input = TEXT.subarray(0, 9000);
    const file = compress(command, input);
    if (file === undefined) {
      t.log(`skipped: ${command[0]} is not installed`);
      return t.pass();
    }
    for (let length = 1; length < file.length; length += 13) {
      const { bytes, error } = await unpack(compression, file.subarray(0, length));
      t.true(bytes.equals(input.subarray(0, bytes.length)));
      t.is(error?.code, 'truncated', `cut at ${length}`);
    }
    for (let at = 0; at < file.length; at += 7) {
      const damaged = Buffer.from(file);
      damaged[at]! ^= 0x41;
      const { bytes, error } = await unpack(compression, damaged);
      t.true(bytes.length <= 1 << 20);
      if (error !== undefined) t.is(error.name, 'CaptureError');
      // Every lz4 and gzip stream here carries checksums, so that no damage to its data goes unseen.
      else if (compression !== 'zstd') t.true(bytes.equals(input), `damage at ${at} unseen`);
    }
  },
});
test(cut, 'gzip', 'gzip', '-6');
test(cut, 'zstd', 'zstd', '-6');
test(cut, 'lz4', 'lz4', '-6', '-BX');

test('gzip headers with every optional field', async (t) => {
  const [plain, options] = [compress(['gzip', '-n'], TEXT), [0x04, 0x08, 0x10, 0x02, 0x1e]];
  if (plain === undefined) return t.pass();
  for (const flags of options) {
    const extra = (flags & 4) !== 0 ? [3, 0, 1, 2, 3] : [];
    const name = (flags & 8) !== 0 ? [65, 66, 0] : [];
    const comment = (flags & 16) !== 0 ? [0] : [];
    const crc = (flags & 2) !== 0 ? [1, 2] : [];
    const head = Buffer.from(plain.subarray(0, 10));
    head[3] = flags;
    const file = Buffer.concat([
      head,
      Buffer.from([...extra, ...name, ...comment, ...crc]),
      plain.subarray(10),
    ]);
    const { bytes, error } = await unpack('gzip', file);
    t.is(error, undefined);
    t.true(bytes.equals(TEXT));
  }
});

test('a capture is read that begins with a frame to be skipped, as pzstd writes it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-frames-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const plain = readFileSync(join(projectRoot, 'captures/http.pcap'));
  const path = join(folder, 'frames.pcap.zst');
  const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const zst = readFileSync(join(projectRoot, 'captures/http.pcap.zst'));
  const made = compress(['pzstd', '-q', '-c'], plain);
  for (const file of [Buffer.concat([skipped, zst]), ...(made === undefined ? [] : [made])]) {
    writeFileSync(path, file);
    await using capture = await openSavefile(path);
    let packets = 0;
    for await (const batch of capture.batches()) packets += batch.length;
    t.is(packets, 30);
  }
});

test('a zstd window beyond 128 MiB is refused before it is allocated', async (t) => {
  const file = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00]);
  const { error } = await unpack('zstd', file);
  t.regex(error!.message, /^zstd window of \d+ bytes, more than 134217728$/);
});

// The values that `xxhsum -H32` prints; the first is also in the xxHash specification's reference.
const hashes = test.macro({
  title: (_, text: string) => `xxh32 of "${text.slice(0, 20)}"`,
  exec(t, text: string, expected: number) {
    t.is(new XxHash32().update(Buffer.from(text)).digest(), expected);
    const hash = new XxHash32();
    for (const byte of Buffer.from(text)) hash.update(Uint8Array.of(byte));
    t.is(hash.digest(), expected);
  },
});
test(hashes, '', 0x02cc5d05);
test(hashes, 'abc', 0x32d153ff);
test(hashes, 'Nobody inspects the spammish repetition', 0xe2293b2f);

/** As bgzip does it: members of so many bytes of contents, and an empty one. */
function blocked(input: Uint8Array, size: number): Buffer {
  const members: Buffer[] = [];
  for (let at = 0; at <= input.length; at += size) {
    const contents = input.subarray(at, at + size);
    const data = deflateRawSync(contents);
    const member = Buffer.alloc(18 + data.length + 8);
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0]).copy(member);
    member.writeUInt16LE(member.length - 1, 16);
    data.copy(member, 18);
    member.writeUInt32LE(crc32(contents), member.length - 8);
    member.writeUInt32LE(contents.length, member.length - 4);
    members.push(member);
  }
  return Buffer.concat(members);
}

test('blocked gzip, whole and damaged, has the contents and errors of its members one by one', async (t) => {
  const file = blocked(TEXT, 60_000);
  t.true((await unpack('gzip', file, 70_000)).bytes.equals(TEXT));
  const plainly = (bytes: Buffer): Buffer => {
    // Another name of the extra field: nobody knows it.
    const changed = Buffer.from(bytes);
    const name = Buffer.from([6, 0, 0x42, 0x43, 2, 0]);
    for (let at = changed.indexOf(name); at >= 0; at = changed.indexOf(name, at)) changed[at + 2] = 0x58;
    return changed;
  };
  const random = generator(0x62);
  for (let round = 0; round < 40; round++) {
    const damaged = Buffer.from(round % 4 === 0 ? file.subarray(0, random(file.length)) : file);
    for (let count = round % 3; count > 0 && damaged.length > 0; count--)
      damaged[random(damaged.length)]! ^= 1 << random(8);
    const [found, expected] = [
      await unpack('gzip', damaged, 9000),
      await unpack('gzip', plainly(damaged), 9000),
    ];
    t.true(found.bytes.equals(expected.bytes), `round ${round}`);
    t.is(found.error?.message, expected.error?.message, `round ${round}`);
  }
});
