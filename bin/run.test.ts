/** `weir run`, and `verify` and `disasm` of objects, as their users run them. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { build, whyNoClang } from '../lib/testing/clang.js';
import { longCapture } from '../lib/testing/longCapture.js';
import { projectRoot } from '../lib/testing/vectors.js';

const WEIR = fileURLToPath(new URL('../command/weir.js', import.meta.url));
const CAPTURE = join(projectRoot, 'captures', 'http.pcap');
const why = whyNoClang();
// Skipped only where the machine lacks what `why` names; the test named after it says so.
const withClang = why === undefined ? test.serial : test.skip;
if (why !== undefined) test(`skipped: ${why}`, (t) => t.pass());

const folder = mkdtempSync(join(tmpdir(), 'weir-run-'));
const good = join(folder, 'count.o');
const bad = join(folder, 'bad.o');
test.before(async () => {
  if (why !== undefined) return;
  writeFileSync(good, await build({ name: 'count' }));
  writeFileSync(bad, await build({ name: 'count', mutant: 2 }));
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function weir(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [WEIR, ...words], { encoding: 'utf8' });
}

withClang('verdicts are counted, maps listed by their types', (t) => {
  const { status, stdout } = weir('run', good, '-r', CAPTURE, '--maps');
  t.is(status, 0);
  t.is(
    stdout,
    `XDP_PASS 30
protocols: hash, keys of 4 bytes, values of 16, 64 at most
  {"key":6,"value":{"packets":30,"bytes":2761}}
.rodata: array, keys of 4 bytes, values of 4, 1 at most
  {"dropped_verdict":1}
.data: array, keys of 4 bytes, values of 4, 1 at most
  {"largest":237}
.bss: array, keys of 4 bytes, values of 8, 1 at most
  {"seen":30}
`,
  );
});

withClang('an expression goes before, maps are filled, lines of C are counted', (t) => {
  const lcov = join(folder, 'coverage.info');
  const map = '--map=protocols=[{"key":6,"value":{"packets":100}}]';
  const words = ['-r', CAPTURE, map, '--maps', `--coverage=${lcov}`, 'tcp src port 80'];
  const { status, stdout } = weir('run', good, ...words);
  t.is(status, 0);
  const [, count] = /^XDP_PASS (\d+)$/m.exec(stdout) ?? [];
  const matching = weir('-r', CAPTURE, '--count', 'tcp src port 80').stdout.split(' ')[0];
  t.is(count, matching);
  t.regex(stdout, new RegExp(`"packets":${100 + Number(count)}`));
  const record = readFileSync(lcov, 'utf8');
  t.regex(record, /^SF:.*count\.c$/m);
  t.regex(record, new RegExp(`^FNDA:${count},note$`, 'm'));
  // The line that puts a protocol in for the first time.
  t.regex(record, /^DA:24,0$/m);
});

withClang('a profile of packets run many in a call is that of the definition', (t) => {
  const long = join(folder, 'long.pcap');
  writeFileSync(long, longCapture(1_100_000));
  const profile = (...words: string[]) => weir('run', good, '-r', long, '--profile', ...words).stdout;
  const said = profile();
  t.regex(said, /^XDP_DROP \d+ · XDP_PASS \d+\n\d+ instructions/);
  t.is(said, profile('--engine', 'interpreter'));
});

withClang('what passes is written as the program left it', (t) => {
  const written = join(folder, 'passed.pcap');
  const { status, stderr } = weir('run', good, '-r', CAPTURE, '-w', written);
  t.is(status, 0);
  t.is(stderr, '30 packets written\n');
  t.deepEqual(readFileSync(written).subarray(24), readFileSync(CAPTURE).subarray(24));
});

withClang('a rejection shows the line of C', (t) => {
  const { status, stdout } = weir('verify', bad);
  t.is(status, 1);
  t.regex(stdout, /^count \(xdp\): rejected by the rules of Linux: \d+ instructions, \d+ looked at$/m);
  t.regex(stdout, /^count\.c:52:12: bytes 23 to 23 of the packet, of which 14 are known to be there/m);
  t.regex(stdout, /^ +note\(ip->protocol, length\);\n +\^~~~~~~~$/m);
  t.regex(stdout, /^ {2}in C: if \(\(void \*\)\(ip \+ 1\) > end\) return XDP_PASS;$/m);
  const run = weir('run', bad, '-r', CAPTURE);
  t.is(run.status, 1);
  t.regex(run.stderr, /^weir: count: the verifier refuses it\ncount\.c:52:12: /);
});

withClang('instructions stand under their lines', (t) => {
  const { status, stdout } = weir('disasm', good);
  t.is(status, 0);
  t.regex(stdout, /^; note\(ip->protocol, length\); @ count\.c:52:\d+\n +\d+: \(/m);
  t.regex(stdout, /^note:$/m);
  t.regex(stdout, /r1 = map\[protocols\]$/m);
});

test('what is wrong is said in one line', (t) => {
  t.regex(weir('run').stderr, /^weir run: run takes an object file\nUsage:/);
  const none = weir('run', CAPTURE, '-r', CAPTURE);
  t.is(none.status, 1);
  t.regex(none.stderr, /http\.pcap: no ELF object of clang\n$/);
});

withClang('what to write in C, where the packet has moved or a record is kept', async (t) => {
  const object = join(folder, 'mutant.o');
  for (const [name, mutant, said] of [
    ['encap', 1, 'the call before may have moved the packet: read ctx->data and ctx->data_end again'],
    ['reserve', 2, 'bpf_ringbuf_discard(record, 0); before it ends here'],
  ] as const) {
    writeFileSync(object, await build({ name, mutant }));
    const { stdout } = weir('verify', object);
    t.true(stdout.includes(`  in C: ${said}`), stdout);
  }
});
