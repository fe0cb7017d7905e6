import { join } from 'node:path';
import test from 'ava';
import { linkTypeOfDlt, parseIpv4 } from '../names/index.js';
import { openSavefile } from '../savefile/node.js';
import { FilterError } from '../source.js';
import { dataPath, Tally, vectors } from '../testing/vectors.js';
import type { CompileOptions } from './index.js';
import { compile as compileFamily, Filter, LinkFilter } from './index.js';

const compile = (expression: string, options: CompileOptions = {}): LinkFilter =>
  compileFamily(expression, options).for(options.linkType ?? 'EN10MB');

/** Ethernet, IPv4, TCP 192.0.2.1:1234 > 192.0.2.2:80, SYN. */
const SYN = Uint8Array.of(
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0],
  ...[0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2],
  ...[4, 210, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0],
);

test('matches, run and explain', (t) => {
  const filter = compile('tcp dst port 80');
  t.true(compileFamily('tcp') instanceof Filter);
  t.true(filter instanceof LinkFilter);
  t.true(filter.matches(SYN));
  t.is(filter.run(SYN), 262144);
  t.is(compile('less 100', { snapLength: 96 }).run(SYN, 1500), 0);
  const { accepted, steps } = filter.explain(SYN);
  t.true(accepted);
  t.true(steps.some(({ words }) => words.includes('80')));
  t.regex(String(filter), /^\(000\) ldh {6}\[12\]\n/);
});

test('every engine gives the same verdict', (t) => {
  for (const engine of ['auto', 'cbpf-interpreter', 'cbpf-js']) {
    t.true(compile('tcp port 80', { engine }).matches(SYN));
    t.false(compile('udp', { engine }).matches(SYN));
  }
  t.throws(() => compile('tcp', { engine: 'steam' }), {
    instanceOf: RangeError,
    message: /no engine 'steam': there are auto, /,
  });
});

test('auto goes on with the compiled program when it is warm', (t) => {
  const filter = compile('tcp port 80', { engine: 'auto' });
  let matched = 0;
  for (let i = 0; i < 5000; i++) if (filter.matches(SYN)) matched++;
  t.is(matched, 5000);
});

test('link types by name, by number, and unknown ones', (t) => {
  t.is(compile('ip', { linkType: 101 }).linkType, 'RAW');
  t.is(compile('ip', { linkType: 'linux_sll2' }).linkType, 'LINUX_SLL2');
  t.throws(() => compile('ip', { linkType: 'TIN_CAN' }), {
    instanceOf: RangeError,
    message: "no link type 'TIN_CAN'",
  });
});

test('what no packet can match is refused, unless optimization is off', (t) => {
  const error = t.throws(() => compile('ip6', { linkType: 'IPV4' }), { instanceOf: FilterError });
  t.is(error?.libpcapMessage, 'expression rejects all packets');
  t.false(compile('ip6', { linkType: 'IPV4', optimize: false }).matches(SYN));
});

interface VerdictRow {
  readonly file: string;
  readonly packets: number;
  readonly libpcap_1_10_3: Record<string, readonly number[] | { readonly error: string }>;
  readonly libpcap_head_differs?: Record<string, readonly number[] | { readonly error: string }>;
}

test("verdicts on sample captures equal libpcap's", async (t) => {
  const tally = new Tally('captures/verdicts');
  for (const row of vectors<VerdictRow>(t, 'captures/verdicts.jsonl', 20)) {
    const path = dataPath(t, join('captures', row.file));
    if (path === undefined) continue;
    const capture = await openSavefile(path);
    const packets: { data: Uint8Array; wireLength: number }[] = [];
    try {
      for await (const packet of capture) packets.push(packet.copy());
    } catch {
      // A file that is cut or damaged: libpcap's verdicts are about what can be read of it.
    }
    const [source] = capture.interfaces;
    if (source === undefined) continue;
    if (packets.length !== row.packets) {
      // Files that libpcap cannot read to the end: several link types, sections of either byte order.
      tally.leaveOut('capture that libpcap 1.10.3 does not read as a whole');
      continue;
    }
    const { linkType, bigEndian, snapLength } = source;
    const mode = bigEndian === true ? 'savefile-swapped' : 'savefile';
    for (const [expression, answer] of Object.entries({
      ...row.libpcap_1_10_3,
      ...row.libpcap_head_differs,
    })) {
      let actual: string;
      try {
        const filter = compile(expression, { linkType, mode, snapLength: snapLength || 262144 });
        const numbers = packets.flatMap(({ data, wireLength }, index) =>
          filter.run(data, wireLength) === 0 ? [] : [index + 1],
        );
        actual = numbers.join();
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        actual = 'error';
      }
      const expected = 'error' in answer ? 'error' : (answer as readonly number[]).join();
      tally.check(actual === expected, () => `${row.file}, ${expression}: ${actual}, not ${expected}`);
    }
  }
  tally.finish(t);
});

