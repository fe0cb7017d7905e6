/** Every expression as an object: libbpf loads it into the running kernel, and it gives our verdict there. */

import { readdirSync } from 'node:fs';
import test from 'ava';
import { buildObject } from '../engine/index.js';
import { LiftError } from '../lift/index.js';
import { parseIpv4 } from '../names/index.js';
import { FilterError } from '../source.js';
import { openKernel } from '../testing/kernel.js';
import { openLibbpf } from '../testing/libbpf.js';
import { fromHex } from '../testing/programs.js';
import { type Lookup, resolverOf } from '../testing/resolver.js';
import { dataPath, fullRun, Tally, vectors } from '../testing/vectors.js';
import { compile } from './index.js';

interface Row {
  readonly id: string;
  readonly expr: string;
  readonly dltNumber: number;
  readonly snaplen: number;
  readonly netmask: string | null;
  readonly mode: 'dead' | 'savefile' | 'savefile-swapped' | 'linux-live';
  readonly error?: string;
  readonly optimizedError?: string;
  readonly lookups?: readonly Lookup[];
}

interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

/** What the kernel's test run takes: an Ethernet header, and a page less its own room. */
const SHORTEST = 14;
const LONGEST = 3500;
/** Verdicts for packets that match, and for others. */
const VERDICTS = { xdp: [3, 1], tc: [5, 2], socket: [5, 2] } as const;
/** Of how many expressions one is taken: for sockets all by hand. */
const EVERY = { xdp: 1, tc: 1, socket: fullRun ? Number(process.env.WEIR_SOCKETS ?? 5) : 1 } as const;
/** Programs for sockets see no link header in test runs: their packets come behind one. */
const NO_HEADER = new Uint8Array(14);
const IP = new Set([0x0800, 0x86dd]);

for (const hook of ['xdp', 'tc', 'socket'] as const)
  test(`every expression as an object for ${hook}: libbpf loads it, and its verdicts are libpcap’s`, async (t) => {
    t.timeout(1_800_000);
    const folder = dataPath(t, 'vectors/filters');
    const [kernel, libbpf] = [await openKernel(), await openLibbpf()];
    const why = typeof kernel === 'string' ? kernel : typeof libbpf === 'string' ? libbpf : undefined;
    if (
      why !== undefined ||
      folder === undefined ||
      typeof kernel === 'string' ||
      typeof libbpf === 'string'
    ) {
      t.log(`skipped: ${why ?? 'no vectors'}`);
      t.pass();
      return;
    }
    const loads = new Tally(`objects for ${hook}: loaded by libbpf`);
    const verdicts = new Tally(`objects for ${hook}: verdicts in the kernel`);
    const files = readdirSync(folder).filter((file) =>
      /^(?!packets-|cbpf-|capture|optimizer|README).*\.jsonl$/.test(file),
    );
    const there = new Set(readdirSync(folder));
    for (const file of files) {
      const rows = vectors<Row>(t, `vectors/filters/${file}`, 4);
      const name = `packets-${file}`;
      const packets = there.has(name) ? vectors<PacketRow>(t, `vectors/filters/${name}`, 1e9) : [];
      const packetsOf = new Map(packets.map((row) => [row.id, row.packets]));
      for (const [at, row] of rows.entries()) {
        if (row.error !== undefined || at % EVERY[hook] !== 0) continue;
        let bytes: Uint8Array;
        try {
          const filter = compile(row.expr, {
            linkType: row.dltNumber,
            snapLength: row.snaplen,
            netmask: row.netmask === null ? undefined : parseIpv4(row.netmask),
            mode: row.mode,
            resolver: resolverOf(row.lookups),
          }).for(row.dltNumber);
          const personality = row.mode === 'linux-live' ? 'kernel' : 'libpcap';
          const [accept, reject] = VERDICTS[hook];
          bytes = buildObject(filter, { hook, accept, reject, personality, count: hook === 'socket' }).bytes;
        } catch (error) {
          if (error instanceof LiftError) loads.leaveOut(`without a form for ${hook} (${error.kind})`);
          else if (error instanceof FilterError) loads.leaveOut('that do not compile');
          else throw error;
          continue;
        }
        const loaded = libbpf.load(bytes);
        loads.check(typeof loaded !== 'string', () => `${row.id} ${row.expr}: ${loaded as string}`);
        if (typeof loaded === 'string') continue;
        const program = kernel.adopt(loaded.file);
        for (const [hex, wireLength, result] of packetsOf.get(row.id) ?? []) {
          const packet = fromHex(hex);
          if (packet.length < SHORTEST || packet.length > LONGEST || packet.length !== wireLength) continue;
          // The kernel makes no socket buffer for a test of what is cut within the header of IP.
          if (hook === 'tc' && packet.length < 54 && IP.has((packet[12]! << 8) | packet[13]!)) continue;
          const expected = VERDICTS[hook][result === 0 ? 1 : 0];
          const actual = program.run(hook === 'socket' ? Buffer.concat([NO_HEADER, packet]) : packet);
          verdicts.check(actual === expected, () => `${row.id} ${row.expr} on ${hex}: ${actual}`);
        }
        loaded.close();
      }
    }
    loads.finish(t);
    verdicts.finish(t);
  });
