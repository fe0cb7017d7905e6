/** Captures in segments beside one plain scan: the same bytes, counts and errors, wherever a file is entered. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { generator } from '../testing/random.js';
import { dataPath, fullRun, projectRoot, vectors } from '../testing/vectors.js';
import { PcapEncoder, PcapngEncoder, type Select, type Sink } from './index.js';
import { firstPacketOf, joinedSource, openSavefile, SegmentWalker, type WalkSegment } from './node.js';
import { Packet } from './packet.js';

/** Keeps what a test of some bytes takes; every packet of an even length. */
const select: Select = () => (_, __, capturedLength) => (capturedLength & 2) >> 1;

class Gathered implements Sink {
  readonly pieces: Uint8Array[] = [];
  write(bytes: Uint8Array, start: number, end: number): void {
    this.pieces.push(bytes.slice(start, end));
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

interface Outcome {
  readonly matched: number;
  readonly packets: number;
  readonly error: string;
  readonly bytes: string;
}

interface Segmented {
  readonly segmentSize: number;
  /** Whether what matches is handed on; else it is counted. */
  readonly keeps: boolean;
  readonly told?: (isProved: boolean) => void;
}

async function outcome(path: string, limit: number | undefined, segmented?: Segmented): Promise<Outcome> {
  const gathered = new Gathered();
  await using capture = await openSavefile(path);
  const sink = segmented?.keeps === false ? undefined : gathered;
  const walkers: SegmentWalker[] = [];
  if (segmented !== undefined) {
    const first = await firstPacketOf(capture);
    if (first !== undefined) {
      const { keeps, segmentSize, told } = segmented;
      let walker: SegmentWalker | undefined;
      const walk: WalkSegment = async (segment) => {
        if (walker === undefined) walkers.push((walker = (await SegmentWalker.open(path))!));
        const kept = keeps ? new Gathered() : undefined;
        const walked = await walker.walk(segment, { select }, kept);
        if (!walked.isPlain) walker = undefined;
        told?.(walked.isPlain);
        return { ...walked, kept: kept?.bytes };
      };
      const size = statSync(path).size;
      // One at a time: a walker is for one walk.
      let last: Promise<unknown> = Promise.resolve();
      const inTurn: WalkSegment = (segment) => {
        const walked = last.then(() => walk(segment));
        last = walked.catch(() => {});
        return walked;
      };
      capture.continueWith(joinedSource(path, { walk: inTurn, first, size, segmentSize, ahead: 3 }));
    }
  }
  let error = '';
  try {
    await capture.scan({ select, sink, limit });
  } catch (thrown) {
    error = `${thrown}`;
  }
  for (const walker of walkers) await walker[Symbol.asyncDispose]();
  const { packetsMatched: matched } = capture;
  // Up to a limit, segments have been gone through further.
  const packets = limit === undefined ? capture.packetsRead : 0;
  return { matched, packets, error, bytes: sink === undefined ? '' : gathered.bytes.toString('latin1') };
}

test('captures of all kinds in segments of all sizes', async (t) => {
  const folder = join(projectRoot, 'captures');
  const own = readdirSync(folder).filter((name) => /\.pcap/.test(name));
  const shared = vectors<{ file: string }>(t, 'captures/index.jsonl', 12).map(
    ({ file }) => dataPath(t, `captures/${file}`)!,
  );
  const paths = [
    ...own.filter((_, at) => fullRun || at % 5 === 0).map((name) => join(folder, name)),
    ...shared,
  ];
  let proved = 0;
  for (const path of paths) {
    for (const [limit, keeps] of [
      [undefined, true],
      [undefined, false],
      [3, true],
    ] as const) {
      let plain: Outcome;
      try {
        plain = await outcome(path, limit);
      } catch {
        continue;
      }
      for (const segmentSize of fullRun ? [250, 7777] : [1000]) {
        const told = (isProved: boolean) => void (isProved && proved++);
        const parted = await outcome(path, limit, { segmentSize, keeps, told });
        t.deepEqual(parted, keeps ? plain : { ...plain, bytes: '' }, `${path} in segments of ${segmentSize}`);
      }
    }
  }
  t.true(proved > 2 * paths.length, `${proved} segments of ${paths.length} captures`);
});

/** Entries into the middle of captures that hold captures. */
const ENTRIES = Number(process.env.WEIR_ENTRIES ?? (fullRun ? 20_000 : 300));

/**
 * A capture of packets that look like captures: whole ones within, as they are or in pieces behind TCP headers, zeros, ones,
 * and what is near a record's header.
 */
function deceptive(packets: number, form: 'pcap' | 'pcapng' = 'pcap', bigEndian = false): Uint8Array {
  const random = generator(0x77);
  const inner = readFileSync(join(projectRoot, 'captures/http.pcap'));
  const header = inner.subarray(40, 40 + 54);
  const source = { linkType: 1, snapLength: 262_144, timestampUnit: 1e-6 };
  const begin = () => {
    const encoder =
      form === 'pcapng' ? new PcapngEncoder() : new PcapEncoder({ ...source, nanoseconds: false, bigEndian });
    encoder.start();
    return encoder;
  };
  const encoder = begin();
  const write = (into: typeof encoder, data: Uint8Array, number: number) =>
    into.write(new Packet(Uint8Array.from(data), data.length, 1_700_000_000 + number, 0, source));
  // A capture of the same kind, longer than any chain that a guess is made from.
  const within = begin();
  for (let number = 0; number < 300; number++) write(within, inner.subarray(number, number + 650), number);
  const chain = within.take().slice();
  let sent = 0;
  for (let number = 0; number < packets; number++) {
    const kind = random(6);
    const length = 1 + random(kind === 0 ? 4000 : 400);
    const from = random(inner.length - length);
    let data: Uint8Array;
    if (kind < 2) data = inner.subarray(from, from + length);
    else if (kind === 2) data = new Uint8Array(length).fill(random(2) === 0 ? 0 : 0xff);
    else if (kind === 3 && random(40) === 0) data = chain.subarray(4 * random(250));
    else {
      // A capture on its way, in pieces that follow each other.
      data = Buffer.concat([header, chain.subarray(sent, sent + 1400)]);
      sent = (sent + 1400) % (chain.length - 1400);
    }
    write(encoder, data, number);
  }
  return encoder.take().slice();
}

test('captures that hold captures are cut where records begin', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-segments-'));
  const path = join(folder, 'deceptive.pcap');
  try {
    writeFileSync(path, deceptive(fullRun ? 1200 : 300));
    const plain = await outcome(path, undefined);
    for (const segmentSize of fullRun ? [64, 300, 1111, 40_000] : [300, 5000])
      t.deepEqual(await outcome(path, undefined, { segmentSize, keeps: true }), plain, `${segmentSize}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('whoever enters a capture that holds captures is joined where a record begins, or not at all', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-entries-'));
  const path = join(folder, 'deceptive');
  const random = generator(Number(process.env.WEIR_SEED ?? 0x17));
  const forms = [
    ['pcap', false],
    ['pcapng', false],
    ['pcap', true],
  ] as const;
  const told = { joined: 0, 'guessed wrong': 0, 'found none': 0 };
  try {
    for (const [form, bigEndian] of forms) {
      writeFileSync(path, deceptive(fullRun ? 4000 : 800, form, bigEndian));
      const ends: number[] = [];
      const matches: number[] = [];
      await using whole = await openSavefile(path);
      await whole.scan({
        select: (_, time) => (__, ___, capturedLength) => {
          ends.push(time.end);
          matches.push((matches.at(-1) ?? 0) + ((capturedLength & 2) >> 1));
          return 0;
        },
      });
      const size = statSync(path).size;
      let walker = (await SegmentWalker.open(path))!;
      for (let entry = 0; entry < ENTRIES / forms.length; entry++) {
        const from = walker.first + 1 + random(size - walker.first - 1);
        const to = Math.min(size, from + 1 + random(20_000));
        const { start, end, packets, matched, isPlain } = await walker.walk(
          { from, to, isExact: false },
          { select },
        );
        const before = lowerBound(ends, from);
        // Where the one before it ends: what a join asks for.
        if (start < 0) told['found none']++;
        else if (start !== ends[before]) told['guessed wrong']++;
        else {
          told.joined++;
          const last = lowerBound(ends, to);
          const truth =
            start >= to ? [start, 0, 0] : [ends[last], last - before, matches[last]! - matches[before]!];
          if (!isPlain || end !== truth[0] || packets !== truth[1] || matched !== truth[2])
            t.fail(`${form}: entered at ${from}, from ${start} to ${end} instead of ${truth[0]}`);
        }
        if (!isPlain) walker = (await SegmentWalker.open(path))!;
      }
    }
    t.log(told);
    t.true(told.joined > ENTRIES / 2 && told['guessed wrong'] > 0, JSON.stringify(told));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The first of ascending numbers that is not below a value. */
function lowerBound(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
