/** Rings of savefiles beside those that tcpdump makes, and times in names beside date(1). */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Packet, PcapEncoder } from '../lib/index.js';
import { tcpdumpVersion } from '../lib/testing/tcpdump.js';
import { projectRoot } from '../lib/testing/vectors.js';
import { parseOptions } from './options.js';
import { NO_MORE_FILES, Savefiles } from './savefiles.js';
import { strftime } from './strftime.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'weir-savefiles-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const FORM = { format: 'pcap', linkType: 1, snapLength: 262144 } as const;
const SOURCE = { linkType: 1, snapLength: 262144, timestampUnit: 1e-6 };
const packetOf = (n: number, length = 60 + ((n * 7919) % 1400)): Packet => {
  const data = new Uint8Array(length).fill(n);
  return new Packet(data, data.length, 1_700_000_000 + n, 0, SOURCE);
};

/** 4.6 MB, packets of many lengths. */
const capture = join(folder, 'input.pcap');
const encoder = new PcapEncoder(FORM);
encoder.start();
for (let n = 0; n < 6000; n++) encoder.write(packetOf(n));
writeFileSync(capture, encoder.take());

let made = 0;
/** Runs a command in a folder of its own; gives the files that are there then. */
function filesOf(words: readonly string[]): { status: number | null; files: Record<string, Buffer> } {
  const cwd = join(folder, `run${made++}`);
  mkdirSync(cwd);
  const { status } = spawnSync(words[0]!, words.slice(1), { cwd, env: { ...process.env, TZ: 'GMT0' } });
  const names = readdirSync(cwd).sort();
  return { status, files: Object.fromEntries(names.map((name) => [name, readFileSync(join(cwd, name))])) };
}

const asTcpdump = test.macro({
  title: (_, line: string) => `the files of tcpdump: ${line}`,
  exec(t, line: string) {
    if (tcpdumpVersion() === undefined) {
      t.log('skipped: tcpdump is not installed');
      t.pass();
      return;
    }
    const options = ['-r', capture, ...line.split(' ')];
    const ours = filesOf([process.execPath, WEIR, ...options]);
    const theirs = filesOf(['tcpdump', '-Z', 'root', ...options]);
    t.deepEqual(Object.keys(ours.files), Object.keys(theirs.files));
    for (const [name, bytes] of Object.entries(theirs.files)) t.true(bytes.equals(ours.files[name]!), name);
    t.is(ours.status, theirs.status);
  },
});
test(asTcpdump, '-w ring.pcap -C 1');
test(asTcpdump, '-w ring.pcap -C 1 -W 3');
test(asTcpdump, '-w ring.pcap -C 1 -W 1');
test(asTcpdump, '-w ring.pcap -C 1 -W 12');
test(asTcpdump, '-w ring -C 1 -c 2500 greater 500');
test(asTcpdump, '-w %Y-ring.pcap -C 2');
test(asTcpdump, '-w ring-%Y.pcap -G 86400 -C 2 -W 11');
test(asTcpdump, '-w ring-%C%%.pcap -G 86400');
test(asTcpdump, '-w alone.pcap -W 3 -z false');
test(asTcpdump, '-w alone.pcap -C 0');
test(asTcpdump, '-w alone.pcap -W 0');
test(asTcpdump, '-w alone.pcap -G -1');

test('sizes with a unit, and sizes that are none', (t) => {
  const bytes = (size: string): number => parseOptions(['-C', size]).rotateBytes;
  t.deepEqual(['3', '2k', '2K', '2m', '1g'].map(bytes), [3e6, 2048, 2048, 2 ** 21, 2 ** 30]);
  for (const size of ['', 'k', '0', '-1', '1.5', '1kk', '1t', '99999999999'])
    t.throws(() => bytes(size), { message: `invalid file size ${size}` });
});

