import test from 'ava';
import { type OptionSyntax, parseLine, UsageError } from './getopt.js';

const ROWS: readonly OptionSyntax[] = [
  { short: 'n', long: ['no-names'], value: 'none' },
  { short: 'v', long: ['verbose'], value: 'none' },
  { short: 'X', long: ['hex-ascii'], value: 'none' },
  { short: 'r', long: ['read'], value: 'required' },
  { short: 'i', long: ['interface'], value: 'required' },
  { short: 'e', long: ['link-level'], value: 'none' },
  { long: ['ebpf'], value: 'optional' },
  { long: ['list-interfaces'], value: 'none' },
];

const reads = test.macro({
  title: (_, line: string) => `'${line}'`,
  exec(t, line: string, options: readonly string[], operands: readonly string[] = []) {
    const parsed = parseLine(line.split(' '), ROWS);
    t.deepEqual(
      parsed.options.map(
        ({ row, value }) => (row.short ?? row.long[0]!) + (value === undefined ? '' : `=${value}`),
      ),
      options,
    );
    t.deepEqual(parsed.operands, operands);
  },
});
test(reads, '-nnvvXr f tcp', ['n', 'n', 'v', 'v', 'X', 'r=f'], ['tcp']);
test(reads, '-ieth0', ['i=eth0']);
test(reads, '-r -', ['r=-']);
test(reads, 'tcp -n port 80', ['n'], ['tcp', 'port', '80']);
test(reads, '-n -- -v', ['n'], ['-v']);
test(reads, '--read=x --inter=lo --read y', ['r=x', 'i=lo', 'r=y']);
test(reads, '--ebpf --ebpf=xdp', ['ebpf', 'ebpf=xdp']);

const refuses = test.macro({
  title: (_, line: string) => `'${line}' is refused`,
  exec(t, line: string, message: string) {
    t.is(t.throws(() => parseLine(line.split(' '), ROWS), { instanceOf: UsageError })?.message, message);
  },
});
test(refuses, '-nY', "invalid option -- 'Y'");
test(refuses, '-nr', "option requires an argument -- 'r'");
test(refuses, '--read', "option '--read' requires an argument");
test(refuses, '--verbose=2', "option '--verbose' doesn't allow an argument");
test(refuses, '--nothing', "unrecognized option '--nothing'");
test(refuses, '--li', "option '--li' is ambiguous; possibilities: '--link-level' '--list-interfaces'");
