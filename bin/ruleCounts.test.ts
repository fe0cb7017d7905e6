/** `--rules` beside a run for each rule: counts, lines and savefiles. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fullRun, projectRoot } from '../lib/testing/vectors.js';

const WEIR = join(projectRoot, 'dist/command/weir.js');
const weir = (...words: string[]) => spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });

const RULES = `# lists may have comments
web = tcp port 80   # at the end of a line, too
@dns
include more/others.rules
big = greater 200
`;
const EXPRESSIONS = { web: 'tcp port 80', '@dns': '@dns', local: 'src net 192.0.2.0/24', big: 'greater 200' };

test('counts, lines and savefiles are those of each rule alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'));
  try {
    const rules = join(folder, 'all.rules');
    writeFileSync(rules, RULES);
    mkdirSync(join(folder, 'more'));
    writeFileSync(join(folder, 'more/others.rules'), 'local = src net 192.0.2.0/24\n');
    for (const name of [
      'http-cut.pcap',
      'http.pcapng',
      ...(fullRun ? ['dns.pcap', 'http-big-endian.pcapng'] : []),
    ]) {
      const path = join(projectRoot, 'captures', name);
      const counted = weir('-r', path, '--rules', rules, '--count');
      const parted = weir('-r', path, '--rules', rules, '--split', join(folder, 'out'));
      const first = weir('-r', path, '--rules', rules, '--first-match', '-nt');
      const expected: string[] = [];
      for (const [rule, expression] of Object.entries(EXPRESSIONS).slice(0, fullRun ? 9 : 2)) {
        const single = join(folder, 'single');
        const written = weir('-r', path, '-w', single, expression);
        t.is(written.status, counted.status);
        t.is(written.stderr, counted.stderr);
        const { stdout } = weir('-r', path, '--count', expression);
        expected.push(`${Number.parseInt(stdout, 10)}\t${rule}\n`);
        const part = join(folder, 'out', `${rule.replace('@', '')}.${name.replace(/.*\./, '')}`);
        t.deepEqual(readFileSync(part), readFileSync(single), `${name} ${rule}`);
      }
      t.true(counted.stdout.startsWith(expected.join('')));
      t.is(counted.stdout.split('\n').length, 5);
      t.is(parted.status, counted.status);
      const any = Object.values(EXPRESSIONS)
        .map((one) => (one.startsWith('@') ? one : `(${one})`))
        .join(' or ');
      const plain = weir('-r', path, '-nt', any);
      t.is(first.stdout.replace(/^[@\w]+: /gm, ''), plain.stdout);
      t.regex(first.stdout, /^(web|@dns): IP/m);
      t.is(first.stderr, plain.stderr);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is wrong with a list is told with its line', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'));
  try {
    const rules = join(folder, 'r');
    const told = (text: string, ...words: string[]) => {
      writeFileSync(rules, text);
      const { stderr, status } = weir(
        '-r',
        join(projectRoot, 'captures/http.pcap'),
        '--rules',
        rules,
        ...words,
      );
      t.is(status, 1);
      return stderr.replace(/^reading from .*\n/, '').replaceAll(folder, '');
    };
    t.regex(
      told('a = tcp\nb = tcp prot 80\n', '--count'),
      /^weir: \/r:2: the expression cannot be compiled\n {2}tcp prot 80\n/,
    );
    t.is(told('tcp port 80\n'), 'weir: /r:1: neither NAME = EXPRESSION nor @NAME nor include FILE\n');
    t.is(told('a = tcp\na = udp\n'), "weir: /r:2: 'a' names two rules\n");
    t.is(told('include r\n'), 'weir: /r: files of rules include each other in a circle\n');
    t.regex(told('a = tcp\n', 'udp'), /--rules takes the place of an expression/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