interface Row {
  readonly expr: string;
  readonly dlt: string | null;
  readonly dltNumber: number;
  readonly snaplen: number;
  readonly netmask: string | null;
  readonly mode: 'dead' | 'savefile' | 'savefile-swapped' | 'linux-live';
  readonly error?: string;
  readonly optimizedError?: string;
  readonly lookups?: unknown;
}

test('vectors: the same expressions compile with the optimizer, with the same messages', (t) => {
  const tally = new Tally('filters: accepted or refused with the optimizer, with the message');
  const groups = (dataPath(t, 'vectors/filters') ?? '') === '' ? [] : FILTER_GROUPS;
  for (const group of groups) {
    for (const row of vectors<Row>(t, `vectors/filters/${group}.jsonl`, 40)) {
      const { expr, dlt, dltNumber, snaplen, mode } = row;
      if (row.lookups !== undefined) tally.leaveOut('that need names');
      else if (/[{}]/.test(expr)) tally.leaveOut('of scopes and lists, which libpcap refuses to read');
      else if (/\b[a-z]+\.[a-z.]+ [!=]?= /.test(expr))
        tally.leaveOut('of fields, which libpcap takes for names');
      else if (linkTypeOfDlt(dltNumber) === undefined) tally.leaveOut('of a link type without a name');
      else {
        const netmask = parseIpv4(row.netmask ?? '');
        const message = refusal(expr, { linkType: dlt ?? dltNumber, snapLength: snaplen, mode, netmask });
        const expected = row.error ?? row.optimizedError;
        tally.check(message === expected, () => `${dlt} ${expr}: ${message}, libpcap: ${expected}`);
      }
    }
  }
  tally.finish(t);
});

// biome-ignore format: a list
const FILTER_GROUPS = [
  'abbrev', 'arith', 'compound', 'cookbook', 'encap', 'hostnet', 'large', 'linkproto', 'linktype', 'live', 'llc', 'mac',
  'mutated', 'named', 'names', 'netmask', 'pflog', 'port', 'proto', 'protochain', 'random', 'reported', 'savefile',
  'snaplen', 'telecom', 'testrun-accept', 'testrun-reject', 'wlan',
];

/** libpcap's words for what is wrong with an expression, `undefined` for nothing. */
function refusal(expression: string, options: CompileOptions): string | undefined {
  try {
    compile(expression, options);
    return undefined;
  } catch (error) {
    if (error instanceof FilterError) return error.libpcapMessage;
    throw error;
  }
}

/** The words that the instructions of a program came from, in order, each once. */
const comesFrom = test.macro({
  title: (_, expression: string) => `instructions of '${expression}' name their own words`,
  exec(t, expression: string, words: readonly string[]) {
    const spans = compile(expression).cbpf.flatMap(({ span }) => (span === undefined ? [] : [span]));
    t.deepEqual([...new Set(spans.map(({ start, end }) => expression.slice(start, end)))], words);
  },
});
test(comesFrom, 'tcp dst port 80', ['tcp', 'dst port 80']);
test(comesFrom, 'udp src or dst port 53 or 5353', ['udp', 'src or dst port 53', '5353']);
test(comesFrom, 'ip host 10.0.0.1 and len > 100', ['ip', 'host 10.0.0.1', 'len > 100']);
test(comesFrom, 'host 10.0.0.1', ['host 10.0.0.1']);
test(comesFrom, 'ip[8] < 5 and tcp', ['ip[8]', 'ip[8] < 5', 'tcp']);
test(comesFrom, 'ip proto 47', ['ip', 'proto 47']);
