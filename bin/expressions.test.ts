/** The command's options about expressions alone: comparing two, and programs on their way through the optimizer. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { OPTIMIZER_PASSES } from '../lib/command.js';
import { compile } from '../lib/index.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));

function weir(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('--equivalent: two ways to say one thing', (t) => {
  t.deepEqual(weir('--equivalent', '-y', 'EN10MB', 'tcp port 80 or 443', 'tcp port 80 or tcp port 443'), {
    status: 0,
    stdout: 'equivalent\n',
    stderr: '',
  });
});

test('--equivalent: a packet that only one matches', (t) => {
  const { status, stdout } = weir('--equivalent', '-y', 'EN10MB', 'udp port 53', 'port 53');
  t.is(status, 1);
  const lines = stdout.split('\n');
  t.regex(lines[0]!, /^different: only 'port 53' matches this packet of \d+ bytes/);
  const packet = Uint8Array.from(Buffer.from(lines[1]!, 'hex'));
  t.true(compile('port 53', { linkType: 'EN10MB' }).matches(packet));
  t.false(compile('udp port 53', { linkType: 'EN10MB' }).matches(packet));
});

test('--equivalent: loops are not decided, and two expressions are needed', (t) => {
  const undecided = weir('--equivalent', '-y', 'RAW', 'ip protochain 6', 'ip protochain 17');
  t.is(undecided.status, 2);
  t.regex(undecided.stdout, /^undecided: a program has a loop/);
  const one = weir('--equivalent', 'ip');
  t.is(one.status, 1);
  t.regex(one.stderr, /--equivalent takes two expressions, each in quotes/);
});

test('--print-after prints the program after a pass, or after all', (t) => {
  const after = (pass: string): string[] =>
    [
      ...weir('-y', 'EN10MB', '-d', `--print-after=${pass}`, 'tcp port 80').stdout.matchAll(
        /^# after (.*)$/gm,
      ),
    ].map(([, name]) => name!);
  t.deepEqual([...new Set(after('decide'))], ['decide']);
  t.deepEqual(new Set(after('all')), new Set(OPTIMIZER_PASSES));
  const unknown = weir('-d', '--print-after=wish', 'ip');
  t.is(unknown.status, 1);
  t.regex(unknown.stderr, /invalid pass 'wish': it is one of decide, /);
});

test('--print-after ends with the program that -d prints, loops or not', (t) => {
  for (const expression of ['tcp port 80', 'ip protochain 6 and port 80']) {
    const plain = weir('-y', 'EN10MB', '-d', expression).stdout;
    const passes = weir('-y', 'EN10MB', '-d', '--print-after=all', expression).stdout;
    t.regex(passes, /^# after decide\n\(000\) /);
    t.true(passes.endsWith(`\n${plain}`));
  }
});

test('--vxlan-port and --geneve-port move the tunnels', (t) => {
  const program = (...words: string[]) => weir('-y', 'EN10MB', '-d', ...words).stdout;
  t.regex(program('vxlan 7'), /#0x12b5/);
  t.regex(program('--vxlan-port=8472', 'vxlan 7'), /#0x2118/);
  t.regex(program('--geneve-port', '7777', 'geneve'), /#0x1e61/);
  t.is(weir('-d', '--vxlan-port=70000', 'vxlan').status, 1);
});

test('a host that nobody knows is an error with its place', (t) => {
  const { status, stderr } = weir('-y', 'EN10MB', '-d', 'host no-such-host.invalid');
  t.is(status, 1);
  t.regex(stderr, /unknown host 'no-such-host\.invalid'/);
});

test('an expression that libpcap compiles, and that nothing matches, gets a warning', (t) => {
  const { status, stdout, stderr } = weir('-y', 'EN10MB', '-d', 'dst port 22 and icmp');
  t.is(status, 0);
  t.is(stdout, '(000) ret      #0\n');
  t.regex(stderr, /\^~+ no packet of link type EN10MB matches this/);
  t.is(weir('--no-lint', '-y', 'EN10MB', '-d', 'dst port 22 and icmp').stderr, '');
  t.is(weir('-y', 'EN10MB', '-d', 'dst port 22').stderr, '');
});

const ask = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });

test('rules lint tells which rules never get a packet', (t) => {
  const lint = (input: string, ...words: string[]) =>
    spawnSync(process.execPath, [WEIR, 'rules', 'lint', ...words, '-'], { encoding: 'utf8', input });
  const rules = `web = tcp port 80 or tcp port 443 # the web
@dns
udp53 = udp dst port 53

both = tcp and udp
low = net 10.0.0.0/9
high = net 10.128.0.0/9
ten = src net 10.0.0.0/8
ok = icmp`;
  const { status, stdout } = lint(rules);
  t.is(status, 1);
  t.is(
    stdout,
    `-:3: 'udp53' never gets a packet: '@dns' in line 2 takes all of its
-:5: 'both' can match nothing
-:8: 'ten' never gets a packet: the rules before it together take all of its
`,
  );
  t.is(JSON.parse(lint(rules, '--json').stdout)[0].by, '@dns');
  t.is(lint('a = tcp\nb = udp').status, 0);
  t.is(lint('a = ip protochain 6\nb = udp').status, 2);
  t.regex(
    lint('\na = tcp prot 80').stderr,
    /^weir: -:2: the expression cannot be compiled\n {2}tcp prot 80\n {6}\^/,
  );
  t.is(lint('a tcp').stderr, 'weir: -:1: neither NAME = EXPRESSION nor @NAME nor include FILE\n');
});

test('make and diff answer with a status, packets and words', (t) => {
  const made = ask('make', 'tcp port 80 and ip6');
  t.is(made.status, 0);
  t.regex(made.stdout, /^([0-9a-f]{2}){74}\n$/);
  t.is(ask('make', 'tcp and udp').status, 1);
  t.is(ask('make', 'ip protochain 6').status, 2);
  t.is(JSON.parse(ask('make', '--json', '-c', '3', 'icmp').stdout).packets.length, 3);
  t.regex(ask('make', '--cover', 'tcp port 80').stderr, /^\d+ packets, (\d+) of \1 ways out of tests\n$/);
  t.regex(ask('make', '-c', '0', 'ip').stderr, /^weir make: invalid packet count 0\nUsage/);
  t.is(ask('diff', 'tcp', 'tcp and ip or tcp').status, 0);
  const differ = ask('diff', 'ip', 'vlan and ip');
  t.is(differ.status, 1);
  t.regex(
    differ.stdout,
    /^only 'ip' matches:\n {2}IPv4\n {4}[0-9a-f]+\nonly 'vlan and ip' matches:\n {2}IPv4 over VLAN\n/,
  );
});

test('implies and disjoint answer with a status and a packet', (t) => {
  const yes = ask('implies', 'tcp port 80', 'tcp');
  t.is(`${yes.status} ${yes.stdout}`, '0 yes\n');
  const no = ask('implies', 'tcp', 'tcp port 80');
  t.is(no.status, 1);
  t.regex(no.stdout, /^no: a packet of \d+ bytes: 'tcp' matches it and 'tcp port 80' does not\n[0-9a-f]+\n$/);
  t.is(ask('disjoint', 'arp', 'ip').status, 0);
  t.is(ask('disjoint', '-y', 'RAW', 'ip', 'tcp').status, 1);
  t.is(ask('implies', 'protochain 6', 'tcp').status, 2);
  t.is(JSON.parse(ask('implies', '--json', 'udp', 'ip or ip6').stdout).onWholePackets, 'yes');
  // An error is no answer.
  for (const words of [
    ['implies', 'tcp', 'udp prot 80'],
    ['make', 'tcpp'],
    ['diff', 'ip'],
    ['disjoint', '--no', 'ip', 'ip'],
  ])
    t.is(ask(...(words as [string, ...string[]])).status, 2, `${words}`);
  const wrong = ask('implies', 'tcp prot 80', 'tcp');
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /did you mean 'port'\?/);
  t.regex(
    ask('disjoint', 'tcp').stderr,
    /^weir disjoint: it takes two expressions[\s\S]*^Usage: weir disjoint/m,
  );
});
