/**
 * Seeded mistakes: what makes capture filters of display filters and the other way round is made wrong in one place.
 * Pairs whose meaning is known, and packets in tunnels, must notice.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import { equivalent } from '../ask/index.js';
import { compile } from '../index.js';
import { changedRoom } from '../testing/changedRoom.js';
import { DISPLAY_PAIRS, TO_DISPLAY } from '../testing/displayPairs.js';
import { generator } from '../testing/random.js';
import { TunnelPackets } from '../testing/tunnelPackets.js';
import { fullRun } from '../testing/vectors.js';
import type * as Display from './index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-display-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are the room's own
// biome-ignore format: a table
const MISTAKES: readonly (readonly [file: string, what: string, right: string, wrong: string])[] = [
  ['translate', 'unequal means that one value is', "case '!=':\n                return both(field.exists, no(among(...intervals)));", "case '!=':\n                return among(...others);"],
  ['translate', 'at most leaves the value out', "case '<=':\n                return among([0, high]);", "case '<=':\n                return among([0, high - 1]);"],
  ['translate', 'at least takes what is larger', 'return among([low, max]);', 'return among([low + 1, max]);'],
  ['translate', 'a negation keeps its bounds', '({ over: no(under), under: no(over) })', '({ over: no(over), under: no(under) })'],
  ['translate', 'packets that carry others are refused', 'any(both(nested.over, no(carriesNone(this.link))), plain.over)', 'plain.over'],
  ['translate', 'of two conditions one is enough', "display.kind === 'and' ? both : any", 'any'],
  ['translate', 'what cannot be said is sure to match', "plain: { over, under: 'none' }", 'plain: { over, under: over }'],
  ['translate', 'a network is as large as its last byte', '2 ** (32 - Number(length))', '2 ** 8'],
  ['translate', 'bits behind an IPv6 prefix stay', '(0xffff << (16 - bits))', '0xffff'],
  ['fields', 'source ports are on both sides', "side === 'src ' ? [0] : [2]", "side === 'src ' ? [2] : [0]"],
  ['fields', 'fields over IPv6 are left out', 'if (over6 !== undefined)', 'if (false)'],
  ['fields', 'fields over IPv6 begin with its header', 'IPV6_HEADER + offset', 'offset'],
  ['fields', 'a flag that is off is on', "first[0] === 0 ? '=' : '!='", "'!='"],
  ['fields', 'masks are left out', "mask === whole ? text : `${text} & ${hex(mask)}`", 'text'],
  ['nested', 'fragments carry nothing', "test('ip[6:2] & 0x3fff = 0'),", ''],
  ['nested', 'ports of tunnels are like others', 'no(any(test(`udp port (${UDP_TUNNELS})`), test(`tcp port (${TCP_TUNNELS})`)))', "'all'"],
  ['nested', 'GRE is no tunnel', "OVER_4(17, 8)", "OVER_4(17, 8), test('ip proto 47')"],
  ['nested', 'IPv6 within IPv6 is no tunnel', 'OVER_6(17, 8)', "OVER_6(17, 8), test('ip6[6] = 41')"],
  ['toDisplay', 'networks are 32 bits long', '/${8 * count}', '/32'],
  ['toDisplay', 'either side is the source', "if (direction === 'dst')", "if (direction === 'none')"],
  ['relation', 'loads of TCP are of IPv6, too', '`(ip and ${text})`', 'text'],
  ['toDisplay', 'port ranges are their ends', '..${Math.max', ', ${Math.max'],
  ['relation', 'what is behind a header is sliced', 'offset + size <= header', 'true'],
  ['toDisplay', 'a service of two is of one', 'tcp === udp ? TRANSPORTS', "tcp === udp ? ['tcp']"],
  ['toDisplay', 'ARP has no addresses', "['ip.addr', 'arp.proto_ipv4']", "['ip.addr']"],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are the room's own

/** The room with one change, its siblings as they are. */
async function displayWith(at: number): Promise<typeof Display> {
  const [file, , right, wrong] = MISTAKES[at]!;
  const room = changedRoom(here, join(scratch, `${at}`), file, right, wrong);
  return (await import(pathToFileURL(join(room, 'index.js')).href)) as typeof Display;
}

const programOf = (text: string) => compile(text, { optimize: false }).for('EN10MB').cbpf;

const packets = new TunnelPackets(generator(0x31));
/** In tunnels, behind tags and labels; the first fragment of one that is not in any. */
const CARRYING = [
  ...Array.from({ length: 200 }, () => packets.carrying()),
  Uint8Array.from(
    Buffer.from(
      `0200000000010200000000020800450000280001200040060000c0000201c633640100500051${'00'.repeat(16)}`,
      'hex',
    ),
  ),
];

/** What notices that something is wrong; `undefined`: nothing does. */
function noticed({ toDisplay, translate }: typeof Display): string | undefined {
  try {
    for (const [display, capture] of DISPLAY_PAIRS) {
      const { outer, expression } = translate(display);
      if (equivalent(programOf(outer!), programOf(capture)).verdict !== 'equal') return display;
      const filter = compile(expression!, { linkType: 'EN10MB' });
      if (!/frame/.test(display) && !CARRYING.every((bytes) => filter.matches(bytes)))
        return `${display}, packets lost`;
    }
    for (const [capture, display] of TO_DISPLAY) if (toDisplay(capture) !== display) return capture;
    if (translate('not http').outer !== '' || translate('not (tcp and http)').outer !== '') return 'not http';
    return undefined;
  } catch (error) {
    return `an error: ${(error as Error).message}`;
  }
}

test('each mistake is noticed', async (t) => {
  t.is(noticed(await import('./index.js')), undefined);
  const missed: string[] = [];
  for (const [at, [file, what]] of MISTAKES.entries()) {
    if (!fullRun && at % 12 !== 0) continue;
    const by = noticed(await displayWith(at));
    t.log(`${what}: ${by}`);
    if (by === undefined) missed.push(`${file}: ${what}`);
  }
  t.deepEqual(missed, []);
});