/** Writes a packet of 600 bytes at each of some times, as a capture would. */
function capturing(options: readonly string[], times: readonly number[]): string[] {
  const path = join(folder, `live${made++}`);
  mkdirSync(path);
  let now = times[0]!;
  const write = ['-w', join(path, options[0]!)];
  const files = new Savefiles(parseOptions([...write, ...options.slice(1)]), FORM, [], () => now);
  let failure: unknown;
  try {
    for (const [n, time] of times.entries()) {
      now = time;
      files.write(packetOf(n, 600));
    }
  } catch (error) {
    failure = error;
  }
  void files.close();
  const names = readdirSync(path).sort();
  const counts = names.map((name) => `${name} ${packetsIn(readFileSync(join(path, name)))}`);
  return failure === NO_MORE_FILES ? [...counts, 'no more'] : counts;
}

function packetsIn(bytes: Buffer): number {
  let packets = 0;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) packets++;
  return packets;
}

// What tcpdump(1) says of -G, -C and -W, and dump_packet_and_trunc() of its tcpdump.c does.
test('a file every so many seconds', (t) => {
  const times = [100, 101, 109, 110, 119, 135, 136, 146];
  t.deepEqual(capturing(['%s', '-G', '10'], times), ['100 3', '110 2', '135 2', '146 1']);
  t.deepEqual(capturing(['same', '-G', '10'], times), ['same 1']);
  t.deepEqual(capturing(['%s', '-G', '10', '-W', '3'], times), ['100 3', '110 2', '135 2', 'no more']);
  t.deepEqual(capturing(['%s', '-G', '10', '-W', '1'], times), ['100 3', 'no more']);
  t.deepEqual(capturing(['%s', '-G', '0'], times), ['%s 8']);
});

test('a file every so many seconds, and more of them where it gets too large', (t) => {
  const times = [100, 101, 102, 103, 104, 105, 120, 121, 122];
  t.deepEqual(capturing(['%s.', '-G', '10', '-C', '1k'], times), [
    '100. 2',
    '100.1 2',
    '100.2 2',
    '120. 2',
    '120.1 1',
  ]);
  t.deepEqual(capturing(['%s.', '-G', '10', '-C', '1k', '-W', '2'], times), [
    '100.0 2',
    '100.1 2',
    '120.0 2',
    '120.1 1',
  ]);
});

test('-z is run with each file that has ended', async (t) => {
  const cwd = join(folder, 'commands');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'note'), '#!/bin/sh\nwc -c < "$1" > "$1.size"\n', { mode: 0o755 });
  const run = (command: string) =>
    spawnSync(process.execPath, [WEIR, '-r', capture, '-w', 'ring', '-C', '1', '-z', command], {
      cwd,
      encoding: 'utf8',
    });
  const { status, stderr } = run('./note');
  t.is(status, 0);
  t.notRegex(stderr, /note/);
  const files = readdirSync(cwd).filter((name) => /^ring\d*$/.test(name));
  t.true(files.length > 3);
  // They go on by themselves.
  const sizes = () => readdirSync(cwd).filter((name) => name.endsWith('.size'));
  while (sizes().length < files.length - 1) await setTimeout(20);
  await setTimeout(100);
  t.is(sizes().length, files.length - 1);
  const first = readFileSync(join(cwd, 'ring.size'), 'utf8');
  t.is(Number(first), readFileSync(join(cwd, 'ring')).length);

  const missing = run('./nothing');
  t.is(missing.status, 0);
  t.regex(missing.stderr, /^weir: -z \.\/nothing ring: No such file or directory$/m);
  // What Node throws at once instead of telling later.
  const wrong = run('/etc/passwd/x');
  t.is(wrong.status, 0);
  t.is(wrong.stderr.match(/Not a directory$/gm)?.length, files.length - 1);
});

test('standard output and a file that is read are no ring', (t) => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [WEIR, '-r', capture, ...words], { cwd: folder, encoding: 'utf8' });
  t.regex(run('-w', '-', '-C', '1').stderr, /^weir: standard output is one file: /m);
  writeFileSync(join(folder, 'next1'), readFileSync(capture));
  const { status, stderr } = run('-r', 'next1', '-w', 'next', '-C', '1');
  t.is(status, 1);
  t.regex(stderr, /^weir: next1: is the file that is being read; write to another one$/m);
  t.is(readFileSync(join(folder, 'next1')).length, readFileSync(capture).length);
});

