/** The command's options that tell what a filter does: reasons, profiles, pictures. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const CAPTURE = fileURLToPath(new URL('../../captures/http.pcap', import.meta.url));

function weir(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('--explain says which words and bytes decided, and what would have to be otherwise', (t) => {
  const { status, stdout } = weir('-r', CAPTURE, '--explain=1', 'tcp port 443');
  t.is(status, 0);
  t.is(
    stdout,
    [
      '1: port 443: no, bytes 34–35 (tcp.srcport) are 32836, bytes 36–37 (tcp.dstport) are 80',
      '     where bytes 12–13 (eth.type) are 0x0800, byte 14 (ip.hdr_len) is 20',
      '     yes with bytes 36–37 (tcp.dstport) 443',
      '',
    ].join('\n'),
  );
  const lines = weir('-r', CAPTURE, '--explain', '--json', '-c', '2', 'tcp port 80')
    .stdout.trim()
    .split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ number, matches }) => ({ number, matches })),
    [1, 2].map((number) => ({ number, matches: true })),
  );
});

test('--explain says where nothing can be otherwise, and cuts what is long', (t) => {
  const said = (...words: string[]) => weir('-r', CAPTURE, '--explain=1', ...words).stdout.split('\n');
  t.is(said('-O', 'ip and ip6').at(-2), '     never yes, with any packet of this link type');
  t.is(said('ip or not ip').at(-2), '     never no, with any packet that is long enough');
  t.regex(said('ip[200] = 7').at(-2)!, /^ {5}yes with bytes 74–213 0, byte 214 0x07$/);
});

test('--explain=steps lists what ran, as weir -d does', (t) => {
  const { stdout } = weir('-r', CAPTURE, '--explain=steps,1', 'tcp port 443');
  t.regex(stdout, /^1: no, 0 after 13 instructions\n {2}\(000\) ldh {6}\[12\] +A=0x800 X=0x0 +tcp\n/);
  t.is(stdout.trim().split('\n').length, 14);
  const lifted = weir('-r', CAPTURE, '--explain=steps,1', '--ebpf=xdp', 'tcp port 443').stdout;
  t.regex(lifted, /^1: xdp returns 0 after 30 instructions\n {2}0: \(b4\) w0 = 0\n/);
});

test('--explain refuses what it cannot explain', (t) => {
  t.regex(weir('-r', CAPTURE, '--explain=never', 'tcp').stderr, /invalid explanation 'never'/);
  t.regex(weir('-r', CAPTURE, '--explain=31', 'tcp').stderr, /there is no packet 31: 30 were read/);
});

test('--profile counts, and colours the picture', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-see-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { stdout } = weir('-r', CAPTURE, '--profile', '--svg', join(folder, 'a.svg'), 'dst port 80');
  t.regex(stdout, /^30 packets, (\d+) match\n/);
  t.true(readFileSync(join(folder, 'a.svg'), 'utf8').includes('<title>30 times</title>'));
  weir('-r', CAPTURE, '--profile', '--svg', join(folder, 'c.svg'), '--print-after=all', 'port 80');
  for (const name of readdirSync(folder).filter((name) => name.startsWith('c-')))
    t.true(readFileSync(join(folder, name), 'utf8').includes('<title>30 times</title>'), name);
  weir('-y', 'EN10MB', '--dot', join(folder, 'b.dot'), '--print-after=all', 'port 53 or port 54');
  t.deepEqual(readdirSync(folder).slice(0, 3), ['a.svg', 'b-00-generated.dot', 'b-01-decide.dot']);
  t.regex(weir('--profile', 'tcp').stderr, /--profile is about one savefile/);
});

test('weir describe says what an expression means', (t) => {
  const { status, stdout } = weir('describe', 'tcp port 443 and ip');
  t.is(status, 0);
  t.is(
    stdout,
    'TCP over IPv4, source or destination port 443; of IPv4 fragments only first ones\n  IPv4 only\n',
  );
  t.is(weir('describe', 'ip protochain 6').status, 2);
});
