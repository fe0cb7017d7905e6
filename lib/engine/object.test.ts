/** C programs of our own: the verifier's verdict is the kernel's, and so are results, packets and maps of every engine. */

import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Build, build, familyOf, mutantsOf, programNames, whyNoClang } from '../testing/clang.js';
import { type Kernel, openKernel } from '../testing/kernel.js';
import { type Libbpf, openLibbpf } from '../testing/libbpf.js';
import {
  differenceInRows,
  differenceOf,
  entriesOf,
  loadByLibbpf,
  loadFilled,
  loadInKernel,
  type Trace,
  testPackets,
  traceOfEngine,
  traceOfKernel,
} from '../testing/objectKernel.js';
import { fullRun, projectRoot, Tally } from '../testing/vectors.js';
import type { LoadedObject } from './index.js';

const NAMES = (process.env.WEIR_OBJECTS?.split(',') ?? programNames()) as readonly string[];
/** In a short run these, as clang builds them by default. */
const SHORT = new Set(['count', 'nat', 'tail', 'lpm', 'skb']);
const isFull = fullRun || process.env.WEIR_OBJECTS !== undefined;

function builds(name: string): readonly Build[] {
  const mutants = [0, ...mutantsOf(name)];
  if (!isFull) return SHORT.has(name) ? mutants.map((mutant) => ({ name, mutant })) : [];
  return familyOf(name).flatMap((flags) =>
    mutants.flatMap((mutant) =>
      (['O1', 'O2'] as const).flatMap((optimize) =>
        (['v2', 'v3'] as const).map((machine) => ({ name, mutant, optimize, machine, flags })),
      ),
    ),
  );
}

const title = ({ name, mutant, optimize, machine, flags = [] }: Build): string =>
  [name, ...flags, mutant === 0 ? '' : `without check ${mutant}`, optimize, machine]
    .filter(Boolean)
    .join(' ');

/** What a source says where the kernel has to know its types. */
const BY_LIBBPF = 'LIBBPF';
const TYPES = '/sys/kernel/btf/vmlinux';
const [major, minor, patch] = release().split(/[.-]/).map(Number);
const KCONFIG = { LINUX_KERNEL_VERSION: (major! << 16) | (minor! << 8) | Math.min(patch!, 255) };
/** Ethernet and IPv6. */
const SMALLEST = 54;
const PACKETS = isFull ? 200 : 60;

test('C programs: verdicts, results, packets and maps are the kernel’s', async (t) => {
  t.timeout(1_200_000);
  const kernel = await openKernel();
  const libbpf = await openLibbpf();
  const why = typeof kernel === 'string' ? kernel : typeof libbpf === 'string' ? libbpf : whyNoClang();
  if (why !== undefined || typeof kernel === 'string' || typeof libbpf === 'string') {
    t.log(`skipped: ${why}`);
    t.pass();
    return;
  }
  const packets = await testPackets(PACKETS);
  const verdicts = new Tally('C programs: verdicts of the verifier and of Linux');
  const runs = new Tally('C programs: 200 packets and maps afterwards, in every engine');
  const rows = new Tally('C programs: many packets in a call, beside one by one');
  const all = NAMES.flatMap(builds);
  const workers = Array.from({ length: Math.min(2, cpus().length) }, async (_, worker) => {
    for (let at = worker; at < all.length; at += 2)
      await compare(kernel, libbpf, all[at]!, packets, verdicts, runs, rows);
  });
  await Promise.all(workers);
  verdicts.finish(t);
  runs.finish(t);
  rows.finish(t);
});

async function compare(
  kernel: Kernel,
  libbpf: Libbpf,
  one: Build,
  all: readonly Uint8Array[],
  verdicts: Tally,
  runs: Tally,
  rows: Tally,
): Promise<void> {
  const bytes = await build(one).catch((error: Error) => error);
  if (bytes instanceof Error) {
    verdicts.check(false, () => `${title(one)}: ${bytes.message}`);
    return;
  }
  const source = readFileSync(join(projectRoot, 'lib', 'testing', 'objects', `${one.name}.c`), 'utf8');
  const loading = {
    ...(source.includes(BY_LIBBPF) ? { btf: new Uint8Array(readFileSync(TYPES)), kconfig: KCONFIG } : {}),
    entries: entriesOf(source),
  };
  const object = loadFilled(bytes, source, loading);
  const entry = object.program(
    object.programs.find(({ name }) => name === one.name)?.name ?? object.programs[0]!.name,
  );
  // The kernel makes no socket buffer for a test of what is cut within the header of IP.
  const packets = entry.type === 'xdp' ? all : all.filter(({ length }) => length >= SMALLEST);
  if (entry.instructions.some((_, slot) => entry.lineOf(slot)?.line === 0))
    verdicts.check(false, () => `${title(one)}: a slot of line 0`);
  const { accepted, rejection } = entry.verify({ processors: cpus().length });
  const theirs = source.includes(BY_LIBBPF)
    ? loadByLibbpf(kernel, libbpf, bytes, object, entry)
    : loadInKernel(kernel, object, entry);
  try {
    const isTheirs = typeof theirs.program !== 'string';
    verdicts.check(accepted === isTheirs, () => {
      const line = rejection && entry.lineOf(rejection.index);
      const said = isTheirs ? '' : (theirs.program as string).trim().split('\n').slice(-3, -1).join(' / ');
      return `${title(one)}: ours ${accepted ? 'admitted' : `${rejection?.index}: ${rejection?.message} (line ${line?.line})`}, kernel ${isTheirs ? 'admitted' : said}`;
    });
    if (!accepted || !isTheirs) return;
    if (entry.verify({ rules: 'sound', proofs: true }).proofs?.readsUnwritten === true) {
      runs.leaveOut('that read stack nobody has written');
      return;
    }
    let expected: Trace;
    try {
      expected = kernel.onOneProcessor(() => traceOfKernel(theirs, object, entry, packets));
    } catch (error) {
      runs.check(false, () => `${title(one)}: ${(error as Error).message}`);
      return;
    }
    for (const options of [
      { engine: 'auto' },
      { engine: 'interpreter' },
      { engine: 'wasm' },
      { engine: 'wasm', unverified: true },
      { observe: () => {} },
    ] as const) {
      const loaded = loadFilled(bytes, source, { ...loading, ...options });
      let difference: string;
      try {
        difference = differenceOf(expected, traceOfEngine(loaded, loaded.program(entry.name), packets));
      } catch (error) {
        difference = `${(error as Error).name}: ${(error as Error).message}`;
      }
      runs.check(
        difference === '',
        () => `${title(one)}, ${JSON.stringify(options)}: ${shortened(difference)}`,
      );
    }
    const load = (): LoadedObject => loadFilled(bytes, source, loading);
    const inRows = await differenceInRows(load, entry.name, packets);
    if (inRows === undefined) rows.leaveOut('that do not run so');
    else rows.check(inRows === '', () => `${title(one)}: ${inRows}`);
  } finally {
    theirs.close();
  }
}

const shortened = (text: string): string =>
  text.replace(/[0-9a-f]{200,}/g, (hex) => `${hex.slice(0, 160)}…${hex.length}`);
