/** Flows beside Wireshark's streams, and what is selected by flow. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import { compile, selectionOf } from '../filter/index.js';
import {
  CaptureError,
  type CaptureInterface,
  Packet,
  packetSelector,
  readCapture,
} from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import { longCapture } from '../testing/longCapture.js';
import { dataPath, fullRun, projectRoot, Tally, vectors } from '../testing/vectors.js';
import { FlowKey, FlowTable, FlowTracker, MatchedFlows, NO_FLOW } from './index.js';

const [TCP, UDP] = [6, 17];
const FOREVER = {
  tcpTimeout: Number.POSITIVE_INFINITY,
  timeout: Number.POSITIVE_INFINITY,
  grace: Number.POSITIVE_INFINITY,
};
/** Of the full run's captures one in so many: each needs a tshark. */
const EVERY = 12;

interface Seen {
  readonly flow: number;
  readonly protocol: number;
  readonly isFragment: boolean;
}

async function flowsOf(path: string): Promise<Seen[]> {
  const table = new FlowTable(FOREVER);
  const key = new FlowKey();
  const seen: Seen[] = [];
  try {
    for await (const { interface: source, data, seconds } of await openSavefile(path)) {
      const flow = key.read(source.linkType, data, 0, data.length) ? table.numberOf(key, seconds) : NO_FLOW;
      seen.push({ flow, protocol: key.protocol, isFragment: key.fragment !== undefined });
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return seen;
}

/** One column of the streams of each frame; what it is in tunnels and errors of ICMP has commas. */
function streamsOf(path: string): string[][] {
  const fields = ['tcp.stream', 'udp.stream', 'frame.protocols'].flatMap((field) => ['-e', field]);
  const { stdout } = spawnSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => line.split('\t'));
}

test("flows are Wireshark's streams", async (t) => {
  if (spawnSync('tshark', ['--version']).status !== 0) return void t.pass('tshark is not installed');
  const tally = new Tally("flows: beside tshark's tcp.stream and udp.stream");
  const paths = vectors<{ file: string }>(t, 'captures/index.jsonl', 3)
    .filter((_, place) => !fullRun || place % EVERY === 0)
    .map(({ file }) => dataPath(t, `captures/${file}`)!);
  for (const path of paths) {
    const ours = await flowsOf(path);
    const [there, back] = [new Map<string, number>(), new Map<number, string>()];
    for (const [at, [tcp = '', udp = '', protocols = '']] of streamsOf(path).entries()) {
      const packet = ours[at];
      if (packet === undefined) continue;
      const stream = tcp === '' ? udp && `udp ${udp}` : `tcp ${tcp}`;
      if (stream === '') continue;
      if (stream.includes(',') || protocols.includes('icmp'))
        tally.leaveOut('of several, or within errors of ICMP');
      else if (packet.flow === NO_FLOW) tally.leaveOut('on link types without flows');
      else if (packet.protocol !== TCP && packet.protocol !== UDP)
        tally.leaveOut('within tunnels: flows are of the outer header');
      else if (packet.isFragment) tally.leaveOut('of fragments: Wireshark counts them with the last');
      else {
        if (!there.has(stream) && !back.has(packet.flow)) {
          there.set(stream, packet.flow);
          back.set(packet.flow, stream);
        }
        const isSame = there.get(stream) === packet.flow && back.get(packet.flow) === stream;
        tally.check(isSame, () => `${path}, frame ${at + 1}: ${stream} and flow ${packet.flow}`);
      }
    }
  }
  tally.finish(t);
});

/** IPv4 and UDP on link type RAW, from and to a port of 10.0.0.1 and 10.0.0.2. */
function datagram(from: number, to: number, seconds: number): Packet {
  const bytes = new Uint8Array(28);
  bytes.set([
    0x45,
    0,
    0,
    28,
    0,
    0,
    0,
    0,
    64,
    UDP,
    0,
    0,
    10,
    0,
    0,
    from < to ? 1 : 2,
    10,
    0,
    0,
    from < to ? 2 : 1,
  ]);
  bytes.set([from >> 8, from & 255, to >> 8, to & 255, 0, 8, 0, 0], 20);
  const source: CaptureInterface = { linkType: 101, snapLength: 100, timestampUnit: 1e-6 };
  return new Packet(bytes, bytes.length, seconds, 0, source);
}

test('flows that are idle end, and those not used of late give way', (t) => {
  const key = new FlowKey();
  const numbers = (table: FlowTable, packets: readonly Packet[]) =>
    packets.map(({ data, seconds }) => {
      t.true(key.read(101, data, 0, data.length));
      return table.numberOf(key, seconds);
    });
  const table = new FlowTable({ timeout: 10 });
  t.deepEqual(
    numbers(table, [datagram(1, 2, 0), datagram(2, 1, 9), datagram(1, 2, 20), datagram(1, 3, 20)]),
    [0, 0, 1, 2],
  );
  t.is(table.forgotten, 0);
  const small = new FlowTable({ maxFlows: 2 });
  const some = [
    datagram(1, 2, 0),
    datagram(1, 3, 0),
    datagram(2, 1, 0),
    datagram(1, 4, 0),
    datagram(1, 2, 0),
    datagram(1, 3, 0),
  ];
  t.deepEqual(numbers(small, some), [0, 1, 0, 2, 0, 3]);
  t.is(small.forgotten, 2);
});

test('tables of any size give the numbers of a map', (t) => {
  const key = new FlowKey();
  const table = new FlowTable({ maxFlows: 5000 });
  const known = new Map<string, number>();
  for (let at = 0, state = 1; at < 20_000; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const [from, to] = [(state >>> 8) % 61, 100 + ((state >>> 16) % 71)];
    const { data } = at % 2 === 0 ? datagram(from, to, 0) : datagram(to, from, 0);
    key.read(101, data, 0, data.length);
    const name = `${from} ${to}`;
    if (!known.has(name)) known.set(name, known.size);
    t.is(table.numberOf(key, 0), known.get(name)!);
  }
});

test('whole flows, from the match on, and their beginnings', async (t) => {
  const path = join(projectRoot, 'captures/http.pcap');
  const flags = (mask: number) => () => (bytes: Uint8Array, start: number) => bytes[start + 47]! & mask;
  const count = async (select: ReturnType<FlowTracker['beginnings']>) => {
    await using capture = await openSavefile(path);
    await capture.scan({ select });
    return capture.packetsMatched;
  };
  const [SYN, FIN] = [2, 1];
  const found = new MatchedFlows();
  await count(new FlowTracker().search(flags(SYN), found));
  t.is(await count(new FlowTracker().found(flags(SYN), found)), 30, 'three connections of ten packets');
  t.is(await count(new FlowTracker().found(flags(SYN), new MatchedFlows())), 0);
  t.is(await count(new FlowTracker({ first: { packets: 4 } }).beginnings()), 12);
  t.is(await count(new FlowTracker({ first: { bytes: 1 } }).beginnings()), 3);
  // tshark: of each stream the frames from the first with a FIN on.
  t.is(await count(new FlowTracker().fromMatch(flags(FIN))), 9);
  await using capture = await openSavefile(path);
  const wants = packetSelector(new FlowTracker().fromMatch(flags(FIN)));
  let wanted = 0;
  for await (const batch of capture.batches()) for (const packet of batch) if (wants(packet)) wanted++;
  t.is(wanted, 9, 'packet by packet, as of a device');
});

test('many packets at once are selected as one by one', async (t) => {
  const bytes = longCapture(fullRun ? 2_000_000 : 150_000);
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
  };
  const { select: port } = selectionOf(compile('port 80 or udp'));
  for (const [name, selection] of Object.entries({
    after: () => new FlowTracker({ grace: 1, tcpTimeout: 700 }).fromMatch(port!),
    few: () => new FlowTracker({ maxFlows: 20 }).fromMatch(port!),
    first: () => new FlowTracker({ first: { packets: 3 }, timeout: 100, maxFlows: 100 }).beginnings(),
    bytes: () => new FlowTracker({ first: { bytes: 900 } }).beginnings(port),
  })) {
    for (const limit of [undefined, 100]) {
      const outcomes: unknown[] = [];
      for (const isFast of [false, true]) {
        const hash = createHash('sha256');
        const select = selection();
        const capture = await readCapture(chunks());
        await capture.scan({
          select,
          accelerator: isFast ? { ...select.accelerator, worthFrom: 0 } : undefined,
          limit,
          sink: { write: (from, start, end) => void hash.update(from.subarray(start, end)) },
        });
        const { packetsRead, packetsMatched } = capture;
        outcomes.push({ packetsRead, packetsMatched, bytes: hash.digest('hex') });
      }
      t.deepEqual(outcomes[1], outcomes[0], `${name} ${limit}`);
    }
  }
});
