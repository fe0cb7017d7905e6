/**
 * Seeded mistakes: each pass is made wrong in one place, and the checks have to notice.
 *
 * A mistake is a piece of a pass's compiled text and what stands there instead. The folder is copied with the
 * one change and loaded beside the right one; then invariants, {@link equivalent} and the interpreter look
 * at what the wrong optimizer makes of expressions and of random programs.
 */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { equivalent } from '../ask/index.js';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { compileUnoptimized, type GenerateOptions } from '../codegen/index.js';
import { arbitraryPacket, arbitraryProgram } from '../testing/programs.js';
import { fullRun } from '../testing/vectors.js';
import type { optimize } from './index.js';

type Optimizer = typeof optimize;

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-mistakes-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

const list = (count: number, item: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => item(at)).join(' or ');

const EXPRESSIONS: readonly [expression: string, options?: GenerateOptions][] = [
  ['tcp port 80'],
  ['tcp and (port 80 or port 443)'],
  ['port 53 or host 10.0.0.1 and not udp'],
  ['host 10.0.0.1 or host 10.0.0.2 and port 80', { linkType: 'RAW' }],
  ['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10.0.0.0/8'],
  ['tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420'],
  ['ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0'],
  ['len > 100 and ip[0] & 0xf > 5 or ip6 and ip6[6] = 58'],
  ['ip[8] < 5 or ip[8] > 200 and ip[8] < 100 or ip[9] = 6'],
  ['ip[ip[0] & 0xf] = ip[ip[1] & 0xf] or udp[0:2] > udp[2:2]'],
  ['ip[6:2] & 0x1fff = 0 and ip[6] & 0x20 != 0 or ip[60] = 1'],
  ['ip[len - 40] = 1'],
  ['ip[8] < 5 and ip[8] = 4'],
  ['ip[0] * 0 = 0'],
  ['ip[0] & 0x3c & 0x18 = 8 or 100 > ip[2]'],
  ['ip[1] = 0 and ip[1] & ip[60] = 0'],
  ['(ip[9] = 6 or ip[50] = 1) and ip[50] * 0 + ip[1] = 1'],
  ['ip[50] * 0 = 0 and (ip[9] = 6 or ip[50] = 1)'],
  ['(ip[9] = 17 and ip[50] * 0 + ip[1] = 1) or ip[1] = 1'],
  ['(ip6 and (tcp port 80 or 81 or 82)) or (ip and (tcp port 443 or 444 or 445))'],
  ['ip[1] < 5 and ip[2] = 3 and ip[1] > 2'],
  ['len / ip[1] > 3 or len % ip[2] = 1 or arp'],
  ['ip[3] << ip[4] = 8 or ip[0] * 4 > 80'],
  ['vlan 5 and tcp dst port 22 or vlan and ip'],
  ['vlan and host 1.2.3.4 or port 80', { mode: 'linux-live' }],
  ['pppoes and udp or ip and tcp'],
  ['vxlan 7 and tcp port 80'],
  ['geneve 11 and arp host 10.1.2.3'],
  ['len + 110 > ip[1] and len + 18 = ip[2] or len > ip[2:2]'],
  [list(12, (at) => `host 2001:db8:${at % 3}::${at}`)],
  [list(12, (at) => `${['src ', 'dst ', ''][at % 3]}host 2001:db8:${at}::${at % 5}:${at}`)],
  [`udp or ${list(26, (at) => `src net ${2000 + (at % 7)}:${(at % 2) * 4}::/${[31, 40, 30][at % 3]}`)}`],
  [list(13, (at) => `net ${2000 + (at % 5)}:${(at % 2) * 4}::/${[64, 30, 31, 40][at % 4]}`)],
  [
    `${list(14, (at) => `net 3000:${3 * at}::/32 or host 4000:${at}::1`)} or net 2001:4::/32 or net 2001:4::/40`,
  ],
  [list(12, (at) => `ether host 2:${at % 2}:0:${at}:5:6`)],
  [`ip[60] * 0 = 0 and (${list(12, (at) => `(ip[8] = ${at} and ip[${at + 9}] = 1)`)})`],
  [`not (${list(12, (at) => `(ip[1] = ${at % 6} and ip[${at + 9}] = 1) or (ip[8] = ${at} and ip[2] = 1)`)})`],
  ['vxlan and ip[ip[0] & 0xf] = ip[ip[1] & 0xf] and udp'],
  ['tcp port 80 or wlan type mgt', { linkType: 'IEEE802_11_RADIO' }],
  ['wlan host 00:11:22:33:44:55 and len > 10', { linkType: 'IEEE802_11' }],
  ['ip host 1.2.3.4 and udp or action drop', { linkType: 'PFLOG' }],
  ['ip6 host 2001:db8::1 or ether host 00:11:22:33:44:55'],
  ['not (tcp port 25 or tcp port 26) and not ip6'],
  ['portrange 10-20 or tcp portrange 15-30'],
  [list(24, (at) => `src host 10.0.${at * 2}.${at}`)],
  [list(13, (at) => `net 10.${at * 8}.0.0/${13 + (at % 6)}`)],
  [
    '(link[0] + link[0]) & 25 != 0 and (((link[0] + link[0]) >> 6 & 4) + ((link[0] + link[0]) >> 6)) & 0xffff = 1',
  ],
  ['len + len > len and ((len + len) + tcp[3:4]) & 10 != 0 and len + len = ((len | link[0]) | tcp[3:4])'],
  ['gre { ip } or erspan 3 { arp }'],
  [`tcp dst port ${list(16, (at) => `${100 + at * 3 - (at % 2)}`)}`],
];

