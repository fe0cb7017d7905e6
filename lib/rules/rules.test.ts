/** Rules in one pass beside the same filters one by one, over sample captures, cut packets among them. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compile, Filter, readyMadeFilters } from '../filter/index.js';
import { CaptureError, type Packet, readCapture, type Select } from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import { FilterError } from '../source.js';
import { longCapture } from '../testing/longCapture.js';
import { generator } from '../testing/random.js';
import { dataPath, fullRun, projectRoot, vectors } from '../testing/vectors.js';
import { compileRules, RuleError, RuleSet, rulesAccelerator } from './index.js';

/** Expressions of the shapes that rule lists have, with addresses and ports that some sample captures hold. */
function listOf(length: number): string[] {
  const random = generator(0x51);
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
  const address = () =>
    pick(['192.0.2.10', '198.51.100.20', '192.0.2.1', `10.0.${random(4)}.${random(256)}`]);
  const port = () => pick([80, 443, 53, 22, 123, random(65536)]);
  const direction = () => pick(['src ', 'dst ', '']);
  const shapes = [
    () => `${direction()}host ${address()}`,
    () => `${direction()}net 192.0.${random(8)}.0/${22 + random(9)}`,
    () => `${pick(['tcp ', 'udp ', ''])}${direction()}port ${port()}`,
    () => `tcp portrange ${port()}-${port()} and ${direction()}host ${address()}`,
    () => `host ${address()} and not port ${port()}`,
    () => `ip6 host 2001:db8::${random(256).toString(16)} or host ${address()}`,
    () => `${pick(['ip', 'ip6', 'arp', 'tcp', 'udp', 'icmp'])} and greater ${random(1500)}`,
    () => `port ${port()} or port ${port()} or src net 10.0.0.0/9`,
    () => `vlan ${random(8)} and host ${address()}`,
    () => `tcp[13] & ${1 << random(6)} != 0 and dst port ${port()}`,
    () => `ip[8] < ${random(256)} and not (tcp or udp)`,
    () => `ether host 02:00:00:00:00:0${random(8)}`,
    () => `not ${pick(['ip', 'ip6', 'arp', 'port 80'])}`,
    () => `ip protochain ${pick([6, 17])}`,
  ];
  return Array.from({ length }, (_, at) => shapes[at % shapes.length]!());
}

/** Packets of a capture as far as it can be read, and cut after so many bytes. */
async function packetsOf(path: string, most: number): Promise<Packet[]> {
  const packets: Packet[] = [];
  try {
    for await (const packet of await openSavefile(path)) {
      packets.push(packet.copy());
      const cut = packet.copy();
      cut.data = cut.data.subarray(0, (packets.length * 7) % 70);
      packets.push(cut);
      if (packets.length >= most) break;
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return packets;
}

/** Those that have a meaning on the link type. */
const meaning = (filters: readonly Filter[], packet: Packet): Filter[] =>
  filters.filter((filter) => {
    try {
      filter.for(packet.interface);
      return true;
    } catch (error) {
      if (error instanceof FilterError) return false;
      throw error;
    }
  });

test("each rule's verdict is its filter's own", async (t) => {
  const folder = join(projectRoot, 'captures');
  const own = readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name));
  const shared = vectors<{ file: string }>(t, 'captures/index.jsonl', 6)
    .filter((_, place) => !fullRun || place % 10 === 0)
    .map(({ file }) => dataPath(t, `captures/${file}`)!);
  const corpus = dataPath(t, 'captures/filters.txt');
  const expressions = [
    ...listOf(fullRun ? 300 : 14),
    ...readyMadeFilters()
      .filter((_, at) => fullRun || at % 5 === 0)
      .map(({ expression }) => expression),
    ...(corpus === undefined || !fullRun ? [] : readFileSync(corpus, 'utf8').split('\n').filter(Boolean)),
  ];
  const filters = expressions.flatMap((expression) => {
    try {
      return [compile(expression)];
    } catch {
      return [];
    }
  });
  const sets = new Map<number, { set: RuleSet; filters: Filter[] }>();
  let matches = 0;
  for (const path of [
    ...own.filter((_, at) => fullRun || at % 6 === 0).map((name) => join(folder, name)),
    ...shared,
  ]) {
    const packets = await packetsOf(path, fullRun ? 400 : 24);
    for (const packet of packets) {
      const { linkType } = packet.interface;
      let known = sets.get(linkType);
      if (known === undefined) {
        const some = meaning(filters, packet);
        known = { filters: some, set: new RuleSet(some.map((filter, at) => ({ name: `${at}`, filter }))) };
        sets.set(linkType, known);
      }
      const expected = known.filters.flatMap((filter, at) => (filter.matches(packet) ? [at] : []));
      const found = known.set.matching(packet);
      matches += found.length;
      t.deepEqual(found, expected, `${path} on link type ${linkType}`);
      t.is(known.set.first(packet), expected[0] ?? -1);
    }
  }
  t.true(matches > 100);
});

