/** `weir verify` as its users run it. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));

function weir(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [WEIR, 'verify', ...args], {
    input,
    encoding: 'utf8',
  });
  return { status, stdout };
}

test('a rejected program is explained', (t) => {
  const program = 'r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = *(u16 *)(r2 + 12)\nexit\n';
  t.deepEqual(weir(['--type', 'xdp', '-'], program), {
    status: 1,
    stdout: `rejected by the rules of Linux: 4 instructions, 3 looked at
instruction 2: bytes 12 to 13 of the packet, of which 0 are known to be there [outside-packet: bytes that were not compared with the end of the packet]
    0: r2 = *(u32 *)(r1 +0)            ; r2 is the packet, with no bytes known to follow
  > 2: r0 = *(u16 *)(r2 +12)
  r2 can be: the packet, with no bytes known to follow
  for example: a packet of 12 bytes has no byte 12
  remedy: compare r2 + 14 with r3, the end of the packet, before this: if r2 + 14 > r3 goto …
`,
  });
});

test('a rejected filter names the words of its expression', (t) => {
  const words = ['--type', 'xdp', '--unprivileged', '--rules', 'sound', '--filter', 'udp src port 53'];
  const { status, stdout } = weir(words);
  t.is(status, 1);
  t.regex(stdout, /^ {2}> \d+: r\d \+= r\d +; "src port 53"$/m);
  t.regex(stdout, /w\d <<= 2 +; r\d is 0 to 60 in steps of 4; "src port 53"$/m);
});

test('--json has what the text says', (t) => {
  const { stdout } = weir(['--json', '--type', 'tc', '-'], 'r0 = r3\nexit\n');
  const { accepted, rejection } = JSON.parse(stdout);
  t.false(accepted);
  t.deepEqual(rejection, {
    kind: 'uninitialized-register',
    index: 0,
    text: 'r0 = r3',
    property: 'the register holds nothing on some path',
    message: 'r3 holds nothing yet',
    values: [{ register: 3, holds: 'nothing' }],
    example: '',
    slice: [],
    remedy: 'set r3 on every path to here',
  });
});

test('--requirements lists what must hold before each instruction', (t) => {
  const program = 'r0 = *(u64 *)(r1 + 0)\nexit\n';
  const { status, stdout } = weir(['--requirements', '-'], program);
  t.is(status, 1);
  t.regex(stdout, /^ {3}0: r0 = \*\(u64 \*\)\(r1 \+0\)\n {8}r1 is set\n/);
  t.regex(stdout, /\n {3}1: exit\n {8}r0 is set, where the program ends\n/);
  const { rejection, requirements } = JSON.parse(weir(['--requirements', '--json', '-'], program).stdout);
  const { kinds } = requirements[0].requirements.find((one: { text: string }) =>
    one.text.endsWith('be read'),
  );
  t.true(kinds.includes(rejection.kind), rejection.kind);
});

test('a filter that may run is accepted', (t) => {
  const { status, stdout } = weir(['--filter', 'tcp port 80', '--type', 'xdp']);
  t.is(status, 0);
  t.regex(stdout, /^accepted by the rules of Linux: \d+ instructions, \d+ looked at\n$/);
});

test('filters have a form for each type, cgroups too', (t) => {
  for (const type of ['socket', 'xdp', 'tc', 'cgroup'])
    t.regex(weir(['--filter', 'tcp', '--type', type]).stdout, /^accepted by the rules of Linux: /, type);
});