type Mistake = readonly [file: string, what: string, right: string, wrong: string];

// biome-ignore format: a table
const MISTAKES: readonly Mistake[] = [
  ['value', 'masks are joined by or', "again(inner & c)", 'again(inner | c)'],
  ['value', 'a sum that may wrap moves into an offset', 'this.max[kind.left] + c <= MAX && ', ''],
  ['value', 'a product of a power of two shifts by one too many', 'this.constant(log2(c))', 'this.constant(log2(c) + 1)'],
  ['value', 'a shift loses too few bits', 'innerOp === op && inner <= 31', 'innerOp >= 0'],
  ['read', 'loads whose value is not used are forgotten', 'touches.push(value.trap)', '0'],
  ['read', 'a store is read as if it had not happened', 'state[place] = value.result', 'if (place < 2) state[place] = value.result'],
  ['read', 'ways meet with the first one\'s value', 'incoming.every((value) => value === incoming[0])', 'true'],
  ['normalize', 'equal to 0 under a mask is taken for set', 'return againstConstant(JSET, x, c, true)', 'return againstConstant(JSET, x, c)'],
  ['normalize', 'greater becomes greater or equal', 'againstConstant(JGE, left, k + 1)', 'againstConstant(JGE, left, k)'],
  ['normalize', 'operands change sides, the test does not', 'test(op === JGT ? JGE : JGT, right, left, true)', 'test(op, right, left)'],
  ['facts', 'what is less than k is less than k - 1', 'within(0, k - 1);', 'within(0, k - 2);'],
  ['facts', 'a packet is a byte longer than was checked', 'k + size > facts.present;', 'k + size > facts.present + 1;'],
  ['facts', 'where ways meet, the longer packet counts', 'present: Math.min(a.present, b.present)', 'present: Math.max(a.present, b.present)'],
  ['facts', 'where ways meet, bits of either count', 'zeros: (a.zeros & b.zeros) >>> 0', 'zeros: (a.zeros | b.zeros) >>> 0'],
  ['facts', 'bits that are not all clear are set', 'ones: single ? k : 0', 'ones: k'],
  ['decide', 'threads to the wrong side', 'at = outcome ? exit.onTrue : exit.onFalse', 'at = outcome ? exit.onFalse : exit.onTrue'],
  ['decide', 'goes past tests that may trap', 'if (mayTrap(values, facts, exit.left) || mayTrap(values, facts, exit.right))', 'if (false)'],
  ['decide', 'goes past assignments', 'sets.length > 0 || touches', 'touches'],
  ['decide', 'drops every touch', 'touches.push(value)', 'undefined'],
  ['decide', 'learns the same on both sides', 'behind(exit.onFalse, false)', 'behind(exit.onFalse, true)'],
  ['trim', 'of two ways, what the stricter one demands', 'present: Math.min(a.present, b.present)', 'present: Math.max(a.present, b.present)'],
  ['trim', 'two bytes more than are demanded', 'end <= present;', 'end <= present + 2;'],
  ['trim', 'assignments that somebody reads go', 'step.sets.filter(isLive)', '[]'],
  ['trim', 'accepting demands everything', ': NO_DEMAND', ': undefined'],
  ['merge', 'steps are equal that meet in one place of the table', '!doSame(steps[found], step)', 'false'],
  ['merge', 'a fused step forgets what it touched', '[...step.touches, ...next.touches]', 'next.touches'],
  ['merge', 'a test with equal ways computes nothing', '[...step.touches, ...tested]', 'step.touches'],
  ['order', 'tests move in front of traps', "seen !== 'everything' &&", 'false &&'],
  ['order', 'tests leave on the other side', 'leavesOn ? [exit, next] : [next, exit]', '[exit, next]'],
  ['interval', 'a search looks in the wrong half', 'tree(middle, to), tree(from, middle)', 'tree(from, middle), tree(middle, to)'],
  ['order', 'intervals are joined over a gap', 'low <= last[1] + 1', 'low <= last[1] + 2'],
  ['interval', 'an interval ends one too early', 'step(JGE, high + 1, after, target, span)', 'step(JGE, high, after, target, span)'],
  ['interval', 'a network is its first half', '=> (k | ~mask) >>> 0', '=> (k | (~mask >>> 1)) >>> 0'],
  ['interval', 'of two networks the shorter one counts', '[...those].sort((a, b) => a - b)', '[...those].sort((a, b) => b - a)'],
  ['interval', 'networks with different masks are compared under one', 'member.mask === mask', 'true'],
  ['interval', 'intervals with one target are joined over a gap', 'last.high + 1 === low &&', ''],
  ['search', 'of equal constants the last one counts', '[first]) => cases[first].target', 'those) => cases[those.at(-1)].target'],
  ['search', 'the first test computes nothing', 'touches: steps[index].touches', 'touches: []'],
  ['lists', 'alternatives change places though one may trap', '!link.conditions.every((condition) => isMet(values, known, condition.value))', 'false'],
  ['lists', 'what matched is not kept', 'found: ({ rank }) => setTo(rank)', 'found: () => setTo(0)'],
  ['lists', 'what matched ends it at once', 'found: ({ rank }) => setTo(rank)', 'found: () => exit'],
  ['lists', 'alternatives behind the one that matched may trap', 'ways.guarded(first.rank, start)', 'start'],
  ['lists', 'alternatives before the one that matched may not trap', 'testStep(values, JGE, variable, rank, [exit, step])', 'testStep(values, JGE, variable, rank + 1, [step, exit])'],
  ['lists', 'alternatives behind a shorter one are asked', 'held < 0 ? links : links.slice(0, held)', 'links.filter(({ conditions }) => conditions.length > depth)'],
  ['lists', 'the second field begins where the first one does', 'value === (group.values[at] ?? value)', 'true'],
  ['tails', 'the second tail is a byte further', 'value: values.constant(constant)', 'value: values.constant(constant + 1)'],
  ['tails', 'tails are equal whatever they test for', 'return x.op === y.op && isDouble(x.left, y.left) && isDouble(x.right, y.right)', 'return isDouble(x.left, y.left)'],
  ['tails', 'the first tail counts from the constant', '{ variable, value: base }', '{ variable, value: values.constant(constant) }'],
  ['lower', 'registers hold what one way left in them', 'a: common(a.a, b.a), x: common(a.x, b.x)', 'a: a.a, x: a.x'],
  ['lower', 'a variable is stored a cell further', 'this.#emit(ST, cell);\n        }\n        this.#cells.set(cell, [value])', 'this.#emit(ST, cell + 1);\n        }\n        this.#cells.set(cell, [value])'],
  ['lower', 'a sum starts from what A holds, and adds all', 'k - (distance ?? 0)', 'k'],
  ['lower', 'operands change sides, the branches do not', 'onTrue: onFalse,\n            onFalse: onTrue,', 'onTrue,\n            onFalse,'],
  ['lower', 'computing the left operand never changes X', 'if (!this.#changesXBehind(right, left) &&', 'if ('],
  ['lower', 'a cell is not kept for what it holds', 'this.#keeping(right, () => this.toA(left))', 'this.toA(left)'],
  ['lower', 'A keeps what it held while X is computed', 'if (!a.includes(loaded))', 'if (false)'],
  ['lower', 'cells hold what one way left in them', 'cells: commonCells(a.cells, b.cells)', 'cells: a.cells'],
  ['tidy', 'blocks are equal whatever they load', '{k}`', '{code}`'],
  ['tidy', 'no store is read', '|| read.has(k)', ''],
];

