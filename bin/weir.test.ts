/** The command as its users run it: a process, its output, its exit status. */

import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Packet, PcapEncoder } from '../lib/index.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'weir-command-'));
test.after.always(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function weir(args: readonly string[], input: Uint8Array | string = ''): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WEIR, ...args], {
    input,
    cwd: folder,
    env: { ...process.env, TZ: 'GMT0' },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

/** Ethernet, IPv4, UDP from port 1000 + n to port 53: the simplest packet that prints as something. */
function udpFrame(n: number): Uint8Array {
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  view.setUint16(12, 0x0800);
  frame[14] = 0x45;
  view.setUint16(16, 46);
  frame[22] = 64;
  frame[23] = 17;
  frame.set([192, 0, 2, 1, 192, 0, 2, 2], 26);
  view.setUint16(34, 1000 + n);
  view.setUint16(36, 9);
  view.setUint16(38, 26);
  return frame;
}

function makeCapture(name: string, packets: number): string {
  const source = { linkType: 1, snapLength: 262144, timestampUnit: 1e-6 };
  const encoder = new PcapEncoder({ linkType: 1, snapLength: 262144 });
  encoder.start();
  for (let n = 0; n < packets; n++)
    encoder.write(new Packet(udpFrame(n), 60, 1_700_000_000 + n, 5_000_000, source));
  const path = join(folder, name);
  writeFileSync(path, encoder.take());
  return path;
}

const capture = makeCapture('ten.pcap', 10);
const READING = 'reading from file ten.pcap, link-type EN10MB (Ethernet), snapshot length 262144\n';

test('prints what matches on stdout and what it reads on stderr', (t) => {
  const { status, stdout, stderr } = weir(['-nr', 'ten.pcap', 'udp src port 1003']);
  t.is(stderr, READING);
  t.is(stdout, '22:13:23.005000 IP 192.0.2.1.1003 > 192.0.2.2.9: UDP, length 18\n');
  t.is(status, 0);
});

test('nothing that matches is no error', (t) => {
  t.deepEqual(weir(['-nr', 'ten.pcap', 'tcp']), { status: 0, stdout: '', stderr: READING });
});

test('--count prints only a number, and -c stops early', (t) => {
  t.is(weir(['-r', 'ten.pcap', '--count']).stdout, '10 packets\n');
  t.is(weir(['-r', 'ten.pcap', '--count', '-c', '1']).stdout, '1 packet\n');
  t.is(weir(['-c3', '-nr', 'ten.pcap']).stdout.split('\n').length, 4);
});

test('a copy without a filter is byte for byte', (t) => {
  t.is(weir(['-r', 'ten.pcap', '-w', 'copy.pcap']).status, 0);
  t.deepEqual(readFileSync(join(folder, 'copy.pcap')), readFileSync(capture));
});

test('reads a pipe and writes a pipe', (t) => {
  const { stdout, status } = spawnSync(process.execPath, [WEIR, '-r', '-', '-w', '-', 'udp src port 1000'], {
    input: readFileSync(capture),
  });
  t.is(status, 0);
  t.is(stdout.length, 24 + 16 + 60);
});

test('-F reads the expression from a file, with comments', (t) => {
  writeFileSync(join(folder, 'filter'), '# only one\nudp src port # not both\n 1001\n');
  t.is(weir(['-r', 'ten.pcap', '--count', '-F', 'filter', 'tcp']).stdout, '1 packet\n');
});

test('-V reads the files that a file lists', (t) => {
  writeFileSync(join(folder, 'list'), 'ten.pcap\nten.pcap\n');
  t.is(weir(['-V', 'list', '--count']).stdout, '20 packets\n');
  t.is(weir(['-V', 'list', '-w', 'both.pcap']).status, 0);
  t.is(weir(['-r', 'both.pcap', '--count']).stdout, '20 packets\n');
});

test('--jobs changes nothing but the time', (t) => {
  const cut = readFileSync(join(folder, 'ten.pcap')).subarray(0, -10);
  writeFileSync(join(folder, 'cut.pcap'), cut);
  writeFileSync(join(folder, 'four'), 'ten.pcap\nten.pcap\nten.pcap\ncut.pcap\n');
  const lines: readonly string[][] = [
    ['--count', 'udp'],
    ['--count', '-c', '25', 'udp'],
    ['-n', 'src port 1003 or src port 1009'],
    ['-n', '-c', '2', 'src port 1003'],
    ['-n', 'tcp'],
  ];
  for (const words of lines) {
    const alone = weir(['-V', 'four', ...words]);
    t.deepEqual(weir(['-V', 'four', '--jobs', '3', ...words]), alone, words.join(' '));
  }
  for (const jobs of ['1', '3']) {
    const { status, stderr } = weir(['-V', 'four', '--jobs', jobs, '-w', `by${jobs}.pcap`, 'udp']);
    t.is(status, 1);
    t.regex(stderr, /cut\.pcap: truncated dump file/);
  }
  t.deepEqual(readFileSync(join(folder, 'by3.pcap')), readFileSync(join(folder, 'by1.pcap')));
  t.regex(weir(['-V', 'four', '--jobs', '0', '--count']).stderr, /invalid number of jobs/);
});

test("-d prints the program of the file's link type", (t) => {
  const { stdout, status } = weir(['-r', 'ten.pcap', '-ddd', '-O', 'ip']);
  t.is(status, 0);
  t.is(stdout, '4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n');
});

const fails = test.macro({
  title: (_, what: string) => `fails with one line: ${what}`,
  exec(t, _what: string, args: readonly string[], expected: RegExp) {
    const { status, stderr } = weir(args);
    t.is(status, 1);
    t.regex(stderr, expected);
    t.notRegex(stderr, /\n\s+at /, 'no stack trace reaches a user');
  },
});
test(fails, 'a missing file', ['-r', 'nothing.pcap'], /^weir: nothing\.pcap: No such file or directory\n$/);
test(fails, 'a directory', ['-r', '.'], /^weir: \.: .*[Ii]s a directory\n$/);
test(fails, 'a file that is no capture', ['-r', 'filter2'], /^weir: filter2: No such file/);
test(fails, 'an unknown option', ['-Y'], /^weir: invalid option -- 'Y'\nweir version .*\nUsage: /);
test(fails, 'an option without its value', ['-r'], /^weir: option requires an argument -- 'r'\n/);
test(fails, 'a count of zero', ['-r', 'ten.pcap', '-c', '0'], /^weir: invalid packet count 0\n/);
test(fails, 'an unknown engine', ['-r', 'ten.pcap', '--engine', 'steam', 'ip'], /no engine 'steam'/);
test(fails, 'an unknown link type', ['-d', '-y', 'TIN_CAN', 'ip'], /no link type 'TIN_CAN'/);
test(
  fails,
  'an unknown direction',
  ['-Q', 'up'],
  /^weir: invalid capture direction 'up': it is one of in, out, inout\n/,
);
test(fails, 'a full disk', ['-r', 'ten.pcap', '-w', '/dev/full'], /No space left on device\n$/);
test(
  fails,
  'a filter file that is missing',
  ['-r', 'ten.pcap', '-F', 'none'],
  /weir: none: No such file or directory\n$/,
);
test(
  fails,
  'a file that would overwrite its input',
  ['-r', 'ten.pcap', '-w', 'ten.pcap'],
  /is the file that is being read/,
);
test(
  fails,
  'a wrong expression, with a caret',
  ['-r', 'ten.pcap', 'tcp prot 80'],
  /\n {2}tcp prot 80\n {6}\^~~~ .*\n.*did you mean 'port'/,
);

test('an empty file and one that is no capture say so', (t) => {
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'text'), 'this is not a capture file\n'.repeat(4));
  t.regex(weir(['-r', 'empty']).stderr, /^weir: empty: truncated dump file/);
  t.regex(weir(['-r', 'text']).stderr, /^weir: text: unknown file format/);
  t.is(weir(['-r', 'text']).status, 1);
});

