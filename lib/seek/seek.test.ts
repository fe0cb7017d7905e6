/** Captures read by their indexes beside plain scans: the same packets, bytes and errors, whatever became of the index. */

import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { compile, type Filter, readyMadeFilters, selectionOf } from '../filter/index.js';
import { CaptureError } from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import { generator } from '../testing/random.js';
import { dataPath, fullRun, projectRoot, vectors } from '../testing/vectors.js';
import { buildIndex, indexPathOf, openIndex, SeekIndex, seekSource, type TimeWindow } from './index.js';

const EXPRESSIONS = [
  'host 192.0.2.10',
  'src host 198.51.100.20 and tcp',
  'net 192.0.2.0/24 and not port 80',
  'net 10.0.0.0/9',
  'port 53',
  'tcp portrange 79-81',
  'portrange 1000-60000',
  'ip6 host 2001:db8::1 or ip6 net 2001:db8::/32',
  'icmp or icmp6 or arp',
  'not ip',
  'vlan',
  'vlan and host 192.0.2.10',
  'vlan and vlan',
  'vlan 7',
  'vlan 100 and vlan 200',
  'tcp[13] & 2 != 0',
  'tcp[13] & 3 == 2',
  'tcp[13] = 2',
  'pppoes',
  'ether host 02:00:00:00:00:01',
  'greater 500',
  'ip[6:2] & 0x1fff != 0',
  'ip protochain 6',
  'udp port 4789 or tcp port 443',
  'dst host 192.0.2.10 or port 22',
  'host 192.0.2.10 and host 198.51.100.20 and port 80 and port 32836',
  'ip6 host 2001:db8::1 and ip6 host 2001:db8::2 and tcp',
  Array.from({ length: 60 }, (_, at) => `host 192.0.2.${at}`).join(' or '),
];

interface Outcome {
  readonly matched: number;
  readonly error: string;
  readonly bytes: string;
}

