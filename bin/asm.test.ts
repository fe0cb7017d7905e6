/** `weir asm`, `weir disasm`, `--ebpf` and the conformance plugin, as processes. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function run(script: string, args: readonly string[], input: Uint8Array | string = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileOf(script), ...args], {
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const HEX = 'b7000000010000009500000000000000';

test('eBPF goes from text to hex and back', (t) => {
  t.is(
    run('../command/weir.js', ['asm'], 'mov r0, 1\nexit\n').stdout,
    'b700000001000000\n9500000000000000\n',
  );
  t.is(run('../command/weir.js', ['disasm'], HEX).stdout, '   0: (b7) r0 = 1\n   1: (95) exit\n');
  t.is(run('../command/weir.js', ['disasm', '-f', 'rfc'], HEX).stdout, '    mov %r0, 1\n    exit\n');
});

test('classic programs go from text to text', (t) => {
  const source = 'ldh [12]\njeq #0x800, yes, no\nyes: ret #100\nno: ret #0\n';
  const decimal = run('../command/weir.js', ['asm', '-m', 'cbpf'], source).stdout;
  t.is(decimal, '4\n40 0 0 12\n21 0 1 2048\n6 0 0 100\n6 0 0 0\n');
  t.regex(
    run('../command/weir.js', ['disasm', '-mcbpf'], decimal).stdout,
    /^\(000\) ldh {6}\[12\]\n\(001\) jeq/,
  );
});

test('a mistake in a program is shown in its place', (t) => {
  const { status, stderr } = run('../command/weir.js', ['asm'], 'r0 = 1\nr0 <> 2\n');
  t.is(status, 1);
  t.regex(stderr, /^weir: standard input: cannot read 'r0 <> 2'\nr0 <> 2\n\^~~~~~~\n/);
  t.regex(
    run('../command/weir.js', ['asm', '-m', 'vax'], '').stderr,
    /no machine 'vax': there are ebpf, cbpf/,
  );
  t.regex(run('../command/weir.js', ['disasm'], '0000').stderr, /4 hex digits are no whole instructions/);
});

test('a filter is printed with its eBPF under each instruction', (t) => {
  const { stdout } = run('../command/weir.js', ['-d', '--ebpf=xdp', '-y', 'EN10MB', 'ip']);
  t.is(
    stdout,
    [
      '(000) ldh      [12]                                ; ip',
      '         0: (b4) w0 = 0',
      '         1: (61) r2 = *(u32 *)(r1 +0)',
      '         2: (61) r3 = *(u32 *)(r1 +4)',
      '         3: (07) r2 += 14',
      '         4: (2d) if r2 > r3 goto pc+3',
      '         5: (69) r4 = *(u16 *)(r2 -2)',
      '(001) jeq      #0x800           jt 2 jf 3          ; ip',
      '         6: (56) if w4 != 0x8 goto pc+1',
      '(002) ret      #262144',
      '         7: (b4) w0 = 262144',
      '(003) ret      #0',
      '(all)',
      '         8: (95) exit',
      '',
    ].join('\n'),
  );
  t.regex(run('../command/weir.js', ['-d', '--ebpf=jvm', 'ip']).stderr, /invalid eBPF form 'jvm'/);
});

test('the conformance plugin answers in hex', (t) => {
  const plugin = (args: readonly string[], program: string) =>
    run('./bpf-conformance-plugin.js', args, program);
  t.is(plugin([], HEX).stdout, '1\n');
  // r0 = *(u64 *)(r1 +0); the memory comes as one argument.
  const load = '79 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00';
  t.is(plugin(['88 77 66 55 44 33 22 11'], load).stdout, '1122334455667788\n');
  t.is(plugin(['--definition', '8877665544332211'], load).stdout, '1122334455667788\n');
  const fault = plugin([], load);
  t.is(fault.status, 1);
  t.regex(fault.stderr, /read of 8 bytes at 0x0, which is no memory/);
});

test('bytes of instructions are read, and objects of clang, other bytes are refused', (t) => {
  const ask = (words: readonly string[], input: Uint8Array) => run('../command/weir.js', words, input);
  const program = Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  t.is(ask(['disasm'], program).stdout, '   0: (b7) r0 = 2\n   1: (95) exit\n');
  for (const command of ['disasm', 'verify']) {
    const object = ask([command, '-'], Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...new Uint8Array(60)]));
    t.is(object.status, 1);
    t.regex(object.stderr, /^weir: -: offset 4: an ELF file of another class than 64 bits\n$/);
    const odd = ask([command, '-'], Uint8Array.of(1, 2, 0xff));
    t.is(odd.status, 1);
    t.regex(odd.stderr, /a multiple of 8 bytes long, not 3\n$/);
  }
});