test('of many rules few programs run', async (t) => {
  let runs = 0;
  const loader = {
    load: () => () => {
      runs++;
      return 0;
    },
  };
  const expressions = Array.from({ length: fullRun ? 500 : 120 }, (_, at) =>
    at % 2 === 0
      ? `host 10.1.${at >> 8}.${at & 255}`
      : `ip6 host 2001:db8::${at.toString(16)} or tcp port ${at - 1}`,
  );
  const set = new RuleSet(
    expressions.map((expression) => ({ name: expression, filter: new Filter(expression, {}, loader) })),
  );
  const packets = await packetsOf(join(projectRoot, 'captures/http.pcap'), 60);
  for (const packet of packets) set.matching(packet);
  t.true(runs > 0);
  t.true(runs < 4 * packets.length, `${runs} programs ran for ${packets.length} packets`);
});

test('a rule that is wrong is named', (t) => {
  const rules = [
    { name: 'a', expression: 'tcp' },
    { name: 'b', expression: 'tcp prot 80' },
  ];
  const error = t.throws(() => compileRules(rules), { instanceOf: RuleError })!;
  t.is(error.rule, 1);
  t.true(error.cause instanceof FilterError);
  t.throws(() => compileRules([]).matching(new Uint8Array(9) as never), { instanceOf: TypeError });
});

test('packets that are passed over concern no rule', async (t) => {
  const bytes = longCapture(500_000);
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
  };
  const open = (source: Found, set: RuleSet, isFast: boolean) => {
    const select: Select = (of) => {
      const rules = set.for(of);
      return (...packet) => {
        const times = rules.find(...packet);
        source.asked++;
        if (times > 0) source.lines.push(rules.found.subarray(0, times).join());
        return times;
      };
    };
    return { select, accelerator: isFast ? { ...rulesAccelerator(set), worthFrom: 0 } : undefined };
  };
  const rare = ['host 192.0.2.77', 'tcp port 9999', 'udp dst port 77 and src net 10.0.0.0/8', 'port 4444'];
  for (const expressions of [rare, ...(fullRun ? [2, 30, 300] : [40]).map(listOf)]) {
    const meant = expressions.filter(isExpression);
    const rules = meant.map((expression, at) => ({ name: `${at}`, expression }));
    const [slow, fast] = [false, true].map(() => ({ asked: 0, lines: [] as string[] })) as [Found, Found];
    const matched: number[] = [];
    for (const [found, isFast] of [
      [slow, false],
      [fast, true],
    ] as const) {
      const kept: Buffer[] = [];
      const sink = {
        write: (from: Uint8Array, start: number, end: number) =>
          void kept.push(Buffer.from(from.subarray(start, end))),
      };
      const capture = await readCapture(chunks());
      await capture.scan({ ...open(found, compileRules(rules), isFast), sink });
      found.lines.push(
        `${capture.packetsRead} ${createHash('sha256').update(Buffer.concat(kept)).digest('hex')}`,
      );
      matched.push(capture.packetsMatched);
    }
    t.is(fast.lines.join('\n'), slow.lines.join('\n'));
    t.is(matched[0], matched[1]);
    if (expressions === rare) t.true(fast.asked < slow.asked, `${fast.asked} of ${slow.asked} asked`);
  }
});

const isExpression = (text: string): boolean => {
  try {
    return compile(text) !== undefined;
  } catch {
    return false;
  }
};

interface Found {
  asked: number;
  readonly lines: string[];
}
