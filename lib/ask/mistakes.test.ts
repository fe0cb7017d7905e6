/**
 * Seeded mistakes: what answers questions about filters is made wrong in one place, and pairs of near programs, filters
 * whose answers are known, or packets must notice.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { compileProgram } from '../filter/index.js';
import { changedRoom } from '../testing/changedRoom.js';
import { NARROW_PAIRS } from '../testing/narrowPairs.js';
import { arbitraryPacket, meetingPrograms, nearPrograms } from '../testing/programs.js';
import { fullRun } from '../testing/vectors.js';
import type * as Ask from './index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-ask-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are the room's own
// biome-ignore format: a table
const MISTAKES: readonly (readonly [file: string, what: string, right: string, wrong: string])[] = [
  ['walk', 'what a trap folds to is all that may trap', 'flatMap((value) => values.trapsOf(value)).map(bound)', 'map(bound)'],
  ['meetings', 'parts of what is returned do not matter', 'stack.push(...values.operands(value), ', 'if (place.result === undefined) stack.push(...values.operands(value), '],
  ['meetings', 'what variables are bound to does not matter', '(bound === undefined ? [] : [bound])', '[]'],
  ['meetings', 'only the first step to come matters', 'reached.add(to)', '0'],
  ['meetings', 'places are told apart by their steps alone', ';${known.sort().join(\';\')}', ''],
  ['meetings', 'how many bytes there are tells no places apart', '${facts.present} ${limit} ', ''],
  ['meetings', 'bound variables tell no places apart', '${result} ${[...bindings].join()}', '${result}'],
  ['meetings', 'relations of two fields tell no places apart', 'known.push(`${relation}${outcome}`)', '0'],
  ['walk', 'a trap is never taken', '#trapped(state, open)', '#trapped(state, open).slice(1)'],
  ['walk', 'behind a trap the program goes on as if it were none', 'if (passed !== undefined && passed.present < state.limit)', 'if (false)'],
  ['walk', 'a packet is a byte shorter than the limit', 'return end >= limit ||', 'return end >= limit - 1 ||'],
  ['walk', 'a load surely traps where it only may', 'factOf(this.#values, facts, kind.base).ranges[0]', 'factOf(this.#values, facts, kind.base).ranges.at(-1)'],
  ['walk', 'a divisor that may be 0 is 0', 'kind.right).ranges.at(-1) === 0', 'kind.right).ranges[0] === 0'],
  ['walk', 'both ways of a test know that it held', 'operands, outcome)', 'operands, true)'],
  ['walk', 'one way of a test is left out', 'this.#outcomes.flatMap', '[true].flatMap'],
  ['walk', 'a path without a witness is no path', 'open = true', 'open = false'],
  ['walk', 'what a step binds is bound from the start', 'bindings: this.#bind(step, place)', 'bindings: place.bindings'],
  ['state', 'results are equal when both are known', "`${a.ranges}` === `${b.ranges}`", 'true'],
  ['implication', 'what is surely matched need not match', 'fact.ranges[0] > 0', 'fact.ranges[0] >= 0'],
  ['implication', 'what may be refused is refused', 'fact?.ranges.at(-1) === 0', 'fact?.ranges[0] === 0'],
  ['implication', 'implies asks whether both match', 'a !== 0 && b === 0', 'a !== 0 && b !== 0'],
  ['implication', 'disjoint asks of the first alone', 'rejects(a) || rejects(b)', 'rejects(a) || accepts(b)'],
  ['make', 'ways that are refused are tried alone', 'if (mayMatch(walk.values, state))', 'if (!mayMatch(walk.values, state))'],
  ['witness', 'a packet ends where its first field does', 'Math.min(least, longest)', 'Math.min(14, longest)'],
  ['witness', 'fields have the numbers they must not have', 'picked | fact.ones', 'picked & ~fact.ones'],
  ['constraints', 'numbers are written from their low end', 'size - 1', '0'],
  ['diff', 'regions of the second filter are left out', '(x[0] > 0 && y[0] > 0)', '(x[0] > 0 && y[0] > 0) || y[0] > 0'],
  ['words', 'a destination is called a source', "name: 'destination port'", "name: 'source port'"],
  ['words', 'layers that say nothing are told', '!SILENT.has(name)', 'true'],
  ['words', 'protocols have no names', 'NAMES[name] ?? ', ''],
  ['words', 'what is outside comes first', 'names.toReversed()', 'names'],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are the room's own

/** The room with one change, its siblings as they are. */
async function askWith(at: number): Promise<typeof Ask> {
  const [file, , right, wrong] = MISTAKES[at]!;
  const room = changedRoom(here, join(scratch, `${at}`), file, right, wrong);
  return (await import(pathToFileURL(join(room, 'index.js')).href)) as typeof Ask;
}