test('a cut file: all that is readable, then the place and the reason', (t) => {
  const cut = makeCapture('cut.pcap', 10);
  truncateSync(cut, 24 + 9 * 76 + 40);
  const { status, stdout, stderr } = weir(['-nr', 'cut.pcap']);
  t.is(stdout.trim().split('\n').length, 9);
  t.regex(
    stderr,
    /weir: cut\.pcap: truncated dump file; tried to read 60 captured bytes, only got 24 \(at byte 708\)\n$/,
  );
  t.is(status, 1);
  t.is(weir(['-r', 'cut.pcap', '-w', 'mended.pcap']).status, 1);
  t.is(weir(['-r', 'mended.pcap', '--count']).stdout, '9 packets\n');
});

test('nothing is counted where nothing could be read', (t) => {
  t.is(weir(['-r', 'ten.pcap', '--count', 'tcp prot']).stdout, '');
  writeFileSync(join(folder, 'with-missing'), 'ten.pcap\nmissing.pcap\n');
  t.is(weir(['-V', 'with-missing', '--count']).stdout, '');
  writeFileSync(join(folder, 'half'), readFileSync(capture).subarray(0, 24 + 5 * 76 + 10));
  t.is(weir(['-r', 'half', '--count']).stdout, '5 packets\n');
});