async function outcome(
  path: string,
  filter: Filter,
  index?: SeekIndex,
): Promise<Outcome & { readonly taken: number }> {
  await using capture = await openSavefile(path);
  const pieces: Buffer[] = [];
  const sink = {
    write: (bytes: Uint8Array, start: number, end: number) =>
      void pieces.push(Buffer.from(bytes.slice(start, end))),
  };
  const stretches = index?.stretches(filter, undefined);
  const source = stretches && index!.directory.chunks.length > 0 ? seekSource(path, stretches) : undefined;
  if (source !== undefined && (await capture.readUntilPacket()) !== undefined) capture.continueWith(source);
  let error = '';
  try {
    await capture.scan({ ...selectionOf(filter), sink });
  } catch (thrown) {
    error = `${thrown}`;
  }
  const { packetsMatched: matched } = capture;
  return { matched, error, bytes: Buffer.concat(pieces).toString('latin1'), taken: source?.bytesTaken ?? 0 };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-seek-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const opened = (path: string): SeekIndex | undefined => {
  const index = openIndex(path);
  return index instanceof SeekIndex ? index : undefined;
};

test('what matches is found, in blocks of any size', (t) =>
  inFolder(async (folder) => {
    const own = [
      'http.pcapng',
      'vlan.pcap',
      'any.pcap',
      'mixed.pcapng',
      'http6.pcap',
      'http-cut.pcap',
      'qinq.pcap',
      'http-big-endian.pcap',
      'raw-ip.pcap',
      'arp.pcap',
    ];
    const shared = vectors<{ file: string }>(t, 'captures/index.jsonl', 2)
      .filter((_, place) => !fullRun || place % 3 === 0)
      .map(({ file }) => dataPath(t, `captures/${file}`)!);
    const more = fullRun
      ? readyMadeFilters().flatMap(({ expression }) => (expression.includes('$') ? [] : [expression]))
      : [];
    const filters = [...EXPRESSIONS, ...more].map((expression) => compile(expression));
    let [indexed, saved] = [0, 0];
    for (const original of [
      ...own.slice(0, fullRun ? 99 : 3).map((name) => join(projectRoot, 'captures', name)),
      ...shared,
    ]) {
      const path = join(folder, 'capture');
      copyFileSync(original, path);
      try {
        await buildIndex(path, fullRun ? 300 : 1);
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
        continue;
      }
      const index = opened(path)!;
      for (const filter of filters) {
        const { taken: _, ...plain } = await outcome(path, filter);
        const { taken, ...found } = await outcome(path, filter, index);
        t.deepEqual(found, plain, `${original} ${filter.expression}`);
        indexed++;
        if (taken < index.directory.identity.size / 2) saved++;
      }
      index.close();
    }
    t.true(saved > indexed / 4, `${saved} of ${indexed} read less than half`);
  }));

test('an index that is made fast is the one that is made field by field', (t) =>
  inFolder(async (folder) => {
    const path = join(folder, 'capture');
    const shared = vectors<{ file: string }>(t, 'captures/index.jsonl', 6).filter(
      (_, place) => !fullRun || place % 5 === 0,
    );
    const own = [
      'http.pcapng',
      'http-big-endian.pcap',
      'vlan.pcap',
      'any.pcap',
      'http6.pcap',
      'raw-ip.pcap',
      'transfer.pcap',
    ];
    const made = async (isPlain: boolean) => {
      await buildIndex(path, 700, isPlain);
      return readFileSync(indexPathOf(path));
    };
    for (const original of [
      ...own.map((name) => join(projectRoot, 'captures', name)),
      ...shared.map(({ file }) => dataPath(t, `captures/${file}`)!),
    ]) {
      copyFileSync(original, path);
      try {
        t.true((await made(true)).equals(await made(false)), original);
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
      }
    }
  }));

test('a needle is found among few bytes', (t) =>
  inFolder(async (folder) => {
    const path = join(folder, 'capture');
    const bytes = readFileSync(join(projectRoot, 'captures/transfer.pcap'));
    const needle = readFileSync(join(projectRoot, 'captures/dns.pcap')).subarray(24);
    const hay = Buffer.concat(Array(fullRun ? 8000 : 600).fill(bytes.subarray(24)));
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 24), hay, needle, hay]));
    const { bytes: size } = await buildIndex(path);
    const index = opened(path)!;
    const filter = compile('port 53');
    const [plain, found] = [await outcome(path, filter), await outcome(path, filter, index)];
    t.deepEqual({ ...found, taken: 0 }, plain);
    t.true(found.matched > 0);
    t.true(found.taken < 0.02 * 2 * hay.length, `${found.taken} bytes read`);
    t.true(size < (fullRun ? 0.03 : 0.035) * 2 * hay.length, `an index of ${size} bytes`);
    const always: TimeWindow = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
    const none = [...index.stretches(undefined, { ...always, since: 4e9 })!];
    t.deepEqual(none, [{ from: index.directory.chunks.at(-1)!.end, to: Number.POSITIVE_INFINITY }]);
    t.is(index.stretches(compile('greater 1'), undefined), undefined, 'what an index tells nothing of');
    index.close();
  }));

test('damage of an index changes nothing', (t) =>
  inFolder(async (folder) => {
    const path = join(folder, 'capture');
    copyFileSync(join(projectRoot, 'captures/http.pcap'), path);
    await buildIndex(path, 300);
    const whole = readFileSync(indexPathOf(path));
    const filters = ['host 192.0.2.10', 'tcp port 80', 'udp'].map((expression) => compile(expression));
    const plain = await Promise.all(filters.map((filter) => outcome(path, filter)));
    const random = generator(0x1d);
    for (let round = 0; round < (fullRun ? 400 : 30); round++) {
      const damaged = Buffer.from(whole);
      for (let count = 0; count <= random(40); count++) damaged[random(damaged.length)]! ^= 1 << random(8);
      writeFileSync(
        indexPathOf(path),
        round % 3 === 0 ? damaged.subarray(0, random(damaged.length)) : damaged,
      );
      const index = opened(path);
      const place = round % filters.length;
      const found = await outcome(path, filters[place]!, index);
      t.deepEqual({ ...found, taken: 0 }, plain[place]);
      index?.close();
    }
  }));

test('an index of what a capture was before is told from its own', (t) =>
  inFolder(async (folder) => {
    const path = join(folder, 'capture');
    t.is(openIndex(path), undefined);
    copyFileSync(join(projectRoot, 'captures/http.pcap'), path);
    await buildIndex(path);
    const index = opened(path);
    t.truthy(index);
    index?.close();
    const stale = { reason: 'of another capture, or of what this one was before' };
    utimesSync(path, 1, 1);
    t.deepEqual(openIndex(path), stale);
    await buildIndex(path);
    appendFileSync(path, 'more');
    t.deepEqual(openIndex(path), stale);
    truncateSync(indexPathOf(path), 100);
    t.deepEqual(openIndex(path), { reason: 'damaged, or of another version' });
  }));
