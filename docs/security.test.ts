/** Vulnerabilities of libpcap and tcpdump, each made anew by its kind: a row here for a row of security.md. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { opcodes, type ProblemKind, ProgramError } from '../lib/cbpf/index.js';
import type { Instruction, Program } from '../lib/cbpf.js';
import { CaptureError, compile, createPrinter, ENGINES, FilterError, Packet } from '../lib/index.js';
import { DeviceError, openCapture, openDevice } from '../lib/node.js';
import { generator } from '../lib/testing/random.js';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const { ABS, ADD, ALU, B, DIV, IMM, JA, JEQ, JMP, K, LD, LDX, MEM, MOD, RET, ST, STX, X } = opcodes;
const op = (code: number, k = 0, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const ACCEPT = op(RET | K, 1);

/** Programs that no engine may begin to run. */
function refused(kind: ProblemKind, ...programs: readonly Program[]): (t: ExecutionContext) => void {
  return (t) => {
    for (const engine of ENGINES)
      for (const program of programs) {
        const error = t.throws(() => engine.load(program), { instanceOf: ProgramError }, engine.name);
        t.is(error?.problem.kind, kind, engine.name);
      }
  };
}

/** Whatever an engine makes of a packet: 0, and an end. */
function rejects(t: ExecutionContext, program: Program): void {
  for (const engine of ENGINES) {
    if (engine.unavailable() !== undefined || engine.name === 'kernel-test') continue;
    t.is(engine.load(program)(new Uint8Array(64), 0, 64, 64), 0, engine.name);
  }
}

const notThere =
  (...names: readonly string[]) =>
  async (t: ExecutionContext): Promise<void> => {
    for (const name of names) {
      const error = await t.throwsAsync(openDevice(name), { instanceOf: DeviceError });
      t.true(error?.code === 'not-found' || error?.code === 'missing', name);
    }
  };

/** Texts where a MAC address belongs: too few digits, too many, ends that are none, long ones. */
function addresses(t: ExecutionContext): void {
  const random = generator(11);
  const pieces = [':', '-', '.', '0', 'f', 'ff', '00', 'fff', 'g', '\u00e9', '', ' ', '"', '\\', '$'];
  const made = Array.from({ length: fullRun ? 5000 : 400 }, () =>
    Array.from({ length: 1 + random(14) }, () => pieces[random(pieces.length)]).join(''),
  );
  const long = [':', '0:', 'ff', '0-', '.0000'].map((piece) => piece.repeat(5000));
  let right = 0;
  for (const text of [...made, ...long, 'ff:ff:ff:ff:ff:ff', '0.0.0.0.0.0', '$0', '00:']) {
    try {
      compile(`ether host ${text}`);
      right++;
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
    }
  }
  t.true(right > 1);
}

/** Messages that quote what they are about stay short, and whole characters. */
function longTexts(t: ExecutionContext): void {
  for (const character of ['\u{1f600}', '\u00e9', '\u2028', 'x'])
    for (let length = 90; length < 110; length++)
      for (const before of ['', 'a']) {
        const text = `host ${before}${character.repeat(length)}.`;
        const { message } = t.throws(() => compile(text), { instanceOf: FilterError })!;
        t.true(message.length < 2000);
        t.notRegex(message, /\p{Surrogate}/u);
      }
}

/** A folder that is none, one without rights, where a capture belongs. */
async function folders(t: ExecutionContext): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-security-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await notThere(`file://${folder}`, `file://${folder}/none`)(t);
  writeFileSync(join(folder, 'file'), 'x');
  for (const path of [folder, join(folder, 'none'), join(folder, 'file', 'none')])
    await t.throwsAsync(async () => (await openCapture(path)).close(), { instanceOf: CaptureError });
}

/**
 * Prints frames cut everywhere and changed, and says nothing but that this ends in time. What is printed of a frame is
 * bounded by its length.
 */
function printing(linkType: number, ...frames: readonly (readonly number[])[]) {
  return (t: ExecutionContext): void => {
    const source = { linkType, snapLength: 262_144, timestampUnit: 1e-6 };
    const printers = [0, 1, 3].map((verbose) => createPrinter({ verbose, linkLayer: verbose > 0 }));
    const random = generator(7);
    const print = (bytes: Uint8Array): void => {
      for (const printer of printers) {
        const text = printer.print(new Packet(bytes, bytes.length, 0, 0, source));
        t.true(text.length < 400 + 100 * bytes.length);
      }
    };
    const started = performance.now();
    for (const frame of frames) {
      for (let length = 1; length <= frame.length; length++) print(Uint8Array.from(frame.slice(0, length)));
      for (let round = 0; round < (fullRun ? 500 : 50); round++) {
        const changed = Uint8Array.from(frame);
        for (let times = 1 + random(4); times > 0; times--) changed[random(changed.length)] = random(256);
        print(changed);
      }
    }
    t.true(performance.now() - started < 20_000);
  };
}

