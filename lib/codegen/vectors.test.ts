/**
 * Code generation against libpcap 1.11: the same expressions accepted and refused, with the same words;
 * the same unoptimized programs, instruction by instruction; the same verdicts.
 */

import test, { type ExecutionContext } from 'ava';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { parseIpv4 } from '../names/index.js';
import { FilterError } from '../source.js';
import { type Lookup, resolverOf } from '../testing/resolver.js';
import { Tally, vectors } from '../testing/vectors.js';
import { type CaptureMode, compileUnoptimized } from './index.js';

// biome-ignore format: a list
const GROUPS = [
  'abbrev', 'arith', 'compound', 'cookbook', 'encap', 'hostnet', 'large', 'linkproto', 'linktype', 'live', 'llc',
  'mac', 'mutated', 'named', 'names', 'netmask', 'pflog', 'port', 'proto', 'protochain', 'random', 'reported',
  'savefile', 'snaplen', 'telecom', 'testrun-accept', 'testrun-reject', 'wlan',
];

interface Row {
  readonly id: string;
  readonly expr: string;
  readonly dlt: string | null;
  readonly dltNumber: number;
  readonly snaplen: number;
  readonly netmask: string | null;
  readonly mode: CaptureMode;
  readonly lookups?: readonly Lookup[];
  readonly unoptimized?: readonly (readonly [number, number, number, number])[];
  readonly error?: string;
  readonly caution?: readonly string[];
}

interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

function compile({ expr, dltNumber, snaplen, netmask, mode, lookups }: Row): Program | FilterError {
  try {
    return compileUnoptimized(expr, {
      linkType: dltNumber,
      snapLength: snaplen,
      netmask: netmask === null ? undefined : parseIpv4(netmask),
      mode,
      resolver: resolverOf(lookups),
    });
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
}

const numbers = (program: Program): string =>
  JSON.stringify(program.map(({ code, jt, jf, k }) => [code, jt, jf, k]));

/** Programs of libpcap's that overwrite a header offset, in a way that no packet of the data shows. */
const UNSEEN_CLOBBERS: ReadonlySet<string> = new Set([
  'tcp[13] = 2 or (vlan and tcp[13] = 2)', // linux-live
  '182 >= -0x6a77 && ip host 22.178.42.118', // PFLOG
]);

/** Programs that are not to be equal to libpcap's, with the reason. */
function excuse({ expr, caution = [] }: Row): string | undefined {
  if (caution.includes('scratch-clobbered') || UNSEEN_CLOBBERS.has(expr))
    return 'where libpcap overwrites a header offset';
  if (caution.includes('may-not-terminate')) return 'protochain loops, whose advance over AH is mended';
  return undefined;
}

interface Capture {
  readonly capture: string;
  readonly dltNumber: number;
  readonly snaplen: number;
  readonly swapped: boolean;
  readonly packets: readonly { readonly wirelen: number; readonly hex: string }[];
}

interface CaptureResult {
  readonly expr: string;
  readonly netmask: string | null;
  readonly capture: string;
  readonly results?: readonly number[];
  readonly error?: string;
  readonly lookups?: readonly Lookup[];
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** Random tests need whole groups in a full run and a few of each otherwise. */
const rowsOf = (t: ExecutionContext, group: string): Row[] =>
  vectors<Row>(t, `vectors/filters/${group}.jsonl`, 60);

/** Scopes and lists, which libpcap refuses to read. */
const SCOPED = /[{}]/;

test('vectors: the same expressions compile', (t) => {
  const tally = new Tally('filters: accepted or refused');
  for (const group of GROUPS) {
    for (const row of rowsOf(t, group)) {
      if (SCOPED.test(row.expr)) continue;
      const result = compile(row);
      const refused = result instanceof FilterError;
      const ours = refused ? result.message : 'accepted';
      tally.check(
        refused === (row.error !== undefined),
        () => `${row.dlt} ${row.expr}: ${ours}, libpcap: ${row.error}`,
      );
    }
  }
  tally.finish(t);
});

test("vectors: errors carry libpcap's words", (t) => {
  const tally = new Tally('filters: libpcapMessage');
  for (const group of GROUPS) {
    for (const row of rowsOf(t, group)) {
      if (row.error === undefined || SCOPED.test(row.expr)) continue;
      const result = compile(row);
      const ours = result instanceof FilterError ? result.libpcapMessage : 'accepted';
      tally.check(ours === row.error, () => `${row.dlt} ${row.expr}: ${ours}, libpcap: ${row.error}`);
    }
  }
  tally.finish(t);
});

test('vectors: unoptimized programs are equal', (t) => {
  const tally = new Tally('filters: unoptimized programs');
  for (const group of GROUPS) {
    for (const row of rowsOf(t, group)) {
      if (row.unoptimized === undefined) continue;
      const result = compile(row);
      if (result instanceof FilterError) continue; // counted above
      const equal = numbers(result) === JSON.stringify(row.unoptimized);
      const reason = equal ? undefined : excuse(row);
      if (reason !== undefined) tally.leaveOut(reason);
      else tally.check(equal, () => `${row.dlt} ${row.mode} ${row.expr}`);
    }
  }
  tally.finish(t);
});

test('vectors: packets get the same verdict and length', (t) => {
  const tally = new Tally('filters: packets');
  for (const group of GROUPS) {
    if (group === 'large') continue; // has none
    const packets = new Map(
      vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 30).map((row) => [row.id, row]),
    );
    for (const row of vectors<Row>(t, `vectors/filters/${group}.jsonl`, Number.POSITIVE_INFINITY)) {
      const cases = packets.get(row.id);
      const result = cases === undefined ? undefined : compile(row);
      if (cases === undefined || result === undefined || result instanceof FilterError) continue;
      const run = loadInterpreter(result);
      for (const [hex, wireLength, expected] of cases.packets) {
        const bytes = bytesOf(hex);
        const ours = run(bytes, 0, bytes.length, wireLength);
        tally.check(
          ours === expected,
          () => `${row.dlt} ${row.expr}: ${ours}, libpcap ${expected}, on ${hex}`,
        );
      }
    }
  }
  tally.finish(t);
});

test('vectors: real captures are filtered alike', (t) => {
  const captures = new Map(
    vectors<Capture>(t, 'vectors/filters/captures.jsonl', Number.POSITIVE_INFINITY).map((row) => [
      row.capture,
      row,
    ]),
  );
  const tally = new Tally('filters: captures');
  for (const result of vectors<CaptureResult>(t, 'vectors/filters/capture-results.jsonl', 300)) {
    const { expr, netmask, capture, results, error, lookups } = result;
    const { dltNumber, snaplen, swapped, packets } = captures.get(capture)!;
    const mode = swapped ? 'savefile-swapped' : 'savefile';
    const row = { id: '', expr, dlt: null, dltNumber, snaplen, netmask, mode } as const;
    const program = compile(lookups === undefined ? row : { ...row, lookups });
    if (results === undefined || program instanceof FilterError) {
      const message = program instanceof FilterError ? program.libpcapMessage : undefined;
      tally.check(message === error, () => `${capture} ${expr}: ${message}, libpcap: ${error}`);
      continue;
    }
    const run = loadInterpreter(program);
    const ours = packets.map(({ hex, wirelen }) => {
      const bytes = bytesOf(hex);
      return run(bytes, 0, bytes.length, wirelen);
    });
    tally.check(
      JSON.stringify(ours) === JSON.stringify(results),
      () => `${capture} ${expr}: ${ours}, not ${results}`,
    );
  }
  tally.finish(t);
});