/** A filter, one that it implies, and whether they have no packet in common with a third. */
const KNOWN: readonly (readonly [narrow: string, wide: string, apart: string])[] = [
  ['tcp port 80', 'tcp', 'udp'],
  ['src host 192.0.2.1', 'src net 192.0.2.0/24', 'src net 198.51.100.0/24'],
  ['udp port 53', 'udp portrange 50-60', 'udp portrange 54-60 and not port 53'],
  ['ip[0] & 0xf = 5 and tcp[0:2] = tcp[2:2]', 'tcp', 'ip[0] & 0xf = 6'],
  ['vlan 5 and ip', 'vlan 5', 'not vlan'],
  ['ip6 host 2001:db8::1', 'ip6', 'arp'],
  ['len >= 100 and icmp', 'len > 99', 'len < 100'],
];
const compiled = (expression: string): Program => compileProgram(expression, { linkType: 'EN10MB' });
const pairs = fc.sample(fc.oneof(nearPrograms, meetingPrograms, meetingPrograms), { numRuns: 1000, seed: 5 });
const packets = fc.sample(
  fc.oneof(arbitraryPacket, fc.uint8Array({ maxLength: 16 }), fc.uint8Array({ maxLength: 16, max: 3 })),
  { numRuns: 200, seed: 5 },
);

/** What notices that something is wrong; `undefined`: nothing does. */
function noticed(ask: typeof Ask): string | undefined {
  try {
    return ofFilters(ask) ?? ofPrograms(ask);
  } catch (error) {
    return `an error: ${(error as Error).message}`;
  }
}

function ofPrograms({ equivalent, implies }: typeof Ask): string | undefined {
  for (const [what, a, b] of NARROW_PAIRS)
    if (equivalent(a, b).verdict !== 'different') return `a proof where ${what}`;
  let decided = 0;
  for (const [a, b] of pairs) {
    const answer = equivalent(a, b, { budget: 500 });
    if (answer.verdict !== 'undecided') decided++;
    const [one, other] = [loadInterpreter(a), loadInterpreter(b)];
    const breaks = (bytes: Uint8Array): boolean =>
      one(bytes, 0, bytes.length, bytes.length) !== 0 && other(bytes, 0, bytes.length, bytes.length) === 0;
    if (implies(a, b, { budget: 500 }).verdict === 'yes' && packets.some(breaks))
      return 'a packet of the first alone';
    if (answer.verdict !== 'equal') continue;
    const differs = (bytes: Uint8Array): boolean =>
      one(bytes, 0, bytes.length, bytes.length) !== other(bytes, 0, bytes.length, bytes.length);
    if (packets.some(differs)) return 'a packet that tells programs apart which are called equal';
  }
  return decided < pairs.length * 0.985 ? `only ${decided} pairs decided` : undefined;
}

function ofFilters({ diff, disjoint, implies, make }: typeof Ask): string | undefined {
  for (const [narrow, wide, apart] of KNOWN) {
    const [a, b, c] = [compiled(narrow), compiled(wide), compiled(apart)];
    const verdicts = [implies(a, b), implies(b, a), disjoint(a, c), disjoint(a, b), disjoint(b, a)].map(
      ({ verdict }) => verdict,
    );
    if (`${verdicts}` !== 'yes,no,yes,no,no') return `${narrow}: ${verdicts}`;
    for (const program of [a, b, c]) {
      const made = make(program).packets[0];
      if (made === undefined) return `no packet for ${narrow}`;
      const { packet, wireLength } = made;
      if (loadInterpreter(program)(packet, 0, packet.length, wireLength) === 0)
        return 'a packet that is refused';
      if (packet.length < 14) return 'a packet without its headers';
    }
    const [told] = diff(compiled('arp'), compiled('arp or tcp dst port 80')).regions;
    if (told?.words !== 'TCP over IPv4 or IPv6, destination port 80') return `the words ${told?.words}`;
    if (diff(a, b).regions.length === 0 || diff(b, a).regions.length === 0) return 'no region that differs';
  }
  return undefined;
}

test('nothing is noticed of what is right', async (t) => {
  t.is(noticed(await import('./index.js')), undefined);
});

for (const [at, [file, what]] of MISTAKES.entries()) {
  // A few; the full run makes them all.
  if (!fullRun && at % 9 !== 0) continue;
  test(`noticed in ${file}: ${what}`, async (t) => {
    const by = noticed(await askWith(at));
    t.not(by, undefined);
    t.log(`by ${by}`);
  });
}