test('a reader that goes away, as head does, ends it quietly', async (t) => {
  makeCapture('many.pcap', 20_000);
  const child = spawn(process.execPath, [WEIR, '-nr', 'many.pcap'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.once('data', () => child.stdout.destroy());
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.is(status, 0);
  t.notRegex(stderr, /EPIPE|Error|bug/);
});

test('from a pipe to a pipe, what matches is handed on before more comes', async (t) => {
  const child = spawn(process.execPath, [WEIR, '-r', '-', '-w', '-', 'ip'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const sent = readFileSync(capture);
  let got = 0;
  const whole = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      got += chunk.length;
      if (got === sent.length) resolve();
    });
  });
  child.stdin.write(sent);
  await whole;
  child.stdin.end();
  t.is(await new Promise((resolve) => child.on('close', resolve)), 0);
  t.is(got, sent.length);
});

test('an interrupt ends a read from a pipe with what there is', async (t) => {
  const child = spawn(process.execPath, [WEIR, '-r', '-', '--count'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stdin.write(readFileSync(capture));
  await new Promise((resolve) => child.stderr.once('data', resolve));
  child.kill('SIGINT');
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.is(status, 0);
  t.is(stdout, '10 packets\n');
});

test('-Z: as another user once the input is open', (t) => {
  if (process.getuid?.() !== 0) {
    t.log('skipped: only root can become somebody else');
    t.pass();
    return;
  }
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  chmodSync(folder, 0o755);
  chmodSync(capture, 0o600);
  t.is(weir(['-r', 'ten.pcap', '-w', 'open/ours', '-Z', 'nobody']).status, 0);
  const { uid, gid } = statSync(join(open, 'ours'));
  const nobody = ['-u', '-g'].map((which) => Number(spawnSync('id', [which, 'nobody']).stdout));
  t.deepEqual([uid, gid], nobody);
  const unknown = weir(['-r', 'ten.pcap', '--count', '-Z', 'no such user']);
  t.is(unknown.status, 1);
  t.regex(unknown.stderr, /^weir: Couldn't find user 'no such user'$/m);
});

test('tells about itself', (t) => {
  t.regex(weir(['--version']).stdout, /^weir version \d+\.\d+\.\d+ /);
  t.regex(weir(['--help']).stdout, /Usage: weir \[options\] \[expression\][\s\S]*--read[\s\S]*Examples/);
  t.regex(weir(['--filters']).stdout, /^@arp +ARP$/m);
  t.regex(weir(['--engines']).stdout, /^cbpf-js .*\(default\)$[\s\S]*^This host:$/m);
  t.regex(weir(['--wasm', 'ip']).stdout, /^\(module[\s\S]*i32\.load16_u offset=12/);
  t.regex(weir(['-L']).stdout, /EN10MB \(Ethernet\)/);
});

test('an engine that does not run a program says so once, and another one does', (t) => {
  makeCapture('one.pcap', 1);
  const { stdout, stderr, status } = weir([
    '-r',
    'one.pcap',
    '--count',
    '--engine=ebpf-wasm',
    'ip protochain 17',
  ]);
  t.deepEqual([stdout, status], ['1 packet\n', 0]);
  t.is(
    stderr.match(/the engine ebpf-wasm does not run this program: .*; cbpf-interpreter runs it instead/g)
      ?.length,
    1,
  );
});

test('--ebpf: results by name, and what a form has none of is said', (t) => {
  const listing = weir([
    '-d',
    '--ebpf=xdp',
    '--accept=XDP_DROP',
    '--reject',
    'XDP_PASS',
    '-y',
    'EN10MB',
    'udp',
  ]).stdout;
  t.regex(listing, /^ +0: \(b4\) w0 = 2$/m);
  t.regex(listing, /\(b4\) w0 = 1\n.*\n.*\n.*exit/);
  const refused = weir(['-d', '--ebpf=tc', '--accept=XDP_DROP', '-y', 'EN10MB', 'udp']);
  t.is(refused.status, 1);
  t.regex(refused.stderr, /^weir: the form tc has no result 'XDP_DROP': there are TC_ACT_UNSPEC, /m);
});

test('text from strangers is an expression, whatever it begins with', (t) => {
  t.is(weir(['-r', 'ten.pcap', '--count', '--filter=udp port 1003']).stdout, '1 packet\n');
  const hostile = weir(['-r', 'ten.pcap', '--count', '--filter=-z /bin/true']);
  t.is(hostile.status, 1);
  t.regex(hostile.stderr, /the filter expression cannot be compiled/);
  t.regex(weir(['-r', 'ten.pcap', '--filter=udp', 'tcp']).stderr, /the expression is given by --filter/);
});

test('what a terminal would obey or not show is marked', (t) => {
  writeFileSync(join(folder, 'odd'), '\ufeffudp\u00a0port 53 \u001b[31m\u202e\0');
  const { stderr } = weir(['-r', 'ten.pcap', '--count', '-F', 'odd']);
  t.notRegex(stderr, /[\u00a0\u001b\u202e\0]/);
  t.regex(stderr, /unexpected character U\+00A0\n +write a plain space/);
  const long = weir(['-r', 'ten.pcap', `host ${'a'.repeat(100_000)}`]).stderr;
  t.true(long.length < 1000, `${long.length} characters`);
});

test('warnings by the hundred are a few and a count', (t) => {
  const many = Array.from({ length: 500 }, (_, i) => `vlan ${i}`).join(' or ');
  const { stderr } = weir(['-y', 'EN10MB', '-d', many]);
  t.is(stderr.match(/^weir: warning:$/gm)?.length, 3);
  t.regex(stderr, /^weir: warning: 496 more of the kind$/m);
});

test('wrong words of the command line are answered by who was called', (t) => {
  t.regex(weir(['--cuont']).stderr, /^weir: unrecognized option '--cuont'; did you mean '--count'\?$/m);
  t.regex(weir(['verify']).stderr, /^weir verify: verify takes one file[\s\S]*^Usage: weir verify/m);
  t.regex(weir(['help']).stdout, /weir verify FILE/);
});

test("options of tcpdump's that are not there are answered by the reason", (t) => {
  for (const [option, reason] of [
    ['-mfoo', /-m is not supported: MIB modules are not read/],
    ['-E0', /-E is not supported/],
    ['-f', /-n prints/],
  ] as const) {
    const { status, stderr } = weir([option, '-r', 'ten.pcap']);
    t.is(status, 1);
    t.regex(stderr, reason);
  }
  t.is(weir(['-buH', '-r', 'ten.pcap', '--count']).stdout, '10 packets\n');
});
