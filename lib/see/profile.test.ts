/** Counts of profiles are those of the definition of the machine, and every packet is decided once. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openCapture } from '../capture/index.js';
import { execute, opcodes } from '../cbpf/index.js';
import { attach, programTypeOf } from '../ebpf/index.js';
import { compile, type LinkFilter } from '../filter/index.js';
import { loadCounted } from '../jit/index.js';
import { FilterError } from '../source.js';
import { fullRun, projectRoot, Tally, vectors } from '../testing/vectors.js';
import { createEbpfProfiler, createProfiler, flowGraphOfEbpf } from './index.js';

const OWN = [
  'tcp port 443',
  'not tcp',
  'ip6 or arp',
  'len > 100',
  'icmp[0] = 8 or udp[10] & 1 != 0',
  '',
  'ip protochain 6',
];
const folder = join(projectRoot, 'captures');

interface Kept {
  readonly data: Uint8Array;
  readonly wireLength: number;
}

/** Packets of each link type. */
async function packetsByType(names: readonly string[]): Promise<Map<number, Kept[]>> {
  const found = new Map<number, Kept[]>();
  for (const name of names) {
    for await (const { data, wireLength, interface: source } of await openCapture(join(folder, name))) {
      const list = found.get(source.linkType) ?? [];
      found.set(source.linkType, list);
      // Some are cut, so that loads end the program.
      list.push({
        data: data.slice(0, list.length % 7 === 0 ? 13 + (list.length % 40) : data.length),
        wireLength,
      });
    }
  }
  return found;
}

function filterFor(expression: string, linkType: number, optimize: boolean): LinkFilter | undefined {
  try {
    return compile(expression, { optimize }).for(linkType);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function wrongWith(filter: LinkFilter, packets: readonly Kept[]): string | undefined {
  const { cbpf } = filter;
  const ran = new Float64Array(cbpf.length);
  const held = new Float64Array(cbpf.length);
  let matched = 0;
  const profiler = createProfiler(filter);
  const interpreted = loadCounted(cbpf, true);
  for (const { data, wireLength } of packets) {
    const { result } = execute(cbpf, { bytes: data, wireLength }, ({ code, jt }, index, { next }) => {
      ran[index]!++;
      if (opcodes.isConditional(code) && next === index + 1 + jt) held[index]!++;
    });
    if (result !== 0) matched++;
    if (profiler.test(data, 0, data.length, wireLength) !== result) return 'another verdict';
    interpreted.test(data, 0, data.length, wireLength);
  }
  const profile = profiler.profile();
  const told = profile.instructions;
  if (told.some((it, index) => it.ran !== ran[index])) return 'runs';
  // Where both ways are one, nothing tells them apart.
  if (told.some((it, index) => cbpf[index]!.jt !== cbpf[index]!.jf && it.held !== held[index]))
    return 'tests';
  if (`${interpreted.counts().ran}` !== `${ran}`) return 'runs of the interpreter';
  if (profile.packets !== packets.length || profile.matched !== matched) return 'packets';
  const decided = told.reduce((sum, it) => sum + it.decided, 0);
  return decided === packets.length ? undefined : `${decided} of ${packets.length} are decided`;
}

test('counts are those of the definition, and every packet is decided once', async (t) => {
  const tally = new Tally('profiles');
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcap') && name !== 'http-cut.pcap');
  const types = await packetsByType(fullRun ? names : names.filter((_, index) => index % 9 === 0));
  const rows = ['compound', 'cookbook', 'random'].flatMap((group) =>
    vectors<{ expr: string; dlt: string | null; error?: string }>(t, `vectors/filters/${group}.jsonl`, 4),
  );
  const expressions = rows.filter(({ error }) => error === undefined).map(({ expr }) => expr);
  const step = Math.max(1, Math.floor(expressions.length / 150));
  for (const expression of [...OWN, ...expressions.filter((_, index) => index % step === 0)])
    for (const [linkType, packets] of types)
      for (const optimize of [true, false]) {
        const filter = filterFor(expression, linkType, optimize);
        if (filter === undefined) continue;
        const wrong = wrongWith(filter, packets.slice(0, 40));
        tally.check(wrong === undefined, () => `${linkType} '${expression}' ${optimize}: ${wrong}`);
      }
  tally.finish(t);
});

test('counts of eBPF are those of the definition', async (t) => {
  const packets = (await packetsByType(['http.pcap', 'dns.pcap', 'arp.pcap'])).get(1)!;
  for (const expression of [
    'tcp port 80',
    'port 53 or (icmp and not src net 192.0.2.0/24)',
    'ip[0] & 15 > 5 or arp',
  ])
    for (const form of ['portable', 'xdp', 'tc'] as const) {
      const { program, test: run, counts } = createEbpfProfiler(filterFor(expression, 1, true)!, form);
      const ran = new Float64Array(program.length);
      const type = programTypeOf({ portable: 'socket_filter', xdp: 'xdp', tc: 'sched_cls' }[form] as 'xdp');
      const definition = attach(program, type, {
        unverified: true,
        definition: true,
        observe: (index) => ran[index]!++,
      });
      for (const { data, wireLength } of packets) {
        t.is(run(data, 0, data.length, wireLength), definition(data, 0, data.length, wireLength));
      }
      t.deepEqual(counts().ran, ran, `${expression} as ${form}`);
      const { edges, nodes } = flowGraphOfEbpf(program, expression, counts());
      for (const { id, end, returns } of nodes) {
        const left = edges.filter(({ from }) => from === id).map((edge) => edge.ran);
        if (returns === undefined && !left.includes(undefined))
          t.is(
            left.reduce((sum, it) => sum! + it!, 0),
            ran[end - 1],
          );
      }
    }
});