/** HDLC frames (RFC 1662) that are nothing but escapes, flags, and frames within frames. */
const ESCAPED = [
  [0x7e, ...Array.from({ length: 300 }, () => 0x7d)],
  [0x7e, 0xff, 0x03, ...Array.from({ length: 300 }, (_, at) => (at % 2 === 0 ? 0x7d : 0x5d))],
  [0xff, 0x7d, 0x23, 0xc0, 0x21, 0x7d, 0x21, ...Array.from({ length: 100 }, () => 0x7e)],
  [0x7e, ...Array.from({ length: 60 }, () => [0xff, 0x7d, 0x23, 0x00, 0x21, 0x45]).flat()],
  [0xff, 0x03, 0x00, 0xfd, ...Array.from({ length: 200 }, (_, at) => at & 0xff)],
];

/** IPv4 and TCP from port 139 before a message, with lengths that are right. */
const overTcp = (port: number, message: readonly number[]): number[] => [
  ...[0x45, 0, (40 + message.length) >> 8, (40 + message.length) & 0xff, 0, 1, 0, 0, 64, 6, 0, 0],
  ...[192, 0, 2, 1, 192, 0, 2, 2, port >> 8, port & 0xff, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18],
  ...[16, 0, 0, 0, 0, 0, ...message],
];
/** SMB: a session's header whose length is not the message's, then names in UTF-16 that do not end. */
const smb = (length: number, command: number): number[] => [
  ...[0, length >> 16, (length >> 8) & 0xff, length & 0xff, 0xff, 0x53, 0x4d, 0x42, command],
  ...[0, 0, 0, 0, 0x18, 0x07, 0x80, ...Array.from({ length: 16 }, () => 0), 255],
  ...Array.from({ length: 120 }, (_, at) => (at % 2 === 0 ? 0x41 : 0xd8)),
];

type Replay = (t: ExecutionContext) => void | Promise<void>;

const REPLAYS: Readonly<Record<string, Replay>> = {
  'CVE-2026-0799': refused(
    'memory-cell',
    ...[LD | MEM, LDX | MEM, ST, STX].flatMap((code) =>
      [16, 0x7fffffff, 0x80000000, 0xffffffff].map((cell) => [op(code, cell), ACCEPT]),
    ),
  ),
  'CVE-2026-31912': (t) => {
    refused('no-return', [op(LD | IMM, 1)], [op(LD | IMM), op(ALU | ADD | K, 1)])(t);
    const jumps = [op(JMP | JA, 1), op(JMP | JA, 0x7fffffff), op(JMP | JEQ | K, 0, 255, 0)];
    refused('jump-out-of-range', ...jumps.map((jump) => [jump, ACCEPT]))(t);
  },
  'CVE-2026-31911': refused(
    'unknown-opcode',
    ...[0xffff, 0x0100, 0x00ff, RET | B | 0x40, LD | 0xe0, LDX | ABS].map((code) => [op(code), ACCEPT]),
  ),
  'CVE-2026-6244': (t) => {
    refused('zero-divisor', ...[DIV, MOD].map((divide) => [op(ALU | divide | K, 0), ACCEPT]))(t);
    for (const divide of [DIV, MOD]) rejects(t, [op(ALU | divide | X), ACCEPT]);
  },
  'CVE-2026-6554': (t) => {
    rejects(t, [op(LD | IMM, 1), op(JMP | JA, 0xffffffff), ACCEPT]);
    rejects(t, [op(LD | IMM, 1), op(JMP | JEQ | K, 1, 0, 1), op(JMP | JA, 0xfffffffd), ACCEPT]);
  },
  'CVE-2026-18313': notThere('rpcap://[::1]:2002/', 'rpcap://localhost/'),
  'CVE-2026-18238': notThere('rpcap://127.0.0.1:2002/lo', 'rpcap://127.0.0.1/'),
  'CVE-2025-11961': addresses,
  'CVE-2025-11964': longTexts,
  'CVE-2024-8006': folders,
  'CVE-2023-7256': notThere('rpcap://host.invalid:port/lo', 'rpcap://[::1'),
  'CVE-2024-2397': (t) => {
    for (const linkType of [50, 9, 51]) printing(linkType, ...ESCAPED)(t);
  },
  'CVE-2023-1801': printing(
    101,
    ...[0x25, 0x32, 0x72, 0x73, 0xa2].flatMap((command) =>
      [0, 40, 155, 0x1ffff].map((length) => overTcp(139, smb(length, command))),
    ),
  ),
};

for (const [name, replay] of Object.entries(REPLAYS)) test(`${name}, by its kind`, (t) => replay(t));

test('security.md has a row for each of them, and no other', (t) => {
  const page = readFileSync(join(projectRoot, 'docs', 'security.md'), 'utf8');
  t.deepEqual(
    [...page.matchAll(/^\| (CVE-\d+-\d+) \|/gm)].map(([, name]) => name),
    Object.keys(REPLAYS),
  );
});
