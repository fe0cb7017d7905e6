/**
 * Seeded mistakes: the code that steps into tunnels and behind tags is made wrong in one place. Made packets, of which
 * tshark says what is in them, must notice.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import { execute, type Program } from '../cbpf/index.js';
import { changedRoom } from '../testing/changedRoom.js';
import { generator } from '../testing/random.js';
import { tsharkVersion } from '../testing/tshark.js';
import { expected, makeFrames, questionOf, textOf } from '../testing/tunnelQuestions.js';
import { fullRun } from '../testing/vectors.js';
import type * as Codegen from './index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'weir-codegen-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

// biome-ignore format: a table
const MISTAKES: readonly (readonly [file: string, what: string, right: string, wrong: string])[] = [
  ['innerPacket', "a key does not make GRE's header longer", '...optional(GRE.KEY), ', ''],
  ['innerPacket', "a checksum does not make GRE's header longer", '...optional(GRE.CHECKSUM), ', ''],
  ['innerPacket', 'the key stands where the checksum would', 'store(key ?? start)', 'store(start)'],
  ['innerPacket', "GRE's frames are packets", "[JEQ, ETHERTYPE.TEB, 'frame', 'packet']", "[JEQ, ETHERTYPE.IP, 'frame', 'packet']"],
  ['innerPacket', 'the second type of ERSPAN has four bytes', 'advance(payload, 8)', 'advance(payload, 4)'],
  ['innerPacket', 'the third type of ERSPAN has no more than its header', '[ALU | LSH | K, 3]', '[ALU | LSH | K, 2]'],
  ['innerPacket', 'GTP has eight bytes, always', "[JSET, GTP.OPTIONAL, 'optional', 'packet']", "[JSET, GTP.OPTIONAL, 'packet', 'packet']"],
  ['innerPacket', "GTP's extension headers are not stepped over", "[JSET, GTP.EXTENSIONS, 'next0', 'packet']", "[JSET, GTP.EXTENSIONS, 'packet', 'packet']"],
  ['innerPacket', 'IP carries no IPv6', '[IPPROTO.IPV4, IPPROTO.IPV6]', '[IPPROTO.IPV4]'],
  ['tunnel', "IPv4's options are not stepped over", '...loadIpv4HeaderLength(context), context.statement(MISC | TXA)', '...loadIpv4HeaderLength(context), context.statement(LD | IMM, 20)'],
  ['tunnel', 'destination options before a tunnel are not stepped over', 'return or(directly, and(behindOptions, testX(length, JEQ, context.span)));', 'return directly;'],
  ['tunnel', 'the number of a tunnel is shifted', 'id * 256', 'id'],
  ['tunnel', "Geneve's options are not stepped over", '[ALU | MUL | K, 4]', '[ALU | MUL | K, 0]'],
  ['tunnel', 'packets in Geneve are all frames', "[JEQ, ETHERTYPE.TEB, 'frame', 'packet']", "[JEQ, ETHERTYPE.TEB, 'frame', 'frame']"],
  ['encapsulation', 'a tag is two bytes long', 'payload: behind(payload, 4)', 'payload: behind(payload, 2)'],
  ['encapsulation', 'a label is not stepped over', 'network: (network + 4) >>> 0', 'network: network >>> 0'],
  ['encapsulation', 'PPPoE has no length', 'network + 6', 'network + 4'],
  ['generate', 'what a scope has moved stays moved', 'context.headers = before.at(-1);', ''],
];

/** The room with one change, its siblings as they are. */
async function codegenWith(at: number): Promise<typeof Codegen> {
  const [file, , right, wrong] = MISTAKES[at]!;
  const room = changedRoom(here, join(scratch, `${at}`), file, right, wrong);
  return (await import(pathToFileURL(join(room, 'index.js')).href)) as typeof Codegen;
}

const FRAMES = 300;
const QUESTIONS = 400;

/** What notices that something is wrong; `undefined`: nothing does. */
function judge({ frames, levels }: ReturnType<typeof makeFrames>) {
  const random = generator(0x7d);
  const asked = Array.from({ length: QUESTIONS }, () => questionOf(random, levels[random(levels.length)]!));
  const isTaken = (program: Program, bytes: Uint8Array): boolean =>
    execute(program, { bytes, wireLength: bytes.length, personality: 'libpcap' }).result !== 0;
  return ({ compileUnoptimized }: typeof Codegen): string | undefined => {
    for (const question of asked) {
      const text = textOf(question);
      let programs: Program[];
      try {
        programs = [text, `${text} or arp`].map((each) => compileUnoptimized(each));
      } catch {
        continue; // of what makes no sense on a link
      }
      for (const [place, bytes] of frames.entries()) {
        const inside = expected(question, levels[place]!);
        if (inside === undefined) continue;
        const isArp = levels[place]![0]!.network === 'arp';
        const [alone, beside] = programs.map((program) => isTaken(program, bytes));
        // ARP may end before what the scope looks for, and is refused then.
        if (alone !== inside || (beside ? !(inside || isArp) : inside)) return text;
      }
    }
    return undefined;
  };
}

test('each mistake is noticed', async (t) => {
  if (tsharkVersion() === undefined || !fullRun) {
    t.log(fullRun ? 'skipped: tshark is not installed' : 'left out: for full runs');
    t.pass();
    return;
  }
  const noticed = judge(makeFrames(0x7c, FRAMES));
  t.is(noticed(await import('./index.js')), undefined);
  for (const [at, [file, what]] of MISTAKES.entries()) {
    const by = noticed(await codegenWith(at));
    if (by === undefined) t.fail(`${file}: ${what}`);
    else t.log(`${what}: ${by}`);
  }
});