/** The folder with one change, loaded. */
async function optimizerWith([file, , right, wrong]: Mistake, at: number): Promise<Optimizer> {
  const folder = join(scratch, `${at}`);
  cpSync(here, folder, { recursive: true, filter: (path) => !path.includes('.test.') });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.js'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    const changed = name === `${file}.js` ? text.replace(right, () => wrong) : text;
    if (name === `${file}.js` && changed === text) throw new Error(`${name} has no '${right}'`);
    const above = pathToFileURL(join(here, '..')).href;
    writeFileSync(join(folder, name), changed.replaceAll(/from '\.\.\//g, `from '${above}/`));
  }
  const module = (await import(pathToFileURL(join(folder, 'pipeline.js')).href)) as { optimize: Optimizer };
  return module.optimize;
}

const programs: Program[] = [
  ...EXPRESSIONS.map(([expression, options]) => compileUnoptimized(expression, options)),
  ...fc.sample(arbitraryProgram(), { numRuns: 200, seed: 1 }),
];
const packets = fc.sample(arbitraryPacket, { numRuns: 30, seed: 1 });

/** What notices that something is wrong with an optimizer; `undefined`: nothing does. */
function noticed(optimizer: Optimizer): string | undefined {
  for (const program of programs) {
    let result: Program;
    try {
      result = linearize(optimizer(split(program), { checked: true }), { shareJumps: true });
    } catch (error) {
      return `an error: ${(error as Error).message}`;
    }
    if (equivalent(program, result, { budget: 20_000 }).verdict === 'different') return 'the checker';
    const [before, after] = [loadInterpreter(program), loadInterpreter(result)];
    const differs = (bytes: Uint8Array): boolean =>
      before(bytes, 0, bytes.length, 99) !== after(bytes, 0, bytes.length, 99);
    if (packets.some(differs)) return 'a packet';
  }
  return undefined;
}

test('nothing is noticed of the right optimizer', async (t) => {
  const unchanged = await optimizerWith(['tidy', '', 'export', 'export'] as Mistake, MISTAKES.length).catch(
    () => undefined,
  );
  t.is(unchanged, undefined); // a change that changes nothing is refused
  const { optimize: right } = await import('./pipeline.js');
  t.is(noticed(right), undefined);
});

for (const [at, mistake] of MISTAKES.entries()) {
  const [file, what] = mistake;
  // One of each pass, or about; the full run makes them all.
  if (!fullRun && at % 4 !== 0) continue;
  test(`noticed in ${file}: ${what}`, async (t) => {
    const by = noticed(await optimizerWith(mistake, at));
    t.not(by, undefined);
    t.log(`by ${by}`);
  });
}