test('times in names, as date(1) writes them', (t) => {
  const letters = [...'aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ%'];
  const format = letters.map((letter) => `%${letter}`).join('|');
  const year = 31_556_952;
  const times = Array.from({ length: 60 }, (_, n) => 1_700_000_000 + Math.floor(n * year * 0.137 + n * 4321));
  // First and last days of years; the hours at which clocks in New York change.
  for (let n = 2000; n < 2030; n++)
    times.push(Date.UTC(n, 0, 1) / 1000, Date.UTC(n, 11, 31, 23, 59, 59) / 1000);
  times.push(1_710_054_000 - 1, 1_710_054_000, 1_730_613_600 - 1, 1_730_613_600);
  // A zone is a process's, so that another writes ours, too.
  const module = new URL('./strftime.js', import.meta.url).href;
  const script = `import { strftime } from '${module}';
    for (const time of ${JSON.stringify(times)}) console.log(strftime(${JSON.stringify(format)}, new Date(time * 1000)));`;
  for (const TZ of ['UTC', 'America/New_York', 'Asia/Tokyo', 'America/St_Johns']) {
    const env = { ...process.env, TZ, LC_ALL: 'C' };
    const lines = (command: string, args: readonly string[]): string[] => {
      const input = times.map((time) => `@${time}\n`).join('');
      return spawnSync(command, args, { input, env, encoding: 'utf8' }).stdout.split('\n');
    };
    const wanted = lines('date', ['-f', '-', `+${format}`]);
    if (wanted.length !== times.length + 1) {
      t.log('skipped: date(1) here takes no -f');
      t.pass();
      return;
    }
    const ours = lines(process.execPath, ['--input-type=module', '-e', script]);
    // Node has no abbreviation for most zones.
    const withoutZone = (line: string): string => line.replace(/\|[^|]*\|%$/, '');
    const asSaid = TZ === 'UTC' || TZ === 'America/New_York' ? (line: string) => line : withoutZone;
    t.deepEqual(ours.map(asSaid), wanted.map(asSaid));
  }
  t.is(strftime('50 %, 50 %Q%n%t', new Date(0)), '50 %, 50 %Q\n\t');
});

test('--split parts a capture in one pass, byte for byte as -w writes each part', (t) => {
  const run = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
  const capture = join(projectRoot, 'captures', 'http.pcapng');
  const parts = join(folder, 'parts');
  const syn = 'tcp[tcpflags] & tcp-syn != 0';
  const { status, stdout, stderr } = run(
    '-r',
    capture,
    '--split',
    parts,
    '--by',
    `syn=${syn},@tcp-syn`,
    '--by',
    'rest',
  );
  t.is(`${status} ${stderr}`, '0 30 packets read\n');
  t.is(stdout.match(/^\d+\t.*\.pcapng$/gm)?.length, 3);
  const alone = join(folder, 'alone.pcapng');
  for (const [name, expression] of [
    ['syn', syn],
    ['tcp-syn', '@tcp-syn'],
    ['rest', `not (${syn}) and not @tcp-syn`],
  ] as const) {
    run('-r', capture, '-w', alone, expression);
    t.deepEqual(readFileSync(join(parts, `${name}.pcapng`)), readFileSync(alone), name);
  }
  for (const [by, message] of [
    ['x=tcp prot 80', /did you mean 'port'/],
    ['tcp', /is none of @NAME/],
    ['a=ip,a=ip6', /two savefiles/],
  ] as const) {
    const wrong = run('-r', capture, '--split', join(folder, 'none'), '--by', by);
    t.is(wrong.status, 1);
    t.regex(wrong.stderr, message);
  }
  t.false(existsSync(join(folder, 'none')));
});
